import ArgumentParser
import Foundation
import Tektite

/// `tektite run`.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a deck.",
    discussion: """
      Runs the stages of a deck one after another:

        tektite run kob-andersen.yaml

      Everything goes into one folder, by default kob-andersen-run beside the deck: the trajectories and tables that the stages write, the \
      deck with every default spelled out (deck.yaml), names of atoms for VMD (topology.pdb), a record of machine, versions and times \
      (run.json) and the state to go on from (checkpoint.tektite).

      Interrupt it with Ctrl-C whenever you like: the run writes a checkpoint, and

        tektite run kob-andersen.yaml --resume

      goes on so that in the end all files are the same, byte for byte, as if it had never stopped. The number of threads \
      does not change a result either.

      A run whose forces, temperature or moves make no sense is stopped with exit code 3; forensics.json says which atoms, and why probably.
      """)

  @Argument(help: "The deck, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var deck: String
  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The folder to write to. (default: <deck name>-run beside the deck)", valueName: "dir"))
  var output: String?
  @Option(name: [.short, .long], help: "Number of threads. (default: the cores there are, fewer for small systems)")
  var threads: Int?
  @Flag(help: "Go on with the run that the folder holds, from its last checkpoint; start it if there is none.")
  var resume = false
  @Flag(help: "Remove the run that the folder holds and start anew.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    let began = ContinuousClock().now
    // A run outlives the pipe that its messages go to.
    signal(SIGPIPE, SIG_IGN)
    if resume && overwrite {
      throw InputError("a run is either resumed or overwritten, not both: leave out one.", file: "--overwrite")
    }
    if let output, output.isEmpty { throw InputError("the name of the folder is empty", file: "--output") }
    let plan = try Deck(contentsOf: deck).plan()
    let folder = output ?? RunFiles.defaultFolder(forDeck: deck)
    let threads = try Cores.threads(self.threads, atoms: plan.structure.count)
    let options = RunOptions(
      directory: folder, threads: threads, resume: resume, overwrite: overwrite, quiet: quiet)
    var simulation = try Simulation(plan: plan, options: options)
    if !quiet {
      say(
        "\(plan.title): \(Wording.count(plan.structure.count, "atom")), \(Wording.count(threads, "thread")), "
          + "\(ProcessorLevel.current.name), into \(folder)")
    }
    switch try simulation.run() {
    case .finished:
      if !quiet { print(Self.ending(folder, plan, (ContinuousClock().now - began) / .seconds(1))) }
    case .interrupted(let signal):
      if !quiet { say("Go on with: \(resumption(folder))") }
      throw ExitCode(128 + signal)
    case .unphysical(let report):
      say("\(deck): error: \(report.description)")
      let place = (folder as NSString).appendingPathComponent("forensics")
      say("The last good frame is in \(place).extxyz, the atoms concerned in \(place).json.")
      throw ExitCode(3)
    }
  }

  /// The command that goes on with an interrupted run.
  private func resumption(_ folder: String) -> String {
    func quoted(_ word: String) -> String {
      let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=+:,".contains($0) }
      return isPlain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
    return "tektite run \(quoted(deck))" + (output == nil ? "" : " --output \(quoted(folder))") + " --resume"
  }

  /// What was written, and how to look at it.
  private static func ending(_ folder: String, _ plan: SimulationPlan, _ seconds: Double) -> String {
    var lines = ["Done in \(Wording.duration(seconds)). \(folder) holds"]
    var entries: [(file: String, meaning: String)] = []
    for stage in plan.stages {
      for trajectory in stage.trajectories {
        let place = folder as NSString
        let way =
          trajectory.format == .amber
          ? "; vmd \(place.appendingPathComponent("topology.pdb")) \(place.appendingPathComponent(trajectory.file))"
          : ""
        entries.append((trajectory.file, "trajectory of '\(stage.name)'\(way)"))
      }
      if let thermo = stage.thermo {
        var content = "energy, temperature, pressure"
        if case .quasistaticShear = stage { content = "strain, energy, stress" }
        entries.append((thermo.file, "\(content) of '\(stage.name)'"))
      }
      for observed in stage.observed { entries.append((observed.file, "\(observed.title) of '\(stage.name)'")) }
    }
    entries.append(("run.json", "versions, machine, seed, times"))
    entries.append(("deck.yaml", "what was run, with every default"))
    let width = min(40, entries.map(\.file.count).max() ?? 0)
    for entry in entries {
      lines.append(
        "  " + entry.file.padding(toLength: max(width, entry.file.count), withPad: " ", startingAt: 0) + "  "
          + entry.meaning)
    }
    return lines.joined(separator: "\n")
  }
}

/// Names of what runs write.
enum RunFiles {
  /// The folder of a run when none is given: `<deck name>-run` beside the deck, or with another suffix.
  static func defaultFolder(forDeck deck: String, suffix: String = "run") -> String {
    let name = ((deck as NSString).lastPathComponent as NSString).deletingPathExtension
    let folder = (deck as NSString).deletingLastPathComponent
    return (folder as NSString).appendingPathComponent("\(name)-\(suffix)")
  }
}

extension Stage {
  /// The tables of observables that the stage writes, and what they are; the summary of all comes last.
  var observed: [(file: String, title: String)] {
    if case .isoconfigurational(let stage) = self {
      let parts = (0..<stage.configurationCount).map(stage.part)
      return parts.flatMap { part in
        [(part.file, "propensity of each atom"), (part.table, "means and noise of the propensities")]
          + (part.predictors.map { [($0, "what the inherent structure tells of the propensities")] } ?? [])
      } + (stage.configurations == nil ? [] : [(stage.table, "means over configurations")])
    }
    if case .cageState(let stage) = self {
      return (0..<stage.configurationCount).map(stage.part).flatMap {
        [($0.file, "cage state: mean position of each atom"), ($0.table, "means and noise of the cage state")]
      }
    }
    guard case .dynamics(let stage) = self else { return [] }
    let inherent =
      stage.inherentStructures.map {
        [($0.file, "inherent structures"), ($0.table, "energies of inherent structures")]
      } ?? []
    guard let observation = stage.observation as? StageObservation else { return inherent }
    var observed = observation.requests.flatMap(\.contents)
    if !observed.isEmpty { observed.append((observation.summary, "all observables, with definitions,")) }
    return inherent + observed + (observation.certificate.map { [($0.file, "equilibrium certificate")] } ?? [])
  }

  /// The trajectories that the stage writes.
  var trajectories: [TrajectoryOutput] {
    switch self {
    case .minimize(let stage): stage.trajectories
    case .dynamics(let stage): stage.trajectories
    case .isoconfigurational, .cageState: []
    case .quasistaticShear(let stage): stage.trajectories
    }
  }
  /// The table that the stage writes.
  var thermo: ThermoOutput? {
    switch self {
    case .minimize(let stage): stage.thermo
    case .dynamics(let stage): stage.thermo
    case .isoconfigurational, .cageState: nil
    case .quasistaticShear(let stage): ThermoOutput(file: stage.table, trigger: .every(1))
    }
  }
  /// The margin of neighbour lists that the deck asks for.
  var skin: Double? {
    switch self {
    case .minimize(let stage): stage.skin
    case .dynamics(let stage): stage.skin
    case .isoconfigurational(let stage): stage.skin
    case .quasistaticShear(let stage): stage.skin
    case .cageState(let stage): stage.skin
    }
  }
}
