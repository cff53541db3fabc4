import Foundation
import Tektite
import Testing

@Suite("predict and modes")
struct PredictTests {
  private static let deck = Decks.kobAndersen(
    counts: "{A: 120, B: 30}",
    """
    dynamics: {name: melt, timestep: 0.004, steps: 300, thermo: none}
    """,
    """
    isoconfigurational: {name: iso, runs: 4, temperature: 1.0, timestep: 0.004, steps: 40, at: [1, 40]}
    """)

  @Test("An ensemble is predicted and scored, atom by atom and in tables that report shows")
  func predict() throws {
    let scratch = try Scratch()
    try scratch.write(Self.deck, to: "deck.yaml")
    let run = try Program.run("run", "deck.yaml", "--threads", "1", "-q", in: scratch)
    #expect(run.code == 0, "\(run.error)")
    let arguments = ["deck-run", "--potential", "kob-andersen", "--folds", "3", "--positions", "inherent"]
    let result = try Program.start(["predict", "-o", "found"] + arguments, in: scratch).result()
    #expect(result.code == 0, "\(result.error)")
    for file in [
      "prediction.csv", "prediction.svg", "prediction-pooled.csv", "prediction-penalty.csv",
      "prediction-observables.json", "predictions.extxyz",
    ] { #expect(scratch.files("found").contains(file), "\(scratch.files("found"))") }
    let lines = scratch.text("found/prediction.csv").split(separator: "\n").map { $0.split(separator: ",") }
    let header = try #require(lines.first).map(String.init)
    for name in ["ridge_A", "energy_A", "distance_A", "averaged_energy_A", "density_A", "ridge_B", "ceiling_A"] {
      #expect(header.contains(name), "\(header)")
    }
    // What the stage itself found for the inherent structure is found again.
    let stage = scratch.text("deck-run/iso-predictors.csv").split(separator: "\n").map { $0.split(separator: ",") }
    let (own, theirs) = (
      try #require(header.firstIndex(of: "distance_A")),
      try #require(stage[0].map(String.init).firstIndex(of: "distance_A"))
    )
    for row in 1...2 {
      let (found, expected) = (try #require(Double(lines[row][own])), try #require(Double(stage[row][theirs])))
      #expect(abs(found - expected) < 1e-4, "\(found), \(expected)")
    }
    let frames = scratch.text("found/predictions.extxyz").split(separator: "\n")
    #expect(frames.count == 2 * 152 && frames[1].contains("predicted:R:1"))
    let report = try Program.run("report", "found", in: scratch)
    #expect(
      report.code == 0 && scratch.text("found/report.html").contains("Prediction of propensity"), "\(report.error)")
    let again = try Program.start(["predict", "-o", "again", "--threads", "2"] + arguments, in: scratch).result()
    #expect(again.code == 0 && scratch.data("again/prediction.csv") == scratch.data("found/prediction.csv"))
    #expect(scratch.data("again/predictions.extxyz") == scratch.data("found/predictions.extxyz"))
  }

  @Test("Vibrations of a small glass: a row for each mode, three without energy")
  func modes() throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen(
        counts: "{A: 80, B: 20}",
        "dynamics: {name: melt, timestep: 0.004, steps: 200, thermo: none, trajectory: {file: melt.extxyz, every: 200}}"
      ), to: "deck.yaml")
    let run = try Program.run("run", "deck.yaml", "--threads", "1", "-q", in: scratch)
    #expect(run.code == 0, "\(run.error)")
    let result = try Program.run("modes", "kob-andersen", "deck-run/melt.extxyz", "-o", "found", in: scratch)
    #expect(result.code == 0 && result.error.contains("converged"), "\(result.error)")
    let rows = scratch.text("found/modes.csv").split(separator: "\n").dropFirst().map {
      $0.split(separator: ",").compactMap { Double($0) }
    }
    #expect(rows.count == 300 && rows.allSatisfy { $0.count == 4 })
    #expect(rows.prefix(3).allSatisfy { abs($0[1]) < 1e-8 } && rows.dropFirst(3).allSatisfy { $0[1] > 1e-3 })
    #expect(scratch.text("found/modes.extxyz").split(separator: "\n").count == 5 * 102)
    let report = try Program.run("report", "found", in: scratch)
    #expect(report.code == 0 && scratch.text("found/report.html").contains("Vibrational density of states"))
  }

  @Test("What cannot be predicted is said in a sentence, with exit code 2")
  func refusals() throws {
    let scratch = try Scratch()
    let head = "2\nLattice=\"9 0 0 0 9 0 0 0 9\" pbc=\"T T T\" "
    let atoms = "\nA 0 0 0 1.5\nA 1 0 0 2.5\n"
    try scratch.write(head + "time=2 Properties=species:S:1:pos:R:3:propensity:R:1" + atoms, to: "few.extxyz")
    try scratch.write(head + "time=2 Properties=species:S:1:pos:R:3:propensty:R:1" + atoms, to: "typo.extxyz")
    try scratch.write(head + "Properties=species:S:1:pos:R:3:propensity:R:1" + atoms, to: "timeless.extxyz")
    try scratch.write(
      head + "time=2 Properties=species:S:1:pos:R:3:propensity:R:1\nA 0 0 0 1.5\nA 1 0 0 x\n", to: "word.extxyz")
    func refusal(_ arguments: String...) throws -> String {
      let result = try Program.start(arguments + ["-o", "out"], in: scratch).result()
      #expect(result.code == 2 && result.error.split(separator: "\n").count == 1, "\(arguments): \(result.error)")
      return result.error
    }
    #expect(try refusal("predict", "few.extxyz").contains("--units lj"))
    #expect(try refusal("predict", "few.extxyz", "--units", "lj").contains("no species has enough atoms"))
    #expect(try refusal("predict", "typo.extxyz", "--units", "lj").contains("did you mean"))
    #expect(try refusal("predict", "timeless.extxyz", "--units", "lj").contains("expected time="))
    #expect(try refusal("predict", "word.extxyz", "--units", "lj").contains("expected a number for its propensity"))
    #expect(try refusal("predict", "few.extxyz", "--units", "lj", "--species", "B").contains("no atoms of species 'B'"))
    #expect(try refusal("predict", "few.extxyz", "--units", "lj", "--folds", "2").contains("from 3"))
    #expect(try refusal("predict", "few.extxyz", "--units", "lj", "--positions", "cold").contains("is none of"))
    #expect(try refusal("predict", "few.extxyz", "--units", "lj", "--positions", "both").contains("need a potential"))
    #expect(try refusal("predict", "few.extxyz", "--units", "lj", "--fold-by", "slab").contains("did you mean 'slabs'"))
    #expect(
      try refusal("predict", "few.extxyz", "--units", "lj", "--fold-by", "configurations").contains("fewer folds"))
    #expect(try refusal("predict", "few.extxyz", "--units", "real").contains("--scale"))
    #expect(try refusal("predict", ".", "--units", "lj").contains("holds no file"))
    #expect(try refusal("predict", "missing", "--units", "lj").contains("missing"))
    #expect(try refusal("modes", "kob-andersen", "few.extxyz", "--count", "9").contains("3 vibrations"))
    #expect(try refusal("modes", "kob-andersen", "few.extxyz", "--tolerance", "0").contains("greater than 0"))
    #expect(try refusal("modes", "kob-andersen", "missing.extxyz").contains("missing"))
    #expect(try refusal("modes", "kob-andersn", "few.extxyz").contains("kob-andersen"))
  }
}
