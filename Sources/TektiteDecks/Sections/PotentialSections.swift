import TektiteCore
import TektitePotentials

/// What a deck says about its potential, before files are looked up.
indirect enum PotentialSpec: Hashable, Sendable {
  /// A model of the registry, or a model file.
  case named(NamedPotential)
  /// Lennard-Jones with parameters in place.
  case lennardJones(CutPairsSection)
  /// Its repulsive part.
  case wca(ContactPairsSection)
  /// Soft spheres with parameters in place.
  case inversePower(CutPairsSection)
  /// Spheres that repel where they overlap.
  case harmonic(ContactPairsSection)
  /// Soft spheres with a diameter for each atom.
  case polydisperse(PolydisperseSection)
  /// Pairs as sums of terms.
  case formula(FormulaSection)
  /// A learned model with what is to be done with it.
  case network(NetworkSection)
  /// The mean of several.
  case committee(CommitteeSection)
  /// Several at once.
  case sum([PotentialSpec])

  /// Kinds that need a mapping, with an example of what it holds.
  static let examples = [
    "lennard-jones": "pairs: {A-A: {epsilon: 1, sigma: 1}}, ...", "wca": "pairs: {A-A: {epsilon: 1, sigma: 1}}, ...",
    "inverse-power": "pairs: {A-A: {epsilon: 1, sigma: 1}}, ...",
    "harmonic": "pairs: {A-A: {epsilon: 1, sigma: 1}}, ...",
    "formula": "scheme: cut-and-shift, cutoff: 2.5, pairs: {A-A: [{lennard-jones: {epsilon: 1, sigma: 1}}]}",
    "polydisperse": "epsilon: 1, cutoff: 1.25 sigma, scheme: smooth, nonadditivity: 0.2",
    "mace": "file: water.model", "nequip": "file: water.nequip.zip", "sevennet": "file: checkpoint_best.pth",
    "committee": "members: [{kind: mace, file: a.model}, {kind: mace, file: b.model}]",
  ]
  /// Their names.
  static let kinds = [
    "committee", "formula", "harmonic", "inverse-power", "lennard-jones", "mace", "nequip", "polydisperse", "sevennet",
    "wca",
  ]
}

/// A potential by name: `kob-andersen`, `./mine.yaml`, or `{kind: kob-andersen, precision: mixed}`.
struct NamedPotential: DeckSection {
  var kind = ""
  var precision: Precision?
  /// The folder from which a path starts; not part of what the deck says.
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "named-potential", expectation: "a potential",
    meaning: "A model of the registry or a model file, with a precision.",
    keys: [
      .required(
        "kind", \.kind, .potentialName, "The name of a model in the registry, or the path of a YAML model file."),
      .optional(
        "precision", \.precision, Codec<Precision>.word("a precision").orWord("as-defined"), default: nil,
        "'double'; 'mixed' for pair arithmetic in single precision with sums and integration in double; 'single' for learned models; 'as-defined' follows the model file, and where that says nothing is 'double', or 'single' for learned models."
      ),
    ])
}

/// A cutoff: a length, or a multiple of the pair's own sigma.
enum Cutoff: Hashable, Sendable {
  case length(Double)
  case timesSigma(Double)

  /// The length for a pair.
  func length(sigma: Double) -> Double {
    switch self {
    case .length(let length): length
    case .timesSigma(let factor): factor * sigma
    }
  }
}

/// Parameters of one pair of species.
struct PairSection: DeckSection {
  var epsilon = 0.0
  var sigma = 0.0
  var cutoff: Cutoff?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "pair", expectation: "the parameters of a pair", meaning: "Parameters of one pair of species.",
    keys: [
      .required(
        "epsilon", \.epsilon, .quantity("the depth of the well, an energy", .energy, .notNegative),
        "The depth of the well; with 'units: real' also a temperature such as '119.8 K'."),
      .required(
        "sigma", \.sigma, .quantity("the distance of zero energy, a length", .length, .positive),
        "The distance of zero energy."),
      .absent("cutoff", \.cutoff, .cutoff, "A cutoff for this pair alone."),
    ])
}

/// A pair of labels and its parameters.
struct PairEntry: Hashable, Sendable {
  var first: String
  var second: String
  var parameters: PairSection
}

/// Pairs with a cutoff: `{kind: lennard-jones, ...}` and `{kind: inverse-power, ...}`.
struct CutPairsSection: DeckSection {
  var scheme = CutoffScheme.cutAndShift
  var cutoff: Cutoff?
  var precision = Precision.double
  var pairs: [PairEntry] = []
  var marks = Marks.none

  static let table: SectionTable<Self> = make(
    "lennard-jones", "a Lennard-Jones potential", usual: "2.5 sigma",
    "u(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6] between any number of species.")
  static let inversePower: SectionTable<Self> = make(
    "inverse-power", "an inverse-power potential", usual: "1.7 sigma",
    "Soft spheres, u(r) = epsilon (sigma/r)^12, of any number of species.")

  private static func make(_ kind: String, _ expectation: String, usual cutoff: String, _ meaning: String)
    -> SectionTable<Self>
  {
    SectionTable<Self>(
      name: kind, expectation: expectation, meaning: meaning,
      keys: [
        .kind(kind),
        .required(
          "scheme", \.scheme, .word("a cutoff scheme"),
          "What happens at the cutoff: 'cut', 'cut-and-shift', 'shifted-force', or 'smooth' (a polynomial makes energy, force and curvature vanish). Energies of different schemes do not compare."
        ),
        .absent(
          "cutoff", \.cutoff, .cutoff,
          "The cutoff of pairs that give none: a length, or '\(cutoff)' for that multiple of each pair's sigma."),
        .precision(\.precision),
        .required(
          "pairs", \.pairs, .pairs,
          "Parameters by pair of species, each pair once: {A-A: {epsilon: 1, sigma: 1}, A-B: ..., B-B: ...}."),
      ],
      check: { section, _ throws(InputError) in
        guard section.cutoff == nil else { return }
        if let pair = section.pairs.first(where: { $0.parameters.cutoff == nil }) {
          throw pair.parameters.marks.section.error(
            "the pair \(pair.first)-\(pair.second) has no cutoff; give 'cutoff: \(cutoff)' beside 'scheme', or one for the pair"
          )
        }
      })
  }
}

/// Pairs that end where they no longer repel: `{kind: wca, ...}` and `{kind: harmonic, ...}`.
struct ContactPairsSection: DeckSection {
  var precision = Precision.double
  var pairs: [PairEntry] = []
  var marks = Marks.none

  static let table: SectionTable<Self> = make(
    "wca", "a WCA potential", pair: "a WCA pair", end: "2^(1/6) sigma",
    "The repulsive part of Lennard-Jones: cut at its minimum 2^(1/6) sigma and shifted to zero there.")
  static let harmonic: SectionTable<Self> = make(
    "harmonic", "a potential of harmonic spheres", pair: "a harmonic pair", end: "sigma",
    "Spheres that repel where they overlap: u(r) = epsilon/2 (1 - r/sigma)^2 for r < sigma.")

  private static func make(_ kind: String, _ expectation: String, pair name: String, end: String, _ meaning: String)
    -> SectionTable<Self>
  {
    SectionTable<Self>(
      name: kind, expectation: expectation, meaning: meaning,
      keys: [
        .kind(kind), .precision(\.precision),
        .required(
          "pairs", \.pairs, .pairs,
          "Parameters by pair of species, each pair once: {A-A: {epsilon: 1, sigma: 1}, A-B: ..., B-B: ...}."),
      ],
      check: { section, _ throws(InputError) in
        if let pair = section.pairs.first(where: { $0.parameters.cutoff != nil }) {
          throw pair.parameters.marks["cutoff"].error("\(name) has no 'cutoff' of its own; it ends at \(end)")
        }
      })
  }
}

extension SectionKey {
  /// The key that tells potentials apart; the decoder has looked at it already.
  static func kind(_ word: String) -> SectionKey {
    SectionKey(
      name: "kind", meaning: "The kind of potential.", isRequired: true, schema: Schema.word(word),
      read: { _, _, _ in }, fill: { _, _ in }, write: { _, _ in .scalar(word) })
  }

  /// The arithmetic of a classical potential.
  static func precision(_ path: any WritableKeyPath<Section, Precision> & Sendable) -> SectionKey {
    .optional(
      "precision", path,
      Codec<Precision>.word("a precision").checked {
        $0 == .single ? Precision.singleIsForNetworks : nil
      },
      default: .double,
      "'double', or 'mixed' for pair arithmetic in single precision with sums and integration in double.")
  }
}

extension Codec where Value == String {
  /// The name of a registry model, or the path of a model file, made absolute.
  static var potentialName: Codec {
    let expectation = "the name of a potential"
    return Codec(
      expectation: expectation, schema: .object([("type", .text("string"))]),
      decode: { node, context throws(InputError) in
        let text = try node.text(expectation)
        if let example = PotentialSpec.examples[text] {
          throw node.mark.error("'\(text)' needs parameters; write a mapping such as {kind: \(text), \(example)}")
        }
        return ModelName.isPath(text) ? try Codec<String>.path(expectation).decode(node, context) : text
      }, encode: { value, _ in .text(value) })
  }
}

/// Tells names from paths.
enum ModelName {
  /// Whether a text names a file: it holds a slash or ends as YAML files and learned models do.
  static func isPath(_ text: String) -> Bool {
    text.contains("/")
      || [".yaml", ".yml", ".model", ".pth", ".ckpt", ".safetensors", ".nequip.zip"].contains(where: text.hasSuffix)
  }
}

extension Codec where Value == PotentialSpec {
  private static let expectation =
    "a potential: a name such as kob-andersen, a mapping with 'kind', or a list of them, which is a sum"

  /// A potential, or a list of potentials as their sum.
  static var potential: Codec {
    Codec(
      expectation: expectation,
      schema: Schema.any([
        single.schema, .object([("type", .text("array")), ("minItems", .number(1)), ("items", single.schema)]),
      ]),
      decode: { node, context throws(InputError) in
        guard case .sequence(let nodes) = node.content else { return try single.decode(node, context) }
        if nodes.isEmpty { throw node.mark.error("an empty list is no potential; give at least one") }
        if nodes.count > 16 { throw nodes[16].mark.error("more than 16 potentials in a sum") }
        var terms: [PotentialSpec] = []
        for node in nodes { terms.append(try single.decode(node, context)) }
        return .sum(terms)
      },
      encode: { spec, units in
        if case .sum(let terms) = spec { return .list(terms.map { single.encode($0, units) }) }
        return single.encode(spec, units)
      })
  }

  /// One potential.
  static var single: Codec {
    Codec(
      expectation: expectation,
      schema: Schema.any(
        [.object([("type", .text("string"))])]
          + [
            "lennard-jones", "wca", "inverse-power", "harmonic", "polydisperse", "formula", "mace", "nequip",
            "sevennet",
            "committee", "named-potential",
          ].map(Schema.reference)
      ),
      decode: { node, context throws(InputError) in
        switch node.content {
        case .scalar:
          var named = NamedPotential()
          named.marks = Marks(section: node.mark)
          if node.isNull { throw node.mismatch(expectation) }
          named.kind = try Codec<String>.potentialName.decode(node, context)
          return .named(named)
        case .sequence: throw node.mark.error("a sum within a sum; write all its terms in one list")
        case .mapping:
          switch node["kind"].map(\.content) {
          case .scalar("lennard-jones", _): return .lennardJones(try CutPairsSection.table.decode(node, context))
          case .scalar("wca", _): return .wca(try ContactPairsSection.table.decode(node, context))
          case .scalar("inverse-power", _): return .inversePower(try CutPairsSection.inversePower.decode(node, context))
          case .scalar("harmonic", _): return .harmonic(try ContactPairsSection.harmonic.decode(node, context))
          case .scalar("polydisperse", _): return .polydisperse(try PolydisperseSection.table.decode(node, context))
          case .scalar("formula", _): return .formula(try FormulaSection.table.decode(node, context))
          case .scalar(let kind, _) where NetworkKind(rawValue: kind) != nil:
            return .network(try NetworkSection.table(for: NetworkKind(rawValue: kind)).decode(node, context))
          case .scalar("committee", _): return .committee(try CommitteeSection.table.decode(node, context))
          case .scalar(let kind, _) where node["file"] != nil && !ModelName.isPath(kind):
            // Only networks have files.
            let kinds = NetworkKind.allCases.map(\.rawValue)
            let near = InputError.nearest(to: kind.lowercased(), among: kinds).map { "; did you mean '\($0)'?" } ?? "."
            throw (node["kind"]?.mark ?? node.mark).error(
              "no network is called '\(kind.prefix(60))'\(near) Allowed with 'file': \(kinds.joined(separator: ", "))")
          default: return .named(try NamedPotential.table.decode(node, context))
          }
        }
      },
      encode: { spec, units in
        switch spec {
        case .named(let section): NamedPotential.table.encode(section, units)
        case .lennardJones(let section): CutPairsSection.table.encode(section, units)
        case .wca(let section): ContactPairsSection.table.encode(section, units)
        case .inversePower(let section): CutPairsSection.inversePower.encode(section, units)
        case .harmonic(let section): ContactPairsSection.harmonic.encode(section, units)
        case .polydisperse(let section): PolydisperseSection.table.encode(section, units)
        case .formula(let section): FormulaSection.table.encode(section, units)
        case .network(let section): NetworkSection.table(for: section.kind).encode(section, units)
        case .committee(let section): CommitteeSection.table.encode(section, units)
        case .sum(let terms): .list(terms.map { Codec.single.encode($0, units) })
        }
      })
  }
}

extension Codec where Value == Cutoff {
  /// A length, or a number of `sigma`.
  static var cutoff: Codec {
    let expectation = "a cutoff: a length, or a multiple of sigma such as '2.5 sigma'"
    let length = Codec<Double>.quantity(expectation, .length, .positive)
    return Codec(
      expectation: expectation, schema: length.schema,
      decode: { node, context throws(InputError) in
        let number = DeckNumber.prefix(of: try node.text(expectation))
        if let number, ["sigma", "σ"].contains(String(number.rest.drop { $0 == " " })) {
          guard number.value > 0, number.value.isFinite else {
            throw node.mark.error("a cutoff must be greater than 0, found \(node.description)")
          }
          return .timesSigma(number.value)
        }
        return .length(try length.decode(node, context))
      },
      encode: { cutoff, units in
        switch cutoff {
        case .length(let value): length.encode(value, units)
        case .timesSigma(let factor): .quantity(factor, "sigma")
        }
      })
  }
}

extension Codec where Value == [PairEntry] {
  /// Parameters by pair of labels, `A-B: {...}`, complete and each pair once.
  static var pairs: Codec {
    let expectation = "parameters by pair, such as {A-A: {epsilon: 1, sigma: 1}}"
    return Codec(
      expectation: expectation,
      schema: .object([
        ("type", .text("object")), ("minProperties", .number(1)), ("additionalProperties", Schema.reference("pair")),
      ]),
      decode: { node, context throws(InputError) in
        let pairs = try SpeciesPairs.decode(node, expectation) { value throws(InputError) in
          try PairSection.table.decode(value, context)
        }
        return pairs.map { PairEntry(first: $0.first, second: $0.second, parameters: $0.value) }
      },
      encode: { pairs, units in
        .mapping(pairs.map { ("\($0.first)-\($0.second)", PairSection.table.encode($0.parameters, units)) })
      })
  }
}
