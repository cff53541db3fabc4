import TektiteKernels

/// The driver's bundle of a potential, its neighbour lists and its results. `update` brings forces up to date with the positions:
/// it checks the list, rebuilds it exactly when an atom has moved half the margin since the last build, zeroes the
/// results and lets the potential add to them.
///
/// A cell that is set from outside has the list built anew. Where the atoms are mapped with the cell, `deform` does it: the list then stays as long as
/// no pair can have come within the cutoff that was not within the list radius when it was built.
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
  /// The cell when the list was built.
  public private(set) var referenceCell = Cell.open
  /// Seconds spent building lists and evaluating, for reports.
  public private(set) var listSeconds = 0.0, forceSeconds = 0.0
  /// Positions by slot when the list was last pruned (or built): what `update(_:_:largestSquaredDisplacement:)` refers to.
  public private(set) var near = Buffer<Vector3>()
  /// How often lists were pruned between rebuilds.
  public private(set) var prunings = 0
  /// The margin of the list beyond the cutoff.
  public let skin: Double
  /// The potential's requirements.
  public let requirements: PotentialRequirements
  /// What evaluations may use.
  public let context: ExecutionContext
  private var radii: [Double]
  // Cluster lists are pruned between rebuilds to a smaller margin, which holds for a shorter way.
  private let nearSkin: Double
  private var nearRadii: [Double]
  private var nearDisplacement = 0.0
  private var nearCell = Cell.open
  // The cell that the shifts of the list are of.
  private var listCell = Cell.open
  private var potential: AnyPotential
  private var clusters: ClusterList
  private var edges = EdgeList()
  private var lent = AtomBuffers()
  private var isValid = false

  /// Makes the driver for a system.
  /// - Parameters:
  ///   - skin: margin of the neighbour list in the length unit of the system; 0 rebuilds at every change.
  public init(
    _ model: any PotentialModel, for system: borrowing System, skin: Double, team: ThreadTeam
  ) throws(PotentialError) {
    precondition(skin >= 0, "a skin of \(skin)")
    let worker = try model.makePotential(for: system.table)
    // Locals throughout: reading a property of a half-initialised noncopyable self releases it once too often (Swift 6.3).
    let requirements = worker.requirements
    let kinds = max(1, system.table.count)
    let cutoffs = requirements.pairCutoffs
    // A pair that never interacts needs no list; edges are promised to the full cutoff for every pair.
    let bySpecies =
      cutoffs.count == kinds * kinds && !requirements.lists.contains(.edges)
      ? cutoffs : [Double](repeating: requirements.cutoff, count: kinds * kinds)
    let nearSkin = 0.2 * skin
    // Where atoms go by their diameters, each rebuild sorts them into classes and sets the radii of these.
    let byDiameters = requirements.diameterReach != nil && !requirements.lists.contains(.edges)
    let reaches = byDiameters ? [Double](repeating: 0, count: DiameterClasses.count * DiameterClasses.count) : bySpecies
    radii = reaches.map { $0 > 0 ? $0 + skin : 0 }
    nearRadii = reaches.map { $0 > 0 ? $0 + nearSkin : 0 }
    self.nearSkin = nearSkin
    self.requirements = requirements
    self.skin = skin
    context = ExecutionContext(team: team)
    clusters = ClusterList(width: requirements.clusterWidth)
    potential = worker
  }

  /// Forgets the list, so that the next update builds it: after positions or cell were set from outside.
  public mutating func invalidate() { isValid = false }

  /// Bytes held by the neighbour lists.
  public var listByteCount: Int {
    clusters.byteCount + edges.neighbors.capacity * 4 + edges.shifts.capacity * 6 + edges.offsets.capacity * 8
      + (reference.capacity + near.capacity) * 24
  }
  /// Neighbour entries held by the cluster list.
  public var clusterEntryCount: Int { clusters.entryCount }
  /// Edges held by the edge list, 0 unless the potential reads edges.
  public var edgeCount: Int { edges.neighbors.count }

  /// Brings results up to date with the positions of the system.
  /// - Throws: `notFinite` when the list must be built and a position is not finite; what the potential throws.
  public mutating func update(_ system: inout System, _ quantities: Quantities = .forces) throws(PotentialError) {
    let isFresh = isValid && near.count == system.count
    let moved = isFresh ? largestSquaredDisplacement(system.positions, near, team: context.team) : .infinity
    try update(&system, quantities, largestSquaredDisplacement: moved)
  }

  /// The same when the caller knows the largest squared displacement from `near`, as the integrators' passes do.
  /// - Returns: whether the list was rebuilt, so that slots have changed.
  @discardableResult
  public mutating func update(
    _ system: inout System, _ quantities: Quantities, largestSquaredDisplacement moved: Double
  ) throws(PotentialError) -> Bool {
    let isStale = isListStale(system, moved)
    if isStale {
      try rebuild(&system)
    } else if requirements.lists.contains(.clusters) {
      let margin = margin(nearSkin, radius: nearRadii.max() ?? 0, since: nearCell, system.cell)
      if !(margin > 0 && moved < margin * margin / 4) { prune(system) }
    }
    try evaluate(system, quantities)
    return isStale
  }

  /// What is left of the margin of a list after the cell was deformed: by the map F from the cell of the search to the present one, a pair that
  /// was at least a radius R apart has come no closer than s R, with the smallest stretch s of F. Atoms may have moved half of what is left, on top of the map.
  private func margin(_ full: Double, radius: Double, since old: Cell, _ cell: Cell) -> Double {
    if old == cell { return full }
    let stretch = (old.vectors.inverse * cell.vectors).stretches.smallest
    return full - max(0, 1 - stretch) * radius
  }

  /// The largest squared displacement since the list was built, on top of the map of the cell.
  private func displacementSinceBuild(_ system: borrowing System) -> Double {
    if system.cell == referenceCell {
      return largestSquaredDisplacement(system.positions, reference, team: context.team)
    }
    return largestSquaredDisplacement(
      system.positions, reference, mapped: referenceCell.vectors.inverse * system.cell.vectors, team: context.team)
  }

  /// Deforms the cell, and all atoms with it; the results must then be brought up to date by `update(_:_:largestSquaredDisplacement:)` with what is found
  /// here or by a later pass. Positions of the last pruning (`near`) are mapped too, so that displacements from them do not count the map.
  /// - Parameters:
  ///   - cell: the old cell times the map of the deformation; it repeats in all three directions, as the old one.
  ///   - deformation: what happens to positions and velocities.
  public mutating func deform(_ system: inout System, to cell: Cell, _ deformation: Deformation)
    -> IntegrationFindings
  {
    let findings = TektiteKernels.deform(
      positions: &system.positions, velocities: &system.velocities, reference: &near, deformation, team: context.team)
    // A cell that was set from outside in the meantime leaves the list stale.
    let isKnown = isValid && system.cell == listCell
    system.cell = cell
    if isKnown && cell != listCell {
      clusters.setBasis(cell.basis)
      listCell = cell
      nearDisplacement *= deformation.map.stretches.largest
    }
    return findings
  }

  /// Whether an atom has moved half the skin since the list was built. What is known is the displacement since the last pruning; only when that and
  /// the one before it could add up to half the skin are the positions compared with those of the build.
  private func isListStale(_ system: borrowing System, _ moved: Double) -> Bool {
    guard isValid, reference.count == system.count, system.cell == listCell, moved.isFinite else { return true }
    let margin = margin(skin, radius: radii.max() ?? 0, since: referenceCell, system.cell)
    guard margin > 0 else { return true }
    if nearDisplacement + moved.squareRoot() < 0.4999 * margin { return false }
    return !(displacementSinceBuild(system) < margin * margin / 4)
  }

  private mutating func prune(_ system: borrowing System) {
    let start = monotonicSeconds()
    clusters.prune(system.positions, radii: nearRadii, team: context.team)
    near.copy(from: system.positions, team: context.team)
    nearCell = system.cell
    nearDisplacement = displacementSinceBuild(system).squareRoot()
    prunings += 1
    listSeconds += monotonicSeconds() - start
  }

  /// Takes up a list that an earlier run had: `reference` holds the positions of its last rebuild in the order of the system's slots, `cell` the cell
  /// that it had then.
  public mutating func restore(reference positions: [Vector3], cell: Cell, rebuilds count: Int, _ system: inout System)
    throws(PotentialError)
  {
    var kept = Buffer(positions)
    swap(&kept, &system.positions)
    let current = system.cell
    system.cell = cell
    try rebuild(&system, isRestoring: true)
    system.cell = current
    swap(&kept, &system.positions)
    if current != cell {
      clusters.setBasis(current.basis)
      listCell = current
      let map = cell.vectors.inverse * current.vectors
      for slot in near.indices { near[slot] = near[slot] * map }
      nearCell = current
    }
    if requirements.lists.contains(.clusters) { prune(system) }
    rebuilds = count
  }

  private mutating func evaluate(_ system: borrowing System, _ quantities: Quantities) throws(PotentialError) {
    let start = monotonicSeconds()
    evaluation.reset(quantities, count: system.count, team: context.team)
    try Self.evaluate(quantities, system, edges, clusters, &potential, &evaluation, context)
    forceSeconds += monotonicSeconds() - start
  }

  // Apart from `update`, because views of two stored buffers of one `self` cannot be held while a third is changed.
  private static func evaluate(
    _ quantities: Quantities, _ system: borrowing System, _ edges: borrowing EdgeList,
    _ clusters: borrowing ClusterList,
    _ potential: inout AnyPotential, _ evaluation: inout Evaluation, _ context: ExecutionContext
  ) throws(PotentialError) {
    let configuration = Configuration(
      positions: system.positions.span, species: system.species.span, diameters: system.diameters.span,
      ownedCount: system.count, cell: system.cell)
    let neighborhood = Neighborhood(edges: edges.view, clusters: clusters.view)
    try potential.evaluate(quantities, of: configuration, neighbors: neighborhood, into: &evaluation, in: context)
  }

  private mutating func rebuild(_ system: inout System, isRestoring: Bool = false) throws(PotentialError) {
    let start = monotonicSeconds()
    if let slot = firstNotFinite(system.positions, team: context.team) {
      throw .notFinite(atom: Int(system.identity[slot]), position: system.positions[slot])
    }
    let cell = system.cell
    let geometry = CellGeometry(basis: cell.basis, periodic: (cell.periodic.a, cell.periodic.b, cell.periodic.c))
    if let rule = requirements.diameterReach, !requirements.lists.contains(.edges), system.diameters.count > 0 {
      var classes = DiameterClasses(system.diameters)
      classes.assign(system.diameters, into: &lent.classes)
      let reaches = classes.reaches(rule)
      for k in reaches.indices {
        radii[k] = reaches[k] > 0 ? reaches[k] + skin : 0
        nearRadii[k] = reaches[k] > 0 ? reaches[k] + nearSkin : 0
      }
    }
    system.exchange(&lent)
    clusters.rebuild(&lent, geometry: geometry, radii: radii, isRestoring: isRestoring, team: context.team)
    system.exchange(&lent)
    if requirements.lists.contains(.edges) {
      clusters.fillEdges(
        positions: system.positions, radius: requirements.cutoff + skin, offsets: &edges.offsets,
        neighbors: &edges.neighbors,
        shifts: &edges.shifts)
    }
    reference.copy(from: system.positions, team: context.team)
    referenceCell = cell
    listCell = cell
    nearCell = cell
    near.copy(from: system.positions, team: context.team)
    nearDisplacement = 0
    if requirements.lists.contains(.clusters) { clusters.prune(system.positions, radii: nearRadii, team: context.team) }
    let count = edges.neighbors.count
    potential.reserveCapacity(atoms: system.count, edges: count)
    rebuilds += 1
    isValid = true
    listSeconds += monotonicSeconds() - start
  }
}
