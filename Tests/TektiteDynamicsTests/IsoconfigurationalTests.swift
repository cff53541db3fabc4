import Foundation
import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Isoconfigurational ensembles")
struct IsoconfigurationalTests {
  private static let folder = ProcessInfo.processInfo.environment["TEKTITE_DATA"]

  private static func stage(runs: Int = 6, steps: Int = 60) -> IsoconfigurationalStage {
    var stage = IsoconfigurationalStage(name: "iso", runs: runs, temperature: 1.2, timestep: 0.004, steps: steps)
    stage.trigger = .at([1, 20, steps])
    return stage
  }

  private static func plan(_ stage: IsoconfigurationalStage) throws -> SimulationPlan {
    try Fixture.plan([.isoconfigurational(stage)])
  }

  @Test("Propensities are the mean displacements of runs done one by one")
  func definition() throws {
    let stage = Self.stage()
    let store = MemoryStore()
    let plan = try Self.plan(stage)
    #expect(try store.run(plan) == .finished)
    // The slow and obvious way: each run by itself, with a list that is built in every step.
    var sums = [[Double]](repeating: [Double](repeating: 0, count: plan.structure.count), count: 3)
    for run in 0..<stage.runs {
      var system = System(plan.structure, units: plan.units)
      system.drawMaxwellVelocities(temperature: 1.2, seed: plan.seed, stage: 0, draw: run + 1, exactly: false)
      var field = try ForceField(plan.models[0], for: system, skin: 0, team: ThreadTeam(threads: 1))
      try field.update(&system)
      var integrator = VelocityVerlet(timestep: stage.timestep)
      var frame = Frame()
      for step in 0..<stage.steps {
        try integrator.advance(&system, &field, from: step, count: 1)
        guard let place = stage.times.firstIndex(of: step + 1) else { continue }
        system.copy(into: &frame)
        for i in frame.positions.indices {
          sums[place][i] += (frame.positions[i] - plan.structure.frame.positions[i]).length / Double(stage.runs)
        }
      }
    }
    let text = try #require(store.texts["iso-propensity.extxyz"])
    let lines = text.split(separator: "\n")
    let block = plan.structure.count + 2
    #expect(lines.count == 3 * block)
    for (time, expected) in sums.enumerated() {
      for (atom, value) in expected.enumerated() {
        let columns = lines[time * block + 2 + atom].split(separator: " ")
        let found = try #require(Double(columns[4]))
        // Sixty steps of a liquid let rounding errors grow, by the order of sums in other lists, to far less than this.
        #expect(abs(found - value) < 1e-9, "atom \(atom) at time \(time)")
      }
    }
    #expect(lines[block + 1].contains("measure=displacement") && lines[block + 1].contains("runs=6"))
  }

  @Test("The same for any number of threads, and the atoms stay where they were", arguments: [2, 3])
  func threads(_ threads: Int) throws {
    let (one, many) = (MemoryStore(), MemoryStore())
    #expect(try one.run(try Self.plan(Self.stage(runs: 7)), threads: 1) == .finished)
    #expect(try many.run(try Self.plan(Self.stage(runs: 7)), threads: threads) == .finished)
    #expect(one.texts["iso-propensity.extxyz"] == many.texts["iso-propensity.extxyz"])
    #expect(one.texts["iso-propensity.csv"] == many.texts["iso-propensity.csv"])
    #expect(one.checkpoint == many.checkpoint)
  }

  @Test("Sums that were saved and restored go on alike; a noise-free ensemble has a ceiling of 1")
  func sums() throws {
    var generator = SeededGenerator(seed: 4)
    let signal = (0..<50).map { _ in Double.random(in: 0...1, using: &generator) }
    var noisy = PropensitySums(times: 1, atoms: 50)
    var clean = noisy
    for _ in 0..<10 {
      noisy.add(signal.map { $0 + Double.random(in: -1...1, using: &generator) })
      clean.add(signal)
    }
    let all = Array(0..<50)
    #expect(abs(clean.splitHalf(0, all) - 1) < 1e-12 && clean.error(0).allSatisfy { $0 < 1e-7 })
    // Signal of variance 1/12 against noise of variance 1/3 over five runs: r = (1/12)/(1/12 + 1/15) = 0.56, of 50 atoms to 0.1 or so.
    #expect(abs(noisy.splitHalf(0, all) - 0.56) < 0.3)
    var writer = ByteWriter()
    noisy.save(to: &writer)
    var reader = ByteReader(writer.bytes, file: "x", section: "y")
    var again = PropensitySums(times: 1, atoms: 50)
    try again.restore(from: &reader)
    #expect(again == noisy)
    var other = PropensitySums(times: 2, atoms: 25)
    var second = ByteReader(writer.bytes, file: "x", section: "y")
    #expect(throws: InputError.self) { try other.restore(from: &second) }
    // The standard error of a mean of ten uniform numbers of variance 1/3.
    let error = noisy.error(0).reduce(0, +) / 50
    #expect(abs(error - (1.0 / 30).squareRoot()) < 0.03)
  }

  /// Correlations with the propensities of Bapst et al. 2020 (doi:10.1038/s41567-020-0842-8), 30 runs of 4096 atoms at T = 0.44, over A atoms: energy and
  /// distance to the inherent structure, and the averaged energy, as an independent minimisation and analysis in Python give them.
  @Test(
    "The inherent structure predicts published propensities as well as it should",
    .enabled(if: folder != nil, "TEKTITE_DATA does not name a folder with reference configurations"))
  func predictors() throws {
    let path = try #require(Self.folder) + "/kob-andersen/ka-4096-T0.44.extxyz"
    var structure = try #require(try ExtendedXYZ.read(path: path, units: .lj).first)
    for k in structure.topology.table.indices { structure.topology.table[k].mass = 1 }
    structure.topology.masses = [Double](repeating: 1, count: structure.count)
    let text = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let times = try #require(text[1].components(separatedBy: "propensity_times=\"").last?.split(separator: "\"").first)
      .split(separator: " ").compactMap { Double($0) }
    let columns = text[2...].map { $0.split(separator: " ").compactMap { Double($0) } }
    let members = structure.topology.species.indices.filter {
      structure.topology.table[Int(structure.topology.species[$0])].label == "A"
    }
    let team = ThreadTeam(threads: 2)
    let found = try StructuralPredictors(
      of: structure, try Fixture.kobAndersen(), units: .lj, skin: 0.8, tolerance: 1e-7, team: team)
    #expect(found.minimization.ending == .converged)
    let expected: [(time: Double, values: [Double])] = [
      (0.132, [0.038, 0.392, 0.028]), (0.435, [0.114, 0.720, 0.076]), (288, [0.172, 0.480, 0.229]),
      (2835, [0.209, 0.247, 0.269]), (5890, [0.219, 0.175, 0.288]), (19330, [0.244, 0.113, 0.448]),
    ]
    for row in expected {
      let index = try #require(times.indices.min { abs(times[$0] / row.time - 1) < abs(times[$1] / row.time - 1) })
      let propensity = columns.map { $0[$0.count - times.count + index] }
      for (value, known) in zip(found.correlations(with: propensity, over: members), row.values) {
        #expect(abs(value - known) < 0.001, "t = \(times[index]): \(value), known \(known)")
      }
    }
  }

  @Test("A timestep that is too long is caught within a run")
  func unphysical() throws {
    var stage = Self.stage(steps: 400)
    stage.timestep = 0.08
    stage.temperature = 5
    let store = MemoryStore()
    guard case .unphysical(let report) = try store.run(try Self.plan(stage)) else {
      Issue.record("it was let pass")
      return
    }
    #expect(report.stage.hasPrefix("iso, run ") && store.texts["forensics.json"] != nil)
  }
}
