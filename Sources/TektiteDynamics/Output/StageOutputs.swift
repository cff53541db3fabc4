import TektiteCore

/// The open outputs of one stage: trajectories and a table, each with its trigger.
struct StageOutputs {
  private struct Trajectory {
    var output: TrajectoryOutput
    var sink: any FrameSink
  }
  private struct Table {
    var output: ThermoOutput
    var sink: any RowSink
  }
  private var trajectories: [Trajectory] = []
  private var table: Table?
  private var frame = Frame()
  /// Wall time spent in writing.
  private(set) var time = Duration.zero

  /// Creates the files of a stage, or opens them and cuts them back to the positions of a checkpoint.
  init(
    trajectories: [TrajectoryOutput], thermo: ThermoOutput?, columns: [TableColumn], header: TrajectoryHeader,
    store: any RunStore, positions: [String: OutputPosition]?
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
    for output in trajectories {
      let sink = try store.openTrajectory(output, header: header, at: try position(output.file))
      self.trajectories.append(Trajectory(output: output, sink: sink))
    }
    if let thermo {
      table = Table(
        output: thermo, sink: try store.openTable(thermo.file, columns: columns, at: try position(thermo.file)))
    }
  }

  /// The first step after `step` at which anything is written.
  func next(after step: Int) -> Int? {
    var next = table.flatMap { $0.output.trigger.next(after: step) }
    for trajectory in trajectories {
      if let own = trajectory.output.trigger.next(after: step) { next = min(next ?? own, own) }
    }
    return next
  }

  /// Writes the frames that are due at a step, or those that are not: the last frame of a descent, which ends at a step of its own choice.
  mutating func writeFrames(
    at step: Int, time: Double, of system: borrowing System, forces: borrowing Buffer<Vector3>, energy: Double?,
    stress: Matrix3?, due isDue: Bool = true
  ) throws {
    for trajectory in trajectories where trajectory.output.trigger.fires(at: step) == isDue {
      let clock = ContinuousClock()
      let start = clock.now
      let fields = trajectory.output.fields
      system.copy(into: &frame, velocities: fields.contains(.velocities))
      frame.step = step
      frame.time = time
      frame.energy = energy
      frame.stress = stress
      if fields.contains(.forces) {
        system.scatter(forces, into: &frame.forces)
      } else {
        frame.forces.removeAll(keepingCapacity: true)
      }
      try trajectory.sink.append(frame)
      self.time += clock.now - start
    }
  }

  /// Writes a row if one is due at a step, or if none is.
  mutating func writeRow(at step: Int, due isDue: Bool = true, _ row: () -> [Double]) throws {
    guard let table, table.output.trigger.fires(at: step) == isDue else { return }
    let clock = ContinuousClock()
    let start = clock.now
    try table.sink.append(row())
    time += clock.now - start
  }

  /// Brings all files to the disk and says how far they have got.
  mutating func synchronize() throws -> [String: OutputPosition] {
    let clock = ContinuousClock()
    let start = clock.now
    var positions: [String: OutputPosition] = [:]
    for trajectory in trajectories { positions[trajectory.output.file] = try trajectory.sink.synchronize() }
    if let table { positions[table.output.file] = try table.sink.synchronize() }
    time += clock.now - start
    return positions
  }

  /// Finishes all files.
  func close() throws {
    for trajectory in trajectories { try trajectory.sink.close() }
    try table?.sink.close()
  }
}

extension Frame {
  /// Moves every atom into the cell along the directions that repeat.
  mutating func wrapPositions() {
    guard cell.periodic.any else { return }
    let basis = cell.basis
    let inverse = basis.inverse
    for i in positions.indices {
      let fraction = positions[i] * inverse
      var shift = Vector3.zero
      for axis in 0..<3 where cell.periodic[axis] { shift[axis] = fraction[axis].rounded(.down) }
      positions[i] -= shift * basis
    }
  }
}
