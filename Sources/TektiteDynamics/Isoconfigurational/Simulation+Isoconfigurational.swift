import TektiteCore

extension Simulation {
  /// Runs an isoconfigurational ensemble; see `runEnsemble`.
  mutating func runIsoconfigurational(
    _ stage: IsoconfigurationalStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    let times = stage.times
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
    let (units, seed) = (plan.units, plan.seed)
    let course = EnsembleCourse(
      name: stage.name, kind: "isoconfigurational", runs: stage.runs, steps: stage.steps,
      configurations: stage.configurations, times: times.count, values: system.count)
    return try runEnsemble(course, index: index, resuming: state) { start in
      let ensemble = IsoconfigurationalRun(
        stage: stage, times: times, start: start,
        bonds: stage.measure == .bondBreaking ? StartingBonds(of: start, stage.bonds) : nil, units: units, seed: seed,
        index: index, model: model, skin: skin)
      return { number, stops in try ensemble.run(number, stops: stops) }
    } finish: { simulation, configuration, sums, start in
      try simulation.writePropensities(of: stage.part(configuration), sums, start, model, skin: skin)
      if configuration == stage.configurationCount - 1, stage.configurations != nil {
        try simulation.writeSummary(of: stage)
      }
    }
  }

  /// Writes what was found from one configuration.
  private mutating func writePropensities(
    of part: IsoconfigurationalStage, _ sums: PropensitySums, _ start: Structure, _ model: any PotentialModel,
    skin: Double
  ) throws {
    var files = PropensityFiles(stage: part, sums: sums, start: start, units: plan.units)
    if part.predictors != nil {
      let predictors = try StructuralPredictors(
        of: start, model, units: plan.units, skin: skin, tolerance: plan.units == .lj ? 1e-6 : 1e-4, team: team)
      if predictors.minimization.ending != .converged {
        progress.note(
          "\(part.name): note: the inherent structure was not reached: rms force \(brief(predictors.minimization.forces.rms)) "
            + "after \(predictors.minimization.evaluations) evaluations")
      }
      files.predictors = predictors
    }
    try store.write(files.frames, to: part.file)
    try store.write(files.table, to: part.table)
    if let file = part.predictors, let table = files.predictorTable { try store.write(table, to: file) }
  }

  /// Writes the means over configurations of what their tables say.
  private func writeSummary(of stage: IsoconfigurationalStage) throws {
    let texts = (0..<stage.configurationCount).map { store.read(stage.part($0).table) ?? "" }
    try store.write(PropensitySummary.text(texts), to: stage.table)
  }
}

/// What the runs of an isoconfigurational ensemble have in common.
struct IsoconfigurationalRun: Sendable {
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

  /// Does one run; its values are one for each time and atom.
  /// - Parameters:
  ///   - number: from 0; it is the key of the velocities.
  ///   - stops: asked now and then whether to give up.
  func run(_ number: Int, stops: () -> Bool) throws -> EnsembleResult {
    var run = try GuardedRun(
      from: start, units: units, model, skin: skin, temperature: stage.temperature, timestep: stage.timestep,
      name: "\(stage.name), run \(number + 1)", seed: seed, stage: index, draw: number + 1, conservesMomentum: true)
    var integrator = VelocityVerlet(timestep: stage.timestep)
    integrator.displacementLimit = run.field.requirements.cutoff / 2
    var values: [Double] = []
    values.reserveCapacity(times.count * start.count)
    var frame = Frame()
    for time in times {
      while run.step < time {
        if stops() { return .stopped }
        let count = min(Guard.interval - run.step % Guard.interval, time - run.step)
        if let ended = try run.advance(&integrator, by: count) ?? run.check() { return ended }
      }
      run.system.copy(into: &frame, velocities: false)
      if let bonds {
        values += bonds.broken(in: frame)
        continue
      }
      for atom in 0..<start.count {
        let square = (frame.positions[atom] - start.frame.positions[atom]).lengthSquared
        values.append(stage.measure == .displacement ? square.squareRoot() : square)
      }
    }
    return .done(
      values: values, forceSeconds: run.field.forceSeconds, listSeconds: run.field.listSeconds)
  }
}
