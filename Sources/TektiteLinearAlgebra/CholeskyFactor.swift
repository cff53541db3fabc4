import COpenBLAS

/// The triangular factor of a symmetric positive definite matrix, with which equations are solved.
public struct CholeskyFactor: Sendable {
  private let side: Int
  private let factor: [Double]

  /// Factorises a matrix, of which the part on and above the diagonal is read.
  /// - Throws: `LinearAlgebraError` unless it is positive definite.
  public init(_ matrix: Matrix) throws(LinearAlgebraError) {
    let n = matrix.rows
    precondition(matrix.columns == n, "a Cholesky factor of \(n) × \(matrix.columns)")
    guard n <= OpenBLAS.largestSide else { throw LinearAlgebraError("\(n) equations are too many for a dense matrix") }
    guard matrix.elements.allSatisfy(\.isFinite) else {
      throw LinearAlgebraError("a matrix of equations has elements that are not finite")
    }
    var a = matrix.elements
    if n > 0 {
      OpenBLAS.prepared
      var (side, info) = (blasint(n), blasint(0))
      dpotrf_([76, 0], &side, &a, &side, &info)
      guard info == 0 else { throw LinearAlgebraError("the matrix is not positive definite (from row \(info) on)") }
    }
    side = n
    factor = a
  }

  /// The solutions X of A X = B, one for each row of `rightSides`: row k of the result solves for row k.
  public func solve(_ rightSides: Matrix) -> Matrix {
    precondition(rightSides.columns == side, "\(rightSides.columns) right-hand elements for \(side) equations")
    var result = rightSides
    guard side > 0, rightSides.rows > 0 else { return result }
    var (n, count, info) = (blasint(side), blasint(rightSides.rows), blasint(0))
    dpotrs_([76, 0], &n, &count, factor, &n, &result.elements, &n, &info)
    return result
  }
}
