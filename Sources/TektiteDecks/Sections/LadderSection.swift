import TektiteCore

/// `ladder:` in the list of stages: a list of temperatures, each with a stage that equilibrates and one that produces, starting from where the last one ended. It is written
/// out as these stages before anything else looks at the deck, so that the copy in the run directory shows them and every mistake has its place.
struct LadderSection: DeckSection {
  var temperatures: [Double] = []
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "ladder", expectation: "a ladder",
    meaning:
      "A list of temperatures, each with a stage that equilibrates and one that produces, from the end of the one before.",
    keys: [
      .required(
        "temperatures", \.temperatures,
        Codec<Double>.quantity("a temperature", .temperature, .positive).list("a list of temperatures").checked {
          $0.isEmpty ? "the list of temperatures is empty" : nil
        }, "The temperatures in order, such as [2.0, 1.0, 0.8, 0.6]."),
      raw(
        "thermostat", Schema.reference("ladder-thermostat"),
        "A thermostat without its temperature, for all stages that have none of their own."),
      raw(
        "equilibrate", Schema.reference("ladder-stage"),
        "Keys of a dynamics stage, without 'name'; 'steps' may be a list with a number for each temperature."),
      raw(
        "production", Schema.reference("ladder-stage"), "The same for the stage that follows it at each temperature."),
    ])

  /// The parts that become stages, in their order.
  static let parts = ["equilibrate", "production"]

  // What becomes a part of stages is read as theirs.
  private static func raw(_ name: String, _ schema: JSONValue, _ meaning: String) -> SectionKey<Self> {
    SectionKey(
      name: name, meaning: meaning, isRequired: false, schema: schema,
      read: { (_: DeckNode, _: DeckContext, _: inout Self) throws(InputError) in }, fill: { _, _ in },
      write: { _, _ in nil })
  }

  /// What schemas of ladders refer to.
  static var definitions: [(String, JSONValue)] {
    let steps = DynamicsSection.table.keys.first { $0.name == "steps" }?.schema ?? .flag(true)
    let properties = DynamicsSection.table.keys.filter { $0.name != "name" }.map { key -> (String, JSONValue) in
      let schema: JSONValue =
        switch key.name {
        case "steps": Schema.any([steps, .object([("type", .text("array")), ("items", steps)])])
        case "thermostat": Schema.any([Schema.word("none"), Schema.reference("ladder-thermostat")])
        default: key.schema
        }
      return (key.name, schema.adding("description", .text(key.meaning)))
    }
    let thermostat = ThermostatSection.table.keys.filter { $0.name != "temperature" }.map {
      ($0.name, $0.schema.adding("description", .text($0.meaning)))
    }
    func definition(_ meaning: String, _ properties: [(String, JSONValue)]) -> JSONValue {
      .object([
        ("description", .text(meaning)), ("type", .text("object")), ("additionalProperties", .flag(false)),
        ("properties", .object(properties)),
      ])
    }
    return [
      table.definition, ("ladder-stage", definition("A dynamics stage at each temperature of a ladder.", properties)),
      ("ladder-thermostat", definition("A thermostat whose temperature is that of the ladder.", thermostat)),
    ]
  }
}

extension DeckNode {
  /// The deck with each ladder among its stages replaced by the stages that it means.
  func expandingLadders(_ context: DeckContext) throws(InputError) -> DeckNode {
    guard case .mapping(var entries) = content, let place = entries.firstIndex(where: { $0.key == "stages" }),
      case .sequence(let stages) = entries[place].value.content
    else { return self }
    var expanded: [DeckNode] = []
    for stage in stages {
      if case .mapping(let keys) = stage.content, keys.count == 1, keys[0].key == "ladder" {
        expanded += try keys[0].value.rungs(context)
      } else {
        expanded.append(stage)
      }
    }
    entries[place].value.content = .sequence(expanded)
    var deck = self
    deck.content = .mapping(entries)
    return deck
  }

  /// The stages of a ladder.
  private func rungs(_ context: DeckContext) throws(InputError) -> [DeckNode] {
    let ladder = try LadderSection.table.decode(self, context)
    let nodes = try self["temperatures"]?.elements("a list of temperatures") ?? []
    let parts = LadderSection.parts.compactMap { name in self[name].map { (name, $0) } }
    guard !parts.isEmpty else {
      throw mark.error("a ladder needs 'equilibrate', 'production' or both, with the keys of a dynamics stage")
    }
    var stages: [DeckNode] = []
    for (index, node) in nodes.enumerated() {
      if let twin = ladder.temperatures[..<index].firstIndex(of: ladder.temperatures[index]) {
        throw node.mark.error(
          "the temperature \(node.description) stands on the ladder already, at place \(twin + 1); stages are named for their temperatures"
        )
      }
      for (name, part) in parts {
        stages.append(try part.rung(name, temperature: node, index: index, of: nodes.count, ladder: self))
      }
    }
    return stages
  }

  /// One stage of a ladder: this mapping, with name, steps and the temperature of its thermostat.
  private func rung(
    _ part: String, temperature: DeckNode, index: Int, of count: Int, ladder: DeckNode
  ) throws(InputError) -> DeckNode {
    var entries = try entries("the keys of a dynamics stage")
    if let name = entries.first(where: { $0.key == "name" }) {
      throw name.mark.error("stages of a ladder are named for their temperatures; remove 'name'")
    }
    if let place = entries.firstIndex(where: { $0.key == "steps" }),
      case .sequence(let list) = entries[place].value.content
    {
      guard list.count == count else {
        throw entries[place].value.mark.error(
          "the list of steps has \(list.count) entries for \(count) temperatures; give one for each, or a single number for all"
        )
      }
      entries[place].value = list[index]
    }
    let own = entries.firstIndex { $0.key == "thermostat" }
    let thermostat = own.map { entries[$0].value } ?? ladder["thermostat"]
    guard let thermostat else {
      throw mark.error(
        "a stage of a ladder needs a thermostat, here or in the ladder: {kind: langevin, friction: 1}, say, or 'none' for constant energy"
      )
    }
    let heated = try thermostat.at(temperature)
    if let own {
      entries[own].value = heated
    } else {
      entries.append(Entry(key: "thermostat", mark: thermostat.mark, value: heated))
    }
    let label = temperature.plainText.filter { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" }
    let name = DeckNode(content: .scalar("T\(label)-\(part)", isPlain: true), mark: temperature.mark)
    entries.insert(Entry(key: "name", mark: temperature.mark, value: name), at: 0)
    let stage = DeckNode(content: .mapping(entries), mark: mark)
    return DeckNode(content: .mapping([Entry(key: "dynamics", mark: mark, value: stage)]), mark: mark)
  }

  private var plainText: String {
    if case .scalar(let text, _) = content { return text }
    return ""
  }

  /// This thermostat at a temperature.
  private func at(_ temperature: DeckNode) throws(InputError) -> DeckNode {
    if isWord("none") { return self }
    let expectation = "a thermostat with a 'kind', or 'none'"
    guard case .mapping(var entries) = content else { throw mismatch(expectation) }
    if self["kind"]?.isWord("none") ?? false { return self }
    if let own = entries.first(where: { $0.key == "temperature" }) {
      throw own.mark.error("the temperatures of a ladder are those of its list; remove this one")
    }
    entries.append(Entry(key: "temperature", mark: temperature.mark, value: temperature))
    var node = self
    node.content = .mapping(entries)
    return node
  }
}
