import TektiteKernels

/// Radial functions on a grid that is as fine as a spline needs to be as accurate as was asked. The grid is uniform in u = r/(r + b): learned radial functions vary
/// most at short distances, where errors of a grid that is uniform in r are up to a thousand times those at long ones.
///
/// An error is measured between the samples, where it is largest, as the largest over distances and functions of |S − R|/s_f, with s_f the largest |R_f| over distances, or a thousandth
/// of that of the largest function if this is more: what is small beside the others need not be more accurate than it matters. The same for derivatives with the
/// largest |R′_f|. All pairs of species share the grid.
public struct RadialTabulation: Sendable {
  /// Two species, by the roles that they play.
  public struct Pair: Hashable, Sendable {
    /// The species of the receiver.
    public let center: Int
    /// The species of the sender.
    public let neighbor: Int
    /// Makes a pair.
    public init(center: Int, neighbor: Int) { (self.center, self.neighbor) = (center, neighbor) }
  }

  /// Part of a largest function below which errors are not measured relative to the function itself.
  static let smallness = 1e-3

  /// Degree of the splines, 3 or 5.
  public let degree: Int
  /// u of the first sample.
  public let start: Double
  /// The distance between samples in u. The last one is at the cutoff.
  public let spacing: Double
  /// b; 0 for u = r.
  public let bend: Double
  /// The number of samples.
  public let sampleCount: Int
  /// The sample at which two splines meet, where the functions have a jump in their second derivatives; nil for one spline. Both have the sample.
  public let joint: Int?
  /// The number of functions.
  public let functionCount: Int
  /// One pair for each table; other pairs have the same functions as one of these.
  public let representatives: [Pair]
  /// The table of each pair.
  public let tableOfPair: [Pair: Int]
  /// The samples of each table, of shape [sample][function].
  public let tables: [[Double]]
  /// For each table the derivatives by u at both ends, and at the joint.
  public let slopes: [NetworkPlan.EndSlopes]
  /// The error of values that was measured.
  public let valueError: Double
  /// The error of derivatives that was measured.
  public let derivativeError: Double
  /// The larger of both.
  public var largestError: Double { max(valueError, derivativeError) }

  /// The distances of the samples.
  public var distances: [Double] {
    Grid(start: start, spacing: spacing, bend: bend, count: sampleCount, joint: joint).distances
  }

  /// Where samples are.
  struct Grid {
    let start: Double, spacing: Double, bend: Double
    let count: Int
    let joint: Int?

    init(start: Double, spacing: Double, bend: Double, count: Int, joint: Int?) {
      (self.start, self.spacing, self.bend, self.count, self.joint) = (start, spacing, bend, count, joint)
    }

    /// About so many samples from a distance (with a joint: shortly after it) to the cutoff.
    init(_ envelope: RadialEnvelope, from first: Double, bend: Double, about count: Int) {
      let (lower, last) = (
        SplineGrid.coordinate(first, bend: bend), SplineGrid.coordinate(envelope.cutoff, bend: bend)
      )
      let even = (last - lower) / Double(count - 1)
      // Splines of degree 5 need six samples a piece.
      guard let joint = envelope.joint, joint > first, joint < envelope.cutoff else {
        self.init(start: lower, spacing: even, bend: bend, count: count, joint: nil)
        return
      }
      let middle = SplineGrid.coordinate(joint, bend: bend)
      let after = max(6, ((last - middle) / even).rounded(.up))
      let spacing = (last - middle) / after
      let before = ((middle - lower) / spacing).rounded(.down)
      guard before >= 6 else {
        self.init(start: lower, spacing: even, bend: bend, count: count, joint: nil)
        return
      }
      self.init(
        start: middle - before * spacing, spacing: spacing, bend: bend, count: Int(before + after) + 1,
        joint: Int(before))
    }

    func distance(_ sample: Double) -> Double { SplineGrid.distance(start + sample * spacing, bend: bend) }
    var distances: [Double] { (0..<count).map { distance(Double($0)) } }
    /// The samples of each spline.
    var pieces: [ClosedRange<Int>] { joint.map { [0...$0, $0...(count - 1)] } ?? [0...(count - 1)] }
    /// The samples at which derivatives are told.
    var ends: [Int] { [0] + (joint.map { [$0] } ?? []) + [count - 1] }
  }

  /// Chooses a grid and tabulates.
  /// - Parameters:
  ///   - function: the functions.
  ///   - pairs: the pairs of species that occur.
  ///   - degree: of the splines, 3 or 5.
  ///   - tolerance: what both errors shall stay below. They may not where the most samples do not suffice, or where rounding is more than that.
  ///   - samples: the fewest and the most samples; at least eight.
  ///   - start: the first distance; a twentieth of the cutoff unless given.
  ///   - bend: b as part of the cutoff; 0 for samples at equal distances.
  ///   - rounding: relative error with which coefficients are kept, 6·10⁻⁸ in single precision. A derivative is a difference of coefficients over the spacing, so the
  ///     finer the grid the more of this error it has: `derivativeError` counts it.
  ///   - limit: where rounding alone would be more than this, the grid is not made finer: whoever asks has another choice.
  public init(
    _ function: RadialFunction, pairs: [Pair], degree: Int, tolerance: Double, samples: ClosedRange<Int> = 128...2048,
    start: Double? = nil, bend part: Double = 0.4, rounding: Double = 0, limit: Double = .infinity
  ) {
    let cutoff = function.envelope.cutoff
    let bend = part * cutoff
    let shortest = start ?? cutoff / 20
    precondition(samples.lowerBound >= 8 && shortest > 0 && shortest < cutoff, "a grid without room")
    var (tables, representatives, tableOfPair) = ([[Double]: Int](), [Pair](), [Pair: Int]())
    for pair in pairs {
      let key = function.speciesParameters(center: pair.center, neighbor: pair.neighbor)
      if tables[key] == nil {
        tables[key] = representatives.count
        representatives.append(pair)
      }
      tableOfPair[pair] = tables[key]
    }
    var count = samples.lowerBound
    var grid = Grid(function.envelope, from: shortest, bend: bend, about: count)
    // Rounding of slopes times the spacing.
    var noise = 0.0
    if rounding > 0 {
      let distances = grid.distances
      let steepest = distances.reduce(0) { max($0, SplineGrid.slope($1, bend: bend)) }
      for pair in representatives {
        noise = max(noise, rounding * Self.largestRatio(function, pair, distances) * steepest)
      }
    }
    var error = (value: 0.0, derivative: 0.0)
    while true {
      error = (0, 0)
      for pair in representatives {
        let (value, slope) = Self.error(function, pair, degree, grid)
        error = (max(error.value, value), max(error.derivative, slope))
      }
      // The derivative converges one order slower than the value.
      let growth = max(
        power(error.value / tolerance, 1 / Double(degree + 1)), power(error.derivative / tolerance, 1 / Double(degree)))
      guard growth > 1, count < samples.upperBound else { break }
      let next = Double(count) * min(4, max(1.08, 1.02 * growth))
      count = min(samples.upperBound, (Int(next) + 8) / 8 * 8)
      let finer = Grid(function.envelope, from: shortest, bend: bend, about: count)
      guard noise <= limit * finer.spacing else { break }
      grid = finer
    }
    (self.degree, self.start, sampleCount, functionCount) = (degree, grid.start, grid.count, function.count)
    (spacing, self.bend, joint) = (grid.spacing, bend, grid.joint)
    let distances = grid.distances
    (valueError, derivativeError) = (error.value, error.derivative + noise / grid.spacing)
    (self.representatives, self.tableOfPair) = (representatives, tableOfPair)
    slopes = representatives.map { Self.slopes(function, $0, grid) }
    self.tables = representatives.map {
      function.samples(at: distances, center: $0.center, neighbor: $0.neighbor).values
    }
  }

  /// The largest max |R_f| / max |R′_f|, with functions smaller than others counted as in errors.
  private static func largestRatio(_ function: RadialFunction, _ pair: Pair, _ distances: [Double]) -> Double {
    let every = max(1, distances.count / 128)
    let places = distances.enumerated().filter { $0.offset % every == 0 }.map(\.element)
    let samples = function.samples(at: places, center: pair.center, neighbor: pair.neighbor, derivatives: true)
    let n = samples.functionCount
    let values = RadialNorm(of: samples.values, functions: n).scales
    let slopes = RadialNorm(of: samples.derivatives, functions: n).scales
    return zip(values, slopes).reduce(0) { $1.1 > 0 ? max($0, $1.0 / $1.1) : $0 }
  }

  /// Derivatives by u of other functions of the same distances at both ends and at the joint, [function] each.
  func slopes(of function: RadialFunction, _ pair: Pair) -> NetworkPlan.EndSlopes {
    Self.slopes(function, pair, Grid(start: start, spacing: spacing, bend: bend, count: sampleCount, joint: joint))
  }

  private static func slopes(_ function: RadialFunction, _ pair: Pair, _ grid: Grid) -> NetworkPlan.EndSlopes {
    let ends = grid.ends.map { grid.distance(Double($0)) }
    let samples = function.samples(at: ends, center: pair.center, neighbor: pair.neighbor, derivatives: true)
    let n = samples.functionCount
    func scaled(_ end: Int) -> [Double] {
      let factor = 1 / SplineGrid.slope(ends[end], bend: grid.bend)
      return samples.derivatives[(end * n)..<((end + 1) * n)].map { factor * $0 }
    }
    return .init(first: scaled(0), last: scaled(ends.count - 1), joint: grid.joint == nil ? nil : scaled(1))
  }

  /// The errors of values and derivatives for one pair and one grid. A fit is linear in what is fitted, so the few factors of the functions are fitted, and their errors
  /// are multiplied by the weights.
  private static func error(
    _ function: RadialFunction, _ pair: Pair, _ degree: Int, _ grid: Grid
  ) -> (value: Double, derivative: Double) {
    let samples = function.factors(at: grid.distances, center: pair.center, neighbor: pair.neighbor)
    let ends = grid.ends.map { grid.distance(Double($0)) }
    let atEnds = function.factors(at: ends, center: pair.center, neighbor: pair.neighbor, derivatives: true)
    let perU = ends.map { 1 / SplineGrid.slope($0, bend: grid.bend) }
    // The middle of an interval for values, and about where derivatives are worst. Functions vary little over an interval of a fine grid, so some of
    // its intervals are enough, and all near the ends.
    struct Place {
      let piece: Int, interval: Int, t: Double
    }
    var places: [Place] = []
    for (piece, range) in grid.pieces.enumerated() {
      let count = range.count
      let step = max(1, count / 256)
      for i in 0..<(count - 1) where i % step == 0 || i < 4 || i >= count - 5 {
        for t in [0.22, 0.5, 0.78] { places.append(Place(piece: piece, interval: i, t: t)) }
      }
    }
    let distances = places.map { grid.distance(Double(grid.pieces[$0.piece].lowerBound + $0.interval) + $0.t) }
    let exact = function.factors(
      at: distances, center: pair.center, neighbor: pair.neighbor,
      derivatives: true)
    let slopes = distances.map { SplineGrid.slope($0, bend: grid.bend) }
    let weights = places.prefix(3).map { SplineFit.weights(degree: degree, at: $0.t) }
    let width = samples.width
    var (off, offSlope) = (exact.values.map { -$0 }, exact.derivatives.map { -$0 })
    for k in 0..<width {
      let fits = grid.pieces.enumerated().map { piece, range in
        SplineFit(
          samples: range.map { samples.values[$0 * width + k] }, spacing: grid.spacing, degree: degree,
          slopes: (
            atEnds.derivatives[piece * width + k] * perU[piece],
            atEnds.derivatives[(piece + 1) * width + k] * perU[piece + 1]
          )
        ).coefficients
      }
      for (number, place) in places.enumerated() {
        let (w, dw) = weights[number % 3]
        var (value, slope) = (0.0, 0.0)
        for n in 0...degree {
          value += w[n] * fits[place.piece][place.interval + n]
          slope += dw[n] * fits[place.piece][place.interval + n]
        }
        off[number * width + k] += value
        offSlope[number * width + k] += slope / grid.spacing * slopes[number]
      }
    }
    let n = samples.functionCount
    return (
      RadialNorm(of: exact.expand(exact.values), functions: n).largest(exact.expand(off)),
      RadialNorm(of: exact.expand(exact.derivatives), functions: n).largest(exact.expand(offSlope))
    )
  }
}

/// What errors of radial functions are measured by: s_f = max(max_r |R_f|, 10⁻³ max_g max_r |R_g|).
struct RadialNorm {
  /// s.
  let scales: [Double]

  /// The norm that belongs to values of shape [distance][function].
  init(of values: [Double], functions: Int) {
    let largest = Self.largestValues(values, functions)
    let floor = RadialTabulation.smallness * (largest.max() ?? 0)
    scales = largest.map { max($0, floor) }
  }

  /// The largest |error|/s over functions and distances; zero for functions that all vanish.
  func largest(_ errors: [Double]) -> Double {
    zip(Self.largestValues(errors, scales.count), scales).reduce(0) { worst, pair in
      pair.1 == 0 ? worst : max(worst, pair.0 / pair.1)
    }
  }

  private static func largestValues(_ values: [Double], _ functions: Int) -> [Double] {
    var largest = [Double](repeating: 0, count: functions)
    for row in stride(from: 0, to: values.count, by: max(1, functions)) {
      for f in 0..<functions { largest[f] = max(largest[f], abs(values[row + f])) }
    }
    return largest
  }
}
