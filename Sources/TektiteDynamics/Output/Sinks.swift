import TektiteCore

/// How far an output has got: what a checkpoint remembers, and where a resumed run cuts the file.
public struct OutputPosition: Hashable, Sendable {
  /// Frames or rows.
  public var count: Int
  /// Bytes of the file.
  public var bytes: Int
  /// Makes a position.
  public init(count: Int, bytes: Int) {
    self.count = count
    self.bytes = bytes
  }
}

/// A column of a table: a name, and a unit where there is one.
struct TableColumn: Hashable, Sendable {
  /// The name, e.g. `temperature`.
  var name: String
  /// The unit, e.g. `K`; empty for a pure number.
  var unit: String
  init(_ name: String, _ unit: String = "") {
    self.name = name
    self.unit = unit
  }
}

/// Takes the frames of one trajectory. Positions come unwrapped; a sink whose output asks for wrapped ones wraps them itself.
protocol FrameSink: AnyObject {
  /// Writes a frame at the end.
  func append(_ frame: Frame) throws
  /// Brings everything to the disk and says how far the file has got.
  func synchronize() throws -> OutputPosition
  /// Finishes the file.
  func close() throws
}

/// Takes the rows of one table; values are in the units that users meet, not a number where there is none.
protocol RowSink: AnyObject {
  /// Writes a row at the end.
  func append(_ row: [Double]) throws
  /// Brings everything to the disk and says how far the file has got.
  func synchronize() throws -> OutputPosition
  /// Finishes the file.
  func close() throws
}

/// A named part of a checkpoint.
struct CheckpointSection: Hashable, Sendable {
  /// The name, unique within a checkpoint.
  var name: String
  /// The content.
  var bytes: [UInt8]
}

/// Keeps the last checkpoint. A save either succeeds or leaves the previous one as it was.
protocol SectionStore: AnyObject {
  /// What the checkpoint is called in messages.
  var checkpointName: String { get }
  /// The sections of the last checkpoint, or nil when there is none.
  func loadCheckpoint() throws -> [CheckpointSection]?
  /// Replaces the checkpoint.
  func saveCheckpoint(_ sections: [CheckpointSection]) throws
}

/// Where a run keeps everything it writes: a folder, or memory in tests.
protocol RunStore: SectionStore {
  /// What the place is called in messages.
  var name: String { get }
  /// Whether there is a run already.
  var holdsRun: Bool { get }
  /// Makes the place. With a list of outputs, removes the run that is there, these files included.
  func prepare(removing outputs: [String]?) throws
  /// Where a file that the run writes is, for those who read it.
  func path(of file: String) -> String
  /// Writes a small text file as a whole.
  func write(_ text: String, to file: String) throws
  /// A text file, or nil when there is none.
  func read(_ file: String) -> String?
  /// Writes who the atoms are, for viewers.
  func writeTopology(_ structure: Structure, units: Units) throws
  /// Writes the frames of a small file that is not part of the run's outputs.
  func writeFrames(_ structures: [Structure], units: Units, to file: String) throws
  /// Creates a trajectory, or opens one and cuts it to a position.
  func openTrajectory(
    _ output: TrajectoryOutput, header: TrajectoryHeader, at position: OutputPosition?
  ) throws -> any FrameSink
  /// Creates a table, or opens one and cuts it to a position.
  func openTable(_ file: String, columns: [TableColumn], at position: OutputPosition?) throws -> any RowSink
}

/// What the head of a trajectory file says.
struct TrajectoryHeader: Sendable {
  /// The title of the run.
  var title: String
  /// Units of the run.
  var units: Units
  /// Who the atoms are.
  var topology: Topology
  /// The cell at the start, which says whether frames have one.
  var cell: Cell
  /// The name and cutoff scheme of the potential.
  var potential: String
  /// SHA-256 digests of what went into the run.
  var hashes: [String: String]
  /// The diameters of the atoms, or empty where they have none.
  var diameters: [Double] = []
  /// Whether exchanges may change diameters from frame to frame.
  var diametersVary = false
}
