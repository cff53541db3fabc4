import TektiteCore
import TektiteKernels

/// Pair energies by species: the columns of the kernels' tables, one scalar at a time.
struct SpeciesPairEnergies: PairEnergies {
  let cutoff: Double
  private let kinds: Int
  /// Whether the tail is a polynomial in r rather than in r².
  private let usesRoot: Bool
  /// For each pair of kinds `PairCoefficient.count` numbers.
  private let columns: [Double]

  /// - Parameter coefficients: for two indices of the table the column of the kernels' table (`PairCoefficient`).
  init(_ form: PairFormKind, table: [Species], labels: [String], model: String, coefficients: (Int, Int) -> [Double])
    throws(PotentialError)
  {
    let map = try table.indices(among: labels, model: model)
    kinds = map.count
    usesRoot = form == .lennardJonesLinear || form == .harmonic
    let all = map.flatMap { a in map.map { b in coefficients(a, b) } }
    columns = all.flatMap { $0 }
    cutoff = (all.map { $0[PairCoefficient.cutoffSquared] }.max() ?? 0).squareRoot()
  }

  func energy(species: Int32, diameter: Double, among neighbors: borrowing LocalNeighborhood) -> Double {
    var sum = 0.0
    for k in neighbors.neighbors.indices {
      let r2 = neighbors.squaredDistances[k]
      let pair = Int(species) * kinds + Int(neighbors.species[Int(neighbors.neighbors[k])])
      let c = pair * PairCoefficient.count
      guard r2 < columns[c + PairCoefficient.cutoffSquared] else { continue }
      let r = usesRoot ? r2.squareRoot() : r2
      let (e0, e1, e2) = (
        columns[c + PairCoefficient.e0], columns[c + PairCoefficient.e1], columns[c + PairCoefficient.e2]
      )
      let i2 = 1 / r2
      let i6 = i2 * i2 * i2
      let (a12, minusA6) = (columns[c + PairCoefficient.a12], columns[c + PairCoefficient.minusA6])
      sum += i6 * (a12 / 12 * i6 + minusA6 / 6) + (e0 + r * (e1 + r * e2))
    }
    return sum
  }
}

/// Pair energies of soft spheres by diameter.
struct DiameterPairEnergies: PairEnergies {
  let cutoff: Double
  let reach: DiameterReach
  let constants: DiameterConstants

  func energy(species: Int32, diameter: Double, among neighbors: borrowing LocalNeighborhood) -> Double {
    let c = constants
    let strength = c.a12 / 12
    var sum = 0.0
    for k in neighbors.neighbors.indices {
      let sigma = reach.mean(diameter, neighbors.diameters[Int(neighbors.neighbors[k])])
      let sigma2 = sigma * sigma
      let r2 = neighbors.squaredDistances[k]
      guard r2 < c.reachSquared * sigma2 else { continue }
      let q = sigma2 / r2
      let q3 = q * q * q
      let y = r2 / sigma2
      sum += strength * (q3 * q3) + (c.e0 + y * (c.e1 + y * c.e2))
    }
    return sum
  }
}

extension LennardJones: PairEnergyModel {
  /// Energies of single atoms.
  public func makePairEnergies(for table: [Species]) throws(PotentialError) -> any PairEnergies {
    try SpeciesPairEnergies(scheme.form, table: table, labels: labels, model: name) {
      pairs[$0 * labels.count + $1].coefficients(scheme)
    }
  }
}

extension InversePower: PairEnergyModel {
  /// Energies of single atoms.
  public func makePairEnergies(for table: [Species]) throws(PotentialError) -> any PairEnergies {
    try SpeciesPairEnergies(scheme.form, table: table, labels: labels, model: name) {
      coefficients(pairs[$0 * labels.count + $1])
    }
  }
}

extension HarmonicSpheres: PairEnergyModel {
  /// Energies of single atoms.
  public func makePairEnergies(for table: [Species]) throws(PotentialError) -> any PairEnergies {
    try SpeciesPairEnergies(.harmonic, table: table, labels: labels, model: name) {
      coefficients(pairs[$0 * labels.count + $1])
    }
  }
}

extension PolydisperseInversePower: PairEnergyModel {
  /// Energies of single atoms.
  public func makePairEnergies(for table: [Species]) throws(PotentialError) -> any PairEnergies {
    let largest = try makePotential(for: table).requirements.cutoff
    return DiameterPairEnergies(cutoff: largest, reach: reach, constants: constants)
  }
}

/// The sum of several.
private struct PairEnergySum: PairEnergies {
  let terms: [any PairEnergies]
  var cutoff: Double { terms.map(\.cutoff).max() ?? 0 }
  func energy(species: Int32, diameter: Double, among neighbors: borrowing LocalNeighborhood) -> Double {
    var sum = 0.0
    for term in terms { sum += term.energy(species: species, diameter: diameter, among: neighbors) }
    return sum
  }
}

extension SumModel: PairEnergyModel {
  /// Energies of single atoms.
  /// - Throws: `unavailable` when a term is no sum over pairs.
  public func makePairEnergies(for table: [Species]) throws(PotentialError) -> any PairEnergies {
    var terms: [any PairEnergies] = []
    for model in models {
      guard let pairs = model as? any PairEnergyModel else {
        throw .unavailable("the energy of single pairs of atoms", model: model.name)
      }
      terms.append(try pairs.makePairEnergies(for: table))
    }
    return PairEnergySum(terms: terms)
  }
}
