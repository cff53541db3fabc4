import Synchronization
import TektiteCore

extension Simulation {
  /// Runs an isoconfigurational ensemble, from its start or from a checkpoint within it. Returns nil when the stage is done. The atoms are
  /// afterwards where they were, with the velocities that they had. Configurations of a trajectory are taken one after the other.
  ///
  /// As many runs go on at a time as there are threads, each with one thread of its own; their results are added in the order of
  /// their numbers.
  mutating func runIsoconfigurational(
    _ stage: IsoconfigurationalStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    let clock = ContinuousClock()
    let began = clock.now
    let earlier = state != nil && record.stages.count > index ? record.stages[index] : nil
    var frame = Frame()
    system.copy(into: &frame, velocities: false)
    var start = Structure(topology: system.topology, frame: frame)
    let times = stage.times
    let fresh = PropensitySums(times: times.count, atoms: system.count)
    var sums = fresh
    // The configuration that is worked on.
    var configuration = 0
    if let state {
      var reader = ByteReader(state.observations, file: store.checkpointName, section: RunState.observationsName)
      try sums.restore(from: &reader)
      if stage.configurations != nil { configuration = try reader.int() }
      try reader.expectEnd()
    }
    let runs = stage.runs * stage.configurationCount
    func done() -> Int { configuration * stage.runs + sums.runs }
    let model = plan.models[index]
    let requirements = try model.makePotential(for: system.table).requirements
    guard requirements.conservative else {
      throw InputError(
        "the forces of \(model.name) are not the gradient of an energy, so runs at constant energy make no sense with them.",
        file: "stage '\(stage.name)'")
    }
    guard stage.predictors == nil || requirements.quantities.contains(.atomicEnergies) else {
      throw InputError(
        "\(model.name) has no energies of single atoms, which predictors need. Give the stage 'predictors: none'.",
        file: "stage '\(stage.name)'")
    }
    let skin = stage.skin ?? Self.defaultSkin(requirements)
    var trajectory = try stage.configurations.map { choice in
      let path =
        switch choice.source {
        case .file(let path): path
        case .output(let file): store.path(of: file)
        }
      return try ConfigurationReader(choice, path: path, units: plan.units)
    }
    progress.begin(stage.name, from: done() * stage.steps, of: runs * stage.steps)
    lastCheckpoint = clock.now
    var forceSeconds = 0.0
    var listSeconds = 0.0

    func entry() -> RunRecord.Stage {
      RunRecord.Stage(
        name: stage.name, kind: "isoconfigurational", steps: done() * stage.steps,
        seconds: (clock.now - began).seconds,
        forceSeconds: forceSeconds, neighborSeconds: listSeconds, outputSeconds: 0, observationSeconds: nil,
        energyDriftPerAtom: nil, momentumDriftPerAtom: nil, ending: nil)
    }
    func snapshot(_ system: borrowing System) -> RunState {
      var state = RunState(stage: index, step: done(), deck: plan.deckText, system: system)
      // Marks the stage as begun.
      state.reference = state.positions
      var writer = ByteWriter()
      sums.save(to: &writer)
      if stage.configurations != nil { writer.put(configuration) }
      state.observations = writer.bytes
      return state
    }

    while configuration < stage.configurationCount {
      let part = stage.part(configuration)
      if let found = try trajectory?.read(configuration, topology: system.topology, diameters: frame.diameters) {
        start = found
      }
      let ensemble = IsoconfigurationalRun(
        stage: stage, times: times, start: start,
        bonds: stage.measure == .bondBreaking ? StartingBonds(of: start, stage.bonds) : nil, units: plan.units,
        seed: plan.seed, index: index, model: model, skin: skin)
      while sums.runs < stage.runs {
        // The threads take one run after the other until it is time for a checkpoint; they wait for each other only then. Results are kept
        // until that moment, so their number is bounded, too.
        let first = sums.runs
        let width = min(16 * team.count, stage.runs - first)
        let batch = clock.now
        let next = Atomic(0)
        let numbers = configuration * stage.runs + first
        let results = Mutex([IsoconfigurationalRun.Result?](repeating: nil, count: width))
        let handlesSignals = options.handlesSignals
        let interruption = options.interruption
        team.forEachChunk(team.count) { thread in
          var isFirst = true
          while isFirst || (clock.now - batch).seconds < Self.ensembleSeconds {
            isFirst = false
            let k = next.add(1, ordering: .relaxed).oldValue
            guard k < width else { return }
            let result = ensemble.run(numbers + k) {
              (handlesSignals ? SignalCatcher.pending : nil) ?? interruption.pending != nil
            }
            results.withLock { $0[k] = result }
            if case .done = result { continue }
            return
          }
        }
        for result in results.withLock({ $0 }) {
          switch result {
          case .done(let values, let force, let list):
            sums.add(values)
            // Of the threads' times the wall has seen one share.
            forceSeconds += force / Double(min(team.count, stage.runs))
            listSeconds += list / Double(min(team.count, stage.runs))
            continue
          case .unphysical(let report, let lastGood):
            try writeForensics(report, lastGood: lastGood)
            try enter(entry(), at: index, after: earlier)
            return .unphysical(report)
          case .failed(let error): throw error
          // Those behind were not begun, or are done again.
          case .stopped, nil: break
          }
          break
        }
        if let signal = pendingSignal, done() < runs {
          try save(snapshot(system))
          try enter(entry(), at: index, after: earlier)
          progress.note(
            "\(stage.name): stopped after \(done()) of \(runs) runs by a signal; a checkpoint was written")
          return .interrupted(signal: signal)
        }
        if (clock.now - lastCheckpoint).seconds >= Self.ensembleSeconds { try save(snapshot(system)) }
        if progress.isDue {
          progress.update(
            ProgressReporter.Status(
              step: done() * stage.steps, steps: runs * stage.steps, values: [("runs", Double(done()))]))
        }
      }
      var files = PropensityFiles(stage: part, sums: sums, start: start, units: plan.units)
      if part.predictors != nil {
        let predictors = try StructuralPredictors(
          of: start, model, units: plan.units, skin: skin, tolerance: plan.units == .lj ? 1e-6 : 1e-4, team: team)
        if predictors.minimization.ending != .converged {
          progress.note(
            "\(stage.name): note: the inherent structure was not reached: rms force \(brief(predictors.minimization.forces.rms)) "
              + "after \(predictors.minimization.evaluations) evaluations")
        }
        files.predictors = predictors
      }
      try store.write(files.frames, to: part.file)
      try store.write(files.table, to: part.table)
      if let file = part.predictors, let table = files.predictorTable { try store.write(table, to: file) }
      configuration += 1
      sums = fresh
    }
    if stage.configurations != nil { try writeSummary(of: stage) }
    try saveEnd(of: index)
    let final = entry()
    try enter(final, at: index, after: earlier)
    progress.note(
      "\(stage.name): \(runs) runs of \(stage.steps) steps in \(ProgressReporter.span(final.seconds)) "
        + "(\(brief(Double(final.steps) / max(final.seconds, 1e-9))) steps/s)")
    return nil
  }
}

extension Simulation {
  /// Writes the means over configurations of what their tables say.
  private func writeSummary(of stage: IsoconfigurationalStage) throws {
    let texts = (0..<stage.configurationCount).map { store.read(stage.part($0).table) ?? "" }
    try store.write(PropensitySummary.text(texts), to: stage.table)
  }

  /// Wall time from one checkpoint of an ensemble to the next, and between two looks at its progress.
  fileprivate static var ensembleSeconds: Double { 30 }
}

/// What the runs of an isoconfigurational ensemble have in common.
struct IsoconfigurationalRun: Sendable {
  /// How a run ended.
  enum Result: Sendable {
    /// A value for each time and atom, and the time spent in forces and lists.
    case done(values: [Double], forceSeconds: Double, listSeconds: Double)
    /// It was asked to stop.
    case stopped
    /// The guard stopped it.
    case unphysical(UnphysicalReport, lastGood: Frame)
    /// The potential failed.
    case failed(any Error)
  }

  let stage: IsoconfigurationalStage
  let times: [Int]
  let start: Structure
  /// The bonds that may break, for the measure that asks for them.
  let bonds: StartingBonds?
  let units: Units
  let seed: UInt64
  let index: Int
  let model: any PotentialModel
  let skin: Double

  /// Does one run.
  /// - Parameters:
  ///   - number: from 0; it is the key of the velocities.
  ///   - stops: asked now and then whether to give up.
  func run(_ number: Int, stops: () -> Bool) -> Result {
    do {
      return try go(number, stops)
    } catch {
      return .failed(error)
    }
  }

  private func go(_ number: Int, _ stops: () -> Bool) throws -> Result {
    var system = System(start, units: units)
    system.drawMaxwellVelocities(
      temperature: stage.temperature, seed: seed, stage: index, draw: number + 1,
      exactly: false)
    var field = try ForceField(model, for: system, skin: skin, team: ThreadTeam(threads: 1))
    try field.update(&system)
    var ledger = StageLedger()
    ledger.temperatureAtStart = stage.temperature
    ledger.forceAtStart = Guard.largest(field.evaluation.forces).force
    var watch = Guard(
      stage: "\(stage.name), run \(number + 1)", limits: GuardLimits(), ledger: ledger, thermostat: stage.temperature,
      timestep: stage.timestep)
    watch.keep(system, step: 0, time: 0)
    var integrator = VelocityVerlet(timestep: stage.timestep)
    integrator.displacementLimit = field.requirements.cutoff / 2
    let freedom = Thermodynamics.degreesOfFreedom(
      count: system.count, conservesMomentum: true, dimensions: system.dimensions)
    var values: [Double] = []
    values.reserveCapacity(times.count * start.count)
    var frame = Frame()
    var step = 0
    for time in times {
      while step < time {
        if stops() { return .stopped }
        let count = min(Guard.interval - step % Guard.interval, time - step)
        do {
          try integrator.advance(&system, &field, from: step, count: count)
        } catch let runaway as RunawayAtom {
          let violation = Guard.Violation(
            finding: field.evaluation.forces[runaway.slot].isFinite ? .displacement : .nonFiniteForce,
            value: runaway.displacement, limit: integrator.displacementLimit, slot: runaway.slot)
          return .unphysical(
            watch.report(violation, step: runaway.step, of: system, forces: field.evaluation.forces),
            lastGood: watch.lastGood)
        }
        step += count
        let temperature = Thermodynamics.temperature(
          kineticEnergy: Thermodynamics.kineticEnergy(system), degreesOfFreedom: freedom)
        if let violation = watch.check(
          forces: field.evaluation.forces, energy: nil, temperature: temperature, drift: 0, step: step)
        {
          return .unphysical(
            watch.report(violation, step: step, of: system, forces: field.evaluation.forces), lastGood: watch.lastGood)
        }
        if step % Guard.interval == 0 { watch.keep(system, step: step, time: Double(step) * stage.timestep) }
      }
      system.copy(into: &frame, velocities: false)
      if let bonds {
        values += bonds.broken(in: frame)
        continue
      }
      for atom in 0..<start.count {
        let square = (frame.positions[atom] - start.frame.positions[atom]).lengthSquared
        values.append(stage.measure == .displacement ? square.squareRoot() : square)
      }
    }
    return .done(values: values, forceSeconds: field.forceSeconds, listSeconds: field.listSeconds)
  }
}
