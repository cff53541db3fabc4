import Foundation
import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Thermostats that scale velocities")
struct RescalingTests {
  private static let timestep = 0.004

  private static func liquid(cells: Int = 2, threads: Int = 1, temperature: Double = 0.8) throws -> Bench {
    var bench = try Bench(Fixture.crystal(cells: cells), try Fixture.lennardJones(), threads: threads)
    bench.system.drawMaxwellVelocities(temperature: temperature, seed: 5)
    try bench.prepare()
    return bench
  }

  private static func csvr(
    timestep: Double = timestep, time: Double = 0.1, _ temperature: Schedule, atoms: Int = 32, steps: Int = 1000
  ) -> StochasticRescaling {
    StochasticRescaling(
      timestep: timestep, time: time, temperature: temperature, steps: steps, degreesOfFreedom: 3 * atoms - 3,
      noise: Noise(RandomStream.rescaling.generator(seed: 9, stage: 0)))
  }

  private static func chain(
    timestep: Double = timestep, time: Double = 0.1, links: Int = 3, _ temperature: Schedule, atoms: Int = 32,
    steps: Int = 1000
  ) -> NoseHooverChain {
    NoseHooverChain(
      timestep: timestep, time: time, chain: links, temperature: temperature, steps: steps,
      degreesOfFreedom: 3 * atoms - 3)
  }

  // MARK: Sameness

  /// All that a number of calls leave behind, for 1372 atoms: more than one range of the passes.
  private static func end<I: Integrator & ~Copyable>(_ start: consuming I, _ parts: [Int], threads: Int) throws -> (
    Frame, [Vector3], [Double]
  ) {
    var bench = try liquid(cells: 7, threads: threads)
    var integrator = start
    var step = 0
    for part in parts {
      try integrator.advance(&bench.system, &bench.field, from: step, count: part)
      step += part
    }
    #expect(bench.field.rebuilds > 1, "the list must have been rebuilt for this to test anything")
    return (bench.frame, bench.field.evaluation.forces.array(), integrator.memory + [integrator.heat])
  }

  static let partitions: [(parts: [Int], threads: Int)] = [
    ([Int](repeating: 1, count: 100), 1), ([1, 30, 2, 0, 60, 7], 1), ([100], 2), ([50, 50], 2), ([100], 3),
  ]

  @Test("How steps are split over calls and threads does not change a bit", arguments: partitions)
  func splits(_ entry: (parts: [Int], threads: Int)) throws {
    let ramp = Schedule.ramp(from: 0.8, to: 0.5)
    let one = try Self.end(Self.csvr(ramp, atoms: 1372), [100], threads: 1)
    let other = try Self.end(Self.csvr(ramp, atoms: 1372), entry.parts, threads: entry.threads)
    #expect(one.0 == other.0 && one.1 == other.1 && one.2 == other.2)
    #expect(one.2.count == 1 && one.2[0] != 0)
    let first = try Self.end(Self.chain(ramp, atoms: 1372), [100], threads: 1)
    let second = try Self.end(Self.chain(ramp, atoms: 1372), entry.parts, threads: entry.threads)
    #expect(first.0 == second.0 && first.1 == second.1 && first.2 == second.2)
    #expect(first.2.count == 7 && !first.2.contains(0))
  }

  @Test("A chain with the memory of another goes on as that would; memory of another length is not taken")
  func memory() throws {
    var bench = try Self.liquid()
    var twin = try Self.liquid()
    var whole = Self.chain(.constant(1.2))
    try bench.run(&whole, 60)
    var before = Self.chain(.constant(1.2))
    try twin.run(&before, 30)
    var after = Self.chain(.constant(1.2))
    try after.recall(before.memory, file: "checkpoint")
    after.heat = before.heat
    try twin.run(&after, from: 30, 30)
    #expect(bench.frame == twin.frame && whole.memory == after.memory && whole.heat == after.heat)
    for wrong in [[], [Double](repeating: 1, count: 5), [Double](repeating: .nan, count: 6)] {
      #expect(throws: InputError.self) { try after.recall(wrong, file: "checkpoint") }
    }
    #expect(whole.memory == after.memory)
  }

  @Test("Momentum stays zero, and an atom beyond the displacement limit stops the run where it was")
  func momentumAndRunaway() throws {
    func check<I: Integrator & ~Copyable>(_ start: consuming I) throws {
      var integrator = start
      var bench = try Self.liquid()
      try bench.run(&integrator, 1000)
      // Rounding of 32 momenta of order one, 1000 times.
      #expect(Thermodynamics.momentum(bench.system).length < 1e-12)
      bench.system.velocities[7] = Vector3(30, 0, 0)
      let place = bench.system.positions[7]
      integrator.displacementLimit = 0.08
      do {
        try integrator.advance(&bench.system, &bench.field, from: 40, count: 10)
        Issue.record("the runaway atom was not noticed")
      } catch let error as RunawayAtom {
        #expect(error.slot == 7 && error.step == 41 && error.displacement > 0.1)
        #expect(bench.system.positions[7] == place)
      }
    }
    try check(Self.csvr(.constant(0.8)))
    try check(Self.chain(.constant(0.8)))
  }

  // MARK: What is conserved

  /// The root mean square error of kinetic + potential − heat over 1.6 time units in which the thermostat heats from 0.8 to 1.5, and the heat.
  private static func error<I: Integrator & ~Copyable>(_ start: consuming I) throws -> (error: Double, heat: Double) {
    var integrator = start
    var bench = try liquid()
    let energy = bench.energy
    var sum = 0.0
    let samples = Int((1.6 / integrator.timestep).rounded())
    for step in 0..<samples {
      try bench.run(&integrator, from: step, 1)
      let error = bench.energy - integrator.heat - energy
      sum += error * error
    }
    return ((sum / Double(samples)).squareRoot(), integrator.heat)
  }

  @Test("Kinetic + potential − heat is conserved, with an error of second order")
  func conservedEnergy() throws {
    let random = try [0.008, 0.002].map { try Self.error(Self.csvr(timestep: $0, .constant(1.5))) }
    print("CSVR at 0.008 and 0.002: \(random)")
    // Heating 93 degrees of freedom by 0.7 takes some 60 epsilon. Errors fall sixteenfold; the noise differs between the two, so half of that is asked for.
    #expect(random.allSatisfy { abs($0.heat) > 30 && $0.error < 0.01 * abs($0.heat) })
    #expect(random[0].error > 8 * random[1].error)
    let chain = try [0.008, 0.004, 0.002].map { try Self.error(Self.chain(timestep: $0, .constant(1.5))) }
    print("Nosé-Hoover at 0.008, 0.004 and 0.002: \(chain)")
    #expect(chain.allSatisfy { abs($0.heat) > 30 })
    // 4 to leading order, with the margins of the test of velocity Verlet.
    for k in 0..<2 {
      let ratio = chain[k].error / chain[k + 1].error
      #expect(ratio > 3.2 && ratio < 5, "ratio \(ratio)")
    }
  }

  @Test("What the atoms take up, the chain gives, with an error of fourth order", arguments: [1, 2, 3, 5])
  func chainEnergy(links: Int) throws {
    func worst(_ timestep: Double) throws -> (error: Double, heat: Double) {
      var integrator = Self.chain(timestep: timestep, time: 0.05, links: links, .constant(1.5))
      var bench = try Self.liquid()
      var (worst, heat) = (0.0, 0.0)
      for step in 0..<Int((0.4 / timestep).rounded()) {
        try bench.run(&integrator, from: step, 1)
        worst = max(worst, abs(integrator.heat + integrator.chainEnergy(temperature: 1.5)))
        heat = max(heat, abs(integrator.heat))
      }
      return (worst, heat)
    }
    let (coarse, fine) = (try worst(0.004), try worst(0.002))
    print("\(links) links: energy that is lost \(coarse), \(fine)")
    #expect(coarse.heat > 10 && coarse.error < 1e-3 * coarse.heat)
    #expect(coarse.error / fine.error > 10, "\(coarse.error) \(fine.error)")
  }

  // MARK: Nosé-Hoover dynamics

  @Test("A Nosé-Hoover chain runs backwards to where it came from", arguments: [1, 2, 3, 5])
  func timeReversal(links: Int) throws {
    var bench = try Self.liquid()
    var forward = Self.chain(links: links, .constant(1.5))
    // Short ways, again and again: where links are damped, the way back is unstable, and rounding grows faster than in the liquid itself.
    for _ in 0..<20 {
      let (start, memory) = (bench.frame, forward.memory)
      try bench.run(&forward, 10)
      let (middle, turned) = (bench.frame, forward.memory)
      var backward = Self.chain(timestep: -Self.timestep, links: links, .constant(1.5))
      backward.memory = turned
      try bench.run(&backward, 10)
      let end = bench.frame
      let error = zip(start.positions, end.positions).map { ($0 - $1).length }.max() ?? 0
      let moved = zip(start.positions, middle.positions).map { ($0 - $1).length }.max() ?? 0
      #expect(error < 1e-12 && moved > 0.01, "error \(error), moved \(moved)")
      for k in memory.indices {
        #expect(abs(backward.memory[k] - memory[k]) < 1e-10 * max(1, abs(memory[k])), "\(backward.memory) \(memory)")
        #expect(turned[k] != memory[k])
      }
      try bench.run(&forward, 10)
    }
  }

  @Test("The kinetic energy of free atoms swings about its mean with the period √2 π τ", arguments: [0.7, 3.0])
  func period(time: Double) throws {
    let atoms = 50
    var bench = try Bench(Fixture.cloud(atoms), HarmonicTrap(stiffness: 0), skin: 1000)
    let kT = 1.3
    bench.system.drawMaxwellVelocities(temperature: 1.02 * kT, seed: 4)
    try bench.prepare()
    let timestep = time / 50
    var integrator = Self.chain(timestep: timestep, time: time, links: 1, .constant(kT), atoms: atoms)
    let mean = 0.5 * Double(3 * atoms - 3) * kT
    var crossings: [Double] = []
    var last = Thermodynamics.kineticEnergy(bench.system) - mean
    for step in 0..<3000 {
      try bench.run(&integrator, from: step, 1)
      let now = Thermodynamics.kineticEnergy(bench.system) - mean
      if last < 0 && now >= 0 { crossings.append(timestep * (Double(step) + last / (last - now))) }
      last = now
    }
    let count = crossings.count - 1
    try #require(count >= 10)
    let period = (crossings[count] - crossings[0]) / Double(count)
    // An amplitude of a fiftieth and fifty steps in τ change the period by some 1e-4.
    #expect(abs(period / (2.0.squareRoot() * Double.pi * time) - 1) < 5e-4, "\(period)")
  }

  // MARK: Stochastic velocity rescaling

  @Test("Chi-squared deviates have their distribution", arguments: [0, 1, 2, 3, 10, 189, 100_000])
  func chiSquared(degreesOfFreedom n: Int) {
    let noise = Noise(RandomStream.rescaling.generator(seed: 31, stage: 0))
    let samples = (0..<100_000).map { noise.chiSquared(degreesOfFreedom: n, step: $0, draw: 1) }
    if n == 0 {
      #expect(samples.allSatisfy { $0 == 0 })
      return
    }
    // 1.95 would be exceeded once in a thousand; the seed is fixed, so it is not.
    let distance = Statistics.kolmogorovSmirnov(samples) {
      Statistics.cumulativeGamma(shape: Double(n) / 2, $0 / 2)
    }
    #expect(distance < 1.95)
    #expect(samples[5] == noise.chiSquared(degreesOfFreedom: n, step: 5, draw: 1))
    #expect(samples[5] != noise.chiSquared(degreesOfFreedom: n, step: 5, draw: 2))
  }

  @Test("One scaling has the mean, the variance and the signs of the exact law", arguments: [1, 3, 5, 93])
  func oneScaling(degreesOfFreedom f: Int) {
    let (kinetic, kT, time) = (0.3, 0.7, 0.5)
    let integrator = StochasticRescaling(
      timestep: 0.2, time: time, temperature: .constant(kT), steps: 0, degreesOfFreedom: f,
      noise: Noise(RandomStream.rescaling.generator(seed: 77, stage: 0)))
    var scaler = integrator
    let factors = (0..<100_000).map { scaler.factor(kineticEnergy: kinetic, step: $0) }
    let after = factors.map { $0 * $0 * kinetic }
    let n = Double(after.count)
    let c = exp(-0.2 / time)
    let s = (1 - c) * kT / 2
    let (mean, variance) = (c * kinetic + Double(f) * s, 4 * c * kinetic * s + 2 * Double(f) * s * s)
    #expect(abs(Statistics.mean(after) - mean) < 5 * (variance / n).squareRoot())
    let squares = after.map { ($0 - mean) * ($0 - mean) }
    #expect(abs(Statistics.mean(squares) - variance) < 5 * (Statistics.variance(squares) / n).squareRoot())
    // The sign is that of √(cK) + √s R.
    let expected = 0.5 * erfc((c * kinetic / s / 2).squareRoot())
    let share = Double(factors.filter { $0 < 0 }.count) / n
    #expect(abs(share - expected) < 5 * (expected / n).squareRoot(), "\(share) \(expected)")
    #expect(expected > 0.01)
  }

  @Test("Atoms at rest, a temperature of 0 and extreme times are no trap")
  func extremes() throws {
    func factor(_ kinetic: Double, _ kT: Double, _ time: Double) -> Double {
      var integrator = Self.csvr(time: time, .constant(kT))
      return integrator.factor(kineticEnergy: kinetic, step: 3)
    }
    #expect(factor(0, 1, 0.1) == 1 && factor(.leastNonzeroMagnitude, 1, 0.1) == 1)
    #expect(abs(factor(2, 0, 0.1) - exp(-Self.timestep / 0.2)) < 1e-15)
    #expect(factor(2, 1, .infinity) == 1)
    // A fresh kinetic energy in each step: for f = 93, between half and twice its mean.
    let fresh = factor(2, 1, 0)
    #expect(abs(fresh) > (46.5 / 2 / 2).squareRoot() && abs(fresh) < (2 * 46.5 / 2).squareRoot())
    var chain = Self.chain(.constant(0))
    #expect(chain.factor(kineticEnergy: 1, step: 0) == 1)
  }
}
