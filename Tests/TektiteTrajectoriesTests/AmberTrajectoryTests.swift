import Foundation
import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("AmberTrajectory")
struct AmberTrajectoryTests {
  let folder = TemporaryFolder()

  /// Frames of one system that move a little, with steps and times that a float cannot hold.
  func frames(_ structure: Structure, _ count: Int, startingAt step: Int = 0) -> [Frame] {
    var random = Sample(seed: UInt64(step) &+ 77)
    return (0..<count).map { k in
      var frame = structure.frame
      frame.step = step + k
      frame.time = Double(step + k) * 0.0125
      for i in frame.positions.indices { frame.positions[i] += random.vector(-0.1..<0.1) }
      return frame
    }
  }

  @discardableResult
  func write(_ frames: [Frame], _ header: AmberTrajectory.Header, to name: String) throws -> String {
    let writer = try AmberTrajectory.Writer(creating: folder.file(name), header: header)
    for frame in frames { try writer.append(frame) }
    try writer.close()
    return folder.file(name)
  }

  @Test(
    "Frames come back in the axes of the run, to single precision",
    arguments: [Units.lj, .real],
    [
      Cell.open, .cubic(10), Sample.triclinic, Sample.general, Sample.leftHanded,
      Cell(Sample.triclinic.vectors, periodic: Periodicity(true, true, false)),
      Cell(Matrix3(Vector3(8, 1, 0), Vector3(0, 9, 1), .zero), periodic: Periodicity(true, true, false)),
      Cell(Matrix3(.zero, Vector3(0, 7, 0), .zero), periodic: Periodicity(false, true, false)),
      Cell(Matrix3(Vector3(0, 3, 4), .zero, .zero), periodic: Periodicity(true, false, false)),
      Cell(Sample.general.vectors, periodic: .none),
    ])
  func roundTrip(_ units: Units, _ cell: Cell) throws {
    var sample = Sample(seed: 21)
    let structure = sample.structure(atoms: 31, labels: ["A", "Ar"], units: units, cell: cell)
    for unwrapped in [true, false] {
      let written = frames(structure, 3, startingAt: 123_456_789_012)
      let path = try write(written, header(structure, units: units, unwrapped: unwrapped), to: "t.nc")
      let reader = try AmberTrajectory.Reader(path: path, units: units)
      #expect(reader.frameCount == 3 && reader.fields == [.velocities, .forces])
      #expect(try reader.topology() == structure.topology)
      for k in 0..<3 {
        let frame = try reader.frame(k)
        #expect(frame.step == written[k].step)
        // Time passes through picoseconds in double precision: two roundings.
        #expect(abs(frame.time - written[k].time) <= 4e-16 * written[k].time)
        #expect(frame.cell == cell)
        #expect(deviation(frame.positions, written[k].positions) < singlePrecision)
        #expect(deviation(frame.velocities, written[k].velocities) < singlePrecision)
        #expect(deviation(frame.forces, written[k].forces) < singlePrecision)
      }
    }
  }

  @Test("Numbers in the file are those of the convention")
  func convention() throws {
    var structure = Structure(topology: Topology(table: [Species("Ar")], species: [0]), frame: Frame())
    structure.frame.cell = Sample.leftHanded
    structure.frame.positions = [Vector3(1, 2, 3)]
    structure.frame.velocities = [Vector3(1, 0, 0)]
    structure.frame.forces = [Vector3(0, 1, 0)]
    structure.frame.time = 100
    let path = try write([structure.frame], header(structure, units: .real), to: "c.nc")
    let file = try ClassicNetCDF(path: path)
    var scratch: [UInt8] = []
    func length(_ name: String) throws -> Double {
      let v = try file.read(#require(file.variable(name)), scratch: &scratch)
      return Vector3(v[0], v[1], v[2]).length
    }
    #expect(file.version == 2)
    #expect(
      ["Conventions", "ConventionVersion", "program"].map { file.attribute($0)?.text } == ["AMBER", "1.0", "tektite"])
    // 1 internal unit of velocity is √(eV/amu) = 9822.694 m/s = 98.22694 Å/ps; the convention divides by 20.455.
    #expect(abs(try length("velocities") - 98.226_94 / 20.455) < 1e-5)
    // 1 eV/Å = 23.06054783 kcal/mol/Å.
    #expect(abs(try length("forces") - 23.060_547_83) < 2e-6)
    #expect(abs(try length("coordinates") - 14.0.squareRoot()) < 1e-6)
    #expect(try file.read(#require(file.variable("time")), scratch: &scratch) == [Double(Float(1.018_050_571_077_48))])
    #expect(file.variable("coordinates")?.attribute("scale_factor") == nil)
    #expect(file.variable("velocities")?.attribute("scale_factor")?.numbers == [Double(Float(20.455))])
    let lengths = try file.read(#require(file.variable("cell_lengths")), scratch: &scratch)
    let v = Sample.leftHanded.vectors
    for k in 0..<3 { #expect(abs(lengths[k] - v[k].length) < 1e-14 * lengths[k]) }
    let angles = try file.read(#require(file.variable("cell_angles")), scratch: &scratch)
    #expect(abs(cos(angles[2] * .pi / 180) - v.a.dot(v.b) / v.a.length / v.b.length) < 1e-14)
    #expect(file.variable("cell_angular")?.shape == [3, 5])
  }

  @Test("No cell variables without a cell; warnings where they belong")
  func attributes() throws {
    var sample = Sample(seed: 22)
    let open = sample.structure(atoms: 1, cell: .open, velocities: false, forces: false)
    let file = try ClassicNetCDF(path: write([open.frame], header(open, units: .lj, evenlySpaced: false), to: "o.nc"))
    for name in ["cell_lengths", "cell_angles", "cell_angular", "tektite_cell", "velocities"] {
      #expect(file.variable(name) == nil)
    }
    #expect(file.attribute("tektite_frame_spacing")?.text?.contains("not evenly spaced") == true)
    #expect(file.attribute("tektite_units_note")?.text?.contains("reduced") == true)
    #expect(file.attribute("tektite_deck_sha256")?.text?.count == 64)
    #expect(file.attribute("tektite_potential")?.text == "lennard-jones (cut-and-shift)")
  }

  @Test("Cut back and gone on, a file is byte for byte one that was never interrupted", arguments: [0, 1, 3])
  func resume(_ kept: Int) throws {
    var sample = Sample(seed: 23)
    let structure = sample.structure(atoms: 17, cell: Sample.triclinic)
    let header = header(structure, units: .lj, unwrapped: false)
    let all = frames(structure, 6)
    try write(all, header, to: "whole.nc")
    let broken = try AmberTrajectory.Writer(creating: folder.file("cut.nc"), header: header)
    for frame in all[..<kept] { try broken.append(frame) }
    for frame in frames(structure, 2, startingAt: 99) { try broken.append(frame) }
    try broken.flush()
    // As after kill -9: no close, and half a frame behind the last.
    let killed = folder.file("killed.nc")
    try FileManager.default.copyItem(atPath: folder.file("cut.nc"), toPath: killed)
    let handle = try #require(FileHandle(forWritingAtPath: killed))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(repeating: 7, count: 101))
    try handle.close()
    #expect(try AmberTrajectory.Reader(path: killed, units: .lj).frameCount == kept + 2)
    let resumed = try AmberTrajectory.Writer(appendingTo: killed, keepingFrames: kept, header: header)
    #expect(resumed.frameCount == kept)
    for frame in all[kept...] { try resumed.append(frame) }
    try resumed.close()
    #expect(try folder.bytes("killed.nc") == folder.bytes("whole.nc"))
    try broken.close()
  }

  @Test("Another run's file is not cut")
  func foreignAppend() throws {
    var sample = Sample(seed: 24)
    let structure = sample.structure(atoms: 4)
    try write([structure.frame], header(structure, units: .lj), to: "a.nc")
    let before = try folder.bytes("a.nc")
    let path = folder.file("a.nc")
    var other = header(structure, units: .lj)
    other.fields = []
    #expect(
      message { _ = try AmberTrajectory.Writer(appendingTo: path, keepingFrames: 0, header: other) }.contains(
        "left as it is"))
    #expect(
      message {
        _ = try AmberTrajectory.Writer(appendingTo: path, keepingFrames: 2, header: header(structure, units: .lj))
      }
      .contains("holds 1 whole frames"))
    #expect(try folder.bytes("a.nc") == before)
  }

  @Test("A file cut off anywhere opens with its whole frames, or says that it is damaged")
  func truncated() throws {
    var sample = Sample(seed: 25)
    let structure = sample.structure(atoms: 7, cell: Sample.general)
    let written = frames(structure, 4)
    try write(written, header(structure, units: .lj), to: "t.nc")
    let bytes = try folder.bytes("t.nc")
    let file = try ClassicNetCDF(path: folder.file("t.nc"))
    for length in stride(from: bytes.count, through: 0, by: -13) {
      try folder.write(Array(bytes[..<length]), to: "cut.nc")
      let complete = length < file.firstRecord ? 0 : (length - file.firstRecord) / file.recordSize
      do {
        let reader = try AmberTrajectory.Reader(path: folder.file("cut.nc"), units: .lj)
        #expect(reader.frameCount == complete)
        if complete > 0 {
          #expect(
            deviation(try reader.frame(complete - 1).positions, written[complete - 1].positions) < singlePrecision)
        }
      } catch { #expect(length < file.firstRecord, "\(error)") }
    }
  }

  @Test("Other programs' files: units, scale factors, missing variables")
  func foreign() throws {
    var sample = Sample(seed: 26)
    let structure = sample.structure(atoms: 2, labels: ["Ar"], units: .real)
    try write([structure.frame], header(structure, units: .real), to: "f.nc")
    let bytes = try folder.bytes("f.nc")
    func patched(_ from: String, _ to: String) throws -> String {
      var text = bytes
      let (old, new) = (Array(from.utf8), Array(to.utf8))
      for i in 0..<(text.count - old.count) where Array(text[i..<(i + old.count)]) == old {
        text.replaceSubrange(i..<(i + old.count), with: new)
      }
      try folder.write(text, to: "p.nc")
      return folder.file("p.nc")
    }
    // A program of another name: our own variables no longer count, nothing else changes.
    let foreign = try AmberTrajectory.Reader(path: patched("tektite", "anothmd"), units: .real).structure(0)
    #expect(deviation(foreign.frame.velocities, structure.frame.velocities) < singlePrecision)
    #expect(foreign.topology.table.map(\.label) == ["X"])
    let error = message {
      _ = try AmberTrajectory.Reader(path: try patched("angstrom/picosecond", "furlongs/fortnights"), units: .real)
    }
    #expect(error.contains("'velocities' is in 'furlongs/fortnights'"))
    let missing = message {
      _ = try AmberTrajectory.Reader(path: try patched("coordinates", "coordinatez"), units: .real)
    }
    #expect(missing.contains("nearest is 'coordinatez'"))
    #expect(message { _ = try AmberTrajectory.Reader(path: folder.file("f.nc"), units: .lj) }.contains("units 'real'"))
    try folder.write([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A, 0], to: "h.nc")
    #expect(
      message { _ = try AmberTrajectory.Reader(path: folder.file("h.nc"), units: .lj) }.contains("nccopy -k cdf2"))
  }

  @Test("Too many atoms, unwritable folders")
  func refusals() throws {
    #expect(message { try AmberConvention.check(atoms: 357_913_942, bytesPerAtom: 12, file: "x.nc") }.contains("4 GiB"))
    #expect(message { try AmberConvention.check(atoms: 357_913_941, bytesPerAtom: 12, file: "x.nc") } == "")
    var sample = Sample(seed: 27)
    let structure = sample.structure(atoms: 3)
    let error = message {
      _ = try AmberTrajectory.Writer(creating: folder.file("no/such/folder.nc"), header: header(structure, units: .lj))
    }
    #expect(error.contains("no/such/folder.nc: error: cannot create: No such file or directory"))
    // libnetcdf removes what it cannot create, be it a device: only regular files may come before it.
    let pipe = folder.file("pipe.nc")
    try #require(mkfifo(pipe, 0o600) == 0)
    let refused = message { _ = try AmberTrajectory.Writer(creating: pipe, header: header(structure, units: .lj)) }
    #expect(refused.contains("not a regular file"))
    #expect(folder.names == ["pipe.nc"])
    let full = message { try NetCDFLibrary.perform("write frame 3", on: "x.nc") { $0.then { ENOSPC } } }
    #expect(full.contains("x.nc: error: cannot write frame 3: No space left on device; free some space"))
  }

  @Test("A file of more than 3 GB is written and read at its end")
  func beyondFourGigabytes() throws {
    var sample = Sample(seed: 28)
    let structure = sample.structure(atoms: 100_000, cell: Sample.triclinic, velocities: false, forces: false)
    let header = header(structure, units: .lj)
    let path = try write(frames(structure, 2), header, to: "big.nc")
    let file = try ClassicNetCDF(path: path)
    // 3,700 frames of 1.2 MB make 4.4 GB, of which the middle is a hole that takes no disk.
    let count = 3700
    try #require(truncate(path, file.firstRecord + count * file.recordSize) == 0)
    let handle = try OutputFile(appendingTo: path, keepingBytes: file.firstRecord + count * file.recordSize)
    try handle.patch([0, 0, UInt8(count >> 8), UInt8(count & 255)], at: 4)
    try handle.close()
    let writer = try AmberTrajectory.Writer(appendingTo: path, keepingFrames: count, header: header)
    let last = frames(structure, 1, startingAt: 5)[0]
    try writer.append(last)
    try writer.close()
    let reader = try AmberTrajectory.Reader(path: path, units: .lj)
    #expect(reader.frameCount == count + 1)
    #expect(deviation(try reader.frame(count).positions, last.positions) < singlePrecision)
  }

  @Test("Writing a frame of 4096 atoms takes well under a millisecond")
  func cost() throws {
    var sample = Sample(seed: 29)
    let structure = sample.structure(atoms: 4096)
    var plain = header(structure, units: .lj)
    plain.fields = []
    for header in [plain, header(structure, units: .lj)] {
      let writer = try AmberTrajectory.Writer(creating: folder.file("s.nc"), header: header)
      var best = Double.infinity
      for _ in 0..<200 {
        let start = Files.monotonicSeconds()
        try writer.append(structure.frame)
        best = min(best, Files.monotonicSeconds() - start)
      }
      print("AMBER: \(best * 1e6) µs for a frame of 4096 atoms, fields \(header.fields.rawValue)")
      // The best of 200 is free of other processes' disturbance; measured 20 to 100 µs.
      #expect(best < 1e-3)
    }
  }

  @Test("Restarts come back in double precision", arguments: [Cell.open, Sample.general, Sample.leftHanded])
  func restart(_ cell: Cell) throws {
    var sample = Sample(seed: 30)
    for units in Units.allCases {
      var structure = sample.structure(atoms: 13, labels: ["Ar", "Kr"], units: units, cell: cell)
      structure.frame.step = 77
      structure.frame.time = 1.25
      structure.title = "restart"
      try AmberRestart.write(structure, to: folder.file("r.ncrst"), units: units)
      let back = try AmberRestart.read(path: folder.file("r.ncrst"), units: units)
      #expect(back.topology == structure.topology && back.title == "restart" && back.frame.step == 77)
      #expect(back.frame.cell == cell)
      // A rotation and a conversion each way: some units in the last place of numbers up to 40.
      #expect(deviation(back.frame.positions, structure.frame.positions) < 1e-13)
      #expect(deviation(back.frame.velocities, structure.frame.velocities) < 1e-13)
      #expect(deviation(back.frame.forces, structure.frame.forces) < 1e-13)
    }
    #expect(folder.names == ["r.ncrst"])
    try write([], header(sample.structure(atoms: 2), units: .lj), to: "t.nc")
    #expect(message { _ = try AmberRestart.read(path: folder.file("t.nc"), units: .lj) }.contains("not a restart"))
  }
}
