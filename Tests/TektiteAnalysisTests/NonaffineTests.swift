import Foundation
import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Non-affine displacements against numpy")
struct NonaffineTests {
  /// What `make-nonaffine-fixtures.py` found.
  private struct Expected: Decodable {
    var radius: Double
    var cell: [[Double]]
    var flipped: [[Double]]
    var continuous: [[Double]]
    var first: [[Double]]
    var second: [[Double]]
    var square: [Double]
    var shear: [Double]
    var neighbors: [Int]
  }

  private static func expected() throws -> Expected {
    try JSONDecoder().decode(
      Expected.self, from: Data(contentsOf: URL(fileURLWithPath: Oracle.path("nonaffine.json"))))
  }

  private static func vectors(_ rows: [[Double]]) -> [Vector3] { rows.map { Vector3($0[0], $0[1], $0[2]) } }
  private static func matrix(_ rows: [[Double]]) -> Matrix3 {
    let v = vectors(rows)
    return Matrix3(v[0], v[1], v[2])
  }

  @Test("D²_min, the local shear and the neighbours of every atom, through a flip of the cell")
  func againstLeastSquares() throws {
    let expected = try Self.expected()
    var first = Frame()
    first.cell = Cell(Self.matrix(expected.cell))
    first.positions = Self.vectors(expected.first)
    var cell = ContinuousCell(first.cell)
    // A frame on the way, since vectors are followed by half their length at most.
    var middle = Matrix3.identity
    middle.b.x = 0.23
    cell.follow(Cell(first.cell.vectors * middle))
    cell.follow(Cell(Self.matrix(expected.flipped)))
    let continuous = Self.matrix(expected.continuous)
    for k in 0..<3 { #expect((cell.vectors[k] - continuous[k]).length < 1e-12) }
    let field = NonaffineDisplacement(since: first, radius: expected.radius)
    let values = field.values(Self.vectors(expected.second), cell: cell.vectors)
    #expect(values.map(\.neighbors) == expected.neighbors)
    for (value, (square, shear)) in zip(values, zip(expected.square, expected.shear)) {
      // Sums over some thirty neighbours with squares of the order of one; both least squares lose a digit or two.
      #expect(abs(value.square - square) < 1e-12 * max(1, square), "\(value.square) \(square)")
      #expect(abs(value.shear - shear) < 1e-12, "\(value.shear) \(shear)")
    }
  }

  @Test("An even strain has no D²_min, whatever it is, and its own shear")
  func affine() throws {
    let expected = try Self.expected()
    var first = Frame()
    first.cell = Cell(Self.matrix(expected.cell))
    first.positions = Self.vectors(expected.first)
    let field = NonaffineDisplacement(since: first, radius: 1.9)
    let map = Matrix3(Vector3(1.1, 0.02, 0), Vector3(0.2, 0.95, -0.1), Vector3(0.05, 0, 1.02))
    let values = field.values(first.positions.map { $0 * map }, cell: first.cell.vectors * map)
    let shear = NonaffineDisplacement.shear(map)
    #expect(values.allSatisfy { $0.square < 1e-22 && abs($0.shear - shear) < 1e-11 })
    // Simple shear by γ: η_xy = γ/2 and η_xx or η_yy = γ²/2.
    var simple = Matrix3.identity
    simple.b.x = 0.1
    #expect(abs(NonaffineDisplacement.shear(simple) - (0.05 * 0.05 + 0.005 * 0.005 / 3).squareRoot()) < 1e-15)
  }

  @Test("Neighbours in one plane leave the direction across it open and are no trouble")
  func planar() {
    var frame = Frame()
    frame.cell = .open
    frame.positions = [
      Vector3(0, 0, 0), Vector3(1, 0, 0), Vector3(0, 1, 0), Vector3(-1, 0.2, 0), Vector3(0, -1, 0), Vector3(9, 9, 9),
    ]
    var moved = frame.positions.map { Vector3($0.x + 0.3 * $0.y, $0.y, 0) }
    let field = NonaffineDisplacement(since: frame, radius: 1.5)
    let even = field.values(moved, cell: .zero)[0]
    #expect(even.square < 1e-20)
    // What is not known of the third direction is no strain: the shear is that of the map with 1 there.
    var map = Matrix3.identity
    map.b.x = 0.3
    #expect(abs(even.shear - NonaffineDisplacement.shear(map)) < 1e-11)
    moved[1].y += 0.1
    let value = field.values(moved, cell: .zero)
    #expect(value[0].square > 1e-4 && value[0].square < 0.01)
    #expect(value[5].square == 0 && value[5].neighbors == 0)
  }

  @Test("In two dimensions an even strain has the shear of the plane, and a change of area has none")
  func twoDimensions() {
    var frame = Frame()
    frame.cell = Cell.rectangle(6, 5)
    var generator = SeededGenerator(seed: 9)
    frame.positions = (0..<30).map { _ in
      Vector3(.random(in: 0...6, using: &generator), .random(in: 0...5, using: &generator), 0)
    }
    let field = NonaffineDisplacement(since: frame, radius: 2)
    func values(_ map: Matrix3) -> [NonaffineDisplacement.Value] {
      field.values(frame.positions.map { $0 * map }, cell: frame.cell.vectors * map)
    }
    var simple = Matrix3.identity
    simple.b.x = 0.1
    // Simple shear by γ: η_xy = γ/2 and η_yy − η_xx = γ²/2.
    let shear = (0.05 * 0.05 + 0.005 * 0.005 / 4).squareRoot()
    #expect(values(simple).allSatisfy { $0.square < 1e-22 && abs($0.shear - shear) < 1e-11 && $0.neighbors > 2 })
    let wider = Matrix3(Vector3(1.1, 0, 0), Vector3(0, 1.1, 0), Vector3(0, 0, 1))
    #expect(values(wider).allSatisfy { $0.square < 1e-22 && $0.shear < 1e-11 })
  }
}
