import TektiteCore
import TektitePotentials

/// A pair potential evaluated in the plainest way: a sum over brute-force pairs. Fast potentials are tested against it.
public struct PairOracle: Sendable {
  /// The largest distance at which a pair interacts.
  public var cutoff: Double
  /// u(r) and −u′(r)/r for two species (indices into the table of the structure) at squared distance r².
  public var pairEnergy: @Sendable (_ a: Int, _ b: Int, _ r2: Double) -> (energy: Double, forceOverDistance: Double)

  /// Makes an oracle from a pair energy.
  public init(
    cutoff: Double, pairEnergy: @escaping @Sendable (Int, Int, Double) -> (energy: Double, forceOverDistance: Double)
  ) {
    self.cutoff = cutoff
    self.pairEnergy = pairEnergy
  }

  /// Makes an oracle of a Lennard-Jones model for a table of species.
  public init(_ model: LennardJones, table: [Species]) {
    let map = table.map { species in model.labels.firstIndex(of: species.label) ?? -1 }
    precondition(!map.contains(-1), "the model lacks a species of the table")
    self.init(cutoff: model.pairs.map(\.cutoff).max() ?? 0) { a, b, r2 in
      let pair = model.pairEnergy(map[a], map[b], r2: r2)
      return (pair.energy, pair.forceOverDistance)
    }
  }

  /// Energy, forces, virial and the atoms' shares: each pair's energy and virial go half to each atom.
  public func evaluate(_ structure: Structure) -> Measurement {
    var result = Measurement()
    let count = structure.count
    result.forces = [Vector3](repeating: .zero, count: count)
    result.atomicEnergies = [Double](repeating: 0, count: count)
    result.atomicVirials = [Matrix3](repeating: .zero, count: count)
    let species = structure.topology.species
    for pair in BruteForce.pairs(structure.frame.positions, cell: structure.frame.cell, radius: cutoff) {
      let (u, f) = pairEnergy(Int(species[pair.i]), Int(species[pair.j]), pair.vector.lengthSquared)
      // Each pair comes twice, once from either end.
      result.forces[pair.i] -= f * pair.vector
      result.atomicEnergies[pair.i] += u / 2
      result.atomicVirials[pair.i] += (f / 2) * Matrix3.outer(pair.vector, pair.vector)
    }
    result.energy = result.atomicEnergies.reduce(0, +)
    result.virial = result.atomicVirials.reduce(.zero, +)
    return result
  }
}
