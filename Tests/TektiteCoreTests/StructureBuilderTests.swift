import TektiteCore
import Testing

@Suite("Structure builder")
struct StructureBuilderTests {
  /// The smallest distance between two atoms, images included, by looking at all pairs.
  private func smallestDistance(_ structure: Structure) -> Double {
    let p = structure.frame.positions
    let cell = structure.frame.cell
    var least = Double.infinity
    let range = (0..<3).map { cell.periodic[$0] ? -1...1 : 0...0 }
    for i in p.indices {
      for j in i..<p.count {
        for a in range[0] {
          for b in range[1] {
            for c in range[2] where !(i == j && a == 0 && b == 0 && c == 0) {
              let d = p[j] - p[i] + Vector3(Double(a), Double(b), Double(c)) * cell.vectors
              least = min(least, d.lengthSquared)
            }
          }
        }
      }
    }
    return least.squareRoot()
  }

  private func builder(_ lattice: Lattice, _ counts: [Int], cell: Cell, distance: Double? = nil, seed: UInt64 = 1)
    -> StructureBuilder
  {
    let species = ["A", "B", "C"]
    return StructureBuilder(
      lattice, counts: zip(species, counts).map { StructureBuilder.Count(Species($0), $1) }, cell: cell,
      minimumDistance: distance, seed: seed)
  }

  // Nearest-neighbour distances in units of the cubic cell: 1, √3/2, √2/2, √3/4.
  @Test(
    "A lattice that counts fill has its neighbour distance and no vacancies",
    arguments: [
      (Lattice.sc, 125, 5, 1.0), (.bcc, 128, 4, 0.866_025_403_784_438_6), (.fcc, 256, 4, 0.707_106_781_186_547_6),
      (.diamond, 216, 3, 0.433_012_701_892_219_3),
    ])
  func perfect(_ lattice: Lattice, _ count: Int, _ cells: Int, _ distance: Double) {
    let side = 1.7 * Double(cells)
    let result = builder(lattice, [count - 20, 20], cell: .cubic(side)).build()
    #expect(result.vacancies == 0 && result.structure.count == count)
    #expect(result.structure.topology.composition == [count - 20, 20])
    // Sums and products of a few numbers of order 10.
    #expect(abs(smallestDistance(result.structure) - 1.7 * distance) < 1e-12)
  }

  @Test(
    "Large lattices are found whatever the rounding of the side",
    arguments: [(Lattice.fcc, 10, 4), (.fcc, 27, 4), (.bcc, 13, 2), (.sc, 48, 1), (.diamond, 9, 8)])
  func exactFits(_ lattice: Lattice, _ n: Int, _ basis: Int) {
    for density in [0.1, 0.84, 1.2, 1.204, 7.3] {
      let count = n * n * n * basis
      // The side as a deck computes it from a density.
      var side = 1.0
      for _ in 0..<200 { side = (2 * side + Double(count) / density / (side * side)) / 3 }
      #expect(lattice.grid(for: count, in: .cubic(side)) == (n, n, n))
    }
  }

  @Test(
    "Counts that fill no lattice leave vacancies but never stretch it far",
    arguments: [1, 2, 3, 5, 10, 33, 100, 999, 1000, 3277, 4096, 5000])
  func vacancies(_ count: Int) {
    for lattice in [Lattice.sc, .bcc, .fcc, .diamond] {
      let (a, b, c) = lattice.grid(for: count, in: .cubic(1))
      let sites = a * b * c * lattice.basis.count
      #expect(sites >= count)
      if count >= 1000 {
        // A cube one cell larger each way, and one more row, bound the two kinds of cost at these sizes.
        #expect(Double(sites) < 1.3 * Double(count) && Double(max(a, max(b, c))) <= 1.34 * Double(min(a, min(b, c))))
      }
      let result = builder(lattice, [count], cell: .cubic(10)).build()
      #expect(result.vacancies == sites - count && Set(result.structure.frame.positions).count == count)
    }
  }

  @Test("4096 atoms leave 304 of 4400 fcc sites empty, as the guide says")
  func guide() {
    #expect(builder(.fcc, [4096], cell: .cubic(15)).build().vacancies == 304)
    #expect(builder(.fcc, [4000], cell: .cubic(15)).build().vacancies == 0)
  }

  @Test("A long box gets long rows; a slanted one a slanted lattice")
  func otherCells() {
    #expect(Lattice.sc.grid(for: 4 * 4 * 16, in: .orthorhombic(2, 2, 8)) == (4, 4, 16))
    let cell = Cell(Matrix3(Vector3(6, 0, 0), Vector3(1, 5, 0), Vector3(0, 2, 7)))
    let structure = builder(.fcc, [300, 20], cell: cell).build().structure
    let inverse = cell.vectors.inverse
    for p in structure.frame.positions {
      let f = p * inverse
      #expect(f.x > 0 && f.x < 1 && f.y > 0 && f.y < 1 && f.z > 0 && f.z < 1)
    }
  }

  @Test("Species are shuffled: B atoms do not crowd")
  func shuffled() {
    let structure = builder(.fcc, [3200, 800], cell: .cubic(10)).build().structure
    let b = structure.topology.species.indices.filter { structure.topology.species[$0] == 1 }
    // In each octant, 100 expected with a standard deviation of about 9; five of them allow nothing but a broken shuffle.
    var octants = [Int](repeating: 0, count: 8)
    for i in b {
      let p = structure.frame.positions[i]
      octants[(p.x < 5 ? 0 : 1) + (p.y < 5 ? 0 : 2) + (p.z < 5 ? 0 : 4)] += 1
    }
    for count in octants { #expect(abs(count - 100) < 45) }
  }

  @Test("The seed decides, and nothing else", arguments: Lattice.allCases)
  func deterministic(_ lattice: Lattice) {
    let cell: Cell = lattice.dimensions == 2 ? .rectangle(18, 20) : .cubic(7)
    let first = builder(lattice, [300, 50], cell: cell, seed: 3).build().structure
    #expect(first == builder(lattice, [300, 50], cell: cell, seed: 3).build().structure)
    #expect(first != builder(lattice, [300, 50], cell: cell, seed: 4).build().structure)
  }

  @Test(
    "Random atoms keep their distance",
    arguments: [
      Cell.cubic(8), Cell(Matrix3(Vector3(9, 0, 0), Vector3(4, 8, 0), Vector3(-3, 2, 7))),
      Cell(Cell.cubic(8).vectors, periodic: .none),
      Cell(Matrix3(Vector3(-8, 0, 0), Vector3(0, 9, 0), Vector3(0, 0, 7)), periodic: Periodicity(true, false, true)),
      .orthorhombic(3, 20, 9),
    ])
  func random(_ cell: Cell) {
    let result = builder(.random, [400, 100], cell: cell).build()
    let kept = result.minimumDistance ?? 0
    #expect(kept > 0.5 && smallestDistance(result.structure) >= kept)
    let inverse = cell.vectors.inverse
    for p in result.structure.frame.positions {
      let f = p * inverse
      // Fractions come back with a rounding error of the inverse.
      #expect(f.x > -1e-12 && f.x < 1 && f.y > -1e-12 && f.y < 1 && f.z > -1e-12 && f.z < 1)
    }
  }

  @Test("A distance that cannot be kept is relaxed")
  func relaxed() {
    let result = builder(.random, [500], cell: .cubic(5), distance: 2).build()
    let kept = result.minimumDistance ?? 0
    #expect(result.structure.count == 500 && kept < 2 && kept > 0.3)
    #expect(smallestDistance(result.structure) >= kept)
  }

  @Test("Random placement is uniform")
  func uniform() {
    let positions = builder(.random, [8000], cell: .cubic(20)).build().structure.frame.positions
    let means = positions.reduce(Vector3.zero, +) / 8000
    // The mean of 8000 uniform numbers in 0 ..< 20 has a standard deviation of 5.77/√8000 = 0.065; five of them.
    for k in 0..<3 { #expect(abs(means[k] - 10) < 0.33) }
  }

  @Test("Few atoms in large, tiny or long cells", arguments: [(1, 1e6), (1, 1e-3), (2, 1e8), (3, 1e-5)])
  func extremes(_ count: Int, _ side: Double) {
    for lattice in Lattice.allCases {
      let isPlanar = lattice.dimensions == 2
      let cell: Cell = isPlanar ? .rectangle(side, side) : .cubic(side)
      let long: Cell = isPlanar ? .rectangle(side, 1000 * side) : .orthorhombic(side, 1000 * side, side)
      #expect(builder(lattice, [count], cell: cell).build().structure.count == count)
      #expect(builder(lattice, [count, 0], cell: long).build().structure.count == count)
      #expect(builder(lattice, [count], cell: cell, distance: 1e-12 * side).build().structure.count == count)
    }
  }

  @Test("A hundred thousand atoms take a moment", arguments: [Lattice.fcc, .random])
  func fast(_ lattice: Lattice) {
    let clock = ContinuousClock()
    var structure: Structure?
    let time = clock.measure { structure = builder(lattice, [88_474, 22_118], cell: .cubic(45.17)).build().structure }
    print("\(lattice.rawValue): 110592 atoms built in \(time)")
    #expect(structure?.count == 110_592)
    // Measured well below half a second; the margin is for a busy machine.
    #expect(time < .seconds(3))
  }
}
