import TektiteCore

/// A model file: a potential with what one needs to know to use and to cite it. The registry is a folder of these.
struct ModelSection: DeckSection {
  var title = ""
  var units = Units.lj
  var doi: String?
  var reference: String?
  var potential = PotentialSpec.sum([])
  var masses: [Labelled<Double>] = []
  var composition: [Labelled<Int>] = []
  var diameters: DiametersSection?
  var states: [StateSection] = []
  var notes: [String] = []
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "model", expectation: "a model file", meaning: "A potential with its masses, state points and source.",
    keys: [
      .optional("title", \.title, .text("a title"), default: "", "What the model is, in a line."),
      .optional("units", \.units, .word("a system of units"), default: .lj, "'lj' or 'real'."),
      .absent("doi", \.doi, .doi, "The DOI of the paper that defines it."),
      .absent("reference", \.reference, .text("a reference"), "That paper in words."),
      .required("potential", \.potential, .potential, "The potential, as in a deck."),
      .optional(
        "masses", \.masses, Codec<Double>.quantity("a mass", .mass, .positive).bySpecies("masses by species"),
        default: [],
        "Masses by species."),
      .optional(
        "composition", \.composition, Codec<Int>.integer("a share", in: 1...1_000_000).bySpecies("shares by species"),
        default: [],
        "The usual composition, as whole shares: {A: 4, B: 1}."),
      .absent(
        "diameters", \.diameters, DiametersSection.table.codec,
        "From what diameters are drawn where neither the deck nor the structure gives any."),
      .optional(
        "state-points", \.states, StateSection.table.codec.list("a list of state points"), default: [],
        "States that are often studied."),
      .optional(
        "notes", \.notes, Codec<String>.text("a note").list("a list of notes"), default: [],
        "What a user should know, and how sure it is."),
    ])
}

/// A state point of a model.
struct StateSection: DeckSection {
  var density: Density?
  var temperature: Double?
  var energy: Double?
  var pressure: Double?
  var note: String?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "state-point", expectation: "a state point", meaning: "A thermodynamic state and what is known there.",
    keys: [
      .absent("density", \.density, .density, "Atoms per volume, or mass per volume."),
      .absent("temperature", \.temperature, .quantity("a temperature", .temperature, .notNegative), "Temperature."),
      .absent("energy", \.energy, .quantity("an energy", .energy), "Mean potential energy per atom."),
      .absent("pressure", \.pressure, .quantity("a pressure", .pressure), "Mean pressure."),
      .absent("note", \.note, .text("a note"), "Where the numbers come from."),
    ])
}

extension Codec where Value == String {
  static var doi: Codec {
    Codec.text("a DOI").checked {
      $0.hasPrefix("10.") && $0.contains("/") && !$0.contains(" ")
        ? nil
        : "'\($0.prefix(60))' is not a DOI; it starts with '10.' and has a slash, such as 10.1103/PhysRevE.51.4626"
    }
  }
}
