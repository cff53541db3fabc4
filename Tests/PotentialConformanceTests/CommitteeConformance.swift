import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

@Suite("Committees conform")
struct CommitteeConformance {
  private static let table = [Species("B", mass: 1), Species("A", mass: 1)]

  /// Three mixtures that differ in the depth of the well, the reach and the scheme.
  private static func members() throws -> [LennardJones] {
    let first = try LennardJonesCase(kinds: 2, scheme: .shiftedForce, precision: .double).model(.double)
    let deeper = first.pairs.map { LennardJones.Pair(epsilon: 1.1 * $0.epsilon, sigma: $0.sigma, cutoff: $0.cutoff) }
    return [
      first, try LennardJones(labels: first.labels, pairs: deeper, scheme: .smooth),
      try LennardJonesCase(kinds: 2, scheme: .cutAndShift, precision: .double, isRepulsive: true).model(.double),
    ]
  }

  /// Mean and variances in the plainest way.
  private static func committee(_ all: [Measurement]) -> Measurement {
    let share = 1 / Double(all.count)
    func mean(_ values: (Measurement) -> Double) -> Double { all.reduce(0) { $0 + values($1) } * share }
    var result = all[0]
    result.energy = mean { $0.energy }
    result.virial = share * all.reduce(.zero) { $0 + $1.virial }
    for i in result.forces.indices {
      result.forces[i] = share * all.reduce(.zero) { $0 + $1.forces[i] }
      result.atomicEnergies[i] = mean { $0.atomicEnergies[i] }
      result.atomicVirials[i] = share * all.reduce(.zero) { $0 + $1.atomicVirials[i] }
    }
    result.energyVariance = mean { ($0.energy - result.energy) * ($0.energy - result.energy) }
    result.forceVariances = result.forces.indices.map { i in mean { ($0.forces[i] - result.forces[i]).lengthSquared } }
    return result
  }

  private func check(
    _ model: any PotentialModel, cutoffs: [Double], oracle: @escaping @Sendable (Structure) -> Measurement
  ) throws {
    let suite = PotentialConformance(
      model, sample: Sample(table: Self.table, minimumDistance: 0.78, density: 0.9), smoothness: .force,
      cutoffs: Array(Set(cutoffs)).sorted(), oracle: oracle, seed: 83)
    for check in suite.checks {
      if let failure = check.failure() { Issue.record("\(failure)") }
    }
  }

  @Test("mean and spread of three Lennard-Jones mixtures")
  func lennardJones() throws {
    let members = try Self.members()
    let oracles = members.map { PairOracle($0, table: Self.table) }
    try check(CommitteeModel(models: members), cutoffs: members.flatMap { $0.pairs.map(\.cutoff) }) { structure in
      Self.committee(oracles.map { $0.evaluate(structure) })
    }
  }

  @Test("a committee beside another potential in a sum keeps its spread")
  func sum() throws {
    let members = try Self.members()
    let oracles = members.map { PairOracle($0, table: Self.table) }
    let model = SumModel(models: [members[2], CommitteeModel(models: Array(members.prefix(2)))])
    try check(model, cutoffs: members.flatMap { $0.pairs.map(\.cutoff) }) { structure in
      let other = oracles[2].evaluate(structure)
      var result = Self.committee(oracles.prefix(2).map { $0.evaluate(structure) })
      result.energy += other.energy
      result.virial += other.virial
      result.forces = zip(result.forces, other.forces).map { $0 + $1 }
      result.atomicEnergies = zip(result.atomicEnergies, other.atomicEnergies).map { $0 + $1 }
      result.atomicVirials = zip(result.atomicVirials, other.atomicVirials).map { $0 + $1 }
      return result
    }
  }
}
