import TektiteCore

/// A system with its driver, for measuring one model at many configurations of the same atoms.
public struct Probe: ~Copyable {
  /// The atoms.
  public var system: System
  /// The driver.
  public var field: ForceField

  /// Makes a driver for a structure.
  public init(
    _ model: any PotentialModel, _ structure: Structure, skin: Double = 0, threads: Int = 1, units: Units = .lj
  ) throws(PotentialError) {
    system = System(structure, units: units)
    field = try ForceField(model, for: system, skin: skin, team: ThreadTeam(threads: threads))
  }

  /// Puts the atoms somewhere else, in the user's order and unwrapped; the list is built anew at the next measurement.
  public mutating func place(_ positions: [Vector3], cell: Cell? = nil) {
    precondition(positions.count == system.count, "\(positions.count) positions for \(system.count) atoms")
    if let cell { system.cell = cell }
    for slot in 0..<system.count {
      system.positions[slot] = positions[Int(system.identity[slot])]
      system.images[slot] = .zero
    }
    field.invalidate()
  }

  /// Moves the atoms a little, in the user's order; the list is kept as long as the driver finds it good.
  public mutating func displace(_ displacements: [Vector3]) {
    for slot in 0..<system.count { system.positions[slot] += displacements[Int(system.identity[slot])] }
  }

  /// Updates the driver and copies the results.
  public mutating func measure(_ quantities: Quantities = .all) throws(PotentialError) -> Measurement {
    try field.update(&system, quantities)
    return Measurement(field, system)
  }

  /// The energy with the atoms at given places.
  public mutating func energy(_ positions: [Vector3], cell: Cell? = nil) throws(PotentialError) -> Double {
    place(positions, cell: cell)
    try field.update(&system, .energy)
    return field.evaluation.energy
  }
}
