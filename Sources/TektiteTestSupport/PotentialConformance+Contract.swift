import Synchronization
import TektiteCore

// What the protocol promises to the driver.
extension PotentialConformance {
  func inputsStayUntouched(_ report: inout Report) throws {
    var random = random(401)
    let structure = draw(.triclinic, 15, &random)
    let notes = Notes()
    let watched = WatchedModel(inner: model, notes: notes)
    var probe = try Probe(watched, structure, units: units)
    _ = try probe.measure(probe.field.requirements.quantities)
    for note in notes.all { report.fail(note) }
    report.expect(notes.evaluations == 1, "the driver evaluated \(notes.evaluations) times in one update")
    // The driver may wrap and reorder; as the user sees them, the atoms have not moved.
    var frame = Frame()
    probe.system.copy(into: &frame)
    var moved = Discrepancy()
    moved.compare(frame.positions, structure.frame.positions, "the position")
    report.expect(moved, within: 1e-12, "after an update")
  }

  func resultsAreAdded(_ report: inout Report) throws {
    var random = random(402)
    let structure = draw(.triclinic, 15, &random)
    let once = try measure(structure)
    var twice = once
    twice.energy *= 2
    twice.virial = 2 * once.virial
    twice.forces = once.forces.map { 2 * $0 }
    twice.atomicEnergies = once.atomicEnergies.map { 2 * $0 }
    twice.atomicVirials = once.atomicVirials.map { 2 * $0 }
    twice.energyVariance *= 2
    twice.forceVariances = once.forceVariances.map { 2 * $0 }
    var probe = try Probe(TwiceModel(inner: model), structure, units: units)
    let found = try probe.measure(probe.field.requirements.quantities)
    compare(found, twice, within: tolerances.identity, "evaluated twice into one storage", &report)
  }

  func askedForQuantities(_ report: inout Report) throws {
    var random = random(403)
    let structure = draw(.cubic, 15, &random)
    let can = try available
    let whole = try measure(structure)
    var sets: [Quantities] = [
      .energy, .forces, .virial, .atomicEnergies, .atomicVirials, [.energy, .forces], [.energy, .forces, .virial],
      [.energy, .atomicEnergies], .all,
    ]
    if can.contains(.variance) { sets += [.variance, [.forces, .variance]] }
    for set in sets {
      guard can.isSuperset(of: set) else {
        if try !refuses(set, structure) {
          report.fail("asked for quantities \(set.rawValue) that the model does not offer, it did not throw")
        }
        continue
      }
      let part = try measure(structure, set)
      // What was not asked for is nobody's business: a kernel may add forces to an energy when they cost nothing. Only
      // shares of atoms must then be absent.
      var expected = part
      if set.contains(.energy) { expected.energy = whole.energy }
      if set.contains(.virial) { expected.virial = whole.virial }
      if set.contains(.forces) { expected.forces = whole.forces }
      expected.atomicEnergies = set.contains(.atomicEnergies) ? whole.atomicEnergies : []
      expected.atomicVirials = set.contains(.atomicVirials) ? whole.atomicVirials : []
      if set.contains(.variance) { expected.energyVariance = whole.energyVariance }
      expected.forceVariances = set.contains(.variance) ? whole.forceVariances : []
      let context = "asked for quantities \(set.rawValue)"
      compare(part, expected, scale: scale(of: whole), context, &report)
    }
  }

  private func measure(_ structure: Structure, _ quantities: Quantities) throws(PotentialError) -> Measurement {
    var probe = try probe(structure)
    return try probe.measure(quantities)
  }

  private func refuses(_ quantities: Quantities, _ structure: Structure) throws -> Bool {
    do {
      _ = try measure(structure, quantities)
      return false
    } catch PotentialError.unavailable {
      return true
    }
  }

  func sharesSumToTotal(_ report: inout Report) throws {
    var random = random(404)
    for shape in CellShape.allCases {
      let measured = try measure(draw(shape, 21, &random))
      let scale = self.scale(of: measured)
      if try available.contains(.atomicEnergies) {
        var energy = Discrepancy()
        energy.compare(measured.atomicEnergies.reduce(0, +), measured.energy, "the sum of the atoms' energies")
        report.expect(energy, within: tolerances.identity * scale.energy, "\(shape)")
      }
      if try available.contains(.atomicVirials) {
        var virial = Discrepancy()
        virial.compare(measured.atomicVirials.reduce(.zero, +), measured.virial, "the sum of the atoms' virials")
        report.expect(virial, within: tolerances.identity * scale.virial, "\(shape)")
      }
      var total = Discrepancy()
      total.compare(measured.forces.reduce(.zero, +), .zero, "the sum of forces")
      report.expect(total, within: tolerances.identity * 21 * scale.force, "\(shape)")
    }
  }

  func skins(_ report: inout Report) throws {
    var random = random(405)
    for shape in CellShape.allCases {
      let structure = draw(shape, 18, &random)
      let bare = try measure(structure)
      for part in [0.3, 1.0] {
        let skin = part * sample.minimumDistance
        var probe = try probe(structure, skin: skin)
        let quantities = probe.field.requirements.quantities
        let context = "\(shape), skin \(skin)"
        compare(try probe.measure(quantities), bare, within: tolerances.identity, context, &report)
        // A list that is old but still good gives what a fresh one gives.
        let moves = structure.frame.positions.map { _ in random.uniform(0...0.49 * skin) * random.direction() }
        probe.displace(moves)
        var moved = structure
        for atom in moves.indices { moved.frame.positions[atom] += moves[atom] }
        let builds = probe.field.rebuilds
        let old = try probe.measure(quantities)
        report.expect(probe.field.rebuilds == builds, "\(context): a good list was built again")
        compare(old, try measure(moved), within: tolerances.identity, "\(context), after small moves", &report)
      }
    }
  }

  func threads(_ report: inout Report) throws {
    var random = random(406)
    // Enough atoms for many chunks, and a few, where chunks are fewer than threads.
    let crystal = sample.lattice(.triclinic, atoms: 729, noise: 0.06, using: &random)
    for structure in [crystal, draw(.cubic, 5, &random)] {
      let one = try measure(structure, skin: 0.3 * sample.minimumDistance)
      for count in 1...3 {
        let several = try measure(structure, skin: 0.3 * sample.minimumDistance, threads: count)
        let difference = Discrepancy.between(several, one)
        report.expect(several == one, "\(structure.count) atoms, \(count) threads: \(difference)")
      }
    }
  }

  func allocations(_ report: inout Report) throws {
    guard AllocationCounter.isAvailable else { return }
    var random = random(407)
    let crystal = sample.lattice(.cubic, atoms: 216, noise: 0.06, using: &random)
    let skin = 0.5 * sample.minimumDistance
    var probe = try probe(crystal, skin: skin)
    let quantities = probe.field.requirements.quantities
    _ = try probe.measure(quantities)
    _ = try probe.measure(quantities)
    for set in [quantities, [.forces]] where quantities.isSuperset(of: set) {
      try probe.field.update(&probe.system, set)
      probe.displace(crystal.frame.positions.map { _ in 0.05 * skin * random.direction() })
      let builds = probe.field.rebuilds
      let blocks = try AllocationCounter.count { () throws(PotentialError) in
        try probe.field.update(&probe.system, set)
      }
      report.expect(probe.field.rebuilds == builds, "the list was built again after a small move")
      report.expect(blocks == 0, "an update asked the heap for \(blocks) blocks (quantities \(set.rawValue))")
    }
  }
}

/// Evaluates the inner model twice into the same storage.
private struct TwiceModel: PotentialModel {
  let inner: any PotentialModel
  var name: String { "twice \(inner.name)" }
  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Twice(inner: try inner.makePotential(for: table)))
  }

  struct Twice: Potential, ~Copyable {
    var inner: AnyPotential
    init(inner: consuming AnyPotential) {
      requirements = inner.requirements
      self.inner = inner
    }
    let requirements: PotentialRequirements
    mutating func reserveCapacity(atoms: Int, edges: Int) { inner.reserveCapacity(atoms: atoms, edges: edges) }
    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      try inner.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
      try inner.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
    }
  }
}

/// What a watched evaluation saw.
private final class Notes: Sendable {
  private let state = Mutex<(notes: [String], evaluations: Int)>(([], 0))
  var all: [String] { state.withLock { $0.notes } }
  var evaluations: Int { state.withLock { $0.evaluations } }
  func add(_ note: String) { state.withLock { $0.notes.append(note) } }
  func count() { state.withLock { $0.evaluations += 1 } }
}

/// Copies the inputs of the inner model before an evaluation and compares them after it.
private struct WatchedModel: PotentialModel {
  let inner: any PotentialModel
  let notes: Notes
  var name: String { "watched \(inner.name)" }
  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Watched(inner: try inner.makePotential(for: table), notes: notes))
  }

  struct Watched: Potential, ~Copyable {
    var inner: AnyPotential
    let notes: Notes
    init(inner: consuming AnyPotential, notes: Notes) {
      requirements = inner.requirements
      self.inner = inner
      self.notes = notes
    }
    let requirements: PotentialRequirements
    mutating func reserveCapacity(atoms: Int, edges: Int) { inner.reserveCapacity(atoms: atoms, edges: edges) }
    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      notes.count()
      let count = configuration.positions.count
      if count < configuration.ownedCount { notes.add("fewer positions than owned atoms") }
      if evaluation.forces.count < count { notes.add("storage for fewer forces than atoms") }
      var positions: [Vector3] = []
      var species: [Int32] = []
      for i in 0..<count {
        positions.append(configuration.positions[i])
        species.append(configuration.species[i])
      }
      var neighborsBefore: [Int32] = []
      for e in 0..<neighbors.edges.count { neighborsBefore.append(neighbors.edges.neighbors[e]) }
      try inner.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
      for i in 0..<count {
        if configuration.positions[i] != positions[i] { notes.add("the position of atom \(i) was changed") }
        if configuration.species[i] != species[i] { notes.add("the species of atom \(i) was changed") }
      }
      for e in 0..<neighbors.edges.count where neighbors.edges.neighbors[e] != neighborsBefore[e] {
        notes.add("edge \(e) was changed")
      }
    }
  }
}
