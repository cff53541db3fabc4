import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Langevin dynamics with the fluctuation in the middle of the step: the BAOAB splitting of Leimkuhler and Matthews (2013,
/// doi:10.1093/amrx/abs010), in the arrangement of Zhang et al. (2019, doi:10.1021/acs.jpca.9b02771).
///
/// The step from n to n + 1 is, with c = exp(−γΔt) and R a vector of standard normal deviates of (stage, n, atom),
///
///     B  v ← v + Δt/2 f/m
///     A  x ← x + Δt/2 v
///     O  v ← c v + √((1 − c²) k_B T(n) / m) R
///     A  x ← x + Δt/2 v
///        new forces
///     B  v ← v + Δt/2 f/m
///
/// Positions and velocities before and after `advance` are those at full steps, after the last B. The two half kicks that meet between
/// steps are the full kick of the BAOA form; within one call they share a pass but remain two rounded additions.
///
/// On a harmonic trap of frequency ω the positions at full steps have exactly the right variance k_B T / (m ω²) for any stable Δt, and
/// the velocities at full steps have variance (k_B T / m)(1 − ω²Δt²/4): temperatures from full-step velocities lie
/// low by that much. Kinetic + potential − heat is conserved to second order in Δt, as the energy under velocity Verlet.
public struct LangevinMiddle: Integrator, ~Copyable {
  /// The timestep in internal units.
  public let timestep: Double
  /// The heat that the system has taken up so far, energy.
  public var heat = 0.0
  /// Largest distance that an atom may move in one step, length.
  public var displacementLimit = Double.infinity
  /// The friction γ, per internal unit of time.
  public let friction: Double
  /// k_B T as a function of the step, energy.
  public let temperature: Schedule
  /// The number of steps of the stage, which ramps refer to.
  public let steps: Int
  private let noise: Noise

  /// Makes an integrator.
  /// - Parameters:
  ///   - timestep: internal units.
  ///   - friction: per internal unit of time; with 0 the step is one of velocity Verlet but for rounding.
  ///   - temperature: k_B T; the step from n to n + 1 uses its value at n.
  ///   - steps: length of the stage.
  ///   - noise: see `RandomStream.langevin`.
  public init(timestep: Double, friction: Double, temperature: Schedule, steps: Int, noise: Noise) {
    self.timestep = timestep
    self.friction = friction
    self.temperature = temperature
    self.steps = steps
    self.noise = noise
  }

  /// Runs `count` steps; see `Integrator`.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    guard count > 0 else { return }
    let keep = exp(-friction * timestep)
    // 1 − c² without the loss of digits at weak friction.
    let fresh = -expm1(-2 * friction * timestep)
    for k in 0..<count {
      let kT = temperature.value(at: step + k, of: steps)
      let (taken, runaway) = Self.kickDriftFluctuateDrift(
        &system.positions, &system.velocities, field.evaluation.forces, system.masses, system.identity,
        timestep: timestep, kicks: k == 0 ? 1 : 2, keep: keep, variance: fresh * kT, noise: noise, step: step + k,
        limit: displacementLimit)
      if let runaway {
        throw RunawayAtom(slot: runaway.slot, step: step + k + 1, displacement: runaway.displacement)
      }
      heat += taken
      try field.update(&system, k == count - 1 ? quantities : .forces)
    }
    VelocityVerlet.kick(&system.velocities, field.evaluation.forces, system.masses, by: timestep / 2)
  }

  /// One or two half kicks, half a drift, the fluctuation, half a drift. Returns the kinetic energy that the fluctuation added, summed in
  /// slot order, and the first atom in slot order that would have moved too far; such atoms stay.
  private static func kickDriftFluctuateDrift(
    _ positions: inout Buffer<Vector3>, _ velocities: inout Buffer<Vector3>, _ forces: borrowing Buffer<Vector3>,
    _ masses: borrowing Buffer<Double>, _ identity: borrowing Buffer<Int32>, timestep: Double, kicks: Int, keep: Double,
    variance: Double, noise: Noise, step: Int, limit: Double
  ) -> (heat: Double, runaway: (slot: Int, displacement: Double)?) {
    let h = timestep / 2
    var heat = 0.0
    var runaway: (slot: Int, displacement: Double)?
    for i in positions.indices {
      let mass = masses[i]
      let kick = (h / mass) * forces[i]
      var before = velocities[i]
      for _ in 0..<kicks { before += kick }
      let after = keep * before + (variance / mass).squareRoot() * noise.normals(step: step, atom: identity[i])
      heat += 0.5 * mass * (after.lengthSquared - before.lengthSquared)
      velocities[i] = after
      let displacement = h * before + h * after
      if displacement.lengthSquared <= limit * limit {
        positions[i] += displacement
      } else if runaway == nil {
        runaway = (i, displacement.length)
      }
    }
    return (heat, runaway)
  }
}
