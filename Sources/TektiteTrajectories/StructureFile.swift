import TektiteCore

/// Structure files of any format that Tektite reads.
public enum StructureFile {
  /// The formats.
  public enum Format: String, Sendable, Codable, CaseIterable {
    /// Extended XYZ.
    case extendedXYZ = "extended XYZ"
    /// LAMMPS data.
    case lammpsData = "LAMMPS data"
    /// AMBER NetCDF trajectory.
    case amberTrajectory = "AMBER NetCDF trajectory"
    /// AMBER NetCDF restart.
    case amberRestart = "AMBER NetCDF restart"
    /// Checkpoint of a run.
    case checkpoint = "Tektite checkpoint"
  }

  /// Finds the format: by the first bytes where they decide, else by the extension, else by what the first lines look like.
  /// - Throws: `InputError` for files that cannot be read and for those of no known format.
  public static func format(of path: String) throws(InputError) -> Format {
    if let format = try recognize(path) { return format }
    throw InputError(
      "is of no known format; expected extended XYZ (.extxyz, .xyz), LAMMPS data (.data, .lmp) or AMBER NetCDF (.nc, .ncrst)",
      file: path)
  }

  /// Finds the format like `format(of:)`; nil where there is none that fits.
  public static func recognize(_ path: String) throws(InputError) -> Format? {
    let file = try InputFile(path: path)
    var head = [UInt8](repeating: 0, count: 4096)
    let count = try file.read(at: 0, count: min(head.count, file.length), into: &head)
    head.removeLast(head.count - count)
    if head.starts(with: [0x43, 0x44, 0x46]) || head.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      let netcdf = try ClassicNetCDF(path: path)
      let coordinates = netcdf.variable("coordinates")
      return coordinates?.isRecord == false && coordinates?.shape.count == 2 ? .amberRestart : .amberTrajectory
    }
    if head.starts(with: CheckpointFile.magic) { return .checkpoint }
    let name = path.lowercased()
    if name.hasSuffix(".extxyz") || name.hasSuffix(".xyz") { return .extendedXYZ }
    if name.hasSuffix(".data") || name.hasSuffix(".lmp") { return .lammpsData }
    if name.hasSuffix(".nc") || name.hasSuffix(".ncrst") { throw InputError("is not a netCDF file", file: path) }
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    if let first = lines.first, let atoms = Numerals.double(first.filter { !$0.isWhitespace }), atoms > 0 {
      return .extendedXYZ
    }
    return lines.contains { $0.contains(" atoms") } ? .lammpsData : nil
  }

  /// Reads one frame of a file and holds no other.
  /// - Parameter index: counted from 0; nil for the last.
  /// - Returns: the frame, or nil where the file has too few; and the number of frames, of extended XYZ up to the one that was asked for.
  /// - Throws: `InputError` like `read`; what comes after the frame in extended XYZ is not looked at.
  public static func frame(
    _ index: Int?, path: String, units: Units
  ) throws(InputError) -> (structure: Structure?, count: Int) {
    switch try format(of: path) {
    case .extendedXYZ:
      var reader = try ExtendedXYZ.Reader(path: path, units: units)
      var latest: Structure?
      while let structure = try reader.next() {
        latest = structure
        if reader.frameCount - 1 == index { return (structure, reader.frameCount) }
      }
      guard latest != nil else { throw InputError("holds no frame", file: path) }
      return (index == nil ? latest : nil, reader.frameCount)
    case .amberTrajectory, .amberRestart:
      let reader = try AmberTrajectory.Reader(path: path, units: units)
      guard reader.frameCount > 0 else { throw InputError("holds no whole frame", file: path) }
      let wanted = index ?? reader.frameCount - 1
      return (wanted >= 0 && wanted < reader.frameCount ? try reader.structure(wanted) : nil, reader.frameCount)
    case .lammpsData, .checkpoint:
      let structures = try read(path: path, units: units)
      return (structures.indices.contains(index ?? 0) ? structures[index ?? 0] : nil, structures.count)
    }
  }

  /// Reads all frames of a file in memory.
  /// - Throws: `InputError` for files that cannot be read and for checkpoints, which hold a run and not a structure.
  public static func read(path: String, units: Units) throws(InputError) -> [Structure] {
    switch try format(of: path) {
    case .extendedXYZ: return try ExtendedXYZ.read(path: path, units: units)
    case .lammpsData: return [try LAMMPSData.read(path: path, units: units)]
    case .amberTrajectory, .amberRestart:
      let reader = try AmberTrajectory.Reader(path: path, units: units)
      guard reader.frameCount > 0 else { throw InputError("holds no whole frame", file: path) }
      var structures: [Structure] = []
      for k in 0..<reader.frameCount { structures.append(try reader.structure(k)) }
      return structures
    case .checkpoint:
      throw InputError("is a checkpoint; resume the run with it, or give a structure file", file: path)
    }
  }
}
