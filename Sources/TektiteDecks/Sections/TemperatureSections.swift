import TektiteCore
import TektiteDynamics

/// `velocities:` of the system or of a stage.
struct VelocitiesSection: DeckSection {
  var temperature = 0.0
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "velocities", expectation: "initial velocities", meaning: "Fresh velocities from the Maxwell distribution.",
    keys: [
      .required(
        "temperature", \.temperature, .quantity("a temperature", .temperature, .notNegative),
        "The temperature; after the motion of the centre of mass is removed, the kinetic temperature is exactly this.")
    ])
}

/// `thermostat:` of a stage.
struct ThermostatSection: DeckSection {
  enum Kind: String, CaseIterable {
    case none, langevin, csvr
    case noseHoover = "nose-hoover"
    case brownian

    /// The thermostat in a sentence.
    var words: String {
      switch self {
      case .none: "no thermostat"
      case .langevin: "a Langevin thermostat"
      case .csvr: "a CSVR thermostat"
      case .noseHoover: "a Nosé-Hoover thermostat"
      case .brownian: "a Brownian thermostat"
      }
    }

    /// The keys that must be given.
    var needed: [String] {
      switch self {
      case .none: []
      case .langevin, .brownian: ["temperature", "friction"]
      case .csvr, .noseHoover: ["temperature", "time"]
      }
    }

    /// The keys that have a meaning.
    var known: [String] { self == .noseHoover ? needed + ["chain"] : needed }
  }
  var kind = Kind.none
  var temperature: Schedule?
  var friction: Double?
  var time: Double?
  var chain: Int?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "thermostat", expectation: "a thermostat", meaning: "How a stage exchanges heat; 'none' is constant energy.",
    keys: [
      .required(
        "kind", \.kind, .word("a thermostat"),
        "'langevin' (BAOAB), 'csvr' (stochastic velocity rescaling), 'nose-hoover' (a chain), 'brownian' (overdamped) or 'none'."
      ),
      .absent(
        "temperature", \.temperature, .schedule,
        "A temperature; {from: a, to: b}, linear from the first step to the last; or {points: [[step, T], ...]}, linear between points."
      ),
      .absent(
        "friction", \.friction, .quantity("a friction, a rate", .frequency, .positive),
        "The friction of Langevin or Brownian dynamics, one over a time. Langevin dynamics slow down when it is not small."
      ),
      .absent(
        "time", \.time, .quantity("a relaxation time, a time", .time, .positive),
        "Of 'csvr', the relaxation time of the kinetic energy; of 'nose-hoover', the time that sets the masses of the chain."
      ),
      .absent(
        "chain", \.chain, .integer("the number of links", in: 1...100),
        "The number of links of a Nosé-Hoover chain. Default: 3."),
    ],
    check: { section, _ throws(InputError) in
      let kind = section.kind
      let given = ["temperature", "friction", "time", "chain"].filter { section.marks.values[$0] != nil }
      if let key = given.first(where: { !kind.known.contains($0) }) {
        throw section.marks[key].error(
          kind == .none
            ? "'\(key)' has no meaning without a thermostat; remove it or write 'kind: langevin'"
            : "'\(key)' has no meaning for \(kind.words), which takes \(kind.known.map { "'\($0)'" }.joined(separator: ", "))"
        )
      }
      if let key = kind.needed.first(where: { !given.contains($0) }) {
        throw section.marks.section.error("\(kind.words) needs the key '\(key)'")
      }
      guard kind == .noseHoover else { return }
      section.chain = section.chain ?? 3
      if let temperature = section.temperature, !(temperature.smallest > 0) {
        throw section.marks["temperature"].error(
          "a Nosé-Hoover thermostat needs temperatures greater than 0; 'langevin' and 'csvr' can cool to 0")
      }
    })

  /// A thermostat section, or the word `none`.
  static let codec = Codec<Self>(
    expectation: "a thermostat, such as {kind: langevin, temperature: 1.0, friction: 0.5}, or 'none'",
    schema: Schema.any([Schema.word("none"), Schema.reference("thermostat")]),
    decode: { node, context throws(InputError) in
      if node.isWord("none") { return ThermostatSection() }
      guard case .mapping = node.content else {
        throw node.mismatch(Self.table.expectation + " with a 'kind', or 'none'")
      }
      return try Self.table.decode(node, context)
    },
    encode: { value, units in value.kind == .none ? .scalar("none") : Self.table.encode(value, units) })
}

/// The mapping forms of a temperature.
struct TemperatureSection: DeckSection {
  var from: Double?
  var to: Double?
  var points: [Schedule.Point]?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "temperature", expectation: "a temperature schedule", meaning: "A temperature that changes within the stage.",
    keys: [
      .absent(
        "from", \.from, .quantity("a temperature", .temperature, .notNegative), "The temperature at the first step."),
      .absent("to", \.to, .quantity("a temperature", .temperature, .notNegative), "The temperature at the last step."),
      .absent(
        "points", \.points,
        .points("temperature", .quantity("a temperature", .temperature, .notNegative)),
        "Pairs [step, temperature] with increasing steps; constant before the first and after the last."),
    ],
    check: { section, _ throws(InputError) in
      if section.points != nil {
        guard section.from == nil && section.to == nil else {
          throw section.marks["points"].error("a temperature schedule has either 'points' or 'from' and 'to', not both")
        }
      } else if section.from == nil || section.to == nil {
        throw section.marks.section.error(
          "a ramp needs both 'from' and 'to'; '\(section.from == nil ? "from" : "to")' is missing")
      }
    })
}

extension Codec where Value == Schedule {
  /// A temperature in surface units, constant or not.
  static var schedule: Codec {
    let constant = Codec<Double>.quantity("a temperature", .temperature, .notNegative)
    return Codec(
      expectation: "a temperature", schema: Schema.any([constant.schema, Schema.reference("temperature")]),
      decode: { node, context throws(InputError) in
        guard case .mapping = node.content else { return .constant(try constant.decode(node, context)) }
        let section = try TemperatureSection.table.decode(node, context)
        if let points = section.points { return .piecewise(points) }
        return .ramp(from: section.from ?? 0, to: section.to ?? 0)
      },
      encode: { schedule, units in
        var section = TemperatureSection()
        switch schedule {
        case .constant(let value): return constant.encode(value, units)
        case .ramp(let from, let to): (section.from, section.to) = (from, to)
        case .piecewise(let points): section.points = points
        }
        return TemperatureSection.table.encode(section, units)
      })
  }
}

extension Codec where Value == [Schedule.Point] {
  /// Pairs of step and value.
  static func points(_ name: String, _ quantity: Codec<Double>) -> Codec {
    let expectation = "a list of pairs [step, \(name)]"
    let step = Codec<Int>.integer("a step", in: 0...1_000_000_000_000_000)
    return Codec(
      expectation: expectation,
      schema: .object([
        ("type", .text("array")), ("minItems", .number(1)),
        (
          "items",
          .object([
            ("type", .text("array")), ("prefixItems", .list([step.schema, quantity.schema])),
            ("minItems", .number(2)), ("maxItems", .number(2)),
          ])
        ),
      ]),
      decode: { node, context throws(InputError) in
        var points: [Schedule.Point] = []
        for element in try node.elements(expectation) {
          guard case .sequence(let pair) = element.content, pair.count == 2 else {
            throw element.mismatch("a pair [step, \(name)]")
          }
          let point = Schedule.Point(
            step: try step.decode(pair[0], context), value: try quantity.decode(pair[1], context))
          if let last = points.last, point.step <= last.step {
            throw pair[0].mark.error("the steps of 'points' must increase, but \(point.step) follows \(last.step)")
          }
          points.append(point)
        }
        if points.isEmpty {
          throw node.mark.error("the list of points is empty; give at least one [step, \(name)]")
        }
        return points
      },
      encode: { points, units in
        .list(points.map { .list([.scalar("\($0.step)"), quantity.encode($0.value, units)]) })
      })
  }
}
