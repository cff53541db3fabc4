import Foundation
import TektiteTestSupport
import Testing

@Suite("Interrupted runs", .serialized)
struct ResumeTests {
  /// Kinds of dynamics that must go on byte for byte.
  enum Kind: String, CaseIterable {
    case constantEnergy, langevin, ramp, logarithmic, observed, thermostats, certified

    var deck: String {
      switch self {
      case .constantEnergy: return Decks.kobAndersen(Decks.constantEnergy(steps: 2000))
      case .langevin:
        return Decks.kobAndersen(
          "minimize: {name: relax, force-tolerance: 0.5, thermo: {every: 1}}",
          """
          dynamics:
            name: heat
            thermostat: {kind: langevin, temperature: 0.8, friction: 1.0}
            timestep: 0.005
            steps: 2000
            trajectory: {every: 25, fields: [velocities]}
            thermo: {every: 5}
            checkpoint: {every: 60}
          """)
      case .ramp:
        return Decks.kobAndersen(
          """
          dynamics:
            name: cool
            thermostat: {kind: langevin, temperature: {from: 2.0, to: 0.5}, friction: 0.5}
            timestep: 0.004
            steps: 1000
            momentum-removal: {every: 70}
            trajectory: {file: cool.extxyz, every: 50, unwrapped: false}
            thermo: {every: 7}
            checkpoint: {every: 45}
          """, Decks.constantEnergy(steps: 1000))
      case .thermostats:
        func stage(_ thermostat: String, timestep: Double = 0.004) -> String {
          """
          dynamics:
            thermostat: \(thermostat)
            timestep: \(timestep)
            steps: 700
            trajectory: {every: 50, fields: [velocities]}
            thermo: {every: 7}
            checkpoint: {every: 45}
          """
        }
        return Decks.kobAndersen(
          stage("{kind: csvr, temperature: {from: 1.0, to: 0.8}, time: 0.2}"),
          stage("{kind: nose-hoover, temperature: {from: 0.8, to: 1.0}, time: 0.2}"),
          stage("{kind: brownian, temperature: 1.0, friction: 10}", timestep: 0.0005))
      case .logarithmic:
        return Decks.kobAndersen(
          """
          dynamics:
            name: relaxation
            timestep: 0.004
            steps: 2000
            trajectory: {at: {logarithmic: {per-decade: 10, block: 500}}, unwrapped: false}
            thermo: {at: {logarithmic: {per-decade: 5}}}
            checkpoint: {every: 55}
          """)
      case .certified:
        return Decks.kobAndersen(
          """
          dynamics:
            name: relaxation
            thermostat: {kind: csvr, temperature: 1.0, time: 0.2}
            timestep: 0.004
            steps: 1500
            thermo: {every: 100}
            checkpoint: {every: 37}
            certificate: {species: A, origins: 30, every: 70}
            inherent-structures: {every: 400, force-tolerance: 1e-4}
          """)
      case .observed:
        return Decks.kobAndersen(
          """
          dynamics:
            name: relaxation
            timestep: 0.004
            steps: 1500
            thermo: {every: 100}
            checkpoint: {every: 37}
            observe:
              - self-intermediate-scattering: {k: 7.25, origins: 30}
              - mean-squared-displacement: {origins: 30}
              - overlap: {species: A}
              - velocity-autocorrelation: {longest: 200}
              - radial-distribution: {every: 40}
              - structure-factor: {every: 50, largest: 10}
              - bond-order: {every: 60}
              - crystallinity: {every: 60, neighbors: {radius: 1.4}}
              - voronoi: {every: 70, radii: {A: 0.5, B: 0.44}}
          """)
      }
    }
  }

  @Test(
    "Killed at random moments and resumed with other threads, a run leaves the same bytes", arguments: Kind.allCases)
  func killAndResume(kind: Kind) throws {
    let scratch = try Scratch()
    try scratch.write(kind.deck, to: "deck.yaml")
    let clock = ContinuousClock()
    let start = clock.now
    let whole = try Program.run("run", "deck.yaml", "--output", "whole", "--threads", "1", "--quiet", in: scratch)
    let length = (clock.now - start) / .seconds(1)
    #expect(whole.code == 0, "\(whole.error)")
    #expect(whole.error.isEmpty && whole.output.isEmpty, "--quiet says nothing")

    var random = SeededGenerator(seed: 0x5EED ^ UInt64(kind.rawValue.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }))
    var stopped = 0
    for attempt in 0..<5 {
      let threads = attempt % 2 == 0 ? "2" : "1"
      let running = try Program.start(
        ["run", "deck.yaml", "--output", "parts", "--threads", threads, "--resume"], in: scratch)
      Thread.sleep(forTimeInterval: Double.random(in: 0..<0.6, using: &random) * length)
      let signal = [SIGKILL, SIGINT, SIGTERM][attempt % 3]
      running.send(signal)
      let result = running.result()
      // It may have been done already, or not yet have got to its signal handlers.
      #expect(result.code == 128 + signal || result.code == 0, "\(result.code): \(result.error)")
      if result.code != 0 { stopped += 1 }
    }
    #expect(stopped > 0, "no signal came in time")
    let last = try Program.run("run", "deck.yaml", "--output", "parts", "--threads", "2", "--resume", in: scratch)
    #expect(last.code == 0, "\(last.error)")

    let files = scratch.files("whole")
    #expect(files == scratch.files("parts"))
    for file in files where file != "run.json" {
      #expect(scratch.data("whole/\(file)") == scratch.data("parts/\(file)"), "\(file) differs")
    }
  }

  @Test("SIGINT and SIGTERM write a checkpoint and end with 130 and 143", arguments: [SIGINT, SIGTERM])
  func signals(signal: Int32) throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen(Decks.constantEnergy(steps: 10_000_000, checkpoint: 9_000_000)), to: "my deck.yaml")
    let running = try Program.start(["run", "my deck.yaml", "--threads", "1"], in: scratch)
    #expect(running.waits(for: "nve: 10000000 steps"))
    running.send(signal)
    let result = running.result()
    #expect(result.code == 128 + signal && !result.wasKilled)
    #expect(result.error.contains("a checkpoint was written"))
    #expect(result.error.contains("tektite run 'my deck.yaml' --resume"))
    #expect(scratch.exists("my deck-run/checkpoint.tektite"))
    #expect(scratch.text("my deck-run/run.json").contains("\"status\" : \"interrupted\""))
    let inspected = try Program.run("inspect", "my deck-run/checkpoint.tektite", in: scratch)
    #expect(inspected.code == 0 && inspected.output.contains("state: stage 1 ('nve')"), "\(inspected.output)")
  }

  @Test("A folder that holds a run is neither gone on with nor replaced unasked")
  func existingRun() throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 20)), to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    let before = scratch.data("deck-run/nve.nc")
    let refused = try Program.run("run", "deck.yaml", in: scratch)
    #expect(refused.code == 2)
    #expect(refused.error.contains("--resume") && refused.error.contains("--overwrite"), "\(refused.error)")
    #expect(scratch.data("deck-run/nve.nc") == before)
    // Finished already: nothing is left to do, and nothing changes.
    #expect(try Program.run("run", "deck.yaml", "--resume", in: scratch).code == 0)
    #expect(scratch.data("deck-run/nve.nc") == before)
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 40)), to: "deck.yaml")
    let changed = try Program.run("run", "deck.yaml", "--resume", in: scratch)
    #expect(changed.code == 2)
    #expect(changed.error.contains("'steps: 20'") && changed.error.contains("'steps: 40'"), "\(changed.error)")
    #expect(try Program.run("run", "deck.yaml", "--overwrite", in: scratch).code == 0)
    #expect(scratch.data("deck-run/nve.nc") != before)
  }

  @Test("A trajectory that became shorter is not gone on with")
  func truncated() throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 10_000_000)), to: "deck.yaml")
    let running = try Program.start(["run", "deck.yaml", "--threads", "1"], in: scratch)
    #expect(running.waits(for: "nve: 10000000 steps"))
    while running.process.isRunning, !scratch.exists("deck-run/checkpoint.tektite") {
      Thread.sleep(forTimeInterval: 0.01)
    }
    running.send(SIGTERM)
    #expect(running.result().code == 143)
    let checkpoint = scratch.data("deck-run/checkpoint.tektite")
    for file in ["nve.nc", "nve.csv", "nve.extxyz"] {
      let whole = try #require(scratch.data("deck-run/\(file)"))
      try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: scratch.path + "/deck-run/\(file)"))
      let result = try Program.run("run", "deck.yaml", "--resume", in: scratch)
      #expect(result.code == 2, "\(file): \(result.error)")
      #expect(result.error.contains(file) && result.error.contains("cut short"), "\(result.error)")
      #expect(scratch.data("deck-run/checkpoint.tektite") == checkpoint)
      try whole.write(to: URL(fileURLWithPath: scratch.path + "/deck-run/\(file)"))
    }
    // A damaged checkpoint is not believed either.
    var damaged = try #require(checkpoint)
    damaged[damaged.count / 2] ^= 1
    try damaged.write(to: URL(fileURLWithPath: scratch.path + "/deck-run/checkpoint.tektite"))
    let result = try Program.run("run", "deck.yaml", "--resume", in: scratch)
    #expect(result.code == 2 && result.error.contains("checkpoint.tektite"), "\(result.error)")
  }
}
