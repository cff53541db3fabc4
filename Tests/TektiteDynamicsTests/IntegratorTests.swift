import Foundation
import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

/// A system with its forces.
struct Bench: ~Copyable {
  var system: System
  var field: ForceField

  init(_ structure: Structure, _ model: any PotentialModel, skin: Double = 0.3, threads: Int = 1) throws {
    // A local first: Swift 6.3 releases a property of a half-initialised noncopyable self once too often when it is read.
    let atoms = System(structure, units: .lj)
    field = try ForceField(model, for: atoms, skin: skin, team: ThreadTeam(threads: threads))
    system = atoms
  }

  /// Kinetic plus potential energy.
  var energy: Double { Thermodynamics.kineticEnergy(system) + field.evaluation.energy }

  mutating func prepare() throws { try field.update(&system, [.forces, .energy]) }

  mutating func run<I: Integrator & ~Copyable>(_ integrator: inout I, from step: Int = 0, _ count: Int) throws {
    try integrator.advance(&system, &field, from: step, count: count, measuring: [.forces, .energy])
  }

  /// Unwrapped positions and velocities in the user's order.
  var frame: Frame {
    var frame = Frame()
    system.copy(into: &frame)
    return frame
  }
}

@Suite("Integrators")
struct IntegratorTests {
  private static func liquid(threads: Int = 1, temperature: Double = 0.8) throws -> Bench {
    var bench = try Bench(Fixture.crystal(), try Fixture.lennardJones(), threads: threads)
    bench.system.drawMaxwellVelocities(temperature: temperature, seed: 5)
    try bench.prepare()
    return bench
  }

  private static func langevin(friction: Double = 2, steps: Int = 1000) -> LangevinMiddle {
    LangevinMiddle(
      timestep: 0.004, friction: friction, temperature: .ramp(from: 0.8, to: 0.5), steps: steps,
      noise: Noise(RandomStream.langevin.generator(seed: 9, stage: 0)))
  }

  @Test("One call of 100 steps, 100 calls of one and uneven calls give the same bits under velocity Verlet")
  func verletSplits() throws {
    func end(_ parts: [Int]) throws -> (Frame, [Vector3], Int) {
      var bench = try Self.liquid()
      var integrator = VelocityVerlet(timestep: 0.004)
      var step = 0
      for part in parts {
        try integrator.advance(&bench.system, &bench.field, from: step, count: part)
        step += part
      }
      return (bench.frame, bench.field.evaluation.forces.array(), bench.field.rebuilds)
    }
    let whole = try end([100])
    let single = try end([Int](repeating: 1, count: 100))
    let uneven = try end([1, 30, 2, 0, 60, 7])
    #expect(whole.2 > 2, "the list must have been rebuilt for this to test anything")
    #expect(whole.0 == single.0 && whole.1 == single.1)
    #expect(whole.0 == uneven.0 && whole.1 == uneven.1)
  }

  @Test("The same for Langevin dynamics with a ramp, heat included")
  func langevinSplits() throws {
    func end(_ parts: [Int], threads: Int) throws -> (Frame, [Vector3], Double) {
      var bench = try Self.liquid(threads: threads)
      var integrator = Self.langevin()
      var step = 0
      for part in parts {
        try integrator.advance(&bench.system, &bench.field, from: step, count: part)
        step += part
      }
      return (bench.frame, bench.field.evaluation.forces.array(), integrator.heat)
    }
    let whole = try end([100], threads: 1)
    for threads in [1, 2] {
      let single = try end([Int](repeating: 1, count: 100), threads: threads)
      #expect(whole.0 == single.0 && whole.1 == single.1 && whole.2 == single.2)
    }
    #expect(whole.2 != 0)
  }

  @Test("The energy error of velocity Verlet grows with the square of the timestep")
  func energyError() throws {
    var errors: [Double] = []
    for timestep in [0.002, 0.004, 0.008] {
      var bench = try Self.liquid()
      var integrator = VelocityVerlet(timestep: timestep)
      let start = bench.energy
      var sum = 0.0
      let samples = Int((0.8 / timestep).rounded())
      for step in 0..<samples {
        try bench.run(&integrator, from: step, 1)
        sum += (bench.energy - start) * (bench.energy - start)
      }
      errors.append((sum / Double(samples)).squareRoot())
    }
    // 4 to leading order; the next order adds less than a quarter at these timesteps.
    for k in 0..<2 {
      let ratio = errors[k + 1] / errors[k]
      #expect(ratio > 3.2 && ratio < 5, "ratios of \(errors)")
    }
  }

  @Test("Velocity Verlet runs backwards to where it came from")
  func timeReversal() throws {
    var bench = try Self.liquid()
    let start = bench.frame
    var forward = VelocityVerlet(timestep: 0.004)
    var backward = VelocityVerlet(timestep: -0.004)
    try bench.run(&forward, 250)
    let middle = bench.frame
    try bench.run(&backward, 250)
    let end = bench.frame
    var error = 0.0
    var moved = 0.0
    for i in start.positions.indices {
      error = max(error, (end.positions[i] - start.positions[i]).length)
      moved = max(moved, (middle.positions[i] - start.positions[i]).length)
    }
    // Rounding of 1e-16 grows by the Lyapunov exponent, a few orders of magnitude over one time unit there and back.
    #expect(error < 1e-10, "error \(error)")
    #expect(moved > 0.1)
  }

  @Test("An oscillator under velocity Verlet has the frequency that theory gives for the timestep")
  func oscillatorFrequency() throws {
    var bench = try Bench(Fixture.cloud(1, at: Vector3(1, 0, 0)), HarmonicTrap(), skin: 1000)
    try bench.prepare()
    let timestep = 0.2
    var integrator = VelocityVerlet(timestep: timestep)
    // cos(Ω Δt) = 1 − ω²Δt²/2 exactly, so x(n) = cos(n Ω Δt) for a start at rest.
    var (previous, present) = (1.0, 1 - timestep * timestep / 2)
    for step in 0..<500 {
      try bench.run(&integrator, from: step, 1)
      #expect(abs(bench.system.positions[0].x - present) < 1e-12)
      (previous, present) = (present, (2 - timestep * timestep) * present - previous)
    }
  }

  @Test("Without noise a damped oscillator follows its analytic solution, to second order in the timestep")
  func dampedOscillator() throws {
    func worst(_ timestep: Double) throws -> Double {
      let friction = 0.4
      var bench = try Bench(Fixture.cloud(1, at: Vector3(1, 0, 0)), HarmonicTrap(), skin: 1000)
      try bench.prepare()
      var integrator = LangevinMiddle(
        timestep: timestep, friction: friction, temperature: .constant(0), steps: 0,
        noise: Noise(RandomStream.langevin.generator(seed: 1, stage: 0)))
      var worst = 0.0
      var step = 0
      while Double(step) * timestep < 10 {
        try bench.run(&integrator, from: step, 1)
        step += 1
        // x″ = −x − γx′ from rest at 1.
        let t = Double(step) * timestep
        let omega = (1 - friction * friction / 4).squareRoot()
        let envelope = exp(-friction * t / 2)
        let x =
          envelope * (cos(omega * t) + friction / (2 * omega) * sin(omega * t))
        worst = max(worst, abs(bench.system.positions[0].x - x))
      }
      return worst
    }
    let (coarse, fine) = (try worst(0.1), try worst(0.05))
    #expect(coarse < 0.01)
    #expect(coarse / fine > 3.6 && coarse / fine < 4.4, "\(coarse) \(fine)")
  }

  @Test("Langevin dynamics without friction is velocity Verlet but for rounding")
  func noFriction() throws {
    var a = try Self.liquid()
    var b = try Self.liquid()
    var verlet = VelocityVerlet(timestep: 0.004)
    var langevin = Self.langevin(friction: 0)
    try a.run(&verlet, 100)
    try b.run(&langevin, 100)
    let (one, other) = (a.frame, b.frame)
    for i in one.positions.indices { #expect((one.positions[i] - other.positions[i]).length < 1e-11) }
    #expect(langevin.heat == 0)
  }

  @Test(
    "Kinetic + potential − heat is conserved under Langevin dynamics, with an error of second order",
    arguments: [0.5, 5.0])
  func conservedEnergy(friction: Double) throws {
    func error(_ timestep: Double) throws -> (error: Double, heat: Double) {
      var bench = try Self.liquid()
      var integrator = LangevinMiddle(
        timestep: timestep, friction: friction, temperature: .constant(1.5), steps: 0,
        noise: Noise(RandomStream.langevin.generator(seed: 2, stage: 0)))
      let start = bench.energy
      var sum = 0.0
      let samples = Int((1.6 / timestep).rounded())
      for step in 0..<samples {
        try bench.run(&integrator, from: step, 1)
        let error = bench.energy - integrator.heat - start
        sum += error * error
      }
      return ((sum / Double(samples)).squareRoot(), integrator.heat)
    }
    let (coarse, fine) = (try error(0.008), try error(0.002))
    // The heat is tens of epsilon; what is left is the error of the splitting, which falls sixteenfold in the mean; the noise
    // differs between the two, so half of that is asked for.
    #expect(abs(coarse.heat) > 5)
    #expect(coarse.error < 0.05 * abs(coarse.heat))
    #expect(coarse.error > 8 * fine.error, "\(coarse) \(fine)")
  }

  @Test("An atom beyond the displacement limit stops the run where it was")
  func runaway() throws {
    var bench = try Self.liquid()
    bench.system.velocities[7] = Vector3(1000, 0, 0)
    let place = bench.system.positions[7]
    var integrator = VelocityVerlet(timestep: 0.004)
    integrator.displacementLimit = 1
    do {
      try integrator.advance(&bench.system, &bench.field, from: 40, count: 10)
      Issue.record("the runaway atom was not noticed")
    } catch let error as RunawayAtom {
      #expect(error.slot == 7 && error.step == 41)
      #expect(error.displacement > 3.9)
      #expect(bench.system.positions[7] == place)
    }
  }
}

@Suite("Langevin ensembles")
struct LangevinEnsembleTests {
  /// Samples of 3000 independent oscillators: positions and velocities.
  private static func sample(
    timestep: Double, friction: Double, temperature: Double, seed: UInt64
  ) throws -> (x2: Double, v2: Double, v4: Double, count: Double) {
    var bench = try Bench(Fixture.cloud(300), HarmonicTrap(), skin: 1000)
    bench.system.drawMaxwellVelocities(temperature: temperature, seed: seed, removingMomentum: false, exactly: false)
    try bench.prepare()
    var integrator = LangevinMiddle(
      timestep: timestep, friction: friction, temperature: .constant(temperature), steps: 0,
      noise: Noise(RandomStream.langevin.generator(seed: seed, stage: 0)))
    // The slower of the relaxation times 2/γ and γ/ω².
    let relaxation = max(2 / friction, friction)
    let block = Int((2 * relaxation / timestep).rounded(.up))
    var (x2, v2, v4, count) = (0.0, 0.0, 0.0, 0.0)
    for k in 0..<45 {
      try bench.run(&integrator, from: k * block, block)
      if k < 5 { continue }
      for i in 0..<bench.system.count {
        let (x, v) = (bench.system.positions[i], bench.system.velocities[i])
        for axis in 0..<3 {
          x2 += x[axis] * x[axis]
          v2 += v[axis] * v[axis]
          v4 += v[axis] * v[axis] * v[axis] * v[axis]
          count += 1
        }
      }
    }
    return (x2 / count, v2 / count, v4 / count, count)
  }

  @Test("Positions in a trap have no bias at all, velocities the known one", arguments: [0.3, 1.0, 4.0])
  func configurationalBias(friction: Double) throws {
    let (timestep, temperature) = (0.6, 1.3)
    let s = try Self.sample(timestep: timestep, friction: friction, temperature: temperature, seed: 17)
    // Blocks of two relaxation times leave correlations of squares of e⁻⁴ at most; four standard errors.
    let tolerance = 4 * (2 / s.count).squareRoot()
    #expect(abs(s.x2 / temperature - 1) < tolerance, "x² \(s.x2)")
    let bias = 1 - timestep * timestep / 4
    #expect(abs(s.v2 / temperature / bias - 1) < tolerance, "v² \(s.v2)")
    // The bias of 9 % is far outside the tolerance, so the two tests tell a right from a wrong scheme.
    #expect(tolerance < 0.04)
  }

  @Test("Kinetic energies are distributed as Maxwell and Boltzmann say", arguments: [0.3, 1.0, 4.0])
  func kineticDistribution(friction: Double) throws {
    let s = try Self.sample(timestep: 0.05, friction: friction, temperature: 0.7, seed: 23)
    #expect(abs(s.v2 / 0.7 - 1) < 4 * (2 / s.count).squareRoot() + 0.05 * 0.05 / 4)
    // Kurtosis of a normal variable: 3, its variance over n samples 24/n.
    #expect(abs(s.v4 / (s.v2 * s.v2) - 3) < 5 * (24 / s.count).squareRoot())
  }
}
