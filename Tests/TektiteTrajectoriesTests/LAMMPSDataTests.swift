import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("LAMMPSData")
struct LAMMPSDataTests {
  let folder = TemporaryFolder()

  @Test("What was written comes back", arguments: [Cell.orthorhombic(10, 11, 12), Sample.triclinic])
  func roundTrip(_ cell: Cell) throws {
    var sample = Sample(seed: 11)
    let original = sample.structure(atoms: 40, cell: cell, forces: false)
    try LAMMPSData.write(original, to: folder.file("a.data"), units: .lj)
    let back = try LAMMPSData.read(path: folder.file("a.data"), units: .lj)
    #expect(back.topology == original.topology)
    #expect(back.frame.cell == cell)
    // Wrapping and unwrapping round once each, at coordinates below 32.
    #expect(deviation(back.frame.positions, original.frame.positions) < 1e-14)
    #expect(deviation(back.frame.velocities, original.frame.velocities) < 1e-14)
  }

  @Test(
    "Distances survive the rotation of general and left-handed cells", arguments: [Sample.general, Sample.leftHanded])
  func rotated(_ cell: Cell) throws {
    var sample = Sample(seed: 12)
    let original = sample.structure(atoms: 12, units: .real, cell: cell)
    try LAMMPSData.write(original, to: folder.file("r.data"), units: .real)
    let back = try LAMMPSData.read(path: folder.file("r.data"), units: .real)
    let (p, q) = (original.frame.positions, back.frame.positions)
    for i in 1..<12 { #expect(abs((p[i] - p[0]).length - (q[i] - q[0]).length) < 1e-12) }
    // A proper rotation keeps the sign of a triple product: no mirror image.
    let triple = { (r: [Vector3]) in (r[1] - r[0]).dot((r[2] - r[0]).cross(r[3] - r[0])) }
    #expect(abs(triple(p) - triple(q)) < 1e-9 * abs(triple(p)))
    #expect(back.frame.cell.vectors.determinant > 0)
    #expect(abs(back.frame.velocities[3].length - original.frame.velocities[3].length) < 1e-13)
  }

  static let file = """
    LAMMPS data file via write_data

    3 atoms
    2 atom types
    0 bonds

    0 10 xlo xhi
    -1.0e0 9 ylo yhi
    0 12 zlo zhi
    1 0.5 -0.5 xy xz yz

    Masses

    1 28.085 # Si
    2 15.999 # O

    Pair Coeffs # lj/cut

    1 1 1
    2 1 1

    Atoms # atomic

    7 2 1 2 3 0 1 -1
    2 1 0.5 0.5 0.5 0 0 0
    4 2 2 2 2

    Velocities

    2 1 0 0
    4 0 1 0
    7 0 0 1
    """

  @Test("Sections, image flags, order of ids and labels")
  func sections() throws {
    let structure = try LAMMPSData.read(path: folder.write(Self.file, to: "s.data"), units: .real)
    #expect(structure.topology.table == [Species("Si"), Species("O")])
    #expect(structure.topology.species == [0, 1, 1])
    #expect(structure.frame.positions[0] == Vector3(0.5, 0.5, 0.5))
    #expect(structure.frame.positions[2] == Vector3(1 + 1 - 0.5, 2 + 10 + 0.5, 3 - 12))
    // 1 Å/ps is 0.01018050571075941400 Å per internal unit of time.
    #expect(abs(structure.frame.velocities[0].x - 0.010180505710759414) < 1e-17)
    let named = try LAMMPSData.read(path: folder.file("s.data"), units: .lj, labels: ["A", "B"])
    #expect(named.topology.table.map(\.label) == ["A", "B"])
    #expect(named.topology.table.map(\.mass) == [28.085, 15.999])
    let labelled = Self.file.replacingOccurrences(
      of: "Pair Coeffs # lj/cut\n\n1 1 1\n2 1 1", with: "Atom Type Labels\n\n1 foo\n2 bar"
    )
    .replacingOccurrences(of: "7 2 1 2 3", with: "7 bar 1 2 3")
    let other = try LAMMPSData.read(path: folder.write(labelled, to: "t.data"), units: .real)
    #expect(other.topology.table.map(\.label) == ["foo", "bar"])
    #expect(other.topology.species == [0, 1, 1])
  }

  @Test("Errors name the line")
  func errors() throws {
    let cases: [(from: String, to: String, words: String)] = [
      ("3 atoms", "4 atoms", "ends after 3 of the 4"), ("3 atoms", "2 atoms", "more atoms than the 2"),
      ("3 atoms", "999999999999 atoms", ":3:1:"),
      ("3 atoms", "3 atmos", "did you mean 'atoms'"), ("7 2 1 2 3 0 1 -1", "7 3 1 2 3 0 1 -1", "atom type 3"),
      ("7 2 1 2 3 0 1 -1", "7 2 1 2", ":24:1:"), ("7 2 1 2 3 0 1 -1", "7 2 1 2 x 0 1 -1", ":24:9:"),
      ("7 2 1", "2 2 1", "two atoms with id 2"),
      ("Velocities", "Velocites", "did you mean 'Velocities'"), ("0 10 xlo xhi", "0 -1 xlo xhi", "upper bound"),
      ("0 10 xlo xhi\n", "", "lacks 'xlo xhi'"), ("1 28.085", "1 -28", "positive mass"),
      ("# atomic", "# sphere", "'sphere'"),
      ("2 1 0 0\n4", "4 1 0 0\n4", "each atom once"), ("2 atom types", "1.5 atom types", "whole number"),
    ]
    for (from, to, words) in cases {
      let text = Self.file.replacingOccurrences(of: from, with: to)
      let path = try folder.write(text, to: "e.data")
      let error = message { _ = try LAMMPSData.read(path: path, units: .real) }
      #expect(error.contains(words), "\(to): \(error)")
    }
  }

  @Test("A box is made around atoms without a cell")
  func open() throws {
    var sample = Sample(seed: 13)
    let original = sample.structure(atoms: 6, cell: .open)
    try LAMMPSData.write(original, to: folder.file("o.data"), units: .lj)
    let back = try LAMMPSData.read(path: folder.file("o.data"), units: .lj)
    #expect(back.frame.positions == original.frame.positions)
  }
}
