import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

@Suite("Sums conform")
struct SumConformance {
  @Test("a sum of two Lennard-Jones mixtures with different cutoffs")
  func lennardJones() throws {
    let long = try LennardJonesCase(kinds: 2, scheme: .shiftedForce, precision: .double).model(.double)
    let short = try LennardJonesCase(kinds: 2, scheme: .cutAndShift, precision: .double, isRepulsive: true).model(
      .double)
    let table = [Species("B", mass: 1), Species("A", mass: 1)]
    let (first, second) = (PairOracle(long, table: table), PairOracle(short, table: table))
    try check(
      SumModel(models: [long, short]), table, smoothness: .force, cutoffs: (long.pairs + short.pairs).map(\.cutoff)
    ) { Self.sum(first.evaluate($0), second.evaluate($0)) }
  }

  @Test("a sum of a potential over clusters and one over edges")
  func mixedForms() throws {
    let lennardJones = try LennardJonesCase(kinds: 1, scheme: .smooth, precision: .double).model(.double)
    let table = [Species("A", mass: 1)]
    let first = PairOracle(lennardJones, table: table)
    let second = PairOracle(cutoff: 1.6) { _, _, r2 in
      let x = max(0, 1 - r2 / (1.6 * 1.6))
      return (x * x * x, 6 * x * x / (1.6 * 1.6))
    }
    try check(
      SumModel(models: [lennardJones, FlawedModel(defect: nil)]), table, smoothness: .force, cutoffs: [1.6, 2.5]
    ) {
      Self.sum(first.evaluate($0), second.evaluate($0))
    }
  }

  private func check(
    _ model: SumModel, _ table: [Species], smoothness: PotentialConformance.Smoothness, cutoffs: [Double],
    oracle: @escaping @Sendable (Structure) -> Measurement
  ) throws {
    let suite = PotentialConformance(
      model, sample: Sample(table: table, minimumDistance: 0.78, density: 0.9), smoothness: smoothness,
      cutoffs: Array(Set(cutoffs)).sorted(), oracle: oracle, seed: 61)
    for check in suite.checks {
      if let failure = check.failure() { Issue.record("\(failure)") }
    }
  }

  private static func sum(_ a: Measurement, _ b: Measurement) -> Measurement {
    var result = a
    result.energy += b.energy
    result.virial += b.virial
    result.forces = zip(a.forces, b.forces).map { $0 + $1 }
    result.atomicEnergies = zip(a.atomicEnergies, b.atomicEnergies).map { $0 + $1 }
    result.atomicVirials = zip(a.atomicVirials, b.atomicVirials).map { $0 + $1 }
    return result
  }
}
