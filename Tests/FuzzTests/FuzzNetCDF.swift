import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("Fuzz: NetCDF")
struct FuzzNetCDF {
  private func readAll(_ path: String) throws {
    for units in Units.allCases {
      let reader: AmberTrajectory.Reader
      do { reader = try AmberTrajectory.Reader(path: path, units: units) } catch {
        // Files state their units; the other ones are refused by design.
        if error.message.hasPrefix("is in units") { continue }
        throw error
      }
      for k in [0, 1, reader.frameCount - 1] where k >= 0 && k < reader.frameCount { _ = try reader.structure(k) }
    }
    _ = try StructureFile.describe(path)
  }

  @Test("Damaged trajectories are refused or read, never more")
  func trajectories() throws {
    let fuzz = try ReaderFuzz()
    var names: [String] = []
    for (k, cell) in ReaderFuzz.cells.enumerated() {
      let structure = ReaderFuzz.structure(cell: cell, seed: UInt64(k))
      let header = AmberTrajectory.Header(
        topology: structure.topology, units: k == 1 ? .real : .lj, cell: cell,
        fields: k == 0 ? [] : [.velocities, .forces],
        unwrapped: k != 2, attributes: ["tektite_deck_sha256": "00"])
      names.append("t\(k).nc")
      let writer = try AmberTrajectory.Writer(creating: fuzz.file(names[k]), header: header)
      for _ in 0...k { try writer.append(structure.frame) }
      try writer.close()
    }
    try fuzz.run(names, seed: 1_000_000, readAll)
  }

  @Test("Damaged restarts are refused or read, never more")
  func restarts() throws {
    let fuzz = try ReaderFuzz()
    var names: [String] = []
    for (k, cell) in ReaderFuzz.cells.enumerated() {
      names.append("r\(k).ncrst")
      try AmberRestart.write(
        ReaderFuzz.structure(cell: cell, seed: UInt64(k)), to: fuzz.file(names[k]), units: k == 1 ? .real : .lj)
    }
    try fuzz.run(names, seed: 2_000_000, readAll)
  }

  @Test("A damaged trajectory is not cut back when it is not the run's")
  func appending() throws {
    let fuzz = try ReaderFuzz()
    let structure = ReaderFuzz.structure(cell: .cubic(7), seed: 9)
    let header = AmberTrajectory.Header(topology: structure.topology, units: .lj, cell: structure.frame.cell)
    let writer = try AmberTrajectory.Writer(creating: fuzz.file("t.nc"), header: header)
    for _ in 0..<3 { try writer.append(structure.frame) }
    try writer.close()
    try fuzz.run(["t.nc"], seed: 3_000_000) { path in
      // Only the check: a file that passes it may be cut.
      do { _ = try AmberTrajectory.Writer.layoutForAppending(path, 2, header) } catch let error as OutputError {
        throw InputError(error.message, file: error.file)
      }
    }
  }
}
