import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// Kinds of cells that neighbour code meets. Each makes a cell of a given volume, so one density fits all.
public enum CellShape: String, CaseIterable, Sendable {
  /// A cube.
  case cubic
  /// Right angles, three different sides.
  case orthorhombic
  /// General angles, in general orientation.
  case triclinic
  /// As triclinic, with a negative determinant.
  case leftHanded
  /// Sheared far: one lattice vector leans over more than a whole cell.
  case skewed
  /// Periodic in two directions, a finite thickness in the third.
  case slab
  /// Periodic in one direction, and the other two lattice vectors are null.
  case wire
  /// No lattice at all.
  case open

  /// The shapes that repeat in all three directions.
  public static let bulk: [CellShape] = [.cubic, .orthorhombic, .triclinic, .leftHanded, .skewed]

  /// A cell of this shape and volume. For shapes with open directions, the volume is that of the region which atoms are to fill (`region`).
  public func cell(volume: Double) -> Cell {
    let m = region(volume: volume)
    switch self {
    case .cubic, .orthorhombic, .triclinic, .leftHanded, .skewed: return Cell(m)
    case .slab: return Cell(m, periodic: Periodicity(true, true, false))
    case .wire: return Cell(Matrix3(.zero, m.b, .zero), periodic: Periodicity(false, true, false))
    case .open: return .open
    }
  }

  /// The parallelepiped that atoms of a sample fill.
  public func region(volume: Double) -> Matrix3 {
    let rows: Matrix3 =
      switch self {
      case .cubic, .open: .identity
      case .orthorhombic: Matrix3(Vector3(1, 0, 0), Vector3(0, 1.3, 0), Vector3(0, 0, 0.8))
      case .triclinic: Matrix3(Vector3(1, 0.1, -0.2), Vector3(0.3, 0.9, 0.15), Vector3(-0.25, 0.2, 1.1))
      case .leftHanded: Matrix3(Vector3(0.3, 0.9, 0.15), Vector3(1, 0.1, -0.2), Vector3(-0.25, 0.2, 1.1))
      case .skewed: Matrix3(Vector3(1, 0, 0), Vector3(1.4, 1, 0), Vector3(-0.7, 0.6, 1))
      case .slab: Matrix3(Vector3(1, 0.2, 0), Vector3(-0.1, 1.1, 0), Vector3(0, 0, 0.9))
      case .wire: Matrix3(Vector3(0.7, 0, 0), Vector3(0.2, 1.9, 0.4), Vector3(0, 0, 0.75))
      }
    let scale = volume / abs(rows.determinant)
    return pow(scale, 1.0 / 3) * rows
  }
}
