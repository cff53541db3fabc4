import Foundation
import Testing

/// What the program says, compared with files in `Snapshots`. With TEKTITE_SNAPSHOTS=write they are written anew, to be read before they are kept.
@Suite("What commands say")
struct SnapshotTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Snapshots")

  /// Compares a text, in which places on this machine have been replaced, with a file.
  static func compare(_ text: String, with name: String, scratch: Scratch) throws {
    var text = text.replacingOccurrences(of: scratch.path, with: "<here>")
    text = text.replacingOccurrences(of: Program.packageFolder, with: "<package>")
    let file = folder.appendingPathComponent(name + ".txt")
    if ProcessInfo.processInfo.environment["TEKTITE_SNAPSHOTS"] == "write" {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    let expected = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    #expect(text == expected, "see \(file.path)")
  }

  @Test(
    "Help",
    arguments: ["", "run", "check", "evaluate", "predict", "modes", "inspect", "report", "convert", "schema", "chi4"])
  func help(command: String) throws {
    let scratch = try Scratch()
    let arguments = command.isEmpty ? ["--help"] : [command, "--help"]
    let result = try Program.start(arguments, in: scratch).result()
    #expect(result.code == 0 && result.error.isEmpty)
    try Self.compare(result.output, with: "help" + (command.isEmpty ? "" : "-" + command), scratch: scratch)
  }

  @Test("The version, and help without arguments")
  func version() throws {
    let scratch = try Scratch()
    let result = try Program.run("--version", in: scratch)
    #expect(result.code == 0 && result.output.split(separator: ".").count == 3 && result.output.hasSuffix("\n"))
    let bare = try Program.run(in: scratch)
    #expect(bare.code == 0 && bare.output.contains("tektite run deck.yaml"))
  }

  /// Command lines that are refused, one a line; `TEKTITE_LEVEL=...` in front is for the environment.
  private static let refused = [
    "rum deck.yaml", "deck.yaml", "--fast", "run", "run missing.yaml", "run dekc.yaml", "run .", "run bad.yaml",
    "check bad.yaml",
    "run deck.yaml --thread 2", "run deck.yaml --threads many", "run deck.yaml --threads 0",
    "run deck.yaml --threads 100000",
    "run deck.yaml --resume --overwrite", "run deck.yaml other.yaml", "check", "check two.yaml",
    "evaluate kob-andersn start.extxyz -o out.extxyz", "evaluate kob-andersen missing.extxyz -o out.extxyz",
    "evaluate kob-andersen start.extxyz", "evaluate kob-andersen start.extxyz -o there.extxyz",
    "evaluate kob-andersen start.extxyz -o no/such/folder.extxyz", "evaluate kob-andersen start.extxyz -o .",
    "evaluate kob-andersen start.extxyz -o out.extxyz --precision half",
    "evaluate kob-andersen start.extxyz -o out.extxyz --precision single",
    "evaluate kob-andersen start.extxyz -o out.extxyz --head dft", "evaluate kob-andersen carbon.extxyz -o out.extxyz",
    "evaluate kob-andersen overlap.extxyz -o out.extxyz", "evaluate kob-andersen broken.extxyz -o out.extxyz",
    "evaluate kob-andersen empty.extxyz -o out.extxyz", "inspect", "inspect missing.nc", "inspect unknown.bin",
    "inspect empty.extxyz", "inspect .", "inspect wrong.json", "inspect wrong.nc", "report", "report missing",
    "report .",
    "report deck.yaml", "schema now",
    "TEKTITE_LEVEL=x86-64-v9 schema",
  ]

  @Test("Everything that is refused is refused in one paragraph with exit code 2, and nothing is written")
  func refusals() throws {
    let scratch = try Scratch()
    try scratch.write(Decks.kobAndersen(Decks.constantEnergy(steps: 10)), to: "deck.yaml")
    try scratch.write(
      "title: x\nunits: lj\nsystem: {structure: a.xyz}\npotential: kob-andersen\nstags: []\n", to: "bad.yaml")
    try scratch.write(
      Decks.kobAndersen(
        "dynamics: {name: a, timestep: 0.1, steps: 5, thermo: {file: a.csv, every: 1}}",
        "dynamics: {name: b, timestep: 0.1, steps: 5, thermo: {file: a.csv, every: 1}}"), to: "two.yaml")
    let start = "2\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\nA 0 0 0\n"
    try scratch.write(start + "B 1 0 0\n", to: "start.extxyz")
    try scratch.write(start + "C 1 0 0\n", to: "carbon.extxyz")
    try scratch.write(start + "B 0 0 0\n", to: "overlap.extxyz")
    try scratch.write(start + "B 1 0 0\n" + start + "B 1 zero 0\n", to: "broken.extxyz")
    try scratch.write("precious\n", to: "there.extxyz")
    try scratch.write("", to: "empty.extxyz")
    try scratch.write("nothing that is known\n", to: "unknown.bin")
    try scratch.write("{}\n", to: "wrong.json")
    try scratch.write("not netCDF\n", to: "wrong.nc")
    let before = scratch.files()
    var text = ""
    for line in Self.refused {
      var words = line.split(separator: " ").map(String.init)
      var environment: [String: String] = [:]
      if let first = words.first, let equals = first.firstIndex(of: "=") {
        environment[String(first[..<equals])] = String(first[first.index(after: equals)...])
        words.removeFirst()
      }
      let result = try Program.start(words, in: scratch, environment: environment).result()
      #expect(result.code == 2, "\(line): \(result.code) \(result.error)")
      #expect(result.output.isEmpty, "\(line): \(result.output)")
      #expect(result.error.split(separator: "\n").count == 1, "\(line): \(result.error)")
      #expect(result.error.contains("error: "), "\(line): \(result.error)")
      text += "$ tektite \(line)\n\(result.error)\n"
    }
    #expect(scratch.files() == before)
    #expect(scratch.text("there.extxyz") == "precious\n")
    try Self.compare(text, with: "refusals", scratch: scratch)
  }
}
