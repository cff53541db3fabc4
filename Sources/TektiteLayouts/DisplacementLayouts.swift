/// The coordinates of the same atoms in two frames, each coordinate a run of its own. A place without an atom is at the origin in both.
@frozen
public struct DisplacementRows {
  /// In the earlier frame.
  public var x0: UnsafePointer<Double>, y0: UnsafePointer<Double>, z0: UnsafePointer<Double>
  /// In the later one.
  public var x1: UnsafePointer<Double>, y1: UnsafePointer<Double>, z1: UnsafePointer<Double>
  /// Atoms, a multiple of four.
  public var count: Int

  /// Makes rows of given runs.
  @inlinable public init(
    from x0: UnsafePointer<Double>, _ y0: UnsafePointer<Double>, _ z0: UnsafePointer<Double>,
    to x1: UnsafePointer<Double>, _ y1: UnsafePointer<Double>, _ z1: UnsafePointer<Double>, count: Int
  ) {
    self.x0 = x0
    self.y0 = y0
    self.z0 = z0
    self.x1 = x1
    self.y1 = y1
    self.z1 = z1
    self.count = count
  }
}

/// A sum over the displacements of atoms between two frames.
public enum DisplacementSum: Hashable, Sendable {
  /// Σ sin(kr)/(kr), with k > 0: the average of exp(i k·r) over all directions of k in space.
  case isotropic(Double)
  /// Σ r².
  case square
  /// Σ r⁴.
  case fourth
  /// The number of atoms that moved by less than a distance.
  case within(Double)
}
