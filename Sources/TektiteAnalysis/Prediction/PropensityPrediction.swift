import TektiteCore
import TektiteDynamics
import TektiteLinearAlgebra

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Predicts propensities from structure by ridge regression on descriptors, each atom by a model that has not seen it, and scores the predictions beside what needs no learning:
/// the floor that learned models have to beat.
public struct PropensityPrediction {
  /// Which positions are described.
  public enum Positions: String, Sendable, CaseIterable {
    /// Those of the configuration itself.
    case thermal
    /// Those of its inherent structure.
    case inherent
    /// Both, in one model.
    case both
  }

  /// What is held out together.
  public enum Folding: String, Sendable, CaseIterable {
    /// Atoms at random. Neighbours of an atom that is predicted are mostly among those learned from.
    case atoms
    /// The atoms of slabs across the first lattice vector.
    case slabs
    /// Whole configurations.
    case configurations
  }

  /// The descriptors.
  public var descriptors: StructuralDescriptors
  /// The positions that they describe.
  public var positions = Positions.thermal
  /// What is held out together; nil for configurations where there are enough, and atoms otherwise.
  public var folding: Folding?
  /// The number of folds, at least 3.
  public var foldCount = 5
  /// Labels of species to predict, each by a model of its own; empty for all that have enough atoms.
  public var species: [String] = []
  /// Penalties to choose from.
  public var penalties = (-4...14).map { pow(10, 0.5 * Double($0)) }
  /// Chooses which atoms are held out together.
  public var seed: UInt64 = 1
  /// Rms force at which an inherent structure is reached, energy per length.
  public var tolerance = 1e-7
  /// The units of the configurations.
  public let units: Units
  private let model: (any PotentialModel)?

  /// Makes a prediction.
  /// - Parameters:
  ///   - scale: the diameter of an atom, to which the descriptors are scaled, length.
  ///   - model: the potential, for inherent structures; nil to do without them.
  public init(units: Units, scale: Double, model: (any PotentialModel)?) {
    self.units = units
    self.model = model
    descriptors = StructuralDescriptors(scale: scale)
  }

  /// What was found.
  public struct Result {
    /// Scores against time.
    public var report: ObservableReport
    /// By configuration, time and atom; not a number for atoms of species that were not predicted.
    public var predictions: [[[Double]]]
    /// Seconds that descriptors took, and how many atoms that was.
    public var descriptorSeconds = 0.0, describedAtoms = 0
  }

  /// Features of one configuration, a row for each atom, and the plain predictors by name.
  private struct Described {
    var features: Matrix
    var plain: [(name: String, values: [Double])]
  }

  /// Learns and scores.
  /// - Parameter progress: is told in words what begins.
  /// - Throws: `InputError` for configurations that do not go together or are too few; what the potential throws.
  public func run(
    _ configurations: [PropensityConfiguration], team: ThreadTeam, progress: (String) -> Void = { _ in }
  ) throws -> Result {
    try check(configurations)
    let folding = try chosenFolding(configurations)
    let labels = try chosenSpecies(configurations)
    let clock = ContinuousClock()
    var result = Result(
      report: ObservableReport(source: "prediction", units: units.rawValue, ensemble: "", tables: []),
      predictions: configurations.map { c in c.propensities.map { $0.map { _ in .nan } } })
    var described: [Described] = []
    for (index, configuration) in configurations.enumerated() {
      progress("describing configuration \(index + 1) of \(configurations.count)")
      described.append(try describe(configuration.structure, team, &result, clock))
    }
    var scores = PredictionScores(times: configurations[0].times, configurations: configurations.count)
    for label in labels {
      progress("learning the propensity of species \(label)")
      let members = configurations.map { c in
        c.structure.topology.species.indices.filter {
          c.structure.topology.table[Int(c.structure.topology.species[$0])].label == label
        }
      }
      try learn(configurations, described, members, label, folding, team, &scores, &result)
    }
    result.report.tables = scores.tables(
      units: units, folding: folding, foldCount: foldCount, features: described[0].features.columns,
      positions: positions)
    return result
  }

  private func describe(
    _ structure: Structure, _ team: ThreadTeam, _ result: inout Result, _ clock: ContinuousClock
  ) throws -> Described {
    var plain = [(name: "density", values: LocalDensity.evaluate(structure.frame, length: descriptors.averaging / 2.1))]
    var frames: [Frame] = positions == .inherent ? [] : [structure.frame]
    if let model {
      let skin = try Simulation.defaultSkin(model.makePotential(for: structure.topology.table).requirements)
      let inherent = try StructuralPredictors(
        of: structure, model, units: units, skin: skin, tolerance: tolerance, team: team)
      plain += [
        ("energy", inherent.energies), ("distance", inherent.distances),
        ("averaged_energy", inherent.averagedEnergies),
      ]
      if positions != .thermal { frames.append(inherent.frame) }
    }
    let began = clock.now
    let parts = frames.map { descriptors.evaluate(Structure(topology: structure.topology, frame: $0), team: team) }
    result.descriptorSeconds += (clock.now - began) / .seconds(1)
    result.describedAtoms += frames.count * structure.count
    let columns = parts.reduce(plain.count) { $0 + $1.columns }
    var features = Matrix(rows: structure.count, columns: columns)
    for atom in 0..<structure.count {
      var column = 0
      for part in parts {
        for value in part.row(atom) {
          features[atom, column] = value
          column += 1
        }
      }
      for (_, values) in plain {
        features[atom, column] = values[atom]
        column += 1
      }
    }
    return Described(features: features, plain: plain)
  }

  private func learn(
    _ configurations: [PropensityConfiguration], _ described: [Described], _ members: [[Int]], _ label: String,
    _ folding: Folding, _ team: ThreadTeam, _ scores: inout PredictionScores, _ result: inout Result
  ) throws {
    let times = configurations[0].times.count
    let total = members.reduce(0) { $0 + $1.count }
    var elements: [Double] = []
    elements.reserveCapacity(total * described[0].features.columns)
    var targets = Matrix(rows: total, columns: times)
    var folds: [Int] = []
    var row = 0
    for (c, atoms) in members.enumerated() {
      for atom in atoms {
        elements += described[c].features.row(atom)
        for time in 0..<times { targets[row, time] = configurations[c].propensities[time][atom] }
        row += 1
      }
      folds += self.folds(of: atoms, in: configurations[c].structure.frame, configuration: c, folding)
    }
    let features = Matrix(rows: total, columns: described[0].features.columns, elements: elements)
    elements = []
    let ridge = RidgeRegression(features: features, targets: targets, folds: folds, foldCount: foldCount, team: team)
    let found: RidgeRegression.CrossValidation
    do throws(LinearAlgebraError) {
      found = try ridge.crossValidate(penalties: penalties, team: team)
    } catch {
      throw InputError("species \(label): \(error.description)", file: configurations[0].source)
    }
    row = 0
    for (c, atoms) in members.enumerated() {
      for atom in atoms {
        for time in 0..<times { result.predictions[c][time][atom] = found.predictions[time][row] }
        row += 1
      }
    }
    let truth = zip(configurations, members).map { c, atoms in c.propensities.map { p in atoms.map { p[$0] } } }
    let predicted = zip(result.predictions, members).map { p, atoms in p.map { p in atoms.map { p[$0] } } }
    scores.add("ridge", label, predicted, truth)
    for (k, plain) in described[0].plain.enumerated() {
      let values = zip(described, members).map { d, atoms in
        [[Double]](repeating: atoms.map { d.plain[k].values[$0] }, count: times)
      }
      scores.add(plain.name, label, values, truth)
    }
    let ceilings = configurations.compactMap {
      $0.ceilings[label] ?? ($0.structure.topology.table.count == 1 ? $0.ceilings["all"] : nil)
    }
    scores.addCeiling(
      label, ceilings.count == configurations.count ? ceilings : [], penalties: found.penalties, atoms: total)
  }

  /// The folds of the atoms of one configuration.
  func folds(of atoms: [Int], in frame: Frame, configuration: Int, _ folding: Folding) -> [Int] {
    switch folding {
    case .configurations: return atoms.map { _ in configuration % foldCount }
    case .slabs:
      let inverse = frame.cell.basis.inverse
      let places = atoms.map { atom -> Double in
        let s = (frame.positions[atom] * inverse).x
        return frame.cell.periodic.a ? s - s.rounded(.down) : s
      }
      return ranks(places)
    case .atoms:
      return ranks(atoms.map { atom in Double(Self.mix(seed, UInt64(configuration), UInt64(atom)) >> 11) })
    }
  }

  /// Folds of equal size by rank.
  private func ranks(_ keys: [Double]) -> [Int] {
    let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    var folds = [Int](repeating: 0, count: keys.count)
    for (rank, index) in order.enumerated() { folds[index] = rank * foldCount / keys.count }
    return folds
  }

  /// A number that looks random, of three.
  private static func mix(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 {
    var x = a
    for next in [b, c, 0] {
      x = (x ^ next) &+ 0x9E37_79B9_7F4A_7C15
      x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
      x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
      x ^= x >> 31
    }
    return x
  }

  private func check(_ configurations: [PropensityConfiguration]) throws(InputError) {
    guard let first = configurations.first else { throw InputError("no configuration was given", file: "propensities") }
    for other in configurations.dropFirst() {
      guard other.times.count == first.times.count,
        zip(other.times, first.times).allSatisfy({ abs($0 - $1) <= 1e-9 * $1 })
      else {
        throw InputError(
          "has propensities at other times than \(first.source); predictions are scored time by time",
          file: other.source)
      }
      guard other.structure.topology.table.map(\.label) == first.structure.topology.table.map(\.label) else {
        throw InputError(
          "has other species than \(first.source), or has them in another order", file: other.source)
      }
    }
    if model == nil, positions != .thermal {
      throw InputError("inherent structures need a potential", file: "--positions")
    }
  }

  private func chosenFolding(_ configurations: [PropensityConfiguration]) throws(InputError) -> Folding {
    let folding = folding ?? (configurations.count >= foldCount ? .configurations : .atoms)
    if folding == .configurations, configurations.count < foldCount {
      throw InputError(
        "\(configurations.count) configurations cannot be cut into \(foldCount) folds; give fewer folds (at least 3), or hold out atoms or slabs",
        file: "--fold-by")
    }
    return folding
  }

  private func chosenSpecies(_ configurations: [PropensityConfiguration]) throws(InputError) -> [String] {
    let table = configurations[0].structure.topology.table.map(\.label)
    // Two atoms a fold are the least from which anything can be said.
    let enough = table.indices.filter { kind in
      configurations.allSatisfy { c in
        c.structure.topology.species.count { Int($0) == kind } >= 2 * foldCount
      }
    }.map { table[$0] }
    for label in species {
      guard table.contains(label) else {
        let near = InputError.nearest(to: label, among: table).map { "; did you mean '\($0)'?" } ?? ""
        throw InputError(
          "there are no atoms of species '\(label)', only of \(table.joined(separator: ", "))\(near)", file: "--species"
        )
      }
      guard enough.contains(label) else {
        throw InputError("too few atoms of species '\(label)' for \(foldCount) folds", file: "--species")
      }
    }
    guard !enough.isEmpty else {
      throw InputError("no species has enough atoms for \(foldCount) folds", file: configurations[0].source)
    }
    return species.isEmpty ? enough : species
  }
}
