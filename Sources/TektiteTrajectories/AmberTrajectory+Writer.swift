import CNetCDF
import Glibc
import TektiteCore

extension AmberTrajectory {
  /// Writes an AMBER trajectory frame by frame through libnetcdf, in the format CDF-2.
  ///
  /// After each frame the library's buffers go to the system, so a run that is killed leaves a file in which at most the frame in flight is
  /// missing; `flush` also waits for the disk. `init(appendingTo:keepingFrames:header:)` cuts a file back so that not a byte tells it
  /// from one that never had more frames.
  public final class Writer {
    /// What was said when the file was made.
    public let header: Header
    /// The path.
    public let path: String
    /// The number of frames in the file: what a checkpoint must remember to cut it back.
    public private(set) var frameCount: Int
    private var file: Int32 = -1
    private var layout = AmberLayout()
    private var floats: [Float]
    private var counts: [Int32]
    // libnetcdf reads and writes whole blocks around each access; this size is near the best for frames from 1 kB to 1 MB.
    private static let block = 1 << 16

    /// Creates a file; one that is there is emptied.
    /// - Throws: `OutputError` if the file cannot be made or the format cannot hold so many atoms.
    public init(creating path: String, header: Header) throws(OutputError) {
      self.path = path
      self.header = header
      let n = header.topology.count
      try AmberConvention.check(atoms: n, bytesPerAtom: 12, file: path)
      try Files.requireRegular(path)
      floats = [Float](repeating: 0, count: 3 * n)
      counts = header.unwrapped ? [] : [Int32](repeating: 0, count: 3 * n)
      frameCount = 0
      var id: Int32 = -1
      var layout = AmberLayout()
      do {
        try NetCDFLibrary.perform("create", on: path) { calls in
          var block = Self.block
          calls.then { nc__create(NetCDFLibrary.local(path), NC_CLOBBER | NC_64BIT_OFFSET, 0, &block, &id) }
          calls.then { nc_set_fill(id, NC_NOFILL, nil) }
          layout = AmberLayout(defining: header, isRestart: false, in: id, &calls)
          calls.then { nc_sync(id) }
        }
      } catch {
        Self.abandon(id)
        throw error
      }
      file = id
      self.layout = layout
    }

    /// Opens a file that is there, cuts it back to its first `frames` frames and goes on behind them.
    /// - Throws: `OutputError` if the file is not one that this writer made for the same header, or has fewer frames.
    public init(appendingTo path: String, keepingFrames frames: Int, header: Header) throws(OutputError) {
      self.path = path
      self.header = header
      let n = header.topology.count
      try AmberConvention.check(atoms: n, bytesPerAtom: 12, file: path)
      try Self.cutBack(path, frames, header)
      floats = [Float](repeating: 0, count: 3 * n)
      counts = header.unwrapped ? [] : [Int32](repeating: 0, count: 3 * n)
      frameCount = frames
      var id: Int32 = -1
      var layout = AmberLayout()
      do {
        try NetCDFLibrary.perform("open for appending", on: path) { calls in
          var block = Self.block
          calls.then { nc__open(NetCDFLibrary.local(path), NC_WRITE, &block, &id) }
          calls.then { nc_set_fill(id, NC_NOFILL, nil) }
          layout = AmberLayout(finding: id, &calls, header: header)
        }
      } catch {
        Self.abandon(id)
        throw error
      }
      file = id
      self.layout = layout
    }

    deinit { Self.abandon(file) }

    private static func abandon(_ id: Int32) {
      if id >= 0 { try? NetCDFLibrary.perform("close", on: "") { $0.always { nc_close(id) } } }
    }

    /// Checks that a file is the trajectory of this run and has enough frames; changes nothing. Says where frame `frames` would begin.
    static func layoutForAppending(_ path: String, _ frames: Int, _ header: Header) throws(OutputError) -> Int {
      let found: ClassicNetCDF
      do { found = try ClassicNetCDF(path: path) } catch { throw OutputError(error.message, file: path) }
      guard found.version == 2, found.attribute("program")?.text == AmberConvention.program,
        found.attribute("tektite_units")?.text == header.units.rawValue,
        found.dimension("atom")?.length == header.topology.count,
        (found.variable("velocities") != nil) == header.fields.contains(.velocities),
        (found.variable("forces") != nil) == header.fields.contains(.forces),
        (found.variable("tektite_images") == nil) == header.unwrapped,
        (found.variable("tektite_diameters")?.isRecord ?? false) == header.fields.contains(.diameters),
        (found.attribute("tektite_dimensions")?.text == "2") == header.cell.isPlanar,
        (found.variable("cell_lengths") != nil) == AmberLayout.hasBox(header.cell),
        (found.variable("tektite_cell") != nil) == AmberLayout.hasOwnCell(header.cell)
      else {
        throw OutputError(
          "is not the trajectory of this run (other atoms, fields, cell or units); it was left as it is", file: path)
      }
      guard frames >= 0, frames <= found.records else {
        throw OutputError(
          "holds \(found.records) whole frames, but the run to be resumed had written \(frames); it was left as it is",
          file: path)
      }
      return found.firstRecord + frames * found.recordSize
    }

    /// Sets the number of records in the header and the length of the file: libnetcdf can only grow a file.
    private static func cutBack(_ path: String, _ frames: Int, _ header: Header) throws(OutputError) {
      let length = try layoutForAppending(path, frames, header)
      let file = try OutputFile(appendingTo: path, keepingBytes: length)
      try file.patch((0..<4).map { UInt8(truncatingIfNeeded: frames >> (24 - 8 * $0)) }, at: 4)
      try file.synchronize()
      try file.close()
    }

    /// Writes a frame. Velocities and forces must be there if the header promises them.
    public func append(_ frame: Frame) throws(OutputError) {
      guard file >= 0 else { throw OutputError("a frame came after the file was closed", file: path) }
      let n = header.topology.count
      let fields = header.fields
      precondition(frame.positions.count == n, "\(frame.positions.count) positions for \(n) atoms")
      precondition(!fields.contains(.velocities) || frame.velocities.count == n, "the frame lacks velocities")
      precondition(!fields.contains(.forces) || frame.forces.count == n, "the frame lacks forces")
      precondition(!fields.contains(.diameters) || frame.diameters.count == n, "the frame lacks diameters")
      let orientation = CellOrientation(frame.cell)
      let (layout, file) = (layout, file)
      var start = [frameCount, 0, 0]
      let perAtom = [1, n, 3]

      if header.unwrapped {
        Self.convert(frame.positions, 1, orientation, into: &floats)
      } else {
        Self.wrap(frame.positions, frame.cell, orientation, into: &floats, &counts)
      }
      try put("write frame \(frameCount)") { calls in
        calls.then { nc_put_vara_float(file, layout.coordinates, &start, perAtom, floats) }
        if !header.unwrapped { calls.then { nc_put_vara_int(file, layout.images, &start, perAtom, counts) } }
      }
      if fields.contains(.velocities) {
        Self.convert(frame.velocities, AmberConvention.velocity(header.units), orientation, into: &floats)
        try put("write frame \(frameCount)") {
          $0.then { nc_put_vara_float(file, layout.velocities, start, perAtom, floats) }
        }
      }
      if fields.contains(.forces) {
        Self.convert(frame.forces, AmberConvention.force(header.units), orientation, into: &floats)
        try put("write frame \(frameCount)") {
          $0.then { nc_put_vara_float(file, layout.forces, start, perAtom, floats) }
        }
      }
      if fields.contains(.diameters) {
        try put("write frame \(frameCount)") {
          $0.then { nc_put_vara_double(file, layout.diameters, start, [1, n], frame.diameters) }
        }
      }
      let time = frame.time * AmberConvention.time(header.units)
      try put("write frame \(frameCount)") { calls in
        if layout.lengths >= 0 {
          let (l, a) = (CellOrientation.lengths(orientation.cell), CellOrientation.angles(orientation.cell))
          calls.then { nc_put_vara_double(file, layout.lengths, start, [1, 3], [l.x, l.y, l.z]) }
          calls.then { nc_put_vara_double(file, layout.angles, start, [1, 3], [a.x, a.y, a.z]) }
        }
        if layout.ownCell >= 0 {
          let v = frame.cell.vectors
          let rows = [v.a.x, v.a.y, v.a.z, v.b.x, v.b.y, v.b.z, v.c.x, v.c.y, v.c.z]
          calls.then { nc_put_vara_double(file, layout.ownCell, start, [1, 3, 3], rows) }
        }
        calls.then { nc_put_vara_double(file, layout.ownTime, start, [1], [time]) }
        calls.then { nc_put_vara_double(file, layout.ownStep, start, [1], [Double(frame.step)]) }
        calls.then { nc_put_vara_float(file, layout.time, start, [1], [Float(time)]) }
        calls.then { nc_sync(file) }
      }
      frameCount += 1
    }

    private func put(_ action: String, _ body: (inout NetCDFLibrary.Calls) -> Void) throws(OutputError) {
      try NetCDFLibrary.perform(action, on: path, body)
    }

    private static func convert(
      _ vectors: [Vector3], _ factor: Double, _ orientation: CellOrientation, into floats: inout [Float]
    ) {
      if orientation.isIdentity {
        for i in vectors.indices {
          let r = vectors[i]
          floats[3 * i] = Float(factor * r.x)
          floats[3 * i + 1] = Float(factor * r.y)
          floats[3 * i + 2] = Float(factor * r.z)
        }
      } else {
        let rotation = orientation.rotation
        for i in vectors.indices {
          let r = factor * (vectors[i] * rotation)
          floats[3 * i] = Float(r.x)
          floats[3 * i + 1] = Float(r.y)
          floats[3 * i + 2] = Float(r.z)
        }
      }
    }

    private static func wrap(
      _ positions: [Vector3], _ cell: Cell, _ orientation: CellOrientation, into floats: inout [Float],
      _ counts: inout [Int32]
    ) {
      let inverse = Cell(orientation.cell, periodic: cell.periodic, dimensions: cell.dimensions).basis.inverse
      for i in positions.indices {
        let r = orientation.toFile(positions[i])
        let n = CellOrientation.crossings(r, inverse: inverse, periodic: cell.periodic)
        let w = r - CellOrientation.translation(n, orientation.cell)
        for k in 0..<3 { floats[3 * i + k] = Float(w[k]) }
        counts[3 * i] = n.a
        counts[3 * i + 1] = n.b
        counts[3 * i + 2] = n.c
      }
    }

    /// Waits until the disk has every frame.
    public func flush() throws(OutputError) {
      guard file >= 0 else { return }
      let file = file
      try put("write to disk") { $0.then { nc_sync(file) } }
      try Files.synchronize(path)
    }

    /// Closes the file. Nothing may be written afterwards.
    public func close() throws(OutputError) {
      guard file >= 0 else { return }
      let file = file
      self.file = -1
      try put("close") { $0.always { nc_close(file) } }
    }
  }
}
