import Foundation
import Tektite
import Testing

@Suite("analyze")
struct AnalyzeTests {
  private static let deck = Decks.kobAndersen(
    """
    dynamics:
      name: walk
      timestep: 0.004
      steps: 600
      trajectory: {every: 50, fields: [velocities]}
      thermo: {every: 10}
      observe:
        - mean-squared-displacement: {origins: 50, longest: 600}
        - radial-distribution: {every: 50, bins: 40}
    """)

  private func columns(_ text: String) -> [[Double]] {
    text.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    }
  }

  @Test("A trajectory gives what was observed while it was written, and observing changes nothing")
  func agreement() throws {
    let scratch = try Scratch()
    try scratch.write(Self.deck, to: "deck.yaml")
    let plain = Self.deck.split(separator: "\n").filter {
      !$0.contains("observe:") && !$0.contains("- mean") && !$0.contains("- radial")
    }
    try scratch.write(plain.joined(separator: "\n"), to: "plain.yaml")
    for name in ["deck", "plain"] {
      let result = try Program.run("run", "\(name).yaml", "--threads", "1", "-q", in: scratch)
      #expect(result.code == 0, "\(result.error)")
    }
    #expect(scratch.data("deck-run/walk.csv") == scratch.data("plain-run/walk.csv"))
    let result = try Program.run(
      "analyze", "deck-run/walk.nc", "-o", "found", "--observables", "msd", "gr", "vacf", "--bins", "40", in: scratch)
    #expect(result.code == 0 && result.error.contains("13 frames"), "\(result.error)")
    for file in ["msd.csv", "msd.svg", "gr.csv", "gr.svg", "vacf.csv", "vacf.svg", "observables.json"] {
      #expect(scratch.files("found").contains(file), "\(scratch.files("found"))")
    }
    let live = columns(scratch.text("deck-run/walk-msd.csv"))
    let found = columns(scratch.text("found/msd.csv"))
    var compared = 0
    for row in found {
      guard let other = live.first(where: { abs($0[0] - row[0]) < 1e-9 }) else { continue }
      // The trajectory has single precision.
      #expect(abs(other[1] - row[1]) < 1e-5 * row[1] && other.last == row.last)
      compared += 1
    }
    // 50, 100 and 200 steps are among the lags of both.
    #expect(compared == 3)
    let (liveShells, foundShells) = (
      columns(scratch.text("deck-run/walk-gr.csv")), columns(scratch.text("found/gr.csv"))
    )
    // Rounding to floats moves a pair in a million from one bin to the next.
    let off = zip(liveShells, foundShells).count { abs($0[1] - $1[1]) > 1e-9 }
    #expect(liveShells.count == 40 && off <= 4)
    #expect(scratch.text("found/msd.svg").hasPrefix("<svg") || scratch.text("found/msd.svg").hasPrefix("<?xml"))
  }

  @Test("Local structure of a crystal: tables, and a frame with columns")
  func local() throws {
    let scratch = try Scratch()
    // Two by two by two cubes of fcc, of which every atom has the same surroundings.
    var text = "32\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n"
    for k in 0..<8 {
      let corner = [2 * (k & 1), k & 2, (k & 4) / 2]
      for part in [[0, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]] {
        // Unwrapped by a cell.
        text += "A \(corner[0] + part[0] - 4) \(corner[1] + part[1]) \(corner[2] + part[2] + 8)\n"
      }
    }
    try scratch.write(text, to: "fcc.extxyz")
    let result = try Program.run(
      "analyze", "fcc.extxyz", "--units", "lj", "-o", "out", "--observables", "order", "solid", "voronoi", "--fields",
      "q4", "averaged-q6", "w6", "solid-bonds", "voronoi-volume", "voronoi-index", in: scratch)
    #expect(result.code == 0, "\(result.error)")
    for name in ["order", "order-averaged", "order-w", "solid", "voronoi", "voronoi-volumes", "voronoi-faces"] {
      #expect(scratch.files("out").contains("\(name).csv"))
    }
    #expect(result.error.contains("solid-like all = 1 "), "\(result.error)")
    #expect(scratch.text("out/voronoi.csv") == "rank,name,all,all_error,samples\n1,<0 12 0 0>,1,,1\n")
    let lines = scratch.text("out/fields.extxyz").split(separator: "\n")
    #expect(
      lines[1].contains(
        ":q4:R:1:averaged_q6:R:1:w6:R:1:solid_bonds:I:1:voronoi_volume:R:1:voronoi_index:I:4"))
    #expect(lines[1].contains("neighbor_rule=\"the 12 nearest\"") && lines[1].contains("voronoi_radii=\"equal\""))
    #expect(lines.count == 34)
    for line in lines.dropFirst(2) {
      let words = line.split(separator: " ")
      let numbers = words.dropFirst().compactMap { Double($0) }
      #expect(numbers.count == 12)
      for place in numbers.prefix(3) { #expect(place >= 0 && place < 4) }
      for (found, expected) in zip(numbers[3...], [0.19094065, 0.57452426, -0.01316060, 12, 2, 0, 12, 0, 0]) {
        #expect(abs(found - expected) < 1e-8)
      }
    }
    let alone = try Program.run(
      "analyze", "fcc.extxyz", "--units", "lj", "-o", "alone", "--fields", "neighbors", "--neighbor-radius", "A-A=1.5",
      in: scratch)
    #expect(alone.code == 0 && scratch.files("alone") == ["fields.extxyz"])
    func refusal(_ arguments: String...) throws -> String {
      let all = ["analyze", "fcc.extxyz", "--units", "lj", "-o", "no"] + arguments
      let result = try Program.start(all, in: scratch).result()
      #expect(result.code == 2 && !scratch.files("").contains("no"), "\(arguments): \(result.error)")
      return result.error
    }
    #expect(try refusal("--fields", "q13").contains("'q13' is not a field"))
    #expect(try refusal("--fields", "averged-q6").contains("did you mean 'averaged-q6'"))
    #expect(try refusal("--fields", "q6", "--frame", "2").contains("there is no frame 2"))
    #expect(try refusal("--fields", "q6", "--frame", "0").contains("counted from 1"))
    #expect(try refusal("--observables", "order", "--degrees", "0").contains("from 1 to 12, not 0"))
    #expect(try refusal("--observables", "order", "--nearest", "6", "--neighbor-radius", "1").contains("one rule"))
    #expect(try refusal("--observables", "solid", "--nearest", "6").contains("among 6 neighbours"))
    #expect(try refusal("--observables", "order", "--neighbor-radius", "A=1").contains("not a pair of species"))
    #expect(try refusal("--observables", "order", "--neighbor-radius", "x").contains("not a radius"))
    #expect(try refusal("--observables", "voronoi", "--voronoi-radii", "B=1").contains("no atoms of species 'B'"))
    #expect(try refusal("--observables", "voronoi", "--voronoi-radii", "A").contains("such as A=0.5"))
  }

  @Test("What cannot be analysed is said in a sentence, with exit code 2")
  func refusals() throws {
    let scratch = try Scratch()
    try scratch.write(
      "2\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\nA 0 0 0\nA 1 0 0\n",
      to: "one.extxyz")
    func refusal(_ arguments: String...) throws -> String {
      let result = try Program.start(["analyze"] + arguments, in: scratch).result()
      #expect(result.code == 2, "\(arguments): \(result.error)")
      return result.error
    }
    #expect(try refusal("one.extxyz", "-o", "out").contains("give --units lj, or --units real"))
    #expect(try refusal("one.extxyz", "-o", "out", "--units", "si").contains("expected lj or real"))
    #expect(try refusal("one.extxyz", "-o", "out", "--units", "lj", "--k", "0.1").contains("below 2π/L"))
    #expect(
      try refusal("one.extxyz", "-o", "out", "--units", "lj", "--species", "B").contains("no atoms of species 'B'"))
    #expect(try refusal("one.extxyz", "-o", "out", "--units", "real", "--observables", "fs").contains("--k 2.0"))
    #expect(try refusal("nowhere.nc", "-o", "out").contains("nowhere.nc"))
    #expect(!scratch.files().contains("out"))
    let fine = try Program.run(
      "analyze", "one.extxyz", "-o", "out", "--units", "lj", "--observables", "gr", in: scratch)
    #expect(fine.code == 0, "\(fine.error)")
    #expect(try refusal("one.extxyz", "-o", "out", "--units", "lj", "--observables", "gr").contains("--overwrite"))
  }
}
