import TektiteCore
import TektiteKernels

/// Soft spheres with a diameter each: u = ε (σ/r)¹² with σ = (s + t)/2 · (1 − η |s − t|) for diameters s and t, up to a multiple of σ.
///
/// With η = 0.2, a cutoff of 1.25 σ and the scheme `smooth` it is the mixture of Ninarello, Berthier and Coslovich, Phys. Rev. X 7, 021039
/// (2017), which exchanges of diameters equilibrate at temperatures that no other liquid reaches. Species make no difference.
public struct PolydisperseInversePower: PotentialModel, Hashable {
  /// The energy at r = σ.
  public var epsilon: Double
  /// How diameters combine, and the cutoff.
  public var reach: DiameterReach
  /// What happens at the cutoff: `cut`, `cut-and-shift` or `smooth`.
  public var scheme: CutoffScheme
  /// The arithmetic: `double` or `mixed`.
  public var precision: Precision

  /// Makes a model.
  /// - Throws: `invalidParameters` for a scheme that it does not have, and for numbers that make no sense.
  public init(
    epsilon: Double, reach: DiameterReach, scheme: CutoffScheme, precision: Precision = .double
  ) throws(PotentialError) {
    guard scheme != .shiftedForce else {
      throw .invalidParameters("atoms with diameters know the schemes cut, cut-and-shift and smooth, not shifted-force")
    }
    guard epsilon >= 0, reach.multiple > 0, reach.nonadditivity >= 0 else {
      throw .invalidParameters("energies, cutoffs and the nonadditivity of diameters must not be negative")
    }
    self.epsilon = epsilon
    self.reach = reach
    self.scheme = scheme
    self.precision = precision
  }

  /// The name with the cutoff scheme.
  public var name: String { "polydisperse inverse-power (\(scheme.rawValue))" }

  /// Makes a worker.
  /// - Throws: `missingDiameters` when atoms of a species have none.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    var all: ClosedRange<Double>?
    // Either all atoms have diameters or none; a species without atoms has none either.
    if let first = table.first, table.allSatisfy({ $0.diameters == nil }) {
      throw .missingDiameters(first.label, model: name)
    }
    for species in table {
      guard let range = species.diameters else { continue }
      guard range.lowerBound > 0, range.upperBound.isFinite else {
        throw .missingDiameters(species.label, model: name)
      }
      all = all.map { min($0.lowerBound, range.lowerBound)...max($0.upperBound, range.upperBound) } ?? range
    }
    if let all, reach.nonadditivity * (all.upperBound - all.lowerBound) >= 1 {
      throw .invalidParameters(
        "diameters from \(all.lowerBound) to \(all.upperBound) differ too much for a nonadditivity of \(reach.nonadditivity): "
          + "the mean of the largest and the smallest would not be positive")
    }
    return AnyPotential(PairWorker(constants, reach: reach, precision: precision, table: table))
  }

  var constants: DiameterConstants {
    var c = DiameterConstants()
    let yc = reach.multiple * reach.multiple
    c.reachSquared = yc
    c.nonadditivity = reach.nonadditivity
    c.a12 = 12 * epsilon
    switch scheme {
    case .cut, .shiftedForce: break
    case .cutAndShift: c.e0 = -epsilon / (yc * yc * yc * yc * yc * yc)
    case .smooth:
      let (e0, e1, e2) = EvenSmoothing.twelfthPower(at: yc)
      (c.e0, c.e1, c.e2) = (epsilon * e0, epsilon * e1, epsilon * e2)
    }
    return c
  }

  /// u(r) and −u′(r)/r of two diameters at squared distance `r2`; zero from the cutoff on. The obvious version.
  public func pairEnergy(_ s: Double, _ t: Double, r2: Double) -> (energy: Double, forceOverDistance: Double) {
    let sigma = reach.mean(s, t)
    let model = InversePower(
      labels: ["A"], pairs: [LennardJones.Pair(epsilon: epsilon, sigma: sigma, cutoff: reach.multiple * sigma)],
      scheme: scheme)
    return model.pairEnergy(0, 0, r2: r2)
  }
}
