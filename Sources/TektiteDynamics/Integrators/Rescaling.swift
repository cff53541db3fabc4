import TektiteCore

/// An integrator whose thermostat scales all velocities by one factor, which depends on the kinetic energy alone.
protocol Rescaling: Integrator, ~Copyable {
  /// What moves the cell, if anything does.
  var cellRescaling: StochasticCellRescaling? { get set }
  /// The shear flow, or nil.
  var shear: ShearFlow? { get set }
  /// The factor for the step from `step` to the next, given the kinetic energy in its middle.
  mutating func factor(kineticEnergy: Double, step: Int) -> Double
}

extension Rescaling where Self: ~Copyable {
  /// Runs `count` steps of velocity Verlet with the scaling in the middle, in the arrangement of Zhang et al. (2019,
  /// doi:10.1021/acs.jpca.9b02771). The step from n to n + 1 is
  ///
  ///     v ← v + Δt/2 f/m
  ///     x ← x + Δt/2 v
  ///     v ← a v, with a made of the kinetic energy here
  ///     x ← x + Δt/2 v
  ///        new forces
  ///     v ← v + Δt/2 f/m
  ///
  /// It is one pass that kicks and sums the kinetic energy and one that scales and drifts. As under `LangevinMiddle`, the kinetic
  /// energy is canonical in the middle of the step, and positions are canonical at full steps, to higher order than with the scaling at the ends.
  /// Where the cell moves, it does so before the velocities are scaled. Under shear, drifts are flows.
  mutating func advanceScaling(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    guard count > 0 else { return }
    let team = field.context.team
    for k in 0..<count {
      let wanted = k == count - 1 ? quantities : .forces
      if var barostat = cellRescaling, barostat.acts(in: step + k) {
        try moveCell(&barostat, &system, &field, step: step + k, kicks: k == 0 ? 1 : 2, wanted)
        cellRescaling = barostat
        continue
      }
      if var flow = shear, flow.isMoving {
        let kinetic = kickAndMeasureTensor(
          velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
          kicks: k == 0 ? 1 : 2, team: team)
        let middle = flow.slowed(kinetic, timestep / 2).trace / 2
        let factor = factor(kineticEnergy: middle, step: step + k)
        heat += try flow.perform(
          &system, &field, kinetic: kinetic, factor: factor, timestep: timestep, displacementLimit: displacementLimit,
          step: step + k, measuring: wanted)
        heat += (factor * factor - 1) * middle
        shear = flow
        continue
      }
      let kinetic = kickAndMeasure(
        velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
        kicks: k == 0 ? 1 : 2, team: team)
      let factor = factor(kineticEnergy: kinetic, step: step + k)
      let findings = scaleAndDrift(
        positions: &system.positions, velocities: &system.velocities, reference: field.near, by: factor,
        timestep: timestep, displacementLimit: displacementLimit, team: team)
      if findings.runawaySlot >= 0 {
        throw RunawayAtom(slot: findings.runawaySlot, step: step + k + 1, displacement: findings.runawayDisplacement)
      }
      heat += (factor * factor - 1) * kinetic
      try field.update(
        &system, cellRescaling?.quantities(after: step + k, wanted, field) ?? wanted,
        largestSquaredDisplacement: findings.largestSquaredDisplacement)
    }
    kick(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
      team: team)
  }

  /// A step in which the cell moves, up to the new forces.
  private mutating func moveCell(
    _ barostat: inout StochasticCellRescaling, _ system: inout System, _ field: inout ForceField, step: Int, kicks: Int,
    _ wanted: Quantities
  ) throws {
    let kinetic = kickAndMeasureTensor(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
      kicks: kicks, team: field.context.team)
    let move = try barostat.move(
      step: step, cell: system.cell, kinetic: kinetic, virial: field.evaluation.virial, count: system.count)
    let moved = move.kinetic.trace / 2
    let factor = factor(kineticEnergy: moved, step: step)
    var deformation = Deformation(
      map: move.map.positions, velocities: factor * move.map.velocities, before: timestep / 2, after: timestep / 2)
    deformation.displacementLimit = displacementLimit
    let findings = field.deform(&system, to: move.map.cell, deformation)
    if findings.runawaySlot >= 0 {
      throw RunawayAtom(slot: findings.runawaySlot, step: step + 1, displacement: findings.runawayDisplacement)
    }
    heat += (factor * factor - 1) * moved
    try field.update(
      &system, barostat.quantities(after: step, wanted, field),
      largestSquaredDisplacement: findings.largestSquaredDisplacement)
    heat += barostat.heat(of: move, virial: field.evaluation.virial)
  }
}
