import Foundation
import TektiteCore
import TektitePotentials

/// The MODEL of a command: a name of the registry, the path of a YAML file with a `potential:` key (a model file or a whole deck), or a learned model as
/// its training program saved it.
public enum ModelReference {
  /// Finds and reads a model.
  /// - Parameters:
  ///   - name: the name or path.
  ///   - precision: the arithmetic, if it is not to be what the file says.
  ///   - head: for a learned model with several heads or modalities, the one to use.
  /// - Throws: an error with file and place; for an unknown name, the nearest one and where models were looked for.
  public static func resolve(_ name: String, precision: Precision?, head: String? = nil) throws(InputError)
    -> ResolvedModel
  {
    var resolver = PotentialResolver(units: nil)
    resolver.precision = precision
    resolver.head = head
    let isPath = ModelName.isPath(name) || InputFile.exists(path: name)
    let here = FileManager.default.currentDirectoryPath
    // Models named in a YAML file are found from its folder; a learned model refers to nothing, and errors name it as the user did.
    let isYAML = isPath && !LearnedModel.isOne(name)
    return try resolver.model(named: isYAML ? FilePath.absolute(name, from: here) : name, isPath: isPath) { message in
      InputError(message, file: name)
    }
  }
}

extension ModelReference {
  /// A clause on scripts beside a missing file that fetch models, `; run '…/fetch-sevennet.sh', if it is one of its models`; nothing where there are none.
  static func fetching(_ path: String) -> String {
    let folder = (path as NSString).deletingLastPathComponent
    let scripts = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix("fetch-") && $0.hasSuffix(".sh") }.sorted()
    guard let script = scripts.first else { return "" }
    return
      "; '\((folder as NSString).appendingPathComponent(script))' beside it fetches models that are not part of Tektite"
  }
}

/// Turns what decks and model files say into potentials.
struct PotentialResolver {
  /// The units that the deck has; nil to take those of the model.
  var units: Units?
  /// An arithmetic that overrides what files say.
  var precision: Precision?
  /// Makes an error at the place that asked for that arithmetic.
  var blamePrecision: (String) -> InputError = { InputError($0, file: "--precision") }
  /// For a learned model with several heads or modalities, the one to use.
  var head: String?
  private var depth = 0
  /// What was resolved before: stages often share a potential, and a learned one is a large file.
  private let known = Known()

  private final class Known {
    struct Key: Hashable {
      let spec: PotentialSpec, units: Units, wanted: Units?, precision: Precision?, head: String?
    }
    var models: [Key: ResolvedModel] = [:]
  }

  init(units: Units?) { self.units = units }

  /// The potential that a specification means, in a file with the given units.
  func resolve(_ spec: PotentialSpec, units: Units) throws(InputError) -> ResolvedModel {
    let key = Known.Key(spec: spec, units: units, wanted: self.units, precision: precision, head: head)
    if let model = known.models[key] { return model }
    let model = try read(spec, units: units)
    known.models[key] = model
    return model
  }

  private func read(_ spec: PotentialSpec, units: Units) throws(InputError) -> ResolvedModel {
    switch spec {
    case .named(let section):
      var inner = self
      if precision == nil, let own = section.precision {
        inner.precision = own
        inner.blamePrecision = section.marks["precision"].error
      }
      let mark = section.marks["kind"]
      return try inner.model(named: section.kind, isPath: ModelName.isPath(section.kind)) { mark.error($0) }
    case .lennardJones(let section):
      let model = try lennardJones(section.pairs, section.scheme, precision ?? section.precision, section.marks) {
        ($0.cutoff ?? section.cutoff ?? .timesSigma(2.5)).length(sigma: $0.sigma)
      }
      return ResolvedModel(
        name: "lennard-jones", model: model, units: units, labels: model.labels, scheme: section.scheme.rawValue,
        precision: model.precision)
    case .wca(let section):
      // The minimum of 4ε(x⁻¹² − x⁻⁶) lies at 2^(1/6) σ; cut and shifted there, only the repulsion is left.
      let minimum = 1.122_462_048_309_373
      let model = try lennardJones(section.pairs, .cutAndShift, precision ?? section.precision, section.marks) {
        $0.sigma * minimum
      }
      return ResolvedModel(
        name: "wca", model: model, units: units, labels: model.labels, scheme: CutoffScheme.cutAndShift.rawValue,
        precision: model.precision)
    case .inversePower(let section):
      let (labels, pairs) = try matrix(section.pairs, precision ?? section.precision) {
        ($0.cutoff ?? section.cutoff ?? .timesSigma(2.5)).length(sigma: $0.sigma)
      }
      let model = InversePower(
        labels: labels, pairs: pairs, scheme: section.scheme, precision: precision ?? section.precision)
      return ResolvedModel(
        name: "inverse-power", model: model, units: units, labels: labels, scheme: section.scheme.rawValue,
        precision: model.precision)
    case .harmonic(let section):
      let (labels, pairs) = try matrix(section.pairs, precision ?? section.precision) { $0.sigma }
      let model = HarmonicSpheres(labels: labels, pairs: pairs, precision: precision ?? section.precision)
      return ResolvedModel(
        name: "harmonic", model: model, units: units, labels: labels, scheme: CutoffScheme.cut.rawValue,
        precision: model.precision)
    case .polydisperse(let section):
      try checkClassical(precision ?? section.precision)
      let model: PolydisperseInversePower
      do throws(PotentialError) {
        model = try PolydisperseInversePower(
          epsilon: section.epsilon,
          reach: DiameterReach(multiple: section.cutoff.length(sigma: 1), nonadditivity: section.nonadditivity),
          scheme: section.scheme, precision: precision ?? section.precision)
      } catch {
        throw section.marks["scheme"].error(error.description)
      }
      return ResolvedModel(
        name: "polydisperse", model: model, units: units, labels: section.species, scheme: section.scheme.rawValue,
        precision: model.precision)
    case .formula(let section):
      try checkClassical(precision ?? section.precision)
      return try section.resolved(precision: precision ?? section.precision, units: units)
    case .network(let section):
      guard section.units == units else { throw disagreement(section, with: units) }
      return try learned(section)
    case .committee(let section): return try committee(section, units: units)
    case .sum(let terms): return try sum(terms, units: units)
    }
  }

  private func learned(_ section: NetworkSection) throws(InputError) -> ResolvedModel {
    guard InputFile.exists(path: section.file) else {
      throw section.marks["file"].error(
        "there is no model file '\(section.file)'\(ModelReference.fetching(section.file))")
    }
    if precision == .mixed { throw blamePrecision(Precision.mixedIsForPairs) }
    return try LearnedModel.resolve(
      section, precision: precision ?? section.precision, variant: head ?? section.variant)
  }

  private func disagreement(_ section: NetworkSection, with units: Units) -> InputError {
    if section.units == .lj {
      return section.marks["units"].error(
        "this network has 'units: lj' and the deck 'units: \(units.rawValue)'; they must agree")
    }
    return section.marks["units"].error(
      "a learned model has 'units: real' and the deck 'units: \(units.rawValue)'; they must agree. A network that learned reduced energies and "
        + "lengths says so: {kind: \(section.likelyKind.rawValue), file: \((section.file as NSString).lastPathComponent), units: lj}"
    )
  }

  private func lennardJones(
    _ pairs: [PairEntry], _ scheme: CutoffScheme, _ precision: Precision, _ marks: Marks,
    cutoff: (PairSection) -> Double
  ) throws(InputError) -> LennardJones {
    let (labels, matrix) = try matrix(pairs, precision, cutoff: cutoff)
    do {
      return try LennardJones(labels: labels, pairs: matrix, scheme: scheme, precision: precision)
    } catch {
      throw marks["pairs"].error(error.description)
    }
  }

  private func checkClassical(_ precision: Precision) throws(InputError) {
    if precision == .single { throw blamePrecision(Precision.singleIsForNetworks) }
    if let head {
      throw InputError(
        "a classical potential has no heads, so '\(head)' cannot be chosen; it has one set of parameters. Leave out --head.",
        file: "--head")
    }
  }

  /// The labels of some pairs, and their parameters as a matrix.
  private func matrix(
    _ pairs: [PairEntry], _ precision: Precision, cutoff: (PairSection) -> Double
  ) throws(InputError) -> (labels: [String], pairs: [LennardJones.Pair]) {
    try checkClassical(precision)
    let labels = SpeciesPairs.labels(pairs.map { ($0.first, $0.second) })
    let index = Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($0.element, $0.offset) })
    var matrix = [LennardJones.Pair](
      repeating: LennardJones.Pair(epsilon: 0, sigma: 1, cutoff: 1), count: labels.count * labels.count)
    for pair in pairs {
      guard let a = index[pair.first], let b = index[pair.second] else { continue }
      let p = pair.parameters
      let entry = LennardJones.Pair(epsilon: p.epsilon, sigma: p.sigma, cutoff: cutoff(p))
      if !(entry.cutoff.isFinite && entry.cutoff > 0) {
        throw p.marks.section.error("the cutoff of \(pair.first)-\(pair.second) is not finite")
      }
      matrix[a * labels.count + b] = entry
      matrix[b * labels.count + a] = entry
    }
    return (labels, matrix)
  }

  private func sum(_ specs: [PotentialSpec], units: Units) throws(InputError) -> ResolvedModel {
    var terms: [ResolvedModel] = []
    for spec in specs { terms.append(try resolve(spec, units: units)) }
    guard let first = terms.first else { throw InputError("a sum without terms", file: "potential") }
    guard terms.count > 1 else { return first }
    func joined(_ names: [String]) -> String { names.joined(separator: " + ") }
    return .combined(
      terms, name: joined(terms.map(\.name)), title: joined(terms.map { $0.title.isEmpty ? $0.name : $0.title }),
      model: SumModel(models: terms.map(\.model), name: joined(terms.map(\.model.name))))
  }

  private func committee(_ section: CommitteeSection, units: Units) throws(InputError) -> ResolvedModel {
    var members: [ResolvedModel] = []
    for spec in section.members { members.append(try resolve(spec, units: units)) }
    return .combined(
      members, name: "committee", title: "the mean of " + members.map(\.name).joined(separator: ", "),
      model: CommitteeModel(models: members.map(\.model)))
  }

  /// Reads a model by name or absolute path. `blame` makes an error at the place that asked for it.
  func model(named name: String, isPath: Bool, blame: (String) -> InputError) throws(InputError) -> ResolvedModel {
    guard depth < 4 else { throw blame("'\(name)' refers to itself, directly or through other model files") }
    let path = isPath ? name : try registryPath(name, blame: blame)
    guard InputFile.exists(path: path) else {
      throw blame("there is no model file '\(path)'\(ModelReference.fetching(path))")
    }
    if LearnedModel.isOne(path) {
      var section = NetworkSection()
      section.file = path
      if let wanted = units, wanted != section.units { throw blame(disagreement(section, with: wanted).message) }
      return try learned(section)
    }
    let text = try InputFile.text(path: path)
    let root = try DeckNode.compose(text, file: path)
    let folder = (path as NSString).deletingLastPathComponent
    if root["stages"] != nil || root["system"] != nil {
      let deck = try Deck(text: text, path: path)
      return try nested(deck.body.potential, units: deck.units, blame: blame)
    }
    var context = DeckContext(file: path, folder: folder, units: .lj)
    if let node = root["units"] { context.units = try Codec<Units>.word("a system of units").decode(node, context) }
    var section = try ModelSection.table.decode(root, context)
    if root["units"] == nil, let learned = section.potential.learnedUnits { section.units = learned }
    var result = try nested(section.potential, units: section.units, blame: blame)
    let label = isPath ? ((path as NSString).lastPathComponent as NSString).deletingPathExtension : name
    result.name = label
    if !section.title.isEmpty { result.title = section.title }
    result.doi = section.doi ?? result.doi
    for mass in section.masses { result.masses[mass.label] = mass.value }
    if let stray = section.masses.first(where: { !result.labels.contains($0.label) }) {
      throw section.marks["masses"].error(
        "a mass for '\(stray.label)', which the potential does not know; it knows \(result.labels.joined(separator: ", "))"
      )
    }
    result.composition = section.composition.map { ($0.label, $0.value) }
    result.notes = section.notes + result.notes
    result.diameters = section.diameters?.distribution ?? result.diameters
    result.statePoints = section.states.map(\.statePoint)
    result.files.insert(ResolvedModel.File(name: label, path: path, digest: try InputFile.digest(path: path)), at: 0)
    return result
  }

  private func nested(_ spec: PotentialSpec, units: Units, blame: (String) -> InputError) throws(InputError)
    -> ResolvedModel
  {
    if let wanted = self.units, wanted != units {
      throw blame("the model has 'units: \(units.rawValue)' and the deck 'units: \(wanted.rawValue)'; they must agree")
    }
    var inner = self
    inner.depth += 1
    inner.units = units
    return try inner.resolve(spec, units: units)
  }

  private func registryPath(_ name: String, blame: (String) -> InputError) throws(InputError) -> String {
    let entries = Registry.entries()
    if let entry = entries.first(where: { $0.name == name }) { return entry.path }
    let names = (entries.map(\.name) + PotentialSpec.kinds).sorted()
    let nearest = InputError.nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? "."
    if let example = PotentialSpec.examples[name] {
      throw blame("'\(name)' is a kind of potential, which needs more than its name: {kind: \(name), \(example)}")
    }
    if name == "allegro" {
      throw blame(
        "a learned potential is named by the path of its file, such as ./water.model, not by its kind '\(name)'")
    }
    guard let folder = Registry.folder() else {
      throw blame(
        "no folder of models was found for '\(name.prefix(60))'; set TEKTITE_POTENTIALS to the folder 'potentials' of Tektite"
      )
    }
    throw blame(
      "no potential is called '\(name.prefix(60))'\(nearest) Known: \(names.joined(separator: ", ")). Models are read from \(folder)"
    )
  }
}

extension StateSection {
  /// The state point as others see it.
  var statePoint: ResolvedModel.StatePoint {
    var point = ResolvedModel.StatePoint(temperature: temperature, energy: energy, pressure: pressure, note: note)
    switch density {
    case .number(let value): point.density = value
    case .mass(let value): point.massDensity = value
    case nil: break
    }
    return point
  }
}

extension Precision {
  /// Why a classical potential does not take `single`.
  static let singleIsForNetworks =
    "a classical potential has the precisions double and mixed; 'single' belongs to learned ones"
}
