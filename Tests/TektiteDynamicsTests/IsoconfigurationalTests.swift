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

  /// The slow and obvious way: each run by itself, with a list that is built in every step. For each time and atom the mean of what `measure` makes of the
  /// start and the positions later.
  private static func propensities(
    _ stage: IsoconfigurationalStage, _ plan: SimulationPlan, from start: Structure, draws: Range<Int>,
    measure: (_ start: Frame, _ later: Frame, _ atom: Int) -> Double
  ) throws -> [[Double]] {
    var sums = [[Double]](repeating: [Double](repeating: 0, count: start.count), count: stage.times.count)
    for draw in draws {
      var system = System(start, units: plan.units)
      system.drawMaxwellVelocities(temperature: 1.2, seed: plan.seed, stage: 0, draw: draw, exactly: false)
      var field = try ForceField(plan.models[0], for: system, skin: 0, team: ThreadTeam(threads: 1))
      try field.update(&system)
      var integrator = VelocityVerlet(timestep: stage.timestep)
      var frame = Frame()
      for step in 0..<stage.steps {
        try integrator.advance(&system, &field, from: step, count: 1)
        guard let place = stage.times.firstIndex(of: step + 1) else { continue }
        system.copy(into: &frame)
        for i in frame.positions.indices { sums[place][i] += measure(start.frame, frame, i) / Double(draws.count) }
      }
    }
    return sums
  }

  /// Compares the propensities in a file with others.
  private static func expect(_ store: MemoryStore, _ file: String, _ sums: [[Double]], within bound: Double) throws {
    let lines = try #require(store.texts[file]).split(separator: "\n")
    let block = sums[0].count + 2
    #expect(lines.count == sums.count * block)
    for (time, expected) in sums.enumerated() {
      for (atom, value) in expected.enumerated() {
        let columns = lines[time * block + 2 + atom].split(separator: " ")
        let found = try #require(Double(columns[4]))
        #expect(abs(found - value) < bound, "atom \(atom) at time \(time) in \(file)")
      }
    }
  }

  private static func displacement(_ start: Frame, _ later: Frame, _ atom: Int) -> Double {
    (later.positions[atom] - start.positions[atom]).length
  }

  @Test("Propensities are the mean displacements of runs done one by one")
  func definition() throws {
    let stage = Self.stage()
    let store = MemoryStore()
    let plan = try Self.plan(stage)
    #expect(try store.run(plan) == .finished)
    let sums = try Self.propensities(
      stage, plan, from: plan.structure, draws: 1..<stage.runs + 1, measure: Self.displacement)
    // Sixty steps of a liquid let rounding errors grow, by the order of sums in other lists, to far less than this.
    try Self.expect(store, "iso-propensity.extxyz", sums, within: 1e-9)
    let text = try #require(store.texts["iso-propensity.extxyz"])
    #expect(text.contains("measure=displacement") && text.contains("runs=6"))
  }

  @Test("The propensity to break bonds is the mean part of an atom's bonds that are broken, found by trying all images")
  func bondBreaking() throws {
    var stage = Self.stage(runs: 3, steps: 200)
    stage.measure = .bondBreaking
    // The twelve neighbours are 1.16 away, and vibrate by more than the little that is between the two lengths.
    stage.bonds = .init(criterion: NeighborCriterion(formed: 1.35), broken: 1.38)
    let store = MemoryStore()
    let plan = try Self.plan(stage)
    #expect(try store.run(plan) == .finished)
    let vectors = plan.structure.frame.cell.vectors
    func square(_ frame: Frame, _ i: Int, _ j: Int) -> Double {
      var least = Double.infinity
      for a in -2...2 {
        for b in -2...2 {
          for c in -2...2 {
            let shift = Vector3(Double(a), Double(b), Double(c)) * vectors
            least = min(least, (frame.positions[j] - frame.positions[i] + shift).lengthSquared)
          }
        }
      }
      return least
    }
    let sums = try Self.propensities(stage, plan, from: plan.structure, draws: 1..<4) { start, later, i in
      let bonds = start.positions.indices.filter { $0 != i && square(start, i, $0) < 1.35 * 1.35 }
      let broken = bonds.filter { square(later, i, $0) >= 1.38 * 1.38 }
      return bonds.isEmpty ? 0 : Double(broken.count) / Double(bonds.count)
    }
    let last = try #require(sums.last)
    #expect(last.contains { $0 > 0.05 } && last.allSatisfy { $0 < 1 })
    try Self.expect(store, "iso-propensity.extxyz", sums, within: 1e-12)
    #expect(try #require(store.texts["iso-propensity.extxyz"]).contains("measure=bond-breaking"))
  }

  /// A trajectory with five frames, each with the atoms elsewhere; the second and the fourth are taken.
  private static func severalConfigurations() throws -> (
    stage: IsoconfigurationalStage, frames: [Structure], path: String
  ) {
    let path = NSTemporaryDirectory() + "tektite-configurations-\(UUID().uuidString).extxyz"
    var generator = SeededGenerator(seed: 8)
    var frames: [Structure] = []
    let writer = try ExtendedXYZ.Writer(path: path, units: .lj)
    for _ in 0..<5 {
      var structure = try Self.plan(Self.stage()).structure
      for i in structure.frame.positions.indices {
        structure.frame.positions[i] +=
          0.05
          * Vector3(
            .random(in: -1...1, using: &generator), .random(in: -1...1, using: &generator),
            .random(in: -1...1, using: &generator))
      }
      frames.append(structure)
      try writer.append(structure)
    }
    try writer.close()
    var stage = Self.stage(runs: 4)
    stage.configurations = .init(.file(path), first: 1, every: 2, count: 2)
    return (stage, frames, path)
  }

  @Test("Each configuration of a trajectory has propensities of its own, and a table holds the means over them")
  func configurations() throws {
    let (stage, frames, path) = try Self.severalConfigurations()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let store = MemoryStore()
    let plan = try Self.plan(stage)
    #expect(try store.run(plan) == .finished)
    for (k, frame) in [1, 3].enumerated() {
      // Runs are numbered through all configurations, so that no two have the same velocities.
      let sums = try Self.propensities(
        stage, plan, from: frames[frame], draws: 4 * k + 1..<4 * k + 5, measure: Self.displacement)
      try Self.expect(store, "iso-\(k + 1)-propensity.extxyz", sums, within: 1e-9)
    }
    func cells(_ file: String) throws -> [[String]] {
      try #require(store.texts[file]).split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
    }
    let (all, one, two) = (
      try cells("iso-propensity.csv"), try cells("iso-1-propensity.csv"), try cells("iso-2-propensity.csv")
    )
    let column = try #require(all[0].firstIndex(of: "mean_all"))
    let own = try #require(one[0].firstIndex(of: "mean_all"))
    #expect(all[0][column + 1] == "error_of_mean_all" && all[0].last == "configurations" && all.count == 4)
    for row in 1..<4 {
      let (x, y) = (try #require(Double(one[row][own])), try #require(Double(two[row][own])))
      // The standard error of two values is half their difference.
      #expect(abs(try #require(Double(all[row][column])) - (x + y) / 2) < 1e-12)
      #expect(abs(try #require(Double(all[row][column + 1])) - abs(x - y) / 2) < 1e-12)
    }
  }

  @Test("An ensemble of several configurations that was stopped between two of them goes on to the same end")
  func resumedConfigurations() throws {
    let (stage, _, path) = try Self.severalConfigurations()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let plan = try Self.plan(stage)
    let (whole, stopped) = (MemoryStore(), MemoryStore())
    #expect(try whole.run(plan) == .finished)
    let interruption = Interruption()
    stopped.onText = { if $0 == "iso-1-propensity.csv" { interruption.request() } }
    guard case .interrupted = try stopped.run(plan, interruption: interruption) else {
      Issue.record("it was not stopped")
      return
    }
    #expect(stopped.texts["iso-2-propensity.csv"] == nil)
    stopped.onText = { _ in }
    #expect(try stopped.run(plan, threads: 2, resume: true) == .finished)
    for file in stage.files { #expect(stopped.texts[file] == whole.texts[file], "\(file)") }
    #expect(stopped.checkpoint == whole.checkpoint)
  }

  @Test("A trajectory with too few frames or other atoms is refused")
  func unfitConfigurations() throws {
    let (stage, frames, path) = try Self.severalConfigurations()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var long = stage
    long.configurations?.count = 3
    var fault = #expect(throws: InputError.self) { try MemoryStore().run(try Self.plan(long)) }
    #expect(fault?.message.contains("holds 5 whole frames") ?? false, "\(String(describing: fault))")
    var small = frames[0]
    small.topology = Topology(table: small.topology.table, species: [0], masses: [1])
    small.frame.positions = [.zero]
    let writer = try ExtendedXYZ.Writer(path: path, units: .lj)
    for _ in 0..<5 { try writer.append(small) }
    try writer.close()
    fault = #expect(throws: InputError.self) { try MemoryStore().run(try Self.plan(stage)) }
    #expect(fault?.message.contains("holds 1 atoms") ?? false, "\(String(describing: fault))")
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
