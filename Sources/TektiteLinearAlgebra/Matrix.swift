import COpenBLAS

/// A dense matrix of doubles, row after row.
public struct Matrix: Hashable, Sendable {
  /// The number of rows and of columns.
  public let rows: Int, columns: Int
  /// The elements, `[row · columns + column]`.
  public var elements: [Double]

  /// Makes a matrix of zeros.
  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) rows and \(columns) columns")
    self.rows = rows
    self.columns = columns
    elements = [Double](repeating: 0, count: rows * columns)
  }

  /// Makes a matrix of its elements, row after row.
  public init(rows: Int, columns: Int, elements: [Double]) {
    precondition(elements.count == rows * columns, "\(elements.count) elements for \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// The element in a row and a column.
  @inlinable
  public subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  /// One row.
  public func row(_ index: Int) -> ArraySlice<Double> { elements[index * columns..<(index + 1) * columns] }

  /// Some of the rows, in the order given.
  public func rows(_ indices: [Int]) -> Matrix {
    var chosen: [Double] = []
    chosen.reserveCapacity(indices.count * columns)
    for index in indices { chosen += row(index) }
    return Matrix(rows: indices.count, columns: columns, elements: chosen)
  }

  /// Rows and columns exchanged.
  public var transposed: Matrix {
    var other = Matrix(rows: columns, columns: rows)
    for i in 0..<rows { for j in 0..<columns { other[j, i] = self[i, j] } }
    return other
  }

  /// The product of two matrices, each transposed first where that is asked for.
  public static func product(
    _ a: Matrix, _ b: Matrix, transposingFirst isTransposedA: Bool = false,
    transposingSecond isTransposedB: Bool = false
  ) -> Matrix {
    let (m, k) = isTransposedA ? (a.columns, a.rows) : (a.rows, a.columns)
    let (inner, n) = isTransposedB ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(k == inner, "a product of \(m) × \(k) and \(inner) × \(n)")
    var result = Matrix(rows: m, columns: n)
    guard m > 0, n > 0, k > 0 else { return result }
    OpenBLAS.prepared
    cblas_dgemm(
      CblasRowMajor, isTransposedA ? CblasTrans : CblasNoTrans, isTransposedB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), 1, a.elements, blasint(a.columns), b.elements, blasint(b.columns), 0,
      &result.elements, blasint(n))
    return result
  }

  /// Aᵀ A, columns × columns.
  public var gram: Matrix {
    var result = Matrix(rows: columns, columns: columns)
    guard rows > 0, columns > 0 else { return result }
    OpenBLAS.prepared
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasTrans, blasint(columns), blasint(rows), 1, elements, blasint(columns), 0,
      &result.elements, blasint(columns))
    for i in 0..<columns { for j in 0..<i { result[i, j] = result[j, i] } }
    return result
  }
}

/// C = A B for matrices in memory that the caller holds, row after row with as many columns as they have: for products so many that making
/// each a `Matrix` would cost more than they do. Any thread may call it.
/// - Parameters:
///   - a: m × k, or k × m where `transposingA`.
///   - b: k × n.
///   - c: m × n, overwritten.
public func multiply(
  _ a: UnsafePointer<Double>, transposingA: Bool = false, _ b: UnsafePointer<Double>,
  into c: UnsafeMutablePointer<Double>,
  m: Int, n: Int, k: Int
) {
  OpenBLAS.prepared
  cblas_dgemm(
    CblasRowMajor, transposingA ? CblasTrans : CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a,
    blasint(transposingA ? m : k), b, blasint(n), 0, c, blasint(n))
}

/// y = A x, or Aᵀ x, for a matrix of which only the first rows count: the step that makes a vector orthogonal to a growing basis.
/// - Parameters:
///   - a: rows × columns.
///   - scale: y = scale · A x + keep · y.
public func multiply(
  _ a: UnsafePointer<Double>, rows: Int, columns: Int, transposed: Bool, _ x: UnsafePointer<Double>,
  into y: UnsafeMutablePointer<Double>, scale: Double = 1, keep: Double = 0
) {
  OpenBLAS.prepared
  cblas_dgemv(
    CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), scale, a,
    blasint(columns), x, 1, keep, y, 1)
}
