import Tektite
import Testing

@testable import TektiteDynamics

@Suite("Forces along a trajectory")
struct DirectSumTests {
  /// Energy and forces by slot from a sum over all pairs and all images within reach.
  private static func directSum(_ system: borrowing System, _ model: LennardJones) -> (
    energy: Double, forces: [Vector3]
  ) {
    var energy = 0.0
    var forces = [Vector3](repeating: .zero, count: system.count)
    let cutoff = model.pairs[0].cutoff
    let cell = system.cell.vectors
    let reach = Int((cutoff / cell.a.x).rounded(.up)) + 1
    for i in 0..<system.count {
      for j in 0..<system.count {
        for a in -reach...reach {
          for b in -reach...reach {
            for c in -reach...reach where !(i == j && a == 0 && b == 0 && c == 0) {
              let d = system.positions[j] - system.positions[i] + Vector3(Double(a), Double(b), Double(c)) * cell
              guard d.lengthSquared < cutoff * cutoff else { continue }
              let (u, f) = model.pairEnergy(0, 0, r2: d.lengthSquared)
              forces[i] -= f * d
              energy += u / 2
            }
          }
        }
      }
    }
    return (energy, forces)
  }

  @Test(
    "Forces are those of a direct sum over images, whatever the list does between",
    arguments: [(2, 0.0), (2, 0.1), (2, 0.24), (2, 0.5), (3, 0.3), (4, 0.3)])
  func directSum(cells: Int, skin: Double) throws {
    let model = try Fixture.lennardJones()
    var bench = try Bench(Fixture.crystal(cells: cells), model, skin: skin)
    bench.system.drawMaxwellVelocities(temperature: 0.8, seed: 5)
    try bench.prepare()
    var integrator = VelocityVerlet(timestep: 0.004)
    for round in 0..<8 {
      let (energy, forces) = Self.directSum(bench.system, model)
      // Rounding of sums of about a hundred terms of up to 1e3.
      #expect(abs(bench.field.evaluation.energy - energy) < 1e-9, "after \(25 * round) steps")
      for slot in 0..<bench.system.count {
        #expect((bench.field.evaluation.forces[slot] - forces[slot]).length < 1e-9, "after \(25 * round) steps")
      }
      try bench.run(&integrator, from: 25 * round, 25)
    }
  }
}
