import TektiteCore
import TektiteTestSupport
import Testing

@Suite("Vectors and matrices")
struct MatrixTests {
  @Test("a vector has the memory of three doubles")
  func layout() {
    #expect(MemoryLayout<Vector3>.stride == 24 && MemoryLayout<Matrix3>.stride == 72)
  }

  @Test("products, inverse and determinant agree with each other")
  func algebra() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<200 {
      let m = Matrix3(random.normalVector(), random.normalVector(), random.normalVector())
      let n = Matrix3(random.normalVector(), random.normalVector(), random.normalVector())
      let v = random.normalVector()
      let u = random.normalVector()
      guard abs(m.determinant) > 0.05 else { continue }
      var worst = Discrepancy()
      worst.compare(m * m.inverse, .identity, "m m⁻¹")
      worst.compare(m.inverse * m, .identity, "m⁻¹ m")
      worst.compare((v * m) * n, v * (m * n), "(v m) n")
      worst.compare((m * n).determinant, m.determinant * n.determinant, "det(m n)")
      worst.compare((m * n).transposed, n.transposed * m.transposed, "(m n)ᵀ")
      worst.compare(m.transposed.determinant, m.determinant, "det mᵀ")
      worst.compare(Matrix3.outer(u, v).trace, u.dot(v), "tr u⊗v")
      worst.compare(u.cross(v).dot(u), 0, "(u×v)·u")
      worst.compare(v.lengthSquared * u.lengthSquared, u.dot(v) * u.dot(v) + u.cross(v).lengthSquared, "Lagrange")
      // An ill-conditioned draw loses a factor 1 / |det|, at most 20 here, of sixteen digits, and numbers reach 100.
      #expect(worst.difference < 1e-11, "\(worst)")
    }
    #expect(Matrix3.outer(Vector3(1, 0, 0), Vector3(0, 1, 0))[0, 1] == 1)
  }

  @Test("subscripts name rows and columns")
  func subscripts() {
    var m = Matrix3.zero
    for row in 0..<3 { for column in 0..<3 { m[row, column] = Double(3 * row + column) } }
    #expect(m == Matrix3(Vector3(0, 1, 2), Vector3(3, 4, 5), Vector3(6, 7, 8)))
    #expect(m.transposed[0, 2] == 6 && m.trace == 12 && m[1] == Vector3(3, 4, 5))
  }
}
