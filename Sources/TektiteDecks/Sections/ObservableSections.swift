import TektiteAnalysis
import TektiteCore
import TektiteDynamics

/// An entry of `observe:`, one key that names the observable with a mapping of what it needs.
struct ObservableSection: DeckSection {
  /// The observables.
  enum Kind: String, CaseIterable {
    case meanSquaredDisplacement = "mean-squared-displacement"
    case selfIntermediateScattering = "self-intermediate-scattering"
    case nonGaussianParameter = "non-gaussian-parameter"
    case overlap
    case velocityAutocorrelation = "velocity-autocorrelation"
    case intermediateScattering = "intermediate-scattering"
    case selfVanHove = "van-hove-self"
    case distinctVanHove = "van-hove-distinct"
    case fourPointStructureFactor = "four-point-structure-factor"
    case stressAutocorrelation = "stress-autocorrelation"
    case bondBreaking = "bond-breaking"
    case cageRelativeDisplacement = "cage-relative-displacement"
    case radialDistribution = "radial-distribution"
    case structureFactor = "structure-factor"
    case bondOrder = "bond-order"
    case hexaticOrder = "hexatic-order"
    case crystallinity, voronoi

    /// What the default name of its table ends in.
    var suffix: String {
      switch self {
      case .meanSquaredDisplacement: "msd"
      case .selfIntermediateScattering: "fs"
      case .nonGaussianParameter: "alpha2"
      case .overlap: "overlap"
      case .velocityAutocorrelation: "vacf"
      case .intermediateScattering: "fkt"
      case .selfVanHove: "gs"
      case .distinctVanHove: "gd"
      case .fourPointStructureFactor: "s4"
      case .stressAutocorrelation: "stress"
      case .bondBreaking: "bonds"
      case .cageRelativeDisplacement: "crmsd"
      case .radialDistribution: "gr"
      case .structureFactor: "sk"
      case .bondOrder: "order"
      case .hexaticOrder: "hexatic"
      case .crystallinity: "solid"
      case .voronoi: "voronoi"
      }
    }
  }

  var kind = Kind.meanSquaredDisplacement
  var waveNumbers: [Double] = []
  var distance = 0.0
  var species: [String] = []
  var perDecade = 0
  var origins = 0
  var longest: Int?
  var waiting: [Int] = []
  var every = 0
  var range: Double?
  var bins = 0
  var largest = 0.0
  var resolution: Double?
  var vectors = 0
  var lags: [Int] = []
  var formed = 0.0
  var broken = 0.0
  var sigma: [NeighborCriterion.Pair] = []
  var fit = FitWindow.automatic
  var degrees: [Int] = []
  var neighbors = NeighborRule.nearest(12)
  var degree = 0
  var fold = 6
  var threshold = 0.0
  var bonds = 0
  var radii: [Labelled<Double>]?
  var signatures = 0
  var file: String?
  var marks = Marks.none

  // MARK: Keys

  private static let file: SectionKey<Self> = .absent(
    "file", \.file, .outputFile(["csv"]),
    "A file name within the run directory. Default: the name of the stage, a dash and a short name of the observable, with .csv."
  )

  private static let correlation: [SectionKey<Self>] = [
    .optional(
      "species", \.species,
      Codec<String>.species.oneOrMore("a species or a list of them").orEmpty("all"), default: [],
      "A species or a list of them, each a curve of its own; 'all' is all atoms together and each species."),
    .optional(
      "per-decade", \.perDecade, .integer("the number of lags per decade", in: 1...1000), default: 10,
      "Lags in each factor of ten."),
    .optional(
      "origins", \.origins, .stepInterval, default: 100,
      "Steps from one origin to the next; lags beyond forty times that use every tenth origin, and so on."),
    .optional(
      "longest", \.longest, Codec<Int>.stepInterval.orWord("half"), default: nil,
      "The longest lag in steps; 'half' is half the length of the stage."),
    .optional(
      "waiting", \.waiting,
      Codec<Int>.integer("a waiting time in steps", in: 0...1_000_000_000_000).oneOrMore(
        "a waiting time in steps or a list of them"
      ).checked {
        $0.count > 100 ? "more than 100 waiting times" : $0 != Set($0).sorted() ? "waiting times must increase" : nil
      },
      default: [],
      "Waiting times in steps, for a system that ages: each is the only origin of a curve of its own, and nothing is averaged over origins. Empty for averages."
    ),
    file,
  ]

  private static let average: [SectionKey<Self>] = [
    .optional("every", \.every, .stepInterval, default: 1000, "Steps from one frame to the next; step 0 counts."), file,
  ]

  private static let fit: SectionKey<Self> = .optional(
    "fit", \.fit, .fitWindow("two times", .time), default: .automatic,
    "Between which times f exp[-(t/tau)^beta] is fitted; 'auto' is the slow decay after the plateau.")

  private static func keys(of kind: Kind, _ meaning: String, _ keys: [SectionKey<Self>]) -> SectionTable<Self> {
    SectionTable(
      name: kind.rawValue, expectation: "'\(kind.rawValue)'", meaning: meaning, keys: keys,
      check: { section, _ throws(InputError) in section.kind = kind })
  }

  /// The keys of each kind.
  static func table(of kind: Kind) -> SectionTable<Self> {
    switch kind {
    case .meanSquaredDisplacement: meanSquaredDisplacement
    case .selfIntermediateScattering: selfIntermediateScattering
    case .nonGaussianParameter: nonGaussianParameter
    case .overlap: overlap
    case .velocityAutocorrelation: velocityAutocorrelation
    case .intermediateScattering: intermediateScattering
    case .selfVanHove: selfVanHove
    case .distinctVanHove: distinctVanHove
    case .fourPointStructureFactor: fourPointStructureFactor
    case .stressAutocorrelation: stressAutocorrelation
    case .bondBreaking: bondBreaking
    case .cageRelativeDisplacement: cageRelativeDisplacement
    case .radialDistribution: radialDistribution
    case .structureFactor: structureFactor
    case .bondOrder: bondOrder
    case .hexaticOrder: hexaticOrder
    case .crystallinity: crystallinity
    case .voronoi: voronoi
    }
  }

  /// All of them, for the schema.
  static var tables: [SectionTable<Self>] { Kind.allCases.map(table(of:)) }

  static let table: SectionTable<Self> = meanSquaredDisplacement

  private static let meanSquaredDisplacement: SectionTable<Self> = keys(
    of: .meanSquaredDisplacement, "The mean of the squared displacement against time, and the diffusion coefficient.",
    correlation)

  private static let selfIntermediateScattering: SectionTable<Self> = keys(
    of: .selfIntermediateScattering,
    "F_s(k, t), the mean of exp(i k·Δr) over all directions of k (in two dimensions of the plane), and where it has fallen to 1/e.",
    [
      waveNumbers,
      fit,
    ] + correlation)

  private static let nonGaussianParameter: SectionTable<Self> = keys(
    of: .nonGaussianParameter, "α₂(t) = 3⟨Δr⁴⟩/(5⟨Δr²⟩²) − 1, in two dimensions ⟨Δr⁴⟩/(2⟨Δr²⟩²) − 1.", correlation)

  private static let overlap: SectionTable<Self> = keys(
    of: .overlap,
    "Q(t), the fraction of atoms that have moved by less than a distance, and χ₄(t), N times its variance.",
    [
      .optional(
        "distance", \.distance, .quantity("a length", .length, .positive), default: { $0 == .lj ? 0.3 : 1 },
        "The distance; 0.3 in reduced units, 1 Å otherwise."),
      fit,
    ] + correlation)

  private static let velocityAutocorrelation: SectionTable<Self> = keys(
    of: .velocityAutocorrelation, "⟨v(t)·v(0)⟩/⟨v²⟩.", correlation)

  private static let waveNumbers: SectionKey<Self> = .required(
    "k", \.waveNumbers,
    Codec<Double>.quantity("a wave number, one over a length", .waveNumber, .positive).oneOrMore(
      "a wave number or a list of them"
    ).checked { $0.isEmpty ? "the list of wave numbers is empty" : nil },
    "A wave number or a list of them, such as 7.25 or '2.1 1/Å'.")

  private static let intermediateScattering: SectionTable<Self> = keys(
    of: .intermediateScattering,
    "F_ab(k, t) of each pair of species on vectors that fit the cell, and over S_ab(k): the collective motion of density.",
    [
      waveNumbers,
      .optional(
        "resolution", \.resolution,
        Codec<Double>.quantity("a wave number, one over a length", .waveNumber, .positive).orWord("auto"), default: nil,
        "The width of the range of lengths about k; 'auto' is a quarter of the smallest wave number of the cell."),
      .optional(
        "vectors", \.vectors, .integer("the number of vectors", in: 1...100_000), default: 30,
        "The most vectors of each k that are used; the cost is that many phases of every atom for each frame."),
      fit,
    ] + correlation.filter { $0.name != "species" })

  /// Keys of what is about some lags only; pairs of atoms and vectors cost more than atoms, so that origins are farther apart.
  private static let chosenLags: [SectionKey<Self>] = [
    .required(
      "lags", \.lags,
      Codec<Int>.stepInterval.oneOrMore("a lag in steps or a list of them").checked {
        $0.isEmpty ? "the list of lags is empty" : $0.count > 100 ? "more than 100 lags" : nil
      }, "A lag in steps or a list of them."),
    .optional(
      "origins", \.origins, .stepInterval, default: 1000,
      "Steps from one origin to the next; lags beyond forty times that use every tenth, and so on."),
    file,
  ]

  private static let ownSpecies: SectionKey<Self> = .optional(
    "species", \.species, Codec<String>.species.oneOrMore("a species or a list of them").orEmpty("all"), default: [],
    "A species or a list of them, each a curve of its own; 'all' is all atoms together and each species.")

  private static let distances: [SectionKey<Self>] = [
    .optional(
      "range", \.range, Codec<Double>.quantity("a length", .length, .positive).orWord("half"), default: nil,
      "The largest distance; 'half' is half the narrowest width of the cell."),
    .optional("bins", \.bins, .integer("the number of bins", in: 1...10_000), default: 200, "The number of bins."),
  ]

  private static let selfVanHove: SectionTable<Self> = keys(
    of: .selfVanHove, "G_s(r, t), and P(log10 Δr; t) in a table of its own.", [ownSpecies] + distances + chosenLags)

  private static let distinctVanHove: SectionTable<Self> = keys(
    of: .distinctVanHove, "G_d(r, t) over the density, for each pair of species.", distances + chosenLags)

  private static let fourPointStructureFactor: SectionTable<Self> = keys(
    of: .fourPointStructureFactor,
    "S_4(q, t) of the atoms that have moved by less than a distance, and the correlation length by a fit of chi/(1 + (q xi)^2).",
    [
      .optional(
        "distance", \.distance, .quantity("a length", .length, .positive), default: { $0 == .lj ? 0.3 : 1 },
        "The distance; 0.3 in reduced units, 1 Å otherwise."),
      .optional(
        "largest", \.largest, .quantity("a wave number, one over a length", .waveNumber, .positive),
        default: { $0 == .lj ? 4 : 2 }, "The largest wave number; 4 in reduced units, 2 1/Å otherwise."),
      .optional(
        "vectors", \.vectors, .integer("the number of vectors", in: 1...100_000), default: 30,
        "The most vectors of a length that are used."),
      .optional(
        "fit", \.fit, .fitWindow("two wave numbers", .waveNumber), default: .automatic,
        "Between which wave numbers chi/(1 + (q xi)^2) is fitted; 'auto' is up to three times the smallest."),
      ownSpecies,
    ] + chosenLags)

  private static let stressAutocorrelation: SectionTable<Self> = keys(
    of: .stressAutocorrelation,
    "G(t) from the five independent components of the deviatoric stress (two in two dimensions), and the viscosity as its running integral.",
    [
      .optional(
        "every", \.origins, .stepInterval, default: 5,
        "Steps from one stress to the next; each is an origin, and lags are multiples of it."),
      .optional(
        "per-decade", \.perDecade, .integer("the number of lags per decade", in: 1...1000), default: 20,
        "Lags in each factor of ten, between which the integral is by trapezoids."),
      .optional(
        "longest", \.longest, Codec<Int>.stepInterval.orWord("half"), default: nil,
        "The longest lag in steps; 'half' is half the length of the stage."),
      file,
    ])

  private static func neighbors(_ rest: [SectionKey<Self>]) -> [SectionKey<Self>] {
    [
      .optional(
        "formed", \.formed, .quantity("a multiple of sigma", .number, .positive), default: 1.3,
        "Atoms are neighbours at the start when they are nearer than this times the length of their pair.")
    ] + rest + [
      .optional(
        "sigma", \.sigma, .pairLengths, default: [],
        "The length of each pair of species, {A-A: 1, A-B: 0.8, B-B: 0.88}; 1 for each where it is left out.")
    ] + correlation
  }

  private static let bondBreaking: SectionTable<Self> = keys(
    of: .bondBreaking, "C_B(t), the part of the pairs of neighbours at the start that have not separated.",
    neighbors([
      .optional(
        "broken", \.broken, .quantity("a multiple of sigma", .number, .positive), default: 1.7,
        "A pair is broken while it is farther apart than this times its length."),
      fit,
    ]))

  private static let cageRelativeDisplacement: SectionTable<Self> = keys(
    of: .cageRelativeDisplacement,
    "The mean squared displacement of atoms less the mean displacement of those that were their neighbours at the start.",
    neighbors([]))

  private static let radialDistribution: SectionTable<Self> = keys(
    of: .radialDistribution, "g_ab(r) for each pair of species.",
    [
      .optional(
        "range", \.range, Codec<Double>.quantity("a length", .length, .positive).orWord("half"), default: nil,
        "The largest distance; 'half' is half the narrowest width of the cell."),
      .optional("bins", \.bins, .integer("the number of bins", in: 1...100_000), default: 200, "The number of bins."),
    ] + average)

  private static let structureFactor: SectionTable<Self> = keys(
    of: .structureFactor, "S_ab(k) for each pair of species, on vectors that fit the cell.",
    [
      .optional(
        "largest", \.largest, .quantity("a wave number, one over a length", .waveNumber, .positive),
        default: { $0 == .lj ? 20 : 10 }, "The largest wave number; 20 in reduced units, 10 1/Å otherwise."),
      .optional(
        "resolution", \.resolution,
        Codec<Double>.quantity("a wave number, one over a length", .waveNumber, .positive).orWord("auto"), default: nil,
        "The width of a bin of wave numbers; 'auto' is a quarter of the smallest."),
      .optional(
        "vectors", \.vectors, .integer("the number of vectors", in: 1...1_000_000), default: 30,
        "The most vectors of a bin that are used."),
    ] + average)

  private static let bondOrder: SectionTable<Self> = keys(
    of: .bondOrder, "Distributions of q_l, of averaged q_l and of w_l.", bondOrderKeys + average)

  private static let hexaticOrder: SectionTable<Self> = keys(
    of: .hexaticOrder,
    "Distributions of |psi_6|, the order of bonds in two dimensions, and its mean over the system.",
    hexaticOrderKeys + average)

  private static let crystallinity: SectionTable<Self> = keys(
    of: .crystallinity, "How many solid-like bonds atoms have, and the fraction of atoms with enough of them.",
    crystallinityKeys + average)

  private static let voronoi: SectionTable<Self> = keys(
    of: .voronoi, "Cells of the radical tessellation: signatures <n3 n4 n5 n6>, volumes, numbers of faces.",
    voronoiKeys + average)

  // MARK: Reading

  /// One observable of the list.
  static let codec = Codec<Self>(
    expectation: "an observable",
    schema: Schema.any(
      Kind.allCases.map { kind in
        // One that needs nothing may stand without its braces.
        let reference = Schema.reference(kind.rawValue)
        let needsKeys = table(of: kind).keys.contains(where: \.isRequired)
        let value = needsKeys ? reference : Schema.any([reference, .object([("type", .text("null"))])])
        return .object([
          ("type", .text("object")), ("additionalProperties", .flag(false)),
          ("required", .list([.text(kind.rawValue)])),
          ("properties", .object([(kind.rawValue, value)])),
        ])
      }),
    decode: { node, context throws(InputError) in
      guard case .mapping(let entries) = node.content, let entry = entries.first else {
        throw node.mismatch("an observable, such as 'mean-squared-displacement: {}'")
      }
      if let second = entries.dropFirst().first {
        throw second.mark.error(
          "an observable has one key, but '\(second.key.prefix(60))' stands beside '\(entry.key.prefix(60))'; indent it further if it belongs inside, or start a new '- '"
        )
      }
      guard let kind = Kind(rawValue: entry.key) else {
        throw entry.mark.error(unknown(entry.key, "an observable", Kind.allCases.map(\.rawValue)))
      }
      return try table(of: kind).decode(entry.value, context)
    },
    encode: { section, units in
      .mapping([(section.kind.rawValue, table(of: section.kind).encode(section, units))])
    })

  /// The request, with lengths and wave numbers as they are: both systems of units have the same inside and outside.
  var request: ObservableRequest {
    let quantity: ObservableRequest.Quantity =
      switch kind {
      case .meanSquaredDisplacement: .meanSquaredDisplacement
      case .selfIntermediateScattering: .selfIntermediateScattering(waveNumbers: waveNumbers)
      case .nonGaussianParameter: .nonGaussianParameter
      case .overlap: .overlap(distance: distance)
      case .velocityAutocorrelation: .velocityAutocorrelation
      case .intermediateScattering:
        .intermediateScattering(waveNumbers: waveNumbers, width: resolution, vectors: vectors)
      case .selfVanHove: .selfVanHove(lags: lags, range: range, bins: bins)
      case .distinctVanHove: .distinctVanHove(lags: lags, range: range, bins: bins)
      case .fourPointStructureFactor:
        .fourPointStructureFactor(lags: lags, distance: distance, largest: largest, vectors: vectors)
      case .stressAutocorrelation: .stressAutocorrelation
      case .bondBreaking: .bondBreaking(NeighborCriterion(formed: formed, pairs: sigma), broken: broken)
      case .cageRelativeDisplacement: .cageRelativeDisplacement(NeighborCriterion(formed: formed, pairs: sigma))
      case .radialDistribution: .radialDistribution(range: range, bins: bins)
      case .structureFactor: .structureFactor(largest: largest, resolution: resolution, vectors: vectors)
      case .bondOrder: .bondOrder(degrees: degrees, neighbors: neighbors, bins: bins)
      case .hexaticOrder: .hexaticOrder(fold: fold, neighbors: neighbors, bins: bins)
      case .crystallinity: .crystallinity(criterion)
      case .voronoi:
        .voronoi(
          radii: Dictionary((radii ?? []).map { ($0.label, $0.value) }) { $1 }, signatures: signatures, bins: bins)
      }
    var request = ObservableRequest(quantity, file: file ?? "", species: species)
    request.fit = fit
    if request.isCorrelation {
      request.sampling = .init(perDecade: perDecade, origins: origins, longest: longest)
      request.sampling.waiting = waiting
    } else {
      request.every = every
    }
    return request
  }
}

extension Codec where Value == String {
  /// The label of a species.
  static var species: Codec {
    Codec(
      expectation: "a species", schema: .object([("type", .text("string")), ("pattern", .text(SpeciesLabel.pattern))]),
      decode: { node, _ throws(InputError) in
        let label = try node.text("a species")
        if let complaint = SpeciesLabel.complaint(label) { throw node.mark.error(complaint) }
        return label
      }, encode: { value, _ in .text(value) })
  }
}

extension Codec where Value == [String] {
  /// The values, or a word that stands for an empty list.
  func orEmpty(_ word: String) -> Codec {
    let (decode, encode) = (self.decode, self.encode)
    return Codec(
      expectation: "\(expectation) or '\(word)'", schema: Schema.any([Schema.word(word), schema]),
      decode: { node, context throws(InputError) in node.isWord(word) ? [] : try decode(node, context) },
      encode: { value, units in value.isEmpty ? .scalar(word) : encode(value, units) })
  }
}

extension Codec where Value == [NeighborCriterion.Pair] {
  /// Lengths by pair of labels, each pair once.
  static var pairLengths: Codec {
    let expectation = "lengths by pair, such as {A-A: 1, A-B: 0.8, B-B: 0.88}"
    let length = Codec<Double>.quantity("a length", .length, .positive)
    return Codec(
      expectation: expectation,
      schema: .object([
        ("type", .text("object")), ("additionalProperties", length.schema),
      ]),
      decode: { node, context throws(InputError) in
        guard case .mapping(let entries) = node.content, entries.count <= 7260 else { throw node.mismatch(expectation) }
        var pairs: [NeighborCriterion.Pair] = []
        var seen: Set<Set<String>> = []
        for entry in entries {
          let (first, second) = try SpeciesPairs.pair(entry, &seen)
          pairs.append(.init(first, second, sigma: try length.decode(entry.value, context)))
        }
        return pairs
      },
      encode: { pairs, units in
        .mapping(pairs.map { ("\($0.first)-\($0.second)", length.encode($0.sigma, units)) })
      })
  }
}

extension Codec where Value == FitWindow {
  /// Two values between which something is fitted, or a word: `auto` or `none`.
  static func fitWindow(_ what: String, _ dimension: Dimension) -> Codec {
    let expectation = "\(what) between which to fit, such as [10, 2000], or 'auto' or 'none'"
    let end = Codec<Double>.quantity("an end of the window", dimension, .positive)
    return Codec(
      expectation: expectation,
      schema: Schema.any([
        Schema.word("auto"), Schema.word("none"),
        .object([
          ("type", .text("array")), ("minItems", .number(2)), ("maxItems", .number(2)), ("items", end.schema),
        ]),
      ]),
      decode: { node, context throws(InputError) in
        if node.isWord("auto") { return .automatic }
        if node.isWord("none") { return .none }
        let ends = try node.elements(expectation)
        guard ends.count == 2 else { throw node.mismatch(expectation) }
        let (first, last) = (try end.decode(ends[0], context), try end.decode(ends[1], context))
        guard first < last else {
          throw node.mark.error("the fit window must end after it begins, found from \(first) to \(last)")
        }
        return .between(first, last)
      },
      encode: { window, units in
        switch window {
        case .automatic: .scalar("auto")
        case .none: .scalar("none")
        case .between(let first, let last): .list([end.encode(first, units), end.encode(last, units)])
        }
      })
  }
}
