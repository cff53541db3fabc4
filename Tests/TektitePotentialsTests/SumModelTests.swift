import TektiteCore
import Testing

@testable import TektitePotentials

@Suite("Sum of potentials")
struct SumModelTests {
  private func model(_ epsilon: Double, cutoff: Double, labels: [String] = ["A", "B"]) throws -> LennardJones {
    let pair = LennardJones.Pair(epsilon: epsilon, sigma: 1, cutoff: cutoff)
    return try LennardJones(
      labels: labels, pairs: Array(repeating: pair, count: labels.count * labels.count), scheme: .cutAndShift)
  }

  private var structure: Structure {
    StructureBuilder(
      .random, counts: [.init(Species("A"), 60), .init(Species("B"), 20)], cell: .cubic(4.5), minimumDistance: 0.9,
      seed: 5
    ).build().structure
  }

  private func evaluate(_ model: any PotentialModel) throws -> (
    energy: Double, virial: Matrix3, forces: [Vector3], energies: [Double]
  ) {
    var system = System(structure, units: .lj)
    var field = try ForceField(model, for: system, skin: 0.3, team: ThreadTeam(threads: 1))
    try field.update(&system, [.energy, .forces, .virial, .atomicEnergies])
    var forces: [Vector3] = []
    var energies: [Double] = []
    system.scatter(field.evaluation.forces, into: &forces)
    system.scatter(field.evaluation.atomicEnergies, into: &energies)
    return (field.evaluation.energy, field.evaluation.virial, forces, energies)
  }

  @Test("Everything is the sum of the terms")
  func adds() throws {
    let (first, second) = (try model(1, cutoff: 2.0), try model(0.3, cutoff: 1.2))
    let (a, b) = (try evaluate(first), try evaluate(second))
    let sum = try evaluate(SumModel(models: [first, second]))
    // The same numbers added in another order; forces of a random start reach a few hundred.
    #expect(abs(sum.energy - a.energy - b.energy) < 1e-9 * abs(a.energy))
    for i in sum.forces.indices {
      #expect((sum.forces[i] - a.forces[i] - b.forces[i]).length < 1e-9)
      #expect(abs(sum.energies[i] - a.energies[i] - b.energies[i]) < 1e-9)
    }
    #expect(abs(sum.virial.trace - a.virial.trace - b.virial.trace) < 1e-9 * abs(a.virial.trace))
    #expect(abs(a.energy) > 1 && abs(b.energy) > 1e-3)
  }

  @Test("A sum of sums is a sum")
  func nested() throws {
    let first = try model(1, cutoff: 2.0)
    let three = try evaluate(SumModel(models: [first, SumModel(models: [first, first])]))
    #expect(abs(three.energy - 3 * (try evaluate(first)).energy) < 1e-9 * abs(three.energy))
  }

  @Test("Requirements are those of all terms together")
  func requirements() throws {
    let table = [Species("A"), Species("B")]
    let worker = try SumModel(models: [try model(1, cutoff: 1.2), try model(1, cutoff: 2.0)]).makePotential(for: table)
    let first = try model(1, cutoff: 1.2).makePotential(for: table).requirements
    let second = try model(1, cutoff: 2.0).makePotential(for: table).requirements
    let sum = worker.requirements
    #expect(sum.cutoff == 2.0 && sum.interactionRange == 2.0 && sum.conservative)
    #expect(
      sum.lists == first.lists.union(second.lists) && sum.quantities == first.quantities.intersection(second.quantities)
    )
    #expect(sum.pairCutoffs.isEmpty || sum.pairCutoffs == [2, 2, 2, 2])
  }

  @Test("A species that one term does not know is an error")
  func unknown() throws {
    let sum = SumModel(models: [try model(1, cutoff: 2), try model(1, cutoff: 2, labels: ["A"])], name: "two")
    #expect(sum.name == "two")
    do {
      _ = try sum.makePotential(for: [Species("B")])
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("'B'"))
    }
  }
}
