import Foundation
import Tektite
import TektiteTestSupport
import Testing

extension Tag {
  /// Statistical tests of physics: seconds to minutes.
  @Tag static var physics: Self
}

/// Whether the tests that take minutes run (TEKTITE_SLOW=1).
let runsSlowTests = ProcessInfo.processInfo.environment["TEKTITE_SLOW"] == "1"

/// A system with its driver, moved by hand: what a stage of a simulation does, without files.
struct Liquid: ~Copyable {
  var system: System
  var field: ForceField
  let seed: UInt64
  private var stage = 0

  init(_ model: any PotentialModel, _ structure: Structure, skin: Double = 0.3, seed: UInt64) throws {
    system = System(structure, units: .lj)
    field = try ForceField(model, for: system, skin: skin, team: ThreadTeam(threads: 1))
    self.seed = seed
  }

  /// A Kob-Andersen mixture of side³ atoms at density 1.2, started from a cubic lattice with a fifth of B at random.
  static func kobAndersen(
    side: Int, scheme: CutoffScheme = .cutAndShift, precision: Precision = .double, seed: UInt64
  ) throws -> Liquid {
    var random = SeededGenerator(seed: seed)
    let count = side * side * side
    let sample = Sample(table: LennardJones.kobAndersenSpecies, minimumDistance: 0.8, density: 1.2)
    var structure = sample.lattice(.cubic, atoms: count, noise: 0.02, using: &random)
    var species = (0..<count).map { Int32($0 < count / 5 ? 1 : 0) }
    species.shuffle(using: &random)
    structure.topology = Topology(table: sample.table, species: species)
    return try Liquid(LennardJones.kobAndersen(scheme: scheme, precision: precision), structure, seed: seed)
  }

  var count: Int { system.count }
  var energy: Double { field.evaluation.energy }
  var kineticEnergy: Double { Thermodynamics.kineticEnergy(system) }

  /// Brings forces, energy and virial up to date.
  mutating func measure() throws { try field.update(&system, [.energy, .forces, .virial]) }

  /// Langevin dynamics, calling `body` every so many steps with energy and virial measured.
  mutating func langevin(
    temperature: Double, friction: Double = 1, timestep: Double, steps: Int, every: Int = 1 << 30,
    _ body: (borrowing Liquid) -> Void = { _ in }
  ) throws {
    stage += 1
    var integrator = LangevinMiddle(
      timestep: timestep, friction: friction, temperature: .constant(temperature), steps: steps,
      noise: Noise(RandomStream.langevin.generator(seed: seed, stage: stage)))
    try measure()
    var done = 0
    while done < steps {
      let part = min(every, steps - done)
      try integrator.advance(
        &system, &field, from: done, count: part, measuring: [.energy, .forces, .virial])
      done += part
      body(self)
    }
  }

  /// Velocity Verlet, calling `body` every so many steps with energy and virial measured.
  mutating func verlet(
    timestep: Double, steps: Int, every: Int = 1 << 30, _ body: (borrowing Liquid) -> Void = { _ in }
  ) throws {
    var integrator = VelocityVerlet(timestep: timestep)
    try measure()
    var done = 0
    while done < steps {
      let part = min(every, steps - done)
      try integrator.advance(
        &system, &field, from: done, count: part, measuring: [.energy, .forces, .virial])
      done += part
      body(self)
    }
  }

  /// Any integrator, started at step 0, calling `body` every so many steps with energy and virial measured.
  mutating func run<I: Integrator & ~Copyable>(
    _ integrator: inout I, steps: Int, every: Int = 1 << 30, _ body: (borrowing Liquid) -> Void = { _ in }
  ) throws {
    try measure()
    var done = 0
    while done < steps {
      let part = min(every, steps - done)
      try integrator.advance(&system, &field, from: done, count: part, measuring: [.energy, .forces, .virial])
      done += part
      body(self)
    }
  }

  /// Scales velocities, without motion of the centre of mass, to a kinetic energy.
  mutating func setKineticEnergy(_ target: Double) {
    system.removeMomentum()
    let factor = (target / kineticEnergy).squareRoot()
    for i in 0..<count { system.velocities[i] = factor * system.velocities[i] }
  }

  /// The pressure (2K + tr W) / 3V.
  var pressure: Double {
    Thermodynamics.pressure(
      virial: field.evaluation.virial, kineticEnergy: kineticEnergy, volume: system.cell.volume) ?? .nan
  }
}
