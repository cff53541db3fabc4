import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("Single frames of files")
struct SingleFrameTests {
  let folder = TemporaryFolder()

  @Test("One frame of a file is the one that reading all gives", arguments: ["frames.extxyz", "frames.nc", "one.data"])
  func frame(name: String) throws {
    var sample = Sample(seed: 7)
    let structure = sample.structure(atoms: 12)
    let path = folder.file(name)
    var frames = (0..<4).map { k in
      var frame = structure.frame
      frame.step = 10 * k
      for i in frame.positions.indices { frame.positions[i] += sample.vector(-0.1..<0.1) }
      return frame
    }
    switch name {
    case "frames.nc":
      let writer = try AmberTrajectory.Writer(creating: path, header: header(structure, units: .lj))
      for frame in frames { try writer.append(frame) }
      try writer.close()
    case "frames.extxyz":
      let writer = try ExtendedXYZ.Writer(path: path, units: .lj)
      for frame in frames { try writer.append(Structure(topology: structure.topology, frame: frame)) }
      try writer.close()
    default:
      frames = [structure.frame]
      _ = try folder.write(
        "a title\n\n2 atoms\n1 atom types\n0 9 xlo xhi\n0 9 ylo yhi\n0 9 zlo zhi\n\nMasses\n\n1 1 # A\n\nAtoms # atomic\n\n1 1 1 1 1\n2 1 3 1 1\n",
        to: name)
    }
    let all = try StructureFile.read(path: path, units: .lj)
    #expect(all.count == frames.count)
    for (k, expected) in all.enumerated() {
      #expect(try StructureFile.frame(k, path: path, units: .lj).structure == expected)
    }
    let last = try StructureFile.frame(nil, path: path, units: .lj)
    #expect(last.structure == all.last && last.count == all.count)
    for index in [-1, all.count] {
      let none = try StructureFile.frame(index, path: path, units: .lj)
      #expect(none.structure == nil && none.count == all.count)
    }
  }
}
