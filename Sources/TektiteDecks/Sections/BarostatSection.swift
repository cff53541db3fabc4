import TektiteCore
import TektiteDynamics

/// `barostat:` of a stage.
struct BarostatSection: DeckSection {
  enum Kind: String, CaseIterable {
    case none, scr, mtk

    /// The barostat in a sentence.
    var words: String {
      switch self {
      case .none: "no barostat"
      case .scr: "stochastic cell rescaling"
      case .mtk: "the barostat of Martyna, Tobias and Klein"
      }
    }

    /// The keys that must be given.
    var needed: [String] {
      switch self {
      case .none: []
      case .scr: ["pressure", "relaxation", "compressibility"]
      case .mtk: ["pressure", "relaxation"]
      }
    }

    /// The keys that have a meaning.
    var known: [String] {
      switch self {
      case .none: []
      case .scr: needed + ["coupling", "every"]
      case .mtk: needed + ["coupling"]
      }
    }

    /// The thermostats that go with it.
    var thermostats: [ThermostatSection.Kind] {
      switch self {
      case .none: ThermostatSection.Kind.allCases
      case .scr: [.csvr, .langevin]
      case .mtk: [.noseHoover]
      }
    }
  }
  var kind = Kind.none
  var pressure: Schedule?
  var relaxation: Double?
  var compressibility: Double?
  var coupling: CellCoupling?
  var every: Int?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "barostat", expectation: "a barostat", meaning: "How the cell follows a pressure; 'none' is constant volume.",
    keys: [
      .required(
        "kind", \.kind, .word("a barostat"),
        "'scr' (stochastic cell rescaling), 'mtk' (Martyna, Tobias and Klein) or 'none'."),
      .absent(
        "pressure", \.pressure, .pressure,
        "A pressure, positive when it compresses; {from: a, to: b}, linear from the first step to the last; or {points: [[step, P], ...]}."
      ),
      .absent(
        "relaxation", \.relaxation, .quantity("a relaxation time, a time", .time, .positive),
        "Of 'scr', the relaxation time of the volume, a hundred timesteps or more; of 'mtk', the time that sets the mass of the cell."
      ),
      .absent(
        "compressibility", \.compressibility, .quantity("a compressibility", .compressibility, .positive),
        "Of 'scr', about the isothermal compressibility of the system; a wrong one changes how fast the volume relaxes, not the ensemble."
      ),
      .absent(
        "coupling", \.coupling, .word("a coupling"),
        "'isotropic' (default), 'anisotropic' (lengths along x, y and z apart) or 'triclinic' (lengths and angles)."),
      .absent(
        "every", \.every, .integer("a number of steps", in: 1...1_000_000),
        "Of 'scr', steps from one move of the cell to the next. Default: 1."),
    ],
    check: { section, _ throws(InputError) in
      let kind = section.kind
      let keys = ["pressure", "relaxation", "compressibility", "coupling", "every"]
      let given = keys.filter { section.marks.values[$0] != nil }
      if let key = given.first(where: { !kind.known.contains($0) }) {
        throw section.marks[key].error(
          kind == .none
            ? "'\(key)' has no meaning without a barostat; remove it or write 'kind: scr'"
            : "'\(key)' has no meaning for \(kind.words), which takes \(kind.known.map { "'\($0)'" }.joined(separator: ", "))"
        )
      }
      if let key = kind.needed.first(where: { !given.contains($0) }) {
        throw section.marks.section.error("\(kind.words) needs the key '\(key)'")
      }
      guard kind != .none else { return }
      section.coupling = section.coupling ?? .isotropic
      if kind == .scr { section.every = section.every ?? 1 }
    })

  /// A barostat section, or the word `none`.
  static let codec = Codec<Self>(
    expectation: "a barostat, such as {kind: scr, pressure: 1.0, relaxation: 1.0, compressibility: 0.05}, or 'none'",
    schema: Schema.any([Schema.word("none"), Schema.reference("barostat")]),
    decode: { node, context throws(InputError) in
      if node.isWord("none") { return BarostatSection() }
      guard case .mapping = node.content else {
        throw node.mismatch(Self.table.expectation + " with a 'kind', or 'none'")
      }
      return try Self.table.decode(node, context)
    },
    encode: { value, units in value.kind == .none ? .scalar("none") : Self.table.encode(value, units) })

  /// The barostat: times in internal units; pressures need no conversion.
  func barostat(_ units: Units) -> Barostat? {
    // The check of the section has seen that what a kind needs is there.
    guard let pressure, kind != .none else { return nil }
    let coupling = coupling ?? .isotropic
    if kind == .mtk {
      return .martynaTobiasKlein(
        pressure: pressure, time: (relaxation ?? 0) / units.femtoseconds, coupling: coupling)
    }
    return .cellRescaling(
      pressure: pressure, time: (relaxation ?? 0) / units.femtoseconds, compressibility: compressibility ?? 0,
      coupling: coupling, interval: every ?? 1)
  }

  /// What a barostat asks of the rest of its stage.
  func check(beside thermostat: ThermostatSection, timestep: Double) throws(InputError) {
    guard kind != .none else { return }
    if !kind.thermostats.contains(thermostat.kind) {
      let words = kind.thermostats.map { "'\($0.rawValue)'" }.joined(separator: " or ")
      throw marks["kind"].error(
        "\(kind.words) needs a thermostat of the kind \(words) beside it, and the stage has \(thermostat.kind.words)")
    }
    if let relaxation, !(relaxation >= 10 * timestep * Double(every ?? 1)) {
      throw marks["relaxation"].error(
        "the volume cannot relax within ten moves of the cell and keep its ensemble; a hundred timesteps and more are usual"
      )
    }
  }
}

/// The mapping forms of a pressure.
struct PressureSection: DeckSection {
  var from: Double?
  var to: Double?
  var points: [Schedule.Point]?
  var marks = Marks.none

  private static let value = Codec<Double>.quantity("a pressure", .pressure)

  static let table = SectionTable<Self>(
    name: "pressure", expectation: "a pressure schedule", meaning: "A pressure that changes within the stage.",
    keys: [
      .absent("from", \.from, value, "The pressure at the first step."),
      .absent("to", \.to, value, "The pressure at the last step."),
      .absent(
        "points", \.points, .points("pressure", value),
        "Pairs [step, pressure] with increasing steps; constant before the first and after the last."),
    ],
    check: { section, _ throws(InputError) in
      if section.points != nil {
        guard section.from == nil && section.to == nil else {
          throw section.marks["points"].error("a pressure schedule has either 'points' or 'from' and 'to', not both")
        }
      } else if section.from == nil || section.to == nil {
        throw section.marks.section.error(
          "a ramp needs both 'from' and 'to'; '\(section.from == nil ? "from" : "to")' is missing")
      }
    })
}

extension Codec where Value == Schedule {
  /// A pressure in surface units, constant or not.
  static var pressure: Codec {
    let constant = Codec<Double>.quantity("a pressure", .pressure)
    return Codec(
      expectation: "a pressure", schema: Schema.any([constant.schema, Schema.reference("pressure")]),
      decode: { node, context throws(InputError) in
        guard case .mapping = node.content else { return .constant(try constant.decode(node, context)) }
        let section = try PressureSection.table.decode(node, context)
        if let points = section.points { return .piecewise(points) }
        return .ramp(from: section.from ?? 0, to: section.to ?? 0)
      },
      encode: { schedule, units in
        var section = PressureSection()
        switch schedule {
        case .constant(let value): return constant.encode(value, units)
        case .ramp(let from, let to): (section.from, section.to) = (from, to)
        case .piecewise(let points): section.points = points
        }
        return PressureSection.table.encode(section, units)
      })
  }
}
