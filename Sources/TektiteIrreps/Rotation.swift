#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An orthogonal matrix that acts on column vectors, r' = R r: a rotation, or a rotation with inversion.
public struct Rotation: Hashable, Sendable {
  /// The nine elements, row after row.
  public let elements: [Double]

  /// Without a check; for matrices that are orthogonal by construction.
  init(unchecked elements: [Double]) { self.elements = elements }

  /// Takes an orthogonal matrix, row after row. Throws when there are not nine elements or when R Rᵀ differs from 1 by more than 10⁻⁶ in an element.
  public init(rows elements: [Double]) throws(IrrepsError) {
    guard elements.count == 9 else {
      throw IrrepsError("a rotation matrix has 9 elements, these are \(elements.count)")
    }
    for i in 0..<3 {
      for j in 0...i {
        let product = (0..<3).reduce(0.0) { $0 + elements[3 * i + $1] * elements[3 * j + $1] }
        guard abs(product - (i == j ? 1 : 0)) <= 1e-6 else {
          throw IrrepsError("the matrix is not orthogonal: the product of rows \(j + 1) and \(i + 1) is \(product)")
        }
      }
    }
    self.elements = elements
  }

  /// No rotation.
  public static let identity = Rotation(unchecked: [1, 0, 0, 0, 1, 0, 0, 0, 1])
  /// r → −r.
  public static let inversion = Rotation(unchecked: [-1, 0, 0, 0, -1, 0, 0, 0, -1])

  /// e3nn's Euler angles in radians: first by gamma about y, then by beta about x, then by alpha about y.
  public init(alpha: Double, beta: Double, gamma: Double) {
    self = Rotation(aboutY: alpha) * Rotation(aboutX: beta) * Rotation(aboutY: gamma)
  }

  private init(aboutX angle: Double) {
    let (c, s) = (cos(angle), sin(angle))
    elements = [1, 0, 0, 0, c, -s, 0, s, c]
  }

  private init(aboutY angle: Double) {
    let (c, s) = (cos(angle), sin(angle))
    elements = [c, 0, s, 0, 1, 0, -s, 0, c]
  }

  /// The rotation of a quaternion w + xi + yj + zk of any length but zero; nil when it is zero or not finite.
  public init?(w: Double, x: Double, y: Double, z: Double) {
    let largest = max(abs(w), abs(x), abs(y), abs(z))
    guard largest > 0, largest.isFinite else { return nil }
    var (w, x, y, z) = (w / largest, x / largest, y / largest, z / largest)
    let length = (w * w + x * x + y * y + z * z).squareRoot()
    guard length.isFinite else { return nil }
    (w, x, y, z) = (w / length, x / length, y / length, z / length)
    elements = [
      1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
      2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
      2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]
  }

  /// One after the other: (a * b) r = a (b r).
  public static func * (a: Rotation, b: Rotation) -> Rotation {
    var c = [Double](repeating: 0, count: 9)
    for i in 0..<3 {
      for j in 0..<3 {
        c[3 * i + j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j]
      }
    }
    return Rotation(unchecked: c)
  }

  /// An element by row and column, from 0.
  public subscript(row: Int, column: Int) -> Double { elements[3 * row + column] }

  /// +1 for a rotation, −1 where an inversion is in it.
  public var determinant: Double {
    self[0, 0] * (self[1, 1] * self[2, 2] - self[1, 2] * self[2, 1])
      - self[0, 1] * (self[1, 0] * self[2, 2] - self[1, 2] * self[2, 0])
      + self[0, 2] * (self[1, 0] * self[2, 1] - self[1, 1] * self[2, 0])
  }

  /// The way back, Rᵀ.
  public var inverse: Rotation {
    Rotation(unchecked: [
      self[0, 0], self[1, 0], self[2, 0], self[0, 1], self[1, 1], self[2, 1], self[0, 2], self[1, 2], self[2, 2],
    ])
  }

  /// R r.
  public func callAsFunction(_ x: Double, _ y: Double, _ z: Double) -> (x: Double, y: Double, z: Double) {
    (
      self[0, 0] * x + self[0, 1] * y + self[0, 2] * z, self[1, 0] * x + self[1, 1] * y + self[1, 2] * z,
      self[2, 0] * x + self[2, 1] * y + self[2, 2] * z
    )
  }

  /// e3nn's Euler angles of the rotational part (the inversion, if any, taken off): R = Y(alpha) X(beta) Y(gamma), beta in 0 … π.
  /// Where beta is 0 or π only a sum or difference of the others is defined, and gamma holds the rest.
  public var eulerAngles: (alpha: Double, beta: Double, gamma: Double) {
    let proper = determinant < 0 ? self * .inversion : self
    // The image of y is (sin β sin α, cos β, sin β cos α).
    let (x, y, z) = (proper[0, 1], proper[1, 1], proper[2, 1])
    let sine = (x * x + z * z).squareRoot()
    let beta = atan2(sine, y)
    let alpha = sine > 0 ? atan2(x, z) : 0
    let rest = Rotation(alpha: alpha, beta: beta, gamma: 0).inverse * proper
    return (alpha, beta, atan2(rest[0, 2], rest[0, 0]))
  }
}
