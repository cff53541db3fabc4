import Foundation
import Tektite
import Testing

@testable import TektiteDynamics

@Suite("Run folders")
struct RunFolderTests {
  /// A folder that goes when the test ends.
  final class Scratch {
    let path: String
    init() throws {
      path = NSTemporaryDirectory() + "tektite-dynamics-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func folder(_ name: String) -> String { path + "/" + name }
  }

  private static func plan(_ temperature: Double? = 0.7) throws -> SimulationPlan {
    var langevin = Stages.langevin(120)
    langevin.checkpoint = .every(31)
    var wrapped = TrajectoryOutput(file: "wrapped.extxyz", trigger: .every(17), fields: [.forces], unwrapped: false)
    wrapped.fields.insert(.velocities)
    langevin.trajectories.append(wrapped)
    langevin.trajectories.append(
      TrajectoryOutput(file: "wrapped.nc", trigger: .every(17), fields: [.forces], unwrapped: false))
    return try Fixture.plan(
      [.minimize(Stages.minimize(.fire)), .dynamics(langevin), .dynamics(Stages.constantEnergy(90))],
      temperature: temperature)
  }

  private static let files = [
    "deck.yaml", "checkpoint.tektite", "topology.pdb", "view.vmd", "relax.csv", "relax.extxyz", "equilibrate.nc",
    "equilibrate.csv",
    "wrapped.extxyz", "wrapped.nc", "produce.csv", "produce.extxyz", "produce-log.nc",
  ]

  private static func run(
    _ plan: SimulationPlan, _ directory: String, threads: Int = 1, resume: Bool = false, overwrite: Bool = false,
    stopAt save: Int? = nil, handlesSignals: Bool = false, stop: @escaping (Interruption) -> Void = { $0.request() }
  ) throws -> RunOutcome {
    var options = RunOptions(
      directory: directory, threads: threads, resume: resume, overwrite: overwrite, quiet: true)
    options.handlesSignals = handlesSignals
    let store = CountingFolder(directory)
    let interruption = options.interruption
    store.onSave = { if $0 == save { stop(interruption) } }
    var simulation = try Simulation(plan: plan, options: options, store: store)
    return try simulation.run()
  }

  private static func bytes(_ directory: String, _ file: String) -> Data? {
    FileManager.default.contents(atPath: directory + "/" + file)
  }

  @Test("Stopped at any checkpoint and resumed with other threads, all files are the same byte for byte")
  func byteForByte() throws {
    let scratch = try Scratch()
    let reference = scratch.folder("reference")
    #expect(try Self.run(try Self.plan(), reference) == .finished)
    for file in Self.files { #expect((Self.bytes(reference, file)?.count ?? 0) > 0, "\(file)") }
    for save in 1...5 {
      let directory = scratch.folder("stop-\(save)")
      let outcome = try Self.run(try Self.plan(), directory, stopAt: save)
      #expect(outcome == .interrupted(signal: 2), "save \(save)")
      // What a killed run might have left behind the checkpoint.
      for file in save < 5 ? ["equilibrate.csv", "wrapped.extxyz"] : ["produce.csv", "produce.extxyz"] {
        guard let handle = FileHandle(forWritingAtPath: directory + "/" + file) else { continue }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("0.1,0.2\nhalf a li".utf8))
        try handle.close()
      }
      #expect(try Self.run(try Self.plan(), directory, threads: 2, resume: true) == .finished)
      for file in Self.files {
        #expect(Self.bytes(directory, file) == Self.bytes(reference, file), "\(file) after stop at save \(save)")
      }
    }
  }

  @Test("Trajectories are read back with the frames that were due")
  func readBack() throws {
    let scratch = try Scratch()
    let directory = scratch.folder("run")
    #expect(try Self.run(try Self.plan(), directory) == .finished)
    let wrapped = try ExtendedXYZ.read(path: directory + "/wrapped.extxyz", units: .lj)
    #expect(wrapped.map(\.frame.step) == [0, 17, 34, 51, 68, 85, 102, 119])
    for structure in wrapped {
      let inverse = structure.frame.cell.basis.inverse
      for position in structure.frame.positions {
        let fraction = position * inverse
        for axis in 0..<3 { #expect(fraction[axis] > -1e-12 && fraction[axis] < 1 + 1e-12) }
      }
      #expect(structure.frame.velocities.count == 32 && structure.frame.forces.count == 32)
      #expect(structure.frame.energy != nil)
    }
    let log = try StructureFile.read(path: directory + "/produce-log.nc", units: .lj)
    #expect(log.map(\.frame.step) == [0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 79])
    let csv = try String(contentsOfFile: directory + "/produce.csv", encoding: .utf8).split(separator: "\n")
    #expect(csv[0].hasPrefix("step,time,temperature,potential,kinetic,total,conserved,pressure,stress_xx,"))
    #expect(csv.count == 5)
  }

  @Test("A run is not overwritten unasked; with overwrite nothing of it is left")
  func overwrite() throws {
    let scratch = try Scratch()
    let directory = scratch.folder("run")
    #expect(try Self.run(try Self.plan(), directory) == .finished)
    let before = Self.bytes(directory, "produce.csv")
    #expect(throws: InputError.self) { try Self.run(try Self.plan(), directory) }
    #expect(Self.bytes(directory, "produce.csv") == before)
    let short = try Fixture.plan([.minimize(Stages.minimize(.lbfgs))])
    #expect(try Self.run(short, directory, overwrite: true) == .finished)
    let left = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    #expect(
      left == ["checkpoint.tektite", "deck.yaml", "relax.csv", "relax.extxyz", "run.json", "topology.pdb", "view.vmd"])
  }

  @Test(
    "A file truncated under our feet is an input error and harms nothing",
    arguments: ["equilibrate.csv", "equilibrate.nc", "wrapped.extxyz"])
  func truncated(_ file: String) throws {
    let scratch = try Scratch()
    let directory = scratch.folder("run")
    #expect(try Self.run(try Self.plan(), directory, stopAt: 4) == .interrupted(signal: 2))
    let intact = try #require(Self.bytes(directory, file))
    let checkpoint = Self.bytes(directory, "checkpoint.tektite")
    for length in [0, intact.count / 2, intact.count - 1] {
      try intact.prefix(length).write(to: URL(fileURLWithPath: directory + "/" + file))
      #expect(throws: InputError.self, "\(length) of \(intact.count) bytes") {
        try Self.run(try Self.plan(), directory, resume: true)
      }
      #expect(Self.bytes(directory, "checkpoint.tektite") == checkpoint)
    }
    try FileManager.default.removeItem(atPath: directory + "/" + file)
    #expect(throws: InputError.self) { try Self.run(try Self.plan(), directory, resume: true) }
    try intact.write(to: URL(fileURLWithPath: directory + "/" + file))
    #expect(try Self.run(try Self.plan(), directory, resume: true) == .finished)
  }

  @Test("A damaged checkpoint is an input error")
  func damagedCheckpoint() throws {
    let scratch = try Scratch()
    let directory = scratch.folder("run")
    #expect(try Self.run(try Self.plan(), directory, stopAt: 3) == .interrupted(signal: 2))
    var bytes = try #require(Self.bytes(directory, "checkpoint.tektite"))
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: URL(fileURLWithPath: directory + "/checkpoint.tektite"))
    #expect(throws: InputError.self) { try Self.run(try Self.plan(), directory, resume: true) }
  }

  #if os(Linux)
    @Test("A full disk is one clear error, and the run goes on from its checkpoint when there is room again")
    func fullDisk() throws {
      let scratch = try Scratch()
      let (reference, directory) = (scratch.folder("reference"), scratch.folder("run"))
      #expect(try Self.run(try Self.plan(), reference) == .finished)
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: directory + "/produce.csv", withDestinationPath: "/dev/full")
      #expect {
        _ = try Self.run(try Self.plan(), directory)
      } throws: {
        ($0 as? OutputError)?.code == ENOSPC
      }
      let state = try RunState(try #require(try RunFolder(directory).loadCheckpoint()), file: "")
      #expect(state.stage == 2 && state.step == 0)
      try FileManager.default.removeItem(atPath: directory + "/produce.csv")
      #expect(try Self.run(try Self.plan(), directory, resume: true) == .finished)
      for file in Self.files { #expect(Self.bytes(directory, file) == Self.bytes(reference, file), "\(file)") }
    }
  #endif

  @Test("SIGTERM stops a run with a checkpoint")
  func signal() throws {
    let scratch = try Scratch()
    let directory = scratch.folder("run")
    let outcome = try Self.run(try Self.plan(), directory, stopAt: 2, handlesSignals: true) { _ in
      kill(getpid(), SIGTERM)
    }
    #expect(outcome == .interrupted(signal: SIGTERM))
    #expect(try String(contentsOfFile: directory + "/run.json", encoding: .utf8).contains("interrupted"))
    #expect(try Self.run(try Self.plan(), directory, resume: true) == .finished)
  }

  @Test("A place that cannot be a folder is refused in a sentence")
  func impossibleFolder() throws {
    let scratch = try Scratch()
    let file = scratch.folder("file")
    try Data("x".utf8).write(to: URL(fileURLWithPath: file))
    #expect(throws: InputError.self) { try Self.run(try Self.plan(), file) }
    #expect(throws: InputError.self) { try Self.run(try Self.plan(), file + "/below") }
  }

  @Test("Checkpoints by wall time are written within a stage and harm nothing")
  func timedCheckpoints() throws {
    func end(_ policy: CheckpointPolicy) throws -> (MemoryStore, Int) {
      var stage = Stages.langevin(400)
      stage.checkpoint = policy
      let store = MemoryStore()
      try store.run(try Fixture.plan([.dynamics(stage)]))
      return (store, store.saves)
    }
    let (often, seldom) = (try end(.seconds(0)), try end(.seconds(1e6)))
    #expect(often.1 > 20 && seldom.1 == 1)
    #expect(often.0.holdsTheSame(as: seldom.0))
  }
}

/// A run folder that counts its checkpoints.
private final class CountingFolder: RunStore {
  private let folder: RunFolder
  private var saves = 0
  var onSave: (Int) -> Void = { _ in }

  init(_ directory: String) { folder = RunFolder(directory) }
  var name: String { folder.name }
  var checkpointName: String { folder.checkpointName }
  var holdsRun: Bool { folder.holdsRun }
  func prepare(removing outputs: [String]?) throws { try folder.prepare(removing: outputs) }
  func path(of file: String) -> String { folder.path(of: file) }
  func write(_ text: String, to file: String) throws { try folder.write(text, to: file) }
  func read(_ file: String) -> String? { folder.read(file) }
  func writeTopology(_ structure: Structure, units: Units) throws {
    try folder.writeTopology(structure, units: units)
  }
  func writeFrames(_ structures: [Structure], units: Units, to file: String) throws {
    try folder.writeFrames(structures, units: units, to: file)
  }
  func openTrajectory(
    _ output: TrajectoryOutput, header: TrajectoryHeader, at position: OutputPosition?
  ) throws -> any FrameSink { try folder.openTrajectory(output, header: header, at: position) }
  func openTable(_ file: String, columns: [TableColumn], at position: OutputPosition?) throws -> any RowSink {
    try folder.openTable(file, columns: columns, at: position)
  }
  func loadCheckpoint() throws -> [CheckpointSection]? { try folder.loadCheckpoint() }
  func saveCheckpoint(_ sections: [CheckpointSection]) throws {
    try folder.saveCheckpoint(sections)
    saves += 1
    onSave(saves)
  }
}
