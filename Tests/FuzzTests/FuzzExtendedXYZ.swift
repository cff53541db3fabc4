import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("Fuzz: extended XYZ")
struct FuzzExtendedXYZ {
  @Test("Damaged files are refused or read, never more")
  func files() throws {
    let fuzz = try ReaderFuzz()
    var names: [String] = []
    for (k, cell) in ReaderFuzz.cells.enumerated() {
      names.append("s\(k).xyz")
      let writer = try ExtendedXYZ.Writer(path: fuzz.file(names[k]), units: .lj)
      for j in 0...k {
        try writer.append(
          ReaderFuzz.structure(cell: cell, seed: UInt64(j)), info: [("note", "a \"b\" c"), ("list", "[1, 2]")])
      }
      try writer.close()
    }
    try fuzz.run(names, seed: 4_000_000) { path in
      _ = try ExtendedXYZ.read(path: path, units: .lj)
      _ = try ExtendedXYZ.read(path: path, units: .real)
      _ = try StructureFile.describe(path)
    }
  }
}
