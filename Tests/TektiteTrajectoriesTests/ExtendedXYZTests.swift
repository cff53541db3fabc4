import Foundation
import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("ExtendedXYZ")
struct ExtendedXYZTests {
  let folder = TemporaryFolder()

  @Test(
    "What was written comes back bit for bit",
    arguments: [Cell.open, .cubic(12.1), Sample.triclinic, Sample.leftHanded])
  func roundTrip(_ cell: Cell) throws {
    var sample = Sample(seed: 3)
    var original = sample.structure(atoms: 57, labels: ["A", "B", "a-very-long-label"], cell: cell)
    original.frame.energy = -123.456789012345678
    original.frame.energies = (0..<57).map { _ in sample.number(-8..<0) }
    original.frame.stress = Matrix3(Vector3(1.1, 0.2, 0.3), Vector3(0.2, 2.2, 0.6), Vector3(0.3, 0.6, 3.3e-9))
    original.frame.step = 4200
    original.frame.time = 21.000000000000004
    original.frame.cell.periodic = cell == .open ? .none : Periodicity(true, false, true)
    original.topology = Topology(
      table: original.topology.table.map { Species($0.label, mass: 1) }, species: original.topology.species)
    original.title = "a \"quoted\" title"
    let writer = try ExtendedXYZ.Writer(path: folder.file("a.extxyz"), units: .lj)
    try writer.append(original)
    try writer.append(original)
    try writer.close()
    #expect(try ExtendedXYZ.read(path: folder.file("a.extxyz"), units: .lj) == [original, original])
  }

  @Test("Velocities in real units are Å/fs in the file")
  func velocities() throws {
    var sample = Sample(seed: 4)
    let original = sample.structure(atoms: 5, labels: ["Ar"], units: .real)
    let writer = try ExtendedXYZ.Writer(path: folder.file("v.xyz"), units: .real)
    try writer.append(original)
    try writer.flush()
    let back = try ExtendedXYZ.read(path: folder.file("v.xyz"), units: .real)[0]
    // One rounding on each way.
    #expect(deviation(back.frame.velocities, original.frame.velocities) < 1e-15)
    let raw = try ExtendedXYZ.read(path: folder.file("v.xyz"), units: .lj)[0]
    #expect(abs(raw.frame.velocities[0].x * 10.180505710759414 - original.frame.velocities[0].x) < 1e-14)
  }

  @Test("Momenta in the units of ASE become velocities")
  func momenta() throws {
    let path = try folder.write(
      "1\nProperties=species:S:1:pos:R:3:momenta:R:3:masses:R:1\nAr 0 0 0 80 -40 20 40\n", to: "m.xyz")
    let structure = try ExtendedXYZ.read(path: path, units: .real)[0]
    #expect(structure.frame.velocities == [Vector3(2, -1, 0.5)])
    #expect(structure.topology.masses == [40])
  }

  @Test("Files as ASE and others write them")
  func foreign() throws {
    let text = """
      2
      Lattice="5 0 0 1 6 0 0 0 7" Properties=species:S:1:pos:R:3:magmom:R:1:REF_forces:R:3:forces:R:3 dihedrals="_JSON [1, [2.0, 3]]" flag energy=-1.5 stress="1 2 3 4 5 6" pbc="T F T" note='a = b' other={1 2} list=[1,2]
      Si 0.0 1.0D0 2.0 0.5 9 9 9 1 2 3
      Ge   1 2 .5  0.1 9 9 9 4 5 6 trailing words
      1
      a plain comment
      H\t0 0 0

      """
    let structures = try ExtendedXYZ.read(
      path: folder.write(text.replacingOccurrences(of: "\n", with: "\r\n"), to: "f.xyz"), units: .real)
    let first = structures[0].frame
    #expect(structures.count == 2)
    #expect(
      first.cell
        == Cell(Matrix3(Vector3(5, 0, 0), Vector3(1, 6, 0), Vector3(0, 0, 7)), periodic: Periodicity(true, false, true))
    )
    #expect(first.positions == [Vector3(0, 1, 2), Vector3(1, 2, 0.5)])
    #expect(first.forces == [Vector3(1, 2, 3), Vector3(4, 5, 6)])
    #expect(first.energy == -1.5)
    #expect(first.stress == Matrix3(Vector3(1, 6, 5), Vector3(6, 2, 4), Vector3(5, 4, 3)))
    #expect(structures[1].title == "a plain comment")
    #expect(structures[1].topology.table.map(\.label) == ["Si", "Ge", "H"])
    #expect(structures[1].topology.masses == [1.008])
  }

  @Test("Errors name line and column")
  func errors() throws {
    let cases: [(text: String, place: String, words: String)] = [
      ("x\n", ":1:1:", "number of atoms"), ("2 3\n", ":1:1:", "number of atoms"), ("-1\n\n", ":1:1:", "at least one"),
      ("99999999999\n\nH 0 0 0\n", ":1:1:", "promises"), ("2\n\nH 0 0 0\n", ":3:", "ends after 1 of the 2"),
      ("1\n", ":1:", "comment line"),
      ("1\nLattice=\"1 2 3\" Properties=species:S:1:pos:R:3\nH 0 0 0\n", ":2:1:", "nine numbers"),
      ("1\nProperties=species:S:1:pos:R:3\nH 0 zero 0\n", ":3:5:", "'zero'"), ("1\n\nH 0 0\n", ":3:6:", "line ends"),
      ("1\nProperties=species:S:1:posi:R:3\nH 0 0 0\n", ":2:1:", "did you mean pos"),
      ("1\n\nH 0 0 inf\n", ":3:7:", "not finite"),
      ("1\nProperties=species:S:1:pos:Q:3\nH 0 0 0\n", ":2:1:", "R, I, S or L"), ("1\n\nH 0 0 ***\n", ":3:7:", "'***'"),
      ("1\nLattice=\"1 0 0 2 0 0 0 0 1\" pbc=\"T T T\"\nH 0 0 0\n", ":2:1:", "one plane"),
      ("1\nProperties=species:S:1:pos:R:3 pbc=\"T T T\"\nH 0 0 0\n", ":2:32:", "periodic but"),
      ("1\nProperties=species:S:1:pos:R:3 energy=low\nH 0 0 0\n", ":2:32:", "should be a number"),
      ("1\nProperties=Z:I:1:pos:R:3\n300 0 0 0\n", ":3:1:", "not an atomic number"), ("", "error", "no frame"),
      ("\n\n", "error", "no frame"),
    ]
    for (text, place, words) in cases {
      let path = try folder.write(text, to: "e.xyz")
      let error = message { _ = try ExtendedXYZ.read(path: path, units: .lj) }
      #expect(error.contains(place) && error.contains(words), "\(text.debugDescription): \(error)")
    }
    #expect(message { _ = try ExtendedXYZ.read(path: folder.path, units: .lj) }.contains("folder"))
    #expect(message { _ = try ExtendedXYZ.read(path: folder.file("none"), units: .lj) }.contains("No such file"))
  }

  @Test("Cutting back and going on gives the bytes of a file that was never interrupted")
  func append() throws {
    var sample = Sample(seed: 5)
    let frames = (0..<4).map { _ in sample.structure(atoms: 9) }
    let whole = try ExtendedXYZ.Writer(path: folder.file("whole.xyz"), units: .lj)
    let broken = try ExtendedXYZ.Writer(path: folder.file("cut.xyz"), units: .lj)
    for frame in frames { try whole.append(frame) }
    for frame in frames[..<2] { try broken.append(frame) }
    let length = broken.byteLength
    try broken.append(frames[0])
    let resumed = try ExtendedXYZ.Writer(appendingTo: folder.file("cut.xyz"), keepingBytes: length, units: .lj)
    for frame in frames[2...] { try resumed.append(frame) }
    #expect(try folder.bytes("whole.xyz") == folder.bytes("cut.xyz"))
    #expect(
      message { _ = try ExtendedXYZ.Writer(appendingTo: folder.file("cut.xyz"), keepingBytes: 1 << 20, units: .lj) }
        .contains("1048576"))
  }

  @Test("A frame larger than the buffer, read in pieces")
  func large() throws {
    var sample = Sample(seed: 6)
    let structure = sample.structure(atoms: 20_000)
    let writer = try ExtendedXYZ.Writer(path: folder.file("l.xyz"), units: .lj)
    try writer.append(structure)
    var best = Double.infinity
    var back: [Structure] = []
    for _ in 0..<5 {
      let start = Files.monotonicSeconds()
      back = try ExtendedXYZ.read(path: folder.file("l.xyz"), units: .lj)
      best = min(best, Files.monotonicSeconds() - start)
    }
    print("extended XYZ: \(best / 20_000 * 4096 * 1e3) ms to read 4096 atoms with velocities and forces")
    #expect(back[0].frame.positions == structure.frame.positions)
  }
}
