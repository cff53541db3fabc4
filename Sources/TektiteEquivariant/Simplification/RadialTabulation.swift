import TektiteKernels

/// Radial functions on a grid that is as fine as a spline needs to be as accurate as was asked. The grid is uniform in u = r/(r + b): learned radial functions vary
/// most at short distances, where errors of a grid that is uniform in r are up to a thousand times those at long ones.
///
/// Errors are those of `RadialMeasure`. All pairs of species share the grid.
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
    self.init(
      RadialMeasure(function, pairs: pairs, start: start), degree: degree, tolerance: tolerance, samples: samples,
      bend: part, rounding: rounding, limit: limit)
  }

  /// The same for functions whose sizes are known, so that several grids share the work.
  init(
    _ measure: RadialMeasure, degree: Int, tolerance: Double, samples: ClosedRange<Int> = 128...2048,
    bend part: Double = 0.4, rounding: Double = 0, limit: Double = .infinity
  ) {
    precondition(samples.lowerBound >= 8, "a grid without room")
    let function = measure.function
    let bend = part * function.envelope.cutoff
    var count = samples.lowerBound
    var grid = Grid(function.envelope, from: measure.start, bend: bend, about: count)
    // Rounding of slopes times the spacing. The distances at which u is steepest are at an end.
    let steepest = max(
      SplineGrid.slope(grid.distance(0), bend: bend), SplineGrid.slope(function.envelope.cutoff, bend: bend))
    let noise = rounding * measure.largestRatio * steepest
    var error = (value: 0.0, derivative: 0.0)
    while true {
      error = measure.errors(ofDegree: degree, on: grid)
      // The derivative converges one order slower than the value.
      let growth = max(
        power(error.value / tolerance, 1 / Double(degree + 1)), power(error.derivative / tolerance, 1 / Double(degree)))
      guard growth > 1, count < samples.upperBound else { break }
      let next = Double(count) * min(4, max(1.08, 1.02 * growth))
      count = min(samples.upperBound, (Int(next) + 8) / 8 * 8)
      let finer = Grid(function.envelope, from: measure.start, bend: bend, about: count)
      guard noise <= limit * finer.spacing else { break }
      grid = finer
    }
    (self.degree, self.start, sampleCount, functionCount) = (degree, grid.start, grid.count, function.count)
    (spacing, self.bend, joint) = (grid.spacing, bend, grid.joint)
    let distances = grid.distances
    (valueError, derivativeError) = (error.value, error.derivative + noise / grid.spacing)
    (representatives, tableOfPair) = (measure.representatives, measure.tableOfPair)
    slopes = representatives.map { Self.slopes(function, $0, grid) }
    tables = representatives.map {
      function.samples(at: distances, center: $0.center, neighbor: $0.neighbor).values
    }
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
}
