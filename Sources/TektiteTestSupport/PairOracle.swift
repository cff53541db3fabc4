import TektiteCore
import TektitePotentials

/// A pair potential evaluated in the plainest way: a sum over brute-force pairs. Fast potentials are tested against it.
public struct PairOracle: Sendable {
  /// The largest distance at which a pair interacts.
  public var cutoff: Double
  /// u(r) and −u′(r)/r for two atoms of a structure at squared distance r².
  private var pair:
    @Sendable (_ structure: Structure, _ i: Int, _ j: Int, _ r2: Double) -> (energy: Double, forceOverDistance: Double)

  /// Makes an oracle from u(r) and −u′(r)/r of two species (indices into the table of the structure).
  public init(
    cutoff: Double, pairEnergy: @escaping @Sendable (Int, Int, Double) -> (energy: Double, forceOverDistance: Double)
  ) {
    self.cutoff = cutoff
    pair = { structure, i, j, r2 in
      pairEnergy(Int(structure.topology.species[i]), Int(structure.topology.species[j]), r2)
    }
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

  /// Makes an oracle from u(r) and −u′(r)/r of two diameters.
  public static func ofDiameters(
    cutoff: Double,
    _ pairEnergy: @escaping @Sendable (Double, Double, Double) -> (energy: Double, forceOverDistance: Double)
  ) -> PairOracle {
    var oracle = PairOracle(cutoff: cutoff) { (_: Int, _: Int, _: Double) in (0, 0) }
    oracle.pair = { structure, i, j, r2 in pairEnergy(structure.frame.diameters[i], structure.frame.diameters[j], r2) }
    return oracle
  }

  /// Energy, forces, virial and the atoms' shares: each pair's energy and virial go half to each atom.
  public func evaluate(_ structure: Structure) -> Measurement {
    var result = Measurement()
    let count = structure.count
    result.forces = [Vector3](repeating: .zero, count: count)
    result.atomicEnergies = [Double](repeating: 0, count: count)
    result.atomicVirials = [Matrix3](repeating: .zero, count: count)
    for pair in BruteForce.pairs(structure.frame.positions, cell: structure.frame.cell, radius: cutoff) {
      let (u, f) = self.pair(structure, pair.i, pair.j, pair.vector.lengthSquared)
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
