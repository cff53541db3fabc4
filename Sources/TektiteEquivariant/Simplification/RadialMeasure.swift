import TektiteKernels

/// What errors of tables of radial functions are measured by, for each pair of species whose functions differ from those of the pairs before.
///
/// An error is measured between the samples, where it is largest, as the largest over distances and functions of |S − R|/s_f, with s_f the largest |R_f| over distances, or a thousandth
/// of that of the largest function if this is more: what is small beside the others need not be more accurate than it matters. The same for derivatives with the
/// largest |R′_f|. Sizes s depend on no grid, so that all grids of a choice share them.
struct RadialMeasure {
  /// The functions.
  let function: RadialFunction
  /// One pair for each table; other pairs have the same functions as one of these.
  let representatives: [RadialTabulation.Pair]
  /// The table of each pair.
  let tableOfPair: [RadialTabulation.Pair: Int]
  /// The first distance of tables.
  let start: Double
  /// Sizes of values and of derivatives by pair.
  private let norms: [(values: RadialNorm, derivatives: RadialNorm)]

  /// Distances at which sizes are found, between `start` and the cutoff. They are closer at short distances.
  private static let places = 384

  /// Finds the sizes of functions.
  /// - Parameters:
  ///   - pairs: the pairs of species that occur.
  ///   - start: the first distance; a twentieth of the cutoff unless given.
  init(_ function: RadialFunction, pairs: [RadialTabulation.Pair], start: Double? = nil) {
    let cutoff = function.envelope.cutoff
    let first = start ?? cutoff / 20
    precondition(first > 0 && first < cutoff, "a grid without room")
    var (tables, representatives) = ([[Double]: Int](), [RadialTabulation.Pair]())
    var tableOfPair: [RadialTabulation.Pair: Int] = [:]
    for pair in pairs {
      let key = function.speciesParameters(center: pair.center, neighbor: pair.neighbor)
      if tables[key] == nil {
        tables[key] = representatives.count
        representatives.append(pair)
      }
      tableOfPair[pair] = tables[key]
    }
    let bend = 0.4 * cutoff
    let (lower, upper) = (SplineGrid.coordinate(first, bend: bend), SplineGrid.coordinate(cutoff, bend: bend))
    let distances = (0..<Self.places).map { k in
      SplineGrid.distance(lower + (upper - lower) * Double(k) / Double(Self.places - 1), bend: bend)
    }
    norms = representatives.map { pair in
      let factors = function.factors(
        at: distances, center: pair.center, neighbor: pair.neighbor, derivatives: true)
      return (
        RadialNorm(largest: factors.largestMagnitudes(factors.values)),
        RadialNorm(largest: factors.largestMagnitudes(factors.derivatives))
      )
    }
    (self.function, self.representatives, self.tableOfPair) = (function, representatives, tableOfPair)
    self.start = first
  }

  /// The largest max |R_f| / max |R′_f|, with functions smaller than others counted as in errors.
  var largestRatio: Double {
    norms.reduce(0) { largest, norm in
      zip(norm.values.scales, norm.derivatives.scales).reduce(largest) { $1.1 > 0 ? max($0, $1.0 / $1.1) : $0 }
    }
  }

  /// The errors of values and derivatives of splines on a grid, the largest over pairs.
  func errors(ofDegree degree: Int, on grid: RadialTabulation.Grid) -> (value: Double, derivative: Double) {
    var largest = (value: 0.0, derivative: 0.0)
    for (pair, norm) in zip(representatives, norms) {
      let splines = Splines(function, pair, degree, grid)
      // The middle of an interval is worst for values, and places beside it for derivatives.
      let value = norm.values.largest(splines.deviations(at: [0.5], function, pair, ofDerivatives: false))
      let slope = norm.derivatives.largest(splines.deviations(at: [0.22, 0.78], function, pair, ofDerivatives: true))
      largest = (max(largest.value, value), max(largest.derivative, slope))
    }
    return largest
  }

  /// Splines of the factors of the functions of one pair. A fit is linear in what is fitted, so the few factors are fitted, and their errors are multiplied by the weights.
  private struct Splines {
    let grid: RadialTabulation.Grid
    let degree: Int
    let width: Int
    /// Of each piece, [sample + degree − 1][factor].
    let coefficients: [[Double]]
    /// Intervals where errors are measured, by piece. Functions vary little over an interval of a fine grid, so some of its intervals are enough, and all near the ends.
    let intervals: [(piece: Int, interval: Int)]

    init(_ function: RadialFunction, _ pair: RadialTabulation.Pair, _ degree: Int, _ grid: RadialTabulation.Grid) {
      let samples = function.factors(at: grid.distances, center: pair.center, neighbor: pair.neighbor)
      let ends = grid.ends.map { grid.distance(Double($0)) }
      let atEnds = function.factors(at: ends, center: pair.center, neighbor: pair.neighbor, derivatives: true)
      let width = samples.width
      // By the number of the sample, which is what fits take.
      let slopes = ends.indices.map { end in
        let factor = 1 / SplineGrid.slope(ends[end], bend: grid.bend)
        return atEnds.derivatives[(end * width)..<((end + 1) * width)].map { $0 * factor * grid.spacing }
      }
      var intervals: [(piece: Int, interval: Int)] = []
      for (piece, range) in grid.pieces.enumerated() {
        let step = max(1, range.count / 256)
        for i in 0..<(range.count - 1) where i % step == 0 || i < 4 || i >= range.count - 5 {
          intervals.append((piece, i))
        }
      }
      coefficients = grid.pieces.enumerated().map { piece, range in
        SplineFit.coefficients(
          samples: Array(samples.values[(range.lowerBound * width)..<((range.upperBound + 1) * width)]), columns: width,
          degree: degree, slopes: (slopes[piece], slopes[piece + 1]))
      }
      (self.grid, self.degree, self.width, self.intervals) = (grid, degree, width, intervals)
    }

    /// The largest |S − R| of each function, or |S′ − R′|, at positions within intervals.
    func deviations(
      at positions: [Double], _ function: RadialFunction, _ pair: RadialTabulation.Pair, ofDerivatives: Bool
    ) -> [Double] {
      var distances: [Double] = []
      distances.reserveCapacity(intervals.count * positions.count)
      for (piece, interval) in intervals {
        let first = grid.pieces[piece].lowerBound + interval
        for t in positions { distances.append(grid.distance(Double(first) + t)) }
      }
      let exact = function.factors(
        at: distances, center: pair.center, neighbor: pair.neighbor, derivatives: ofDerivatives)
      var off = (ofDerivatives ? exact.derivatives : exact.values).map { -$0 }
      let weights = positions.map { SplineFit.weights(degree: degree, at: $0) }
      var row = [Double](repeating: 0, count: width)
      for (number, distance) in distances.enumerated() {
        let (piece, interval) = intervals[number / positions.count]
        let weight = weights[number % positions.count]
        let scale = ofDerivatives ? SplineGrid.slope(distance, bend: grid.bend) / grid.spacing : 1
        for k in row.indices { row[k] = 0 }
        for n in 0...degree {
          let (factor, first) = (ofDerivatives ? weight.derivatives[n] : weight.values[n], (interval + n) * width)
          for k in row.indices { row[k] += factor * coefficients[piece][first + k] }
        }
        for k in row.indices { off[number * width + k] += row[k] * scale }
      }
      return exact.largestMagnitudes(off)
    }
  }
}

/// What errors of radial functions are measured by: s_f = max(max_r |R_f|, 10⁻³ max_g max_r |R_g|).
struct RadialNorm {
  /// Part of a largest function below which errors are not measured relative to the function itself.
  static let smallness = 1e-3

  /// s.
  let scales: [Double]

  /// The norm that belongs to functions with these largest magnitudes.
  init(largest: [Double]) {
    let floor = Self.smallness * (largest.max() ?? 0)
    scales = largest.map { max($0, floor) }
  }

  /// The norm that belongs to values of shape [distance][function].
  init(of values: [Double], functions: Int) {
    self.init(largest: DenseProduct.largestMagnitudes(values, columns: functions))
  }

  /// The largest |error|/s over functions, from the largest magnitude of each; zero for functions that all vanish.
  func largest(_ magnitudes: [Double]) -> Double {
    zip(magnitudes, scales).reduce(0) { worst, pair in pair.1 == 0 ? worst : max(worst, pair.0 / pair.1) }
  }

  /// The same for errors of shape [distance][function].
  func largest(ofErrors errors: [Double]) -> Double {
    largest(DenseProduct.largestMagnitudes(errors, columns: scales.count))
  }
}

extension RadialFactors {
  /// The largest magnitude of each function that rows of numbers belonging to the φ make.
  func largestMagnitudes(_ x: [Double]) -> [Double] {
    guard let weights else { return DenseProduct.largestMagnitudes(x, columns: functionCount) }
    return DenseProduct.largestMagnitudes(
      x, weights, rows: x.count / max(1, width), depth: width, columns: functionCount)
  }
}
