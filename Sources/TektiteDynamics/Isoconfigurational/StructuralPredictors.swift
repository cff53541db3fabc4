import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the structure alone says about each atom, from the inherent structure: the minimum of the energy below a configuration. The simplest
/// predictors of propensity, which anything learned has to beat.
public struct StructuralPredictors: Sendable {
  /// The energy of each atom in the inherent structure, energy.
  public let energies: [Double]
  /// How far each atom lies from where it is in the inherent structure, length.
  public let distances: [Double]
  /// Σ_j e_j exp(−r_ij/ξ) / Σ_j exp(−r_ij/ξ) over the atoms j of the species of i, itself included, at their nearest images in the inherent structure.
  public let averagedEnergies: [Double]
  /// The inherent structure, positions unwrapped.
  public let frame: Frame
  /// How the minimisation ended.
  public let minimization: MinimizationResult

  /// The length ξ of averages: 2 in reduced units, 5 Å otherwise.
  static func length(_ units: Units) -> Double { units == .lj ? 2 : 5 }

  /// Minimises a configuration and computes them.
  /// - Parameters:
  ///   - tolerance: root mean square force component at the end, energy per length.
  /// - Throws: what the potential throws.
  public init(
    of start: Structure, _ model: any PotentialModel, units: Units, skin: Double, tolerance: Double, team: ThreadTeam
  ) throws(PotentialError) {
    var system = System(start, units: units)
    var field = try ForceField(model, for: system, skin: skin, team: team)
    var fire = FIRE(for: field, units: units)
    minimization = try minimize(
      &system, &field, with: &fire, tolerance: tolerance, maximumEvaluations: 20_000)
    try field.update(&system, [.energy, .forces, .atomicEnergies])
    var energies: [Double] = []
    system.scatter(field.evaluation.atomicEnergies, into: &energies)
    var frame = Frame()
    system.copy(into: &frame, velocities: false)
    distances = zip(start.frame.positions, frame.positions).map { ($0.1 - $0.0).length }
    averagedEnergies = Self.average(
      energies, at: frame, species: start.topology.species, over: Self.length(units))
    self.energies = energies
    self.frame = frame
  }

  /// Averages of a quantity with weights exp(−r/ξ) over the atoms of the same species, each at its nearest image.
  /// - Complexity: O(N²).
  static func average(
    _ values: [Double], at frame: Frame, species: [Int32], over length: Double
  ) -> [Double] {
    let n = values.count
    let image = NearestImage(frame.cell)
    let inverse = frame.cell.basis.inverse
    let fractions = frame.positions.map { $0 * inverse }
    return (0..<n).map { i in
      var sum = 0.0
      var weights = 0.0
      for j in 0..<n where species[j] == species[i] {
        let distance = image.squaredDistance(fractions[j] - fractions[i]).squareRoot()
        let weight = exp(-distance / length)
        sum += weight * values[j]
        weights += weight
      }
      return sum / weights
    }
  }

  /// Pearson's correlations of the three with a property of each atom, over some atoms: energies, distances, averaged energies.
  public func correlations(with property: [Double], over members: [Int]) -> [Double] {
    let target = members.map { property[$0] }
    return [energies, distances, averagedEnergies].map { values in pearson(members.map { values[$0] }, target) }
  }
}
