/// How many times an atom has crossed the cell in each direction: unwrapped = stored position + a·A + b·B + c·C.
@frozen
public struct ImageCount: Hashable, Sendable, BitwiseCopyable {
  /// Crossings along the three lattice vectors.
  public var a: Int32, b: Int32, c: Int32

  /// Makes an image count.
  @inlinable public init(_ a: Int32, _ b: Int32, _ c: Int32) {
    self.a = a
    self.b = b
    self.c = c
  }
  /// No crossing.
  @inlinable public static var zero: ImageCount { ImageCount(0, 0, 0) }
}

/// A lattice translation S = (a, b, c) in units of the cell vectors.
@frozen
public struct LatticeShift: Hashable, Sendable, BitwiseCopyable {
  /// The three multiples.
  public var a: Int16, b: Int16, c: Int16
  /// Makes a shift.
  @inlinable public init(_ a: Int16, _ b: Int16, _ c: Int16) {
    self.a = a
    self.b = b
    self.c = c
  }
  /// No shift.
  @inlinable public static var zero: LatticeShift { LatticeShift(0, 0, 0) }
}

/// A cell as the neighbour search needs it: three independent vectors and what follows from them.
@frozen
public struct CellGeometry: Sendable {
  /// Rows: lattice vectors where they repeat, anything independent elsewhere.
  public var basis: Matrix3
  /// Its inverse: row vector of Cartesian coordinates times this gives fractional ones.
  public var inverse: Matrix3
  /// Distances between opposite faces.
  public var widths: Vector3
  /// Which directions repeat.
  public var periodic0: Bool, periodic1: Bool, periodic2: Bool
  /// Whether the basis vectors are perpendicular.
  public var orthogonal: Bool

  /// Derives the geometry of a basis.
  public init(basis: Matrix3, periodic: (Bool, Bool, Bool)) {
    self.basis = basis
    inverse = basis.inverse
    let volume = abs(basis.determinant)
    widths = Vector3(
      volume / basis.b.cross(basis.c).length, volume / basis.c.cross(basis.a).length,
      volume / basis.a.cross(basis.b).length)
    (periodic0, periodic1, periodic2) = periodic
    func right(_ u: Vector3, _ v: Vector3) -> Bool { abs(u.dot(v)) <= 1e-12 * u.length * v.length }
    orthogonal = right(basis.a, basis.b) && right(basis.b, basis.c) && right(basis.c, basis.a)
  }
}
