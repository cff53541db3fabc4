import Synchronization
import TektiteCore

/// Many runs from one configuration, or from each of several, whose results are added up: what such stages have in common.
struct EnsembleCourse {
  /// The name of the stage.
  var name: String
  /// Its kind, for `run.json`.
  var kind: String
  /// Runs from each configuration.
  var runs: Int
  /// Steps of each run.
  var steps: Int
  /// The configurations that runs start from; nil for the one at hand.
  var configurations: IsoconfigurationalStage.Configurations?
  /// What a run finds: so many times, and so many numbers at each.
  var times: Int, values: Int

  var configurationCount: Int { configurations?.count ?? 1 }
}

extension Simulation {
  /// Does the runs of an ensemble, from its start or from a checkpoint within it. Returns nil when all are done. The atoms are
  /// afterwards where they were, with the velocities that they had. Configurations of a trajectory are taken one after the other.
  ///
  /// As many runs go on at a time as there are threads, each with one thread of its own; their results are added in the order of
  /// their numbers, which go on from configuration to configuration.
  /// - Parameters:
  ///   - prepare: makes what does a run by its number, for a configuration.
  ///   - finish: takes the sums of a configuration.
  mutating func runEnsemble(
    _ course: EnsembleCourse, index: Int, resuming state: RunState?,
    prepare: (Structure) throws -> @Sendable (Int, () -> Bool) throws -> EnsembleResult,
    finish: (inout Simulation, Int, PropensitySums, Structure) throws -> Void
  ) throws -> RunOutcome? {
    let clock = ContinuousClock()
    let began = clock.now
    let earlier = state != nil && record.stages.count > index ? record.stages[index] : nil
    var frame = Frame()
    system.copy(into: &frame, velocities: false)
    var start = Structure(topology: system.topology, frame: frame)
    let fresh = PropensitySums(times: course.times, atoms: course.values)
    var sums = fresh
    // The configuration that is worked on.
    var configuration = 0
    if let state {
      var reader = ByteReader(state.observations, file: store.checkpointName, section: RunState.observationsName)
      try sums.restore(from: &reader)
      if course.configurations != nil { configuration = try reader.int() }
      try reader.expectEnd()
    }
    let runs = course.runs * course.configurationCount
    func done() -> Int { configuration * course.runs + sums.runs }
    var trajectory = try course.configurations.map { choice in
      let path =
        switch choice.source {
        case .file(let path): path
        case .output(let file): store.path(of: file)
        }
      return try ConfigurationReader(choice, path: path, units: plan.units)
    }
    progress.begin(course.name, from: done() * course.steps, of: runs * course.steps)
    lastCheckpoint = clock.now
    var forceSeconds = 0.0
    var listSeconds = 0.0

    func entry() -> RunRecord.Stage {
      RunRecord.Stage(
        name: course.name, kind: course.kind, steps: done() * course.steps, seconds: (clock.now - began).seconds,
        forceSeconds: forceSeconds, neighborSeconds: listSeconds, outputSeconds: 0, observationSeconds: nil,
        energyDriftPerAtom: nil, momentumDriftPerAtom: nil, ending: nil)
    }
    func snapshot(_ system: borrowing System) -> RunState {
      var state = RunState(stage: index, step: done(), deck: plan.deckText, system: system)
      // Marks the stage as begun.
      state.reference = state.positions
      var writer = ByteWriter()
      sums.save(to: &writer)
      if course.configurations != nil { writer.put(configuration) }
      state.observations = writer.bytes
      return state
    }

    while configuration < course.configurationCount {
      if let found = try trajectory?.read(configuration, topology: system.topology, diameters: frame.diameters) {
        start = found
      }
      let run = try prepare(start)
      while sums.runs < course.runs {
        // The threads take one run after the other until it is time for a checkpoint; they wait for each other only then. Results are kept
        // until that moment, so their number is bounded, too.
        let first = sums.runs
        let width = min(16 * team.count, course.runs - first)
        let batch = clock.now
        let next = Atomic(0)
        let numbers = configuration * course.runs + first
        let results = Mutex([EnsembleResult?](repeating: nil, count: width))
        let handlesSignals = options.handlesSignals
        let interruption = options.interruption
        team.forEachChunk(team.count) { thread in
          var isFirst = true
          while isFirst || (clock.now - batch).seconds < Self.ensembleSeconds {
            isFirst = false
            let k = next.add(1, ordering: .relaxed).oldValue
            guard k < width else { return }
            let result = EnsembleResult {
              try run(numbers + k) { (handlesSignals ? SignalCatcher.pending : nil) ?? interruption.pending != nil }
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
            forceSeconds += force / Double(min(team.count, course.runs))
            listSeconds += list / Double(min(team.count, course.runs))
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
            "\(course.name): stopped after \(done()) of \(runs) runs by a signal; a checkpoint was written")
          return .interrupted(signal: signal)
        }
        if (clock.now - lastCheckpoint).seconds >= Self.ensembleSeconds { try save(snapshot(system)) }
        if progress.isDue {
          progress.update(
            ProgressReporter.Status(
              step: done() * course.steps, steps: runs * course.steps, values: [("runs", Double(done()))]))
        }
      }
      try finish(&self, configuration, sums, start)
      configuration += 1
      sums = fresh
    }
    try saveEnd(of: index)
    let final = entry()
    try enter(final, at: index, after: earlier)
    progress.note(
      "\(course.name): \(runs) runs of \(course.steps) steps in \(ProgressReporter.span(final.seconds)) "
        + "(\(brief(Double(final.steps) / max(final.seconds, 1e-9))) steps/s)")
    return nil
  }

  /// Wall time from one checkpoint of an ensemble to the next, and between two looks at its progress.
  private static var ensembleSeconds: Double { 30 }
}
