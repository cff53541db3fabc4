import TektiteCore

/// Velocity Verlet (Swope et al. 1982, doi:10.1063/1.442716): time-reversible, symplectic, constant energy.
///
/// A step is v ← v + Δt/2 f/m, x ← x + Δt v, new forces, v ← v + Δt/2 f/m. Within one call the second half kick of a step and
/// the first of the next share a pass over the atoms but remain two rounded additions.
public struct VelocityVerlet: Integrator, ~Copyable {
  /// The timestep in internal units.
  public let timestep: Double
  /// The heat that the system has taken up so far, energy.
  public var heat = 0.0
  /// Largest distance that an atom may move in one step, length.
  public var displacementLimit = Double.infinity

  /// Makes an integrator with a timestep in internal units; a negative one runs backwards.
  public init(timestep: Double) { self.timestep = timestep }

  /// Runs `count` steps; see `Integrator`.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    guard count > 0 else { return }
    for k in 0..<count {
      let runaway = Self.kickAndDrift(
        &system.positions, &system.velocities, field.evaluation.forces, system.masses, timestep: timestep,
        kicks: k == 0 ? 1 : 2, limit: displacementLimit)
      if let runaway {
        throw RunawayAtom(slot: runaway.slot, step: step + k + 1, displacement: runaway.displacement)
      }
      try field.update(&system, k == count - 1 ? quantities : .forces)
    }
    Self.kick(&system.velocities, field.evaluation.forces, system.masses, by: timestep / 2)
  }

  /// v ← v + h f/m for every slot.
  static func kick(
    _ velocities: inout Buffer<Vector3>, _ forces: borrowing Buffer<Vector3>, _ masses: borrowing Buffer<Double>,
    by h: Double
  ) {
    for i in velocities.indices { velocities[i] += (h / masses[i]) * forces[i] }
  }

  /// One or two half kicks, then x ← x + Δt v. An atom that would move farther than the limit stays and is reported, the first one
  /// in slot order.
  private static func kickAndDrift(
    _ positions: inout Buffer<Vector3>, _ velocities: inout Buffer<Vector3>, _ forces: borrowing Buffer<Vector3>,
    _ masses: borrowing Buffer<Double>, timestep: Double, kicks: Int, limit: Double
  ) -> (slot: Int, displacement: Double)? {
    let h = timestep / 2
    var runaway: (slot: Int, displacement: Double)?
    for i in positions.indices {
      let kick = (h / masses[i]) * forces[i]
      var v = velocities[i]
      for _ in 0..<kicks { v += kick }
      velocities[i] = v
      let displacement = timestep * v
      if displacement.lengthSquared <= limit * limit {
        positions[i] += displacement
      } else if runaway == nil {
        runaway = (i, displacement.length)
      }
    }
    return runaway
  }
}
