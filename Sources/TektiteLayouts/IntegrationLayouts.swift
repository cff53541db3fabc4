/// What the passes of the integrators read and write, and the constants of a step.
@frozen
public struct IntegrationPass {
  /// By slot: what moves.
  public var positions: UnsafeMutablePointer<Vector3>, velocities: UnsafeMutablePointer<Vector3>
  /// By slot: what moves it.
  public var forces: UnsafePointer<Vector3>, masses: UnsafePointer<Double>
  /// By slot: positions when the neighbour list was built, or nil.
  public var reference: UnsafePointer<Vector3>?
  /// By slot: which atom it is, for the noise.
  public var identity: UnsafePointer<Int32>
  /// The step.
  public var timestep = 0.0
  /// Half kicks to do first: 0, 1 or 2.
  public var kicks = 1
  /// Largest displacement of an atom in one step.
  public var limit = Double.infinity
  /// Whether the step is one of Langevin dynamics: half a drift, fluctuation, half a drift.
  public var isLangevin = false
  /// c and (1 − c²) k_B T of the fluctuation.
  public var keep = 1.0, variance = 0.0
  /// What the noise along z is multiplied by: 1, or 0 for atoms in a plane.
  public var depth = 1.0
  /// Philox key and the step's counter.
  public var key: UInt64 = 0, counter: UInt64 = 0

  /// Makes a pass over the given arrays.
  @inlinable public init(
    positions: UnsafeMutablePointer<Vector3>, velocities: UnsafeMutablePointer<Vector3>, forces: UnsafePointer<Vector3>,
    masses: UnsafePointer<Double>, identity: UnsafePointer<Int32>
  ) {
    self.positions = positions
    self.velocities = velocities
    self.forces = forces
    self.masses = masses
    self.identity = identity
  }
}

/// What a pass found out on the way.
@frozen
public struct IntegrationFindings: BitwiseCopyable, Sendable {
  /// The largest squared displacement from the reference; infinite when one is not a number.
  public var largestSquaredDisplacement = 0.0
  /// Kinetic energy that the fluctuation added.
  public var heat = 0.0
  /// The first slot that would have moved too far, or −1; such atoms stay.
  public var runawaySlot = -1
  /// How far it would have moved.
  public var runawayDisplacement = 0.0
  /// Makes empty findings.
  @inlinable public init() {}
}
