import TektiteCore

extension StructureFile {
  /// Reads the frames of a file of any format one after another; holds one frame's worth of memory.
  public struct Reader {
    private enum Source {
      case extendedXYZ(ExtendedXYZ.Reader)
      case amber(AmberTrajectory.Reader)
      case single(Structure)
    }

    /// The format.
    public let format: Format
    /// The number of frames, where the file says so before it is read through.
    public let frameCount: Int?
    /// The number of frames read so far.
    public private(set) var framesRead = 0
    private var source: Source

    /// Opens a file; numbers are converted to `units`.
    /// - Throws: `InputError` for files that cannot be read and for checkpoints, which hold a run and not a structure.
    public init(path: String, units: Units) throws(InputError) {
      format = try StructureFile.format(of: path)
      switch format {
      case .extendedXYZ:
        source = .extendedXYZ(try ExtendedXYZ.Reader(path: path, units: units))
        frameCount = nil
      case .amberTrajectory, .amberRestart:
        let reader = try AmberTrajectory.Reader(path: path, units: units)
        source = .amber(reader)
        frameCount = reader.frameCount
      case .lammpsData:
        source = .single(try LAMMPSData.read(path: path, units: units))
        frameCount = 1
      case .checkpoint:
        throw InputError("is a checkpoint; resume the run with it, or give a structure file", file: path)
      }
    }

    /// The next frame, or nil after the last.
    /// - Throws: `InputError` for damaged frames, with the line where there is one.
    public mutating func next() throws(InputError) -> Structure? {
      let structure: Structure?
      switch source {
      case .extendedXYZ(var reader):
        structure = try reader.next()
        source = .extendedXYZ(reader)
      case .amber(let reader): structure = framesRead < reader.frameCount ? try reader.structure(framesRead) : nil
      case .single(let only): structure = framesRead == 0 ? only : nil
      }
      if structure != nil { framesRead += 1 }
      return structure
    }
  }
}
