import Foundation
import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Cage states")
struct CageStateTests {
  private static func stage(runs: Int = 4, steps: Int = 60) -> CageStateStage {
    // A radius that atoms of this crystal reach now and then.
    var stage = CageStateStage(
      name: "cages", runs: runs, temperature: 1.2, radius: 0.12, friction: 2, timestep: 0.004, steps: steps)
    stage.equilibration = 30
    stage.every = 7
    return stage
  }

  private static func columns(_ store: MemoryStore, _ file: String) throws -> [[Double]] {
    try #require(store.texts[file]).split(separator: "\n").dropFirst(2).map {
      $0.split(separator: " ").dropFirst().compactMap { Double($0) }
    }
  }

  /// The slow and obvious way: each run by itself, with a list that is built in every step and positions in the user's order. For each run and atom the mean displacement and the mean of its square, and
  /// the number of reflections.
  private static func oracle(
    _ stage: CageStateStage, _ plan: SimulationPlan
  ) throws -> [[(mean: Vector3, square: Double, reflections: Int)]] {
    let start = plan.structure
    return try (0..<stage.runs).map { run in
      var system = System(start, units: plan.units)
      system.drawMaxwellVelocities(
        temperature: stage.temperature, seed: plan.seed, stage: 0, draw: run + 1, exactly: false)
      var field = try ForceField(plan.models[0], for: system, skin: 0, team: ThreadTeam(threads: 1))
      try field.update(&system)
      let total = stage.equilibration + stage.steps
      var integrator = LangevinMiddle(
        timestep: stage.timestep, friction: stage.friction, temperature: .constant(stage.temperature), steps: total,
        noise: Noise(RandomStream.cage.generator(seed: plan.seed, stage: 0)))
      var found = [(mean: Vector3, square: Double, reflections: Int)](
        repeating: (.zero, 0, 0), count: start.count)
      var samples = 0
      var frame = Frame()
      for step in 1...total {
        try integrator.advance(&system, &field, from: run * total + step - 1, count: 1)
        system.copy(into: &frame)
        let isSample = step > stage.equilibration && (step - stage.equilibration) % stage.every == 0
        if isSample { samples += 1 }
        for slot in 0..<system.count {
          let atom = Int(system.identity[slot])
          let d = frame.positions[atom] - start.frame.positions[atom]
          if isSample {
            found[atom].mean += d
            found[atom].square += d.lengthSquared
          }
          let n = d / d.length
          let v = system.velocities[slot]
          let outwards = v.x * n.x + v.y * n.y + v.z * n.z
          if d.length > stage.radius, outwards > 0 {
            system.velocities[slot] = v - 2 * outwards * n
            if step > stage.equilibration { found[atom].reflections += 1 }
          }
        }
      }
      return found.map { ($0.mean / Double(samples), $0.square / Double(samples), $0.reflections) }
    }
  }

  @Test("Mean positions are those of runs done one by one, with their scatter")
  func definition() throws {
    let stage = Self.stage()
    let plan = try Fixture.plan([.cageState(stage)])
    let store = MemoryStore()
    #expect(try store.run(plan) == .finished)
    let runs = try Self.oracle(stage, plan)
    let rows = try Self.columns(store, "cages-cage.extxyz")
    let count = Double(stage.runs)
    #expect(rows.count == plan.structure.count)
    #expect(runs.flatMap { $0 }.reduce(0) { $0 + $1.reflections } > 100, "the cages matter")
    for (atom, row) in rows.enumerated() {
      let means = runs.map { $0[atom].mean }
      let mean = means.reduce(Vector3.zero, +) / count
      let square = runs.reduce(0) { $0 + $1[atom].square } / count
      let scatter = means.reduce(0) { $0 + ($1 - mean).lengthSquared }
      let place = plan.structure.frame.positions[atom] + mean
      let reflections = Double(runs.reduce(0) { $0 + $1[atom].reflections }) / count / Double(stage.steps)
      let expected = [
        place.x, place.y, place.z, mean.length, (square - mean.lengthSquared).squareRoot(),
        (scatter / (count * (count - 1))).squareRoot(), reflections,
      ]
      #expect(row.count == expected.count)
      // Ninety steps of a crystal that is shaken let rounding errors grow to far less than this; the error comes from a difference of squares.
      for (x, y) in zip(row, expected) { #expect(abs(x - y) < 1e-7) }
    }
    let head = try #require(store.texts["cages-cage.extxyz"]).split(separator: "\n")[1]
    #expect(head.contains("radius=0.12 runs=4 temperature=1.2"))
  }

  /// ∫ r^n exp(−k r²/2T) dr from 0 to R, by the trapezoidal rule on a fine grid.
  private static func moment(_ n: Double, stiffness: Double, temperature: Double, radius: Double) -> Double {
    let steps = 20_000
    return (0...steps).reduce(0) { sum, k in
      let r = radius * Double(k) / Double(steps)
      let weight = k == 0 || k == steps ? 0.5 : 1.0
      return sum + weight * pow(r, n) * exp(-stiffness * r * r / (2 * temperature)) * radius / Double(steps)
    }
  }

  @Test("Atoms within their cages have the distribution of equilibrium", arguments: [0.0, 4.0])
  func equilibrium(_ stiffness: Double) throws {
    var stage = CageStateStage(
      name: "cages", runs: 4, temperature: 0.5, radius: 0.5, friction: 1, timestep: 0.005, steps: 6000)
    stage.equilibration = 500
    stage.every = 20
    let plan = try Fixture.plan(
      [.cageState(stage)], structure: Fixture.cloud(32), temperature: nil, model: HarmonicTrap(stiffness: stiffness))
    let store = MemoryStore()
    #expect(try store.run(plan, threads: 2) == .finished)
    let rows = try Self.columns(store, "cages-cage.extxyz")
    let square = rows.reduce(0) { $0 + $1[4] * $1[4] + $1[3] * $1[3] } / 32
    let expected =
      Self.moment(4, stiffness: stiffness, temperature: 0.5, radius: 0.5)
      / Self.moment(2, stiffness: stiffness, temperature: 0.5, radius: 0.5)
    // Without a trap three fifths of R²: the distribution in a ball is uniform.
    if stiffness == 0 { #expect(abs(expected - 0.6 * 0.25) < 1e-8) }
    // Atoms overshoot by up to half of a step, 0.002 of 0.5, which adds two per cent at most; 128 runs of some forty rattling times scatter by a per cent.
    #expect(abs(square / expected - 1) < 0.03, "\(square) against \(expected)")
    let middle = rows.reduce(Vector3.zero) { $0 + Vector3($1[0], $1[1], $1[2]) } / 32
    // The mean of one atom has an error that its column tells.
    let error = (rows.reduce(0) { $0 + $1[5] * $1[5] } / 32 / 32).squareRoot()
    #expect(middle.length < 5 * error, "\(middle) with an error of \(error)")
    #expect(rows.allSatisfy { $0[6] > 0 })
  }

  @Test("The same for any number of threads, and the atoms stay where they were", arguments: [2, 3])
  func threads(_ threads: Int) throws {
    let plan = try Fixture.plan([.cageState(Self.stage(runs: 7))])
    let (one, many) = (MemoryStore(), MemoryStore())
    #expect(try one.run(plan, threads: 1) == .finished)
    #expect(try many.run(plan, threads: threads) == .finished)
    for file in ["cages-cage.extxyz", "cages-cage.csv"] { #expect(one.texts[file] == many.texts[file]) }
    #expect(one.checkpoint == many.checkpoint)
  }

  @Test("Several configurations have a cage state each; stopped between two, the stage goes on to the same bytes")
  func resumed() throws {
    let path = NSTemporaryDirectory() + "tektite-cages-\(UUID().uuidString).extxyz"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let writer = try ExtendedXYZ.Writer(path: path, units: .lj)
    for seed in 1...4 { try writer.append(Fixture.crystal(jitter: 0.08, seed: UInt64(seed))) }
    try writer.close()
    var stage = Self.stage(runs: 3)
    stage.configurations = .init(.file(path), first: 1, every: 2, count: 2)
    let plan = try Fixture.plan([.cageState(stage)])
    let (whole, stopped) = (MemoryStore(), MemoryStore())
    #expect(try whole.run(plan) == .finished)
    let interruption = Interruption()
    stopped.onText = { if $0 == "cages-cage-1.csv" { interruption.request() } }
    guard case .interrupted = try stopped.run(plan, interruption: interruption) else {
      Issue.record("it was not stopped")
      return
    }
    #expect(stopped.texts["cages-cage-2.csv"] == nil)
    stopped.onText = { _ in }
    #expect(try stopped.run(plan, threads: 2, resume: true) == .finished)
    #expect(stage.files == ["cages-cage-1.extxyz", "cages-cage-1.csv", "cages-cage-2.extxyz", "cages-cage-2.csv"])
    for file in stage.files { #expect(stopped.texts[file] == whole.texts[file], "\(file)") }
    #expect(stopped.checkpoint == whole.checkpoint)
  }

  @Test("In a plane atoms stay in it")
  func planar() throws {
    var structure = Fixture.crystal()
    let side = structure.frame.cell.vectors.a.x
    structure.frame.cell = Cell(
      Matrix3(Vector3(side, 0, 0), Vector3(0, side, 0), .zero), periodic: Periodicity(true, true, false),
      dimensions: 2)
    structure.frame.positions = (0..<9).map { Vector3(Double($0 % 3) * side / 3, Double($0 / 3) * side / 3, 0) }
    structure.topology = Topology(table: [Species("A")], species: [Int32](repeating: 0, count: 9))
    let store = MemoryStore()
    #expect(try store.run(try Fixture.plan([.cageState(Self.stage())], structure: structure)) == .finished)
    #expect(try Self.columns(store, "cages-cage.extxyz").allSatisfy { $0[2] == 0 && $0[4] > 0 })
  }
}
