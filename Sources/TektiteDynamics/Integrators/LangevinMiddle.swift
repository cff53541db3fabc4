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
/// In two dimensions R lies in the plane. Positions and velocities before and after `advance` are those at full steps, after the last B. The two half kicks that meet between
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
  /// A barostat to go with it, for the same temperature, or nil. The cell moves before the fluctuation.
  public var cellRescaling: StochasticCellRescaling?
  /// A shear flow, or nil: drifts are then flows, as `ShearFlow` has them.
  public var shear: ShearFlow?
  private let noise: Noise

  /// What barostat and flow have to remember.
  public var memory: [Double] {
    get { (cellRescaling?.memory ?? []) + (shear?.memory ?? []) }
    set {
      cellRescaling?.memory = newValue
      shear?.memory = newValue
    }
  }
  /// The work of the flow, which is part of the heat.
  public var work: Double { shear?.work ?? 0 }

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
    let team = field.context.team
    for k in 0..<count {
      let kT = temperature.value(at: step + k, of: steps)
      let fluctuation = StepConstants.Fluctuation(
        keep: keep, variance: fresh * kT, key: noise.key, counter: UInt64(truncatingIfNeeded: step + k),
        isPlanar: system.cell.isPlanar)
      let wanted = k == count - 1 ? quantities : .forces
      var kicks = k == 0 ? 1 : 2
      var move: StochasticCellRescaling.Move?
      if var flow = shear, flow.isMoving {
        try self.flow(&flow, &system, &field, fluctuation, step: step + k, kicks: kicks, wanted)
        shear = flow
        continue
      }
      if var barostat = cellRescaling, barostat.acts(in: step + k) {
        move = try moveCell(&barostat, &system, &field, step: step + k, kicks: kicks)
        cellRescaling = barostat
        kicks = 0
      }
      let findings = kickAndDrift(
        positions: &system.positions, velocities: &system.velocities, forces: field.evaluation.forces,
        masses: system.masses,
        identity: system.identity, reference: field.near,
        StepConstants(
          timestep: timestep, kicks: kicks, displacementLimit: displacementLimit, fluctuation: fluctuation),
        team: team)
      if findings.runawaySlot >= 0 {
        throw RunawayAtom(slot: findings.runawaySlot, step: step + k + 1, displacement: findings.runawayDisplacement)
      }
      heat += findings.heat
      try field.update(
        &system, cellRescaling?.quantities(after: step + k, wanted, field) ?? wanted,
        largestSquaredDisplacement: findings.largestSquaredDisplacement)
      if let barostat = cellRescaling, let move {
        heat += barostat.heat(of: move, virial: field.evaluation.virial)
      }
    }
    kick(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
      team: team)
  }

  /// A step under shear, up to the new forces: a flow, the fluctuation, a flow. The pass with the fluctuation drifts, and the flows are
  /// made without what it drifts.
  private mutating func flow(
    _ flow: inout ShearFlow, _ system: inout System, _ field: inout ForceField,
    _ fluctuation: StepConstants.Fluctuation,
    step: Int, kicks: Int, _ wanted: Quantities
  ) throws {
    let (team, half) = (field.context.team, timestep / 2)
    let before = kickAndMeasureTensor(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: half, kicks: kicks,
      team: team)
    let virial = field.evaluation.virial
    _ = field.deform(&system, to: flow.cell(system.cell, after: half), flow.deformationBefore(half: half))
    let drift = kickAndDrift(
      positions: &system.positions, velocities: &system.velocities, forces: field.evaluation.forces,
      masses: system.masses, identity: system.identity, reference: field.near,
      StepConstants(timestep: timestep, kicks: 0, displacementLimit: displacementLimit, fluctuation: fluctuation),
      team: team)
    if drift.runawaySlot >= 0 {
      throw RunawayAtom(slot: drift.runawaySlot, step: step + 1, displacement: drift.runawayDisplacement)
    }
    let after = kickAndMeasureTensor(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: half, kicks: 0,
      team: team)
    let findings = field.deform(&system, to: flow.cell(system.cell, after: half), flow.deformationAfter(half: half))
    system.reduceTilt(in: flow.shear.plane)
    try field.update(
      &system, flow.quantities(wanted, field), largestSquaredDisplacement: findings.largestSquaredDisplacement)
    let change = 0.5 * (flow.slowed(before, half).trace - before.trace + flow.slowed(after, half).trace - after.trace)
    heat += drift.heat + flow.add(kinetic: change, virials: virial, field.evaluation.virial, timestep: timestep)
  }

  /// The kicks of a step, and the move of the cell in its middle. The drift of the first half, which precedes the move, is made here, and the one that the
  /// pass with the fluctuation will make with the new velocities is taken back beforehand.
  private func moveCell(
    _ barostat: inout StochasticCellRescaling, _ system: inout System, _ field: inout ForceField, step: Int, kicks: Int
  ) throws -> StochasticCellRescaling.Move {
    let kinetic = kickAndMeasureTensor(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
      kicks: kicks, team: field.context.team)
    let move = try barostat.move(
      step: step, cell: system.cell, kinetic: kinetic, virial: field.evaluation.virial, count: system.count)
    let deformation = Deformation(
      map: move.map.positions, velocities: move.map.velocities, before: timestep / 2, after: -timestep / 2)
    _ = field.deform(&system, to: move.map.cell, deformation)
    return move
  }
}
