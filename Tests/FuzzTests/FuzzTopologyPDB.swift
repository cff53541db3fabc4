import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("Fuzz: PDB names")
struct FuzzTopologyPDB {
  @Test("Damaged files are refused or read, never more")
  func files() throws {
    let fuzz = try ReaderFuzz()
    var names: [String] = []
    for (k, cell) in ReaderFuzz.cells.enumerated() {
      names.append("t\(k).pdb")
      try TopologyPDB.write(ReaderFuzz.structure(cell: cell, seed: UInt64(k)), to: fuzz.file(names[k]), units: .lj)
    }
    try fuzz.run(names, seed: 6_000_000) { path in
      for units in Units.allCases { _ = try TopologyPDB.read(path: path, units: units) }
    }
  }
}
