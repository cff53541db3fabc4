import TektiteCore
import TektitePotentials

/// `{kind: formula, ...}`: pairs as sums of terms.
struct FormulaSection: DeckSection {
  var scheme = FormulaScheme.cut
  var cutoff: Double?
  var precision = Precision.double
  var charges: [Labelled<Double>] = []
  var pairs: [PairTermsEntry] = []
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "formula", expectation: "a potential of formulas",
    meaning:
      "Pair potentials of any form, each a sum of terms: powers, exponentials, screened charges and others; evaluated from tables.",
    keys: [
      .kind("formula"),
      .required(
        "scheme", \.scheme, .word("a cutoff scheme"),
        "What happens at the cutoff of terms that do not say: 'cut', 'cut-and-shift', 'shifted-force', 'smooth' (a polynomial makes energy, force and curvature vanish), or 'cubic-spline' (a cubic goes on from the cutoff to where it ends)."
      ),
      .absent(
        "cutoff", \.cutoff, .quantity("a cutoff, a length", .length, .positive), "The cutoff of terms that give none."),
      .precision(\.precision),
      .optional(
        "charges", \.charges, Codec<Double>.quantity("a charge", .number).bySpecies("charges by species"), default: [],
        "Charges by species for terms 'coulomb', in elementary charges: {Si: 2.4, O: -1.2}."),
      .required(
        "pairs", \.pairs, .pairTerms,
        "Lists of terms by pair of species, each pair once: {A-A: [{lennard-jones: {epsilon: 1, sigma: 1}}], A-B: [], ...}. A pair with an empty list does not interact."
      ),
    ],
    check: { section, _ throws(InputError) in
      for pair in section.pairs {
        for term in pair.terms {
          if term.cutoff == nil && section.cutoff == nil {
            throw term.marks.section.error(
              "the term '\(term.kind.rawValue)' of \(pair.first)-\(pair.second) has no cutoff; give one to it, or to all beside 'scheme'"
            )
          }
          guard term.kind == .coulomb else { continue }
          for label in [pair.first, pair.second] where !section.charges.contains(where: { $0.label == label }) {
            throw term.marks.section.error(
              "a term 'coulomb' for \(pair.first)-\(pair.second), and no charge of '\(label)'; give 'charges: {\(label): ...}' beside 'pairs'"
            )
          }
        }
      }
      let labels = section.pairs.flatMap { [$0.first, $0.second] }
      if let stray = section.charges.first(where: { !labels.contains($0.label) }) {
        throw section.marks["charges"].error("a charge for '\(stray.label)', of which there is no pair")
      }
    })
}

/// A pair of labels and its terms.
struct PairTermsEntry: Hashable, Sendable {
  var first: String
  var second: String
  var terms: [TermSection]
}

/// What decks call the terms of a formula.
enum TermKind: String, CaseIterable, Sendable {
  case lennardJones = "lennard-jones"
  case inversePower = "inverse-power"
  case power, exponential, yukawa, coulomb, dzugutov, oscillating

  /// A number that a term needs.
  struct Parameter: Sendable {
    var name: String
    var dimension: Dimension
    var bound = Bound.any
    /// What it is without.
    var standard: Double?
    var meaning: String

    init(_ name: String, _ dimension: Dimension, _ bound: Bound, standard: Double? = nil, _ meaning: String) {
      (self.name, self.dimension, self.bound, self.standard, self.meaning) = (name, dimension, bound, standard, meaning)
    }
  }

  /// The formula.
  var formula: String {
    switch self {
    case .lennardJones: "4 epsilon [(sigma/r)^12 - (sigma/r)^6]"
    case .inversePower: "epsilon (sigma/r)^exponent"
    case .power: "coefficient / r^exponent"
    case .exponential: "amplitude exp(-rate r)"
    case .yukawa: "coefficient exp(-rate r)/r"
    case .coulomb: "the product of the charges times erfc(damping r)/r"
    case .dzugutov: "A (r^-m - B) exp(c/(r - a)) for r < a, plus B exp(d/(r - b)) for r < b"
    case .oscillating: "a exp(alpha r) cos(2 kappa r)/r^3 + b (sigma/r)^exponent"
    }
  }

  /// Its parameters, all numbers.
  var parameters: [Parameter] {
    let sigma = Parameter("sigma", .length, .positive, "The length that the distance is divided by.")
    let exponent = Parameter("exponent", .number, .positive, "The power of the distance in the denominator.")
    switch self {
    case .lennardJones:
      return [
        Parameter("epsilon", .energy, .any, "The depth of the well."),
        Parameter("sigma", .length, .positive, "The distance of zero energy."),
      ]
    case .inversePower: return [Parameter("epsilon", .energy, .any, "The energy at r = sigma."), sigma, exponent]
    case .power:
      return [
        Parameter(
          "coefficient", .number, .any, "The strength, an energy times that power of a length, in the deck's units."),
        exponent,
      ]
    case .exponential:
      return [
        Parameter("amplitude", .energy, .any, "The energy at r = 0."),
        Parameter("rate", .waveNumber, .positive, "One over the length in which the term falls by a factor of e."),
      ]
    case .yukawa:
      return [
        Parameter("coefficient", .number, .any, "The strength, an energy times a length, in the deck's units."),
        Parameter("rate", .waveNumber, .notNegative, "One over the screening length."),
      ]
    case .coulomb:
      return [
        Parameter(
          "damping", .waveNumber, .notNegative, standard: 0,
          "How fast the interaction is damped (alpha of Wolf and others); 0 leaves it bare.")
      ]
    case .dzugutov:
      return [
        Parameter("A", .energy, .any, "The strength of the core and the well."),
        Parameter("B", .number, .any, "The strength of the outer part, in the deck's units."),
        Parameter("a", .length, .positive, "Where core and well end."),
        Parameter("b", .length, .positive, "Where the outer part ends."),
        Parameter("c", .length, .positive, "How far before its end the inner part fades."),
        Parameter("d", .length, .positive, "How far before its end the outer part fades."),
        Parameter("m", .number, .positive, "The exponent of the core."),
      ]
    case .oscillating:
      return [
        Parameter("a", .number, .any, "The strength of the wave, in the deck's units."),
        Parameter("alpha", .waveNumber, .any, "The growth of the wave with the distance."),
        Parameter("kappa", .waveNumber, .positive, "Half the wave number."),
        Parameter("b", .energy, .any, "The energy of the core at r = sigma."),
        sigma, exponent,
      ]
    }
  }
}

/// One term: `exponential: {amplitude: 1388.773, rate: 2.76}`.
struct TermSection: DeckSection {
  var kind = TermKind.lennardJones
  var values: [String: Double] = [:]
  var cutoff: Double?
  var scheme: FormulaScheme?
  var marks = Marks.none

  /// A parameter by its name.
  subscript(value name: String) -> Double {
    get { values[name] ?? 0 }
    set { values[name] = newValue }
  }

  static let table = tables[0]
  /// One table for each kind, in their order.
  static let tables: [SectionTable<Self>] = TermKind.allCases.map(make)

  /// The table of a kind.
  static func table(for kind: TermKind) -> SectionTable<Self> { tables[TermKind.allCases.firstIndex(of: kind) ?? 0] }

  private static func make(_ kind: TermKind) -> SectionTable<Self> {
    var keys: [SectionKey<Self>] = kind.parameters.map { parameter in
      let name = parameter.name
      let codec = Codec<Double>.quantity("the parameter '\(name)'", parameter.dimension, parameter.bound)
      if let standard = parameter.standard {
        return .optional(name, \.[value: name], codec, default: standard, parameter.meaning)
      }
      return .required(name, \.[value: name], codec, parameter.meaning)
    }
    keys.append(
      .absent(
        "cutoff", \.cutoff, .quantity("a cutoff, a length", .length, .positive), "A cutoff for this term alone."))
    keys.append(
      .absent("scheme", \.scheme, .word("a cutoff scheme"), "What happens at the cutoff, for this term alone."))
    return SectionTable<Self>(
      name: "term-\(kind.rawValue)", expectation: "a term '\(kind.rawValue)'", meaning: "u(r) = \(kind.formula).",
      keys: keys, check: { section, _ throws(InputError) in section.kind = kind })
  }

  /// The term, with the product of two charges in units of energy times length.
  func term(charges product: Double) -> PairTerm {
    func v(_ name: String) -> Double { self[value: name] }
    switch kind {
    case .lennardJones: return .lennardJones(epsilon: v("epsilon"), sigma: v("sigma"))
    case .inversePower: return .inversePower(epsilon: v("epsilon"), sigma: v("sigma"), exponent: v("exponent"))
    case .power: return .power(coefficient: v("coefficient"), exponent: v("exponent"))
    case .exponential: return .exponential(amplitude: v("amplitude"), rate: v("rate"))
    case .yukawa: return .yukawa(coefficient: v("coefficient"), rate: v("rate"))
    case .coulomb: return .coulomb(product: product, damping: v("damping"))
    case .dzugutov:
      return .dzugutov(
        PairTerm.Dzugutov(inner: v("A"), outer: v("B"), a: v("a"), b: v("b"), c: v("c"), d: v("d"), m: v("m")))
    case .oscillating:
      return .oscillating(
        PairTerm.Oscillating(
          a: v("a"), alpha: v("alpha"), kappa: v("kappa"), b: v("b"), sigma: v("sigma"), exponent: v("exponent")))
    }
  }
}

extension Codec where Value == TermSection {
  /// A term under its name.
  static var term: Codec {
    let names = TermKind.allCases.map(\.rawValue)
    let expectation = "a term under its name, such as {exponential: {amplitude: 1, rate: 2}}"
    let schemas = TermSection.tables.indices.map { k -> JSONValue in
      .object([
        ("type", .text("object")), ("additionalProperties", .flag(false)), ("required", .list([.text(names[k])])),
        ("properties", .object([(names[k], Schema.reference(TermSection.tables[k].name))])),
      ])
    }
    return Codec(
      expectation: expectation, schema: Schema.any(schemas),
      decode: { node, context throws(InputError) in
        guard case .mapping(let entries) = node.content, let entry = entries.first else {
          throw node.mismatch(expectation)
        }
        guard entries.count == 1 else {
          throw entries[1].mark.error("a second term in one entry of the list; begin a line of its own with a hyphen")
        }
        guard let kind = TermKind(rawValue: entry.key) else {
          throw entry.mark.error(unknown(entry.key, "a term", names))
        }
        var term = try TermSection.table(for: kind).decode(entry.value, context)
        term.marks.section = entry.mark
        return term
      },
      encode: { term, units in
        .mapping([(term.kind.rawValue, TermSection.table(for: term.kind).encode(term, units))])
      })
  }
}

extension Codec where Value == [PairTermsEntry] {
  /// Lists of terms by pair of labels, complete and each pair once.
  static var pairTerms: Codec {
    let expectation = "lists of terms by pair, such as {A-A: [{lennard-jones: {epsilon: 1, sigma: 1}}]}"
    let terms = Codec<TermSection>.term.list("a list of terms, each beginning with a hyphen")
    return Codec(
      expectation: expectation,
      schema: .object([
        ("type", .text("object")), ("minProperties", .number(1)), ("additionalProperties", terms.schema),
      ]),
      decode: { node, context throws(InputError) in
        let pairs = try SpeciesPairs.decode(node, expectation) { value throws(InputError) in
          let list = try terms.decode(value, context)
          if list.count > 32 { throw list[32].marks.section.error("more than 32 terms for one pair") }
          return list
        }
        return pairs.map { PairTermsEntry(first: $0.first, second: $0.second, terms: $0.value) }
      },
      encode: { pairs, units in
        .mapping(pairs.map { ("\($0.first)-\($0.second)", terms.encode($0.terms, units)) })
      })
  }
}
