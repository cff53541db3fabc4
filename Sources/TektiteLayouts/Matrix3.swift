/// A 3×3 matrix held by rows: a cell (rows are lattice vectors), a rotation, a virial.
@frozen
public struct Matrix3: Hashable, Sendable, BitwiseCopyable {
  /// The three rows.
  public var a: Vector3, b: Vector3, c: Vector3

  /// Makes a matrix from its rows.
  @inlinable public init(_ a: Vector3, _ b: Vector3, _ c: Vector3) {
    self.a = a
    self.b = b
    self.c = c
  }

  /// The null matrix.
  @inlinable public static var zero: Matrix3 { Matrix3(.zero, .zero, .zero) }

  /// The unit matrix.
  @inlinable public static var identity: Matrix3 {
    Matrix3(Vector3(1, 0, 0), Vector3(0, 1, 0), Vector3(0, 0, 1))
  }

  /// Row 0, 1 or 2.
  @inlinable public subscript(row: Int) -> Vector3 {
    get { row == 0 ? a : row == 1 ? b : c }
    set { if row == 0 { a = newValue } else if row == 1 { b = newValue } else { c = newValue } }
  }

  /// The element in the given row and column.
  @inlinable public subscript(row: Int, column: Int) -> Double {
    get { self[row][column] }
    set { self[row][column] = newValue }
  }

  /// The determinant: the signed volume that the rows span.
  @inlinable public var determinant: Double { a.dot(b.cross(c)) }

  /// The sum of the diagonal.
  @inlinable public var trace: Double { a.x + b.y + c.z }

  /// Rows and columns exchanged.
  @inlinable public var transposed: Matrix3 {
    Matrix3(Vector3(a.x, b.x, c.x), Vector3(a.y, b.y, c.y), Vector3(a.z, b.z, c.z))
  }

  /// The inverse; its elements are not finite when the rows are coplanar.
  @inlinable public var inverse: Matrix3 {
    let d = determinant
    return Matrix3(b.cross(c) / d, c.cross(a) / d, a.cross(b) / d).transposed
  }

  /// Row vector times matrix: `v.x·a + v.y·b + v.z·c`, which takes fractional to Cartesian coordinates for a cell.
  @inlinable public static func * (v: Vector3, m: Matrix3) -> Vector3 { v.x * m.a + v.y * m.b + v.z * m.c }
  /// Matrix product.
  @inlinable public static func * (l: Matrix3, r: Matrix3) -> Matrix3 { Matrix3(l.a * r, l.b * r, l.c * r) }
  /// Product with a scalar.
  @inlinable public static func * (s: Double, m: Matrix3) -> Matrix3 { Matrix3(s * m.a, s * m.b, s * m.c) }
  /// Element-wise sum.
  @inlinable public static func + (l: Matrix3, r: Matrix3) -> Matrix3 { Matrix3(l.a + r.a, l.b + r.b, l.c + r.c) }
  /// Element-wise difference.
  @inlinable public static func - (l: Matrix3, r: Matrix3) -> Matrix3 { Matrix3(l.a - r.a, l.b - r.b, l.c - r.c) }
  /// Adds in place.
  @inlinable public static func += (l: inout Matrix3, r: Matrix3) { l = l + r }

  /// The outer product u ⊗ v, element (i, j) = u_i v_j.
  @inlinable public static func outer(_ u: Vector3, _ v: Vector3) -> Matrix3 { Matrix3(u.x * v, u.y * v, u.z * v) }
}
