import Foundation
import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Two dimensions")
struct PlanarTests {
  /// A Kob-Andersen mixture 65:35 on a square lattice in a plane.
  static func mixture(_ count: Int = 60, density: Double = 1.2, seed: UInt64 = 4) -> Structure {
    let a = count * 65 / 100
    let counts = [
      StructureBuilder.Count(Species("A", mass: 1), a), StructureBuilder.Count(Species("B", mass: 1), count - a),
    ]
    let cell = Lattice.square.rectangle(for: count, density: density)
    return StructureBuilder(.square, counts: counts, cell: cell, seed: seed).build().structure
  }

  private static func isFlat(_ frame: Frame) -> Bool {
    frame.positions.allSatisfy { $0.z == 0 } && frame.velocities.allSatisfy { $0.z == 0 }
      && frame.forces.allSatisfy { $0.z == 0 }
  }

  @Test("Velocities lie in the plane and have 2N − 2 degrees of freedom")
  func velocities() {
    var system = System(Self.mixture(), units: .lj)
    system.drawMaxwellVelocities(temperature: 0.7, seed: 3)
    let kinetic = Thermodynamics.kineticEnergy(system)
    #expect(Thermodynamics.degreesOfFreedom(count: 60, conservesMomentum: true, dimensions: 2) == 118)
    #expect(abs(Thermodynamics.temperature(kineticEnergy: kinetic, degreesOfFreedom: 118) - 0.7) < 1e-14)
    for i in 0..<60 { #expect(system.velocities[i].z == 0 && system.velocities[i].x != 0) }
    #expect(Thermodynamics.momentum(system).length < 1e-13)
  }

  @Test("The pressure is the derivative of the energy with respect to the area")
  func pressure() throws {
    let model = try LennardJones(
      labels: ["A"], pairs: [.init(epsilon: 1, sigma: 1, cutoff: 2.5)], scheme: .smooth)
    var structure = Fixture.crystal(cells: 3)
    var random = Fixture.Jitter(seed: 7)
    structure.frame.cell = .rectangle(9, 13)
    structure.frame.positions = structure.frame.positions.indices.map { k in
      Vector3(Double(k % 9), Double(k / 9) * 13 / 12, 0) + random.vector(0.1).confined(to: 2)
    }
    func evaluate(_ scale: Double) throws -> (energy: Double, virial: Matrix3) {
      var scaled = structure
      scaled.frame.cell.vectors = scale * structure.frame.cell.vectors
      scaled.frame.positions = structure.frame.positions.map { scale * $0 }
      var bench = try Bench(scaled, model)
      try bench.field.update(&bench.system, [.energy, .forces, .virial])
      return (bench.field.evaluation.energy, bench.field.evaluation.virial)
    }
    let h = 1e-4
    let slope = (try evaluate(1 + h).energy - evaluate(1 - h).energy) / (2 * h)
    let virial = try evaluate(1).virial
    let pressure = try #require(
      Thermodynamics.pressure(virial: virial, kineticEnergy: 0, volume: structure.frame.cell.volume, dimensions: 2))
    // dU/ds at s = 1 is −2PA. The error of the difference is of the order h² of a third derivative of some 1e5.
    #expect(abs(slope + 2 * pressure * 117) < 1e-5 * abs(slope), "\(slope) \(pressure)")
    #expect(virial.c == .zero && virial.a.z == 0 && virial.b.z == 0)
  }

  static let thermostats: [Thermostat] = [
    .none, .langevin(temperature: .ramp(from: 0.9, to: 0.5), friction: 1),
    .csvr(temperature: .ramp(from: 0.9, to: 0.5), time: 0.1),
    .noseHoover(temperature: .ramp(from: 0.9, to: 0.5), time: 0.1, chain: 3),
    .brownian(temperature: .ramp(from: 0.9, to: 0.5), friction: 20),
  ]

  private static func stage(_ thermostat: Thermostat, steps: Int = 150) -> DynamicsStage {
    var stage = Stages.langevin(steps)
    stage.thermostat = thermostat
    stage.checkpoint = .every(17)
    if thermostat != .langevin(temperature: .ramp(from: 0.9, to: 0.5), friction: 1) { stage.momentumRemoval = nil }
    return stage
  }

  private static func plan(_ stages: [Stage]) throws -> SimulationPlan {
    try Fixture.plan(stages, structure: mixture(), model: try Fixture.kobAndersen())
  }

  @Test(
    "A run in a plane stays there under any thermostat, and is the same wherever it stops, with one thread and with two",
    arguments: thermostats)
  func stopAndResume(_ thermostat: Thermostat) throws {
    let plan = try Self.plan([
      .minimize(Stages.minimize(.fire)), .dynamics(Self.stage(thermostat)),
      .minimize(Stages.minimize(.lbfgs, name: "quench")),
    ])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    #expect(reference.saves > 9)
    for frames in reference.frames.values {
      #expect(frames.allSatisfy { Self.isFlat($0) && $0.cell.isPlanar })
    }
    let moved = try #require(reference.frames["equilibrate.nc"])
    #expect((moved.last?.positions[0] ?? .zero) != (moved.first?.positions[0] ?? .zero))
    try reference.expectTheSameWhereverItStops(plan)
  }

  @Test("Tables have the components of the plane, and the pressure is minus half the trace of the stress")
  func columns() throws {
    let store = MemoryStore()
    #expect(try store.run(try Self.plan([.dynamics(Self.stage(.none))])) == .finished)
    for bits in try #require(store.rows["equilibrate.csv"]) {
      let row = bits.map { Double(bitPattern: $0) }
      // Step, time, temperature, four energies, pressure, xx, yy, xy, drift.
      #expect(row.count == 12)
      #expect(abs(row[7] + 0.5 * (row[8] + row[9])) < 1e-12 * (1 + abs(row[7])))
      #expect(abs(row[2] - row[4] / 59) < 1e-12)
    }
  }

  @Test("The same bits for any number of threads, over rebuilds of the list")
  func threads() throws {
    func end(_ threads: Int) throws -> Frame {
      var bench = try Bench(Self.mixture(3000), try Fixture.kobAndersen(), threads: threads)
      bench.system.drawMaxwellVelocities(temperature: 1, seed: 5)
      try bench.prepare()
      var integrator = LangevinMiddle(
        timestep: 0.004, friction: 1, temperature: .constant(1), steps: 100,
        noise: Noise(RandomStream.langevin.generator(seed: 9, stage: 0)))
      try bench.run(&integrator, 100)
      #expect(bench.field.rebuilds > 2)
      return bench.frame
    }
    let one = try end(1)
    let (two, three) = (try end(2), try end(3))
    #expect(one == two && one == three && Self.isFlat(one))
  }

  @Test("Noise of the plane is that of three dimensions without its third component")
  func noise() throws {
    func end(_ cell: Cell) throws -> Frame {
      var structure = Self.mixture()
      structure.frame.cell = cell
      // Independent atoms: the motion along z does not act on that in the plane.
      var bench = try Bench(structure, HarmonicTrap(stiffness: 0))
      try bench.prepare()
      var integrator = LangevinMiddle(
        timestep: 0.01, friction: 1, temperature: .constant(1), steps: 10,
        noise: Noise(RandomStream.langevin.generator(seed: 9, stage: 0)))
      try bench.run(&integrator, 10)
      return bench.frame
    }
    let flat = try end(Cell(.zero, periodic: .none, dimensions: 2))
    let deep = try end(.open)
    #expect(Self.isFlat(flat) && !Self.isFlat(deep))
    for (a, b) in zip(flat.positions, deep.positions) { #expect(a == b.confined(to: 2)) }
  }

  static let barostats: [(Thermostat, CellCoupling)] = [
    (.csvr(temperature: .constant(0.8), time: 0.1), .isotropic),
    (.csvr(temperature: .constant(0.8), time: 0.1), .anisotropic),
    (.langevin(temperature: .constant(0.8), friction: 1), .triclinic),
    (.noseHoover(temperature: .constant(0.8), time: 0.1, chain: 3), .isotropic),
    (.noseHoover(temperature: .constant(0.8), time: 0.1, chain: 3), .triclinic),
  ]

  @Test("Barostats change the cell within the plane, and resume to the bit", arguments: barostats)
  func constantPressure(_ entry: (thermostat: Thermostat, coupling: CellCoupling)) throws {
    let stage = BarostatTests.stage(entry.thermostat, entry.coupling, interval: 1)
    let plan = try Self.plan([.minimize(Stages.minimize(.fire)), .dynamics(stage)])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    let frames = try #require(reference.frames["equilibrate.nc"])
    #expect(frames.allSatisfy { Self.isFlat($0) && $0.cell.isPlanar && $0.cell.validate() == nil })
    #expect(Set(frames.map(\.cell)).count == frames.count)
    let (first, last) = (try #require(frames.first?.cell.vectors), try #require(frames.last?.cell.vectors))
    let ratio = last.b.y / last.a.x / (first.b.y / first.a.x)
    #expect((abs(ratio - 1) < 1e-12) == (entry.coupling == .isotropic))
    #expect((last.b.x != 0) == (entry.coupling == .triclinic))
    // Area, density, a, b and the angle behind the twelve columns of every stage.
    let row = try #require(reference.rows["equilibrate.csv"]?.last).map { Double(bitPattern: $0) }
    #expect(row.count == 17 && abs(row[12] * row[13] - 60) < 1e-9)
    try reference.expectTheSameWhereverItStops(plan)
  }

  /// The root mean square error of kinetic + potential − heat while the cell is compressed.
  private static func error(_ coupling: CellCoupling, timestep: Double) throws -> Double {
    let model = try Fixture.lennardJones(["A", "B"])
    var bench = try Bench(mixture(density: 0.85), model)
    bench.system.drawMaxwellVelocities(temperature: 0.8, seed: 5)
    try bench.field.update(&bench.system, [.forces, .energy, .virial])
    var integrator = MartynaTobiasKlein(
      timestep: timestep, time: 0.2, cellTime: 0.5, temperature: .constant(0.8), pressure: .constant(8),
      coupling: coupling, steps: 1000, degreesOfFreedom: 118, dimensions: 2)
    let start = bench.energy
    var sum = 0.0
    let samples = Int((1.6 / timestep).rounded())
    for step in 0..<samples {
      try bench.run(&integrator, from: step, 1)
      let error = bench.energy - integrator.heat - start
      sum += error * error
    }
    return (sum / Double(samples)).squareRoot()
  }

  @Test("A planar cell with inertia conserves its energy to second order", arguments: CellCoupling.allCases)
  func conservation(_ coupling: CellCoupling) throws {
    let errors = try [0.004, 0.002, 0.001].map { try Self.error(coupling, timestep: $0) }
    print("\(coupling), planar: \(errors)")
    for k in 0..<2 {
      let ratio = errors[k] / errors[k + 1]
      #expect(ratio > 3 && ratio < 5.5, "\(ratio)")
    }
  }

  @Test("Exchanges of places go on in a plane, and resume to the bit")
  func exchanges() throws {
    var stage = Self.stage(.csvr(temperature: .constant(1), time: 0.1))
    stage.exchange = AtomExchange(.places, interval: 10, attempts: 50)
    let plan = try Self.plan([.minimize(Stages.minimize(.fire)), .dynamics(stage)])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    #expect(reference.frames["equilibrate.nc"]?.allSatisfy(Self.isFlat) == true)
    try reference.expectTheSameWhereverItStops(plan)
  }

  @Test("A plane that flows conserves its energy to second order")
  func shear() throws {
    let errors = try [0.004, 0.002, 0.001].map { timestep in
      var bench = try Bench(Self.mixture(density: 0.85), try Fixture.lennardJones(["A", "B"]))
      bench.system.drawMaxwellVelocities(temperature: 0.8, seed: 5)
      try bench.field.update(&bench.system, [.forces, .energy, .virial])
      var integrator = VelocityVerlet(timestep: timestep)
      integrator.shear = ShearFlow(SimpleShear(rate: 0.5))
      let start = bench.energy
      var sum = 0.0
      // To a strain of 1.6: the cell flips on the way.
      let samples = Int((3.2 / timestep).rounded())
      for step in 0..<samples {
        try bench.run(&integrator, from: step, 1)
        let error = bench.energy - integrator.heat - start
        sum += error * error
      }
      #expect(Self.isFlat(bench.frame) && bench.system.cell.isPlanar && integrator.work > 10)
      return (sum / Double(samples)).squareRoot()
    }
    print("planar shear: \(errors)")
    for k in 0..<2 {
      let ratio = errors[k] / errors[k + 1]
      #expect(ratio > 3 && ratio < 5.5, "\(ratio)")
    }
  }

  @Test(
    "Shear at rest stays in the plane; its table has the pressure of two dimensions and the stress that the energy follows"
  )
  func quasistaticShear() throws {
    let pair = LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: 2)
    let model = try LennardJones(labels: ["A", "B"], pairs: [pair, pair, pair, pair], scheme: .smooth)
    var stage = QuasistaticShearStage(name: "q", strainStep: -1e-5, course: .monotonic(steps: 4), forceTolerance: 1e-10)
    stage.maximumSteps = 1_000_000
    stage.trajectories = [TrajectoryOutput(file: "q.extxyz", trigger: .every(1), fields: [.forces])]
    let plan = try Fixture.plan(
      [.minimize(Stages.minimize(.fire)), .quasistaticShear(stage)], structure: Self.mixture(density: 1.0),
      temperature: nil, model: model)
    let store = MemoryStore()
    #expect(try store.run(plan) == .finished)
    let frames = try #require(store.frames["q.extxyz"])
    let rows = try #require(store.rows["q.csv"]).map { $0.map { Double(bitPattern: $0) } }
    #expect(rows.count == 5 && rows[0][1].sign == .plus)
    #expect(frames.allSatisfy { Self.isFlat($0) && $0.cell.isPlanar })
    for (row, frame) in zip(rows, frames) {
      let stress = try #require(frame.stress)
      #expect(abs(row[4] + 0.5 * (stress.a.x + stress.b.y)) < 1e-12)
    }
    // dU = A σ dγ on a branch without events, by trapezoids: what is left is of third order in the strain.
    let area = try #require(frames[0].cell.volume)
    for k in 1..<5 {
      let work = 0.5 * area * (rows[k][3] + rows[k - 1][3]) * -1e-5
      #expect(abs(rows[k][2] - rows[k - 1][2] - work) < 1e-10, "\(rows[k][2] - rows[k - 1][2]) \(work)")
    }
  }

  @Test("The only plane of a shear in two dimensions is that of the atoms")
  func shearPlanes() {
    let cell = Cell.rectangle(5, 6)
    #expect(ShearPlane.xy.complaint(about: cell) == nil)
    for plane in [ShearPlane.xz, .yz] { #expect(plane.complaint(about: cell)?.contains("xy") == true) }
  }
}
