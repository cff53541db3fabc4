import Foundation
import Testing

/// The program `tektite` as a user meets it: a process with arguments, an exit code and two streams.
struct Program {
  /// How a process ended.
  struct Result {
    /// The exit code; 128 + number of the signal that ended it, as a shell has it.
    var code: Int32
    var output: String
    var error: String
    /// Whether a signal ended the process before it could do anything about it.
    var wasKilled: Bool
  }

  /// The program beside the tests, or the one that TEKTITE_PROGRAM names.
  static let path: String = {
    if let named = ProcessInfo.processInfo.environment["TEKTITE_PROGRAM"] { return named }
    let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    var candidates = [tests.deletingLastPathComponent().appendingPathComponent("tektite").path]
    for folder in [".build-test", ".build"] { candidates.append("\(packageFolder)/\(folder)/release/tektite") }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
  }()

  /// The folder of Package.swift.
  static let packageFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// A running program.
  final class Running {
    let process = Process()
    private let output: String
    private let error: String

    init(_ arguments: [String], in scratch: Scratch, environment: [String: String], limit: Int?) throws {
      let id = UUID().uuidString
      output = scratch.outside + "/\(id).out"
      error = scratch.outside + "/\(id).err"
      for file in [output, error] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
      if let limit {
        // The limit is counted in blocks of 512 bytes.
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "ulimit -f \(limit / 512); exec \"$0\" \"$@\"", Program.path] + arguments
      } else {
        process.executableURL = URL(fileURLWithPath: Program.path)
        process.arguments = arguments
      }
      process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
      var variables = ProcessInfo.processInfo.environment
      for name in ["TEKTITE_LEVEL", "COLUMNS"] { variables[name] = nil }
      variables["TEKTITE_POTENTIALS"] = Program.packageFolder + "/potentials"
      process.environment = variables.merging(environment) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle(forWritingAtPath: output)
      process.standardError = FileHandle(forWritingAtPath: error)
      try process.run()
    }

    /// What the program has said on standard error so far.
    var said: String { (try? String(contentsOfFile: error, encoding: .utf8)) ?? "" }

    /// Waits until the program has said something; false if it ended before, or a minute passed.
    func waits(for text: String) -> Bool {
      for _ in 0..<6000 {
        if said.contains(text) { return true }
        if !process.isRunning { return said.contains(text) }
        Thread.sleep(forTimeInterval: 0.01)
      }
      return false
    }

    func send(_ signal: Int32) { if process.isRunning { kill(process.processIdentifier, signal) } }

    func result() -> Result {
      process.waitUntilExit()
      let wasKilled = process.terminationReason == .uncaughtSignal
      return Result(
        code: (wasKilled ? 128 : 0) + process.terminationStatus,
        output: (try? String(contentsOfFile: output, encoding: .utf8)) ?? "", error: said, wasKilled: wasKilled)
    }
  }

  /// Starts the program.
  static func start(
    _ arguments: [String], in scratch: Scratch, environment: [String: String] = [:], fileSizeLimit: Int? = nil
  ) throws -> Running {
    try Running(arguments, in: scratch, environment: environment, limit: fileSizeLimit)
  }

  /// Runs the program to its end.
  static func run(
    _ arguments: String..., in scratch: Scratch, environment: [String: String] = [:], fileSizeLimit: Int? = nil
  ) throws -> Result {
    try start(arguments, in: scratch, environment: environment, fileSizeLimit: fileSizeLimit).result()
  }

  /// Runs the program to its end with options that were put together.
  static func run(_ arguments: [String], in scratch: Scratch) throws -> Result {
    try start(arguments, in: scratch).result()
  }
}

/// A folder for one test, which goes with it.
final class Scratch {
  /// Where the program works.
  let path: String
  /// For what is none of the program's business.
  let outside: String

  init() throws {
    let base = NSTemporaryDirectory() + "tektite-commands-\(UUID().uuidString)"
    path = base + "/work"
    outside = base + "/streams"
    for folder in [path, outside] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
  }
  deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
  }
  func data(_ name: String) -> Data? { FileManager.default.contents(atPath: path + "/" + name) }
  func text(_ name: String) -> String { data(name).map { String(decoding: $0, as: UTF8.self) } ?? "" }
  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
  func files(_ folder: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)) ?? []).sorted()
  }
}

/// Decks that the tests run.
enum Decks {
  /// A small Kob-Andersen system with the given stages.
  static func kobAndersen(counts: String = "{A: 200, B: 50}", title: String = "test", _ stages: String...) -> String {
    let list = stages.map { "  - " + $0.replacingOccurrences(of: "\n", with: "\n    ") }.joined(separator: "\n")
    return """
      title: \(title)
      units: lj
      seed: 7
      system:
        build: {lattice: fcc, counts: \(counts), density: 1.2}
        velocities: {temperature: 1.0}
      potential: kob-andersen
      stages:
      \(list)

      """
  }

  /// Dynamics at constant energy with all kinds of output.
  static func constantEnergy(steps: Int, checkpoint: Int = 50) -> String {
    """
    dynamics:
      name: nve
      timestep: 0.004
      steps: \(steps)
      trajectory: [{file: nve.nc, every: 20, fields: [velocities, forces]}, {file: nve.extxyz, every: 100}]
      thermo: {file: nve.csv, every: 10}
      checkpoint: {every: \(checkpoint)}
    """
  }
}
