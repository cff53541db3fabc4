import TektiteCore
import TektiteTestSupport
import Testing

// The oracle itself, against cases that can be counted by hand.
@Suite("Brute-force neighbours")
struct BruteForceTests {
  @Test("shells of the simple cubic lattice from a cell of one atom")
  func shells() {
    for (radius, neighbors) in [(0.9, 0), (1.1, 6), (1.5, 18), (1.8, 26), (2.1, 32), (2.3, 56)] {
      let pairs = BruteForce.pairs([Vector3(0.3, 0.1, 0.7)], cell: .cubic(1), radius: radius)
      #expect(pairs.count == neighbors, "radius \(radius)")
    }
  }

  @Test("a chain and a sheet see only the directions that repeat")
  func partialPeriodicity() {
    let chain = Cell(Matrix3(.zero, Vector3(0, 1, 0), .zero), periodic: Periodicity(false, true, false))
    #expect(BruteForce.pairs([.zero], cell: chain, radius: 2.5).count == 4)
    let sheet = Cell(
      Matrix3(Vector3(1, 0, 0), Vector3(0, 1, 0), Vector3(0, 0, 1)), periodic: Periodicity(true, true, false))
    #expect(BruteForce.pairs([.zero], cell: sheet, radius: 1.5).count == 8)
    #expect(BruteForce.pairs([.zero, Vector3(1, 0, 0)], cell: .open, radius: 1.5).count == 2)
  }

  @Test(
    "both directions of a pair are there, and the number of pairs does not depend on where images are",
    arguments: CellShape.allCases)
  func symmetry(_ shape: CellShape) {
    var random = SeededGenerator(seed: 41)
    let sample = Sample(table: [Species("A")], minimumDistance: 0.5, density: 0.9)
    let structure = sample.gas(shape, atoms: 9, using: &random)
    let cell = structure.frame.cell
    let pairs = BruteForce.pairs(structure.frame.positions, cell: cell, radius: 2)
    let keys = Set(pairs.map { [$0.i, $0.j, Int($0.shift.a), Int($0.shift.b), Int($0.shift.c)] })
    #expect(keys.count == pairs.count && !pairs.isEmpty)
    for pair in pairs {
      #expect(keys.contains([pair.j, pair.i, -Int(pair.shift.a), -Int(pair.shift.b), -Int(pair.shift.c)]))
    }
    var far = structure.frame.positions
    for atom in far.indices {
      var by = Vector3.zero
      for axis in 0..<3 where cell.periodic[axis] { by[axis] = Double(random.integer(-40..<41)) }
      far[atom] += by * cell.vectors
    }
    #expect(BruteForce.pairs(far, cell: cell, radius: 2).count == pairs.count)
  }

  @Test("samples keep their distance and have their density", arguments: CellShape.allCases)
  func samples(_ shape: CellShape) {
    var random = SeededGenerator(seed: 42)
    let sample = Sample(
      table: [Species("A", mass: 1), Species("B", mass: 1)], weights: [4, 1], minimumDistance: 0.75, density: 0.6)
    let gas = sample.gas(shape, atoms: 60, using: &random)
    #expect(gas.count == 60 && gas.topology.composition.allSatisfy { $0 > 0 })
    #expect(BruteForce.pairs(gas.frame.positions, cell: gas.frame.cell, radius: 0.75).isEmpty)
    if let volume = gas.frame.cell.volume { #expect(abs(volume - 100) < 1e-9) }
    var again = SeededGenerator(seed: 42)
    #expect(sample.gas(shape, atoms: 60, using: &again) == gas)
  }
}
