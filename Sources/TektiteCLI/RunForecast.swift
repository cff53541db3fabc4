import Foundation
import Tektite

/// What a run would write, hold and take, found out from its plan and a few force evaluations.
struct RunForecast {
  /// A file that a stage would write.
  struct File {
    var name: String
    /// Frames or rows; the largest number that a minimisation can write.
    var entries: Int
    var isTable: Bool
    var bytes: Double
    /// Whether the bytes are exact but for the file's head; text is estimated.
    var isExact: Bool
    var fields: [String]
  }

  /// What a stage would do.
  struct StageForecast {
    var name: String
    /// Steps of dynamics, or the most evaluations of a minimisation.
    var steps: Int
    var isDynamics: Bool
    var skin: Double
    var cutoff: Double
    var secondsPerStep: Double
    var files: [File]
  }

  private(set) var stages: [StageForecast] = []
  /// The most memory that this process has held, with atoms, lists and forces: bytes.
  private(set) var memory = 0.0
  /// Of this, what observables keep: bytes.
  private(set) var observed = 0.0
  let threads: Int

  /// Everything that the run would write besides small text: bytes.
  var bytes: Double {
    // Checkpoint and topology hold 124 and 80 bytes for each atom.
    stages.flatMap(\.files).reduce(204 * Double(atoms)) { $0 + $1.bytes }
  }
  /// The time that all stages would take, minimisations at most: seconds.
  var seconds: Double { stages.reduce(0) { $0 + $1.secondsPerStep * Double($1.steps) } }
  private let atoms: Int

  /// Looks ahead. Nothing is written.
  /// - Parameter models: what the stages compute with, in their order.
  init(_ plan: SimulationPlan, models: [ResolvedModel], threads: Int) throws(PotentialError) {
    self.threads = threads
    atoms = plan.structure.count
    let team = ThreadTeam(threads: threads)
    var known: [String: ForecastProbe] = [:]
    for (stage, resolved) in zip(plan.stages, models) {
      let model = resolved.model
      let requirements = try model.makePotential(for: plan.structure.table).requirements
      let cutoff = requirements.cutoff
      let skin = stage.skin ?? Simulation.defaultSkin(requirements)
      let key = "\(resolved.name) \(model.name) \(resolved.precision) \(cutoff) \(skin)"
      let probe: ForecastProbe
      if let earlier = known[key] {
        probe = earlier
      } else {
        probe = try ForecastProbe(plan, model: model, skin: skin, team: team)
        known[key] = probe
      }
      let steps: Int
      var isDynamics = false
      var secondsPerStep = probe.secondsPerStep
      switch stage {
      case .dynamics(let dynamics):
        steps = dynamics.steps
        isDynamics = true
        secondsPerStep += try probe.exchangeSecondsPerStep(dynamics, model)
      case .minimize(let minimize): steps = minimize.maximumSteps
      case .quasistaticShear(let shear):
        steps = shear.steps
        // A descent after a small strain takes some hundred evaluations, and many more in plastic events.
        secondsPerStep *= 300
      case .cageState(let cages):
        steps = cages.runs * cages.configurationCount * cages.runSteps
        isDynamics = true
      case .isoconfigurational(let ensemble):
        steps = ensemble.runs * ensemble.configurationCount * ensemble.steps
        isDynamics = true
      }
      stages.append(
        StageForecast(
          name: stage.name, steps: steps, isDynamics: isDynamics, skin: skin, cutoff: cutoff,
          secondsPerStep: secondsPerStep, files: Self.files(of: stage, steps: steps, plan)))
    }
    var copies = 0.0
    var usage = rusage()
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    // Two frames are held for outputs and the guard, and a checkpoint while it is written.
    memory = Double(usage.ru_maxrss) * 1024 + Double(atoms) * (2 * 72 + 2 * 124)
    // One stage after the other observes, and what it keeps goes with it.
    for stage in plan.stages {
      guard case .dynamics(let dynamics) = stage else { continue }
      if let observation = dynamics.observation as? StageObservation {
        observed = max(observed, observation.keptBytes(steps: dynamics.steps, topology: plan.structure.topology))
      }
      // A copy of the atoms with lists of its own.
      if dynamics.inherentStructures != nil { copies = Double(atoms) * 600 }
    }
    memory += observed + copies
  }

  private static func files(of stage: Stage, steps: Int, _ plan: SimulationPlan) -> [File] {
    var files: [File] = []
    let topology = plan.structure.topology
    let cell = plan.structure.frame.cell
    var trajectories = stage.trajectories
    if case .dynamics(let dynamics) = stage, let inherent = dynamics.inherentStructures {
      trajectories.append(TrajectoryOutput(file: inherent.file, trigger: inherent.trigger))
      let rows = inherent.trigger.count(through: steps)
      files.append(
        File(name: inherent.table, entries: rows, isTable: true, bytes: 130 * Double(rows), isExact: false, fields: []))
    }
    for output in trajectories {
      let frames = output.trigger.count(through: steps)
      var bytes: Double
      switch output.format {
      case .amber:
        var fields: AmberTrajectory.Fields = []
        if output.fields.contains(.velocities) { fields.insert(.velocities) }
        if output.fields.contains(.forces) { fields.insert(.forces) }
        if plan.exchangesDiameters { fields.insert(.diameters) }
        let header = AmberTrajectory.Header(
          topology: topology, units: plan.units, cell: cell, fields: fields, unwrapped: output.unwrapped)
        bytes = Double(header.bytesPerFrame)
      case .extendedXYZ:
        // A numeral of 17 digits with sign, point and space takes 20 bytes; every second number has no sign.
        bytes = 320 + Double(topology.count) * Double(2 + 59 * (1 + output.fields.count))
      }
      bytes *= Double(frames)
      files.append(
        File(
          name: output.file, entries: frames, isTable: false, bytes: bytes, isExact: output.format == .amber,
          fields: ["positions"] + output.fields.map(\.rawValue).sorted(by: >)))
    }
    if let thermo = stage.thermo {
      let rows = thermo.trigger.count(through: steps)
      files.append(
        File(
          name: thermo.file, entries: rows, isTable: true, bytes: 240 * Double(rows), isExact: false, fields: []))
    }
    return files
  }
}
