import Foundation
import TektiteCore
import TektiteTestSupport
import TektiteTrajectories
import Testing

@testable import TektiteAnalysis

@Suite("Voronoi tessellations")
struct VoronoiTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "fixtures")

  private static func frame(_ positions: [Vector3], _ cell: Cell) -> Frame {
    var frame = Frame()
    frame.cell = cell
    frame.positions = positions
    return frame
  }

  private static func cells(_ frame: Frame) -> [VoronoiCell] {
    VoronoiTessellation(radii: [Double](repeating: 0, count: frame.positions.count)).cells(frame)
  }

  @Test("Cells of a liquid, plain and radical, are those of voro++", arguments: ["plain", "radical"])
  func voro(_ kind: String) throws {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent("observables.json"))
    let oracle = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let expected = try #require((oracle["voronoi"] as? [String: Any])?[kind] as? [String: Any])
    var reader = try StructureFile.Reader(path: Self.folder.appendingPathComponent("even.nc").path, units: .lj)
    var last: Structure?
    while let next = try reader.next() { last = next }
    let structure = try #require(last)
    let radii = kind == "plain" ? [0.5, 0.5] : [0.5, 0.44]
    let cells = VoronoiTessellation(radii: structure.topology.species.map { radii[Int($0)] }).cells(structure.frame)
    let index = try #require(expected["index"] as? [[Int]])
    let faces = try #require(expected["faces"] as? [Int])
    let volumes = try #require(expected["volume"] as? [Double])
    #expect(cells.count == 150)
    for (atom, cell) in cells.enumerated() {
      // voro++ computes with doubles, too; its smallest face here has the area 4e-7.
      #expect(abs(cell.volume - volumes[atom]) < 1e-12 * volumes[atom], "atom \(atom)")
      #expect(cell.faces == faces[atom], "atom \(atom)")
      let s = cell.signature
      #expect([s.n3, s.n4, s.n5, s.n6] == index[atom], "atom \(atom)")
    }
    #expect(abs(cells.reduce(0) { $0 + $1.volume } - 125) < 1e-11)
  }

  @Test("Perfect crystals: faces that touch at corners only are none")
  func crystals() {
    // Of simple cubic the cube, of bcc the truncated octahedron, of fcc and hcp rhombic dodecahedra of twelve quadrangles.
    let fcc = [Vector3.zero, Vector3(0.5, 0.5, 0), Vector3(0.5, 0, 0.5), Vector3(0, 0.5, 0.5)]
    let bcc = [Vector3.zero, Vector3(0.5, 0.5, 0.5)]
    let expected: [([Vector3], VoronoiCell.Signature)] = [
      ([.zero], .init(n3: 0, n4: 6, n5: 0, n6: 0)), (bcc, .init(n3: 0, n4: 6, n5: 0, n6: 8)),
      (fcc, .init(n3: 0, n4: 12, n5: 0, n6: 0)),
    ]
    for (basis, signature) in expected {
      for side in [1, 3] {
        var positions: [Vector3] = []
        for a in 0..<side {
          for b in 0..<side {
            for c in 0..<side {
              for part in basis { positions.append(Vector3(Double(a), Double(b), Double(c)) + part) }
            }
          }
        }
        // One cube is a cell smaller than the reach of the search, so that images of the atom itself are its neighbours.
        let cells = Self.cells(Self.frame(positions, .cubic(Double(side))))
        #expect(cells.count == positions.count)
        for cell in cells {
          #expect(cell.signature == signature)
          #expect(cell.faces == signature.n4 + signature.n6)
          #expect(abs(cell.volume - 1 / Double(basis.count)) < 1e-13)
        }
      }
    }
  }

  @Test("Volumes sum to the cell's, faces have two sides", arguments: CellShape.bulk)
  func sums(_ shape: CellShape) {
    var random = SeededGenerator(seed: 21)
    let recipe = Sample(table: [Species("A"), Species("B")], minimumDistance: 0.3, density: 1)
    for (atoms, noise) in [(1, 0), (8, 0.3), (125, 0.1), (343, 0.5)] {
      let structure = recipe.lattice(shape, atoms: atoms, noise: noise, using: &random)
      let frame = structure.frame
      for radii in [[0, 0], [0.5, 0.4], [0.2, 0.8]] {
        let cells = VoronoiTessellation(radii: structure.topology.species.map { radii[Int($0)] }).cells(frame)
        let sum = cells.reduce(0) { $0 + $1.volume }
        let volume = frame.cell.volume ?? 0
        #expect(abs(sum - volume) < 1e-11 * volume, "\(atoms) atoms, radii \(radii)")
        // Euler: with three faces at a corner, Σ (6 − n) f_n is 12 for every polyhedron; here only the sides are counted.
        var areas: [[Int32]: Double] = [:]
        for (atom, cell) in cells.enumerated() {
          #expect(cell.neighbors.allSatisfy { $0 >= 0 })
          for (neighbor, area) in zip(cell.neighbors, cell.areas) {
            areas[[Int32(atom), neighbor], default: 0] += area
          }
        }
        for (pair, area) in areas { #expect(abs(area - (areas[[pair[1], pair[0]]] ?? 0)) < 1e-9) }
      }
    }
  }

  @Test("Every point near an atom is in its cell: random points belong to the smallest power distance")
  func points() {
    var random = SeededGenerator(seed: 22)
    let recipe = Sample(table: [Species("A"), Species("B")], minimumDistance: 0.6, density: 1)
    let structure = recipe.lattice(.triclinic, atoms: 64, noise: 0.3, using: &random)
    let frame = structure.frame
    let radii = structure.topology.species.map { $0 == 0 ? 0.6 : 0.35 }
    let cells = VoronoiTessellation(radii: radii).cells(frame)
    var hits = [Int](repeating: 0, count: 64)
    let count = 100_000
    for _ in 0..<count {
      let point = Vector3(random.uniform(), random.uniform(), random.uniform()) * frame.cell.vectors
      var best = (power: Double.infinity, atom: 0)
      for (atom, position) in frame.positions.enumerated() {
        for image in BruteForce.images(from: point, to: position, cell: frame.cell, radius: 1.8) {
          let power = image.vector.lengthSquared - radii[atom] * radii[atom]
          if power < best.power { best = (power, atom) }
        }
      }
      hits[best.atom] += 1
    }
    let volume = frame.cell.volume ?? 0
    for (atom, cell) in cells.enumerated() {
      let expected = Double(count) * cell.volume / volume
      // Five standard deviations of a count.
      #expect(abs(Double(hits[atom]) - expected) < 5 * expected.squareRoot() + 1, "atom \(atom)")
    }
  }

  @Test("A small atom within a large one has no cell; what cannot be tessellated has none either")
  func empty() {
    let frame = Self.frame([.zero, Vector3(0.2, 0, 0), Vector3(2, 2, 2)], .cubic(4))
    let cells = VoronoiTessellation(radii: [1, 0.1, 0.5]).cells(frame)
    #expect(cells[1].volume == 0 && cells[1].faces == 0)
    #expect(abs(cells[0].volume + cells[2].volume - 64) < 1e-11)
    #expect(Self.cells(Self.frame([.zero], .open)).isEmpty)
    #expect(Self.cells(Self.frame([Vector3(.nan, 0, 0)], .cubic(1))).isEmpty)
    #expect(Self.cells(Self.frame([], .cubic(1))).isEmpty)
  }

  @Test("Atoms at the edge of a large hole are followed as far as it goes")
  func hole() {
    var random = SeededGenerator(seed: 23)
    var positions: [Vector3] = []
    for _ in 0..<400 { positions.append(Vector3(random.uniform(), random.uniform(), random.uniform()) * 5.0) }
    positions.append(Vector3(15, 15, 15))
    let cells = Self.cells(Self.frame(positions, .cubic(25)))
    #expect(abs(cells.reduce(0) { $0 + $1.volume } - 15625) < 1e-7)
    #expect(cells[400].volume > 1000)
  }
}
