import Foundation
import TektiteCore

/// What `run.json` says about a run: who computed what on which machine, and where the time went.
public struct RunRecord: Codable, Hashable, Sendable {
  /// The version of the program.
  public static let version = "0.1.0"

  /// The machine.
  public struct Machine: Codable, Hashable, Sendable {
    /// The model of the processor.
    public var processor: String
    /// Cores that the system offers.
    public var cores: Int
    /// The operating system.
    public var system: String
    /// The architecture.
    public var architecture: String
    /// The level of instructions that kernels used; results differ in the last bits between levels.
    public var level: String
  }

  /// One stage, as far as it has got.
  public struct Stage: Codable, Hashable, Sendable {
    /// The name.
    public var name: String
    /// `dynamics` or `minimize`.
    public var kind: String
    /// Steps or iterations that are done.
    public var steps: Int
    /// Wall time.
    public var seconds: Double
    /// Wall time in forces.
    public var forceSeconds: Double
    /// Wall time in neighbour lists.
    public var neighborSeconds: Double
    /// Wall time in writing.
    public var outputSeconds: Double
    /// Wall time in observables, where some were observed.
    public var observationSeconds: Double?
    /// Wall time in inherent structures, where there were some.
    public var inherentSeconds: Double?
    /// Change of the conserved energy per atom, energy units of the run.
    public var energyDriftPerAtom: Double?
    /// Length of the change of the total momentum per atom, internal units.
    public var momentumDriftPerAtom: Double?
    /// How a minimisation ended.
    public var ending: String?
  }

  /// The name of the program.
  public var program = "tektite"
  /// Its version.
  public var version = RunRecord.version
  /// The title of the deck.
  public var title: String
  /// `running`, `finished`, `interrupted` or `unphysical`.
  public var status = "running"
  /// When the run was started or resumed, ISO 8601, UTC.
  public var started: String
  /// The units of the numbers.
  public var units: String
  /// The seed of all random numbers, as text because JSON numbers lose digits.
  public var seed: String
  /// The number of threads.
  public var threads: Int
  /// The machine.
  public var machine: Machine
  /// SHA-256 digests.
  public var hashes: [String: String]
  /// The potential of each stage.
  public var potentials: [String]
  /// The number of atoms.
  public var atoms: Int
  /// The stages begun so far.
  public var stages: [Stage] = []
  /// The files that the stages write, besides this one and its like.
  public var outputs: [String]

  /// Starts the record of a plan.
  init(_ plan: SimulationPlan, threads: Int) {
    title = plan.title
    started = Date().formatted(.iso8601)
    units = plan.units.rawValue
    seed = String(plan.seed)
    self.threads = threads
    machine = .current
    hashes = plan.hashes
    potentials = plan.models.map(\.name)
    atoms = plan.structure.count
    outputs = plan.stages.flatMap(\.outputFiles)
  }

  /// The text of `run.json`.
  public var json: String { JSONText.encode(self) }

  /// The stages of an earlier record, so that a resumed run adds to their times; empty for text that is no record.
  static func stages(in text: String?) -> [Stage] { record(in: text)?.stages ?? [] }

  /// The outputs of an earlier record, to be removed with it; bare file names only, so that nothing outside the folder is meant.
  static func outputs(in text: String?) -> [String] {
    (record(in: text)?.outputs ?? []).filter { !$0.contains("/") && !$0.hasPrefix(".") }
  }

  private static func record(in text: String?) -> RunRecord? { text.flatMap(RunRecord.init(json:)) }

  /// Reads the text of a `run.json`; nil for text that is none.
  public init?(json text: String) {
    guard let record = JSONText.decode(RunRecord.self, text) else { return nil }
    self = record
  }
}

extension RunRecord.Machine {
  /// The machine that this runs on.
  static var current: Self {
    #if arch(x86_64)
      let architecture = "x86_64"
    #elseif arch(arm64)
      let architecture = "arm64"
    #else
      let architecture = "unknown"
    #endif
    let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
    let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
    return Self(
      processor: model.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown",
      cores: ProcessInfo.processInfo.activeProcessorCount, system: ProcessInfo.processInfo.operatingSystemVersionString,
      architecture: architecture, level: ProcessorLevel.current.name)
  }
}
