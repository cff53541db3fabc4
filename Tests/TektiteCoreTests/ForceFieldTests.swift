import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

@Suite("Force field and neighbour list")
struct ForceFieldTests {
  static let sample = Sample(table: [Species("A", mass: 1), Species("B", mass: 1)], minimumDistance: 0.6, density: 0.9)

  // Clusters of 16 are what AVX-512 works on in single precision; the list finds their neighbours on any processor.
  @Test(
    "every pair is there once, in every shape and size of cell, for every width of cluster",
    arguments: CellShape.allCases, [4, 8, 16])
  func completeness(_ shape: CellShape, width: Int) throws {
    var random = SeededGenerator(seed: 31)
    // From one atom, whose cell is smaller than the cutoff, to some hundred, where the cell is wider than twice the cutoff.
    for count in [1, 2, 3, 7, 20, 60, 150] {
      for (cutoff, skin) in [(1.4, 0.0), (1.4, 0.3), (2.5, 0.4)] where count < 100 || cutoff < 2 {
        let probe = ListProbe(cutoff: cutoff, farthest: cutoff + skin + 1e-9, width: width)
        let structure = Self.sample.gas(shape, atoms: count, using: &random)
        var driven = try Probe(probe, structure, skin: skin)
        _ = try driven.measure(.energy)
        #expect(
          probe.findings.complaints.isEmpty,
          "\(count) atoms, \(shape), \(cutoff), \(skin), \(width): \(probe.findings.complaints.first ?? "")")
        #expect(probe.findings.evaluations == 1)
      }
    }
  }

  @Test("atoms many cells away are found where their images are", arguments: CellShape.allCases, [4, 8, 16])
  func outsideAtoms(_ shape: CellShape, width: Int) throws {
    var random = SeededGenerator(seed: 32)
    for count in [2, 25] {
      var structure = Self.sample.gas(shape, atoms: count, using: &random)
      let cell = structure.frame.cell
      for atom in 0..<count {
        var by = Vector3.zero
        for axis in 0..<3 where cell.periodic[axis] { by[axis] = Double(random.integer(-9..<10)) }
        structure.frame.positions[atom] += by * cell.vectors
      }
      let probe = ListProbe(cutoff: 1.6, farthest: 1.9 + 1e-9, width: width)
      var driven = try Probe(probe, structure, skin: 0.3)
      _ = try driven.measure(.energy)
      #expect(probe.findings.complaints.isEmpty, "\(count) atoms, \(shape): \(probe.findings.complaints.first ?? "")")
      #expect(probe.findings.pairs > 0)
    }
  }

  @Test(
    "in random motion no pair is ever missed, and the list is built exactly when an atom moved half the skin",
    arguments: [CellShape.cubic, .triclinic, .leftHanded, .slab, .wire, .open])
  func motion(_ shape: CellShape) throws {
    var random = SeededGenerator(seed: 33)
    let skin = 0.35
    let structure = Self.sample.gas(shape, atoms: 30, using: &random)
    // Between builds two atoms may each have gone half the skin apart.
    let probe = ListProbe(cutoff: 1.5, farthest: 1.5 + 2 * skin + 1e-9)
    var driven = try Probe(probe, structure, skin: skin)
    _ = try driven.measure(.energy)
    var frame = Frame()
    driven.system.copy(into: &frame)
    var reference = frame.positions
    var builds = driven.field.rebuilds
    #expect(builds == 1)
    for step in 0..<120 {
      // Now and then a long jump, mostly small steps.
      let size = step % 17 == 16 ? 2.0 : 0.04
      driven.displace(frame.positions.map { _ in size * random.normalVector() })
      driven.system.copy(into: &frame)
      let farthest = zip(frame.positions, reference).map { ($0 - $1).length }.max() ?? 0
      let due = farthest >= skin / 2
      _ = try driven.measure(.energy)
      #expect(driven.field.rebuilds == builds + (due ? 1 : 0), "step \(step): the farthest atom moved \(farthest)")
      builds = driven.field.rebuilds
      driven.system.copy(into: &frame)
      if due { reference = frame.positions }
    }
    #expect(builds > 15 && builds < 110, "\(builds) builds: the test lost its point")
    #expect(probe.findings.complaints.isEmpty, "\(shape): \(probe.findings.complaints.first ?? "")")
  }

  @Test("just under half the skin keeps the list, just over it builds anew")
  func threshold() throws {
    var random = SeededGenerator(seed: 34)
    let skin = 0.5
    for (part, builds) in [(0.4999, 1), (0.5001, 2)] {
      let structure = Self.sample.gas(.triclinic, atoms: 20, using: &random)
      var driven = try Probe(ListProbe(cutoff: 1.5, farthest: 9), structure, skin: skin)
      _ = try driven.measure(.energy)
      var moves = [Vector3](repeating: .zero, count: 20)
      moves[13] = part * skin * random.direction()
      driven.displace(moves)
      _ = try driven.measure(.energy)
      #expect(driven.field.rebuilds == builds)
    }
  }

  @Test("a skin of zero builds at every change, and a new cell or a call of invalidate builds too")
  func reasonsToBuild() throws {
    var random = SeededGenerator(seed: 35)
    let structure = Self.sample.gas(.cubic, atoms: 20, using: &random)
    let probe = ListProbe(cutoff: 1.5, farthest: 1.5 + 1e-9)
    var driven = try Probe(probe, structure, skin: 0)
    for step in 1...5 {
      driven.displace((0..<20).map { _ in 1e-3 * random.normalVector() })
      _ = try driven.measure(.energy)
      #expect(driven.field.rebuilds == step)
    }
    var wide = try Probe(ListProbe(cutoff: 1.5, farthest: 9), structure, skin: 0.3)
    _ = try wide.measure(.energy)
    _ = try wide.measure(.energy)
    #expect(wide.field.rebuilds == 1)
    wide.field.invalidate()
    _ = try wide.measure(.energy)
    #expect(wide.field.rebuilds == 2)
  }

  @Test("rebuilds move slots around, and the user does not notice")
  func invisibleOrder() throws {
    var random = SeededGenerator(seed: 36)
    var structure = Self.sample.lattice(.triclinic, atoms: 343, noise: 0.1, using: &random)
    structure.frame.velocities = structure.frame.positions.map { _ in random.normalVector() }
    structure.topology.masses = structure.frame.positions.indices.map { 1 + Double($0) / 100 }
    var driven = try Probe(ListProbe(cutoff: 1.2, farthest: 9), structure, skin: 0.3)
    var expected = structure.frame.positions
    for _ in 0..<4 {
      _ = try driven.measure(.energy)
      var frame = Frame()
      driven.system.copy(into: &frame)
      var worst = Discrepancy()
      worst.compare(frame.positions, expected, "position")
      // Wrapping costs a rounding of the lattice vector, of size 8, at each of four rebuilds.
      #expect(worst.difference < 1e-13, "\(worst)")
      #expect(frame.velocities == structure.frame.velocities && driven.system.topology == structure.topology)
      #expect(Set(driven.system.identity.array()) == Set(0..<343))
      let moves = expected.map { _ in 0.8 * random.normalVector() }
      driven.displace(moves)
      for atom in expected.indices { expected[atom] += moves[atom] }
    }
    #expect(driven.field.rebuilds == 4)
  }

  @Test("a driver that has seen its largest list rebuilds without new storage")
  func rebuildsAllocateNothing() throws {
    guard AllocationCounter.isAvailable else { return }
    let sample = Sample(table: [Species("A")], minimumDistance: 0.6, density: 0.9)
    var random = SeededGenerator(seed: 37)
    let structure = sample.lattice(.cubic, atoms: 512, noise: 0.02, using: &random)
    var driven = try Probe(Nothing(), structure, skin: 0.3)
    for _ in 0..<3 {
      driven.field.invalidate()
      try driven.field.update(&driven.system)
    }
    driven.field.invalidate()
    let blocks = try AllocationCounter.count { () throws(PotentialError) in try driven.field.update(&driven.system) }
    #expect(driven.field.rebuilds == 4)
    // Storage grows with atoms, cells or edges, so would mean hundreds of blocks or a growing number; a closure may cost one.
    #expect(blocks <= 4, "a rebuild asked for \(blocks) blocks")
  }

  /// Needs edges, computes nothing.
  struct Nothing: PotentialModel {
    var name: String { "nothing" }
    func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential { AnyPotential(Worker()) }
    struct Worker: Potential, ~Copyable {
      var requirements: PotentialRequirements { PotentialRequirements(cutoff: 1.5, lists: .edges) }
      mutating func reserveCapacity(atoms: Int, edges: Int) {}
      mutating func evaluate(
        _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
        into evaluation: inout Evaluation, in context: ExecutionContext
      ) throws(PotentialError) {}
    }
  }

  @Test("a species that the model does not know is named")
  func unknownSpecies() throws {
    let sample = Sample(table: [Species("Q")], minimumDistance: 0.6, density: 0.9)
    let structure = sample.isolated(atoms: 2, spacing: 1)
    let model = try LennardJones.kobAndersen()
    #expect(throws: PotentialError.self) { _ = try Measurement(model, of: structure) }
    do {
      _ = try Measurement(model, of: structure)
    } catch PotentialError.unknownSpecies(let label, let known, _) {
      #expect(label == "Q" && known == ["A", "B"])
    }
  }
}
