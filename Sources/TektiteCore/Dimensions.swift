/// The geometry of balls and shells in two and three dimensions.
public enum Dimensions {
  /// The measure of a ball of a radius: 4πr³/3, or πr² in a plane.
  public static func ball(_ radius: Double, in dimensions: Int) -> Double {
    dimensions == 2 ? Double.pi * radius * radius : 4 / 3 * Double.pi * radius * radius * radius
  }

  /// The measure between two radii: of a spherical shell, or of a ring in a plane.
  public static func shell(_ inner: Double, _ outer: Double, in dimensions: Int) -> Double {
    dimensions == 2
      ? Double.pi * (outer * outer - inner * inner)
      : 4 / 3 * Double.pi * (outer * outer * outer - inner * inner * inner)
  }

  /// The measure of a sphere's surface per length of shell at a radius: 4πr², or 2πr in a plane.
  public static func surface(_ radius: Double, in dimensions: Int) -> Double {
    dimensions == 2 ? 2 * Double.pi * radius : 4 * Double.pi * radius * radius
  }

  /// The side of the cube, or of the square in a plane, that has a measure.
  public static func side(of measure: Double, in dimensions: Int) -> Double {
    dimensions == 2 ? measure.squareRoot() : measure.cubeRoot
  }
}

extension Matrix3 {
  /// The unit matrix in three dimensions, and the projection onto the plane z = 0 in two.
  public static func identity(in dimensions: Int) -> Matrix3 {
    dimensions == 2 ? Matrix3(Vector3(1, 0, 0), Vector3(0, 1, 0), .zero) : .identity
  }
}

extension Vector3 {
  /// The vector without what is out of the plane z = 0 in two dimensions; in three, as it is.
  @inlinable public func confined(to dimensions: Int) -> Vector3 { dimensions == 2 ? Vector3(x, y, 0) : self }
}

extension Structure {
  /// The number of dimensions in which the atoms move.
  public var dimensions: Int { frame.cell.dimensions }

  /// The structure in two dimensions: atoms at z = 0, and a cell of a and b alone.
  /// - Parameter file: the file that errors name.
  /// - Throws: what keeps atoms or cell from lying in one plane.
  public func flattened(file: String = "structure") throws(InputError) -> Structure {
    guard dimensions == 3 else { return self }
    var flat = self
    let positions = frame.positions
    let height = positions.first?.z ?? 0
    let reach = positions.reduce(0) { max($0, abs($1.x), abs($1.y), abs($1.z)) }
    if let atom = positions.firstIndex(where: { abs($0.z - height) > 1e-6 * max(1, reach) }) {
      throw InputError(
        "two dimensions need all atoms at one height, but atom 1 is at z = \(height) and atom \(atom + 1) at z = \(positions[atom].z)",
        file: file)
    }
    if let atom = frame.velocities.firstIndex(where: { $0.z != 0 }) {
      throw InputError(
        "in two dimensions atoms move along x and y only, but atom \(atom + 1) has the velocity \(frame.velocities[atom].z) along z",
        file: file)
    }
    let v = frame.cell.vectors
    if v.a.z != 0 || v.b.z != 0 || v.c.x != 0 || v.c.y != 0 {
      throw InputError(
        "two dimensions need lattice vectors a and b in the plane of x and y, and c, if there is any, along z",
        file: file)
    }
    let periodic = frame.cell.periodic
    flat.frame.cell = Cell(
      Matrix3(v.a, v.b, .zero), periodic: Periodicity(periodic.a, periodic.b, false), dimensions: 2)
    flat.frame.positions = positions.map { Vector3($0.x, $0.y, 0) }
    flat.frame.forces = frame.forces.map { Vector3($0.x, $0.y, 0) }
    // A stress is a force over an area in three dimensions, and over a length in two.
    flat.frame.stress = nil
    return flat
  }
}

extension System {
  /// The number of dimensions in which the atoms move.
  public var dimensions: Int { cell.dimensions }
}
