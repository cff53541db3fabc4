import Foundation
import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Barostats")
struct BarostatTests {
  private static let timestep = 0.004

  private static func liquid(cells: Int = 2, threads: Int = 1, temperature: Double = 0.8) throws -> Bench {
    var bench = try Bench(Fixture.crystal(cells: cells), try Fixture.lennardJones(), threads: threads)
    bench.system.drawMaxwellVelocities(temperature: temperature, seed: 5)
    try bench.field.update(&bench.system, [.forces, .energy, .virial])
    return bench
  }

  private static func barostat(
    _ coupling: CellCoupling, timestep: Double = timestep, pressure: Schedule = .constant(3), time: Double = 0.5,
    interval: Int = 1, atoms: Int = 32, steps: Int = 1000
  ) -> StochasticCellRescaling {
    StochasticCellRescaling(
      timestep: timestep, pressure: pressure, time: time, compressibility: 0.05, coupling: coupling,
      interval: interval, temperature: .constant(0.8), steps: steps, degreesOfFreedom: 3 * atoms - 3,
      noise: Noise(RandomStream.cell.generator(seed: 9, stage: 0)))
  }

  private static func csvr(
    _ barostat: StochasticCellRescaling, timestep: Double = timestep, time: Double = 0.1, atoms: Int = 32
  ) -> StochasticRescaling {
    var integrator = StochasticRescaling(
      timestep: timestep, time: time, temperature: .constant(0.8), steps: 1000, degreesOfFreedom: 3 * atoms - 3,
      noise: Noise(RandomStream.rescaling.generator(seed: 9, stage: 0)))
    integrator.cellRescaling = barostat
    return integrator
  }

  private static func langevin(_ barostat: StochasticCellRescaling, timestep: Double = timestep) -> LangevinMiddle {
    var integrator = LangevinMiddle(
      timestep: timestep, friction: 2, temperature: .constant(0.8), steps: 1000,
      noise: Noise(RandomStream.langevin.generator(seed: 9, stage: 0)))
    integrator.cellRescaling = barostat
    return integrator
  }

  private static func inertial(
    _ coupling: CellCoupling, timestep: Double = timestep, pressure: Double = 3, atoms: Int = 32
  ) -> MartynaTobiasKlein {
    MartynaTobiasKlein(
      timestep: timestep, time: 0.2, cellTime: 0.5, temperature: .constant(0.8), pressure: .constant(pressure),
      coupling: coupling, steps: 1000, degreesOfFreedom: 3 * atoms - 3)
  }

  // MARK: Lists in a cell that changes

  @Test(
    "Forces in a cell that is deformed again and again are those of fresh lists, with far fewer rebuilds than steps",
    arguments: [0.3, 0.8])
  func deformedLists(skin: Double) throws {
    // The force jumps by 0.039 at the cutoff: a pair that the list lacks shows at once.
    let model = try Fixture.lennardJones(cutoff: 2.5, scheme: .cutAndShift)
    var bench = try Bench(Fixture.crystal(cells: 3, density: 0.85), model, skin: skin)
    try bench.prepare()
    var random = Fixture.Jitter(seed: 3)
    var worst = 0.0
    let steps = 300
    for step in 0..<steps {
      // A drift of the strain on top of noise: compression, shear and expansion in turn.
      let drift = 4e-4 * [1.0, -1, 0.5, -0.5][(step / 50) % 4]
      func element(_ size: Double, _ shift: Double) -> Double { size * random.next() + shift }
      let strain = Matrix3(
        Vector3(element(3e-4, -drift), element(3e-4, 2 * drift), element(3e-4, 0)),
        Vector3(element(3e-4, 0), element(3e-4, drift), element(3e-4, -drift)),
        Vector3(element(3e-4, drift), element(3e-4, 0), element(3e-4, 0)))
      let map = Matrix3.identity + strain
      let cell = Cell(bench.system.cell.vectors * map)
      for i in 0..<bench.system.count { bench.system.velocities[i] = random.vector(0.02) }
      let deformation = Deformation(map: map, velocities: .identity, before: 0.5, after: 0.5)
      let findings = bench.field.deform(&bench.system, to: cell, deformation)
      try bench.field.update(
        &bench.system, [.forces, .energy, .virial], largestSquaredDisplacement: findings.largestSquaredDisplacement)
      var fresh = try Bench(
        Structure(topology: bench.system.topology, frame: bench.frame), model, skin: 0.3)
      try fresh.field.update(&fresh.system, [.forces, .energy, .virial])
      let (a, b) = (Self.forces(bench), Self.forces(fresh))
      // Atoms that are moved at random come close to one another, and rounding is relative to the largest force.
      let largest = b.map(\.length).max() ?? 0
      for (u, v) in zip(a, b) { worst = max(worst, (u - v).length / (1 + largest)) }
      let (energy, virial) = (fresh.field.evaluation.energy, fresh.field.evaluation.virial)
      #expect(abs(bench.field.evaluation.energy - energy) < 1e-11 * (1 + abs(energy)))
      #expect((bench.field.evaluation.virial - virial).squares < 1e-22 * (1 + virial.squares))
    }
    print("skin \(skin): \(bench.field.rebuilds) rebuilds, \(bench.field.prunings) prunings in \(steps) deformations")
    // Rounding of positions by 1e-16, against a stiffness of a hundred times the force.
    #expect(worst < 1e-12, "\(worst)")
    #expect(bench.field.rebuilds > 2 && bench.field.rebuilds < steps / 4, "\(bench.field.rebuilds)")
  }

  private static func forces(_ bench: borrowing Bench) -> [Vector3] {
    var forces: [Vector3] = []
    bench.system.scatter(bench.field.evaluation.forces, into: &forces)
    return forces
  }

  @Test("Stretches bound what a map does to lengths")
  func stretches() {
    var random = Fixture.Jitter(seed: 8)
    for k in 0..<300 {
      let size = [1e-9, 1e-3, 0.3][k % 3]
      let map = Matrix3.identity + Matrix3(random.vector(size), random.vector(size), random.vector(size))
      let bounds = map.stretches
      var (low, high) = (Double.infinity, 0.0)
      for _ in 0..<2000 {
        let v = random.vector(1)
        let ratio = (v * map).length / v.length
        (low, high) = (min(low, ratio), max(high, ratio))
      }
      #expect(bounds.smallest <= low && bounds.largest >= high)
      // Two thousand directions come near the extremes.
      #expect(low - bounds.smallest < 0.05 * size + 1e-9 && bounds.largest - high < 0.05 * size + 1e-9)
    }
    #expect((2 * Matrix3.identity).stretches.smallest > 2 - 1e-9)
  }

  // MARK: Sameness

  private static func end<I: Integrator & ~Copyable>(_ start: consuming I, _ parts: [Int], threads: Int) throws -> (
    Frame, [Vector3], Double
  ) {
    var bench = try liquid(cells: 7, threads: threads)
    var integrator = start
    var step = 0
    for part in parts {
      try integrator.advance(&bench.system, &bench.field, from: step, count: part)
      step += part
    }
    #expect(bench.field.rebuilds > 1 && bench.field.rebuilds < step / 3, "\(bench.field.rebuilds) rebuilds")
    return (bench.frame, bench.field.evaluation.forces.array(), integrator.heat)
  }

  @Test("How steps are split over calls and threads does not change a bit", arguments: CellCoupling.allCases)
  func splits(_ coupling: CellCoupling) throws {
    for interval in [1, 3] {
      let barostat = Self.barostat(coupling, interval: interval, atoms: 1372)
      let one = try Self.end(Self.csvr(barostat, atoms: 1372), [100], threads: 1)
      let other = try Self.end(Self.csvr(barostat, atoms: 1372), [1, 30, 2, 0, 60, 7], threads: 2)
      #expect(one.0 == other.0 && one.1 == other.1 && one.2 == other.2)
      let first = try Self.end(Self.langevin(barostat), [100], threads: 1)
      let second = try Self.end(Self.langevin(barostat), [1, 30, 2, 0, 60, 7], threads: 3)
      #expect(first.0 == second.0 && first.1 == second.1 && first.2 == second.2)
    }
  }

  @Test("The same for a cell with inertia, memory included", arguments: CellCoupling.allCases)
  func inertialSplits(_ coupling: CellCoupling) throws {
    let one = try Self.end(Self.inertial(coupling, atoms: 1372), [100], threads: 1)
    let other = try Self.end(Self.inertial(coupling, atoms: 1372), [1, 30, 2, 0, 60, 7], threads: 2)
    #expect(one.0 == other.0 && one.1 == other.1 && one.2 == other.2)
  }

  // MARK: What is conserved

  /// The root mean square error of kinetic + potential − heat over 1.6 time units while the cell is compressed, and the volumes at both ends.
  private static func error<I: Integrator & ~Copyable>(_ start: consuming I) throws -> (
    error: Double, before: Double, after: Double
  ) {
    var integrator = start
    var bench = try liquid()
    let energy = bench.energy
    let before = bench.system.cell.volume ?? 0
    var sum = 0.0
    let samples = Int((1.6 / integrator.timestep).rounded())
    for step in 0..<samples {
      try bench.run(&integrator, from: step, 1)
      let error = bench.energy - integrator.heat - energy
      sum += error * error
    }
    return ((sum / Double(samples)).squareRoot(), before, bench.system.cell.volume ?? 0)
  }

  @Test("Kinetic + potential − heat is conserved, better so at a shorter step", arguments: CellCoupling.allCases)
  func conservedEnergy(_ coupling: CellCoupling) throws {
    let steps = [0.008, 0.002]
    func barostat(_ timestep: Double) -> StochasticCellRescaling {
      Self.barostat(coupling, timestep: timestep, pressure: .constant(8), time: 2)
    }
    let scaled = try steps.map { try Self.error(Self.csvr(barostat($0), timestep: $0)) }
    let kicked = try steps.map { try Self.error(Self.langevin(barostat($0), timestep: $0)) }
    print("\(coupling): CSVR \(scaled), Langevin \(kicked)")
    for pair in [scaled, kicked] {
      // Compressing by 2 sigma³ against pressures up to 8 is work of some 10 epsilon, and the heat of the thermostat as much.
      #expect(pair.allSatisfy { $0.before - $0.after > 1 && $0.error < 0.5 })
      // A fourth for an error of first order, with another walk of the noise.
      #expect(pair[0].error > 2.5 * pair[1].error)
    }
  }

  @Test("The same for a cell with inertia, with an error of second order", arguments: CellCoupling.allCases)
  func inertialConservation(_ coupling: CellCoupling) throws {
    let errors = try [0.008, 0.004, 0.002].map { try Self.error(Self.inertial(coupling, timestep: $0, pressure: 8)) }
    print("\(coupling), inertial: \(errors)")
    #expect(errors.allSatisfy { $0.before - $0.after > 2 && $0.error < 0.2 })
    for k in 0..<2 {
      let ratio = errors[k].error / errors[k + 1].error
      #expect(ratio > 3 && ratio < 5.5, "\(ratio)")
    }
  }

  @Test("A cell with inertia runs backwards to where it came from", arguments: CellCoupling.allCases)
  func timeReversal(_ coupling: CellCoupling) throws {
    var bench = try Self.liquid()
    var forward = Self.inertial(coupling, pressure: 8)
    try bench.run(&forward, 20)
    let (start, memory) = (bench.frame, forward.memory)
    try bench.run(&forward, 15)
    let middle = bench.frame
    var backward = Self.inertial(coupling, timestep: -Self.timestep, pressure: 8)
    backward.memory = forward.memory
    try bench.run(&backward, 15)
    let end = bench.frame
    let error = zip(start.positions, end.positions).map { ($0 - $1).length }.max() ?? 0
    let moved = zip(start.positions, middle.positions).map { ($0 - $1).length }.max() ?? 0
    #expect(error < 1e-11 && moved > 0.01, "error \(error), moved \(moved)")
    #expect((end.cell.vectors - start.cell.vectors).squares < 1e-22)
    #expect(middle.cell != start.cell)
    for (a, b) in zip(memory, backward.memory) { #expect(abs(a - b) < 1e-9 * max(1, abs(a))) }
  }

  @Test("The account of a move is the work of the pressure, to first order, and of the ensemble's, to second")
  func account() throws {
    var barostat = Self.barostat(.triclinic)
    let cell = Cell(Matrix3(Vector3(3, 0, 0), Vector3(0.5, 3.2, 0), Vector3(-0.3, 0.2, 2.9)))
    let kinetic = Matrix3(Vector3(30, 1, 2), Vector3(1, 28, -1), Vector3(2, -1, 33))
    let virial = Matrix3(Vector3(80, 4, -3), Vector3(4, 95, 2), Vector3(-3, 2, 70))
    for step in 0..<50 {
      let move = try barostat.move(step: step, cell: cell, kinetic: kinetic, virial: virial, count: 32)
      // dH = −(Σ m v v + W) : E for a map by E.
      let strain = move.map.strain
      var work = 0.0
      for i in 0..<3 { work -= (kinetic + virial)[i].dot(strain[i]) }
      let heat = barostat.heat(of: move, virial: virial)
      // Terms of second order: half the strain times the change of P₀V and of Σ m v ⊗ v + W, here some 100 epsilon.
      #expect(abs(heat - work) < 300 * strain.squares, "\(heat) \(work)")
      #expect(move.map.cell.vectors.a.y == 0 && move.map.cell.vectors.a.z == 0 && move.map.cell.vectors.b.z == 0)
      #expect(((cell.vectors * move.map.positions) - move.map.cell.vectors).squares < 1e-26)
      #expect((move.map.rotation * move.map.rotation.transposed - .identity).squares < 1e-26)
    }
  }

  // MARK: Stages

  static let barostats: [(Thermostat, CellCoupling, Int)] = [
    (.csvr(temperature: .ramp(from: 0.9, to: 0.5), time: 0.1), .isotropic, 1),
    (.csvr(temperature: .constant(0.8), time: 0.1), .anisotropic, 5),
    (.csvr(temperature: .constant(0.8), time: 0.1), .triclinic, 1),
    (.langevin(temperature: .ramp(from: 0.9, to: 0.5), friction: 1), .triclinic, 2),
    (.langevin(temperature: .constant(0.8), friction: 1), .isotropic, 1),
    (.noseHoover(temperature: .ramp(from: 0.9, to: 0.5), time: 0.1, chain: 3), .isotropic, 1),
    (.noseHoover(temperature: .constant(0.8), time: 0.1, chain: 2), .triclinic, 1),
  ]

  static func stage(_ thermostat: Thermostat, _ coupling: CellCoupling, interval: Int, steps: Int = 150)
    -> DynamicsStage
  {
    var stage = Stages.langevin(steps)
    stage.thermostat = thermostat
    if case .noseHoover = thermostat {
      stage.barostat = .martynaTobiasKlein(pressure: .ramp(from: 3, to: 9), time: 0.3, coupling: coupling)
      stage.checkpoint = .every(17)
      return stage
    }
    stage.barostat = .cellRescaling(
      pressure: .ramp(from: 1, to: 6), time: 0.4, compressibility: 0.05, coupling: coupling, interval: interval)
    stage.checkpoint = .every(17)
    return stage
  }

  @Test("A run under a barostat that stops at any checkpoint and resumes is the same run", arguments: barostats)
  func stopAndResume(_ entry: (thermostat: Thermostat, coupling: CellCoupling, interval: Int)) throws {
    var second = Stages.constantEnergy(60)
    second.thermo = nil
    second.checkpoint = .every(23)
    let plan = try Fixture.plan([
      .dynamics(Self.stage(entry.thermostat, entry.coupling, interval: entry.interval)), .dynamics(second),
    ])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    #expect(reference.saves > 10)
    try reference.expectTheSameWhereverItStops(plan)
    let frames = try #require(reference.frames["equilibrate.nc"])
    if entry.interval == 1 {
      #expect(Set(frames.map(\.cell)).count == frames.count, "every frame has a cell of its own")
    }
    let (first, last) = (try #require(frames.first?.cell.volume), try #require(frames.last?.cell.volume))
    #expect(last < 0.99 * first)
    #expect(reference.frames["produce.extxyz"]?.allSatisfy { $0.cell == frames.last?.cell } == true)
  }

  @Test("Tables of stages whose cell changes have its volume, density, lengths and angles")
  func columns() throws {
    let plan = try Fixture.plan([
      .dynamics(Self.stage(.csvr(temperature: .constant(0.8), time: 0.1), .triclinic, interval: 1))
    ])
    let store = MemoryStore()
    #expect(try store.run(plan) == .finished)
    let rows = try #require(store.rows["equilibrate.csv"])
    for bits in rows {
      let row = bits.map { Double(bitPattern: $0) }
      // Fifteen columns of every stage, then those of the cell.
      #expect(row.count == 23)
      let cell = Array(row.suffix(8))
      #expect(abs(cell[0] * cell[1] - 32) < 1e-9)
      let (x, y, z) = (cosine(cell[5]), cosine(cell[6]), cosine(cell[7]))
      let volume = cell[2] * cell[3] * cell[4] * (1 - x * x - y * y - z * z + 2 * x * y * z).squareRoot()
      #expect(abs(volume - cell[0]) < 1e-9 * volume)
    }
    #expect(rows.last?.last != (90.0).bitPattern)
  }

  private func cosine(_ degrees: Double) -> Double { cos(degrees * Double.pi / 180) }

  @Test("A barostat far from its pressure is stopped by the guard, and what makes no sense is refused")
  func refusals() throws {
    var wild = Self.stage(.csvr(temperature: .constant(0.8), time: 0.1), .isotropic, interval: 1)
    wild.barostat = .cellRescaling(
      pressure: .constant(1e5), time: 0.05, compressibility: 0.05, coupling: .isotropic, interval: 1)
    let store = MemoryStore()
    guard case .unphysical(let report) = try store.run(try Fixture.plan([.dynamics(wild)])) else {
      Issue.record("the guard let it pass")
      return
    }
    #expect(report.finding == .strain && report.cause.contains("pressure"))

    func refused(_ change: (inout DynamicsStage) -> Void, open: Bool = false) throws {
      var stage = Self.stage(.csvr(temperature: .constant(0.8), time: 0.1), .isotropic, interval: 1)
      change(&stage)
      var structure = Fixture.crystal()
      if open { structure.frame.cell.periodic = Periodicity(true, true, false) }
      #expect(throws: InputError.self) {
        _ = try MemoryStore().run(try Fixture.plan([.dynamics(stage)], structure: structure))
      }
    }
    try refused { $0.thermostat = .none }
    try refused { $0.thermostat = .noseHoover(temperature: .constant(1), time: 0.1, chain: 3) }
    try refused {
      $0.barostat = .cellRescaling(
        pressure: .constant(.nan), time: 1, compressibility: 1, coupling: .isotropic, interval: 1)
    }
    try refused {
      $0.barostat = .cellRescaling(
        pressure: .constant(1), time: 0, compressibility: 1, coupling: .isotropic, interval: 1)
    }
    try refused({ _ in }, open: true)
  }
}
