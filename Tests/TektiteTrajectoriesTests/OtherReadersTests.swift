import Foundation
import TektiteCore
import Testing

@testable import TektiteTrajectories

/// Writes the edge cases of AMBER files and has other people's readers compare them number by number (`Tests/Readers/readers.py`).
@Suite("Other readers")
struct OtherReadersTests {
  let folder = TemporaryFolder()

  /// What went into a file, in the axes of the run.
  struct Expected: Encodable {
    struct Frame: Encodable {
      var time: Double
      var step: Int
      var positions: [Double]
      var velocities: [Double]
      var forces: [Double]
      var cell: [Double]
    }
    var file: String
    var atoms: Int
    var wrapped: Bool
    var rotated: Bool
    var periodic: [Bool]
    var huge = false
    var frameCount: Int
    var frames: [Frame]
  }

  private static func flat(_ vectors: [Vector3], _ factor: Double = 1) -> [Double] {
    vectors.flatMap { [factor * $0.x, factor * $0.y, factor * $0.z] }
  }

  /// One ps, one Å/ps and one kcal/mol/Å in terms of the internal units, from the constants of CODATA 2018 and not from the code under test.
  private static func expected(_ frame: Frame, _ units: Units) -> Expected.Frame {
    let internalTime = 1e-10 * (1.660_539_066_60e-27 / 1.602_176_634e-19).squareRoot() * 1e12
    let (time, velocity, force) =
      units == .lj ? (1, 1, 1) : (internalTime, 1 / internalTime, 1.602_176_634e-19 * 6.022_140_76e23 / 4184)
    let v = frame.cell.vectors
    return .init(
      time: frame.time * time, step: frame.step, positions: flat(frame.positions),
      velocities: flat(frame.velocities, velocity),
      forces: flat(frame.forces, force), cell: v == .zero ? [] : flat([v.a, v.b, v.c]))
  }

  private func save(
    _ name: String, _ structure: Structure, _ frames: [Frame], units: Units = .lj, unwrapped: Bool = true,
    rotated: Bool = false,
    evenlySpaced: Bool = true
  ) throws {
    let writer = try AmberTrajectory.Writer(
      creating: folder.file(name + ".nc"),
      header: header(structure, units: units, unwrapped: unwrapped, evenlySpaced: evenlySpaced))
    for frame in frames { try writer.append(frame) }
    try writer.close()
    try describe(name, ".nc", structure, frames, units: units, unwrapped: unwrapped, rotated: rotated)
  }

  private func describe(
    _ name: String, _ ending: String, _ structure: Structure, _ frames: [Frame], units: Units, unwrapped: Bool = true,
    rotated: Bool = false, hugeCount: Int? = nil
  ) throws {
    let p = structure.frame.cell.periodic
    let expected = Expected(
      file: name + ending, atoms: structure.count, wrapped: !unwrapped, rotated: rotated, periodic: [p.a, p.b, p.c],
      huge: hugeCount != nil, frameCount: hugeCount ?? frames.count, frames: frames.map { Self.expected($0, units) })
    try JSONEncoder().encode(expected).write(to: URL(fileURLWithPath: folder.file(name + ".json")))
    try TopologyPDB.write(structure, to: folder.file(name + ".pdb"), units: units)
  }

  private func frames(_ structure: Structure, _ count: Int, times: (Int) -> (Int, Double)) -> [Frame] {
    var sample = Sample(seed: 61)
    return (0..<count).map { k in
      var frame = structure.frame
      (frame.step, frame.time) = times(k)
      for i in frame.positions.indices { frame.positions[i] += sample.vector(-1..<1) }
      return frame
    }
  }

  private func makeCases() throws {
    var sample = Sample(seed: 60)
    let even = { (k: Int) in (10 * k, 0.05 * Double(k)) }
    let cube = sample.structure(atoms: 20)
    let real = sample.structure(atoms: 20, labels: ["Ar", "C", "Si"], units: .real, cell: Sample.triclinic)
    try save("one-atom", sample.structure(atoms: 1), frames(sample.structure(atoms: 1), 2, times: even))
    try save("one-frame", cube, frames(cube, 1, times: even))
    try save("no-frames", cube, [])
    let open = sample.structure(atoms: 5, cell: .open)
    try save("no-cell", open, frames(open, 3, times: even))
    try save("triclinic", real, frames(real, 3, times: even), units: .real)
    let turned = sample.structure(atoms: 20, labels: ["Ar"], units: .real, cell: Sample.general)
    try save("general-cell", turned, frames(turned, 3, times: even), units: .real, rotated: true)
    // 10⁸ steps of 1 fs are beyond what a float can tell apart.
    try save("huge-time", real, frames(real, 3) { (100_000_000 + $0, 1e8 + Double($0)) }, units: .real)
    let mirrored = sample.structure(atoms: 20, labels: ["C", "H"], units: .real, cell: Sample.leftHanded)
    try save("left-handed", mirrored, frames(mirrored, 2, times: even), units: .real, rotated: true)
    try save("wrapped", cube, frames(cube, 3, times: even), unwrapped: false)
    try save(
      "wrapped-left-handed", mirrored, frames(mirrored, 2, times: even), units: .real, unwrapped: false, rotated: true)
    try save("velocities-and-forces", real, frames(real, 4, times: even), units: .real)
    try save("log-spaced", cube, frames(cube, 5) { (1 << $0, 0.005 * Double(1 << $0)) }, evenlySpaced: false)
    var slab = sample.structure(atoms: 8)
    slab.frame.cell = Cell(Matrix3(Vector3(8, 0, 0), Vector3(1, 9, 0), .zero), periodic: Periodicity(true, true, false))
    try save("slab", slab, frames(slab, 2, times: even))
    // Killed while a third frame was in flight: its bytes are there, the header does not count it.
    try save("killed", cube, frames(cube, 2, times: even))
    let handle = try #require(FileHandle(forWritingAtPath: folder.file("killed.nc")))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(repeating: 1, count: 333))
    try handle.close()
    try AmberRestart.write(
      Structure(topology: turned.topology, frame: turned.frame, title: "restart"), to: folder.file("restart.ncrst"),
      units: .real)
    try describe("restart", ".ncrst", turned, [turned.frame], units: .real, rotated: true)
  }

  private func makeHuge() throws {
    var sample = Sample(seed: 62)
    let structure = sample.structure(atoms: 100_000, cell: Sample.triclinic, velocities: false, forces: false)
    let header = header(structure, units: .lj)
    let path = folder.file("huge.nc")
    let writer = try AmberTrajectory.Writer(creating: path, header: header)
    try writer.append(structure.frame)
    try writer.close()
    let file = try ClassicNetCDF(path: path)
    let count = 2600
    try #require(truncate(path, file.firstRecord + count * file.recordSize) == 0)
    let raw = try OutputFile(appendingTo: path, keepingBytes: file.firstRecord + count * file.recordSize)
    try raw.patch([0, 0, UInt8(count >> 8), UInt8(count & 255)], at: 4)
    let resumed = try AmberTrajectory.Writer(appendingTo: path, keepingFrames: count, header: header)
    try resumed.append(structure.frame)
    try resumed.close()
    try describe("huge", ".nc", structure, [structure.frame], units: .lj, hugeCount: count + 1)
  }

  private func makeXYZ() throws {
    struct Wanted: Encodable {
      var positions, forces, energies, stress, cell: [Double]
      var energy: Double
      var periodic: [Bool]
      var symbols: [String]
    }
    var sample = Sample(seed: 63)
    var structure = sample.structure(atoms: 9, labels: ["Ar", "C"], units: .real, cell: Sample.general)
    structure.frame.energy = sample.number(-10..<0)
    structure.frame.energies = (0..<9).map { _ in sample.number(-1..<0) }
    structure.frame.stress = Matrix3(Vector3(1, 0.1, 0.2) / 3, Vector3(0.1, 2, 0.3) / 3, Vector3(0.2, 0.3, 3) / 3)
    structure.frame.cell.periodic = Periodicity(true, true, false)
    let writer = try ExtendedXYZ.Writer(path: folder.file("structure.extxyz"), units: .real)
    try writer.append(structure)
    try writer.append(structure)
    try writer.close()
    let (s, v) = (structure.frame.stress ?? .zero, structure.frame.cell.vectors)
    let wanted = Wanted(
      positions: Self.flat(structure.frame.positions), forces: Self.flat(structure.frame.forces),
      energies: structure.frame.energies,
      stress: Self.flat([s.a, s.b, s.c]), cell: Self.flat([v.a, v.b, v.c]), energy: structure.frame.energy ?? 0,
      periodic: [true, true, false], symbols: structure.topology.species.map { structure.topology.table[Int($0)].label }
    )
    try JSONEncoder().encode(wanted).write(to: URL(fileURLWithPath: folder.file("structure.xyz.json")))
  }

  @Test("MDAnalysis, mdtraj, ASE, chemfiles, ParmEd, netCDF4 and scipy read what was written")
  func compare() throws {
    let environment = ProcessInfo.processInfo.environment
    guard let python = environment["TEKTITE_PYTHON"] else {
      print("TEKTITE_PYTHON is not set: files are not compared with other people's readers")
      return
    }
    try makeCases()
    try makeXYZ()
    if environment["TEKTITE_SLOW"] != nil {
      try makeHuge()
    } else {
      print("TEKTITE_SLOW is not set: the file of 3 GB is not given to other readers")
    }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Readers/readers.py").path
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script, folder.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    print(output)
    #expect(process.terminationStatus == 0, "\(output)")
    // What ASE wrote is what we read.
    let back = try ExtendedXYZ.read(path: folder.file("ase.extxyz"), units: .real)[0]
    let ours = try ExtendedXYZ.read(path: folder.file("structure.extxyz"), units: .real)[0]
    #expect(
      back.topology.species == ours.topology.species && back.frame.cell == ours.frame.cell
        && back.frame.energy == ours.frame.energy)
    // ASE prints eight decimals.
    #expect(deviation(back.frame.positions, ours.frame.positions) < 1e-8)
    #expect(deviation(back.frame.forces, ours.frame.forces) < 1e-8)
  }
}
