import TektiteCore
import TektiteTrajectories

/// Where a run stands, as its checkpoint has it.
public struct CheckpointSummary: Codable, Hashable, Sendable {
  /// How far an output had got.
  public struct Output: Codable, Hashable, Sendable {
    /// Its file.
    public var file: String
    /// Frames or rows.
    public var count: Int
    /// Bytes.
    public var bytes: Int
  }
  /// The stage that goes on, counted from 0; the number of stages when the run is done.
  public var stage: Int
  /// Steps of that stage that are done.
  public var step: Int
  /// The number of atoms.
  public var atoms: Int
  /// The outputs of the stage, by name.
  public var outputs: [Output]
  /// The deck as run.
  public var deck: String

  /// Reads a checkpoint.
  /// - Throws: `InputError` for a file that is damaged or no checkpoint of a run.
  public init(contentsOf path: String) throws(InputError) {
    let sections = try CheckpointFile(contentsOf: path).sections.map {
      CheckpointSection(name: $0.name, bytes: $0.bytes)
    }
    let state = try RunState(sections, file: path)
    stage = state.stage
    step = state.step
    atoms = state.positions.count
    outputs = state.outputs.sorted { $0.key < $1.key }.map {
      Output(file: $0.key, count: $0.value.count, bytes: $0.value.bytes)
    }
    deck = state.deck
  }
}
