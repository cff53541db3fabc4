import TektiteCore

/// `diameters:` of the system or of a model: from what the atoms' diameters are drawn.
struct DiametersSection: DeckSection {
  var minimum = 0.0
  var maximum = 0.0
  var exponent = 3.0
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "diameters", expectation: "'diameters'",
    meaning: "Each atom's diameter is drawn with the deck's seed, with a density proportional to s^(-exponent).",
    keys: [
      .required("minimum", \.minimum, .quantity("a diameter, a length", .length, .positive), "The smallest diameter."),
      .required("maximum", \.maximum, .quantity("a diameter, a length", .length, .positive), "The largest diameter."),
      .optional(
        "exponent", \.exponent, .quantity("an exponent", .number, .notNegative), default: 3.0,
        "3 lets all sizes fill about the same volume; 0 draws all diameters alike."),
    ],
    check: { section, _ throws(InputError) in
      guard section.minimum <= section.maximum else {
        throw section.marks["maximum"].error(
          "the largest diameter, \(section.maximum), is smaller than the smallest, \(section.minimum)")
      }
    })

  /// The distribution.
  var distribution: DiameterDistribution { DiameterDistribution(minimum...maximum, exponent: exponent) }
}
