import TektiteCore

/// The finite map of a cell and its atoms by a symmetric strain E: r → r exp(E) R, v → v exp(−E) R. The rotation R keeps the cell oriented as it
/// was (a along the same line, b in the same plane), so that no noise turns it round; without angles that change it is the identity.
struct CellMap {
  /// The strain E.
  let strain: Matrix3
  /// What positions are multiplied by.
  let positions: Matrix3
  /// What velocities are multiplied by.
  let velocities: Matrix3
  /// The rotation R.
  let rotation: Matrix3
  /// exp(−E).
  let shrinking: Matrix3
  /// The cell afterwards.
  let cell: Cell

  init(_ strain: Matrix3, of old: Cell, coupling: CellCoupling) {
    self.strain = strain
    let stretch = Self.exponential(strain)
    shrinking = Self.exponential(-1 * strain)
    var cell = old
    let stretched = old.vectors * stretch
    guard coupling == .triclinic else {
      (positions, velocities, rotation) = (stretch, shrinking, .identity)
      cell.vectors = stretched
      self.cell = cell
      return
    }
    let (before, after) = (Self.axes(old.vectors), Self.axes(stretched))
    rotation = after.transposed * before
    positions = stretch * rotation
    velocities = shrinking * rotation
    // The lower triangle in the axes of the cell, with exact zeros, so that a cell that lies along the axes of files goes on doing so.
    let t = stretched * after.transposed
    let triangle = Matrix3(Vector3(t.a.x, 0, 0), Vector3(t.b.x, t.b.y, 0), t.c)
    cell.vectors = triangle * before
    self.cell = cell
  }

  /// The orthonormal rows e with a along e₁, b in the plane of e₁ and e₂ and c on the side of e₃.
  static func axes(_ v: Matrix3) -> Matrix3 {
    let x = v.a / v.a.length
    let b = v.b - v.b.dot(x) * x
    let y = b / b.length
    let z = x.cross(y)
    return Matrix3(x, y, v.c.dot(z) < 0 ? -1 * z : z)
  }

  /// exp(M) by its series, for matrices whose elements are far below 1.
  static func exponential(_ m: Matrix3) -> Matrix3 {
    var sum = Matrix3.identity
    var term = Matrix3.identity
    for k in 1...16 {
      term = (1 / Double(k)) * (term * m)
      sum += term
    }
    return sum
  }
}

extension Matrix3 {
  /// Σ of the squares of all elements.
  var squares: Double { a.lengthSquared + b.lengthSquared + c.lengthSquared }
  /// The largest magnitude of an element; not a number if any is not.
  var largestElement: Double {
    var most = 0.0
    for row in [a, b, c] {
      for k in 0..<3 where !(abs(row[k]) <= most) { most = abs(row[k]) }
    }
    return most
  }
}
