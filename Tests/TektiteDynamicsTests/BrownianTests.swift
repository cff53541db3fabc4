import Foundation
import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Brownian dynamics")
struct BrownianTests {
  private static func integrator(
    timestep: Double, friction: Double, _ temperature: Schedule, steps: Int = 1000, seed: UInt64 = 9
  ) -> BrownianDynamics {
    BrownianDynamics(
      timestep: timestep, friction: friction, temperature: temperature, steps: steps,
      noise: Noise(RandomStream.brownian.generator(seed: seed, stage: 0)))
  }

  @Test("Steps are those of the formula, with the mean of two noises")
  func formula() throws {
    let (timestep, friction, mass, stiffness) = (0.03, 4.0, 2.5, 1.7)
    let temperature = Schedule.ramp(from: 1, to: 3)
    var bench = try Bench(
      Fixture.cloud(5, at: Vector3(0.3, -0.2, 0.1), mass: mass), HarmonicTrap(stiffness: stiffness), skin: 1000)
    try bench.prepare()
    var integrator = Self.integrator(timestep: timestep, friction: friction, temperature, steps: 20)
    let noise = Noise(RandomStream.brownian.generator(seed: 9, stage: 0))
    var places = bench.frame.positions
    // Velocities at full steps are the noise before and a half kick. The start is at rest, so there the two cancel.
    var earlier = places.map { (stiffness * timestep / (mass * friction)) * $0 }
    for step in 0..<20 {
      try bench.run(&integrator, from: step, 1)
      let size = (2 * temperature.value(at: step, of: 20) * timestep / (mass * friction)).squareRoot()
      for atom in 0..<5 {
        let fresh = size * noise.normals(step: step, atom: Int32(atom))
        let pull = (-stiffness * timestep / (mass * friction)) * places[atom]
        places[atom] += pull + 0.5 * (earlier[atom] + fresh)
        earlier[atom] = fresh
      }
      let found = bench.frame.positions
      for atom in 0..<5 { #expect((found[atom] - places[atom]).length < 1e-12) }
    }
  }

  @Test("How steps are split over calls and threads does not change a bit", arguments: [1, 2])
  func splits(threads: Int) throws {
    func end(_ parts: [Int], threads: Int) throws -> (Frame, [Vector3], Double) {
      var bench = try Bench(Fixture.crystal(cells: 7), try Fixture.lennardJones(), threads: threads)
      try bench.prepare()
      var integrator = Self.integrator(timestep: 0.001, friction: 10, .ramp(from: 2, to: 1))
      var step = 0
      for part in parts {
        try integrator.advance(&bench.system, &bench.field, from: step, count: part)
        step += part
      }
      #expect(bench.field.rebuilds > 1, "the list must have been rebuilt for this to test anything")
      return (bench.frame, bench.field.evaluation.forces.array(), integrator.heat)
    }
    let whole = try end([100], threads: 1)
    for parts in [[Int](repeating: 1, count: 100), [1, 30, 2, 0, 60, 7]] {
      let other = try end(parts, threads: threads)
      #expect(whole.0 == other.0 && whole.1 == other.1 && whole.2 == other.2)
    }
    #expect(whole.2 != 0)
  }

  @Test("Kinetic + potential − heat performs a walk of first order in the timestep")
  func conservedEnergy() throws {
    func error(_ timestep: Double) throws -> Double {
      var sum = 0.0
      for seed: UInt64 in 1...8 {
        var bench = try Bench(Fixture.crystal(), try Fixture.lennardJones())
        bench.system.drawMaxwellVelocities(temperature: 1, seed: seed)
        try bench.prepare()
        let start = bench.energy
        var integrator = Self.integrator(timestep: timestep, friction: 10, .constant(1), seed: seed)
        let steps = Int((0.4 / timestep).rounded())
        try bench.run(&integrator, steps)
        let error = bench.energy - integrator.heat - start
        sum += error * error
      }
      return (sum / 8).squareRoot()
    }
    let (coarse, fine) = (try error(0.0004), try error(0.000_05))
    print("Brownian walk of the conserved energy: \(coarse), \(fine)")
    // Eightfold in the mean; a root mean square of eight is known to a quarter, so the ratio to two fifths.
    #expect(coarse / fine > 3.5 && coarse / fine < 20, "\(coarse) \(fine)")
  }

  @Test("A runaway atom stops the run where it was")
  func runaway() throws {
    var bench = try Bench(Fixture.crystal(), try Fixture.lennardJones())
    try bench.prepare()
    bench.system.velocities[7] = Vector3(1000, 0, 0)
    let place = bench.system.positions[7]
    var integrator = Self.integrator(timestep: 0.001, friction: 10, .constant(1))
    integrator.displacementLimit = 1
    #expect {
      try integrator.advance(&bench.system, &bench.field, from: 40, count: 10)
    } throws: {
      guard let error = $0 as? RunawayAtom else { return false }
      return error.slot == 7 && error.step == 41
    }
    #expect(bench.system.positions[7] == place)
  }
}
