import TektiteCore
import TektiteTestSupport
import Testing

@Suite("Cell")
struct CellTests {
  @Test("a cube has its side as width and its cube as volume")
  func cube() {
    let cell = Cell.cubic(3)
    #expect(cell.volume == 27 && cell.widths == Vector3(3, 3, 3) && cell.basis == cell.vectors)
    #expect(Cell.orthorhombic(1, 2, 4).volume == 8 && Cell.orthorhombic(1, 2, 4).widths == Vector3(1, 2, 4))
  }

  @Test("widths are distances between opposite faces", arguments: CellShape.bulk)
  func widths(_ shape: CellShape) {
    let cell = shape.cell(volume: 37)
    #expect(abs((cell.volume ?? 0) - 37) < 1e-12 * 37)
    let h = cell.vectors
    for axis in 0..<3 {
      // The component of a lattice vector along the normal of the other two.
      let normal = h[(axis + 1) % 3].cross(h[(axis + 2) % 3])
      let width = abs(h[axis].dot(normal)) / normal.length
      #expect(abs(cell.widths[axis] - width) < 1e-12 * width)
    }
  }

  @Test("a left-handed cell has a positive volume and is valid")
  func leftHanded() {
    let cell = CellShape.leftHanded.cell(volume: 5)
    #expect(cell.vectors.determinant < 0)
    #expect(abs((cell.volume ?? 0) - 5) < 1e-13 && cell.validate() == nil)
  }

  @Test("missing lattice vectors are completed by unit vectors perpendicular to the rest")
  func completion() {
    var random = SeededGenerator(seed: 3)
    for missing in [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]] {
      for _ in 0..<20 {
        var vectors = Matrix3(3 * random.direction(), 2 * random.direction(), 4 * random.direction())
        for axis in missing { vectors[axis] = .zero }
        let cell = Cell(
          vectors, periodic: Periodicity(!missing.contains(0), !missing.contains(1), !missing.contains(2)))
        #expect(cell.validate() == nil)
        let basis = cell.basis
        for axis in 0..<3 where !missing.contains(axis) { #expect(basis[axis] == vectors[axis]) }
        for axis in missing {
          #expect(abs(basis[axis].length - 1) < 1e-14)
          for other in 0..<3 where other != axis {
            #expect(abs(basis[axis].dot(basis[other])) < 1e-13 * basis[other].length)
          }
          #expect(abs(cell.widths[axis] - 1) < 1e-13)
        }
        #expect(cell.volume == nil)
      }
    }
  }

  @Test("fractional and Cartesian coordinates are inverse to each other", arguments: CellShape.allCases)
  func roundTrip(_ shape: CellShape) {
    var random = SeededGenerator(seed: 4)
    let basis = shape.cell(volume: 20).basis
    for _ in 0..<50 {
      let f = 2 * random.normalVector()
      #expect(((f * basis) * basis.inverse - f).length < 1e-12)
    }
  }

  @Test("what is wrong with a cell is said in words")
  func validation() {
    #expect(Cell.open.validate() == nil)
    #expect(Cell.cubic(.nan).validate()?.contains("not finite") == true)
    #expect(Cell.cubic(.infinity).validate()?.contains("not finite") == true)
    let flat = Matrix3(Vector3(1, 0, 0), Vector3(0, 1, 0), Vector3(1, 1, 0))
    #expect(Cell(flat).validate()?.contains("one plane") == true)
    #expect(Cell(.zero, periodic: Periodicity(false, true, false)).validate()?.contains("direction 2") == true)
    let twins = Matrix3(Vector3(1, 2, 3), Vector3(2, 4, 6), .zero)
    #expect(Cell(twins, periodic: Periodicity(true, true, false)).validate() != nil)
    // Very small and very large cells are as good as others.
    #expect(Cell.cubic(1e-30).validate() == nil && Cell.cubic(1e30).validate() == nil)
  }
}
