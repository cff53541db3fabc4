import CNetCDF
import TektiteCore

/// AMBER NetCDF restarts (conventions AMBERRESTART 1.0): one frame in double precision, for exchange with other programs. Units, axes and
/// further variables are those of `AmberTrajectory`; velocities carry the same scale factor. A run goes on exactly only from a checkpoint.
public enum AmberRestart {
  /// Reads a restart.
  /// - Throws: `InputError` as `AmberTrajectory.Reader` does, and for a trajectory.
  public static func read(path: String, units: Units, topology: Topology? = nil) throws(InputError) -> Structure {
    let reader = try AmberTrajectory.Reader(path: path, units: units, topology: topology)
    guard reader.isRestart else {
      throw InputError("is a trajectory of \(reader.frameCount) frames, not a restart", file: path)
    }
    return try reader.structure(0)
  }

  /// Writes a restart in one step: the name holds either the old or the new file.
  /// - Parameters:
  ///   - structure: positions, and velocities and forces if they are there, in internal units.
  ///   - title: a short title; that of the structure if empty.
  ///   - attributes: further global attributes.
  public static func write(
    _ structure: Structure, to path: String, units: Units, title: String = "", attributes: [String: String] = [:]
  ) throws(OutputError) {
    let frame = structure.frame
    let n = structure.count
    try AmberConvention.check(atoms: n, bytesPerAtom: 24, file: path)
    var fields: AmberTrajectory.Fields = []
    if frame.velocities.count == n { fields.insert(.velocities) }
    if frame.forces.count == n { fields.insert(.forces) }
    var header = AmberTrajectory.Header(
      topology: structure.topology, units: units, cell: frame.cell, fields: fields,
      title: title.isEmpty ? structure.title : title, attributes: attributes)
    if frame.diameters.count == n { header.diameters = frame.diameters }
    let temporary = path + ".partial"
    try Files.requireRegular(path)
    try Files.requireRegular(temporary)
    do {
      try write(frame, header, to: temporary)
      try Files.synchronize(temporary)
    } catch {
      Files.remove(temporary)
      throw OutputError(error.message, file: path, code: error.code)
    }
    try Files.rename(temporary, to: path)
  }

  private static func write(_ frame: Frame, _ header: AmberTrajectory.Header, to path: String) throws(OutputError) {
    let orientation = CellOrientation(frame.cell)
    func flat(_ vectors: [Vector3], _ factor: Double) -> [Double] {
      var flat: [Double] = []
      flat.reserveCapacity(3 * vectors.count)
      for v in vectors {
        let r = factor * orientation.toFile(v)
        flat.append(r.x)
        flat.append(r.y)
        flat.append(r.z)
      }
      return flat
    }
    let units = header.units
    let time = frame.time * AmberConvention.time(units)
    let (l, a) = (CellOrientation.lengths(orientation.cell), CellOrientation.angles(orientation.cell))
    let v = frame.cell.vectors
    try NetCDFLibrary.perform("write", on: path) { calls in
      var id: Int32 = -1
      calls.then { nc_create(NetCDFLibrary.local(path), NC_CLOBBER | NC_64BIT_OFFSET, &id) }
      guard id >= 0 else { return }
      calls.then { nc_set_fill(id, NC_NOFILL, nil) }
      let layout = AmberLayout(defining: header, isRestart: true, in: id, &calls)
      func put(_ variable: Int32, _ values: [Double], _ calls: inout NetCDFLibrary.Calls) {
        if variable >= 0 { calls.then { nc_put_var_double(id, variable, values) } }
      }
      put(layout.time, [time], &calls)
      put(layout.ownTime, [time], &calls)
      put(layout.ownStep, [Double(frame.step)], &calls)
      put(layout.coordinates, flat(frame.positions, 1), &calls)
      put(layout.velocities, flat(frame.velocities, AmberConvention.velocity(units)), &calls)
      put(layout.forces, flat(frame.forces, AmberConvention.force(units)), &calls)
      put(layout.lengths, [l.x, l.y, l.z], &calls)
      put(layout.angles, [a.x, a.y, a.z], &calls)
      put(layout.ownCell, [v.a.x, v.a.y, v.a.z, v.b.x, v.b.y, v.b.z, v.c.x, v.c.y, v.c.z], &calls)
      calls.always { nc_close(id) }
    }
  }
}
