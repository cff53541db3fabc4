import TektiteCore

extension Simulation {
  /// Finds the cage state of the configuration at hand, or of those of a trajectory; see `runEnsemble`.
  mutating func runCageState(
    _ stage: CageStateStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    let model = plan.models[index]
    let skin = try stage.skin ?? Self.defaultSkin(model.makePotential(for: system.table).requirements)
    let (units, seed) = (plan.units, plan.seed)
    let course = EnsembleCourse(
      name: stage.name, kind: "cage-state", runs: stage.runs, steps: stage.runSteps,
      configurations: stage.configurations, times: 1, values: CageRun.values * system.count)
    return try runEnsemble(course, index: index, resuming: state) { start in
      let ensemble = CageRun(
        stage: stage, start: start, units: units, seed: seed, index: index, model: model, skin: skin)
      return { number, stops in try ensemble.run(number, stops: stops) }
    } finish: { simulation, configuration, sums, start in
      let part = stage.part(configuration)
      let files = CageFiles(stage: part, sums: sums, start: start, units: units)
      try simulation.store.write(files.frame, to: part.file)
      try simulation.store.write(files.table, to: part.table)
    }
  }
}
