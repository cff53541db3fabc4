import TektiteCore
import TektiteKernels

/// Pair potentials of any form between any number of species, each a sum of terms, evaluated from tables that are made with the model.
public struct PairFormulas: PotentialModel {
  /// The labels that the model knows, in the order of `pairs`.
  public let labels: [String]
  /// labels.count² symmetric entries, row-major.
  public let pairs: [PairFormula]
  /// The arithmetic: `double` or `mixed`.
  public let precision: Precision
  /// The tables, one for each two labels.
  public let tables: PairTables
  private let prepared: [PairFormula.Prepared]

  /// Makes a model and its tables.
  /// - Throws: `invalidParameters` for a pair that attracts where the distance goes to zero, for a cubic spline that does not end, and where tables do not do.
  public init(labels: [String], pairs: [PairFormula], precision: Precision = .double) throws(PotentialError) {
    precondition(pairs.count == labels.count * labels.count, "\(pairs.count) pairs of \(labels.count) species")
    (self.labels, self.pairs, self.precision) = (labels, pairs, precision)
    prepared = pairs.map(PairFormula.Prepared.init)
    var functions: [PairFunction] = []
    for a in labels.indices {
      for b in labels.indices where b >= a {
        functions.append(try Self.function(pairs[a * labels.count + b], "\(labels[a])-\(labels[b])"))
      }
    }
    tables = PairTables(functions, isDouble: precision == .double)
    guard tables.error < 1e-6 else {
      throw .invalidParameters(
        "a pair of \(labels.joined(separator: ", ")) changes too fast with the distance for a table: an error of \(tables.error) of its force remains"
      )
    }
  }

  private static func function(_ pair: PairFormula, _ name: String) throws(PotentialError) -> PairFunction {
    for part in pair.parts {
      guard part.cutoff > 0, part.cutoff.isFinite else {
        throw .invalidParameters("the cutoff of \(name) must be greater than 0 and finite")
      }
      guard part.end != nil else {
        let v = part.bare(part.cutoff)
        throw .invalidParameters(
          "a cubic spline cannot end the pair \(name) at \(part.cutoff): it needs slope and curvature of opposite sign there, and finds \(v.slope) and \(v.curvature)"
        )
      }
    }
    let cutoff = pair.cutoff
    guard cutoff < 1e10, cutoff == 0 || cutoff > 1e-10 else {
      throw .invalidParameters("the pair \(name) ends at \(cutoff), which is no distance between atoms")
    }
    guard cutoff > 0 else { return PairFunction(cutoff: 0) { _ in (0, 0, 0) } }
    let kinks = pair.kinks
    if let near = kinks.first, near < cutoff / 16 {
      throw .invalidParameters(
        "a term of \(name) ends at \(near), nearer than a sixteenth of the last cutoff, where no table begins; leave it out"
      )
    }
    guard kinks.count <= 1 else {
      throw .invalidParameters(
        "terms of \(name) end at several distances before the last of them (\(kinks.map { "\($0)" }.joined(separator: ", "))), and a table has room for one; let some end at the same distance"
      )
    }
    // Nearer than this the first interval goes on as it began, which must push atoms apart.
    let r = cutoff / 16
    let v = pair.values(at: r)
    guard v.energy.isFinite, v.slope.isFinite, v.curvature.isFinite, abs(v.energy) < 1e25 else {
      throw .invalidParameters("the energy of \(name) at a distance of \(r) is \(v.energy), too large for a table")
    }
    guard v.slope < 0 || v == (0, 0, 0) else {
      throw .invalidParameters(
        "the pair \(name) attracts at a distance of \(r), a sixteenth of its cutoff, so that atoms could fall into each other; add a term that repels at short distances"
      )
    }
    let prepared = PairFormula.Prepared(pair)
    return PairFunction(cutoff: cutoff, kink: kinks.first) { prepared.values(at: $0) }
  }

  /// The name with the cutoff schemes.
  public var name: String {
    var schemes: [String] = []
    for part in pairs.flatMap(\.parts) where !schemes.contains(part.scheme.rawValue) {
      schemes.append(part.scheme.rawValue)
    }
    return schemes.isEmpty ? "formula" : "formula (\(schemes.joined(separator: " and ")))"
  }

  /// Which table is that of two labels.
  private func table(_ a: Int, _ b: Int) -> Int {
    let (low, high) = (min(a, b), max(a, b))
    return low * labels.count - low * (low - 1) / 2 + (high - low)
  }

  /// Makes a worker.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    let map = try table.indices(among: labels, model: name)
    let entries = map.flatMap { a in map.map { b in (self.table(a, b), pairs[a * labels.count + b].cutoff) } }
    return AnyPotential(
      PairWorker(tables, pairs: entries.map(\.0), cutoffs: entries.map(\.1), speciesCount: map.count))
  }

  /// u(r) and −u′(r)/r of a pair of species (indices into `labels`) at squared distance `r2`; zero from the cutoff on. The obvious version, without tables.
  public func pairEnergy(_ a: Int, _ b: Int, r2: Double) -> (energy: Double, forceOverDistance: Double) {
    let r = r2.squareRoot()
    let v = prepared[a * labels.count + b].values(at: r)
    return (v.energy, -v.slope / r)
  }
}

extension PairFormulas: Hashable {
  /// Whether labels, formulas and precision are equal, from which the tables follow.
  public static func == (a: PairFormulas, b: PairFormulas) -> Bool {
    a.labels == b.labels && a.pairs == b.pairs && a.precision == b.precision
  }
  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(labels)
    hasher.combine(pairs)
    hasher.combine(precision)
  }
}

extension PairFormulas: PairModel {
  /// The cutoff of a pair.
  public func pairCutoff(_ a: Species, _ b: Species) throws(PotentialError) -> Double {
    let map = try [a, b].indices(among: labels, model: name)
    return pairs[map[0] * labels.count + map[1]].cutoff
  }

  /// u′/r and u″ of a pair; zero for labels that it does not know.
  public func pairDerivatives(
    _ a: Species, _ b: Species, r: Double
  ) -> (slopeOverDistance: Double, curvature: Double) {
    guard let i = labels.firstIndex(of: a.label), let j = labels.firstIndex(of: b.label) else { return (0, 0) }
    let v = prepared[i * labels.count + j].values(at: r)
    return (v.slope / r, v.curvature)
  }
}

/// Pair energies from tables.
private struct TabulatedPairEnergies: PairEnergies {
  let cutoff: Double
  let tables: PairTables
  let kinds: Int
  let pairs: [Int]

  func energy(species: Int32, diameter: Double, among neighbors: borrowing LocalNeighborhood) -> Double {
    var sum = 0.0
    for k in neighbors.neighbors.indices {
      let pair = pairs[Int(species) * kinds + Int(neighbors.species[Int(neighbors.neighbors[k])])]
      sum += tables.energy(pair, r2: neighbors.squaredDistances[k])
    }
    return sum
  }
}

extension PairFormulas: PairEnergyModel {
  /// Energies of single atoms.
  public func makePairEnergies(for table: [Species]) throws(PotentialError) -> any PairEnergies {
    let map = try table.indices(among: labels, model: name)
    let entries = map.flatMap { a in map.map { b in (self.table(a, b), pairs[a * labels.count + b].cutoff) } }
    return TabulatedPairEnergies(
      cutoff: entries.map(\.1).max() ?? 0, tables: tables, kinds: map.count, pairs: entries.map(\.0))
  }
}
