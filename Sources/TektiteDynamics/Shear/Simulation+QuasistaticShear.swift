import TektiteCore

extension Simulation {
  /// Runs athermal quasistatic shear, from its start or from a checkpoint within it. Returns nil when the stage is done.
  ///
  /// Step 0 is the minimum below the configuration at hand. What a step does depends on nothing but the end of the step before: one that is interrupted is done anew.
  /// The velocities that the atoms had come back at the end.
  mutating func runQuasistaticShear(
    _ stage: QuasistaticShearStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    let clock = ContinuousClock()
    let began = clock.now
    let earlier = state != nil && record.stages.count > index ? record.stages[index] : nil
    var field = try makeField(index, skin: stage.skin, resuming: state)
    try check(stage, index, field)
    let measured = DynamicsQuantities.of(field)
    var course = QuasistaticRecord()
    var resting: [Vector3] = []
    system.scatter(system.velocities, into: &resting)
    var done = -1
    var ledger = StageLedger()
    if let state {
      done = state.step
      resting = state.restingVelocities
      ledger = state.ledger
      course.memory = state.integrator
    }
    var outputs = try StageOutputs(
      trajectories: stage.trajectories, thermo: ThermoOutput(file: stage.table, trigger: .every(1)),
      columns: quasistaticColumns(measured), header: header(index), store: store, positions: state?.outputs)
    var lastEntry = RunRecord.Stage(
      name: stage.name, kind: "shear-quasistatic", steps: 0, seconds: 0, forceSeconds: 0, neighborSeconds: 0,
      outputSeconds: 0, energyDriftPerAtom: nil, momentumDriftPerAtom: nil, ending: nil)
    func entry(_ field: borrowing ForceField, _ ending: String?) -> RunRecord.Stage {
      lastEntry.steps = max(0, done)
      lastEntry.seconds = (clock.now - began).seconds
      lastEntry.forceSeconds = field.forceSeconds
      lastEntry.neighborSeconds = field.listSeconds
      lastEntry.outputSeconds = outputs.time.seconds
      lastEntry.ending = ending
      return lastEntry
    }
    /// The state at the end of the last step, but for the lengths of outputs.
    func snapshot(_ system: borrowing System, _ field: borrowing ForceField) -> RunState {
      var state = RunState(stage: index, step: max(0, done), deck: plan.deckText, system: system)
      guard done >= 0 else { return state }
      state.forces = field.evaluation.forces.array()
      state.reference = field.reference.array()
      state.referenceCell = field.referenceCell
      state.ledger = ledger
      state.ledger.rebuilds = field.rebuilds
      state.restingVelocities = resting
      state.integrator = course.memory
      return state
    }

    progress.begin(stage.name, from: max(0, done), of: stage.steps)
    lastCheckpoint = clock.now
    while done < stage.steps {
      var before = snapshot(system, field)
      if done >= 0 {
        let strain = stage.strainStep * Double(stage.position(at: done + 1) - stage.position(at: done))
        let map = stage.plane.map(by: strain)
        var cell = system.cell
        cell.vectors = cell.vectors * map
        _ = field.deform(&system, to: cell, Deformation(map: map))
        system.reduceTilt(in: stage.plane)
      }
      guard let result = try relax(&field, stage, index) else {
        // A step that was broken off leaves no trace.
        before.outputs = try outputs.synchronize()
        try save(before)
        try outputs.close()
        try enter(entry(field, nil), at: index, after: earlier)
        progress.note(
          "\(stage.name): stopped at step \(max(0, done)) of \(stage.steps) by a signal; a checkpoint was written")
        return .interrupted(signal: pendingSignal ?? 0)
      }
      done += 1
      try field.update(&system, measured)
      if done == 0 { ledger.conservedAtStart = field.evaluation.energy }
      let volume = system.cell.volume ?? .nan
      let stress = (-1 / volume) * field.evaluation.virial
      let energy = measured.contains(.energy) ? field.evaluation.energy : .nan
      let step = QuasistaticRecord.Step(
        index: done, strain: stage.strain(at: done), energy: energy, stress: stage.plane.element(of: stress),
        volume: volume, evaluations: result.evaluations, isConverged: result.ending == .converged)
      let finding = course.take(step, eventDrop: stage.eventDrop)
      try outputs.writeFrames(
        at: done, time: Double(done), of: system, forces: field.evaluation.forces,
        energy: measured.contains(.energy) ? energy : nil, stress: stress)
      try outputs.writeRow(at: done) {
        [
          Double(done), step.strain, energy, step.stress, -stress.trace / Double(system.dimensions), finding.modulus,
          finding.dissipation,
          finding.isEvent ? 1 : 0, result.forces.rms, Double(result.evaluations), step.isConverged ? 1 : 0,
        ] + (measured.contains(.variance) ? [field.evaluation.energySpread, field.evaluation.largestForceSpread] : [])
      }
      if progress.isDue {
        progress.update(
          ProgressReporter.Status(
            step: done, steps: stage.steps,
            values: [("strain", step.strain), ("stress", step.stress), ("E/N", energy / Double(system.count))]))
      }
      guard done < stage.steps else { break }
      let isDue =
        switch stage.checkpoint {
        case .every(let steps): done > 0 && done % steps == 0
        case .seconds(let seconds): (clock.now - lastCheckpoint).seconds >= seconds
        }
      let signal = pendingSignal
      if isDue || signal != nil {
        var now = snapshot(system, field)
        now.outputs = try outputs.synchronize()
        try save(now)
      }
      if let signal {
        try outputs.close()
        try enter(entry(field, nil), at: index, after: earlier)
        progress.note("\(stage.name): stopped at step \(done) of \(stage.steps) by a signal; a checkpoint was written")
        return .interrupted(signal: signal)
      }
    }
    for slot in 0..<system.count { system.velocities[slot] = resting[Int(system.identity[slot])] }
    _ = try outputs.synchronize()
    try outputs.close()
    try saveEnd(of: index)
    let final = entry(field, course.unconverged == 0 ? "converged" : "unconverged")
    try enter(final, at: index, after: earlier)
    announce(stage, course, seconds: final.seconds)
    return nil
  }

  /// Goes down to the minimum below the present configuration; nil when a signal asks the run to stop.
  private mutating func relax(_ field: inout ForceField, _ stage: QuasistaticShearStage, _ index: Int) throws
    -> MinimizationResult?
  {
    let (options, units) = (options, plan.units)
    let stops = { (options.handlesSignals ? SignalCatcher.pending : nil) ?? options.interruption.pending != nil }
    switch stage.algorithm {
    case .fire:
      var minimizer = FIRE(for: field, units: units)
      return try descend(
        &system, &field, &minimizer, tolerance: stage.forceTolerance, maximumEvaluations: stage.maximumSteps,
        place: "stage '\(stage.name)'", stops: stops)
    case .lbfgs:
      var minimizer = LBFGS(for: field)
      return try descend(
        &system, &field, &minimizer, tolerance: stage.forceTolerance, maximumEvaluations: stage.maximumSteps,
        place: "stage '\(stage.name)'", stops: stops)
    }
  }

  private func check(_ stage: QuasistaticShearStage, _ index: Int, _ field: borrowing ForceField) throws(InputError) {
    let place = "stage '\(stage.name)'"
    if let why = stage.plane.complaint(about: system.cell) { throw InputError(why, file: place) }
    let requirements = field.requirements
    if !requirements.quantities.contains(.virial) {
      throw InputError("shear needs a potential that computes the stress", file: place)
    }
    if stage.algorithm == .lbfgs, !requirements.conservative || !requirements.quantities.contains(.energy) {
      throw InputError(
        "L-BFGS needs forces that are the gradient of an energy, which \(plan.models[index].name) does not promise. "
          + "Use algorithm: fire.", file: place)
    }
  }

  /// The table of quasistatic shear. Stresses are those of atoms at rest.
  private func quasistaticColumns(_ quantities: Quantities) -> [TableColumn] {
    let energy = unit(plan.units.energyName)
    let pressure = plan.units == .lj ? "" : "eV/Å^3"
    return [
      TableColumn("step"), TableColumn("strain"), TableColumn("potential", energy),
      TableColumn("shear_stress", pressure),
      TableColumn("pressure", pressure), TableColumn("tangent_modulus", pressure), TableColumn("dissipation", energy),
      TableColumn("event"), TableColumn("rms_force", plan.units == .lj ? "" : "eV/Å"), TableColumn("evaluations"),
      TableColumn("converged"),
    ] + spreadColumns(quantities)
  }

  private mutating func announce(_ stage: QuasistaticShearStage, _ course: QuasistaticRecord, seconds: Double) {
    progress.note(
      "\(stage.name): \(stage.steps) steps of strain \(brief(stage.strainStep)) in \(ProgressReporter.span(seconds)) "
        + "(\(course.evaluations) force evaluations), stress \(brief(course.stress)) at the end, \(course.events) plastic events"
    )
    if let modulus = course.modulus {
      let unit = plan.units == .lj ? "" : " eV/Å^3"
      progress.note(
        "\(stage.name): shear modulus \(brief(modulus))\(unit), the slope of the stress in the plane \(stage.plane.rawValue) over the first \(course.modulusSteps) steps, with relaxation, at zero temperature"
      )
    }
    if course.unconverged > 0 {
      progress.note(
        "\(stage.name): note: \(course.unconverged) descents did not reach the force tolerance; the column 'converged' of \(stage.table) tells which"
      )
    }
  }
}
