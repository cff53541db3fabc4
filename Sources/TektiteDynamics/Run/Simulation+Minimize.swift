import TektiteCore

extension Simulation {
  /// Runs a minimisation, from its start or from a checkpoint within it. Returns nil when the stage is done.
  ///
  /// The velocities that the atoms had come back at the end: FIRE uses the system's for its descent.
  mutating func runMinimize(
    _ stage: MinimizeStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    var field = try makeField(index, skin: stage.skin, resuming: state)
    switch stage.algorithm {
    case .fire:
      let minimizer = FIRE(for: field, units: plan.units)
      return try descend(minimizer, &field, stage, index: index, resuming: state)
    case .lbfgs:
      guard field.requirements.quantities.contains(.energy), field.requirements.conservative else {
        throw InputError(
          "L-BFGS needs forces that are the gradient of an energy, which \(plan.models[index].name) does not promise. "
            + "Use algorithm: fire.", file: "stage '\(stage.name)'")
      }
      let minimizer = LBFGS(for: field)
      return try descend(minimizer, &field, stage, index: index, resuming: state)
    }
  }

  private mutating func descend<M: Minimizer & ~Copyable>(
    _ start: consuming M, _ field: inout ForceField, _ stage: MinimizeStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    var minimizer = start
    let clock = ContinuousClock()
    let began = clock.now
    let earlier = state != nil && record.stages.count > index ? record.stages[index] : nil
    var step = 0
    var resting: [Vector3] = []
    system.scatter(system.velocities, into: &resting)
    var ledger = StageLedger()
    let measured = MinimizeQuantities.of(field)
    if let state {
      step = state.step
      resting = state.restingVelocities
      ledger = state.ledger
      var reader = ByteReader(state.minimizer, file: store.checkpointName, section: "minimizer")
      try minimizer.decode(from: &reader)
      try reader.expectEnd()
    } else {
      try field.update(&system, measured)
      ledger.conservedAtStart = field.evaluation.energy
      ledger.forceAtStart = Guard.largest(field.evaluation.forces).force
    }
    var watch = Guard(stage: stage.name, limits: GuardLimits(), ledger: ledger, thermostat: 0, timestep: nil)
    watch.keep(system, step: step, time: 0)
    var outputs = try StageOutputs(
      trajectories: stage.trajectories, thermo: stage.thermo, columns: descentColumns(measured), header: header(index),
      store: store, positions: state?.outputs)
    progress.begin(stage.name, from: step, of: stage.maximumSteps)
    lastCheckpoint = clock.now

    func entry(_ field: borrowing ForceField, _ ending: String?) -> RunRecord.Stage {
      RunRecord.Stage(
        name: stage.name, kind: "minimize", steps: step, seconds: (clock.now - began).seconds,
        forceSeconds: field.forceSeconds, neighborSeconds: field.listSeconds,
        outputSeconds: outputs.time.seconds, energyDriftPerAtom: nil, momentumDriftPerAtom: nil, ending: ending)
    }
    func snapshot(_ minimizer: borrowing M, _ system: borrowing System, _ field: borrowing ForceField) throws
      -> RunState
    {
      var state = RunState(stage: index, step: step, deck: plan.deckText, system: system)
      state.forces = field.evaluation.forces.array()
      state.reference = field.reference.array()
      state.ledger = ledger
      state.ledger.rebuilds = field.rebuilds
      state.restingVelocities = resting
      var writer = ByteWriter()
      minimizer.encode(into: &writer)
      state.minimizer = writer.bytes
      state.outputs = try outputs.synchronize()
      return state
    }

    var isAtNewStep = state == nil
    var size = ForceSize(field.evaluation.forces, dimensions: system.dimensions)
    func write(
      _ minimizer: borrowing M, _ system: borrowing System, _ field: borrowing ForceField, due isDue: Bool
    ) throws {
      let energy = field.evaluation.energy
      try outputs.writeFrames(
        at: step, time: Double(step), of: system, forces: field.evaluation.forces, energy: energy, stress: nil,
        due: isDue)
      let spreads =
        measured.contains(.variance) ? [field.evaluation.energySpread, field.evaluation.largestForceSpread] : []
      let evaluations = Double(minimizer.evaluations)
      try outputs.writeRow(at: step, due: isDue) {
        [Double(step), evaluations, energy, size.rms, size.maximum] + spreads
      }
    }
    var ending: MinimizationResult.Ending?
    while true {
      if isAtNewStep {
        if let violation = watch.check(
          forces: field.evaluation.forces, energy: field.evaluation.energy, temperature: 0, drift: 0, step: step)
        {
          let report = watch.report(violation, step: step, of: system, forces: field.evaluation.forces)
          try writeForensics(report, lastGood: watch.lastGood)
          try outputs.close()
          try enter(entry(field, nil), at: index, after: earlier)
          return .unphysical(report)
        }
        if step % Guard.interval == 0 { watch.keep(system, step: step, time: 0) }
        try write(minimizer, system, field, due: true)
      }
      ending =
        size.rms < stage.forceTolerance
        ? .converged : minimizer.isStalled ? .stalled : minimizer.evaluations >= stage.maximumSteps ? .exhausted : nil
      if ending != nil { break }
      if let signal = pendingSignal {
        try save(try snapshot(minimizer, system, field))
        try outputs.close()
        try enter(entry(field, nil), at: index, after: earlier)
        progress.note("\(stage.name): stopped at iteration \(step) by a signal; a checkpoint was written")
        return .interrupted(signal: signal)
      }
      if (clock.now - lastCheckpoint).seconds >= Self.minimizeCheckpointSeconds {
        try save(try snapshot(minimizer, system, field))
      }
      try minimizer.iterate(&system, &field)
      step += 1
      isAtNewStep = true
      size = ForceSize(field.evaluation.forces, dimensions: system.dimensions)
      if progress.isDue {
        let energy = field.evaluation.energy / Double(system.count)
        progress.update(
          ProgressReporter.Status(
            step: minimizer.evaluations, steps: stage.maximumSteps,
            values: [("E/N", energy), ("rms force", size.rms)]))
      }
    }
    // The minimum itself is what everybody is after, whatever its number.
    try write(minimizer, system, field, due: false)
    for slot in 0..<system.count { system.velocities[slot] = resting[Int(system.identity[slot])] }
    _ = try outputs.synchronize()
    try outputs.close()
    try saveEnd(of: index)
    let word = ending?.rawValue ?? "stopped"
    try enter(entry(field, word), at: index, after: earlier)
    progress.note(
      "\(stage.name): \(word) after \(step) iterations (\(minimizer.evaluations) force evaluations): energy "
        + "\(brief(field.evaluation.energy / Double(system.count))) per atom, rms force \(brief(size.rms))"
        + (ending == .converged ? "" : ", tolerance \(brief(stage.forceTolerance)) not reached"))
    return nil
  }

  private static var minimizeCheckpointSeconds: Double { 600 }

  private func descentColumns(_ quantities: Quantities) -> [TableColumn] {
    let energy = unit(plan.units.energyName)
    let force = plan.units == .lj ? "" : "eV/Å"
    return [
      TableColumn("step"), TableColumn("evaluations"), TableColumn("potential", energy),
      TableColumn("rms_force", force), TableColumn("max_force", force),
    ] + spreadColumns(quantities)
  }
}
