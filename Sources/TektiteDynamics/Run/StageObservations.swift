import TektiteCore

/// The observer of a running stage, with the frame that it looks at and the time it takes.
struct StageObservations {
  private let observer: any Observer
  private var frame = Frame()
  /// Wall time spent in observing.
  private(set) var time = Duration.zero

  /// Makes the observer of a stage, or nil when nothing is to be observed.
  /// - Throws: `InputError` for what cannot be observed, and for a checkpoint whose sums are of something else.
  init?(
    _ stage: DynamicsStage, units: Units, topology: Topology, cell: Cell, resuming state: RunState?, checkpoint: String
  ) throws(InputError) {
    guard let observation = stage.observation else { return nil }
    observer = try observation.makeObserver(
      for: ObservedStage(
        name: stage.name, units: units, topology: topology, cell: cell, timestep: stage.timestep, steps: stage.steps,
        ensemble: stage.ensemble,
        degreesOfFreedom: stage.degreesOfFreedom(count: topology.count, dimensions: cell.dimensions)))
    guard let state else { return }
    var reader = ByteReader(state.observations, file: checkpoint, section: RunState.observationsName)
    try observer.restore(from: &reader)
    try reader.expectEnd()
  }

  /// The first step after `step` at which it looks, or nil.
  func next(after step: Int) -> Int? { observer.next(after: step) }

  /// The first step after `step` at which it needs the potential energy, or nil.
  func nextEnergy(after step: Int) -> Int? { observer.nextEnergy(after: step) }

  /// Whether the virial must be computed at a step.
  func needsStress(at step: Int) -> Bool { observer.needsStress(at: step) }

  /// Looks at the atoms.
  /// - Parameters:
  ///   - energy: the potential energy, where it was computed.
  ///   - virial: W, where it was computed.
  mutating func observe(_ system: borrowing System, step: Int, time: Double, energy: Double?, virial: Matrix3?) {
    let clock = ContinuousClock()
    let start = clock.now
    system.copy(into: &frame, velocities: observer.needsVelocities)
    frame.step = step
    frame.time = time
    frame.energy = energy
    frame.stress = system.cell.volume.flatMap { volume in virial.map { (-1 / volume) * $0 } }
    observer.observe(frame)
    self.time += clock.now - start
  }

  /// What it has added up, for a checkpoint.
  var state: [UInt8] {
    var writer = ByteWriter()
    observer.save(to: &writer)
    return writer.bytes
  }

  /// Writes the files with what was found so far.
  func write(to store: any RunStore) throws {
    for result in observer.results() { try store.write(result.text, to: result.file) }
  }

  /// What is worth drawing on the way.
  var curves: [(name: String, values: [Double])] { observer.curves }
  /// What is worth telling at the end.
  var findings: [String] { observer.findings }
}
