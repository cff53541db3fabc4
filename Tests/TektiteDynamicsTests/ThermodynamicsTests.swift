import Tektite
import Testing

@testable import TektiteDynamics

@Suite("Thermodynamics")
struct ThermodynamicsTests {
  private static let mixture = [Species("A", mass: 1), Species("B", mass: 3)]

  @Test("Maxwell velocities: exact temperature, no momentum, same for any order of slots")
  func maxwell() throws {
    var system = System(Fixture.crystal(cells: 3, species: Self.mixture), units: .lj)
    system.drawMaxwellVelocities(temperature: 0.45, seed: 8)
    let n = system.count
    let kinetic = Thermodynamics.kineticEnergy(system)
    let temperature = Thermodynamics.temperature(kineticEnergy: kinetic, degreesOfFreedom: 3 * n - 3)
    #expect(abs(temperature - 0.45) < 1e-14)
    #expect(Thermodynamics.momentum(system).length < 1e-12)
    #expect(abs(Thermodynamics.kineticTensor(system).trace - 2 * kinetic) < 1e-12 * kinetic)
  }

  @Test("Heavy and light atoms have the same mean kinetic energy")
  func equipartition() throws {
    var system = System(Fixture.crystal(cells: 8, species: Self.mixture), units: .lj)
    system.drawMaxwellVelocities(temperature: 2, seed: 4, removingMomentum: false, exactly: false)
    for (species, mass) in [(0, 1.0), (1, 3.0)] {
      var sum = 0.0
      var count = 0.0
      for i in 0..<system.count where system.species[i] == species {
        sum += mass * system.velocities[i].lengthSquared
        count += 3
      }
      #expect(abs(sum / count / 2 - 1) < 4 * (2 / count).squareRoot())
    }
    let other = {
      var other = System(Fixture.crystal(cells: 8, species: Self.mixture), units: .lj)
      other.drawMaxwellVelocities(temperature: 2, seed: 4, stage: 1, removingMomentum: false, exactly: false)
      return other.velocities[0]
    }()
    #expect(other != system.velocities[0], "stages must not share their velocities")
  }

  @Test("Removing momentum accounts for the energy it takes")
  func removal() {
    var system = System(Fixture.crystal(species: Self.mixture), units: .lj)
    system.drawMaxwellVelocities(temperature: 1, seed: 2)
    for i in 0..<system.count { system.velocities[i] += Vector3(0.3, -0.2, 0.1) }
    let before = Thermodynamics.kineticEnergy(system)
    let added = system.removeMomentum()
    #expect(added < 0)
    #expect(
      Thermodynamics.kineticEnergy(system) == before + added
        || abs(Thermodynamics.kineticEnergy(system) - before - added) < 1e-12)
    #expect(Thermodynamics.momentum(system).length < 1e-12)
  }

  @Test("The pressure of an ideal gas, and minus a third of the trace of the stress")
  func pressure() {
    var system = System(Fixture.crystal(), units: .lj)
    system.drawMaxwellVelocities(temperature: 1.5, seed: 1, removingMomentum: false)
    let volume = system.cell.volume
    let kinetic = Thermodynamics.kineticEnergy(system)
    let ideal = Thermodynamics.pressure(virial: .zero, kineticEnergy: kinetic, volume: volume) ?? 0
    #expect(abs(ideal - Double(system.count) * 1.5 / (volume ?? 0)) < 1e-12)
    let virial = Matrix3(Vector3(3, 1, 0), Vector3(1, 4, 0), Vector3(0, 0, 5))
    let stress =
      Thermodynamics.stress(virial: virial, kineticTensor: Thermodynamics.kineticTensor(system), volume: volume)
      ?? .zero
    let full = Thermodynamics.pressure(virial: virial, kineticEnergy: kinetic, volume: volume) ?? 0
    #expect(abs(full + stress.trace / 3) < 1e-12)
    #expect(Thermodynamics.pressure(virial: virial, kineticEnergy: kinetic, volume: nil) == nil)
  }

  @Test("The virial pressure is the derivative of the energy with the volume")
  func virialPressure() throws {
    let structure = Fixture.crystal()
    func energy(_ scale: Double) throws -> (Double, Double, Double) {
      var scaled = structure
      scaled.frame.cell.vectors = scale * scaled.frame.cell.vectors
      for i in 0..<scaled.count { scaled.frame.positions[i] = scale * scaled.frame.positions[i] }
      var bench = try Bench(scaled, try Fixture.lennardJones())
      try bench.field.update(&bench.system, .all)
      let volume = bench.system.cell.volume ?? 0
      let pressure =
        Thermodynamics.pressure(virial: bench.field.evaluation.virial, kineticEnergy: 0, volume: volume) ?? 0
      return (bench.field.evaluation.energy, volume, pressure)
    }
    let (low, high, middle) = (try energy(1 - 1e-4), try energy(1 + 1e-4), try energy(1))
    let slope = -(high.0 - low.0) / (high.1 - low.1)
    #expect(abs(slope - middle.2) < 1e-5 * abs(middle.2))
  }
}
