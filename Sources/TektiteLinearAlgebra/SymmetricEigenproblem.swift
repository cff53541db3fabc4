import COpenBLAS

/// The eigenvalues and eigenvectors of a symmetric matrix, by divide and conquer (LAPACK's dsyevd).
public struct SymmetricEigenproblem: Sendable {
  /// The eigenvalues, increasing.
  public let values: [Double]
  /// Row k is the normalised eigenvector of value k; without rows where they were not asked for.
  public let vectors: Matrix

  /// Solves it.
  /// - Parameters:
  ///   - matrix: symmetric; only the part on and above the diagonal is read.
  ///   - wantsVectors: whether eigenvectors are needed; values alone take a tenth of the time.
  /// - Throws: `LinearAlgebraError` for elements that are not finite, and for sides that the library cannot count to.
  public init(_ matrix: Matrix, wantsVectors: Bool = true) throws(LinearAlgebraError) {
    let n = matrix.rows
    precondition(matrix.columns == n, "eigenvalues of \(n) × \(matrix.columns)")
    guard n <= OpenBLAS.largestSide else {
      throw LinearAlgebraError("an eigenproblem of \(n) rows is too large for a dense matrix")
    }
    guard matrix.elements.allSatisfy(\.isFinite) else {
      throw LinearAlgebraError("the matrix of an eigenproblem has elements that are not finite")
    }
    var a = matrix.elements
    var values = [Double](repeating: 0, count: n)
    guard n > 0 else {
      (self.values, vectors) = (values, matrix)
      return
    }
    OpenBLAS.prepared
    var (side, info) = (blasint(n), blasint(0))
    let job: [CChar] = [wantsVectors ? 86 : 78, 0]
    // LAPACK counts by columns: its lower triangle is our upper one, and its columns of eigenvectors are our rows.
    let triangle: [CChar] = [76, 0]
    var (size, integerSize) = (0.0, blasint(0))
    var query = blasint(-1)
    dsyevd_(job, triangle, &side, &a, &side, &values, &size, &query, &integerSize, &query, &info)
    var (workSize, work) = (blasint(size), [Double](repeating: 0, count: max(1, Int(size))))
    var integers = [blasint](repeating: 0, count: max(1, Int(integerSize)))
    dsyevd_(job, triangle, &side, &a, &side, &values, &work, &workSize, &integers, &integerSize, &info)
    guard info == 0 else { throw LinearAlgebraError("the eigenproblem did not converge (dsyevd says \(info))") }
    self.values = values
    vectors = wantsVectors ? Matrix(rows: n, columns: n, elements: a) : Matrix(rows: 0, columns: n)
  }

  /// Solves that of a tridiagonal matrix (LAPACK's dstevd).
  /// - Parameters:
  ///   - diagonal: n elements.
  ///   - beside: the n − 1 elements beside it.
  public init(diagonal: [Double], beside: [Double]) throws(LinearAlgebraError) {
    let n = diagonal.count
    precondition(beside.count == max(0, n - 1), "\(beside.count) elements beside a diagonal of \(n)")
    guard n <= OpenBLAS.largestSide, (diagonal + beside).allSatisfy(\.isFinite) else {
      throw LinearAlgebraError("a tridiagonal matrix of \(n) rows is too large or has elements that are not finite")
    }
    guard n > 0 else {
      (values, vectors) = ([], Matrix(rows: 0, columns: 0))
      return
    }
    OpenBLAS.prepared
    var values = diagonal
    // One more than needed, so that there is an address for a single row, too.
    var off = beside + [0]
    var vectors = Matrix(rows: n, columns: n)
    var (side, info) = (blasint(n), blasint(0))
    let job: [CChar] = [86, 0]
    var (workSize, integerSize) = (blasint(1 + 4 * n + n * n), blasint(3 + 5 * n))
    var work = [Double](repeating: 0, count: Int(workSize))
    var integers = [blasint](repeating: 0, count: Int(integerSize))
    dstevd_(
      job, &side, &values, &off, &vectors.elements, &side, &work, &workSize, &integers, &integerSize, &info)
    guard info == 0 else { throw LinearAlgebraError("the eigenproblem did not converge (dstevd says \(info))") }
    self.values = values
    self.vectors = vectors
  }
}
