/// A pair interaction as it is tabulated: u, u′ and u″ at a distance.
public struct PairFunction: Sendable {
  /// u(r) with two derivatives.
  public typealias Values = (energy: Double, slope: Double, curvature: Double)
  /// The distance beyond which there is nothing; 0 for pairs that do not interact.
  public var cutoff: Double
  /// A distance within the cutoff at which a derivative or the energy jumps, if there is one.
  public var kink: Double?
  /// The values at a distance below the cutoff. Near the kink and the cutoff it is asked for limits, a few roundings to either side.
  public var values: @Sendable (Double) -> Values

  /// Makes a function.
  public init(cutoff: Double, kink: Double? = nil, values: @escaping @Sendable (Double) -> Values) {
    self.cutoff = cutoff
    self.kink = kink
    self.values = values
  }
}

/// Tables of pair interactions for the form `tabulated` (`PairTableLayout`): −u′(r)/r as a cubic in r² on each interval, with its values and slopes at both ends, and
/// u as its integral from the cutoff inwards, so that the energy is continuous and the force its exact derivative.
///
/// A doubling of r² has 2^digits intervals, from a sixteenth of the cutoff on: as many as bring the error below a tolerance. Nearer than that the first cubic goes on.
public struct PairTables: Sendable {
  /// Binary digits of r² that tell intervals apart.
  public let digits: Int
  /// Whether the grid is made for double precision.
  public let isDouble: Bool
  /// The largest error of −u′/r halfway through intervals, in units of |f| + r²|df/d(r²)| with f = −u′/r, at least a thousandth of what that is at the most beyond
  /// half the cutoff.
  public let error: Double
  private let rows: [Double]
  private let energies: [Double]
  private let grids: [Grid]

  /// Where a function's rows are.
  private struct Grid {
    var cutoffSquared: Double
    var scale: Double
    var start: Int
  }

  /// Makes tables.
  /// - Parameters:
  ///   - functions: one for each table.
  ///   - isDouble: whether they are for double precision; in single precision fewer intervals do.
  public init(_ functions: [PairFunction], isDouble: Bool) {
    self.isDouble = isDouble
    // An error of a few roundings of the force is as good as none. Double precision has smaller ones than tables that stay in the cache.
    let (fewest, most, tolerance) = isDouble ? (8, 11, 5e-11) : (6, 9, 5e-8)
    var digits = fewest
    var error = 0.0
    for function in functions {
      var found = Self.error(of: function, digits, isDouble)
      while found > tolerance && found.isFinite && digits < most {
        digits += 1
        found = Self.error(of: function, digits, isDouble)
      }
      error = max(error, found)
    }
    var (rows, energies, grids) = ([Double](), [Double](), [Grid]())
    for function in functions {
      let fit = Fit(function, digits, isDouble)
      grids.append(Grid(cutoffSquared: function.cutoff * function.cutoff, scale: fit.scale, start: energies.count))
      rows += fit.rows
      energies += fit.energies
    }
    // Pairs that do not interact look at some row too.
    rows += [0, 0, 0, 0]
    energies.append(0)
    (self.digits, self.error, self.rows, self.energies, self.grids) = (digits, error, rows, energies, grids)
  }

  /// Bytes that the rows take, as kernels hold them.
  public var byteCount: Int { (rows.count + energies.count) * (isDouble ? 8 : 4) }

  /// u of a table at a squared distance; zero from the cutoff on.
  public func energy(_ table: Int, r2: Double) -> Double {
    let grid = grids[table]
    guard r2 < grid.cutoffSquared else { return 0 }
    let y = r2 * grid.scale
    let (row, node) = place(max(y, 1))
    let k = 4 * (grid.start + row)
    let d = y - node
    let integral = d * (rows[k] + d * (rows[k + 1] / 2 + d * (rows[k + 2] / 3 + d * rows[k + 3] / 4)))
    return energies[grid.start + row] - integral / (2 * grid.scale)
  }

  /// −u′(r)/r of a table at a squared distance; zero from the cutoff on.
  public func forceOverDistance(_ table: Int, r2: Double) -> Double {
    let grid = grids[table]
    guard r2 < grid.cutoffSquared else { return 0 }
    let y = r2 * grid.scale
    let (row, node) = place(max(y, 1))
    let k = 4 * (grid.start + row)
    let d = y - node
    return rows[k] + d * (rows[k + 1] + d * (rows[k + 2] + d * rows[k + 3]))
  }

  private func place(_ y: Double) -> (row: Int, node: Double) { Self.place(y, digits) }

  /// The row of a number that is at least 1, and the start of its interval.
  private static func place(_ y: Double, _ digits: Int) -> (row: Int, node: Double) {
    let drop = Double.significandBitCount - digits
    let leading = y.bitPattern >> UInt64(drop)
    return (Int(leading) - (1023 << digits), Double(bitPattern: leading << UInt64(drop)))
  }

  /// The columns of the kernels' table for pairs of species, of which each has one of the tables.
  func columns(_ pairs: [Int]) -> [[Double]] {
    var columns = [[Double]](repeating: [], count: 3)
    for pair in pairs {
      let grid = grids[pair]
      columns[0].append(grid.cutoffSquared)
      columns[1].append(grid.scale)
      // A whole number as a bit pattern, which narrowing keeps.
      columns[2].append(
        isDouble
          ? Double(bitPattern: UInt64(grid.start)) : Double(Float(bitPattern: UInt32(truncatingIfNeeded: grid.start))))
    }
    return columns
  }

  /// Writes rows and energies in the arithmetic's precision.
  func write(rows: inout Buffer<UInt8>, energies: inout Buffer<UInt8>) {
    func write(_ numbers: [Double], _ out: inout Buffer<UInt8>) {
      out.resize(numbers.count * (isDouble ? 8 : 4))
      let raw = UnsafeMutableRawPointer(out.base)
      if isDouble {
        let p = raw.assumingMemoryBound(to: Double.self)
        for k in numbers.indices { p[k] = numbers[k] }
      } else {
        let p = raw.assumingMemoryBound(to: Float.self)
        for k in numbers.indices { p[k] = Float(numbers[k]) }
      }
    }
    write(self.rows, &rows)
    write(self.energies, &energies)
  }
}

// MARK: - Fits

extension PairTables {
  /// The cubics of one function.
  private struct Fit {
    var scale = 1.0
    var rows: [Double] = []
    var energies: [Double] = []
    /// Starts and ends of the intervals in y = r² · scale.
    var intervals: [(start: Double, end: Double)] = []

    init(_ function: PairFunction, _ digits: Int, _ isDouble: Bool) {
      guard function.cutoff > 0 else { return }
      let (rc, kink) = (function.cutoff, function.kink)
      scale = 256 / (rc * rc)
      if let kink {
        // The kink is put where an interval begins.
        let y = kink * kink * scale
        let step = y.ulp * Double(1 << (Double.significandBitCount - digits))
        scale = (y / step).rounded() * step / (kink * kink)
      }
      if !isDouble { scale = Double(Float(scale)) }
      let last = rc * rc * scale
      let kinkPlace = kink.map { $0 * $0 * scale }
      var start = 1.0
      while start < last {
        let end = start + start.ulp * Double(1 << (Double.significandBitCount - digits))
        intervals.append((start, min(end, last)))
        start = end
      }
      func at(_ y: Double, toward: Double) -> (value: Double, slope: Double) {
        var r = (y / scale).squareRoot()
        if let kink, let kinkPlace, abs(y - kinkPlace) < 1e-6 * y { r = kink * (1 + 1e-15 * toward) }
        if y == last { r = rc * (1 - 1e-15) }
        return Self.force(function.values(r), r, scale)
      }
      rows.reserveCapacity(4 * intervals.count + 4)
      func append(_ c0: Double, _ c1: Double, _ c2: Double, _ c3: Double) {
        rows.append(c0)
        rows.append(c1)
        rows.append(c2)
        rows.append(c3)
      }
      var before: (value: Double, slope: Double) = at(1, toward: 1)
      for (start, end) in intervals {
        // A sliver before the cutoff continues the interval before it.
        if end - start < 0.05 * start.ulp * Double(1 << (Double.significandBitCount - digits)), rows.count >= 4 {
          let k = rows.count - 4
          let (c0, c1, c2, c3) = (rows[k], rows[k + 1], rows[k + 2], rows[k + 3])
          let d = start - intervals[k / 4].start
          append(c0 + d * (c1 + d * (c2 + d * c3)), c1 + d * (2 * c2 + d * 3 * c3), c2 + 3 * d * c3, c3)
          continue
        }
        let (a, b) = (before, at(end, toward: -1))
        let w = end - start
        let rise = (b.value - a.value) / w
        append(a.value, a.slope, (3 * rise - 2 * a.slope - b.slope) / w, (a.slope + b.slope - 2 * rise) / (w * w))
        // The two sides of a kink differ.
        let isKink = kinkPlace.map { abs(end - $0) < 1e-6 * end } ?? false
        before = isKink ? at(end, toward: 1) : b
      }
      if !isDouble { rows = rows.map { Double(Float($0)) } }
      integrate(function, kinkPlace)
      // One more for the number that the cutoff itself is.
      rows += [0, 0, 0, 0]
      energies.append(0)
    }

    /// −u′/r and its derivative with respect to y.
    static func force(_ v: PairFunction.Values, _ r: Double, _ scale: Double) -> (value: Double, slope: Double) {
      (-v.slope / r, (v.slope / r - v.curvature) / (2 * r * r * scale))
    }

    private mutating func integrate(_ function: PairFunction, _ kinkPlace: Double?) {
      energies = [Double](repeating: 0, count: intervals.count)
      var energy = function.values(function.cutoff * (1 - 1e-15)).energy
      for i in intervals.indices.reversed() {
        if let kinkPlace, let kink = function.kink, abs(intervals[i].end - kinkPlace) < 1e-6 * kinkPlace {
          energy = function.values(kink * (1 - 1e-15)).energy
        }
        let d = intervals[i].end - intervals[i].start
        let k = 4 * i
        energy += d * (rows[k] + d * (rows[k + 1] / 2 + d * (rows[k + 2] / 3 + d * rows[k + 3] / 4))) / (2 * scale)
        energies[i] = energy
      }
    }
  }

  private static func error(of function: PairFunction, _ digits: Int, _ isDouble: Bool) -> Double {
    let fit = Fit(function, digits, true)
    var samples: [(error: Double, size: Double)] = []
    var floor = 0.0
    for (i, interval) in fit.intervals.enumerated() {
      // Halfway the error of a cubic with given values and slopes at both ends is at its largest.
      let d = 0.5 * (interval.end - interval.start)
      let y = interval.start + d
      let r = (y / fit.scale).squareRoot()
      let (value, slope) = Fit.force(function.values(r), r, fit.scale)
      let k = 4 * i
      let found = fit.rows[k] + d * (fit.rows[k + 1] + d * (fit.rows[k + 2] + d * fit.rows[k + 3]))
      let size = abs(value) + y * abs(slope)
      if y > 64 { floor = max(floor, size) }
      samples.append((abs(found - value), size))
    }
    return samples.reduce(0) { worst, sample in
      let error = sample.error / max(sample.size, 1e-3 * floor, .leastNormalMagnitude)
      return error.isFinite ? max(worst, error) : .infinity
    }
  }
}
