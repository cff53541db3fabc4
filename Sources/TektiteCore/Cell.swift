#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which of the three lattice directions repeat.
public struct Periodicity: Hashable, Sendable {
  /// Whether the first, second and third lattice vector repeat.
  public var a: Bool, b: Bool, c: Bool

  /// Makes a periodicity from three answers.
  public init(_ a: Bool, _ b: Bool, _ c: Bool) {
    self.a = a
    self.b = b
    self.c = c
  }

  /// Repeats in all three directions.
  public static let all = Periodicity(true, true, true)
  /// Repeats nowhere.
  public static let none = Periodicity(false, false, false)

  /// The answer for direction 0, 1 or 2.
  public subscript(axis: Int) -> Bool { axis == 0 ? a : axis == 1 ? b : c }
  /// Whether any direction repeats.
  public var any: Bool { a || b || c }
}

/// A simulation cell: three lattice vectors (the rows of `vectors`) of any shape and handedness, each of which repeats or not.
/// A direction that does not repeat may have the null vector; `Cell.open` has none at all.
///
/// The cell also says in how many dimensions the atoms live. In two, it is a planar cell: a and b lie in the plane z = 0, c is the null vector and does
/// not repeat, atoms stay at z = 0, and what is called a volume is an area.
public struct Cell: Hashable, Sendable {
  /// The lattice vectors as rows, in the length unit of the system.
  public var vectors: Matrix3
  /// Which of them repeat.
  public var periodic: Periodicity
  /// The number of dimensions in which atoms move: 3, or 2 in a planar cell.
  public let dimensions: Int

  /// Makes a cell. Use `validate()` for vectors that come from outside.
  /// - Parameter dimensions: 2 or 3.
  public init(_ vectors: Matrix3, periodic: Periodicity = .all, dimensions: Int = 3) {
    precondition(dimensions == 2 || dimensions == 3, "\(dimensions) dimensions")
    self.vectors = vectors
    self.periodic = periodic
    self.dimensions = dimensions
  }

  /// Whether atoms move in two dimensions.
  public var isPlanar: Bool { dimensions == 2 }

  /// A planar rectangle that repeats along x and y.
  public static func rectangle(_ x: Double, _ y: Double) -> Cell {
    Cell(
      Matrix3(Vector3(x, 0, 0), Vector3(0, y, 0), .zero), periodic: Periodicity(true, true, false), dimensions: 2)
  }

  /// No cell: a molecule in empty space.
  public static let open = Cell(.zero, periodic: .none)

  /// A cube that repeats in all directions.
  public static func cubic(_ side: Double) -> Cell {
    Cell(Matrix3(Vector3(side, 0, 0), Vector3(0, side, 0), Vector3(0, 0, side)))
  }

  /// A box with right angles that repeats in all directions.
  public static func orthorhombic(_ x: Double, _ y: Double, _ z: Double) -> Cell {
    Cell(Matrix3(Vector3(x, 0, 0), Vector3(0, y, 0), Vector3(0, 0, z)))
  }

  /// Three independent vectors: the stored ones where they are not null, completed by unit vectors
  /// perpendicular to the rest. Fractional coordinates refer to this basis.
  public var basis: Matrix3 {
    var m = vectors
    let missing = (0..<3).filter { m[$0].lengthSquared == 0 }
    switch missing.count {
    case 3: return .identity
    case 2:
      let present = (0..<3).first { !missing.contains($0) } ?? 0
      let u = m[present]
      let axis = abs(u.x) <= abs(u.y) && abs(u.x) <= abs(u.z) ? 0 : abs(u.y) <= abs(u.z) ? 1 : 2
      var e = Vector3.zero
      e[axis] = 1
      let v = u.cross(e)
      let w = u.cross(v)
      m[missing[0]] = (1 / v.length) * v
      m[missing[1]] = (1 / w.length) * w
    case 1:
      let k = missing[0]
      let w = m[(k + 1) % 3].cross(m[(k + 2) % 3])
      m[k] = w.length > 0 ? (1 / w.length) * w : w
    default: break
    }
    return m
  }

  /// The measure of the cell in its dimensions, by which densities, pressures and stresses are defined: the volume |a·(b×c)|, or of a planar cell the
  /// area |a×b|. Nil unless all directions repeat.
  public var volume: Double? {
    if isPlanar { return periodic.a && periodic.b ? vectors.a.cross(vectors.b).length : nil }
    guard periodic == .all else { return nil }
    return abs(vectors.determinant)
  }

  /// The narrowest and the widest distance between opposite faces over the directions that repeat; nil where none does.
  public var repeatingWidths: (narrowest: Double, widest: Double)? {
    let widths = self.widths
    let own = repeatingAxes.map { widths[$0] }
    guard let least = own.min(), let most = own.max() else { return nil }
    return (least, most)
  }

  /// The directions that repeat.
  public var repeatingAxes: [Int] { (0..<3).filter { periodic[$0] } }

  /// The lengths of the lattice vectors.
  public var lengths: Vector3 { Vector3(vectors.a.length, vectors.b.length, vectors.c.length) }

  /// The angles α (between b and c), β (c, a) and γ (a, b) in degrees; 90 next to a vector that is missing.
  public var angles: Vector3 {
    func angle(_ u: Vector3, _ v: Vector3) -> Double {
      let product = u.dot(v)
      // From the sine and the cosine: good to the last digits for any angle.
      return product == 0 ? 90 : atan2(u.cross(v).length, product) * (180 / Double.pi)
    }
    return Vector3(angle(vectors.b, vectors.c), angle(vectors.c, vectors.a), angle(vectors.a, vectors.b))
  }

  /// Distances between opposite faces of the basis, one for each direction.
  public var widths: Vector3 {
    let m = basis
    let v = abs(m.determinant)
    return Vector3(v / m.b.cross(m.c).length, v / m.c.cross(m.a).length, v / m.a.cross(m.b).length)
  }

  /// Says what is wrong with the cell, or nil: vectors that are not finite, a repeating direction without a vector,
  /// vectors in one plane.
  public func validate() -> String? {
    for k in 0..<3 {
      if !vectors[k].isFinite { return "lattice vector \(k + 1) is not finite" }
      if periodic[k] && vectors[k].lengthSquared == 0 {
        return "direction \(k + 1) is periodic but its lattice vector is zero"
      }
    }
    if isPlanar {
      if periodic.c || vectors.c != .zero { return "a planar cell has no third lattice vector" }
      if vectors.a.z != 0 || vectors.b.z != 0 { return "the lattice vectors of a planar cell lie in the plane z = 0" }
    }
    let m = basis
    let scale = m.a.length * m.b.length * m.c.length
    if !(abs(m.determinant) > 1e-10 * scale) {
      return isPlanar ? "the lattice vectors lie on one line" : "the lattice vectors lie in one plane"
    }
    return nil
  }
}
