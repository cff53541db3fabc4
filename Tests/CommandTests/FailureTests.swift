import Foundation
import Testing

@Suite("Runs that fail")
struct FailureTests {
  @Test("A file that cannot grow ends the run with a sentence; room made, it goes on byte for byte")
  func diskFull() throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 600)), to: "deck.yaml")
    #expect(try Program.run("run", "deck.yaml", "-q", "--output", "whole", in: scratch).code == 0)
    let size = try #require(scratch.data("whole/nve.nc")).count
    // Room for two thirds of the trajectory; the checkpoint and the tables are smaller.
    let result = try Program.run("run", "deck.yaml", "--output", "parts", in: scratch, fileSizeLimit: size * 2 / 3)
    #expect(result.code == 1, "\(result.error)")
    let errors = result.error.split(separator: "\n").filter { $0.contains("error:") }
    #expect(errors.count == 1 && errors[0].contains("nve.nc"), "\(result.error)")
    #expect(try Program.run("run", "deck.yaml", "-q", "--output", "parts", "--resume", in: scratch).code == 0)
    for file in scratch.files("whole") where file != "run.json" {
      #expect(scratch.data("whole/\(file)") == scratch.data("parts/\(file)"), "\(file) differs")
    }
  }

  @Test("A place that cannot be written to is the user's to change", arguments: ["/proc/tektite", "file/run", "file"])
  func unwritable(folder: String) throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 20)), to: "deck.yaml")
    try scratch.write("a file, not a folder\n", to: "file")
    let result = try Program.run("run", "deck.yaml", "--output", folder, in: scratch)
    #expect(result.code == 2, "\(result.error)")
    #expect(result.error.contains("--output"), "\(result.error)")
    #expect(scratch.text("file") == "a file, not a folder\n")
  }

  @Test("A timestep that is too long is stopped by the guard, with the last good frame")
  func blowUp() throws {
    let scratch = try Scratch()
    try scratch.write(
      Decks.kobAndersen("dynamics: {name: fast, timestep: 0.08, steps: 2000, thermo: {every: 10}}"), to: "deck.yaml")
    let result = try Program.run("run", "deck.yaml", in: scratch)
    #expect(result.code == 3, "\(result.error)")
    #expect(result.error.contains("deck.yaml: error: stage 'fast' became unphysical at step"), "\(result.error)")
    #expect(result.error.contains("forensics.extxyz"))
    let report =
      try JSONSerialization.jsonObject(with: try #require(scratch.data("deck-run/forensics.json"))) as? [String: Any]
    #expect(report?["stage"] as? String == "fast")
    #expect((report?["atoms"] as? [Any])?.isEmpty == false)
    let frame = try Program.run("inspect", "deck-run/forensics.extxyz", "--json", in: scratch)
    #expect(frame.code == 0 && frame.output.contains("\"atoms\" : 250"), "\(frame.output)\(frame.error)")
    #expect(scratch.text("deck-run/run.json").contains("\"status\" : \"unphysical\""))
  }
}
