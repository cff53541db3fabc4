import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Shear at a finite rate")
struct ShearTests {
  private static let timestep = 0.004

  /// The integrators that take a flow.
  enum Kind: String, CaseIterable {
    case verlet, csvr, chain, langevin
  }

  private static func liquid(
    cells: Int = 2, threads: Int = 1, temperature: Double = 0.8, skin: Double = 0.3
  ) throws -> Bench {
    var bench = try Bench(Fixture.crystal(cells: cells), try Fixture.lennardJones(), skin: skin, threads: threads)
    bench.system.drawMaxwellVelocities(temperature: temperature, seed: 5)
    try bench.field.update(&bench.system, [.forces, .energy, .virial])
    return bench
  }

  /// What a body does with any of the integrators.
  private struct Drive {
    var kind: Kind
    var shear: SimpleShear?
    var timestep = ShearTests.timestep
    var atoms = 32
    var time = 0.2

    func run(_ bench: inout Bench, parts: [Int], _ body: (borrowing Bench, Double, Double) -> Void = { _, _, _ in })
      throws
    {
      func noise(_ stream: RandomStream) -> Noise { Noise(stream.generator(seed: 9, stage: 0)) }
      func go<I: Integrator & ~Copyable>(_ start: consuming I) throws {
        var integrator = start
        var step = 0
        for part in parts {
          try bench.run(&integrator, from: step, part)
          step += part
          body(bench, integrator.heat, integrator.work)
        }
      }
      let flow = shear.map(ShearFlow.init)
      switch kind {
      case .verlet:
        var integrator = VelocityVerlet(timestep: timestep)
        integrator.shear = flow
        try go(integrator)
      case .csvr:
        var integrator = StochasticRescaling(
          timestep: timestep, time: time, temperature: .constant(0.8), steps: 1000, degreesOfFreedom: 3 * atoms - 3,
          noise: noise(.rescaling))
        integrator.shear = flow
        try go(integrator)
      case .chain:
        var integrator = NoseHooverChain(
          timestep: timestep, time: time, chain: 1, temperature: .constant(0.8), steps: 1000,
          degreesOfFreedom: 3 * atoms - 3)
        integrator.shear = flow
        try go(integrator)
      case .langevin:
        var integrator = LangevinMiddle(
          timestep: timestep, friction: 2, temperature: .constant(0.8), steps: 1000, noise: noise(.langevin))
        integrator.shear = flow
        try go(integrator)
      }
    }
  }

  // MARK: Without forces

  @Test(
    "Atoms without forces fly straight in the laboratory, through flips of the cell and crossings",
    arguments: ShearPlane.allCases)
  func ballistic(_ plane: ShearPlane) throws {
    var random = Fixture.Jitter(seed: 4)
    var structure = Fixture.cloud(40)
    // Vectors besides the one along the flow may have any direction.
    structure.frame.cell = Cell(
      plane == .yz
        ? Matrix3(Vector3(5, 0.4, 0), Vector3(0, 4, 0), Vector3(0.3, 0.9, 6))
        : Matrix3(Vector3(5, 0, 0), Vector3(1.1, 4, 0), Vector3(-0.3, 0.9, 6)))
    structure.frame.positions = (0..<40).map { _ in random.vector(8) }
    structure.frame.velocities = (0..<40).map { _ in random.vector(0.5) }
    var bench = try Bench(structure, HarmonicTrap(stiffness: 0))
    try bench.field.update(&bench.system, [.forces, .energy, .virial])
    let start = bench.frame
    let rate = 0.37
    var flips = 0
    var last = bench.system.cell
    var worst = 0.0
    let (f, g) = (plane.flow, plane.gradient)
    var integrator = VelocityVerlet(timestep: 0.05)
    integrator.shear = ShearFlow(SimpleShear(rate: rate, plane: plane))
    for step in 0..<400 {
      try bench.run(&integrator, from: step, 1)
      let time = 0.05 * Double(step + 1)
      let cell = bench.system.cell
      if abs(cell.vectors[g][f] - last.vectors[g][f]) > 1 { flips += 1 }
      last = cell
      #expect(abs((cell.volume ?? 0) - (start.cell.volume ?? 0)) < 1e-10)
      let side = cell.vectors[f][f]
      for k in 0..<3 where k != f { #expect(abs(cell.vectors[k][f]) < 0.5001 * side) }
      let frame = bench.frame
      for i in 0..<40 {
        var velocity = start.velocities[i]
        velocity[f] += rate * start.positions[i][g]
        let place = start.positions[i] + time * velocity
        var peculiar = velocity
        peculiar[f] -= rate * place[g]
        worst = max(worst, (frame.positions[i] - place).length, (frame.velocities[i] - peculiar).length)
      }
    }
    // A strain of 7.4 moves the far end of the vector across the gradient by so many sides.
    let travel = start.cell.vectors[g][f] + rate * 20 * start.cell.vectors[g][g]
    #expect(flips == Int((travel / start.cell.vectors[f][f]).rounded()) && flips > 5)
    // Coordinates reach 120, and four hundred steps round them by 1e-14 each.
    #expect(worst < 1e-11, "\(worst)")
    // The kinetic energy of peculiar velocities changes by the work alone.
    #expect(abs(bench.energy - integrator.heat - 0.5 * start.velocities.reduce(0) { $0 + $1.lengthSquared }) < 1e-9)
    #expect(integrator.heat == integrator.work)
  }

  @Test("A tilt that is reduced leaves lattice, unwrapped positions, energy and forces as they were")
  func reducedTilt() throws {
    let structure = Fixture.crystal(cells: 3)
    for (plane, strain) in [(ShearPlane.xy, 0.8), (.xz, -1.3), (.yz, 2.6)] {
      var sheared = structure
      sheared.frame.cell.vectors = structure.frame.cell.vectors * plane.map(by: strain)
      sheared.frame.positions = structure.frame.positions.map { $0 * plane.map(by: strain) }
      var bench = try Bench(sheared, try Fixture.lennardJones())
      try bench.field.update(&bench.system, [.forces, .energy, .virial])
      let before = bench.frame
      let (energy, virial) = (bench.field.evaluation.energy, bench.field.evaluation.virial)
      var forces: [Vector3] = []
      bench.system.scatter(bench.field.evaluation.forces, into: &forces)
      let isReduced = bench.system.reduceTilt(in: plane)
      #expect(isReduced)
      try bench.field.update(&bench.system, [.forces, .energy, .virial])
      #expect(zip(before.positions, bench.frame.positions).allSatisfy { ($0 - $1).length < 1e-12 })
      #expect(abs(bench.field.evaluation.energy - energy) < 1e-11 * abs(energy))
      #expect((bench.field.evaluation.virial - virial).squares < 1e-18)
      var after: [Vector3] = []
      bench.system.scatter(bench.field.evaluation.forces, into: &after)
      #expect(zip(forces, after).allSatisfy { ($0 - $1).length < 1e-10 })
      let isReducedAgain = bench.system.reduceTilt(in: plane)
      #expect(!isReducedAgain)
    }
  }

  // MARK: Sameness

  @Test("How steps are split over calls and threads does not change a bit", arguments: Kind.allCases)
  func splits(_ kind: Kind) throws {
    func end(_ parts: [Int], threads: Int) throws -> (Frame, [Vector3], [Double]) {
      var bench = try Self.liquid(cells: 6, threads: threads)
      var sums: [Double] = []
      let drive = Drive(kind: kind, shear: SimpleShear(rate: 2, plane: .xy), atoms: 864)
      try drive.run(&bench, parts: parts) { _, heat, work in sums = [heat, work] }
      return (bench.frame, bench.field.evaluation.forces.array(), sums)
    }
    let one = try end([100], threads: 1)
    let other = try end([1, 30, 2, 0, 60, 7], threads: 3)
    #expect(one.0 == other.0 && one.1 == other.1 && one.2 == other.2)
  }

  @Test("A flow at rate 0 leaves every bit as it is without it", arguments: Kind.allCases)
  func zeroRate(_ kind: Kind) throws {
    func end(_ shear: SimpleShear?) throws -> (Frame, [Vector3], Double) {
      var bench = try Self.liquid()
      var sum = 0.0
      try Drive(kind: kind, shear: shear).run(&bench, parts: [60, 60]) { _, heat, _ in sum = heat }
      return (bench.frame, bench.field.evaluation.forces.array(), sum)
    }
    let (still, none) = (try end(SimpleShear(rate: 0)), try end(nil))
    #expect(still.0 == none.0 && still.1 == none.1 && still.2 == none.2)
    #expect(try end(SimpleShear(rate: 1e-3)).0 != none.0)
  }

  @Test("Backwards in time a sheared system comes to where it was", arguments: [Kind.verlet, .chain])
  func timeReversal(_ kind: Kind) throws {
    var bench = try Self.liquid()
    let shear = SimpleShear(rate: 1.5, plane: .xz)
    let start = bench.frame
    // 160 steps to a strain of 0.96, past a flip.
    var middle = Frame()
    if kind == .verlet {
      var forward = VelocityVerlet(timestep: Self.timestep)
      forward.shear = ShearFlow(shear)
      try bench.run(&forward, 160)
      middle = bench.frame
      var backward = VelocityVerlet(timestep: -Self.timestep)
      backward.shear = ShearFlow(shear)
      try bench.run(&backward, 160)
    } else {
      var forward = NoseHooverChain(
        timestep: Self.timestep, time: 0.2, chain: 1, temperature: .constant(0.8), steps: 160, degreesOfFreedom: 93)
      forward.shear = ShearFlow(shear)
      try bench.run(&forward, 160)
      middle = bench.frame
      var backward = NoseHooverChain(
        timestep: -Self.timestep, time: 0.2, chain: 1, temperature: .constant(0.8), steps: 160, degreesOfFreedom: 93)
      backward.shear = ShearFlow(shear)
      backward.memory = forward.memory
      try bench.run(&backward, 160)
      #expect(abs(backward.work) < 1e-6 && abs(forward.work) > 1)
    }
    let error = zip(start.positions, bench.frame.positions).map { ($0 - $1).length }.max() ?? 0
    // Chaos lets rounding grow by the Lyapunov exponent, here e-fold in about half a unit of time.
    #expect(error < 1e-9, "\(error)")
    #expect(zip(start.positions, middle.positions).contains { ($0 - $1).length > 1 })
  }

  // MARK: Energy

  @Test(
    "Kinetic + potential − heat − work is conserved, with an error of second order in the timestep",
    arguments: Kind.allCases)
  func balance(_ kind: Kind) throws {
    func error(_ timestep: Double) throws -> (error: Double, work: Double) {
      var bench = try Self.liquid(cells: 3)
      let energy = bench.energy
      var (sum, total) = (0.0, 0.0)
      let samples = Int((1.6 / timestep).rounded())
      let drive = Drive(kind: kind, shear: SimpleShear(rate: 1), timestep: timestep, atoms: 108)
      try drive.run(&bench, parts: [Int](repeating: 1, count: samples)) { bench, heat, work in
        let error = bench.energy - heat - energy
        sum += error * error
        total = work
      }
      return ((sum / Double(samples)).squareRoot(), total)
    }
    let errors = try [0.008, 0.004, 0.002].map(error)
    print("\(kind): \(errors)")
    // Work of some hundreds of epsilon on 108 atoms, in 1.6 units of time, is accounted for to a fraction of one.
    #expect(errors.allSatisfy { $0.work > 100 && $0.error < 0.005 * $0.work })
    if kind == .verlet || kind == .chain {
      for k in 0..<2 {
        let ratio = errors[k].error / errors[k + 1].error
        #expect(ratio > 3 && ratio < 5.5, "\(ratio)")
      }
    } else {
      // Other timesteps have other noise.
      #expect(errors[0].error > 6 * errors[2].error)
    }
  }

  @Test("A list outlives the strain that its margin allows for, and flips cost one search each")
  func affineLists() throws {
    // Atoms at rest without forces do nothing but follow the flow. With a cutoff of 0.5 and a margin of 0.1, no pair that was not listed comes within the cutoff
    // before the smallest stretch s of the shear takes 0.6 to 0.5: at a strain of 1/s − s, 0.367. The cubic cell flips 20 times to a strain of 20.
    var bench = try Bench(Fixture.crystal(cells: 4), HarmonicTrap(stiffness: 0), skin: 0.1)
    try bench.field.update(&bench.system, [.forces, .energy, .virial])
    try Drive(kind: .verlet, shear: SimpleShear(rate: 5)).run(&bench, parts: [1000])
    let most = 1 + Int(20 / (0.6 / 0.5 - 0.5 / 0.6)) + 1 + 20
    print("\(bench.field.rebuilds) searches to a strain of 20, at most \(most)")
    #expect(bench.field.rebuilds <= most && bench.field.rebuilds > 20)
  }

  @Test("In a liquid searches are in proportion to the strain and lists keep their size, however long it goes on")
  func longStrain() throws {
    var bench = try Bench(Fixture.crystal(cells: 6), try Fixture.lennardJones(cutoff: 2.5), skin: 0.8)
    bench.system.drawMaxwellVelocities(temperature: 0.8, seed: 5)
    try bench.field.update(&bench.system, [.forces, .energy, .virial])
    var (rebuilds, entries): ([Int], [Int]) = ([], [])
    let drive = Drive(kind: .chain, shear: SimpleShear(rate: 5), atoms: 864)
    try drive.run(&bench, parts: [Int](repeating: 50, count: 40)) { bench, _, _ in
      rebuilds.append(bench.field.rebuilds)
      entries.append(bench.field.clusterEntryCount)
    }
    let (first, second, third) = (rebuilds[9], rebuilds[24], rebuilds[39])
    print("searches to strains of 10, 25 and 40: \(first), \(second), \(third)")
    // The crystal has melted at a strain of 10. Some sixty searches in 15 units of strain fluctuate by less than their root.
    #expect(third - second < (second - first) * 5 / 4 && second > first)
    let (early, late) = (entries[10..<25].max() ?? 0, entries[25...].max() ?? 0)
    #expect(Double(late) < 1.1 * Double(early))
  }

  // MARK: Stages

  static let stages: [(Thermostat, SimpleShear)] = [
    (.none, SimpleShear(rate: 0.8, plane: .xy)),
    (.csvr(temperature: .ramp(from: 0.9, to: 0.5), time: 0.1), SimpleShear(rate: 2.5, plane: .xy)),
    (.noseHoover(temperature: .constant(0.8), time: 0.1, chain: 1), SimpleShear(rate: -2.5, plane: .xz)),
    (.langevin(temperature: .constant(0.8), friction: 1), SimpleShear(rate: 2.5, plane: .yz)),
  ]

  static func stage(_ thermostat: Thermostat, _ shear: SimpleShear, steps: Int = 150) -> DynamicsStage {
    var stage = Stages.langevin(steps)
    stage.thermostat = thermostat
    stage.shear = shear
    stage.checkpoint = .every(17)
    return stage
  }

  @Test("A sheared run that stops at any checkpoint and resumes is the same run", arguments: stages)
  func stopAndResume(_ entry: (thermostat: Thermostat, shear: SimpleShear)) throws {
    // The second stage starts with the cell that the first one left.
    var second = Self.stage(entry.thermostat, SimpleShear(rate: -entry.shear.rate, plane: entry.shear.plane), steps: 90)
    second.name = "again"
    second.trajectories = []
    second.thermo = ThermoOutput(file: "again.csv", trigger: .every(10))
    let plan = try Fixture.plan([.dynamics(Self.stage(entry.thermostat, entry.shear)), .dynamics(second)])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    #expect(reference.saves > 10)
    try reference.expectTheSameWhereverItStops(plan)
  }

  @Test("A sheared run that fails at any moment resumes from its last checkpoint to the same end")
  func killAndResume() throws {
    let plan = try Fixture.plan(
      Self.stages.dropFirst().prefix(2).enumerated().map { index, entry in
        var stage = Self.stage(entry.0, entry.1)
        stage.name = "part-\(index)"
        stage.trajectories[0].file = "part-\(index).nc"
        stage.thermo = ThermoOutput(file: "part-\(index).csv", trigger: .every(9))
        return .dynamics(stage)
      })
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    try reference.expectTheSameHoweverOftenItFails(plan, runs: 8, seed: 77)
  }

  @Test("Tables have the strain, the stress of the plane and the work, which is its integral")
  func columns() throws {
    for (thermostat, shear) in Self.stages {
      var stage = Self.stage(thermostat, shear, steps: 200)
      stage.timestep = 0.002
      stage.thermo = ThermoOutput(file: "equilibrate.csv", trigger: .every(1))
      let store = MemoryStore()
      #expect(try store.run(try Fixture.plan([.dynamics(stage)])) == .finished)
      let rows = try #require(store.rows["equilibrate.csv"]).map { $0.map { Double(bitPattern: $0) } }
      // yz, xz, xy are columns 11 to 13.
      let column = [ShearPlane.yz: 11, .xz: 12, .xy: 13][shear.plane] ?? 0
      let volume = 32 / 0.9
      var work = 0.0
      for (k, row) in rows.enumerated() {
        #expect(row.count == 18)
        #expect(abs(row[15] - shear.rate * 0.002 * Double(k)) < 1e-12)
        #expect(abs(row[16] - row[column]) < 1e-12)
        if k > 0 { work += volume * shear.rate * 0.002 * 0.5 * (row[16] + rows[k - 1][16]) }
      }
      let total = try #require(rows.last?[17])
      #expect(total > 10)
      // The kinetic stress in the middle of steps is not the mean of that at their ends: dt² of the curvature, and the noise of a Langevin step.
      #expect(abs(work - total) < 0.01 * total, "\(work) \(total)")
    }
  }

  @Test("What makes no sense is refused before anything is run")
  func refusals() throws {
    func message(_ change: (inout DynamicsStage) -> Void, structure: Structure = Fixture.crystal()) throws -> String {
      var stage = Self.stage(.csvr(temperature: .constant(0.8), time: 0.1), SimpleShear(rate: 1))
      change(&stage)
      do {
        try MemoryStore().run(try Fixture.plan([.dynamics(stage)], structure: structure))
      } catch let error as InputError {
        return error.message
      }
      return "accepted"
    }
    #expect(try message { $0.shear?.rate = .nan }.contains("not a number"))
    #expect(try message { $0.shear?.rate = 30 }.contains("in one step"))
    #expect(
      try message { $0.thermostat = .noseHoover(temperature: .constant(1), time: 1, chain: 3) }.contains("3 links"))
    #expect(try message { $0.thermostat = .brownian(temperature: .constant(1), friction: 50) }.contains("Brownian"))
    let barostat = Barostat.cellRescaling(
      pressure: .constant(1), time: 1, compressibility: 0.1, coupling: .isotropic, interval: 1)
    #expect(try message { $0.barostat = barostat }.contains("exclude one another"))
    var tilted = Fixture.crystal()
    tilted.frame.cell.vectors.a.y = 0.2
    #expect(try message({ _ in }, structure: tilted).contains("first vector lies along x"))
    tilted.frame.cell.periodic.c = false
    #expect(try message({ _ in }, structure: tilted).contains("repeats in all three"))
    #expect(try message { _ in } == "accepted")
  }
}
