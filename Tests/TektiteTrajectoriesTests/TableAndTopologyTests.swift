import Foundation
import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("ThermoTable")
struct ThermoTableTests {
  let folder = TemporaryFolder()
  let columns = [ThermoTable.Column("step"), .init("time", unit: "tau"), .init("a,b", unit: "x")]

  @Test("Header, numerals, and going on after a cut")
  func table() throws {
    let table = try ThermoTable(creating: folder.file("a.csv"), columns: columns)
    try table.append([0, 0.1, -0.0])
    let length = table.byteLength
    try table.append([1e9, .nan, 1e300])
    try table.flush()
    try table.close()
    #expect(
      try String(contentsOfFile: folder.file("a.csv"), encoding: .utf8)
        == "step,time (tau),\"a,b (x)\"\n0,0.1,-0.0\n1000000000,nan,1e+300\n")
    let resumed = try ThermoTable(appendingTo: folder.file("a.csv"), keepingBytes: length, columns: columns)
    try resumed.append([2, 0.2, 3])
    #expect(try String(contentsOfFile: folder.file("a.csv"), encoding: .utf8).hasSuffix("\n0,0.1,-0.0\n2,0.2,3\n"))
    #expect(
      message { _ = try ThermoTable(appendingTo: folder.file("a.csv"), keepingBytes: 60, columns: [.init("other")]) }
        .contains("other"))
    #expect(
      message { _ = try ThermoTable(appendingTo: folder.file("a.csv"), keepingBytes: 9999, columns: columns) }.contains(
        "9999"))
    #expect(message { _ = try ThermoTable(creating: folder.path, columns: columns) }.contains("Is a directory"))
    // Through a link of our own, so that nothing can happen to the device.
    try FileManager.default.createSymbolicLink(atPath: folder.file("full.csv"), withDestinationPath: "/dev/full")
    #expect(
      message { _ = try ThermoTable(creating: folder.file("full.csv"), columns: columns) }.contains("No space left"))
  }
}

@Suite("TopologyPDB")
struct TopologyPDBTests {
  let folder = TemporaryFolder()

  @Test("Labels and masses come back, however odd and many")
  func roundTrip() throws {
    var sample = Sample(seed: 41)
    let labels = ["A", "B", "Ar", "carbon-12", "carbon-13", "ä", "H O"]
    for units in Units.allCases {
      let structure = sample.structure(atoms: 100_010, labels: labels, units: units, cell: Sample.general)
      try TopologyPDB.write(structure, to: folder.file("t.pdb"), units: units)
      let back = try TopologyPDB.read(path: folder.file("t.pdb"), units: units)
      #expect(back.species == structure.topology.species)
      #expect(back.table.map(\.label) == labels)
      #expect(back.masses == structure.topology.masses)
    }
    let lines = try String(contentsOfFile: folder.file("t.pdb"), encoding: .utf8).split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("ATOM") }.allSatisfy { $0.utf8.count == 80 })
    #expect(lines.filter { $0.hasPrefix("CRYST1") }.count == 1)
  }

  @Test(
    "Fields are as wide as they should be",
    arguments: [0, 1.23456, -0.0001, 99999.5, -12345.678, 1e7, -1e9, .nan, .infinity])
  func fields(_ value: Double) {
    let text = TopologyPDB.fixed(value, 8, 3)
    #expect(text.count == 8)
    if value.isFinite && abs(value) < 1e8 {
      // Rounded to the decimals that fit.
      #expect(abs((Double(text.trimmingCharacters(in: .whitespaces)) ?? .nan) - value) <= 0.5)
    }
  }

  @Test("A PDB file of another program")
  func foreign() throws {
    let text = """
      HEADER    X
      ATOM      1  CA  GLY A   1      11.104   6.134  -6.504  1.00  0.00           C
      HETATM    2 CL    CL A   2      11.104   6.134  -6.504  1.00  0.00          CL
      ATOM      3  Q
      END
      ATOM      4  Q
      """
    let topology = try TopologyPDB.read(path: folder.write(text, to: "f.pdb"), units: .real)
    #expect(topology.species.map { topology.table[Int($0)].label } == ["C", "Cl", "Q"])
    #expect(
      message { _ = try TopologyPDB.read(path: folder.write("nothing", to: "n.pdb"), units: .real) }.contains("no ATOM")
    )
  }
}

@Suite("StructureFile")
struct StructureFileTests {
  let folder = TemporaryFolder()

  @Test("Formats are told apart by content and extension, and described")
  func formats() throws {
    var sample = Sample(seed: 51)
    var structure = sample.structure(atoms: 10, cell: Sample.triclinic)
    structure.frame.time = 3
    let xyz = try ExtendedXYZ.Writer(path: folder.file("s.extxyz"), units: .lj)
    try xyz.append(structure)
    try xyz.append(structure)
    try LAMMPSData.write(structure, to: folder.file("s.data"), units: .lj)
    try AmberRestart.write(structure, to: folder.file("s.ncrst"), units: .lj)
    let writer = try AmberTrajectory.Writer(
      creating: folder.file("s.nc"), header: header(structure, units: .lj, evenlySpaced: false))
    try writer.append(structure.frame)
    try writer.append(structure.frame)
    try writer.close()
    try CheckpointFileTests.example().write(to: folder.file("s.tektite"))
    let expected: [(String, StructureFile.Format, Int?)] = [
      ("s.extxyz", .extendedXYZ, 2), ("s.data", .lammpsData, 1), ("s.ncrst", .amberRestart, 1),
      ("s.nc", .amberTrajectory, 2),
      ("s.tektite", .checkpoint, nil),
    ]
    for (name, format, frames) in expected {
      let path = folder.file(name)
      #expect(try StructureFile.format(of: path) == format)
      let description = try StructureFile.describe(path, units: .lj)
      #expect(description.frames == frames)
      #expect(
        try JSONDecoder().decode(StructureFile.Description.self, from: JSONEncoder().encode(description)) == description
      )
      #expect(description.lines.count > 4)
      guard let frames else {
        #expect(message { _ = try StructureFile.read(path: path, units: .lj) }.contains("checkpoint"))
        continue
      }
      let structures = try StructureFile.read(path: path, units: .lj)
      #expect(structures.count == frames)
      #expect(deviation(structures[0].frame.positions, structure.frame.positions) < singlePrecision)
      #expect(description.atoms == 10 && description.species.map(\.count) == [5, 5])
      // The same content under a name that says nothing.
      try FileManager.default.copyItem(atPath: path, toPath: folder.file("plain-\(name.dropFirst(2))x"))
      #expect(try StructureFile.format(of: folder.file("plain-\(name.dropFirst(2))x")) == format)
    }
    let amber = try StructureFile.describe(folder.file("s.nc"))
    #expect(amber.units == .lj && amber.lastTime == 3 && amber.attributes["tektite_deck_sha256"]?.count == 64)
    #expect(amber.notes.contains { $0.contains("not evenly spaced") })
    #expect(
      message { _ = try StructureFile.read(path: folder.write("hello\n", to: "x.txt"), units: .lj) }.contains(
        "no known format"))
    #expect(
      message { _ = try StructureFile.read(path: folder.write("hello\n", to: "x.nc"), units: .lj) }.contains(
        "not a netCDF"))
  }

  @Test("Names from a PDB file beside a foreign trajectory")
  func names() throws {
    var sample = Sample(seed: 52)
    let structure = sample.structure(atoms: 10)
    let writer = try AmberTrajectory.Writer(creating: folder.file("s.nc"), header: header(structure, units: .lj))
    try writer.append(structure.frame)
    try writer.close()
    var bytes = try folder.bytes("s.nc")
    // Hide our own species, as a file of another program would lack them.
    let name = Array("tektite_species".utf8)
    for i in 0..<(bytes.count - name.count) where Array(bytes[i..<(i + name.count)]) == name {
      bytes[i] = UInt8(ascii: "T")
    }
    try folder.write(bytes, to: "s.nc")
    #expect(
      try AmberTrajectory.Reader(path: folder.file("s.nc"), units: .lj).structure(0).topology.table.map(\.label) == [
        "X"
      ])
    try TopologyPDB.write(structure, to: folder.file("topology.pdb"), units: .lj)
    #expect(
      try AmberTrajectory.Reader(path: folder.file("s.nc"), units: .lj).structure(0).topology == structure.topology)
  }

  @Test("Reference configurations are read")
  func reference() throws {
    guard let data = ProcessInfo.processInfo.environment["TEKTITE_DATA"] else {
      print("TEKTITE_DATA is not set: reference configurations are not read")
      return
    }
    let cold = try StructureFile.read(path: data + "/kob-andersen/ka-4096-T0.44.extxyz", units: .lj)
    #expect(cold[0].topology.composition == [3277, 819])
    let start = Files.monotonicSeconds()
    let hot = try StructureFile.read(path: data + "/kob-andersen/ka-4000-T2.0.extxyz", units: .lj)
    print(
      "extended XYZ: \((Files.monotonicSeconds() - start) * 1e3) ms for 4000 atoms with velocities, forces and energies"
    )
    #expect(
      hot[0].frame.energies.count == 4000 && hot[0].frame.forces.count == 4000 && hot[0].frame.velocities.count == 4000)
    #expect(try StructureFile.read(path: data + "/acac/train_300K.xyz", units: .real).count == 500)
  }
}
