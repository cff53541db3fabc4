import ArgumentParser
import Foundation
import Tektite

/// `tektite bench`: the benchmark suite, or the cost of one model on given structures.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure how fast this machine runs the engine, or a model of yours.",
    discussion: """
      Without options: Kob-Andersen at density 1.2, N = 4096, T = 1.0 and 0.5, velocity Verlet and Langevin, double and mixed
      precision; the mixture of two dimensions at T = 1.0; polydisperse spheres of N = 1500 and 10,000 at T = 0.25 with exchanges of diameters. Every number is wall time per atom and step with everything included, and below it what the parts cost.

        tektite bench                         the small suite, under a minute
        tektite bench large                   adds N = 110,592 and two threads
        tektite bench --model kob-andersen --structures start.extxyz
                                              energy, forces and stress of your frames, lists included
      """)

  enum Suite: String, ExpressibleByArgument, CaseIterable { case small, large }

  @Argument(help: "The suite: small or large.") var suite: Suite = .small
  @Option(help: ArgumentHelp("Time this model instead: a registry name or a file.", valueName: "model")) var model:
    String?
  @Option(help: ArgumentHelp("Structures for --model, or the start of the suite.", valueName: "file")) var structures:
    String?
  @Option(help: ArgumentHelp("double, mixed or single.", valueName: "precision")) var precision: Precision?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Number of threads; several are timed in turns (default: 1; large: 1 2).", valueName: "n"))
  var threads: [Int] = []
  @Option(help: ArgumentHelp("Margin of the neighbour list.", valueName: "length")) var skin: Double?
  @Option(help: ArgumentHelp("Timed steps of each row.", valueName: "n")) var steps: Int = 1500
  @Option(help: ArgumentHelp("Only this temperature.", valueName: "T")) var temperature: Double?
  @Option(help: ArgumentHelp("Copies of the start in each direction.", valueName: "n")) var replicate: Int?
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if let wrong = threads.first(where: { !(1...1024).contains($0) }) {
      throw ValidationError("--threads: expected 1 to 1024, got \(wrong)")
    }
    guard steps >= 10 else { throw ValidationError("--steps: expected at least 10, got \(steps)") }
    if let skin, !(skin >= 0 && skin.isFinite) {
      throw ValidationError("--skin: expected a length of 0 or more, got \(skin)")
    }
    if let replicate, !(1...16).contains(replicate) {
      throw ValidationError("--replicate: expected 1 to 16, got \(replicate)")
    }
  }

  func run() throws {
    if let model {
      guard let structures else { throw ValidationError("--model needs --structures FILE") }
      try timeModel(model, structures)
    } else {
      try runSuite()
    }
  }

  // MARK: - The suite

  private func runSuite() throws {
    let teams = (threads.isEmpty ? (suite == .large ? [1, 2] : [1]) : threads).map { ThreadTeam(threads: $0) }
    var bench = BenchSuite()
    var rows: [BenchRow] = []
    if !json { print(Self.header()) }
    for kT in temperature.map({ [$0] }) ?? [1.0, 0.5] {
      let start =
        if let structures { try Self.first(structures, units: .lj) } else {
          try bench.liquid.equilibrated(temperature: kT, team: teams[0])
        }
      for times in replicate.map({ [$0] }) ?? (suite == .large ? [1, 3] : [1]) {
        let structure = bench.replicated(start, times)
        let count = max(10, times == 1 ? steps : steps / times)
        let settings = (precision.map { [$0] } ?? [.double, .mixed]).flatMap { chosen in
          [false, true].flatMap { langevin in
            teams.map { BenchSetting.Choice(precision: chosen, langevin: langevin, skin: skin ?? 0.8, team: $0) }
          }
        }
        let measured = try bench.measure(settings, on: structure, temperature: kT, steps: count)
        rows += measured
        if !json { measured.forEach { print(Self.line($0)) } }
      }
    }
    // Other liquids, once each: what they cost beside Kob-Andersen.
    var exchanges: [BenchExchanges] = []
    for liquid in structures == nil ? [BenchLiquid.planar, .spheres(1500), .spheres(10_000)] : [] {
      bench.liquid = liquid
      let kT = temperature ?? liquid.temperature
      let start = try liquid.equilibrated(temperature: kT, team: teams[0])
      let settings = try (precision.map { [$0] } ?? [.double, .mixed]).map { chosen in
        BenchSetting.Choice(
          precision: chosen, langevin: false, skin: try skin ?? liquid.skin(for: start), team: teams[0])
      }
      let measured = try bench.measure(settings, on: start, temperature: kT, steps: steps)
      rows += measured
      if !json {
        print(liquid.title)
        measured.forEach { print(Self.line($0)) }
      }
      if liquid.exchanges {
        let cost = try BenchExchanges(liquid, on: start, temperature: kT, team: teams[0])
        exchanges.append(cost)
        if !json { print(Self.line(cost)) }
      }
    }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(
        String(
          decoding: try encoder.encode(
            Report(rows: rows, exchanges: exchanges, level: ProcessorLevel.current.name)), as: UTF8.self))
    } else {
      print(Self.footer)
    }
  }

  private struct Report: Codable {
    var rows: [BenchRow]
    var exchanges: [BenchExchanges]
    var level: String
  }

  private static func first(_ path: String, units: Units) throws -> Structure {
    guard let structure = try StructureFile.frame(0, path: path, units: units).structure else {
      throw InputError("holds no structure", file: path)
    }
    return structure
  }

  private static func header() -> String {
    """
    \(BenchLiquid.kobAndersen.title); kernels \(ProcessorLevel.current.name); ns per atom and step, medians
       atoms    T  ensemble  precision  threads  skin   total (fastest)   force    list    rest | build  every | entries  bytes/atom      drift
    """
  }

  private static func line(_ r: BenchRow) -> String {
    String(
      format:
        "%8d %4.2f  %@  %@  %7d  %4.2f  %6.1f  (%6.1f)  %6.1f  %6.1f  %6.1f | %5.0f  %5.1f | %7.1f  %10.0f  %9.1e",
      r.atoms, r.temperature,
      r.ensemble.padding(toLength: 8, withPad: " ", startingAt: 0),
      r.precision.padding(toLength: 9, withPad: " ", startingAt: 0), r.threads,
      r.skin, r.total, r.fastest, r.force, r.list, r.rest, r.build, r.stepsPerBuild, r.entries, r.bytes, r.drift)
  }

  private static func line(_ e: BenchExchanges) -> String {
    String(
      format:
        "  exchanges of diameters, blocks of %d: %.2f µs each (%.2f without lists and forces), %.2fM a second, %.0f %% accepted",
      e.attempts, e.total, e.trial, e.attemptsPerSecond / 1e6, 100 * e.acceptance)
  }

  private static let footer = """
    Rows run in turns, a block of steps each; medians over blocks. rest: integration and the driver; build: one list build with its prunings, per atom;
    every: steps between builds.
    The floor: about 33 pairs within the cutoff, each met once, at 11 multiplications and additions on either port and one division.
    """

  // MARK: - One model

  private struct ModelReport: Encodable {
    var microsecondsPerAtom: Double
    var best: Double
    var atoms: Int
    var edgesPerAtom: Double
    var loadSeconds: Double
    var peakMemoryBytes: Int

    // The names that scripts read.
    enum CodingKeys: String, CodingKey {
      case microsecondsPerAtom = "microseconds_per_atom"
      case best, atoms
      case edgesPerAtom = "edges_per_atom"
      case loadSeconds = "load_seconds"
      case peakMemoryBytes = "peak_memory_bytes"
    }
  }

  private func timeModel(_ name: String, _ path: String) throws {
    let began = monotonicSeconds()
    let resolved = try ModelReference.resolve(name, precision: precision)
    var loaded = monotonicSeconds() - began
    let frames = try StructureFile.read(path: path, units: resolved.units)
    let team = ThreadTeam(threads: threads.first ?? 1)
    // Every evaluation builds its list, unless a skin is asked for: then lists are kept as long as they hold. The first warms caches and memory and is not counted. Frames are repeated, shaken a little, until there are enough
    // for a median; those of one set of atoms share a worker, as the steps of a simulation do.
    guard let first = frames.first else { throw InputError("holds no structure", file: path) }
    var system = System(first, units: resolved.units)
    let making = monotonicSeconds()
    var field = try ForceField(resolved.model, for: system, skin: skin ?? 0, team: team)
    loaded += monotonicSeconds() - making
    let isRebuilt = (skin ?? 0) == 0
    var topology = first.topology
    var times: [Double] = []
    var edges = 0.0
    var k = 0
    let end = monotonicSeconds() + 20
    while k <= max(20, frames.count - 1), k < 3 || monotonicSeconds() < end {
      let structure = frames[k % frames.count]
      if structure.topology != topology {
        system = System(structure, units: resolved.units)
        field = try ForceField(resolved.model, for: system, skin: skin ?? 0, team: team)
        topology = structure.topology
      }
      let noise = normalDeviates(key: 1, counter: UInt64(k), atoms: (0..<Int32(structure.count)).map { $0 })
      system.cell = structure.frame.cell
      for slot in 0..<system.count {
        let atom = Int(system.identity[slot])
        let n = system.images[slot]
        let crossed = Vector3(Double(n.a), Double(n.b), Double(n.c)) * system.cell.basis
        system.positions[slot] =
          structure.frame.positions[atom] + (1e-4 * noise[atom]).confined(to: system.dimensions) - crossed
      }
      if isRebuilt { field.invalidate() }
      let start = monotonicSeconds()
      try field.update(&system, [.energy, .forces, .virial])
      let seconds = monotonicSeconds() - start
      edges = Double(max(field.edgeCount, field.clusterEntryCount)) / Double(max(1, system.count))
      if k > 0 { times.append(seconds * 1e6 / Double(max(1, system.count))) }
      k += 1
    }
    let atoms = system.count
    times.sort()
    var usage = rusage()
    getrusage(.init(0), &usage)  // RUSAGE_SELF
    let report = ModelReport(
      microsecondsPerAtom: times[times.count / 2], best: times[0], atoms: atoms, edgesPerAtom: edges,
      loadSeconds: loaded,
      peakMemoryBytes: Int(usage.ru_maxrss) * 1024)
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(
        String(
          format:
            "%@: %.4f µs per atom (best %.4f) over %d evaluations of %d atoms, %.1f neighbours per atom; loaded in %.3f s",
          name,
          report.microsecondsPerAtom, report.best, times.count, atoms, edges, loaded))
    }
  }
}

extension Precision: ExpressibleByArgument {}
