import TektiteCore
import TektiteDynamics

/// A section that says when it happens, with `every` or `at`.
protocol TriggeredSection: DeckSection {
  var trigger: Trigger? { get set }
}

extension TriggeredSection {
  var every: Int? {
    get { if case .every(let n) = trigger { n } else { nil } }
    set { if let newValue { trigger = .every(newValue) } }
  }
  var at: Trigger? {
    get { if case .every = trigger { nil } else { trigger } }
    set { if let newValue { trigger = newValue } }
  }

  /// The two keys that any such section has.
  static var triggerKeys: [SectionKey<Self>] {
    [
      .absent("every", \.every, .stepInterval, "The number of steps from one time to the next; step 0 counts."),
      .absent(
        "at", \.at, .moments,
        "Instead of 'every': a list of increasing steps, or {logarithmic: {per-decade: 10, block: 100_000}}."),
    ]
  }

  /// Takes one of the two keys, or the default; both at once are an error.
  mutating func settleTrigger(_ what: String, default trigger: Trigger? = nil) throws(InputError) {
    if marks.values["every"] != nil, let at = marks.values["at"] {
      throw at.error("\(what) has both 'every' and 'at'; keep one")
    }
    if self.trigger == nil { self.trigger = trigger }
    if self.trigger == nil {
      throw marks.section.error(
        "\(what) needs 'every: N' or 'at: ...' to know when to write, for example 'every: 1000' or 'at: {logarithmic: {per-decade: 10}}'"
      )
    }
  }
}

extension Codec where Value == Int {
  /// A positive number of steps.
  static var stepInterval: Codec { .integer("a number of steps", in: 1...1_000_000_000_000_000) }
}

/// `logarithmic: {per-decade, block}`.
struct LogarithmicSection: DeckSection {
  var perDecade = 10
  var block: Int?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "logarithmic", expectation: "logarithmic times",
    meaning: "Steps spaced evenly in the logarithm of time, as glass studies need them.",
    keys: [
      .required(
        "per-decade", \.perDecade, .integer("the number of times per decade", in: 1...1000),
        "How many times in each factor of ten."),
      .optional(
        "block", \.block, Codec<Int>.integer("the length of a block", in: 2...1_000_000_000_000_000).orWord("none"),
        default: nil,
        "Steps after which the sequence starts anew; 'none' for one sequence over the whole stage."),
    ])
}

/// The mapping form of `at`.
private struct MomentsSection: DeckSection {
  var logarithmic = LogarithmicSection()
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "moments", expectation: "'at'", meaning: "Times by a rule.",
    keys: [
      .required("logarithmic", \.logarithmic, LogarithmicSection.table.codec, "Evenly spaced in the logarithm of time.")
    ])
}

extension Codec where Value == Trigger {
  /// Increasing steps, or a rule for them.
  static var moments: Codec {
    let expectation = "a list of increasing steps, or {logarithmic: {per-decade: N, block: M}}"
    let step = Codec<Int>.integer("a step", in: 0...1_000_000_000_000_000)
    return Codec(
      expectation: expectation,
      schema: Schema.any([
        .object([("type", .text("array")), ("minItems", .number(1)), ("items", step.schema)]),
        .object([
          ("type", .text("object")), ("additionalProperties", .flag(false)),
          ("required", .list([.text("logarithmic")])),
          ("properties", .object([("logarithmic", Schema.reference("logarithmic"))])),
        ]),
      ]),
      decode: { node, context throws(InputError) in
        if case .mapping = node.content {
          let rule = try MomentsSection.table.decode(node, context).logarithmic
          return .logarithmic(perDecade: rule.perDecade, block: rule.block)
        }
        var steps: [Int] = []
        for element in try node.elements(expectation) {
          let next = try step.decode(element, context)
          if let last = steps.last, next <= last {
            throw element.mark.error("the steps of 'at' must increase, but \(next) follows \(last)")
          }
          steps.append(next)
        }
        if steps.isEmpty {
          throw node.mark.error("the list of steps is empty; give at least one, or leave the output out")
        }
        return .at(steps)
      },
      encode: { trigger, units in
        switch trigger {
        case .every(let n): return .list([.scalar("\(n)")])
        case .at(let steps): return .list(steps.map { .scalar("\($0)") })
        case .logarithmic(let perDecade, let block):
          var rule = LogarithmicSection()
          rule.perDecade = perDecade
          rule.block = block
          return .mapping([("logarithmic", LogarithmicSection.table.encode(rule, units))])
        }
      })
  }
}
