import Foundation
import Tektite
import Testing

@testable import TektiteDynamics

@Suite("Inherent structures of the Kob-Andersen liquid")
struct InherentStructureTests {
  private static let folder = ProcessInfo.processInfo.environment["TEKTITE_DATA"]

  @Test(
    "Both minimisers reach the known energies",
    .enabled(if: folder != nil, "TEKTITE_DATA does not name a folder with reference configurations"),
    arguments: [("ka-4096-T0.44.extxyz", -7.68898, 0.0005), ("ka-4000-T2.0.extxyz", -7.55026, 0.025)])
  func energies(file: String, expected: Double, tolerance: Double) throws {
    let path = try #require(Self.folder) + "/kob-andersen/" + file
    var structure = try #require(try ExtendedXYZ.read(path: path, units: .lj).first)
    for k in structure.topology.table.indices { structure.topology.table[k].mass = 1 }
    for algorithm in MinimizeStage.Algorithm.allCases {
      var bench = try Bench(structure, try Fixture.kobAndersen(), threads: 2)
      var fire = FIRE(for: bench.field, units: .lj)
      var lbfgs = LBFGS(for: bench.field)
      let result =
        algorithm == .fire
        ? try minimize(&bench.system, &bench.field, with: &fire, tolerance: 1e-5, maximumEvaluations: 20_000)
        : try minimize(&bench.system, &bench.field, with: &lbfgs, tolerance: 1e-5, maximumEvaluations: 20_000)
      #expect(result.ending == .converged)
      // From the cold liquid every path ends in one basin. From the hot one the path decides: sixteen settings of the two
      // minimisers ended between -7.545 and -7.570.
      #expect(abs(result.energy / Double(structure.count) - expected) < tolerance, "\(algorithm): \(result)")
      // Past the stability limit of FIRE this takes 2000 and 8000.
      #expect(result.evaluations < (tolerance < 0.01 ? 1200 : 6000))
    }
  }
}
