import TektiteCore
import TektitePotentials

/// The networks that decks name by their architecture.
enum NetworkKind: String, Hashable, Sendable, CaseIterable {
  case mace, nequip, sevennet

  /// The name as people write it.
  var title: String {
    switch self {
    case .mace: "MACE"
    case .nequip: "NequIP"
    case .sevennet: "SevenNet"
    }
  }
}

/// `{kind: mace, file: water.model, ...}`, and the same for the other networks.
struct NetworkSection: DeckSection {
  /// What the deck says the file is; nil where it names only the file.
  var kind: NetworkKind?
  var file = ""
  var precision = Precision.single
  /// The head or the modality.
  var variant: String?
  var species: [Labelled<Element>] = []
  var usesExactRadial = false
  var units = Units.real
  var marks = Marks.none

  /// The kind, or what the name of the file says.
  var likelyKind: NetworkKind {
    if let kind { return kind }
    if file.hasSuffix(".pth") { return .sevennet }
    return file.hasSuffix(".zip") || file.hasSuffix(".ckpt") ? .nequip : .mace
  }

  static let table: SectionTable<Self> = make(.mace)
  static let nequip: SectionTable<Self> = make(.nequip)
  static let sevennet: SectionTable<Self> = make(.sevennet)

  /// The table that belongs to a kind.
  static func table(for kind: NetworkKind?) -> SectionTable<Self> {
    switch kind {
    case .mace, nil: table
    case .nequip: nequip
    case .sevennet: sevennet
    }
  }

  private static func make(_ kind: NetworkKind) -> SectionTable<Self> {
    var keys: [SectionKey<Self>] = [
      .kind(kind.rawValue),
      .required("file", \.file, .path("the path of a model"), "The model's file; a relative path starts at the deck."),
      .optional(
        "precision", \.precision,
        Codec<Precision>.word("a precision").checked { $0 == .mixed ? Precision.mixedIsForPairs : nil },
        default: .single,
        "'single' for arithmetic of 32 bits inside the network, with positions, forces and integration in 64; or 'double'."
      ),
    ]
    switch kind {
    case .mace:
      keys.append(
        .absent(
          "head", \.variant, .text("the name of a head"),
          "Which of the heads to use; needed where the model has several. 'tektite inspect' names them."))
    case .sevennet:
      keys.append(
        .absent(
          "modality", \.variant, .text("the name of a modality"),
          "Which of the modalities to use; needed where the model has several. 'tektite inspect' names them."))
    case .nequip: break
    }
    keys += [
      .optional(
        "species", \.species, Codec<Element>.element.bySpecies("elements by species, such as {A: Ge}"), default: [],
        "Elements for labels that are none, or are to be another one: {A: Ge, B: P}."),
      .optional(
        "exact-radial", \.usesExactRadial, .flag, default: false,
        "Whether radial functions are worked out by their networks for every edge, and not read from tables."),
      .optional(
        "units", \.units, .word("a system of units"), default: .real,
        "The units in which the network learned: 'real' (eV and Å), or 'lj' for one that learned reduced energies and lengths."
      ),
    ]
    return SectionTable<Self>(
      name: kind.rawValue, expectation: "a \(kind.title) model",
      meaning: "A \(kind.title) network as its training saved it, or as 'tektite convert' wrote it.", keys: keys,
      check: { section, _ throws(InputError) in section.kind = kind })
  }
}

/// `{kind: committee, members: [...]}`.
struct CommitteeSection: DeckSection {
  var members: [PotentialSpec] = []
  var marks = Marks.none

  /// The most members of a committee.
  static let mostMembers = 64

  static let table = SectionTable<Self>(
    name: "committee", expectation: "a committee",
    meaning: "The mean of several potentials, which also says how far they disagree.",
    keys: [
      .kind("committee"),
      .required(
        "members", \.members, Codec<PotentialSpec>.single.list("a list of potentials"),
        "The potentials, at least two, as they would stand alone: [{kind: mace, file: a.model}, {kind: mace, file: b.model}]."
      ),
    ],
    check: { section, _ throws(InputError) in
      let mark = section.marks["members"]
      let count = section.members.count
      if count < 2 { throw mark.error("a committee needs at least two members, found \(count)") }
      if count > mostMembers { throw mark.error("a committee has at most \(mostMembers) members, found \(count)") }
      for case .committee(let inner) in section.members {
        throw inner.marks.section.error("a committee within a committee; write all members in one list")
      }
    })
}

extension PotentialSpec {
  /// The units in which a learned potential was trained; nil for potentials whose numbers stand in the deck.
  var learnedUnits: Units? {
    switch self {
    case .network(let section): section.units
    case .committee(let section): section.members.lazy.compactMap(\.learnedUnits).first
    case .named(let section) where ModelName.isPath(section.kind) && LearnedModel.isOne(section.kind): .real
    default: nil
    }
  }
}

extension Codec where Value == Element {
  /// A chemical element by its symbol.
  static var element: Codec {
    let expectation = "the symbol of an element"
    let symbols = (1...118).compactMap { Element(number: $0)?.symbol }
    return Codec(
      expectation: expectation, schema: .object([("enum", .list(symbols.map { .text($0) }))]),
      decode: { node, _ throws(InputError) in
        let text = try node.text(expectation)
        if let element = Element(symbol: text) { return element }
        let nearest = InputError.nearest(to: text, among: symbols).map { "; did you mean '\($0)'?" } ?? ""
        throw node.mark.error("'\(text.prefix(60))' is not \(expectation)\(nearest)")
      }, encode: { value, _ in .text(value.symbol) })
  }
}
