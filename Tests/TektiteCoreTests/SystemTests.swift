import TektiteCore
import TektiteTestSupport
import Testing

@Suite("System")
struct SystemTests {
  static func structure(velocities: Bool) -> Structure {
    var random = SeededGenerator(seed: 11)
    let sample = Sample(table: [Species("A"), Species("B", mass: 3)], minimumDistance: 0.5, density: 0.8)
    var structure = sample.gas(.triclinic, atoms: 10, using: &random)
    if velocities { structure.frame.velocities = structure.frame.positions.map { _ in random.normalVector() } }
    return structure
  }

  @Test("a frame copied out is what was put in")
  func roundTrip() {
    let structure = Self.structure(velocities: true)
    let system = System(structure, units: .lj)
    var frame = Frame()
    system.copy(into: &frame)
    #expect(frame.positions == structure.frame.positions && frame.velocities == structure.frame.velocities)
    #expect(frame.cell == structure.frame.cell && system.topology == structure.topology && system.count == 10)
    system.copy(into: &frame, velocities: false)
    #expect(frame.velocities.isEmpty)
    let cold = System(Self.structure(velocities: false), units: .real)
    #expect(cold.velocities.array().allSatisfy { $0 == .zero } && cold.units == .real)
  }

  @Test("slots in any order come out in the user's order, unwrapped by their image counts")
  func reordered() {
    let structure = Self.structure(velocities: true)
    let original = System(structure, units: .lj)
    var shuffled = System(structure, units: .lj)
    var random = SeededGenerator(seed: 12)
    let h = structure.frame.cell.vectors
    for (slot, atom) in random.permutation(10).enumerated() {
      let n = (random.integer(-2..<3), random.integer(-2..<3), random.integer(-2..<3))
      shuffled.images[slot] = ImageCount(Int32(n.0), Int32(n.1), Int32(n.2))
      shuffled.positions[slot] = original.positions[atom] - Vector3(Double(n.0), Double(n.1), Double(n.2)) * h
      shuffled.velocities[slot] = original.velocities[atom]
      shuffled.species[slot] = original.species[atom]
      shuffled.masses[slot] = original.masses[atom]
      shuffled.identity[slot] = Int32(atom)
    }
    var frame = Frame()
    shuffled.copy(into: &frame)
    var worst = Discrepancy()
    worst.compare(frame.positions, structure.frame.positions, "position")
    #expect(worst.difference < 1e-13, "\(worst)")
    #expect(frame.velocities == structure.frame.velocities && shuffled.topology == structure.topology)

    var values = Buffer<Double>(count: 10)
    var vectors = Buffer<Vector3>(count: 10)
    for slot in 0..<10 {
      values[slot] = Double(shuffled.identity[slot]) * 1.5
      vectors[slot] = Vector3(Double(shuffled.identity[slot]), 0, 1)
    }
    var array: [Double] = []
    var list: [Vector3] = []
    shuffled.scatter(values, into: &array)
    shuffled.scatter(vectors, into: &list)
    #expect(array == (0..<10).map { Double($0) * 1.5 } && list == (0..<10).map { Vector3(Double($0), 0, 1) })
  }

  @Test("copying into a used frame allocates nothing")
  func allocations() {
    guard AllocationCounter.isAvailable else { return }
    let system = System(Self.structure(velocities: true), units: .lj)
    var frame = Frame()
    var forces: [Vector3] = []
    let buffer = Buffer<Vector3>(count: 10)
    system.copy(into: &frame)
    system.scatter(buffer, into: &forces)
    let blocks = AllocationCounter.count {
      system.copy(into: &frame)
      system.scatter(buffer, into: &forces)
    }
    #expect(blocks == 0)
  }
}
