import Foundation
import TektiteCore
import TektiteTrajectories

/// The folder of a run: everything is written below it.
final class RunFolder: RunStore {
  private static let checkpointFile = "checkpoint.tektite"
  private let directory: URL

  init(_ directory: String) { self.directory = URL(fileURLWithPath: directory, isDirectory: true) }

  var name: String { directory.path }
  var checkpointName: String { path(Self.checkpointFile) }

  func path(of file: String) -> String { path(file) }
  private func path(_ file: String) -> String { directory.appendingPathComponent(file).path }
  private func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: path(file)) }

  var holdsRun: Bool { ["run.json", "deck.yaml", Self.checkpointFile].contains(where: exists) }

  /// Names that outputs cannot have.
  static let ownFiles = [
    checkpointFile, "forensics.extxyz", "forensics.json", "topology.pdb", "view.vmd", "run.json", "deck.yaml",
    "report.html",
  ]

  func prepare(removing outputs: [String]?) throws {
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      guard let outputs else { return }
      // The checkpoint goes first: should the rest fail, nothing is left that could be resumed by mistake.
      for file in Self.ownFiles + outputs where exists(file) {
        try FileManager.default.removeItem(atPath: path(file))
      }
    } catch {
      throw InputError(
        "the folder cannot be made or written to: \(reason(error)). Choose another with --output.", file: name)
    }
  }

  /// Why the folder could not be made, in the system's words where it has some that are better than the library's.
  private func reason(_ error: any Error) -> String {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder) {
      if !isFolder.boolValue { return "there is a file of that name" }
    } else if mkdir(name, 0o777) != 0 {
      return String(cString: strerror(errno))
    }
    let text = error.localizedDescription
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }

  func write(_ text: String, to file: String) throws {
    if read(file) == text { return }
    // Under a temporary name that the next attempt takes again, so that a run that is killed leaves no file that nobody knows.
    let temporary = path(file) + ".partial"
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: temporary))
    } catch {
      unlink(temporary)
      throw OutputError("cannot be written: \(error.localizedDescription)", file: path(file))
    }
    guard rename(temporary, path(file)) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(temporary)
      throw OutputError("cannot be written: \(reason)", file: path(file))
    }
  }

  func read(_ file: String) -> String? { try? String(contentsOfFile: path(file), encoding: .utf8) }

  func writeTopology(_ structure: Structure, units: Units) throws {
    try TopologyPDB.write(structure, to: path(TopologyPDB.fileName), units: units)
  }

  func writeFrames(_ structures: [Structure], units: Units, to file: String) throws {
    let writer = try ExtendedXYZ.Writer(path: path(file), units: units)
    for structure in structures { try writer.append(structure) }
    try writer.flush()
    try writer.close()
  }

  func openTrajectory(
    _ output: TrajectoryOutput, header: TrajectoryHeader, at position: OutputPosition?
  ) throws -> any FrameSink {
    try goOn(with: output.file, at: position) {
      switch output.format {
      case .amber: try AmberSink(path(output.file), output, header, at: position)
      case .extendedXYZ: try ExtendedXYZSink(path(output.file), output, header, at: position)
      }
    }
  }

  func openTable(_ file: String, columns: [TableColumn], at position: OutputPosition?) throws -> any RowSink {
    try goOn(with: file, at: position) { try TableSink(path(file), columns, at: position) }
  }

  /// Opens an output. One that cannot be gone on with is a fault of what the user gave, not of writing.
  private func goOn<Sink>(with file: String, at position: OutputPosition?, _ open: () throws -> Sink) throws -> Sink {
    guard let position else { return try open() }
    try check(file, holds: position)
    do {
      return try open()
    } catch let error as OutputError {
      throw InputError("the run cannot go on with it: \(error.message)", file: error.file)
    }
  }

  /// Refuses to go on with a file that lost what the checkpoint counts on.
  private func check(_ file: String, holds position: OutputPosition) throws(InputError) {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path(file))
    guard let size = (attributes?[.size] as? NSNumber)?.intValue else {
      throw InputError(
        "is missing, but the checkpoint goes on from its frame or row \(position.count). Put the file back, or start the "
          + "run anew with --overwrite.", file: path(file))
    }
    guard size >= position.bytes else {
      throw InputError(
        "has \(size) bytes, but the checkpoint goes on from byte \(position.bytes): the file was cut short since. "
          + "Put the file back, or start the run anew with --overwrite.", file: path(file))
    }
  }

  func loadCheckpoint() throws -> [CheckpointSection]? {
    guard exists(Self.checkpointFile) else { return nil }
    let file = try CheckpointFile(contentsOf: checkpointName)
    return file.sections.map { CheckpointSection(name: $0.name, bytes: $0.bytes) }
  }

  func saveCheckpoint(_ sections: [CheckpointSection]) throws {
    var file = CheckpointFile()
    for section in sections { file.set(section.name, section.bytes) }
    try file.write(to: checkpointName)
  }
}

/// A CSV table.
private final class TableSink: RowSink {
  private let table: ThermoTable
  private var rows: Int

  init(_ path: String, _ columns: [TableColumn], at position: OutputPosition?) throws {
    let columns = columns.map { ThermoTable.Column($0.name, unit: $0.unit) }
    rows = position?.count ?? 0
    table =
      if let position {
        try ThermoTable(appendingTo: path, keepingBytes: position.bytes, columns: columns)
      } else {
        try ThermoTable(creating: path, columns: columns)
      }
  }

  func append(_ row: [Double]) throws {
    try table.append(row)
    rows += 1
  }

  func synchronize() throws -> OutputPosition {
    try table.flush()
    return OutputPosition(count: rows, bytes: table.byteLength)
  }

  func close() throws { try table.close() }
}

/// An extended XYZ trajectory.
private final class ExtendedXYZSink: FrameSink {
  private let writer: ExtendedXYZ.Writer
  private let topology: Topology
  private let isWrapped: Bool
  private var frames: Int

  init(_ path: String, _ output: TrajectoryOutput, _ header: TrajectoryHeader, at position: OutputPosition?) throws {
    topology = header.topology
    isWrapped = !output.unwrapped
    frames = position?.count ?? 0
    writer =
      if let position {
        try ExtendedXYZ.Writer(appendingTo: path, keepingBytes: position.bytes, units: header.units)
      } else {
        try ExtendedXYZ.Writer(path: path, units: header.units)
      }
  }

  func append(_ frame: Frame) throws {
    if isWrapped {
      var wrapped = frame
      wrapped.wrapPositions()
      try writer.append(wrapped, of: topology)
    } else {
      try writer.append(frame, of: topology)
    }
    frames += 1
  }

  func synchronize() throws -> OutputPosition {
    try writer.flush()
    return OutputPosition(count: frames, bytes: writer.byteLength)
  }

  func close() throws { try writer.close() }
}

/// An AMBER NetCDF trajectory.
private final class AmberSink: FrameSink {
  private let writer: AmberTrajectory.Writer

  init(_ path: String, _ output: TrajectoryOutput, _ header: TrajectoryHeader, at position: OutputPosition?) throws {
    var fields: AmberTrajectory.Fields = []
    if output.fields.contains(.velocities) { fields.insert(.velocities) }
    if output.fields.contains(.forces) { fields.insert(.forces) }
    var attributes: [String: String] = [:]
    for (key, hash) in header.hashes { attributes["tektite_\(key)_sha256"] = hash }
    if header.diametersVary { fields.insert(.diameters) }
    var amber = AmberTrajectory.Header(
      topology: header.topology, units: header.units, cell: header.cell, fields: fields, unwrapped: output.unwrapped,
      evenlySpaced: output.trigger.isEvenlySpaced, title: header.title, potential: header.potential,
      attributes: attributes)
    amber.diameters = header.diameters
    writer =
      if let position {
        try AmberTrajectory.Writer(appendingTo: path, keepingFrames: position.count, header: amber)
      } else {
        try AmberTrajectory.Writer(creating: path, header: amber)
      }
  }

  func append(_ frame: Frame) throws { try writer.append(frame) }

  func synchronize() throws -> OutputPosition {
    try writer.flush()
    let attributes = try? FileManager.default.attributesOfItem(atPath: writer.path)
    return OutputPosition(count: writer.frameCount, bytes: (attributes?[.size] as? NSNumber)?.intValue ?? 0)
  }

  func close() throws { try writer.close() }
}
