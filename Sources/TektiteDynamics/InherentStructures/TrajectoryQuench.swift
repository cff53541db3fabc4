import Foundation
import TektiteCore
import TektiteTrajectories

/// The inherent structures of a finished trajectory: the minimum of the energy below each of its frames, by the code that does it for running stages. What is done
/// is known to a small record in the folder, so that it goes on after an interruption and in the end leaves the same bytes.
public struct TrajectoryQuench {
  /// What the record says.
  private struct Record: Codable, Equatable {
    /// What must not change between one part of the work and the next.
    struct Settings: Codable, Equatable {
      var trajectory: String
      var bytes: Int
      var potential: String
      var algorithm: String
      var forceTolerance: Double
      var maximumSteps: Int
      var every: Int
    }
    var program = "tektite"
    var version = RunRecord.version
    var settings: Settings
    /// Minima that are done.
    var done = 0
    /// Bytes of the files with as many.
    var frameBytes = 0
    var tableBytes = 0
    /// Of these, how many did not reach the tolerance.
    var unconverged = 0
    /// Whether the last frame has been done.
    var isFinished = false
  }

  /// What came of it.
  public struct Summary: Hashable, Sendable {
    /// Minima that are done.
    public var done: Int
    /// Of these, how many did not reach the tolerance.
    public var unconverged: Int
    /// The signal that ended the work early, or nil.
    public var signal: Int32?
  }

  /// The trajectory.
  public var path: String
  /// The units of its numbers, and of the model.
  public var units: Units
  /// The potential.
  public var model: any PotentialModel
  /// Of every so many frames one is taken, beginning with the first.
  public var every = 1
  /// How; its trigger has no meaning here.
  public var description: InherentStructures

  /// The name of the record.
  public static let recordFile = "quench.json"

  /// Makes a plan for a trajectory.
  public init(_ path: String, units: Units, model: any PotentialModel, description: InherentStructures) {
    self.path = path
    self.units = units
    self.model = model
    self.description = description
  }

  /// Does the work, or what is left of it.
  /// - Parameters:
  ///   - options: the folder, threads, and whether to go on or to start anew.
  ///   - progress: told after each minimum: how many are done, and its energy per atom.
  /// - Throws: `InputError` for a trajectory or a folder that do not fit, a frame that the potential cannot compute; what outputs throw.
  public func run(_ options: RunOptions, progress: (Int, Double) -> Void = { _, _ in }) throws -> Summary {
    let handlers = options.handlesSignals ? SignalCatcher.install() : []
    defer { SignalCatcher.restore(handlers) }
    func signal() -> Int32? { (options.handlesSignals ? SignalCatcher.pending : nil) ?? options.interruption.pending }
    let store = RunFolder(options.directory)
    var record = try prepare(store, options)
    if record.isFinished { return Summary(done: record.done, unconverged: record.unconverged) }
    var reader = try StructureFile.Reader(path: path, units: units)
    guard let first = try reader.next() else { throw InputError("holds no whole frame", file: path) }
    let team = ThreadTeam(threads: options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let skin = Simulation.defaultSkin(try potential(for: first.topology.table).requirements)
    let header = TrajectoryHeader(
      title: "inherent structures of \((path as NSString).lastPathComponent)", units: units, topology: first.topology,
      cell: first.frame.cell, potential: model.name, hashes: [:])
    let isNew = record.done == 0
    let frames = try store.openTrajectory(
      description.output, header: header, at: isNew ? nil : OutputPosition(count: record.done, bytes: record.frameBytes)
    )
    let rows = try store.openTable(
      description.table, columns: InherentStructures.columns(units),
      at: isNew ? nil : OutputPosition(count: record.done, bytes: record.tableBytes))
    func save() throws {
      record.frameBytes = try frames.synchronize().bytes
      record.tableBytes = try rows.synchronize().bytes
      try store.write(JSONText.encode(record), to: Self.recordFile)
    }
    let clock = ContinuousClock()
    var saved = clock.now
    var index = 0
    var current: Structure? = first
    while let structure = current {
      if index % every == 0, index / every >= record.done {
        guard structure.topology.species == first.topology.species,
          structure.topology.table.map(\.label) == first.topology.table.map(\.label)
        else { throw InputError("frame \(index + 1) holds other atoms than the first", file: path) }
        guard let minimum = try minimum(of: structure, skin: skin, team: team, index: index, stops: { signal() != nil })
        else {
          try save()
          try frames.close()
          try rows.close()
          return Summary(done: record.done, unconverged: record.unconverged, signal: signal())
        }
        try frames.append(minimum.frame)
        try rows.append(minimum.row)
        record.done += 1
        if minimum.result.ending != .converged { record.unconverged += 1 }
        progress(record.done, minimum.result.energy / Double(structure.count))
        if (clock.now - saved).seconds >= 2 {
          try save()
          saved = clock.now
        }
      }
      index += 1
      current = try reader.next()
    }
    record.isFinished = true
    try save()
    try frames.close()
    try rows.close()
    return Summary(done: record.done, unconverged: record.unconverged)
  }

  private func potential(for table: [Species]) throws(InputError) -> AnyPotential {
    do {
      return try model.makePotential(for: table)
    } catch {
      throw InputError("\(model.name) cannot compute these atoms: \(error.description)", file: path)
    }
  }

  private func minimum(
    of structure: Structure, skin: Double, team: ThreadTeam, index: Int, stops: () -> Bool
  ) throws -> QuenchedFrame? {
    do {
      return try QuenchedFrame(
        of: structure.frame, topology: structure.topology, units: units, description, model, skin: skin, team: team,
        stops: stops)
    } catch let error as PotentialError {
      throw InputError("frame \(index + 1): \(error.description)", file: path)
    } catch let error as InputError {
      throw InputError("frame \(index + 1): \(error.message)", file: path)
    }
  }

  /// Makes the folder ready. Returns the record to go on from.
  private func prepare(_ store: RunFolder, _ options: RunOptions) throws -> Record {
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber
    let settings = Record.Settings(
      trajectory: (path as NSString).lastPathComponent, bytes: size?.intValue ?? 0, potential: model.name,
      algorithm: description.algorithm.rawValue, forceTolerance: description.forceTolerance,
      maximumSteps: description.maximumSteps, every: every)
    let present = store.read(Self.recordFile)
    if present != nil, !options.resume, !options.overwrite {
      throw InputError(
        "the folder already holds inherent structures. Go on with them by --resume, replace them by --overwrite, or choose another with --output.",
        file: options.directory)
    }
    try store.prepare(removing: nil)
    guard options.resume, let present else { return Record(settings: settings) }
    guard let record = JSONText.decode(Record.self, present) else {
      throw InputError(
        "is not the record of inherent structures; start anew with --overwrite",
        file: (options.directory as NSString).appendingPathComponent(Self.recordFile))
    }
    guard record.settings == settings else {
      throw InputError(
        "the inherent structures in the folder were begun with another trajectory, potential or tolerance (\(record.settings.trajectory), \(record.settings.potential), "
          + "\(record.settings.algorithm) to \(brief(record.settings.forceTolerance)), every \(record.settings.every)). Go on with those, or start anew with --overwrite.",
        file: options.directory)
    }
    return record
  }
}
