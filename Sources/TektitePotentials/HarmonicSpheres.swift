import TektiteCore
import TektiteKernels

/// Spheres that repel where they overlap: u(r) = ε/2 (1 − r/σ)² for r < σ. Energy and force vanish at σ, the force with a kink.
/// Some papers leave out the half; their ε is half of this one.
public struct HarmonicSpheres: PotentialModel, Hashable {
  /// The labels the model knows, in the order of `pairs`.
  public var labels: [String]
  /// labels.count² symmetric entries, row-major; the cutoff is σ whatever is given.
  public var pairs: [LennardJones.Pair]
  /// The arithmetic: `double` or `mixed`.
  public var precision: Precision

  /// Makes a model.
  public init(labels: [String], pairs: [LennardJones.Pair], precision: Precision = .double) {
    precondition(pairs.count == labels.count * labels.count, "\(pairs.count) pairs of \(labels.count) species")
    self.labels = labels
    self.pairs = pairs
    self.precision = precision
  }

  /// The name.
  public var name: String { "harmonic" }

  /// Makes a worker.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(
      try PairWorker(.harmonic, precision: precision, labels: labels, table: table, model: name) { a, b in
        let pair = pairs[a * labels.count + b]
        return (coefficients(pair), pair.sigma)
      })
  }

  /// The pair's column of the kernels' table.
  func coefficients(_ pair: LennardJones.Pair) -> [Double] {
    var c = [Double](repeating: 0, count: PairCoefficient.count)
    c[PairCoefficient.cutoffSquared] = pair.sigma * pair.sigma
    c[PairCoefficient.g0] = pair.epsilon / pair.sigma
    c[PairCoefficient.g1] = -pair.epsilon / (pair.sigma * pair.sigma)
    c[PairCoefficient.e0] = pair.epsilon / 2
    c[PairCoefficient.e1] = -pair.epsilon / pair.sigma
    c[PairCoefficient.e2] = pair.epsilon / (2 * pair.sigma * pair.sigma)
    return c
  }

  /// u(r) and −u′(r)/r of a pair of species (indices into `labels`) at squared distance `r2`. The obvious version.
  public func pairEnergy(_ a: Int, _ b: Int, r2: Double) -> (energy: Double, forceOverDistance: Double) {
    let p = pairs[a * labels.count + b]
    let r = r2.squareRoot()
    guard r < p.sigma else { return (0, 0) }
    let overlap = 1 - r / p.sigma
    return (p.epsilon / 2 * overlap * overlap, p.epsilon / p.sigma * overlap / r)
  }
}
