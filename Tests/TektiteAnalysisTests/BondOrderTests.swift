import Foundation
import TektiteCore
import TektiteTestSupport
import TektiteTrajectories
import Testing

@testable import TektiteAnalysis

@Suite("Bond-orientational order")
struct BondOrderTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "fixtures")

  private static func oracle() throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent("observables.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// A centre with its shell, in open space; only the centre has neighbours.
  private static func shell(_ vectors: [Vector3]) -> NeighborTable {
    var table = NeighborTable(atoms: vectors.count + 1)
    for (k, vector) in vectors.enumerated() { table.append(k + 1, vector) }
    table.endRow()
    for _ in vectors { table.endRow() }
    return table
  }

  /// Known to eight digits and computed with numpy to sixteen: q and w of the six perfect shells.
  @Test(
    "Perfect shells",
    arguments: [
      ("fcc", 0.19094065, 0.57452426, 0.40391456), ("hcp", 0.09722222, 0.48476169, 0.31699245),
      ("bcc8", 0.50917508, 0.62853936, 0.21276158), ("bcc14", 0.03636965, 0.51068823, 0.42932247),
      ("icosahedron", 0, 0.66332496, 0), ("sc", 0.76376262, 0.35355339, 0.71807033),
    ])
  func shells(_ name: String, _ q4: Double, _ q6: Double, _ q8: Double) throws {
    let shells = try #require(try Self.oracle()["shells"] as? [String: Any])
    let shell = try #require(shells[name] as? [String: Any])
    let rows = try #require(shell["vectors"] as? [[Double]])
    let order = try BondOrder(degrees: [4, 6, 8])
    var random = SeededGenerator(seed: 1)
    // The numbers are invariants: any orientation, any order of the neighbours.
    for turn in 0..<4 {
      let rotation = turn == 0 ? Matrix3.identity : random.rotation()
      let vectors = rows.map { Vector3($0[0], $0[1], $0[2]) * rotation }.shuffled(using: &random)
      let moments = order.moments(Self.shell(vectors))
      for (degree, (l, table)) in zip([4, 6, 8], [q4, q6, q8]).enumerated() {
        let q = order.order(moments, degree, atoms: 1)[0]
        #expect(abs(q - table) < 6e-9, "\(name) q\(l)")
        #expect(abs(q - (try #require(shell["q\(l)"] as? Double))) < 1e-14, "\(name) q\(l)")
        let w = order.third(moments, degree, atoms: 1)[0]
        if let expected = shell["normalized_w\(l)"] as? Double {
          #expect(abs(w - expected) < 1e-13, "\(name) w\(l)")
        } else {
          #expect(w.isNaN, "\(name) w\(l)")
        }
      }
    }
  }

  @Test("Two neighbours at an angle: q_l² is (1 + P_l(cos))/2 by the addition theorem; odd degrees, too")
  func legendre() throws {
    let order = try BondOrder(degrees: [1, 2, 3, 12])
    for angle in [0.3, 1.0, 2.5] {
      let c = cos(angle)
      let table = Self.shell([Vector3(0, 0, 2), Vector3(3 * sin(angle), 0, 3 * c)])
      let moments = order.moments(table)
      for (degree, legendre) in [c, (3 * c * c - 1) / 2, (5 * c * c - 3) * c / 2].enumerated() {
        let q = order.order(moments, degree, atoms: 1)[0]
        #expect(abs(q * q - (1 + legendre) / 2) < 1e-14)
      }
      // Bonnet's recurrence to degree 12.
      var (p, previous) = (c, 1.0)
      for l in 1..<12 { (p, previous) = ((Double(2 * l + 1) * c * p - Double(l) * previous) / Double(l + 1), p) }
      let q = order.order(moments, 3, atoms: 1)[0]
      #expect(abs(q * q - (1 + p) / 2) < 1e-13)
    }
  }

  @Test("Atoms of a liquid, against numpy (which freud confirms to single precision)")
  func liquid() throws {
    let oracle = try Self.oracle()
    let expected = try #require(oracle["bond_order"] as? [String: Any])
    var reader = try StructureFile.Reader(path: Self.folder.appendingPathComponent("even.nc").path, units: .lj)
    var last: Structure?
    while let next = try reader.next() { last = next }
    let structure = try #require(last)
    let table = NeighborFinder(.radius(1.45), structure.topology).table(structure.frame)
    let counts = try #require(expected["neighbors"] as? [Int])
    #expect((0..<table.count).map { table[$0].count } == counts)
    let order = try BondOrder(degrees: [4, 6])
    let moments = order.moments(table)
    let averaged = order.averaged(moments, table)
    for (degree, l) in [4, 6].enumerated() {
      let q = order.order(moments, degree, atoms: table.count)
      let third = order.third(moments, degree, atoms: table.count)
      // Harmonics are made with Y_lm of length √((2l+1)/4π) there.
      let raw = zip(third, q).map { $0 * pow($1 * (Double(2 * l + 1) / (4 * .pi)).squareRoot(), 3) }
      for (name, found, bound) in [
        ("q\(l)", q, 1e-13), ("averaged_q\(l)", order.order(averaged, degree, atoms: table.count), 1e-13),
        ("w\(l)", raw, 1e-14), ("normalized_w\(l)", third, 1e-11),
      ] {
        var worst = Discrepancy()
        worst.compare(found, try #require(expected[name] as? [Double]), name)
        #expect(worst.difference < bound, "\(worst)")
      }
    }
  }

  @Test("The k nearest, and radii of pairs, are those of sorting and of asking everyone", arguments: CellShape.allCases)
  func rules(_ shape: CellShape) throws {
    var random = SeededGenerator(seed: 2)
    let recipe = Sample(table: [Species("A"), Species("B")], weights: [3, 1], minimumDistance: 0.8, density: 1.1)
    var structure = recipe.lattice(shape, atoms: 125, noise: 0.25, using: &random)
    // One far from all others, where space is open: nearest neighbours are found there, too.
    if !structure.frame.cell.periodic.c { structure.frame.positions[3].z += 40 }
    let frame = structure.frame
    let nearest = NeighborFinder(.nearest(12), structure.topology).table(frame)
    let radii = NeighborRule.radii([.init("A", "A", 1.5), .init("B", "A", 1.2), .init("B", "B", 0.9)])
    let within = NeighborFinder(radii, structure.topology).table(frame)
    let all = BruteForce.pairs(frame.positions, cell: frame.cell, radius: 3.5)
    for atom in frame.positions.indices {
      let own = all.filter { $0.i == atom }
      if own.count >= 12 {
        let distances = own.map(\.vector.length).sorted()
        #expect(nearest[atom].count == 12)
        for (k, entry) in nearest[atom].enumerated() {
          #expect(abs(nearest.vectors[entry].length - distances[k]) < 1e-12)
        }
      } else {
        #expect(nearest[atom].count == 12 && shape.rawValue != "cubic")
      }
      let species = structure.topology.species
      let expected = own.filter { pair in
        let kinds = species[pair.i] + species[pair.j]
        return pair.vector.length < (kinds == 0 ? 1.5 : kinds == 1 ? 1.2 : 0.9)
      }
      #expect(within[atom].map { Int(within.neighbors[$0]) }.sorted() == expected.map(\.j).sorted())
    }
  }

  @Test("Atoms without neighbours have no order, and a frame with holes is no reason to stop")
  func alone() throws {
    var frame = Frame()
    frame.positions = [.zero, Vector3(10, 0, 0), Vector3(11, 0, 0)]
    let topology = Topology(table: [Species("A")], species: [0, 0, 0])
    let order = try BondOrder(degrees: [6])
    let table = NeighborFinder(.radius(1.5), topology).table(frame)
    let q = order.order(order.moments(table), 0, atoms: 3)
    #expect(q[0].isNaN && abs(q[1] - 1) < 1e-15 && abs(q[2] - 1) < 1e-15)
    frame.positions[1].x = .infinity
    #expect(NeighborFinder(.nearest(2), topology).table(frame) == .empty(3))
  }

  @Test("The same bits for any number of threads")
  func threads() throws {
    var random = SeededGenerator(seed: 8)
    let recipe = Sample(table: [Species("A")], minimumDistance: 0.8, density: 1.1)
    let structure = recipe.lattice(.triclinic, atoms: 1000, noise: 0.25, using: &random)
    let order = try BondOrder(degrees: [4, 6])
    let found = [1, 2, 5].map { threads in
      let table = NeighborFinder(.radius(1.4), structure.topology, threads: threads).table(structure.frame)
      return order.order(order.averaged(order.moments(table), table), 1, atoms: table.count)
    }
    #expect(found[0] == found[1] && found[0] == found[2])
  }
}

@Suite("Crystallinity")
struct CrystallinityTests {
  /// A crystal of `cells`³ cubes with atoms at the given parts of a cube.
  private static func crystal(_ basis: [Vector3], cells: Int, noise: Double) -> (frame: Frame, topology: Topology) {
    var random = SeededGenerator(seed: 12)
    var frame = Frame()
    frame.cell = .cubic(Double(cells))
    for a in 0..<cells {
      for b in 0..<cells {
        for c in 0..<cells {
          for part in basis {
            frame.positions.append(Vector3(Double(a), Double(b), Double(c)) + part + noise * random.normalVector())
          }
        }
      }
    }
    return (
      frame, Topology(table: [Species("A")], species: [Int32](repeating: 0, count: frame.positions.count))
    )
  }

  private static let fcc = [Vector3.zero, Vector3(0.5, 0.5, 0), Vector3(0.5, 0, 0.5), Vector3(0, 0.5, 0.5)]

  @Test("All of a crystal is solid-like, and with all bonds where it is perfect")
  func crystal() throws {
    for noise in [0, 0.03] {
      let (frame, topology) = Self.crystal(Self.fcc, cells: 4, noise: noise)
      let result = try Crystallinity()(frame, topology)
      #expect(result.fraction == 1)
      if noise == 0 {
        #expect(result.bonds == [Int](repeating: 12, count: 256))
        for q in result.averagedOrder { #expect(abs(q - 0.57452426) < 1e-8) }
      }
    }
  }

  @Test("None of a gas is, and a crystal within a gas counts for itself")
  func gas() throws {
    var random = SeededGenerator(seed: 4)
    let recipe = Sample(table: [Species("A")], minimumDistance: 0.9, density: 0.8)
    let gas = recipe.gas(.cubic, atoms: 300, using: &random)
    #expect(try Crystallinity()(gas.frame, gas.topology).fraction < 0.02)
    let (perfect, topology) = Self.crystal(Self.fcc, cells: 6, noise: 0)
    var frame = perfect
    // Half of the crystal is thrown about.
    let moved = frame.positions.count { $0.x > 2.9 }
    for i in frame.positions.indices where frame.positions[i].x > 2.9 {
      frame.positions[i] += Vector3(random.uniform(-0.4...0.4), random.uniform(-0.4...0.4), random.uniform(-0.4...0.4))
    }
    let fraction = try Crystallinity()(frame, topology).fraction
    // One layer of twelve at each of the two surfaces may count either way.
    #expect(abs(fraction - (1 - Double(moved) / Double(frame.positions.count))) < 0.17)
    #expect(throws: InputError.self) { try Crystallinity(degree: 13)(frame, topology) }
  }

  @Test("Criteria that make no sense are refused in words")
  func refusals() {
    let topology = Topology(table: [Species("A"), Species("Bc")], species: [0, 1, 0, 1])
    func problem(_ criterion: Crystallinity, _ cell: Cell = .cubic(5)) -> String {
      criterion.problem(topology, cell, .lj) ?? "none"
    }
    #expect(problem(Crystallinity(degree: 0)).contains("degrees go from 1 to 12"))
    #expect(problem(Crystallinity(threshold: 1.5)).contains("between -1 and 1"))
    #expect(problem(Crystallinity(bonds: 0)).contains("at least 1"))
    #expect(problem(Crystallinity(neighbors: .nearest(4), bonds: 7)).contains("among 4 neighbours"))
    #expect(problem(Crystallinity(), .open).contains("need more than 4 atoms"))
    #expect(problem(Crystallinity(neighbors: .radius(-1))).contains("greater than 0"))
    #expect(problem(Crystallinity(neighbors: .radius(50))).contains("first shell"))
    let some = NeighborRule.radii([.init("A", "A", 1), .init("A", "Bc", 1)])
    #expect(problem(Crystallinity(neighbors: some)).contains("lack the pair Bc-Bc"))
    let wrong = NeighborRule.radii([.init("A", "Bd", 1)])
    #expect(problem(Crystallinity(neighbors: wrong)).contains("did you mean 'Bc'"))
    #expect(problem(Crystallinity()) == "none")
  }
}
