import Foundation
import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("Files of two dimensions")
struct PlanarFileTests {
  private static func structure() -> Structure {
    let cell = Cell(
      Matrix3(Vector3(12, 0, 0), Vector3(3, 9, 0), .zero), periodic: Periodicity(true, true, false), dimensions: 2)
    var built = StructureBuilder(
      .random, counts: [.init(Species("A"), 13), .init(Species("B"), 7)], cell: cell, seed: 5
    ).build().structure
    built.frame.velocities = built.frame.positions.map { 0.1 * $0 }
    return built
  }

  private static func path(_ name: String) -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)").path
  }

  @Test("Extended XYZ carries the dimensions, and everything comes back bit for bit")
  func extendedXYZ() throws {
    let path = Self.path("planar.extxyz")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let structure = Self.structure()
    let writer = try ExtendedXYZ.Writer(path: path, units: .lj)
    try writer.append(structure)
    try writer.close()
    let back = try #require(try ExtendedXYZ.read(path: path, units: .lj).first)
    #expect(back.frame.cell == structure.frame.cell && back.dimensions == 2)
    #expect(back.frame.positions == structure.frame.positions && back.frame.velocities == structure.frame.velocities)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for (old, new, complaint) in [
      ("dimensions=2", "dimensions=1", "dimensions should be 2 or 3"),
      ("0.0\nB", "0.5\nB", "and not 0"),
    ] {
      try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
      #expect { _ = try ExtendedXYZ.read(path: path, units: .lj) } throws: {
        ($0 as? InputError)?.message.contains(complaint) ?? false
      }
    }
  }

  @Test("A third vector along z, which other programs write, is dropped where the file says two dimensions")
  func thirdVector() throws {
    let path = Self.path("third.extxyz")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try """
    1
    Lattice="5 0 0 0 6 0 0 0 1" Properties=species:S:1:pos:R:3 dimensions=2 pbc="T T T"
    A 1 2 0

    """.write(toFile: path, atomically: true, encoding: .utf8)
    let back = try #require(try ExtendedXYZ.read(path: path, units: .lj).first)
    #expect(back.frame.cell == .rectangle(5, 6) && back.frame.cell.volume == 30)
  }

  @Test("AMBER trajectories and restarts carry the dimensions, wrapped or not")
  func amber() throws {
    let structure = Self.structure()
    for unwrapped in [true, false] {
      let path = Self.path("planar.nc")
      defer { try? FileManager.default.removeItem(atPath: path) }
      let header = AmberTrajectory.Header(
        topology: structure.topology, units: .lj, cell: structure.frame.cell, fields: [.velocities],
        unwrapped: unwrapped)
      let writer = try AmberTrajectory.Writer(creating: path, header: header)
      try writer.append(structure.frame)
      try writer.close()
      let reader = try AmberTrajectory.Reader(path: path, units: .lj)
      let back = try reader.frame(0)
      #expect(back.cell == structure.frame.cell)
      for (a, b) in zip(back.positions, structure.frame.positions) {
        // Floats of coordinates up to 15.
        #expect((a - b).length < 2e-6 && a.z == 0)
      }
      // A run in three dimensions does not go on in it.
      var other = header
      other.cell = Cell(header.cell.vectors, periodic: header.cell.periodic)
      #expect(throws: OutputError.self) {
        _ = try AmberTrajectory.Writer(appendingTo: path, keepingFrames: 1, header: other)
      }
      _ = try AmberTrajectory.Writer(appendingTo: path, keepingFrames: 1, header: header)
    }
    let path = Self.path("planar.ncrst")
    defer { try? FileManager.default.removeItem(atPath: path) }
    try AmberRestart.write(structure, to: path, units: .lj)
    #expect(try AmberRestart.read(path: path, units: .lj).frame.cell == structure.frame.cell)
  }

  @Test("LAMMPS data of a plane becomes planar where that is asked for, and what is not flat says why")
  func flattened() throws {
    let path = Self.path("planar.data")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let structure = Self.structure()
    try LAMMPSData.write(structure, to: path, units: .lj)
    let read = try LAMMPSData.read(path: path, units: .lj)
    #expect(read.dimensions == 3 && read.frame.cell.vectors.c.z == 1)
    let flat = try read.flattened()
    #expect(flat.frame.cell == structure.frame.cell)
    for (a, b) in zip(flat.frame.positions, structure.frame.positions) { #expect((a - b).length < 1e-12) }
    func complaint(_ change: (inout Structure) -> Void) -> String {
      var changed = read
      change(&changed)
      do throws(InputError) {
        _ = try changed.flattened()
        return ""
      } catch { return error.message }
    }
    #expect(complaint { $0.frame.positions[3].z += 0.1 }.contains("atom 4"))
    #expect(complaint { $0.frame.velocities[2].z = 1 }.contains("atom 3 has the velocity"))
    #expect(complaint { $0.frame.cell.vectors.c.x = 1 }.contains("along z"))
  }

  @Test("Planar cells: area, widths, what is wrong with them; lattices of a density")
  func cells() {
    let cell = Self.structure().frame.cell
    #expect(abs((cell.volume ?? 0) - 108) < 1e-12 && cell.validate() == nil)
    #expect(cell.repeatingWidths?.narrowest == 9)
    #expect(Cell(cell.vectors, periodic: cell.periodic).volume == nil)
    #expect(Cell(cell.vectors, periodic: .all, dimensions: 2).validate()?.contains("direction 3 is periodic") == true)
    #expect(
      Cell(Matrix3(Vector3(1, 0, 0), Vector3(0, 1, 1), .zero), periodic: cell.periodic, dimensions: 2)
        .validate()?.contains("plane z = 0") == true)
    for count in [1, 2, 7, 168, 1000, 4096] {
      let box = Lattice.hexagonal.rectangle(for: count, density: 1.2)
      #expect(abs((box.volume ?? 0) * 1.2 - Double(count)) < 1e-9 * Double(count))
      let (a, b, c) = Lattice.hexagonal.grid(for: count, in: box)
      #expect(c == 1 && 2 * a * b >= count)
      if count > 100 {
        #expect(Double(2 * a * b) < 1.06 * Double(count))
        // The perfect lattice, unless empty sites would cost more than the strain that another one takes.
        let strain = box.vectors.b.y / Double(b) / (box.vectors.a.x / Double(a)) / 3.0.squareRoot()
        let vacancies = Double(2 * a * b) / Double(count) - 1
        #expect(abs(strain - 1) + vacancies < 0.03)
        if count == 168 { #expect(abs(strain - 1) < 1e-9 && vacancies == 0) }
        #expect(abs(box.vectors.a.x / box.vectors.b.y - 1) < 0.2)
      }
    }
  }
}
