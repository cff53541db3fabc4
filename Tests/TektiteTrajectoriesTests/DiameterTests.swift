import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteTrajectories

@Suite("Diameters in files")
struct DiameterTests {
  private static func structure(_ seed: UInt64 = 4) -> Structure {
    var sample = Sample(seed: seed)
    var structure = sample.structure(atoms: 17, labels: ["A"])
    structure.frame.diameters = (0..<17).map { _ in sample.number(0.7..<1.7) }
    return structure
  }

  @Test("extended XYZ keeps every bit of them, as radii")
  func extendedXYZ() throws {
    let folder = TemporaryFolder()
    let structure = Self.structure()
    let writer = try ExtendedXYZ.Writer(path: folder.file("a.extxyz"), units: .lj)
    try writer.append(structure)
    try writer.close()
    let read = try ExtendedXYZ.read(path: folder.file("a.extxyz"), units: .lj)
    #expect(read[0].frame.diameters == structure.frame.diameters)
    #expect(read[0].table[0].diameters == structure.table[0].diameters && read[0].table[0].diameters != nil)
  }

  @Test("extended XYZ takes a column of diameters too, and refuses sizes that are not positive")
  func columns() throws {
    let folder = TemporaryFolder()
    func file(_ column: String, _ value: String) throws -> String {
      try folder.write(
        "1\nProperties=species:S:1:pos:R:3:\(column):R:1\nA 0 0 0 \(value)\n", to: "\(column)\(value).xyz")
    }
    #expect(try ExtendedXYZ.read(path: file("diameter", "1.25"), units: .lj)[0].frame.diameters == [1.25])
    #expect(try ExtendedXYZ.read(path: file("radius", "1.25"), units: .lj)[0].frame.diameters == [2.5])
    for (column, value) in [("radius", "0"), ("diameter", "-1")] {
      let path = try file(column, value)
      #expect {
        try ExtendedXYZ.read(path: path, units: .lj)
      } throws: {
        ($0 as? InputError)?.message.contains("\(column) should be positive") == true && ($0 as? InputError)?.line == 3
      }
    }
  }

  @Test("AMBER trajectories hold them once, or for each frame where they change", arguments: [false, true])
  func amber(varying: Bool) throws {
    let folder = TemporaryFolder()
    let path = folder.file("t.nc")
    let first = Self.structure()
    var second = first
    if varying { second.frame.diameters.swapAt(2, 9) }
    var header = header(first, units: .lj)
    if varying { header.fields.insert(.diameters) } else { header.diameters = first.frame.diameters }
    let writer = try AmberTrajectory.Writer(creating: path, header: header)
    try writer.append(first.frame)
    try writer.append(second.frame)
    try writer.close()
    let reader = try AmberTrajectory.Reader(path: path, units: .lj)
    #expect(try reader.frame(0).diameters == first.frame.diameters)
    #expect(try reader.frame(1).diameters == second.frame.diameters)
    #expect(try reader.structure(1).table[0].diameters != nil)
    // The file of the other kind is not this run's.
    var other = header
    if varying { other.fields.remove(.diameters) } else { other.fields.insert(.diameters) }
    #expect(throws: OutputError.self) {
      try AmberTrajectory.Writer(appendingTo: path, keepingFrames: 1, header: other)
    }
    let again = try AmberTrajectory.Writer(appendingTo: path, keepingFrames: 1, header: header)
    try again.append(second.frame)
    try again.close()
    #expect(try AmberTrajectory.Reader(path: path, units: .lj).frame(1).diameters == second.frame.diameters)
  }

  @Test("AMBER restarts keep every bit of them")
  func restart() throws {
    let folder = TemporaryFolder()
    let structure = Self.structure()
    try AmberRestart.write(structure, to: folder.file("r.ncrst"), units: .lj)
    let read = try AmberRestart.read(path: folder.file("r.ncrst"), units: .lj)
    #expect(read.frame.diameters == structure.frame.diameters)
  }
}
