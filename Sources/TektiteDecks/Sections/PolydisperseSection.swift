import TektiteCore
import TektitePotentials

/// `{kind: polydisperse, ...}`.
struct PolydisperseSection: DeckSection {
  var epsilon = 0.0
  var scheme = CutoffScheme.smooth
  var cutoff = Cutoff.timesSigma(1.25)
  var nonadditivity = 0.0
  var species: [String] = []
  var precision = Precision.double
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "polydisperse", expectation: "a polydisperse potential",
    meaning: "Soft spheres with a diameter each, u(r) = epsilon (sigma/r)^12, "
      + "sigma = (s + t)/2 (1 - nonadditivity |s - t|) for diameters s and t.",
    keys: [
      .kind("polydisperse"),
      .required(
        "scheme", \.scheme, .word("a cutoff scheme"),
        "What happens at the cutoff: 'cut', 'cut-and-shift', or 'smooth' (a polynomial makes energy, force and curvature vanish)."
      ),
      .required(
        "cutoff", \.cutoff,
        Codec<Cutoff>.cutoff.checked {
          if case .length = $0 {
            return "the cutoff of atoms with a diameter each is a multiple of sigma, such as '1.25 sigma'"
          }
          return nil
        }, "The cutoff as a multiple of sigma, such as '1.25 sigma'."),
      .required("epsilon", \.epsilon, .quantity("an energy", .energy, .notNegative), "The energy at r = sigma."),
      .optional(
        "nonadditivity", \.nonadditivity, .quantity("a number", .number, .notNegative), default: 0.0,
        "By how much unlike diameters come closer than they would touch, in one over the unit of length."),
      .optional(
        "species", \.species,
        Codec<String>.text("a species").checked(SpeciesLabel.complaint).list("a list of species"), default: ["A"],
        "The labels that its atoms may have; they make no difference."),
      .precision(\.precision),
    ],
    check: { section, _ throws(InputError) in
      if section.species.isEmpty { throw section.marks["species"].error("a potential for no species; name one") }
      if section.scheme == .shiftedForce {
        throw section.marks["scheme"].error(
          "atoms with a diameter each know the schemes cut, cut-and-shift and smooth, not shifted-force")
      }
    })
}
