import Glibc
import TektiteCore

/// The rotation that brings a cell into the orientation that files of lengths and angles imply: a along +x, b in the upper
/// half of the xy plane, c above it.
///
/// Readers rebuild a right-handed cell from lengths and angles. A left-handed cell (a, b, c) spans the same lattice as
/// (−a, −b, −c), which is right-handed and has the same lengths and angles: that one is rotated. So positions are always
/// turned by a proper rotation, never mirrored, and chiral molecules keep their hand. The original cell is stored beside,
/// and the rotation is a function of it, so the run's own axes can be had back.
///
/// A cell that already has this orientation is left as it is, to the last bit. A direction without a lattice vector keeps
/// length 0 and right angles; the rotation then follows `Cell.basis`.
struct CellOrientation: Equatable {
  /// Columns are the axes of the file: r(file) = r · rotation.
  let rotation: Matrix3
  /// Whether the file's axes are those of the run.
  let isIdentity: Bool
  /// The cell in the axes of the file: rows a, b, c, with exact zeros.
  let cell: Matrix3

  init(_ cell: Cell) {
    let v = cell.vectors
    if !cell.periodic.any || Self.isStandard(v) {
      rotation = .identity
      isIdentity = true
      self.cell = v
      return
    }
    var m = cell.basis
    if m.determinant < 0 { m = -1 * m }
    let x = m.a / m.a.length
    let normal = m.a.cross(m.b)
    let z = normal / normal.length
    let y = z.cross(x)
    rotation = Matrix3(x, y, z).transposed
    isIdentity = false
    var turned = m * rotation
    turned.a = Vector3(turned.a.x, 0, 0)
    turned.b.z = 0
    for k in 0..<3 where v[k].lengthSquared == 0 { turned[k] = .zero }
    self.cell = turned
  }

  private static func isStandard(_ v: Matrix3) -> Bool {
    let (hasA, hasB, hasC) = (v.a != .zero, v.b != .zero, v.c != .zero)
    guard v.a.y == 0, v.a.z == 0, v.b.z == 0 else { return false }
    if hasA && !(v.a.x > 0) || hasB && !(v.b.y > 0) || hasC && !(v.c.z > 0) { return false }
    if !hasA && (v.b.x != 0 || v.c.x != 0) { return false }
    return hasB || v.c.y == 0
  }

  /// A vector of the run in the axes of the file.
  @inline(__always) func toFile(_ r: Vector3) -> Vector3 { isIdentity ? r : r * rotation }

  /// A vector of the file in the axes of the run.
  @inline(__always) func toRun(_ r: Vector3) -> Vector3 { isIdentity ? r : r * rotation.transposed }

  /// |a|, |b|, |c|.
  static func lengths(_ cell: Matrix3) -> Vector3 { Vector3(cell.a.length, cell.b.length, cell.c.length) }

  /// α (between b and c), β (c, a), γ (a, b) in degrees; 90 next to a vector that is missing.
  static func angles(_ cell: Matrix3) -> Vector3 {
    func angle(_ u: Vector3, _ v: Vector3) -> Double {
      let product = u.dot(v)
      guard product != 0 else { return 90 }
      // From the sine and the cosine: good to the last digits for any angle, where the arc cosine alone is not.
      return atan2(u.cross(v).length, product) * (180 / Double.pi)
    }
    return Vector3(angle(cell.b, cell.c), angle(cell.c, cell.a), angle(cell.a, cell.b))
  }

  /// The cell in standard orientation with these lengths and angles (degrees); null vectors where a length is 0.
  static func cell(lengths l: Vector3, angles: Vector3) -> Matrix3 {
    func cosine(_ degrees: Double) -> Double { degrees == 90 ? 0 : cos(degrees * (Double.pi / 180)) }
    let (alpha, beta, gamma) = (cosine(angles.x), cosine(angles.y), cosine(angles.z))
    let sine = angles.z == 90 ? 1 : sin(angles.z * (Double.pi / 180))
    let y = (alpha - beta * gamma) / sine
    let z = max(0, 1 - beta * beta - y * y).squareRoot()
    return Matrix3(Vector3(l.x, 0, 0), l.y * Vector3(gamma, sine, 0), l.z * Vector3(beta, y, z))
  }

  /// Cell crossings of a position in the axes of the file, along the file's cell vectors; 0 where the cell does not repeat.
  @inline(__always)
  static func crossings(_ r: Vector3, inverse: Matrix3, periodic: Periodicity) -> ImageCount {
    let f = r * inverse
    func count(_ f: Double, _ repeats: Bool) -> Int32 { repeats ? Int32(exactly: f.rounded(.down)) ?? 0 : 0 }
    return ImageCount(count(f.x, periodic.a), count(f.y, periodic.b), count(f.z, periodic.c))
  }

  /// n·H for a cell with rows H.
  @inline(__always)
  static func translation(_ n: ImageCount, _ cell: Matrix3) -> Vector3 {
    Vector3(Double(n.a), Double(n.b), Double(n.c)) * cell
  }
}
