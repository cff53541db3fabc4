import Tektite
import TektiteTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Langevin thermostat", .tags(.physics), .serialized)
struct ThermostatTests {
  /// 64 purely repulsive atoms: cheap, and quick to forget.
  private func energies(
    temperature: Double, friction: Double, steps: Int, seed: UInt64
  ) throws -> (kinetic: [Double], potential: [Double]) {
    var random = SeededGenerator(seed: seed)
    let pair = LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: 1.122_462_048_309_373)
    let model = try LennardJones(labels: ["A"], pairs: [pair], scheme: .cutAndShift)
    let sample = Sample(table: [Species("A")], minimumDistance: 0.8, density: 0.8)
    let structure = sample.lattice(.cubic, atoms: 64, noise: 0.02, using: &random)
    var liquid = try Liquid(model, structure, skin: 0.4, seed: seed)
    liquid.system.drawMaxwellVelocities(temperature: temperature, seed: seed, removingMomentum: false, exactly: false)
    let timestep = 0.002
    try liquid.langevin(temperature: temperature, friction: friction, timestep: timestep, steps: 5000)
    var kinetic: [Double] = []
    var potential: [Double] = []
    try liquid.langevin(
      temperature: temperature, friction: friction, timestep: timestep, steps: steps, every: 25
    ) { now in
      kinetic.append(now.kineticEnergy)
      potential.append(now.energy)
    }
    return (kinetic, potential)
  }

  /// Frictions from nearly inertial to strongly damped, with steps that give each about as many independent samples.
  static let frictions: [(friction: Double, steps: Int)] = [(0.3, 160_000), (1, 80_000), (10, 80_000)]

  @Test(
    "kinetic energies are Gamma distributed, and two temperatures show their ratio in kinetic and potential energy",
    arguments: frictions)
  func distributions(_ entry: (friction: Double, steps: Int)) throws {
    let (cool, warm) = (1.0, 1.2)
    let first = try energies(temperature: cool, friction: entry.friction, steps: entry.steps, seed: 501)
    let second = try energies(temperature: warm, friction: entry.friction, steps: entry.steps, seed: 502)

    let shape = 1.5 * 64
    for (series, temperature) in [(first.kinetic, cool), (second.kinetic, warm)] {
      let samples = Statistics.decorrelated(series)
      let context = "friction \(entry.friction), T \(temperature), \(samples.count) samples"
      let distance = Statistics.kolmogorovSmirnov(samples) {
        Statistics.cumulativeGamma(shape: shape, $0 / temperature)
      }
      #expect(distance < 2.3, "\(context): Kolmogorov-Smirnov \(distance)")
      let mean = Estimate(series)
      // Full-step velocities are cold by ω²dt²/4, which is 1e-3 at the stiffest contacts here (ω about 30).
      #expect(
        mean.deviation(from: shape * temperature, uncertainty: 1e-3 * shape * temperature) < 5, "\(context): \(mean)")
      #expect(samples.count > 60, "\(context): too few to tell")
    }

    let expected = 1 / cool - 1 / warm
    for (name, a, b) in [
      ("kinetic", first.kinetic, second.kinetic), ("potential", first.potential, second.potential),
      (
        "total", zip(first.kinetic, first.potential).map { $0 + $1 },
        zip(second.kinetic, second.potential).map { $0 + $1 }
      ),
    ] {
      let estimate = Statistics.inverseTemperatureDifference(Statistics.decorrelated(a), Statistics.decorrelated(b))
      print("friction \(entry.friction), \(name): \(estimate), expected \(expected)")
      #expect(estimate.deviation(from: expected) < 4, "friction \(entry.friction), \(name): \(estimate)")
      #expect(estimate.standardError < 0.3 * expected, "friction \(entry.friction), \(name): too few samples")
    }
  }

  @Test(
    "on a harmonic trap positions have the exact variance at any timestep, and velocities the known one",
    arguments: [0.3, 1.0, 1.6])
  func harmonicTrap(_ step: Double) throws {
    // With k = m = 1 the frequency is 1, so `step` is ω dt; velocity Verlet itself is stable up to 2.
    let kT = 0.7
    let samples = try trapped(stiffness: 1, kT: kT, friction: 0.8, timestep: step, steps: 20_000)
    print("trap at ω dt = \(step): position variance \(samples.position), velocity variance \(samples.velocity)")
    #expect(samples.position.deviation(from: kT) < 5, "⟨x²⟩ = \(samples.position)")
    #expect(samples.velocity.deviation(from: kT * (1 - step * step / 4)) < 5, "⟨v²⟩ = \(samples.velocity)")
    // Other splittings (BBK, OBABO with the middle elsewhere) are off by (ω dt)²/4, a hundred standard errors.
    #expect(samples.position.standardError < 0.005 * kT)
  }

  @Test("a free particle diffuses with k_B T / m γ, corrected exactly for the timestep", arguments: [0.5, 2.0])
  func freeDiffusion(_ friction: Double) throws {
    let (kT, timestep) = (0.9, 0.2)
    let samples = try trapped(stiffness: 0, kT: kT, friction: friction, timestep: timestep, steps: 2000)
    // From x_{n+1} − x_n = dt/2 (v + v′) with v′ = e^{−γ dt} v + noise: D = (k_B T dt / 2m) coth(γ dt / 2).
    let expected = kT * timestep / 2 / tanh(friction * timestep / 2)
    print("free particle, friction \(friction): D = \(samples.diffusivity), expected \(expected)")
    #expect(samples.diffusivity.deviation(from: expected) < 4)
    #expect(samples.velocity.deviation(from: kT) < 5)
    #expect(samples.diffusivity.standardError < 0.05 * expected)
  }

  /// 500 atoms, each bound to the origin by a spring of its own and blind to the others.
  private func trapped(
    stiffness: Double, kT: Double, friction: Double, timestep: Double, steps: Int
  ) throws -> (position: Estimate, velocity: Estimate, diffusivity: Estimate) {
    let count = 500
    var frame = Frame()
    frame.positions = [Vector3](repeating: .zero, count: count)
    let structure = Structure(
      topology: Topology(table: [Species("A")], species: [Int32](repeating: 0, count: count)), frame: frame)
    // The trap needs no neighbours; a wide skin spares the driver the search.
    var liquid = try Liquid(Trap(stiffness: stiffness), structure, skin: 1, seed: 503)
    liquid.system.drawMaxwellVelocities(temperature: kT, seed: 503, removingMomentum: false, exactly: false)
    try liquid.langevin(temperature: kT, friction: friction, timestep: timestep, steps: Int(40 / timestep))
    var squares: [Double] = []
    var speeds: [Double] = []
    var start = Frame()
    liquid.system.copy(into: &start)
    try liquid.langevin(temperature: kT, friction: friction, timestep: timestep, steps: steps, every: 2) { now in
      var (x2, v2) = (0.0, 0.0)
      for i in 0..<count {
        x2 += now.system.positions[i].lengthSquared
        v2 += now.system.velocities[i].lengthSquared
      }
      squares.append(x2 / Double(3 * count))
      speeds.append(v2 / Double(3 * count))
    }
    var end = Frame()
    liquid.system.copy(into: &end)
    let time = timestep * Double(steps)
    let moves = zip(end.positions, start.positions).map { ($0 - $1).lengthSquared / (6 * time) }
    let error = (Statistics.variance(moves) / Double(count)).squareRoot()
    return (Estimate(squares), Estimate(speeds), Estimate(mean: Statistics.mean(moves), standardError: error))
  }
}

/// u = k r²/2 for each atom by itself.
struct Trap: PotentialModel {
  var stiffness: Double
  var name: String { "harmonic trap" }
  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(Worker(stiffness: stiffness))
  }

  struct Worker: Potential, ~Copyable {
    let stiffness: Double
    init(stiffness: Double) { self.stiffness = stiffness }
    var requirements: PotentialRequirements {
      PotentialRequirements(cutoff: 0, quantities: [.energy, .forces, .virial], lists: [])
    }
    mutating func reserveCapacity(atoms: Int, edges: Int) {}
    mutating func evaluate(
      _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
      into evaluation: inout Evaluation, in context: ExecutionContext
    ) throws(PotentialError) {
      for i in 0..<configuration.ownedCount {
        let r = configuration.positions[i]
        evaluation.energy += 0.5 * stiffness * r.lengthSquared
        evaluation.forces[i] -= stiffness * r
        evaluation.virial += (-stiffness) * Matrix3.outer(r, r)
      }
    }
  }
}
