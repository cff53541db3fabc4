import TektiteCore

/// The minimum of the energy below a configuration. It depends on nothing but the configuration: not on the order of atoms in memory, nor on what was computed before.
struct QuenchedFrame {
  /// The minimum, with step and time of the configuration: unwrapped positions in the user's order.
  var frame: Frame
  /// The row of the table.
  var row: [Double]
  /// How the descent ended.
  var result: MinimizationResult

  /// Goes down from a configuration. Nil when `stops` says so on the way.
  /// - Throws: `InputError` for L-BFGS with forces that are not a gradient; what the potential throws.
  init?(
    of start: Frame, topology: Topology, units: Units, _ description: InherentStructures, _ model: any PotentialModel,
    skin: Double, team: ThreadTeam, stops: () -> Bool
  ) throws {
    var system = System(Structure(topology: topology, frame: start), units: units)
    var field = try ForceField(model, for: system, skin: skin, team: team)
    let ended: MinimizationResult?
    switch description.algorithm {
    case .fire:
      var minimizer = FIRE(for: field, units: units)
      ended = try descend(
        &system, &field, &minimizer, tolerance: description.forceTolerance,
        maximumEvaluations: description.maximumSteps, place: "inherent structures", stops: stops)
    case .lbfgs:
      guard field.requirements.quantities.contains(.energy), field.requirements.conservative else {
        throw InputError(
          "L-BFGS needs forces that are the gradient of an energy, which \(model.name) does not promise. Use algorithm: fire.",
          file: "inherent structures")
      }
      var minimizer = LBFGS(for: field)
      ended = try descend(
        &system, &field, &minimizer, tolerance: description.forceTolerance,
        maximumEvaluations: description.maximumSteps, place: "inherent structures", stops: stops)
    }
    guard let ended else { return nil }
    result = ended
    let quantities = DynamicsQuantities.of(field)
    try field.update(&system, quantities)
    var frame = Frame()
    system.copy(into: &frame, velocities: false)
    frame.step = start.step
    frame.time = start.time
    let hasEnergy = quantities.contains(.energy)
    frame.energy = hasEnergy ? field.evaluation.energy : nil
    var pressure = Double.nan
    if quantities.contains(.virial), let volume = system.cell.volume, volume > 0 {
      frame.stress = (-1 / volume) * field.evaluation.virial
      pressure = field.evaluation.virial.trace / (Double(system.dimensions) * volume)
    }
    var squares = 0.0
    for (before, after) in zip(start.positions, frame.positions) { squares += (after - before).lengthSquared }
    let count = Double(max(1, system.count))
    let energy = hasEnergy ? field.evaluation.energy : .nan
    row = [
      Double(start.step), start.time * units.femtoseconds, energy, energy / count, pressure, ended.forces.rms,
      Double(ended.evaluations), ended.ending == .converged ? 1 : 0, (squares / count).squareRoot(),
    ]
    self.frame = frame
  }
}
