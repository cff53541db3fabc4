import TektiteAnalysis
import TektiteCore

/// `certificate:` of a dynamics stage.
struct CertificateSection: DeckSection {
  var waveNumber: Double?
  var species: String?
  var every = 100
  var origins = 100
  var relaxationTimes = 20.0
  var crystal = 0.05
  var file: String?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "certificate", expectation: "a certificate",
    meaning:
      "Whether the stage is in equilibrium: drift of the energy, F_s of its two halves, its length in relaxation times, crystals.",
    keys: [
      .optional(
        "k", \.waveNumber, Codec<Double>.quantity("a wave number, one over a length", .waveNumber, .positive).optional,
        default: { $0 == .lj ? 7.25 : nil },
        "The wave number of F_s; 7.25 in reduced units, otherwise it must be given."),
      .optional(
        "species", \.species, Codec<String>.species.orWord("all"), default: nil,
        "The species whose F_s is followed; 'all' is all atoms together."),
      .optional("every", \.every, .stepInterval, default: 100, "Steps from one energy to the next."),
      .optional(
        "origins", \.origins, .stepInterval, default: 100,
        "Steps from one origin of F_s to the next, as in observables."),
      .optional(
        "relaxation-times", \.relaxationTimes, .quantity("a number", .number, .positive), default: 20,
        "How many times tau_alpha the stage must last at least."),
      .optional(
        "crystal", \.crystal, .quantity("a number", .number, .notNegative), default: 0.05,
        "The largest fraction of atoms with the neighbourhood of a crystal."),
      .absent(
        "file", \.file, .outputFile(["json"]),
        "A file name within the run directory. Default: the name of the stage with -certificate.json."),
    ],
    check: { section, context throws(InputError) in
      if section.waveNumber == nil {
        throw section.marks.section.error(
          "a certificate needs 'k', the wave number of F_s, such as the first peak of the structure factor; '2.1 1/Å', say"
        )
      }
    })

  /// The request, with wave numbers as they are: both systems of units have the same inside and outside.
  var request: CertificateRequest {
    var request = CertificateRequest(waveNumber: waveNumber ?? 0, species: species, file: file ?? "")
    request.every = every
    request.origins = origins
    request.relaxationTimes = relaxationTimes
    request.crystal = crystal
    return request
  }
}

extension Codec {
  /// The value where a default may lack it; as a key it cannot be left empty.
  var optional: Codec<Value?> {
    let (decode, encode) = (self.decode, self.encode)
    return Codec<Value?>(
      expectation: expectation, schema: schema,
      decode: { node, context throws(InputError) in try decode(node, context) },
      encode: { value, units in value.map { encode($0, units) } ?? .scalar("none") })
  }
}
