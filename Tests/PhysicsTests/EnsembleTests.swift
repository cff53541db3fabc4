import Tektite
import TektiteTestSupport
import Testing

@Suite("Ensembles of the other thermostats", .tags(.physics), .serialized)
struct EnsembleTests {
  /// How 64 atoms are kept at a temperature.
  enum Kind: String, CaseIterable {
    case langevin, csvr, noseHoover, brownian

    /// Whether the kinetic energy is that of atoms without motion of their centre of mass.
    var degreesOfFreedom: Int { self == .csvr || self == .noseHoover ? 3 * 64 - 3 : 3 * 64 }
  }

  private struct Series {
    var kinetic: [Double] = []
    var potential: [Double] = []
    var pressure: [Double] = []
  }

  /// 64 purely repulsive atoms: cheap, and quick to forget.
  private static func sample(_ kind: Kind, temperature: Double, steps: Int, every: Int, seed: UInt64) throws -> Series {
    var random = SeededGenerator(seed: seed)
    let pair = LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: 1.122_462_048_309_373)
    let model = try LennardJones(labels: ["A"], pairs: [pair], scheme: .cutAndShift)
    let crystal = Sample(table: [Species("A")], minimumDistance: 0.8, density: 0.8)
    let structure = crystal.lattice(.cubic, atoms: 64, noise: 0.02, using: &random)
    var liquid = try Liquid(model, structure, skin: 0.4, seed: seed)
    liquid.system.drawMaxwellVelocities(temperature: temperature, seed: seed)
    try liquid.langevin(temperature: temperature, friction: 1, timestep: 0.002, steps: 4000)
    liquid.system.removeMomentum()
    var series = Series()
    func record(_ now: borrowing Liquid) {
      series.kinetic.append(now.kineticEnergy)
      series.potential.append(now.energy)
      series.pressure.append(now.pressure)
    }
    func noise(_ stream: RandomStream) -> Noise { Noise(stream.generator(seed: seed, stage: 2)) }
    let (target, freedom) = (Schedule.constant(temperature), kind.degreesOfFreedom)
    switch kind {
    case .langevin:
      try liquid.langevin(
        temperature: temperature, friction: 1, timestep: 0.002, steps: steps, every: every, record)
    case .csvr:
      var integrator = StochasticRescaling(
        timestep: 0.002, time: 0.1, temperature: target, steps: steps, degreesOfFreedom: freedom,
        noise: noise(.rescaling))
      try liquid.run(&integrator, steps: steps, every: every, record)
    case .noseHoover:
      var integrator = NoseHooverChain(
        timestep: 0.002, time: 0.2, temperature: target, steps: steps, degreesOfFreedom: freedom)
      try liquid.run(&integrator, steps: steps, every: every, record)
    case .brownian:
      // A step of Langevin dynamics of h = √(2 dt/γ) = 0.005 that forgets all velocities.
      var integrator = BrownianDynamics(
        timestep: 0.000_125, friction: 10, temperature: target, steps: steps, noise: noise(.brownian))
      try liquid.run(&integrator, steps: steps, every: every, record)
    }
    return series
  }

  @Test(
    "kinetic energies are Gamma distributed, and two temperatures show their ratio in kinetic and potential energy",
    arguments: [Kind.csvr, .noseHoover, .brownian])
  func distributions(_ kind: Kind) throws {
    let (cool, warm) = (1.0, 1.2)
    let steps = 80_000
    let first = try Self.sample(kind, temperature: cool, steps: steps, every: 20, seed: 601)
    let second = try Self.sample(kind, temperature: warm, steps: steps, every: 20, seed: 602)

    let shape = Double(kind.degreesOfFreedom) / 2
    for (series, temperature) in [(first.kinetic, cool), (second.kinetic, warm)] {
      let context = "\(kind.rawValue), T \(temperature)"
      let samples = Statistics.decorrelated(series)
      let distance = Statistics.kolmogorovSmirnov(samples) {
        Statistics.cumulativeGamma(shape: shape, $0 / temperature)
      }
      let mean = Estimate(series)
      let center = shape * temperature
      let spread = Estimate(series.map { ($0 - center) * ($0 - center) })
      print(
        "\(context): K = \(mean) of \(center), variance \(spread) of \(center * temperature), Kolmogorov-Smirnov \(distance) of \(samples.count)"
      )
      #expect(distance < 2.3, "\(context): Kolmogorov-Smirnov \(distance) of \(samples.count)")
      // Full-step velocities are cold by ω²h²/4, and the mean of ω² is about 300 in this liquid: 0.3e-3 for h = 0.002, 2e-3 for Brownian 0.005.
      let bias = kind == .brownian ? 2e-3 : 0.5e-3
      #expect(mean.deviation(from: center, uncertainty: bias * center) < 5, "\(context): \(mean)")
      #expect(
        spread.deviation(from: center * temperature, uncertainty: 2 * bias * center * temperature) < 5, "\(context)")
      #expect(mean.standardError < 0.004 * center && spread.standardError < 0.1 * center * temperature)
    }

    let expected = 1 / cool - 1 / warm
    for (name, a, b) in [
      ("kinetic", first.kinetic, second.kinetic), ("potential", first.potential, second.potential),
    ] {
      let estimate = Statistics.inverseTemperatureDifference(Statistics.decorrelated(a), Statistics.decorrelated(b))
      print("\(kind.rawValue), \(name): \(estimate), expected \(expected)")
      #expect(estimate.deviation(from: expected) < 4, "\(kind.rawValue), \(name): \(estimate)")
      #expect(estimate.standardError < 0.3 * expected, "\(kind.rawValue), \(name): too few samples")
    }
  }

  @Test("all thermostats agree on energy and pressure")
  func agreement() throws {
    let found = try Kind.allCases.map { kind in
      // Brownian positions relax by small steps.
      let steps = kind == .brownian ? 240_000 : 120_000
      let series = try Self.sample(kind, temperature: 1, steps: steps, every: 20, seed: 603)
      return (kind, Estimate(series.potential.map { $0 / 64 }), Estimate(series.pressure))
    }
    for (kind, energy, pressure) in found { print("\(kind.rawValue): u = \(energy), P = \(pressure)") }
    let (_, energy, pressure) = found[0]
    for (kind, u, p) in found.dropFirst() {
      #expect(u.deviation(from: energy.mean, uncertainty: energy.standardError) < 5, "\(kind.rawValue)")
      #expect(p.deviation(from: pressure.mean, uncertainty: pressure.standardError) < 5, "\(kind.rawValue)")
      #expect(u.standardError < 0.01 && p.standardError < 0.1)
    }
  }

  @Test("Brownian positions in a trap have the exact variance at any stable timestep", arguments: [0.02, 0.5, 1.5])
  func brownianTrap(_ step: Double) throws {
    // With k = m = 1, `step` is ω² dt/γ: Euler-Maruyama is stable up to 2 and its variance 1/(1 − step/2) of the right one.
    let (kT, friction) = (0.7, 5.0)
    var liquid = try Self.independent(stiffness: 1)
    liquid.system.drawMaxwellVelocities(temperature: kT, seed: 604, removingMomentum: false, exactly: false)
    var integrator = BrownianDynamics(
      timestep: step * friction, friction: friction, temperature: .constant(kT), steps: 0,
      noise: Noise(RandomStream.brownian.generator(seed: 604, stage: 0)))
    try liquid.run(&integrator, steps: Int(20 / step))
    var sampling = BrownianDynamics(
      timestep: step * friction, friction: friction, temperature: .constant(kT), steps: 0,
      noise: Noise(RandomStream.brownian.generator(seed: 604, stage: 1)))
    var squares: [Double] = []
    var speeds: [Double] = []
    try liquid.run(&sampling, steps: max(2000, Int(100 / step)), every: 2) { now in
      var (x2, v2) = (0.0, 0.0)
      for i in 0..<now.count {
        x2 += now.system.positions[i].lengthSquared
        v2 += now.system.velocities[i].lengthSquared
      }
      squares.append(x2 / Double(3 * now.count))
      speeds.append(v2 / Double(3 * now.count))
    }
    let (position, velocity) = (Estimate(squares), Estimate(speeds))
    print("Brownian trap at ω² dt/γ = \(step): position variance \(position), velocity variance \(velocity)")
    #expect(position.deviation(from: kT) < 5, "⟨x²⟩ = \(position)")
    #expect(velocity.deviation(from: kT * (1 - step / 2)) < 5, "⟨v²⟩ = \(velocity)")
    #expect(position.standardError < 0.01 * kT)
  }

  @Test("Free Brownian atoms have the mean square displacement 6 k_B T t/mγ", arguments: [0.5, 20])
  func brownianDiffusion(_ friction: Double) throws {
    let (kT, timestep, steps) = (0.9, 0.03, 200)
    var liquid = try Self.independent(stiffness: 0)
    liquid.system.drawMaxwellVelocities(temperature: kT, seed: 605, removingMomentum: false, exactly: false)
    var integrator = BrownianDynamics(
      timestep: timestep, friction: friction, temperature: .constant(kT), steps: 0,
      noise: Noise(RandomStream.brownian.generator(seed: 605, stage: 0)))
    try liquid.run(&integrator, steps: steps)
    var end = Frame()
    liquid.system.copy(into: &end)
    let squares = end.positions.map(\.lengthSquared)
    let found = Estimate(
      mean: Statistics.mean(squares), standardError: (Statistics.variance(squares) / Double(squares.count)).squareRoot()
    )
    // The means of two noises share all but the first and the last, of which half counts: t − dt/2 in place of t.
    let expected = 6 * kT * timestep * (Double(steps) - 0.5) / friction
    print("free Brownian atoms, friction \(friction): \(found), expected \(expected)")
    #expect(found.deviation(from: expected) < 4)
    #expect(found.standardError < 0.03 * expected)
  }

  /// 2000 atoms at the origin, each bound to it by a spring of its own and blind to the others.
  private static func independent(stiffness: Double) throws -> Liquid {
    let count = 2000
    var frame = Frame()
    frame.positions = [Vector3](repeating: .zero, count: count)
    let structure = Structure(
      topology: Topology(table: [Species("A")], species: [Int32](repeating: 0, count: count)), frame: frame)
    return try Liquid(Trap(stiffness: stiffness), structure, skin: 1, seed: 604)
  }
}
