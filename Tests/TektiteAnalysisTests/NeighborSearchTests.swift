import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Neighbours of the atoms of a frame")
struct NeighborSearchTests {
  private struct Entry: Hashable, Comparable {
    let i, j: Int
    let vector: Vector3
    static func < (a: Entry, b: Entry) -> Bool {
      (a.i, a.j, a.vector.x, a.vector.y, a.vector.z) < (b.i, b.j, b.vector.x, b.vector.y, b.vector.z)
    }
  }

  private static let recipe = Sample(
    table: [Species("A"), Species("B")], weights: [4, 1], minimumDistance: 0.8, density: 1.1)

  private func compare(_ frame: Frame, radius: Double, threads: Int) {
    let search = NeighborSearch(threads: threads)
    guard search.find(frame, radius: radius) else {
      Issue.record("nothing was searched")
      return
    }
    let table = search.table { _, _, _ in true }
    var found: [Entry] = []
    for i in 0..<table.count {
      for entry in table[i] { found.append(Entry(i: i, j: Int(table.neighbors[entry]), vector: table.vectors[entry])) }
    }
    let expected = BruteForce.pairs(frame.positions, cell: frame.cell, radius: radius).map {
      Entry(i: $0.i, j: $0.j, vector: $0.vector)
    }
    #expect(found.count == expected.count)
    // Vectors of one pair differ by lattice vectors, so that rounding does not change their order.
    for (a, b) in zip(found.sorted(), expected.sorted()) {
      #expect(a.i == b.i && a.j == b.j && (a.vector - b.vector).length < 1e-11)
    }
  }

  @Test("They are those of looking at every image of every atom", arguments: CellShape.allCases)
  func every(_ shape: CellShape) {
    var random = SeededGenerator(seed: 3)
    for count in [1, 2, 20, 300] {
      var frame = Self.recipe.lattice(shape, atoms: count, noise: 0.2, using: &random).frame
      // Unwrapped positions lie many cells away.
      for i in frame.positions.indices where i % 3 == 0 {
        for axis in 0..<3 where frame.cell.periodic[axis] { frame.positions[i] += 5 * frame.cell.vectors[axis] }
      }
      compare(frame, radius: 1.4, threads: count % 2 + 1)
    }
  }

  @Test("Cells smaller than twice the radius show several images")
  func small() {
    var random = SeededGenerator(seed: 4)
    for shape in CellShape.bulk {
      let frame = Self.recipe.gas(shape, atoms: 3, using: &random).frame
      compare(frame, radius: 2.9, threads: 1)
    }
  }

  @Test("A search can be used again, for more and for fewer atoms; the order does not depend on threads")
  func again() {
    var random = SeededGenerator(seed: 5)
    let (one, three) = (NeighborSearch(), NeighborSearch(threads: 3))
    for count in [400, 30, 0, 500] {
      let frame = count == 0 ? Frame() : Self.recipe.lattice(.triclinic, atoms: count, noise: 0.2, using: &random).frame
      #expect(one.find(frame, radius: 1.5) && three.find(frame, radius: 1.5))
      #expect(one.table { _, _, _ in true } == three.table { _, _, _ in true })
    }
  }

  @Test("Positions that are no numbers are near nothing, and nothing traps")
  func notFinite() {
    var random = SeededGenerator(seed: 6)
    var frame = Self.recipe.gas(.cubic, atoms: 20, using: &random).frame
    frame.positions[7].y = .nan
    #expect(!NeighborSearch().find(frame, radius: 1.5))
  }

  @Test(
    "Counts of pairs by listing neighbours, and by looking at all pairs, are those of the obvious way",
    arguments: CellShape.bulk)
  func counts(_ shape: CellShape) {
    var random = SeededGenerator(seed: 7)
    // On a perfect lattice distances coincide with each other and with edges of bins.
    for (atoms, part, noise) in [
      (729, 0.3, 0.2), (729, 0.05, 0.2), (729, 0.5, 0.2), (64, 0.3, 0.2), (729, 0.35, 0), (729, 0.5, 0),
    ] {
      var structure = Self.recipe.lattice(shape, atoms: atoms, noise: noise, using: &random)
      for i in structure.frame.positions.indices where i % 5 == 0 {
        structure.frame.positions[i] -= 3 * structure.frame.cell.vectors.b
      }
      let frame = structure.frame
      let widths = frame.cell.widths
      let range = part * min(widths.x, widths.y, widths.z)
      let packing = Packing(structure.topology)
      var observable = RadialDistribution(file: "g.csv", packing: packing, range: range, bins: 50)
      observable.add(frame)
      for (index, pair) in [(0, 0), (0, 1), (1, 1)].enumerated() {
        let expected = PairCounts.histogram(
          frame.positions, kinds: structure.topology.species, Int32(pair.0), Int32(pair.1), cell: frame.cell,
          range: range, bins: 50)
        #expect(Array(observable.counts[index * 50..<(index + 1) * 50]) == expected, "\(atoms) atoms, \(part)")
        // Agreement of nothing with nothing would show little.
        if atoms > 300 && part > 0.1 && index == 0 { #expect(expected.reduce(0, +) > 200) }
      }
    }
  }
}
