import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Shear flow", .tags(.physics), .serialized)
struct ShearFlowTests {
  /// Soft repulsive spheres (Weeks, Chandler, Andersen) at density 0.8442, near the triple point of the full potential.
  private static func liquid(seed: UInt64) throws -> Liquid {
    var random = SeededGenerator(seed: seed)
    let sample = Sample(table: [Species("A")], minimumDistance: 0.8, density: 0.8442)
    let structure = sample.lattice(.cubic, atoms: 1000, noise: 0.02, using: &random)
    let pair = LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: 1.122462048309373)
    let model = try LennardJones(labels: ["A"], pairs: [pair], scheme: .cutAndShift)
    var liquid = try Liquid(model, structure, seed: seed)
    liquid.system.drawMaxwellVelocities(temperature: 1.4, seed: seed)
    try liquid.langevin(temperature: 0.722, timestep: 0.003, steps: 4000)
    liquid.system.removeMomentum()
    return liquid
  }

  /// What LAMMPS (22 Jul 2025) gives for 864 atoms (sizes from here on differ by less than the errors), at timestep 0.003 with one Nosé-Hoover link of 0.2, in two runs of 120 units of time each: a deforming box
  /// whose atoms take the velocity of the image that they cross to, and a thermostat that acts on the velocities less the linear profile.
  private static let reference = (stress: 1.8081, stressError: 0.0039, pressure: 7.1410, pressureError: 0.0046)

  @Test(
    "A fluid of soft spheres at rate 1 has the stress and the pressure of another program, and a linear profile of velocities"
  )
  func flowCurve() throws {
    var liquid = try Self.liquid(seed: 31)
    let steps = 40_000
    let shear = SimpleShear(rate: 1)
    var integrator = NoseHooverChain(
      timestep: 0.003, time: 0.2, chain: 1, temperature: .constant(0.722), steps: steps, degreesOfFreedom: 3 * 1000 - 3)
    integrator.shear = ShearFlow(shear)
    try liquid.run(&integrator, steps: 4000)
    var (stress, pressure, temperature): ([Double], [Double], [Double]) = ([], [], [])
    // Laboratory velocities from unwrapped positions a tenth of a unit of time apart, by height in ten slabs, and what slabs the sum of weights.
    var slabs = [(height: Double, velocity: Double, count: Double)](repeating: (0, 0, 0), count: 10)
    var last = Frame()
    var done = 4000
    let every = 20
    var height = 0.0
    while done < 4000 + steps {
      try integrator.advance(
        &liquid.system, &liquid.field, from: done, count: every, measuring: [.forces, .energy, .virial])
      done += every
      let kinetic = Thermodynamics.kineticTensor(liquid.system)
      let volume = liquid.system.cell.volume ?? .nan
      stress.append(-(kinetic + liquid.field.evaluation.virial).b.x / volume)
      pressure.append((kinetic + liquid.field.evaluation.virial).trace / (3 * volume))
      temperature.append(kinetic.trace / (3 * 1000 - 3))
      var frame = Frame()
      liquid.system.copy(into: &frame)
      height = frame.cell.vectors.b.y
      if !last.positions.isEmpty {
        let time = 0.003 * Double(every)
        for (old, new) in zip(last.positions, frame.positions) {
          // The mean height on the way, brought into the cell; images above move faster by the rate times the height of the cell.
          let middle = 0.5 * (old.y + new.y)
          let image = (middle / height).rounded(.down)
          let slab = min(9, Int(10 * (middle / height - image)))
          let velocity = (new.x - old.x) / time - shear.rate * height * image
          slabs[slab].height += middle - image * height
          slabs[slab].velocity += velocity
          slabs[slab].count += 1
        }
      }
      last = frame
    }
    let mean = BlockMeans(stress, blocks: 20)
    let pressures = BlockMeans(pressure, blocks: 20)
    let temperatures = BlockMeans(temperature, blocks: 20)
    print("stress \(mean), pressure \(pressures), temperature \(temperatures)")
    func combined(_ a: Double, _ b: Double) -> Double { (a * a + b * b).squareRoot() }
    #expect(abs(mean.mean - Self.reference.stress) < 4 * combined(mean.error, Self.reference.stressError))
    #expect(abs(pressures.mean - Self.reference.pressure) < 4 * combined(pressures.error, Self.reference.pressureError))
    #expect(mean.error < 0.01 * mean.mean)
    // In the middle of steps the temperature is exact; at full steps it lies lower by the square of the timestep.
    #expect(abs(temperatures.mean - 0.722) < 0.002)
    for slab in slabs {
      let velocity = slab.velocity / slab.count
      // Thermal velocities of 0.85 over some 200,000 visits, most of them independent.
      #expect(
        abs(velocity - shear.rate * slab.height / slab.count) < 0.03, "\(velocity) at \(slab.height / slab.count)")
    }
    // Far from equilibrium the viscosity is below that of small rates, some 2.3 here.
    #expect(mean.mean / shear.rate < 1.9)
  }

  /// A mean with the error from the spread of blocks.
  private struct BlockMeans: CustomStringConvertible {
    var mean = 0.0
    var error = 0.0
    init(_ values: [Double], blocks: Int) {
      let size = values.count / blocks
      let means = (0..<blocks).map { k in values[k * size..<(k + 1) * size].reduce(0, +) / Double(size) }
      mean = means.reduce(0, +) / Double(blocks)
      let spread = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      error = (spread / Double(blocks * (blocks - 1))).squareRoot()
    }
    var description: String { "\(mean) ± \(error)" }
  }
}
