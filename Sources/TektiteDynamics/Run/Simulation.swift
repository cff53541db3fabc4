import Foundation
import TektiteCore
import TektiteTrajectories

/// Runs a plan: its stages in order, outputs, checkpoints, the guard and the progress line.
///
/// What is computed depends on the plan alone. Outputs, checkpoints, progress, interruptions and the number of threads do not
/// change a bit of the trajectory, and a run that was interrupted and resumed leaves the same files as one that was not.
///
///     var simulation = try Simulation(plan: plan, options: RunOptions(directory: "out"))
///     switch try simulation.run() { ... }
public struct Simulation: ~Copyable {
  /// What is computed.
  public let plan: SimulationPlan
  /// How.
  public let options: RunOptions
  /// The atoms, as far as the run has got.
  public internal(set) var system: System
  let store: any RunStore
  let team: ThreadTeam
  var record: RunRecord
  var progress: ProgressReporter
  var lastCheckpoint = ContinuousClock().now
  /// Slices of this length bound how long an interruption waits; they never change a result.
  static let sliceLength = Duration.milliseconds(50)

  /// Makes a simulation.
  /// - Throws: `InputError` for a plan that cannot be run: numbers that are not finite, models that do not know a species, two
  ///   outputs of one name; and when the folder holds a run that is neither to be resumed nor overwritten.
  public init(plan: SimulationPlan, options: RunOptions) throws {
    try self.init(plan: plan, options: options, store: RunFolder(options.directory))
  }

  init(
    plan: SimulationPlan, options: RunOptions, store: any RunStore, progress: ProgressReporter? = nil
  ) throws {
    try Self.validate(plan)
    if options.resume && options.overwrite {
      throw InputError("a run is either resumed or overwritten, not both: leave out one.", file: "--overwrite")
    }
    let threads = options.threads ?? ProcessInfo.processInfo.activeProcessorCount
    guard (1...4096).contains(threads) else {
      throw InputError("\(threads) threads; expected a number from 1 to 4096", file: "--threads")
    }
    if store.holdsRun && !options.resume && !options.overwrite {
      throw InputError(
        "the folder already holds a run. Go on with it by --resume, replace it by --overwrite, or choose "
          + "another folder with --output.", file: store.name)
    }
    self.plan = plan
    self.options = options
    self.store = store
    system = System(plan.structure, units: plan.units)
    team = ThreadTeam(threads: threads)
    record = RunRecord(plan, threads: threads)
    self.progress = progress ?? ProgressReporter(quiet: options.quiet)
  }

  /// Runs all stages, or those that are left.
  /// - Throws: `InputError` when the folder holds a run that cannot be resumed;
  ///   what outputs throw, a full disk say (the last checkpoint is then intact).
  public mutating func run() throws -> RunOutcome {
    let handlers = options.handlesSignals ? SignalCatcher.install() : []
    defer {
      SignalCatcher.restore(handlers)
      progress.close()
    }
    let state = try prepare()
    for stage in (state?.stage ?? 0)..<plan.stages.count {
      let resumed = state?.stage == stage && (state?.isWithinStage ?? false) ? state : nil
      let outcome =
        switch plan.stages[stage] {
        case .dynamics(let description): try runDynamics(description, index: stage, resuming: resumed)
        case .minimize(let description): try runMinimize(description, index: stage, resuming: resumed)
        case .isoconfigurational(let description):
          try runIsoconfigurational(description, index: stage, resuming: resumed)
        case .quasistaticShear(let description):
          try runQuasistaticShear(description, index: stage, resuming: resumed)
        case .cageState(let description): try runCageState(description, index: stage, resuming: resumed)
        }
      if let outcome {
        if case .interrupted = outcome { record.status = "interrupted" } else { record.status = "unphysical" }
        try store.write(record.json, to: "run.json")
        return outcome
      }
    }
    record.status = "finished"
    try store.write(record.json, to: "run.json")
    return .finished
  }

  // MARK: Before the first stage

  /// Makes the folder ready and puts the atoms where the run starts. Returns the checkpoint to go on from.
  private mutating func prepare() throws -> RunState? {
    var state: RunState?
    if store.holdsRun {
      if options.resume {
        if let sections = try store.loadCheckpoint() {
          let loaded = try RunState(sections, file: store.checkpointName)
          try checkDeck(loaded)
          try loaded.restore(&system, file: store.checkpointName)
          state = loaded
        } else {
          progress.note("\(store.name) holds no checkpoint yet: starting at the beginning")
        }
      }
    }
    if state != nil { record.stages = Array(RunRecord.stages(in: store.read("run.json")).prefix(plan.stages.count)) }
    try store.prepare(removing: state == nil ? RunRecord.outputs(in: store.read("run.json")) : nil)
    try store.write(plan.deckText, to: "deck.yaml")
    try store.writeTopology(plan.structure, units: plan.units)
    try store.write(plan.viewScript, to: ViewScript.fileName)
    try store.write(record.json, to: "run.json")
    if state == nil, let temperature = plan.temperature {
      system.drawMaxwellVelocities(temperature: temperature, seed: plan.seed)
    }
    return state
  }

  private func checkDeck(_ state: RunState) throws {
    guard state.deck != plan.deckText || state.stage > plan.stages.count else { return }
    let old = state.deck.split(separator: "\n", omittingEmptySubsequences: false)
    let new = plan.deckText.split(separator: "\n", omittingEmptySubsequences: false)
    let line = (0..<max(old.count, new.count)).first { k in
      k >= old.count || k >= new.count || old[k] != new[k]
    }
    let place = line ?? 0
    func shown(_ lines: [Substring]) -> String {
      place < lines.count ? "'\(lines[place].trimmingCharacters(in: .whitespaces))'" : "nothing"
    }
    throw InputError(
      "the deck is not the one that the run was started with: where it said \(shown(old)), it now says \(shown(new)) "
        + "(line \(place + 1) of the deck with all defaults). Resume with the old deck, or start anew with --overwrite.",
      file: store.checkpointName)
  }

  private static func validate(_ plan: SimulationPlan) throws {
    func wrong(_ message: String, _ place: String = "structure") -> InputError { InputError(message, file: place) }
    guard plan.models.count == plan.stages.count else {
      throw wrong("\(plan.models.count) potentials for \(plan.stages.count) stages", "plan")
    }
    let structure = plan.structure
    guard structure.count > 0 else { throw wrong("there are no atoms") }
    guard structure.frame.positions.count == structure.count else {
      throw wrong("\(structure.frame.positions.count) positions for \(structure.count) atoms")
    }
    if let why = structure.frame.cell.validate() { throw wrong(why) }
    for i in 0..<structure.count {
      let species = structure.topology.species[i]
      guard species >= 0, Int(species) < structure.topology.table.count else {
        throw wrong("atom \(i) has no species")
      }
      let mass = structure.topology.masses[i]
      guard mass.isFinite, mass > 0 else { throw wrong("atom \(i) has mass \(mass); expected a positive number") }
      guard structure.frame.positions[i].isFinite else { throw wrong("atom \(i) has a position that is not a number") }
      if structure.frame.velocities.count == structure.count, !structure.frame.velocities[i].isFinite {
        throw wrong("atom \(i) has a velocity that is not a number")
      }
    }
    var files: Set<String> = []
    for (stage, model) in zip(plan.stages, plan.models) {
      do throws(PotentialError) {
        _ = try model.makePotential(for: structure.table)
      } catch {
        throw wrong("\(error)", "potential of stage '\(stage.name)'")
      }
      for file in stage.outputFiles {
        guard files.insert(file).inserted else {
          throw wrong("two outputs are written to '\(file)'; give each its own name", "stage '\(stage.name)'")
        }
        guard !file.isEmpty, !file.contains("/"), !file.hasPrefix("."), !RunFolder.ownFiles.contains(file) else {
          throw wrong(
            "the output '\(file)' cannot have this name; expected a plain file name within the run directory that is not "
              + "one of \(RunFolder.ownFiles.joined(separator: ", "))", "stage '\(stage.name)'")
        }
      }
      if case .dynamics(let dynamics) = stage {
        guard dynamics.timestep.isFinite, dynamics.timestep > 0, dynamics.steps >= 0 else {
          throw wrong(
            "a timestep of \(dynamics.timestep) for \(dynamics.steps) steps; expected a positive timestep",
            "stage '\(stage.name)'")
        }
        if let why = dynamics.thermostat.complaint ?? dynamics.barostat?.complaint(beside: dynamics.thermostat) {
          throw wrong(why, "stage '\(stage.name)'")
        }
        if let why = dynamics.shear?.complaint(in: dynamics) { throw wrong(why, "stage '\(stage.name)'") }
        if let why = dynamics.exchangeComplaint(structure, model) { throw wrong(why, "stage '\(stage.name)'") }
      }
      if case .quasistaticShear(let shear) = stage, let why = shear.complaint {
        throw wrong(why, "stage '\(stage.name)'")
      }
      if case .cageState(let cages) = stage, let why = cages.complaint { throw wrong(why, "stage '\(stage.name)'") }
      if case .isoconfigurational(let ensemble) = stage {
        let (whole, many) = ensemble.runs.multipliedReportingOverflow(by: ensemble.configurationCount)
        let (total, long) = whole.multipliedReportingOverflow(by: ensemble.steps)
        let overflow = many || long
        guard ensemble.timestep.isFinite, ensemble.timestep > 0, ensemble.runs > 0, ensemble.steps > 0, !overflow,
          total > 0, ensemble.temperature >= 0, !ensemble.times.isEmpty
        else {
          throw wrong(
            "\(ensemble.runs) runs of \(ensemble.steps) steps of \(ensemble.timestep); expected positive numbers and a time to measure at",
            "stage '\(stage.name)'")
        }
      }
    }
  }

  // MARK: Within stages

  /// The signal that asks the run to stop, or nil.
  var pendingSignal: Int32? { (options.handlesSignals ? SignalCatcher.pending : nil) ?? options.interruption.pending }

  /// Makes the force field of a stage; on a resume, with the neighbour list of the checkpoint and all results for the present positions.
  mutating func makeField(_ index: Int, skin: Double?, resuming state: RunState?) throws -> ForceField {
    let model = plan.models[index]
    let chosen = try skin ?? Self.defaultSkin(model.makePotential(for: system.table).requirements)
    var field = try ForceField(model, for: system, skin: chosen, team: team)
    guard let state, !state.reference.isEmpty else { return field }
    // The list is a function of the positions at which it was built; the same list gives the same order of every sum.
    try field.restore(reference: state.reference, cell: state.referenceCell, rebuilds: state.ledger.rebuilds, &system)
    try field.update(&system, DynamicsQuantities.of(field))
    if field.evaluation.forces.array() != state.forces {
      progress.note(
        "note: forces differ in the last bits from those of the checkpoint (another processor level or program "
          + "version); the run goes on, but not byte for byte")
    }
    return field
  }

  /// The engine's choice of the margin of neighbour lists, length. Cluster lists are pruned between rebuilds, so that a wide margin costs little:
  /// 0.8 for a cutoff of 2.5, the best of 0.4 to 1.0 for the Kob-Andersen liquid at T = 1. Edge lists are read to their full width: 0.3.
  public static func defaultSkin(_ requirements: PotentialRequirements) -> Double {
    (requirements.lists == .clusters ? 0.32 : 0.12) * requirements.cutoff
  }

  /// What trajectory files say about themselves.
  func header(_ index: Int) -> TrajectoryHeader {
    TrajectoryHeader(
      title: plan.title, units: plan.units, topology: plan.structure.topology, cell: plan.structure.frame.cell,
      potential: plan.models[index].name, hashes: plan.hashes, diameters: plan.structure.frame.diameters,
      diametersVary: plan.exchangesDiameters)
  }

  /// Writes a checkpoint. Outputs have been brought to the disk before.
  mutating func save(_ state: RunState) throws {
    try store.saveCheckpoint(state.sections)
    lastCheckpoint = ContinuousClock().now
  }

  /// Writes the checkpoint that stands between a stage and the next.
  mutating func saveEnd(of index: Int) throws {
    try save(RunState(stage: index + 1, step: 0, deck: plan.deckText, system: system))
  }

  /// Puts the entry of a stage into `run.json`, with the times of earlier parts of the stage added.
  mutating func enter(_ stage: RunRecord.Stage, at index: Int, after earlier: RunRecord.Stage?) throws {
    var entry = stage
    if let earlier {
      entry.seconds += earlier.seconds
      entry.forceSeconds += earlier.forceSeconds
      entry.neighborSeconds += earlier.neighborSeconds
      entry.outputSeconds += earlier.outputSeconds
    }
    record.stages = Array(record.stages.prefix(index)) + [entry]
    try store.write(record.json, to: "run.json")
  }

  /// Writes the last good frame and the report of the guard.
  func writeForensics(_ report: UnphysicalReport, lastGood: Frame) throws {
    let structure = Structure(
      topology: plan.structure.topology, frame: lastGood,
      title: "last good frame, step \(lastGood.step) of stage '\(report.stage)'")
    try store.writeFrames([structure], units: plan.units, to: "forensics.extxyz")
    try store.write(report.json, to: "forensics.json")
  }

  // MARK: Units of tables

  /// An energy unit name, e.g. `eV`; empty in reduced units.
  func unit(_ name: String) -> String { plan.units == .lj ? "" : name }
  /// Internal time in the unit of tables (fs).
  var timeScale: Double { plan.units.femtoseconds }
  /// k_B T in the unit of tables (K).
  var temperatureScale: Double { 1 / plan.units.boltzmann }
}

extension SimulationPlan {
  /// The script with which VMD shows the run.
  var viewScript: String {
    let files = stages.flatMap(\.outputFiles)
    let propensities = stages.compactMap { stage -> (file: String, column: String)? in
      switch stage {
      case .isoconfigurational(let ensemble): (ensemble.part(0).file, "propensity")
      case .cageState(let cages): (cages.part(0).file, "cage_distance")
      default: nil
      }
    }
    return ViewScript.text(
      structure.topology.table, units: units, trajectories: files.filter { $0.hasSuffix(".nc") }, fields: propensities)
  }
}

extension Stage {
  /// The names of the files that the stage writes.
  var outputFiles: [String] {
    switch self {
    case .dynamics(let stage):
      stage.trajectories.map(\.file) + (stage.thermo.map { [$0.file] } ?? []) + (stage.observation?.files ?? [])
        + (stage.inherentStructures?.files ?? [])
    case .minimize(let stage): stage.trajectories.map(\.file) + (stage.thermo.map { [$0.file] } ?? [])
    case .isoconfigurational(let stage): stage.files
    case .quasistaticShear(let stage): stage.trajectories.map(\.file) + [stage.table]
    case .cageState(let stage): stage.files
    }
  }
}
