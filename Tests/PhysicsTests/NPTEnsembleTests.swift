import Tektite
import TektiteTestSupport
import Testing

@Suite("Ensembles at constant pressure", .tags(.physics), .serialized)
struct NPTEnsembleTests {
  /// What holds temperature and pressure.
  enum Kind: String, CaseIterable {
    case csvr, langevin, inertial

    var conservesMomentum: Bool { self != .langevin }
  }

  struct Series {
    var volume: [Double] = []
    var kinetic: [Double] = []
    /// (Σ m v ⊗ v + W)/V with what the fixed centre of mass lacks.
    var pressure: [Matrix3] = []
    var drift = 0.0
  }

  struct Conditions {
    var kind = Kind.csvr
    var temperature = 1.0
    var pressure = 1.0
    var compressibility = 1.0
    var coupling = CellCoupling.isotropic
    var interval = 1
    var timestep = 0.002
    var relaxation = 0.5
    var seed: UInt64 = 1
  }

  static func sample(
    _ liquid: inout Liquid, _ c: Conditions, equilibration: Int, steps: Int, every: Int
  ) throws -> Series {
    let count = liquid.count
    let freedom = 3 * count - (c.kind.conservesMomentum ? 3 : 0)
    if c.kind.conservesMomentum { liquid.system.removeMomentum() }
    let target = Schedule.constant(c.temperature)
    func noise(_ stream: RandomStream) -> Noise { Noise(stream.generator(seed: c.seed, stage: 2)) }
    let barostat = StochasticCellRescaling(
      timestep: c.timestep, pressure: .constant(c.pressure), time: c.relaxation, compressibility: c.compressibility,
      coupling: c.coupling, interval: c.interval, temperature: target, steps: steps, degreesOfFreedom: freedom,
      noise: noise(.cell))
    var series = Series()
    func record(_ now: borrowing Liquid) {
      let volume = now.system.cell.volume ?? .nan
      series.volume.append(volume)
      series.kinetic.append(now.kineticEnergy)
      let missing = Double(3 * count - freedom) / 3 * c.temperature
      series.pressure.append(
        (1 / volume)
          * (Thermodynamics.kineticTensor(now.system) + now.field.evaluation.virial + missing * Matrix3.identity))
    }
    func go<I: Integrator & ~Copyable>(_ integrator: inout I) throws {
      try liquid.run(&integrator, steps: equilibration)
      let before = liquid.kineticEnergy + liquid.energy - integrator.heat
      try liquid.measure()
      var done = equilibration
      while done < equilibration + steps {
        try integrator.advance(
          &liquid.system, &liquid.field, from: done, count: every, measuring: [.energy, .forces, .virial])
        done += every
        record(liquid)
      }
      series.drift = (liquid.kineticEnergy + liquid.energy - integrator.heat - before) / Double(count)
    }
    switch c.kind {
    case .csvr:
      var integrator = StochasticRescaling(
        timestep: c.timestep, time: 0.1, temperature: target, steps: steps, degreesOfFreedom: freedom,
        noise: noise(.rescaling))
      integrator.cellRescaling = barostat
      try go(&integrator)
    case .langevin:
      var integrator = LangevinMiddle(
        timestep: c.timestep, friction: 1, temperature: target, steps: steps, noise: noise(.langevin))
      integrator.cellRescaling = barostat
      try go(&integrator)
    case .inertial:
      var integrator = MartynaTobiasKlein(
        timestep: c.timestep, time: 0.2, cellTime: c.relaxation, temperature: target, pressure: .constant(c.pressure),
        coupling: c.coupling, steps: steps, degreesOfFreedom: freedom)
      try go(&integrator)
    }
    return series
  }

  // MARK: Ideal gas

  private static func gas(_ count: Int, volume: Double, seed: UInt64) throws -> Liquid {
    var random = SeededGenerator(seed: seed)
    let sample = Sample(table: [Species("A")], minimumDistance: 0.1, density: Double(count) / volume)
    var structure = sample.lattice(.cubic, atoms: count, noise: 0.02, using: &random)
    structure.frame.velocities = []
    return try Liquid(Trap(stiffness: 0), structure, skin: 1, seed: seed)
  }

  @Test(
    "The volume of an ideal gas is Gamma distributed with shape N + 1, its kinetic energy with shape f/2",
    arguments: [Kind.csvr, .langevin])
  func idealGas(_ kind: Kind) throws {
    let (count, pressure, temperature) = (27, 1.7, 1.3)
    var gas = try Self.gas(count, volume: 28 * temperature / pressure, seed: 41)
    gas.system.drawMaxwellVelocities(temperature: temperature, seed: 41)
    var c = Conditions(
      kind: kind, temperature: temperature, pressure: pressure, compressibility: 1 / pressure, seed: 41)
    (c.timestep, c.relaxation) = (0.01, 0.5)
    let series = try Self.sample(&gas, c, equilibration: 2000, steps: 400_000, every: 25)
    try Self.check(series, kind, count, pressure, temperature)
  }

  private static func check(
    _ series: Series, _ kind: Kind, _ count: Int, _ pressure: Double, _ temperature: Double
  ) throws {
    let volumes = Statistics.decorrelated(series.volume)
    let distance = Statistics.kolmogorovSmirnov(volumes) {
      Statistics.cumulativeGamma(shape: Double(count + 1), $0 * pressure / temperature)
    }
    let mean = Estimate(series.volume)
    let expected = Double(count + 1) * temperature / pressure
    let variance =
      Statistics.variance(volumes) / (Double(count + 1) * temperature * temperature / (pressure * pressure))
    print(
      "ideal gas, \(kind): \(volumes.count) volumes, KS \(distance), mean \(mean) (\(expected)), variance ratio \(variance), drift \(series.drift)"
    )
    #expect(volumes.count > 1000)
    #expect(distance < 2.3 && mean.deviation(from: expected) < 4)
    // A neighbouring shape, N or N + 2, is off by 1/28 in the mean.
    #expect(mean.standardError < 0.25 * temperature / pressure)
    let shape = 0.5 * Double(3 * count - (kind.conservesMomentum ? 3 : 0))
    let kinetic = Statistics.kolmogorovSmirnov(Statistics.decorrelated(series.kinetic)) {
      Statistics.cumulativeGamma(shape: shape, $0 / temperature)
    }
    #expect(kinetic < 2.3, "kinetic energy: \(kinetic)")
  }

  @Test("The same when lengths and angles change", arguments: [CellCoupling.anisotropic, .triclinic])
  func idealGasOfAnyShape(_ coupling: CellCoupling) throws {
    // Nothing holds the shape of a gas: many runs of moderate length, each from a cube.
    let (count, pressure, temperature) = (27, 1.7, 1.3)
    var volumes: [Double] = []
    for seed in 0..<400 as Range<UInt64> {
      var gas = try Self.gas(count, volume: 28 * temperature / pressure, seed: 100 + seed)
      gas.system.drawMaxwellVelocities(temperature: temperature, seed: 100 + seed)
      var c = Conditions(temperature: temperature, pressure: pressure, compressibility: 1 / pressure, seed: 100 + seed)
      // The compressibility of a small gas is large, and so are its moves: the steps are short to keep strains below the limit.
      (c.timestep, c.relaxation, c.coupling) = (0.002, 0.3, coupling)
      // Six relaxation times and then two more samples, three times apart.
      let series = try Self.sample(&gas, c, equilibration: 900, steps: 900, every: 450)
      volumes += series.volume
    }
    let distance = Statistics.kolmogorovSmirnov(volumes) {
      Statistics.cumulativeGamma(shape: Double(count + 1), $0 * pressure / temperature)
    }
    let mean = Estimate(volumes)
    let expected = Double(count + 1) * temperature / pressure
    print("ideal gas, \(coupling): KS \(distance), mean \(mean) (\(expected))")
    #expect(distance < 2.3 && mean.deviation(from: expected) < 4)
    #expect(mean.standardError < 0.25 * temperature / pressure)
  }

  // MARK: Liquid and crystal

  /// 64 purely repulsive atoms.
  private static func liquid(density: Double, temperature: Double, seed: UInt64) throws -> Liquid {
    var random = SeededGenerator(seed: seed)
    let pair = LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: 1.122_462_048_309_373)
    let model = try LennardJones(labels: ["A"], pairs: [pair], scheme: .cutAndShift)
    let crystal = Sample(table: [Species("A")], minimumDistance: 0.8, density: density)
    let structure = crystal.lattice(.cubic, atoms: 64, noise: 0.02, using: &random)
    var liquid = try Liquid(model, structure, skin: 0.4, seed: seed)
    liquid.system.drawMaxwellVelocities(temperature: temperature, seed: seed)
    try liquid.langevin(temperature: temperature, friction: 1, timestep: 0.002, steps: 4000)
    return liquid
  }

  @Test(
    "Volumes of a liquid at two pressures show their difference, the mean pressure is the barostat's, and that of NVT at the mean volume too",
    arguments: Kind.allCases)
  func twoPressures(_ kind: Kind) throws {
    let pressures = [5.0, 5.6]
    var volumes: [[Double]] = []
    for (k, pressure) in pressures.enumerated() {
      var liquid = try Self.liquid(density: 0.75, temperature: 1, seed: 700 + UInt64(k))
      var c = Conditions(kind: kind, pressure: pressure, compressibility: 0.05, seed: 700 + UInt64(k))
      c.interval = k == 0 ? 1 : 5
      let series = try Self.sample(&liquid, c, equilibration: 5000, steps: 250_000, every: 25)
      volumes.append(series.volume)
      let mean = Estimate(series.pressure.map { $0.trace / 3 })
      print(
        "\(kind) at P = \(pressure): mean pressure \(mean), volume \(Estimate(series.volume)), drift \(series.drift) an atom, \(liquid.field.rebuilds) rebuilds"
      )
      #expect(mean.deviation(from: pressure, uncertainty: 2e-3 * pressure) < 4)
      // A random walk of the account over 300 time units.
      #expect(abs(series.drift) < 0.02)
      if k == 0 {
        let target = Statistics.mean(series.volume)
        let scale = pow3(target / (liquid.system.cell.volume ?? 1))
        let map = scale * Matrix3.identity
        var cell = liquid.system.cell
        cell.vectors = scale * cell.vectors
        _ = liquid.field.deform(&liquid.system, to: cell, Deformation(map: map))
        try liquid.measure()
        var pressures: [Double] = []
        try liquid.langevin(temperature: 1, friction: 1, timestep: 0.002, steps: 100_000, every: 50) {
          pressures.append($0.pressure)
        }
        let constant = Estimate(pressures)
        // The mean of P(V) over the volumes differs from P at the mean volume by half its curvature times the variance: V²P″ is near 80 here.
        let curvature = 0.5 * 80 * Statistics.variance(series.volume) / (target * target)
        print("NVT at V = \(target): pressure \(constant)")
        #expect(constant.deviation(from: pressure, uncertainty: curvature + 2e-3 * pressure) < 4)
        #expect(constant.standardError < 0.05)
      }
    }
    let estimate = Statistics.inverseTemperatureDifference(
      Statistics.decorrelated(volumes[0]), Statistics.decorrelated(volumes[1]))
    let expected = pressures[0] - pressures[1]
    print("\(kind): difference of pressures \(estimate), expected \(expected)")
    #expect(estimate.deviation(from: expected) < 4)
    #expect(estimate.standardError < 0.1 * abs(expected))
  }

  private func pow3(_ ratio: Double) -> Double {
    var x = 1.0
    for _ in 0..<60 { x = (2 * x + ratio / (x * x)) / 3 }
    return x
  }

  @Test(
    "In a crystal whose cell may take any shape every component of the stress has its mean",
    arguments: [CellCoupling.anisotropic, .triclinic])
  func crystal(_ coupling: CellCoupling) throws {
    let pair = LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: 2.0)
    let model = try LennardJones(labels: ["A"], pairs: [pair], scheme: .smooth)
    // 3 × 3 × 3 cells of fcc.
    let side = 1.56
    var frame = Frame()
    frame.cell = .cubic(3 * side)
    for k in 0..<27 {
      let corner = Vector3(Double(k % 3), Double(k / 3 % 3), Double(k / 9))
      for site in [Vector3(0, 0, 0), Vector3(0.5, 0.5, 0), Vector3(0.5, 0, 0.5), Vector3(0, 0.5, 0.5)] {
        frame.positions.append(side * (corner + site))
      }
    }
    let structure = Structure(
      topology: Topology(table: [Species("A")], species: [Int32](repeating: 0, count: 108)), frame: frame)
    var solid = try Liquid(model, structure, skin: 0.3, seed: 801)
    solid.system.drawMaxwellVelocities(temperature: 0.4, seed: 801)
    var c = Conditions(temperature: 0.4, pressure: 5, compressibility: 0.012, coupling: coupling, seed: 801)
    c.timestep = 0.004
    let series = try Self.sample(&solid, c, equilibration: 3000, steps: 60_000, every: 10)
    for i in 0..<3 {
      for j in 0...i {
        let mean = Estimate(series.pressure.map { $0[i, j] })
        print("\(coupling): P[\(i), \(j)] = \(mean)")
        let isFree = coupling == .triclinic || i == j
        #expect(!isFree || mean.deviation(from: i == j ? 5 : 0, uncertainty: 0.01) < 4)
        #expect(mean.standardError < 0.1)
      }
    }
    #expect(abs(series.drift) < 0.01, "\(series.drift)")
  }
}
