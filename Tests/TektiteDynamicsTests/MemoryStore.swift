import Tektite
import Testing

@testable import TektiteDynamics

/// A run folder in memory, which can be told to fail or to call back.
final class MemoryStore: RunStore {
  struct Failure: Error {}

  var texts: [String: String] = [:]
  var frames: [String: [Frame]] = [:]
  var rows: [String: [[UInt64]]] = [:]
  var checkpoint: [CheckpointSection]?
  var saves = 0
  /// Called with the number of saves so far, after a save.
  var onSave: (Int) -> Void = { _ in }
  /// Called with the number of frames and rows written so far, before one more; may throw.
  var onWrite: (Int) throws -> Void = { _ in }
  /// Called with the name of a text file that was written.
  var onText: (String) -> Void = { _ in }
  private var writes = 0

  var name: String { "memory" }
  var checkpointName: String { "memory/checkpoint" }
  var holdsRun: Bool { !texts.isEmpty }

  func prepare(removing outputs: [String]?) throws {
    guard let outputs else { return }
    (texts, checkpoint) = ([:], nil)
    for file in outputs {
      frames[file] = nil
      rows[file] = nil
    }
  }
  func path(of file: String) -> String { file }
  func write(_ text: String, to file: String) throws {
    texts[file] = text
    onText(file)
  }
  func read(_ file: String) -> String? { texts[file] }
  func writeTopology(_ structure: Structure, units: Units) throws { texts["topology.pdb"] = "\(structure.count)" }
  func writeFrames(_ structures: [Structure], units: Units, to file: String) throws {
    frames[file] = structures.map(\.frame)
  }
  func loadCheckpoint() throws -> [CheckpointSection]? { checkpoint }
  func saveCheckpoint(_ sections: [CheckpointSection]) throws {
    checkpoint = sections
    saves += 1
    onSave(saves)
  }

  private func willWrite() throws {
    writes += 1
    try onWrite(writes)
  }

  private func cut<T>(_ array: [T]?, _ file: String, to position: OutputPosition?) throws -> [T] {
    guard let position else { return [] }
    guard let array, array.count >= position.count else { throw InputError("was cut short", file: file) }
    return Array(array.prefix(position.count))
  }

  func openTrajectory(
    _ output: TrajectoryOutput, header: TrajectoryHeader, at position: OutputPosition?
  ) throws -> any FrameSink {
    frames[output.file] = try cut(frames[output.file], output.file, to: position)
    return Frames(self, output.file)
  }

  func openTable(_ file: String, columns: [TableColumn], at position: OutputPosition?) throws -> any RowSink {
    rows[file] = try cut(rows[file], file, to: position)
    return Rows(self, file)
  }

  private final class Frames: FrameSink {
    let store: MemoryStore
    let file: String
    init(_ store: MemoryStore, _ file: String) { (self.store, self.file) = (store, file) }
    func append(_ frame: Frame) throws {
      try store.willWrite()
      store.frames[file]?.append(frame)
    }
    func synchronize() throws -> OutputPosition {
      OutputPosition(count: store.frames[file]?.count ?? 0, bytes: 100 * (store.frames[file]?.count ?? 0))
    }
    func close() throws {}
  }

  private final class Rows: RowSink {
    let store: MemoryStore
    let file: String
    init(_ store: MemoryStore, _ file: String) { (self.store, self.file) = (store, file) }
    func append(_ row: [Double]) throws {
      try store.willWrite()
      store.rows[file]?.append(row.map(\.bitPattern))
    }
    func synchronize() throws -> OutputPosition {
      OutputPosition(count: store.rows[file]?.count ?? 0, bytes: 100 * (store.rows[file]?.count ?? 0))
    }
    func close() throws {}
  }
}

extension MemoryStore {
  /// Runs a plan in this store; quietly, without signal handlers.
  @discardableResult
  func run(
    _ plan: SimulationPlan, threads: Int = 1, resume: Bool = false, interruption: Interruption = Interruption()
  ) throws -> RunOutcome {
    var options = RunOptions(directory: "memory", threads: threads, resume: resume, quiet: true)
    options.handlesSignals = false
    options.interruption = interruption
    var simulation = try Simulation(plan: plan, options: options, store: self)
    return try simulation.run()
  }

  /// Whether all that a run leaves, other than times, is the same.
  func holdsTheSame(as other: MemoryStore) -> Bool {
    frames == other.frames && rows == other.rows && checkpoint == other.checkpoint
  }
}

extension MemoryStore {
  /// Stops a run of the plan at each of this store's saves and resumes it, with one thread and with two: what is left must be the same every time.
  func expectTheSameWhereverItStops(_ plan: SimulationPlan) throws {
    for save in 1..<saves {
      let store = MemoryStore()
      let interruption = Interruption()
      store.onSave = { if $0 == save { interruption.request(signal: 15) } }
      #expect(try store.run(plan, interruption: interruption) == .interrupted(signal: 15), "save \(save)")
      store.onSave = { _ in }
      #expect(try store.run(plan, threads: 1 + save % 2, resume: true) == .finished)
      #expect(store.holdsTheSame(as: self), "stopped at save \(save)")
    }
  }
  /// Makes runs of the plan fail at random writes, again and again, and resumes them with one thread and with two: what is left must be what this store holds.
  func expectTheSameHoweverOftenItFails(_ plan: SimulationPlan, runs: Int, seed: UInt64) throws {
    var random = Fixture.Jitter(seed: seed)
    let writes = frames.values.map(\.count).reduce(0, +) + rows.values.map(\.count).reduce(0, +)
    for _ in 0..<runs {
      let store = MemoryStore()
      var kills = 0
      var left = random.int(in: 1...writes)
      store.onWrite = { _ in
        left -= 1
        if left == 0 { throw Failure() }
      }
      while kills < 100 {
        do {
          #expect(try store.run(plan, threads: 1 + kills % 2, resume: true) == .finished)
          break
        } catch is Failure {
          kills += 1
          left = random.int(in: 1...writes)
        }
      }
      #expect(store.holdsTheSame(as: self), "\(kills) kills")
    }
  }
}
