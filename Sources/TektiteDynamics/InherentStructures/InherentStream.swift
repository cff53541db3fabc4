import TektiteCore

/// The inherent structures of a running stage: its open files, and which is due.
struct InherentStream {
  let description: InherentStructures
  private let topology: Topology
  private let units: Units
  private let model: any PotentialModel
  private let skin: Double
  private let team: ThreadTeam
  private let frames: any FrameSink
  private let rows: any RowSink
  private var count: Int
  private var frame = Frame()
  /// Wall time spent in descents and writing.
  private(set) var time = Duration.zero
  /// Descents that did not reach the tolerance.
  private(set) var unconverged = 0

  /// Creates the files, or opens them and cuts them back to the positions of a checkpoint.
  init(
    _ description: InherentStructures, header: TrajectoryHeader, model: any PotentialModel, skin: Double,
    team: ThreadTeam, store: any RunStore, positions: [String: OutputPosition]?
  ) throws {
    func position(_ file: String) throws(InputError) -> OutputPosition? {
      guard let positions else { return nil }
      guard let position = positions[file] else {
        throw InputError(
          "the checkpoint does not mention the output '\(file)' of this stage. It belongs to another deck: "
            + "start the run anew with --overwrite.", file: store.checkpointName)
      }
      return position
    }
    self.description = description
    topology = header.topology
    units = header.units
    self.model = model
    self.skin = skin
    self.team = team
    let place = try position(description.file)
    frames = try store.openTrajectory(description.output, header: header, at: place)
    rows = try store.openTable(
      description.table, columns: InherentStructures.columns(header.units), at: try position(description.table))
    count = place?.count ?? 0
  }

  /// Whether there is a descent to be done at a step: one that its trigger asks for and that has not been done, as after an interruption in its midst.
  func isDue(at step: Int) -> Bool { count < description.trigger.count(through: step) }

  /// The first step after `step` at which there is one.
  func next(after step: Int) -> Int? { description.trigger.next(after: step) }

  /// Does a descent. False when it was asked to stop; then nothing has changed.
  mutating func quench(
    _ system: borrowing System, step: Int, time: Double, stops: () -> Bool
  ) throws -> Bool {
    let clock = ContinuousClock()
    let start = clock.now
    defer { self.time += clock.now - start }
    system.copy(into: &frame, velocities: false)
    frame.step = step
    frame.time = time
    guard
      let minimum = try QuenchedFrame(
        of: frame, topology: topology, units: units, description, model, skin: skin, team: team, stops: stops)
    else { return false }
    if minimum.result.ending != .converged { unconverged += 1 }
    try frames.append(minimum.frame)
    try rows.append(minimum.row)
    count += 1
    return true
  }

  /// Brings the files to the disk and says how far they have got.
  func synchronize() throws -> [String: OutputPosition] {
    [description.file: try frames.synchronize(), description.table: try rows.synchronize()]
  }

  /// Finishes the files.
  func close() throws {
    try frames.close()
    try rows.close()
  }
}
