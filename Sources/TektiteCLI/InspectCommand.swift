import ArgumentParser
import Foundation
import Tektite

/// `tektite inspect`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say what a file holds.",
    discussion: """
      Knows trajectories and structures (extended XYZ, LAMMPS data, AMBER NetCDF), checkpoints, decks, potentials, learned models (MACE, SevenNet, NequIP,
      safetensors), and whole run folders:

        tektite inspect kob-andersen-run/production.nc
        tektite inspect kob-andersen-run
        tektite inspect kob-andersen

      With --json the same as data, for scripts.
      """)

  @Argument(help: "A file, a run folder, or the name of a potential that comes with Tektite.", completion: .file())
  var file: String
  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let description = try Inspection.describe(file)
    print(json ? description.json : description.lines.joined(separator: "\n"))
  }
}

/// Something that can be told in words and as data.
protocol Described {
  var lines: [String] { get }
  var json: String { get }
}

extension Described where Self: Encodable {
  /// The same as JSON.
  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}

extension StructureFile.Description: Described {}

/// Finds out what a file is.
enum Inspection {
  private static let known =
    "trajectories and structures (.nc, .ncrst, .extxyz, .xyz, .data, .lmp), checkpoints (.tektite), decks and potentials (.yaml), "
    + "learned models (.model, .pth, .ckpt, .nequip.zip, .safetensors), run.json, and folders of runs"

  static func describe(_ path: String) throws(InputError) -> any Described {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
      if !path.contains("/"), Registry.entries().contains(where: { $0.name == path }) {
        return ModelDescription(try ModelReference.resolve(path, precision: nil))
      }
      let folder = (path as NSString).deletingLastPathComponent
      let siblings = (try? manager.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
      let candidates = siblings.sorted() + (path.contains("/") ? [] : Registry.entries().map(\.name))
      let nearest = InputError.nearest(to: (path as NSString).lastPathComponent, among: candidates)
      throw InputError("there is no such file" + (nearest.map { "; did you mean '\($0)'?" } ?? ""), file: path)
    }
    if isFolder.boolValue {
      let record = (path as NSString).appendingPathComponent("run.json")
      guard manager.fileExists(atPath: record) else {
        throw InputError("is a folder without run.json, so no run; known are \(known)", file: path)
      }
      return try run(record, folder: path)
    }
    let name = path.lowercased()
    if name.hasSuffix(".json") { return try run(path, folder: (path as NSString).deletingLastPathComponent) }
    if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return try yaml(path) }
    if LearnedModel.isOne(path) { return try LearnedModelDescription(path) }
    guard let format = try StructureFile.recognize(path) else {
      throw InputError("is of no known kind; known are \(known)", file: path)
    }
    if format == .checkpoint { return try CheckpointDescription(path) }
    return try StructureFile.describe(path)
  }

  private static func text(_ path: String) throws(InputError) -> String {
    // Records and decks are small; more than this is something else.
    let size = ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber)?.intValue ?? 0
    guard size <= 1 << 24, let data = FileManager.default.contents(atPath: path),
      let text = String(validating: data, as: UTF8.self)
    else { throw InputError("cannot be read as text; known are \(known)", file: path) }
    return text
  }

  private static func run(_ path: String, folder: String) throws(InputError) -> RunDescription {
    guard let record = RunRecord(json: try text(path)) else {
      throw InputError("is not the run.json of a run; known are \(known)", file: path)
    }
    return RunDescription(folder: folder.isEmpty ? "." : folder, record: record)
  }

  private static func yaml(_ path: String) throws(InputError) -> any Described {
    let isDeck = try text(path).split(separator: "\n").contains { $0.hasPrefix("stages:") || $0.hasPrefix("system:") }
    if isDeck { return DeckDescription(try Deck(contentsOf: path), file: path) }
    // A path, even of a bare name, so that no model of the registry is meant.
    return ModelDescription(
      try ModelReference.resolve(path.contains("/") ? path : "./" + path, precision: nil), file: path)
  }
}
