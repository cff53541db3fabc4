/// Three doubles, stride 24 bytes: a buffer of them is the `double[n][3]` that other programs exchange.
@frozen
public struct Vector3: Hashable, Sendable, BitwiseCopyable {
  /// The Cartesian components.
  public var x: Double, y: Double, z: Double

  /// Makes a vector from its components.
  @inlinable public init(_ x: Double, _ y: Double, _ z: Double) {
    self.x = x
    self.y = y
    self.z = z
  }

  /// The null vector.
  @inlinable public static var zero: Vector3 { Vector3(0, 0, 0) }

  /// The component with index 0, 1 or 2.
  @inlinable public subscript(axis: Int) -> Double {
    get { axis == 0 ? x : axis == 1 ? y : z }
    set { if axis == 0 { x = newValue } else if axis == 1 { y = newValue } else { z = newValue } }
  }

  /// The scalar product.
  @inlinable public func dot(_ other: Vector3) -> Double { x * other.x + y * other.y + z * other.z }

  /// The vector product.
  @inlinable public func cross(_ other: Vector3) -> Vector3 {
    Vector3(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }

  /// |v|².
  @inlinable public var lengthSquared: Double { dot(self) }

  /// |v|.
  @inlinable public var length: Double { lengthSquared.squareRoot() }

  /// Whether all three components are finite.
  @inlinable public var isFinite: Bool { x.isFinite && y.isFinite && z.isFinite }

  /// Component-wise sum.
  @inlinable public static func + (a: Vector3, b: Vector3) -> Vector3 { Vector3(a.x + b.x, a.y + b.y, a.z + b.z) }
  /// Component-wise difference.
  @inlinable public static func - (a: Vector3, b: Vector3) -> Vector3 { Vector3(a.x - b.x, a.y - b.y, a.z - b.z) }
  /// The opposite vector.
  @inlinable public static prefix func - (a: Vector3) -> Vector3 { Vector3(-a.x, -a.y, -a.z) }
  /// Product with a scalar.
  @inlinable public static func * (s: Double, a: Vector3) -> Vector3 { Vector3(s * a.x, s * a.y, s * a.z) }
  /// Product with a scalar.
  @inlinable public static func * (a: Vector3, s: Double) -> Vector3 { s * a }
  /// Quotient by a scalar.
  @inlinable public static func / (a: Vector3, s: Double) -> Vector3 { Vector3(a.x / s, a.y / s, a.z / s) }
  /// Adds in place.
  @inlinable public static func += (a: inout Vector3, b: Vector3) { a = a + b }
  /// Subtracts in place.
  @inlinable public static func -= (a: inout Vector3, b: Vector3) { a = a - b }
}
