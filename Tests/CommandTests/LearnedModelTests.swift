import Foundation
import Tektite
import Testing

/// Models as mace-torch saved them, met by a user of the program. The files and the expected numbers are those of TektiteEquivariantTests.
@Suite("Learned models")
struct LearnedModelTests {
  private static let fixtures = Program.packageFolder + "/Tests/TektiteEquivariantTests/fixtures"
  private struct Sample: Decodable {
    var positions: [[Double]]
    var kinds: [Int]
    var cell: [[Double]]?
    var periodic: [Int]
  }
  private struct Expected: Decodable {
    struct Result: Decodable {
      var structure: String
      var energy: Double
      var forces: [Double]
    }
    var numbers: [Int]
    var results: [Result]
  }

  private static func read<T: Decodable>(_ type: T.Type, _ name: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/\(name)")))
  }

  /// A structure of the fixtures as extended XYZ.
  private static func text(_ sample: Sample, _ numbers: [Int]) -> String {
    var lines = ["\(sample.kinds.count)"]
    let lattice = sample.cell.map { "Lattice=\"\($0.flatMap { $0 }.map { "\($0)" }.joined(separator: " "))\" " } ?? ""
    let periodic = sample.periodic.map { $0 == 1 ? "T" : "F" }.joined(separator: " ")
    lines.append(lattice + "Properties=species:S:1:pos:R:3 pbc=\"\(periodic)\"")
    for (kind, p) in zip(sample.kinds, sample.positions) {
      lines.append("\(Element(number: numbers[kind])?.symbol ?? "X") \(p[0]) \(p[1]) \(p[2])")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test("evaluate gives what mace-torch gave")
  func evaluate() throws {
    let samples = try Self.read([String: Sample].self, "structures.json")
    let expected = try Self.read(Expected.self, "plain.json")
    let scratch = try Scratch()
    let chosen = expected.results.filter { ["molecule", "triclinic", "left-handed", "slab"].contains($0.structure) }
    #expect(chosen.count == 4)
    try scratch.write(
      chosen.compactMap { samples[$0.structure].map { Self.text($0, expected.numbers) } }.joined(), to: "in.extxyz")
    let result = try Program.run(
      "evaluate", Self.fixtures + "/plain.model", "in.extxyz", "-o", "out.extxyz", "--precision", "double", in: scratch)
    #expect(result.code == 0 && result.error.contains("4 frames"), "\(result.error)")
    let frames = try ExtendedXYZ.read(path: scratch.path + "/out.extxyz", units: .real)
    #expect(frames.count == 4)
    for (frame, wanted) in zip(frames, chosen) {
      let energy = try #require(frame.frame.energy)
      #expect(abs(energy - wanted.energy) < 1e-9 * abs(wanted.energy), "\(wanted.structure)")
      let largest = wanted.forces.map(abs).max() ?? 0
      for (k, force) in frame.frame.forces.enumerated() {
        for axis in 0..<3 { #expect(abs(force[axis] - wanted.forces[3 * k + axis]) < 1e-9 * max(1, largest)) }
      }
    }
  }

  @Test("a deck runs a model by its path, and energy is conserved")
  func run() throws {
    let samples = try Self.read([String: Sample].self, "structures.json")
    let expected = try Self.read(Expected.self, "plain.json")
    let scratch = try Scratch()
    try scratch.write(Self.text(try #require(samples["molecule"]), expected.numbers), to: "start.extxyz")
    try scratch.write(
      """
      units: real
      seed: 3
      system: {structure: start.extxyz, velocities: {temperature: 50 K}}
      potential: {kind: mace, file: \(Self.fixtures)/plain.model, precision: double}
      stages:
        - dynamics: {name: nve, timestep: 0.2 fs, steps: 60, thermo: {file: t.csv, every: 20}}
      """, to: "deck.yaml")
    let result = try Program.run("run", "deck.yaml", "--output", "out", in: scratch)
    #expect(result.code == 0, "\(result.error)")
    let rows = scratch.text("out/t.csv").split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      $0.split(separator: ",").map(String.init)
    }
    let column = try #require(rows.first?.firstIndex { $0.hasPrefix("total") })
    let totals = rows.dropFirst().compactMap { Double($0[column]) }
    #expect(totals.count == 4)
    #expect((totals.max() ?? 0) - (totals.min() ?? 1) < 1e-4, "\(totals)")
  }

  @Test("inspect says what is in a file, and what is wrong with one")
  func inspect() throws {
    let scratch = try Scratch()
    let whole = try Program.run("inspect", Self.fixtures + "/heads.model", in: scratch)
    #expect(whole.code == 0)
    for words in ["MACE model", "elements: ", "cutoff: ", "heads: "] { #expect(whole.output.contains(words)) }
    let data = try Program.run("inspect", "--json", Self.fixtures + "/plain.model", in: scratch)
    let card = try #require(JSONSerialization.jsonObject(with: Data(data.output.utf8)) as? [String: Any])
    #expect(card["kind"] as? String == "MACE model" && (card["network"] as? [String: Any])?["cutoff"] is Double)

    let bytes = try Data(contentsOf: URL(fileURLWithPath: Self.fixtures + "/plain.model"))
    try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: scratch.path + "/half.model"))
    for arguments in [["inspect", "half.model"], ["evaluate", "half.model", "x.extxyz", "-o", "o.extxyz"]] {
      let cut = try Program.start(arguments, in: scratch).result()
      #expect(cut.code == 2 && cut.error.hasPrefix("half.model: error: "), "\(cut.error)")
    }
    try scratch.write("1\n\nH 0 0 0\n", to: "h.extxyz")
    let heads = try Program.run(
      "evaluate", Self.fixtures + "/heads.model", "h.extxyz", "-o", "o.extxyz", in: scratch)
    #expect(heads.code == 2 && heads.error.contains("heads"), "\(heads.error)")
    let mixed = try Program.run(
      "evaluate", Self.fixtures + "/plain.model", "h.extxyz", "-o", "o.extxyz", "--precision", "mixed", in: scratch)
    #expect(mixed.code == 2 && mixed.error.hasPrefix("--precision: error: a learned potential"), "\(mixed.error)")
    #expect(!scratch.exists("o.extxyz"))
    // The same in a deck is blamed on the deck, and not on what a classical potential can do.
    try scratch.write(
      """
      units: real
      system: {structure: h.extxyz}
      potential: {kind: \(Self.fixtures)/plain.model, precision: mixed}
      stages: [{dynamics: {timestep: 1 fs, steps: 1}}]
      """, to: "mixed.yaml")
    let deck = try Program.run("check", "mixed.yaml", in: scratch)
    #expect(deck.code == 2 && deck.error.hasPrefix("mixed.yaml:3:") && deck.error.contains("learned"), "\(deck.error)")
    // Nobody writes to this pipe: opening it to look inside would wait for ever.
    #expect(mkfifo(scratch.path + "/pipe", 0o600) == 0)
    let pipe = try Program.run("inspect", "pipe", in: scratch)
    #expect(pipe.code == 2, "\(pipe.error)")
  }

  @Test("a committee writes the spread of its members, in evaluate and in tables")
  func committee() throws {
    let samples = try Self.read([String: Sample].self, "structures.json")
    let expected = try Self.read(Expected.self, "plain.json")
    let scratch = try Scratch()
    try scratch.write(Self.text(try #require(samples["molecule"]), expected.numbers), to: "start.extxyz")
    func potential(_ names: String...) -> String {
      let members = names.map { "{kind: mace, file: \(Self.fixtures)/\($0).model, precision: double}" }
      return "{kind: committee, members: [\(members.joined(separator: ", "))]}"
    }
    try scratch.write("potential: \(potential("plain", "edges"))\n", to: "two.yaml")
    var frames: [Frame] = []
    for model in [Self.fixtures + "/plain.model", Self.fixtures + "/edges.model", "two.yaml"] {
      let result = try Program.run(
        "evaluate", model, "start.extxyz", "-o", "out.extxyz", "--overwrite", "--precision", "double", in: scratch)
      #expect(result.code == 0, "\(result.error)")
      frames.append(try #require(ExtendedXYZ.read(path: scratch.path + "/out.extxyz", units: .real).first).frame)
    }
    #expect(frames[0].energySpread == nil && frames[0].forceSpreads.isEmpty)
    let (a, b, both) = (frames[0], frames[1], frames[2])
    let (first, second) = (try #require(a.energy), try #require(b.energy))
    // Of two numbers the mean deviation is half their difference.
    #expect(abs(try #require(both.energy) - (first + second) / 2) < 1e-12 * abs(first))
    #expect(abs(try #require(both.energySpread) - abs(first - second) / 2) < 1e-12 * abs(first))
    #expect(both.forceSpreads.count == both.forces.count)
    for i in both.forceSpreads.indices {
      #expect(abs(both.forceSpreads[i] - 0.5 * (a.forces[i] - b.forces[i]).length) < 1e-11)
    }
    try scratch.write(
      """
      units: real
      seed: 3
      system: {structure: start.extxyz, velocities: {temperature: 50 K}}
      potential: \(potential("plain", "edges"))
      stages:
        - minimize: {name: min, maximum-steps: 3, thermo: {file: m.csv, every: 1}}
        - dynamics: {name: nve, timestep: 0.2 fs, steps: 4, thermo: {file: t.csv, every: 2}}
      """, to: "deck.yaml")
    let result = try Program.run("run", "deck.yaml", "--output", "out", in: scratch)
    #expect(result.code == 0, "\(result.error)")
    for table in ["m.csv", "t.csv"] {
      let rows = scratch.text("out/" + table).split(separator: "\n").map {
        $0.split(separator: ",").map(String.init)
      }
      #expect(rows.first?.suffix(2) == ["energy_spread (eV)", "max_force_spread (eV/Å)"], "\(rows)")
      #expect(rows.count > 2)
      for row in rows.dropFirst() { #expect(row.suffix(2).allSatisfy { (Double($0) ?? 0) > 0 }, "\(row)") }
    }
    // The first row of the minimisation is the structure that was evaluated.
    let row = scratch.text("out/m.csv").split(separator: "\n")[1].split(separator: ",").suffix(2).compactMap {
      Double($0)
    }
    #expect(abs(row[0] - (both.energySpread ?? 0)) < 1e-9 && abs(row[1] - (both.forceSpreads.max() ?? 0)) < 1e-9)
  }

  @Test("convert writes weights and a card that evaluate like their source, bit for bit")
  func convert() throws {
    let samples = try Self.read([String: Sample].self, "structures.json")
    let expected = try Self.read(Expected.self, "plain.json")
    let scratch = try Scratch()
    try scratch.write(
      ["molecule", "triclinic"].compactMap { samples[$0].map { Self.text($0, expected.numbers) } }.joined(),
      to: "in.extxyz")
    for model in ["plain", "nonlinear-single", "repulsion"] {
      let source = "\(Self.fixtures)/\(model).model"
      let result = try Program.run("convert", source, "-o", model + ".safetensors", in: scratch)
      #expect(result.code == 0 && result.output.isEmpty && result.error.contains("\(model).json"), "\(result.error)")
      for (name, output) in [(source, "a.extxyz"), (model + ".safetensors", "b.extxyz")] {
        let evaluated = try Program.run(
          "evaluate", name, "in.extxyz", "-o", output, "--overwrite", "--precision", "double", in: scratch)
        #expect(evaluated.code == 0, "\(evaluated.error)")
      }
      #expect(scratch.data("a.extxyz") == scratch.data("b.extxyz") && scratch.text("a.extxyz").contains("forces"))
      let about = try Program.run("inspect", model + ".safetensors", in: scratch)
      #expect(about.code == 0 && about.output.contains("converted from '\(model).model'"), "\(about.output)")
      // Once more gives the same files, with the first source.
      let again = try Program.run(
        "convert", model + ".safetensors", "-o", "again.safetensors", "--overwrite", in: scratch)
      #expect(again.code == 0 && scratch.data("again.safetensors") == scratch.data(model + ".safetensors"))
    }
    #expect(!scratch.files().contains { $0.hasSuffix(".partial") })

    let before = scratch.files()
    let refusals = [
      (["convert", "plain.safetensors", "-o", "plain.safetensors"], "is there already"),
      (["convert", "plain.safetensors", "-o", "plain.safetensors", "--overwrite"], "is the model itself"),
      (["convert", "plain.safetensors", "-o", "new.json"], "does not end in .safetensors"),
      (["convert", "plain.safetensors", "-o", "no/new.safetensors"], "there is no folder"),
      (["convert", "in.extxyz", "-o", "new.safetensors"], "is no model file"),
      (["convert", "missing.model", "-o", "new.safetensors"], "cannot open"),
    ]
    for (arguments, words) in refusals {
      let result = try Program.start(arguments, in: scratch).result()
      #expect(result.code == 2 && result.error.contains(words), "\(arguments): \(result.error)")
    }
    #expect(scratch.files() == before)
    try FileManager.default.removeItem(atPath: scratch.path + "/plain.json")
    let lone = try Program.run("evaluate", "plain.safetensors", "in.extxyz", "-o", "c.extxyz", in: scratch)
    #expect(lone.code == 2 && lone.error.contains("whose card 'plain.json' cannot open"), "\(lone.error)")
  }

  @Test("What inspect says of a model in words", arguments: ["heads", "nonlinear-single", "repulsion"])
  func words(_ model: String) throws {
    let scratch = try Scratch()
    let result = try Program.run("inspect", "\(Self.fixtures)/\(model).model", in: scratch)
    #expect(result.code == 0)
    try SnapshotTests.compare(result.output, with: "inspect-mace-" + model, scratch: scratch)
    let data = try Program.run("inspect", "--json", "\(Self.fixtures)/\(model).model", in: scratch)
    let card = try #require(JSONSerialization.jsonObject(with: Data(data.output.utf8)) as? [String: Any])
    let network = try #require(card["network"] as? [String: Any])
    #expect((card["sha256"] as? String)?.count == 64 && (network["layers"] as? [Any])?.isEmpty == false)
  }
}
