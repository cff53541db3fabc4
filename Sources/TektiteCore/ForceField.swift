import TektiteKernels

/// The driver's bundle of a potential, its neighbour lists and its results. `update` brings forces up to date with the positions:
/// it checks the list, rebuilds it exactly when an atom has moved half the skin since the last build, zeroes the
/// results and lets the potential add to them.
///
/// At a rebuild the atoms of the system are wrapped and change slots; arrays kept elsewhere by slot are then out of
/// date, which `rebuilds` tells.
public struct ForceField: ~Copyable {
  /// Results of the last evaluation, by slot.
  public private(set) var evaluation = Evaluation()
  /// How often lists were built.
  public private(set) var rebuilds = 0
  /// Positions by slot when the list was built.
  public private(set) var reference = Buffer<Vector3>()
  /// The margin of the list beyond the cutoff.
  public let skin: Double
  /// The potential's requirements.
  public let requirements: PotentialRequirements
  /// What evaluations may use.
  public let context: ExecutionContext
  private var potential: any Potential & ~Copyable
  private var edges = EdgeList()
  private var isValid = false

  /// Makes the driver for a system.
  /// - Parameters:
  ///   - skin: margin of the neighbour list in the length unit of the system; 0 rebuilds at every change.
  public init(
    _ model: any PotentialModel, for system: borrowing System, skin: Double, team: ThreadTeam
  ) throws(PotentialError) {
    precondition(skin >= 0, "a skin of \(skin)")
    potential = try model.makePotential(for: system.table)
    requirements = potential.requirements
    self.skin = skin
    context = ExecutionContext(team: team)
  }

  /// Forgets the list, so that the next update builds it: after positions or cell were set from outside.
  public mutating func invalidate() { isValid = false }

  /// Brings results up to date with the positions of the system.
  public mutating func update(_ system: inout System, _ quantities: Quantities = .forces) throws(PotentialError) {
    if !isValid || hasMovedTooFar(system) { rebuild(&system) }
    evaluation.reset(quantities, count: system.count)
    try Self.evaluate(quantities, system, edges, &potential, &evaluation, context)
  }

  // Apart from `update`, because views of two stored buffers of one `self` cannot be held while a third is changed.
  private static func evaluate(
    _ quantities: Quantities, _ system: borrowing System, _ edges: borrowing EdgeList,
    _ potential: inout any Potential & ~Copyable, _ evaluation: inout Evaluation, _ context: ExecutionContext
  ) throws(PotentialError) {
    let configuration = Configuration(
      positions: system.positions.span, species: system.species.span, ownedCount: system.count, cell: system.cell)
    let neighborhood = Neighborhood(edges: edges.view, clusters: ClusterView())
    try potential.evaluate(quantities, of: configuration, neighbors: neighborhood, into: &evaluation, in: context)
  }

  private func hasMovedTooFar(_ system: borrowing System) -> Bool {
    let limit = skin * skin / 4
    for i in 0..<system.count where !((system.positions[i] - reference[i]).lengthSquared < limit) { return true }
    return false
  }

  private mutating func rebuild(_ system: inout System) {
    edges.build(positions: system.positions.span, cell: system.cell, radius: requirements.cutoff + skin)
    reference.copy(from: system.positions)
    let count = edges.neighbors.count
    potential.reserveCapacity(atoms: system.count, edges: count)
    rebuilds += 1
    isValid = true
  }
}
