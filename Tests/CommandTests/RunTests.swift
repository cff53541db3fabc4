import Foundation
import Tektite
import Testing

@Suite("run, check, inspect and schema")
struct RunTests {
  private static func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("A run leaves the files of the contract in the folder beside the deck, and says where to look")
  func contract() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(atPath: scratch.path + "/decks", withIntermediateDirectories: true)
    try scratch.write(
      Decks.kobAndersen(
        "minimize: {name: relax, force-tolerance: 0.1, thermo: {every: 1}}", Decks.constantEnergy(steps: 100)),
      to: "decks/liquid.yaml")
    let result = try Program.run("run", "decks/liquid.yaml", in: scratch)
    #expect(result.code == 0, "\(result.error)")
    let files = scratch.files("decks/liquid-run")
    #expect(
      files == [
        "checkpoint.tektite", "deck.yaml", "nve.csv", "nve.extxyz", "nve.nc", "relax.csv", "run.json", "topology.pdb",
        "view.vmd",
      ])
    for file in ["nve.nc", "nve.csv", "relax.csv", "run.json", "decks/liquid-run"] {
      #expect(result.output.contains(file), "\(result.output)")
    }
    let record = try Self.object(scratch.text("decks/liquid-run/run.json"))
    #expect(record["atoms"] as? Int == 250 && record["status"] as? String == "finished")
    for key in ["version", "machine", "seed", "hashes", "threads"] { #expect(record[key] != nil, "no \(key)") }
    let stages = try #require(record["stages"] as? [[String: Any]])
    #expect(stages.compactMap { $0["name"] as? String } == ["relax", "nve"])
    #expect(stages.compactMap { $0["kind"] as? String } == ["minimize", "dynamics"])
    for key in ["steps", "seconds", "forceSeconds", "neighborSeconds", "outputSeconds"] {
      #expect(stages.allSatisfy { $0[key] is NSNumber }, "no \(key)")
    }
    // The spelled-out deck is a deck that does the same.
    let again = try Program.run("run", "decks/liquid-run/deck.yaml", "--output", "again", "-q", in: scratch)
    #expect(again.code == 0, "\(again.error)")
    #expect(scratch.data("again/nve.csv") == scratch.data("decks/liquid-run/nve.csv"))
  }

  @Test("check says how many frames and bytes run will write, and writes nothing")
  func check() throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen(
        """
        dynamics:
          name: many
          timestep: 0.004
          steps: 300
          trajectory: [{every: 1, fields: [velocities, forces]}, {file: text.extxyz, every: 3, fields: [forces]}, {file: wrapped.nc, every: 2, unwrapped: false}]
          thermo: {every: 1}
        """), to: "deck.yaml")
    let checked = try Program.run("check", "deck.yaml", in: scratch)
    #expect(checked.code == 0 && checked.error.isEmpty, "\(checked.error)")
    #expect(scratch.files() == ["deck.yaml"])
    for text in [
      "250 atoms: A × 200", "density 1.2 per sigma^3", "cut-and-shift", "300 steps of 0.004 tau = 1.2 tau",
      "cutoff + skin", "memory", "time",
    ] {
      #expect(checked.output.contains(text), "no '\(text)' in\n\(checked.output)")
    }
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    let units = ["bytes": 1.0, "kB": 1e3, "MB": 1e6]
    for (file, entries, tolerance) in [
      ("many.nc", 301, 0.01), ("wrapped.nc", 151, 0.01), ("text.extxyz", 101, 0.1), ("many.csv", 301, 0.2),
    ] {
      let line = try #require(checked.output.split(separator: "\n").first { $0.contains(file + ":") })
      #expect(line.contains(": \(entries) "), "\(line)")
      let words = line.replacingOccurrences(of: "about ", with: "").split(separator: " ").map(String.init)
      let place = try #require(words.firstIndex { $0.hasPrefix("frame") || $0.hasPrefix("row") })
      let said = try #require(Double(words[place + 1])) * (units[words[place + 2]] ?? 0)
      let real = Double(try #require(scratch.data("deck-run/\(file)")).count)
      // Three digits are printed and the head of a file is not counted; text is estimated.
      #expect(abs(said - real) < tolerance * real, "\(file): \(said) said, \(real) written")
    }
    #expect(try Program.run("check", "deck.yaml", in: scratch).output.contains("this folder holds a run"))
  }

  @Test("check says which thermostat a stage has")
  func thermostats() throws {
    let scratch = try Scratch()
    func stage(_ thermostat: String) -> String { "dynamics: {timestep: 0.004, steps: 10, thermostat: \(thermostat)}" }
    try scratch.write(
      Decks.kobAndersen(
        stage("{kind: csvr, temperature: {from: 2, to: 1}, time: 0.5}"),
        stage("{kind: nose-hoover, temperature: 1, time: 0.4}"),
        stage("{kind: brownian, temperature: 1, friction: 20}"), stage("none")), to: "deck.yaml")
    let checked = try Program.run("check", "deck.yaml", in: scratch)
    for text in [
      "CSVR thermostat (stochastic velocity rescaling), T = 2 to 1, linearly; time 0.5 tau",
      "Nosé-Hoover chain of 3 links, T = 1; time 0.4 tau",
      "Brownian (overdamped) dynamics, T = 1; friction 1/(0.05 tau)", "constant energy (velocity Verlet)",
    ] {
      #expect(checked.output.contains(text), "no '\(text)' in\n\(checked.output)\(checked.error)")
    }
  }

  @Test("inspect knows everything that a run writes, in words and as JSON")
  func inspect() throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(title: "Liquid", Decks.constantEnergy(steps: 100)), to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", in: scratch).code == 0)
    let expected: [(file: String, words: String, key: String)] = [
      ("deck-run/nve.nc", "frames: 6", "frames"), ("deck-run/nve.extxyz", "frames: 2", "frames"),
      ("deck-run/checkpoint.tektite", "all stages are done", "isFinished"),
      ("deck-run/run.json", "run 'Liquid', finished", "record"),
      ("deck-run", "stage 1 'nve' (dynamics): 100 steps", "record"), ("deck.yaml", "deck 'Liquid'", "spelledOut"),
      ("kob-andersen", "cut-and-shift", "statePoints"),
      (Program.packageFolder + "/potentials/argon.yaml", "units: real", "masses"),
    ]
    for (file, words, key) in expected {
      let told = try Program.run("inspect", file, in: scratch)
      #expect(told.code == 0 && told.output.contains(words), "\(file): \(told.output)\(told.error)")
      let data = try Program.run("inspect", file, "--json", in: scratch)
      #expect(try Self.object(data.output)[key] != nil, "\(file): no \(key) in \(data.output)")
    }
  }

  @Test("schema prints a JSON Schema")
  func schema() throws {
    let scratch = try Scratch()
    let result = try Program.run("schema", in: scratch)
    let schema = try Self.object(result.output)
    #expect(result.code == 0 && schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
  }
}
