import ArgumentParser
import Foundation
import Tektite

/// `tektite check`.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Say what a deck would do, without doing it.",
    discussion: """
      Reads the deck and every file that it names, and says what a run would be:

        tektite check kob-andersen.yaml

      Atoms, density and potential; the stages with steps and times; every file with its frames and bytes; memory, and the time the \
      run would take, estimated from a few force evaluations at the start. Nothing is written. A mistake in the deck is shown with line, \
      column and the nearest right name, and the exit code is 2.
      """)

  @Argument(help: "The deck, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var deck: String
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The folder that the run would write to. (default: <deck name>-run beside the deck)", valueName: "dir"))
  var output: String?
  @Option(name: [.short, .long], help: "Threads to estimate the time with. (default: those that 'run' would use)")
  var threads: Int?

  func run() throws {
    let deck = try Deck(contentsOf: self.deck)
    let plan = try deck.plan()
    let models = try deck.resolvedModels()
    let threads = try Cores.threads(self.threads, atoms: plan.structure.count)
    let folder = output ?? RunFiles.defaultFolder(forDeck: self.deck)
    let report = DeckReport(plan: plan, models: models, folder: folder)
    print(report.opening)
    // The start may overlap so badly that there are no forces; all else is still true then.
    let forecast = try RunForecast(plan, models: models, threads: threads)
    print(report.closing(forecast))
  }
}

/// The text of `check`.
struct DeckReport {
  let plan: SimulationPlan
  let models: [ResolvedModel]
  let folder: String

  /// Structure and potential.
  var opening: String {
    var lines = ["\(plan.title)", ""]
    lines += section("system", structureLines)
    var shown: [String] = []
    for model in models {
      let text = potentialLines(model)
      if shown == text { continue }
      lines += section("potential", text)
      shown = text
    }
    return lines.joined(separator: "\n")
  }

  /// Stages, files, memory and time.
  func closing(_ forecast: RunForecast) -> String {
    var lines: [String] = []
    for (index, stage) in plan.stages.enumerated() {
      lines += section("stage \(index + 1)", stageLines(stage, forecast.stages[index]))
    }
    lines += section("writes", writeLines(forecast))
    let kept =
      forecast.observed > 1e6 ? ", of which \(Wording.bytes(forecast.observed)) for frames that observables keep" : ""
    lines += section("memory", ["about \(Wording.bytes(forecast.memory))\(kept)"])
    lines += section("time", timeLines(forecast))
    return lines.joined(separator: "\n")
  }

  private func section(_ name: String, _ lines: [String]) -> [String] {
    lines.enumerated().map { index, line in
      (index == 0 ? name : "").padding(toLength: 11, withPad: " ", startingAt: 0) + line
    }
  }

  private var units: Units { plan.units }

  private var structureLines: [String] {
    let topology = plan.structure.topology
    let kinds = zip(topology.table, topology.composition).filter { $1 > 0 }.map { species, count in
      "\(species.label) × \(Wording.count(count)) (mass \(Wording.number(species.mass))\(units == .lj ? "" : " amu"))"
    }
    var lines = ["\(Wording.count(topology.count, "atom")): \(kinds.joined(separator: ", "))"]
    let cell = plan.structure.frame.cell
    let length = units.lengthName
    if cell.vectors == .zero {
      lines.append("no cell: nothing repeats")
    } else {
      let rows = (0..<cell.dimensions).map { cell.vectors[$0] }
      let isRight = (0..<3).allSatisfy { i in (0..<3).allSatisfy { j in i == j || cell.vectors[i, j] == 0 } }
      let shape =
        isRight
        ? rows.indices.map { Wording.number(cell.vectors[$0, $0]) }.joined(separator: " × ") + " \(length)"
        : rows.map { "(\(Wording.number($0.x)), \(Wording.number($0.y)), \(Wording.number($0.z)))" }.joined(
          separator: " ")
          + " \(length)"
      let axes = ["a", "b", "c"].enumerated().filter { cell.periodic[$0.offset] }.map(\.element)
      let repeats =
        axes.count == cell.dimensions
        ? "repeats in all directions"
        : axes.isEmpty ? "repeats nowhere" : "repeats along \(axes.joined(separator: " and "))"
      lines.append("cell \(shape), \(repeats)\(cell.isPlanar ? "; two dimensions" : "")")
    }
    if let volume = cell.volume, volume > 0 {
      var density = "density \(Wording.number(Double(topology.count) / volume)) per \(length)^\(cell.dimensions)"
      if units == .real {
        // 1 amu/Å³ = 1.66053906892 g/cm³ (CODATA 2022).
        density += " = \(Wording.number(topology.masses.reduce(0, +) / volume * 1.660_539_068_92)) g/cm^3"
      }
      lines.append(
        "\(cell.isPlanar ? "area" : "volume") \(Wording.number(volume)) \(length)^\(cell.dimensions), \(density)")
    }
    if let temperature = plan.temperature {
      lines.append("velocities drawn at T = \(temperatureText(temperature))")
    } else {
      let moves = plan.structure.frame.velocities.contains { $0 != .zero }
      lines.append(moves ? "velocities of the structure file" : "at rest")
    }
    return lines
  }

  private func temperatureText(_ energy: Double) -> String {
    Wording.number(energy / units.boltzmann) + (units == .lj ? "" : " K")
  }

  private func potentialLines(_ model: ResolvedModel) -> [String] {
    var lines = ["\(model.name): \(model.model.name), \(model.precision.rawValue) precision"]
    if !model.title.isEmpty { lines.append(model.title + (model.doi.map { ", doi:\($0)" } ?? "")) }
    let table = plan.structure.table
    if let requirements = try? model.model.makePotential(for: table).requirements {
      var cutoffs = "cutoff \(Wording.number(requirements.cutoff)) \(units.lengthName)"
      let pairs = requirements.pairCutoffs
      if Set(pairs).count > 1, pairs.count == table.count * table.count, table.count <= 4 {
        var parts: [String] = []
        for a in table.indices {
          for b in a..<table.count {
            parts.append("\(table[a].label)-\(table[b].label) \(Wording.number(pairs[a * table.count + b]))")
          }
        }
        cutoffs = "cutoffs " + parts.joined(separator: ", ") + " \(units.lengthName)"
      }
      if let scheme = model.scheme { cutoffs += "; scheme: \(scheme)" }
      lines.append(cutoffs)
    }
    lines += LearnedModel.notes.filter(model.notes.contains).map { "note: " + $0 }
    return lines
  }

  private func stageLines(_ stage: Stage, _ forecast: RunForecast.StageForecast) -> [String] {
    var lines: [String] = []
    switch stage {
    case .minimize(let minimize):
      lines.append(
        "'\(minimize.name)': minimize (\(minimize.algorithm.rawValue)) until the forces are below "
          + "\(Wording.number(minimize.forceTolerance)), at most \(Wording.count(minimize.maximumSteps)) evaluations")
    case .quasistaticShear(let shear):
      let total = shear.strain(at: shear.steps)
      let course =
        switch shear.course {
        case .monotonic: "to a strain of \(Wording.number(total))"
        case .cyclic(let amplitude, let cycles):
          "\(Wording.count(cycles, "cycle")) of amplitude \(Wording.number(shear.strainStep * Double(amplitude)))"
        }
      lines.append(
        "'\(shear.name)': quasistatic shear in the plane \(shear.plane.rawValue), \(course), \(Wording.count(shear.steps, "step")) of "
          + "\(Wording.number(abs(shear.strainStep))), each minimised (\(shear.algorithm.rawValue)) until the forces are below "
          + Wording.number(shear.forceTolerance))
    case .cageState(let cages):
      let step = cages.timestep * units.femtoseconds
      lines.append(
        "'\(cages.name)': cage state by \(Wording.count(cages.runs, "run")), each \(Wording.count(cages.equilibration)) and \(Wording.count(cages.steps, "step")) of "
          + "\(Wording.number(step)) \(units.timeName) at T = \(temperatureText(cages.temperature)) within spheres of radius \(Wording.number(cages.radius))"
          + (cages.configurations == nil
            ? "" : ", from each of \(Wording.count(cages.configurationCount, "configuration"))"))
    case .isoconfigurational(let ensemble):
      let step = ensemble.timestep * units.femtoseconds
      lines.append(
        "'\(ensemble.name)': isoconfigurational ensemble of \(Wording.count(ensemble.runs, "run")), each "
          + "\(Wording.count(ensemble.steps, "step")) of \(Wording.number(step)) \(units.timeName) at constant energy, T = "
          + "\(temperatureText(ensemble.temperature)); \(ensemble.measure.rawValue) at \(Wording.count(ensemble.times.count, "time"))"
          + (ensemble.configurations == nil
            ? "" : ", from each of \(Wording.count(ensemble.configurationCount, "configuration"))")
      )
    case .dynamics(let dynamics):
      let unit = units.timeName
      let step = dynamics.timestep * units.femtoseconds
      let total = Double(dynamics.steps) * step
      let length =
        units == .real && total >= 1e4 ? "\(Wording.number(total / 1000)) ps" : "\(Wording.number(total)) \(unit)"
      lines.append(
        "'\(dynamics.name)': \(Wording.count(dynamics.steps, "step")) of \(Wording.number(step)) \(unit) = \(length)")
      lines.append(thermostatText(dynamics))
      if let barostat = dynamics.barostat { lines.append(barostatText(barostat)) }
      if let shear = dynamics.shear {
        let rate = shear.rate / units.femtoseconds
        lines.append(
          "simple shear in the plane \(shear.plane.rawValue) at a rate of \(Wording.number(rate))\(units == .lj ? "" : "/\(unit)"), to a strain of \(Wording.number(rate * total))"
        )
      }
      if let velocities = dynamics.velocities { lines.append("new velocities at T = \(temperatureText(velocities))") }
    }
    lines.append(
      "neighbour lists to \(Wording.number(forecast.cutoff)) + \(Wording.number(forecast.skin)) \(units.lengthName) (cutoff + skin)"
    )
    for observed in stage.observed { lines.append("\(observed.file): \(observed.title)") }
    for file in forecast.files {
      let noun = file.isTable ? "row" : "frame"
      let most = forecast.isDynamics ? "" : "at most "
      let fields = file.fields.isEmpty ? "" : " (\(file.fields.joined(separator: ", ")))"
      lines.append(
        "\(file.name): \(most)\(Wording.count(file.entries, noun)), \(file.isExact ? "" : "about ")\(Wording.bytes(file.bytes))\(fields)"
      )
    }
    return lines
  }

  private func thermostatText(_ stage: DynamicsStage) -> String {
    func time(_ value: Double) -> String { "\(Wording.number(value * units.femtoseconds)) \(units.timeName)" }
    let course = stage.thermostat.temperature.map(course) ?? ""
    switch stage.thermostat {
    case .none: return "constant energy (velocity Verlet)"
    case .langevin(_, let friction): return "Langevin thermostat, T = \(course); friction 1/(\(time(1 / friction)))"
    case .csvr(_, let relaxation):
      return "CSVR thermostat (stochastic velocity rescaling), T = \(course); time \(time(relaxation))"
    case .noseHoover(_, let swing, let chain):
      return "Nosé-Hoover chain of \(Wording.count(chain, "link")), T = \(course); time \(time(swing))"
    case .brownian(_, let friction):
      return "Brownian (overdamped) dynamics, T = \(course); friction 1/(\(time(1 / friction)))"
    }
  }

  private func barostatText(_ barostat: Barostat) -> String {
    func pressure(_ value: Double) -> String {
      Wording.number(value) + (units == .lj ? "" : " \(units.energyName)/\(units.lengthName)^3")
    }
    func time(_ value: Double) -> String { "\(Wording.number(value * units.femtoseconds)) \(units.timeName)" }
    switch barostat {
    case .cellRescaling(let target, let relaxation, _, let coupling, _):
      return
        "stochastic cell rescaling, \(coupling.rawValue), P = \(course(target, pressure)); relaxation \(time(relaxation))"
    case .martynaTobiasKlein(let target, let swing, let coupling):
      return "Martyna-Tobias-Klein barostat, \(coupling.rawValue), P = \(course(target, pressure)); time \(time(swing))"
    }
  }

  private func course(_ temperature: Schedule) -> String { course(temperature, temperatureText) }

  private func course(_ schedule: Schedule, _ text: (Double) -> String) -> String {
    switch schedule {
    case .constant(let value): text(value)
    case .ramp(let from, let to): "\(text(from)) to \(text(to)), linearly"
    case .piecewise(let points):
      points.map { "\(text($0.value)) at step \(Wording.count($0.step))" }.joined(separator: ", ")
    }
  }

  private func writeLines(_ forecast: RunForecast) -> [String] {
    var lines = ["into \(folder): \(Wording.bytes(forecast.bytes)) in all"]
    let manager = FileManager.default
    if ["run.json", "deck.yaml", "checkpoint.tektite"].contains(where: { manager.fileExists(atPath: "\(folder)/\($0)") }
    ) {
      lines.append("note: this folder holds a run; 'run' asks for --resume or --overwrite")
    }
    // The nearest folder that is there tells how much room the disk has.
    var place = URL(fileURLWithPath: folder)
    while place.path != "/", !manager.fileExists(atPath: place.path) { place.deleteLastPathComponent() }
    if let free = (try? manager.attributesOfFileSystem(forPath: place.path))?[.systemFreeSize] as? NSNumber {
      let room = free.doubleValue
      lines[0] += "; the disk has room for \(Wording.bytes(room))"
      if forecast.bytes > room { lines.append("warning: that is more than there is room for") }
    }
    return lines
  }

  private func timeLines(_ forecast: RunForecast) -> [String] {
    let dynamics = forecast.stages.filter(\.isDynamics)
    let seconds = dynamics.reduce(0) { $0 + Double($1.steps) * $1.secondsPerStep }
    let descent = forecast.seconds - seconds
    let threads = Wording.count(forecast.threads, "thread")
    var lines: [String] = []
    if let slowest = dynamics.map(\.secondsPerStep).max() {
      lines.append(
        "about \(Wording.duration(seconds)) of dynamics with \(threads) (\(Wording.duration(slowest)) a step), estimated from "
          + "forces at the start")
    }
    if descent > 0 {
      lines.append("at most \(Wording.duration(descent)) of minimisation with \(threads), usually far less")
    }
    return lines
  }
}
