import TektiteLinearAlgebra
import Testing

@Suite("Linear algebra")
struct LinearAlgebraTests {
  /// A matrix of numbers that look random, the same in each run.
  static func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let elements = (0..<rows * columns).map { _ -> Double in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53) - 0.5
    }
    return Matrix(rows: rows, columns: columns, elements: elements)
  }

  private func plainProduct(_ a: Matrix, _ b: Matrix) -> Matrix {
    var c = Matrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows {
      for j in 0..<b.columns { for k in 0..<a.columns { c[i, j] += a[i, k] * b[k, j] } }
    }
    return c
  }

  private func largest(_ a: Matrix, minus b: Matrix) -> Double {
    zip(a.elements, b.elements).map { abs($0 - $1) }.max() ?? 0
  }

  // Sums of at most forty products of numbers below 1/2: rounding stays below 40 · 2⁻⁵³.
  private static let rounding = 5e-15

  @Test("Products are those of three loops, whichever factor is transposed")
  func products() {
    let (a, b) = (Self.matrix(7, 40, seed: 1), Self.matrix(40, 5, seed: 2))
    let expected = plainProduct(a, b)
    #expect(largest(Matrix.product(a, b), minus: expected) < Self.rounding)
    #expect(largest(Matrix.product(a.transposed, b, transposingFirst: true), minus: expected) < Self.rounding)
    #expect(largest(Matrix.product(a, b.transposed, transposingSecond: true), minus: expected) < Self.rounding)
    #expect(largest(b.gram, minus: plainProduct(b.transposed, b)) < Self.rounding)
    var c = [Double](repeating: 9, count: 35)
    multiply(a.transposed.elements, transposingA: true, b.elements, into: &c, m: 7, n: 5, k: 40)
    #expect(largest(Matrix(rows: 7, columns: 5, elements: c), minus: expected) < Self.rounding)
    var y = [Double](repeating: 1, count: 7)
    multiply(a.elements, rows: 7, columns: 40, transposed: false, b.transposed.elements, into: &y, scale: 2, keep: 3)
    for i in 0..<7 { #expect(abs(y[i] - 2 * expected[i, 0] - 3) < 2 * Self.rounding) }
    #expect(Matrix.product(Matrix(rows: 0, columns: 3), Matrix(rows: 3, columns: 2)).elements.isEmpty)
  }

  @Test("A x = λ x for every pair, vectors are orthonormal, values increase")
  func eigenproblem() throws {
    let half = Self.matrix(60, 60, seed: 3)
    var a = half
    for i in 0..<60 { for j in 0..<60 { a[i, j] = half[i, j] + half[j, i] } }
    let solved = try SymmetricEigenproblem(a)
    let left = Matrix.product(solved.vectors, a)
    for k in 0..<60 {
      for j in 0..<60 {
        // Eigenvalues up to 10, and errors of a few times their size in the last place times the side.
        #expect(abs(left[k, j] - solved.values[k] * solved.vectors[k, j]) < 1e-13)
      }
    }
    let products = Matrix.product(solved.vectors, solved.vectors, transposingSecond: true)
    for i in 0..<60 { for j in 0..<60 { #expect(abs(products[i, j] - (i == j ? 1 : 0)) < 1e-13) } }
    #expect(zip(solved.values, solved.values.dropFirst()).allSatisfy { $0 <= $1 })
    let alone = try SymmetricEigenproblem(a, wantsVectors: false)
    #expect(zip(alone.values, solved.values).allSatisfy { abs($0 - $1) < 1e-13 } && alone.vectors.rows == 0)
  }

  @Test("A chain of springs has the frequencies of textbooks", arguments: [1, 2, 25])
  func chain(_ n: Int) throws {
    let solved = try SymmetricEigenproblem(
      diagonal: [Double](repeating: 2, count: n), beside: [Double](repeating: -1, count: n - 1))
    for k in 0..<n {
      // 4 sin²(π (k + 1) / 2 (n + 1)) for fixed ends.
      let expected = 2 - 2 * Self.cosine(Double(k + 1) / Double(n + 1))
      #expect(abs(solved.values[k] - expected) < 1e-14 * 10)
    }
  }

  /// cos(π x) by a series, for a test without other libraries.
  private static func cosine(_ x: Double) -> Double {
    let t = x * .pi
    var (term, sum) = (1.0, 1.0)
    for k in 1...30 {
      term *= -t * t / Double((2 * k - 1) * (2 * k))
      sum += term
    }
    return sum
  }

  @Test("Equations of a positive definite matrix are solved for several right sides")
  func cholesky() throws {
    let half = Self.matrix(50, 30, seed: 5)
    var a = half.gram
    for i in 0..<30 { a[i, i] += 0.1 }
    let wanted = Self.matrix(4, 30, seed: 6)
    let found = try CholeskyFactor(a).solve(Matrix.product(wanted, a))
    // The condition number is below 200.
    #expect(largest(found, minus: wanted) < 1e-12)
  }

  @Test("What has no answer is an error, not a trap")
  func refusals() {
    var a = Matrix(rows: 2, columns: 2, elements: [1, 2, 2, 1])
    #expect(throws: LinearAlgebraError.self) { try CholeskyFactor(a) }
    a[0, 1] = .nan
    #expect(throws: LinearAlgebraError.self) { try CholeskyFactor(a) }
    #expect(throws: LinearAlgebraError.self) { try SymmetricEigenproblem(a) }
    #expect(throws: LinearAlgebraError.self) { try SymmetricEigenproblem(diagonal: [1, .infinity], beside: [0]) }
  }

  @Test("The same problem gives the same bits again")
  func bits() throws {
    let a = Self.matrix(300, 200, seed: 8).gram
    let (one, two) = (try SymmetricEigenproblem(a), try SymmetricEigenproblem(a))
    #expect(one.values == two.values && one.vectors == two.vectors)
  }
}
