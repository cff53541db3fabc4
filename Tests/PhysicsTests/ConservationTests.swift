import Tektite
import TektiteTestSupport
import Testing

@Suite("Conservation of energy", .tags(.physics), .serialized)
struct ConservationTests {
  /// A liquid at T = 1, in equilibrium, of a model that is smooth at its cutoff: jumps of the force would add an error of their own.
  private func start() throws -> Structure {
    var liquid = try Liquid.kobAndersen(side: 7, scheme: .smooth, seed: 401)
    liquid.system.drawMaxwellVelocities(temperature: 2, seed: 401)
    try liquid.langevin(temperature: 1, timestep: 0.003, steps: 2500)
    liquid.system.removeMomentum()
    var frame = Frame()
    liquid.system.copy(into: &frame)
    return Structure(topology: liquid.system.topology, frame: frame)
  }

  private func liquid(_ start: Structure) throws -> Liquid {
    try Liquid(LennardJones.kobAndersen(scheme: .smooth), start, seed: 401)
  }

  @Test("the error of the energy grows as the square of the timestep")
  func quadratic() throws {
    let start = try start()
    var errors: [Double] = []
    for timestep in [0.002, 0.004, 0.008] {
      // Each run starts at the same state and covers the same time.
      var liquid = try liquid(start)
      let steps = Int((6 / timestep).rounded())
      var energies: [Double] = []
      try liquid.verlet(timestep: timestep, steps: steps, every: 1) { now in
        energies.append((now.energy + now.kineticEnergy) / Double(now.count))
      }
      errors.append(Statistics.variance(energies).squareRoot())
    }
    print("rms error of the energy per atom at 0.002, 0.004, 0.008: \(errors)")
    // Velocity Verlet conserves E + dt² G(x, v) + O(dt⁴); the next order is a few per cent at 0.008.
    #expect(abs(errors[1] / errors[0] - 4) < 0.4)
    #expect(abs(errors[2] / errors[1] - 4) < 0.6)
  }

  @Test("no drift at constant energy in 20,000 steps")
  func drift() throws {
    var liquid = try liquid(try start())
    var energies: [Double] = []
    try liquid.verlet(timestep: 0.004, steps: 20_000, every: 1) { now in
      energies.append((now.energy + now.kineticEnergy) / Double(now.count))
    }
    let (first, last) = (Statistics.mean(Array(energies.prefix(5000))), Statistics.mean(Array(energies.suffix(5000))))
    print("drift of the energy per atom in 20,000 steps: \(last - first)")
    // The energy per atom fluctuates by 1.9e-4 about its mean, and forgets that within some ten steps: every step is a sample, so that the means
    // are known to about 1e-5.
    #expect(abs(last - first) < 2e-5)
    // Momentum is conserved to rounding.
    #expect(Thermodynamics.momentum(liquid.system).length < 1e-9)
  }

  @Test("kinetic and potential energy less heat are conserved under Langevin dynamics, to second order")
  func heat() throws {
    let start = try start()
    var errors: [Double] = []
    for timestep in [0.002, 0.004] {
      var liquid = try liquid(start)
      let steps = Int((20 / timestep).rounded())
      var integrator = LangevinMiddle(
        timestep: timestep, friction: 1, temperature: .constant(1), steps: steps,
        noise: Noise(RandomStream.langevin.generator(seed: 402, stage: 0)))
      try liquid.measure()
      let start = liquid.energy + liquid.kineticEnergy
      var deviations: [Double] = []
      for step in 0..<steps {
        try integrator.advance(&liquid.system, &liquid.field, from: step, count: 1, measuring: [.energy, .forces])
        deviations.append((liquid.energy + liquid.kineticEnergy - integrator.heat - start) / Double(liquid.count))
      }
      errors.append(deviations.map { abs($0) }.max() ?? .nan)
    }
    print("largest error of the conserved quantity per atom at 0.002 and 0.004: \(errors)")
    // The shadow work performs a random walk of its own, so the ratio scatters about four; the size does not.
    #expect(errors[0] < 1e-3 && errors[1] < 4e-3 && errors[1] > errors[0])
  }
}
