import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("Fuzz: LAMMPS data")
struct FuzzLAMMPSData {
  @Test("Damaged files are refused or read, never more")
  func files() throws {
    let fuzz = try ReaderFuzz()
    var names: [String] = []
    for (k, cell) in ReaderFuzz.cells.enumerated() {
      names.append("s\(k).data")
      try LAMMPSData.write(ReaderFuzz.structure(cell: cell, seed: UInt64(k)), to: fuzz.file(names[k]), units: .lj)
    }
    try fuzz.run(names, seed: 5_000_000) { path in
      _ = try LAMMPSData.read(path: path, units: .lj)
      _ = try LAMMPSData.read(path: path, units: .real, labels: ["A", "B"])
    }
  }
}
