import TektiteCore

/// Velocity Verlet (Swope et al. 1982, doi:10.1063/1.442716): time-reversible, symplectic, constant energy.
///
/// A step is v ← v + Δt/2 f/m, x ← x + Δt v, new forces, v ← v + Δt/2 f/m. Within one call the second half kick of a step and
/// the first of the next share a pass over the atoms but remain two rounded additions. Under shear, see `ShearFlow`.
public struct VelocityVerlet: Integrator, ~Copyable {
  /// The timestep in internal units.
  public let timestep: Double
  /// The heat that the system has taken up so far, energy.
  public var heat = 0.0
  /// Largest distance that an atom may move in one step, length.
  public var displacementLimit = Double.infinity
  /// A shear flow, or nil.
  public var shear: ShearFlow?

  /// What the flow has to remember.
  public var memory: [Double] {
    get { shear?.memory ?? [] }
    set { shear?.memory = newValue }
  }
  /// The work of the flow, which is part of the heat.
  public var work: Double { shear?.work ?? 0 }

  /// Makes an integrator with a timestep in internal units; a negative one runs backwards.
  public init(timestep: Double) { self.timestep = timestep }

  /// Runs `count` steps; see `Integrator`.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    guard count > 0 else { return }
    let team = field.context.team
    for k in 0..<count {
      if var flow = shear, flow.isMoving {
        let kinetic = kickAndMeasureTensor(
          velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
          kicks: k == 0 ? 1 : 2, team: team)
        heat += try flow.perform(
          &system, &field, kinetic: kinetic, factor: 1, timestep: timestep, displacementLimit: displacementLimit,
          step: step + k, measuring: k == count - 1 ? quantities : .forces)
        shear = flow
        continue
      }
      let findings = kickAndDrift(
        positions: &system.positions, velocities: &system.velocities, forces: field.evaluation.forces,
        masses: system.masses,
        identity: system.identity, reference: field.near,
        StepConstants(timestep: timestep, kicks: k == 0 ? 1 : 2, displacementLimit: displacementLimit), team: team)
      if findings.runawaySlot >= 0 {
        throw RunawayAtom(slot: findings.runawaySlot, step: step + k + 1, displacement: findings.runawayDisplacement)
      }
      try field.update(
        &system, k == count - 1 ? quantities : .forces, largestSquaredDisplacement: findings.largestSquaredDisplacement)
    }
    kick(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
      team: team)
  }
}
