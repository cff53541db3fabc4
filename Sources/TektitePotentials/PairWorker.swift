import TektiteCore
import TektiteKernels

/// Evaluates one form of pair interaction over clusters of atoms: what all pair potentials of one term have in common.
struct PairWorker: Potential, ~Copyable {
  let requirements: PotentialRequirements
  private var evaluator: PairEvaluator

  /// Makes a worker for pairs that go by species.
  /// - Parameters:
  ///   - labels: the labels that the model knows.
  ///   - coefficients: for two of these labels the column of the kernels' table (`PairCoefficient`) and the cutoff.
  init(
    _ form: PairFormKind, precision: Precision, labels: [String], table: [Species], model: String,
    coefficients: (_ a: Int, _ b: Int) -> (column: [Double], cutoff: Double)
  ) throws(PotentialError) {
    let map = try table.indices(among: labels, model: model)
    let kinds = map.count
    var rows = [[Double]](repeating: [Double](repeating: 0, count: kinds * kinds), count: PairCoefficient.count)
    var cutoffs = [Double](repeating: 0, count: kinds * kinds)
    for a in 0..<kinds {
      for b in 0..<kinds {
        let (column, cutoff) = coefficients(map[a], map[b])
        for k in 0..<PairCoefficient.count { rows[k][a * kinds + b] = column[k] }
        cutoffs[a * kinds + b] = cutoff
      }
    }
    let isDouble = precision == .double
    evaluator = PairEvaluator(form: form, isDouble: isDouble, speciesCount: kinds, rows: rows)
    requirements = PotentialRequirements(
      cutoff: cutoffs.max() ?? 0, pairCutoffs: cutoffs, lists: .clusters,
      clusterWidth: PairEvaluator.clusterWidth(isDouble: isDouble))
  }

  /// Makes a worker for pairs that go by diameters, whose ranges the table gives.
  init(_ constants: DiameterConstants, reach: DiameterReach, precision: Precision, table: [Species]) {
    let isDouble = precision == .double
    let cutoffs = table.flatMap { a in
      table.map { b in
        guard let s = a.diameters, let t = b.diameters else { return 0.0 }
        return reach.bound(s, t)
      }
    }
    evaluator = PairEvaluator(constants, isDouble: isDouble)
    requirements = PotentialRequirements(
      cutoff: cutoffs.max() ?? 0, pairCutoffs: cutoffs, lists: .clusters,
      clusterWidth: PairEvaluator.clusterWidth(isDouble: isDouble), diameterReach: reach)
  }

  /// Makes a worker for tables; `pairs` and `cutoffs` have speciesCount² entries.
  init(_ tables: PairTables, pairs: [Int], cutoffs: [Double], speciesCount: Int) {
    evaluator = PairEvaluator(tables, pairs: pairs, speciesCount: speciesCount)
    requirements = PotentialRequirements(
      cutoff: cutoffs.max() ?? 0, pairCutoffs: cutoffs, lists: .clusters,
      clusterWidth: PairEvaluator.clusterWidth(isDouble: tables.isDouble))
  }

  mutating func reserveCapacity(atoms: Int, edges: Int) { evaluator.reserve(atoms: atoms) }

  mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    let isObserving = !quantities.isSubset(of: [.forces, .virial])
    let (energy, virial) = evaluator.add(
      positions: configuration.positions, species: configuration.species, diameters: configuration.diameters,
      clusters: neighbors.clusters, forces: &evaluation.forces, energies: &evaluation.atomicEnergies,
      virials: &evaluation.atomicVirials, observing: isObserving,
      hasVirial: quantities.contains(.virial), team: context.team)
    evaluation.energy += energy
    evaluation.virial += virial
  }
}

extension [Species] {
  /// For each species its index among the labels that a model knows.
  /// - Throws: `unknownSpecies` for one that is not there.
  func indices(among labels: [String], model: String) throws(PotentialError) -> [Int] {
    var map: [Int] = []
    for species in self {
      guard let index = labels.firstIndex(of: species.label) else {
        throw .unknownSpecies(species.label, known: labels, model: model)
      }
      map.append(index)
    }
    return map
  }
}
