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
  enum Kind: String, CaseIterable { case none, langevin }
  var kind = Kind.none
  var temperature: Schedule?
  var friction: Double?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "thermostat", expectation: "a thermostat", meaning: "How a stage exchanges heat; 'none' is constant energy.",
    keys: [
      .required("kind", \.kind, .word("a thermostat"), "'langevin' (BAOAB) or 'none'."),
      .absent(
        "temperature", \.temperature, .schedule,
        "A temperature; {from: a, to: b}, linear from the first step to the last; or {points: [[step, T], ...]}, linear between points."
      ),
      .absent(
        "friction", \.friction, .quantity("a friction, a rate", .frequency, .positive),
        "The friction of the Langevin thermostat, one over a time. Dynamics slow down when it is not small."),
    ],
    check: { section, _ throws(InputError) in
      for key in ["temperature", "friction"] {
        let isGiven = section.marks.values[key] != nil
        if section.kind == .langevin && !isGiven {
          throw section.marks.section.error("a Langevin thermostat needs the key '\(key)'")
        }
        if section.kind == .none && isGiven {
          throw section.marks[key].error(
            "'\(key)' has no meaning without a thermostat; remove it or write 'kind: langevin'")
        }
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
        "points", \.points, .points,
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
  /// Pairs of step and temperature.
  static var points: Codec {
    let expectation = "a list of pairs [step, temperature]"
    let step = Codec<Int>.integer("a step", in: 0...1_000_000_000_000_000)
    let temperature = Codec<Double>.quantity("a temperature", .temperature, .notNegative)
    return Codec(
      expectation: expectation,
      schema: .object([
        ("type", .text("array")), ("minItems", .number(1)),
        (
          "items",
          .object([
            ("type", .text("array")), ("prefixItems", .list([step.schema, temperature.schema])),
            ("minItems", .number(2)), ("maxItems", .number(2)),
          ])
        ),
      ]),
      decode: { node, context throws(InputError) in
        var points: [Schedule.Point] = []
        for element in try node.elements(expectation) {
          guard case .sequence(let pair) = element.content, pair.count == 2 else {
            throw element.mismatch("a pair [step, temperature]")
          }
          let point = Schedule.Point(
            step: try step.decode(pair[0], context), value: try temperature.decode(pair[1], context))
          if let last = points.last, point.step <= last.step {
            throw pair[0].mark.error("the steps of 'points' must increase, but \(point.step) follows \(last.step)")
          }
          points.append(point)
        }
        if points.isEmpty {
          throw node.mark.error("the list of points is empty; give at least one [step, temperature]")
        }
        return points
      },
      encode: { points, units in
        .list(points.map { .list([.scalar("\($0.step)"), temperature.encode($0.value, units)]) })
      })
  }
}
