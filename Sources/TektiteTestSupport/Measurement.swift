import TektiteCore

/// Everything that one evaluation gives, in the user's order of atoms.
public struct Measurement: Hashable, Sendable {
  /// The energy.
  public var energy = 0.0
  /// The virial W = −Σ r ⊗ ∂E/∂r.
  public var virial = Matrix3.zero
  /// The forces.
  public var forces: [Vector3] = []
  /// The energies of the atoms.
  public var atomicEnergies: [Double] = []
  /// The virials of the atoms.
  public var atomicVirials: [Matrix3] = []
  /// The variance of the energy over a committee.
  public var energyVariance = 0.0
  /// The variances of the forces on the atoms over a committee.
  public var forceVariances: [Double] = []

  /// Makes an empty measurement.
  public init() {}

  /// Evaluates a model through the driver, the one way in which simulations do it.
  /// - Parameters:
  ///   - skin: margin of the neighbour list.
  ///   - threads: size of the thread team.
  public init(
    _ model: any PotentialModel, of structure: Structure, quantities: Quantities = .all, skin: Double = 0,
    threads: Int = 1, units: Units = .lj
  ) throws(PotentialError) {
    var system = System(structure, units: units)
    var field = try ForceField(model, for: system, skin: skin, team: ThreadTeam(threads: threads))
    try field.update(&system, quantities)
    self.init(field, system)
  }

  /// Copies the results of a driver's last update.
  public init(_ field: borrowing ForceField, _ system: borrowing System) {
    energy = field.evaluation.energy
    virial = field.evaluation.virial
    let count = system.count
    forces = [Vector3](repeating: .zero, count: count)
    atomicEnergies = [Double](repeating: 0, count: field.evaluation.atomicEnergies.count)
    atomicVirials = [Matrix3](repeating: .zero, count: field.evaluation.atomicVirials.count)
    energyVariance = field.evaluation.energyVariance
    forceVariances = [Double](repeating: 0, count: field.evaluation.forceVariances.count)
    for slot in 0..<count {
      let atom = Int(system.identity[slot])
      forces[atom] = field.evaluation.forces[slot]
      if !atomicEnergies.isEmpty { atomicEnergies[atom] = field.evaluation.atomicEnergies[slot] }
      if !atomicVirials.isEmpty { atomicVirials[atom] = field.evaluation.atomicVirials[slot] }
      if !forceVariances.isEmpty { forceVariances[atom] = field.evaluation.forceVariances[slot] }
    }
  }

  /// The largest force component, or 0.
  public var largestForce: Double {
    forces.reduce(0) { max($0, abs($1.x), abs($1.y), abs($1.z)) }
  }
}
