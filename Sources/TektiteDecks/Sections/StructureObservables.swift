import TektiteAnalysis
import TektiteCore

/// What the observables of local structure take: which atoms are neighbours, and the radii of Voronoi cells.
extension Codec where Value == NeighborRule {
  /// `{nearest: 12}`, `{radius: 1.4}`, or `{radius: {A-A: 1.4, A-B: 1.2, B-B: 1.3}}`.
  static var neighbors: Codec {
    let expectation = "a rule for neighbours, such as '{nearest: 12}' or '{radius: 1.4}'"
    let nearest = Codec<Int>.integer("the number of nearest neighbours", in: 1...1000)
    let radius = Codec<Double>.quantity("a radius of neighbours, a length", .length, .positive)
    func one(_ key: String, _ value: JSONValue) -> JSONValue {
      .object([
        ("type", .text("object")), ("additionalProperties", .flag(false)), ("required", .list([.text(key)])),
        ("properties", .object([(key, value)])),
      ])
    }
    let pairs: JSONValue = .object([("type", .text("object")), ("additionalProperties", radius.schema)])
    return Codec(
      expectation: expectation,
      schema: Schema.any([one("nearest", nearest.schema), one("radius", Schema.any([radius.schema, pairs]))]),
      decode: { node, context throws(InputError) in
        guard case .mapping(let entries) = node.content, let entry = entries.first else {
          throw node.mismatch(expectation)
        }
        if let second = entries.dropFirst().first {
          throw second.mark.error("neighbours go by one rule: 'nearest' or 'radius', not both")
        }
        switch entry.key {
        case "nearest": return .nearest(try nearest.decode(entry.value, context))
        case "radius":
          guard case .mapping(let pairs) = entry.value.content else {
            return .radius(try radius.decode(entry.value, context))
          }
          if pairs.isEmpty { throw entry.value.mark.error("the radii of neighbours hold no pair of species") }
          var radii: [NeighborRule.PairRadius] = []
          var seen: Set<Set<String>> = []
          for pair in pairs {
            let (first, second) = try SpeciesPairs.pair(pair, &seen)
            radii.append(.init(first, second, try radius.decode(pair.value, context)))
          }
          return .radii(radii)
        default:
          throw entry.mark.error(unknown(entry.key, "a rule for neighbours", ["nearest", "radius"]))
        }
      },
      encode: { rule, units in
        switch rule {
        case .nearest(let count): .mapping([("nearest", nearest.encode(count, units))])
        case .radius(let length): .mapping([("radius", radius.encode(length, units))])
        case .radii(let radii):
          .mapping([
            ("radius", .mapping(radii.map { ("\($0.first)-\($0.second)", radius.encode($0.radius, units)) }))
          ])
        }
      })
  }
}

extension ObservableSection {
  private static let neighborsKey: SectionKey<Self> = .optional(
    "neighbors", \.neighbors, .neighbors, default: .nearest(12),
    "Which atoms are neighbours: {nearest: 12}, {radius: 1.4}, or a radius for each pair of species, {radius: {A-A: 1.4, A-B: 1.2, B-B: 1.3}}, "
      + "usually the first minimum of its g(r).")

  static let bondOrderKeys: [SectionKey<Self>] = [
    .optional(
      "degrees", \.degrees,
      Codec<Int>.integer("a degree", in: 1...12).oneOrMore("a degree or a list of them").checked {
        $0.isEmpty ? "the list of degrees is empty" : nil
      }, default: [4, 6], "A degree l or a list of them, from 1 to 12."),
    neighborsKey,
    .optional(
      "bins", \.bins, .integer("the number of bins", in: 1...100_000), default: 100, "The bins of each distribution."),
  ]

  static let hexaticOrderKeys: [SectionKey<Self>] = [
    .optional(
      "fold", \.fold, .integer("an order of rotation", in: 2...12), default: 6,
      "The n of psi_n: 6 for triangular lattices, 4 for square ones."),
    .optional(
      "neighbors", \.neighbors, .neighbors, default: .nearest(6),
      "Which atoms are neighbours: {nearest: 6}, {radius: 1.4}, or a radius for each pair of species, {radius: {A-A: 1.4, A-B: 1.2, B-B: 1.3}}."
    ),
    .optional(
      "bins", \.bins, .integer("the number of bins", in: 1...100_000), default: 100, "The bins of the distribution."),
  ]

  static let crystallinityKeys: [SectionKey<Self>] = [
    neighborsKey,
    .optional("degree", \.degree, .integer("a degree", in: 1...12), default: 6, "The degree l of the harmonics."),
    .optional(
      "threshold", \.threshold, .quantity("a threshold, a number", .number), default: 0.7,
      "A bond is solid-like where the normalised product of q_l of its two atoms is above this."),
    .optional(
      "bonds", \.bonds, .integer("the number of solid-like bonds", in: 1...1000), default: 7,
      "The fewest solid-like bonds of a solid-like atom."),
  ]

  static let voronoiKeys: [SectionKey<Self>] = [
    .optional(
      "radii", \.radii,
      Codec<Double>.quantity("a radius, a length", .length, .notNegative).bySpecies(
        "a radius for each species, such as '{A: 0.5, B: 0.44}'"
      ).orWord("equal"), default: nil,
      "The radius of each species, of which differences of squares matter; 'equal' makes the cells those of Voronoi."),
    .optional(
      "signatures", \.signatures, .integer("the number of signatures", in: 1...1000), default: 10,
      "How many of the most frequent signatures of each species the table holds."),
    .optional(
      "bins", \.bins, .integer("the number of bins", in: 1...100_000), default: 100, "The bins of the volumes."),
  ]

  /// The criterion of crystallinity.
  var criterion: Crystallinity {
    Crystallinity(neighbors: neighbors, degree: degree, threshold: threshold, bonds: bonds)
  }
}
