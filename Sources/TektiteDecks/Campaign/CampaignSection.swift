import TektiteCore

/// A table of decks as YAML.
struct CampaignSection: DeckSection {
  var deck: String?
  var file: String?
  var parameters: [Labelled<[String]>] = []
  var threads: Int?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "campaign", expectation: "a campaign", meaning: "A table of decks.",
    keys: [
      .absent("deck", \.deck, .text("the path of a deck"), "The template, with '${parameter}' where runs differ."),
      .absent("table", \.file, .text("the path of a table"), "A file of comma-separated values, a run for each row."),
      .optional("parameters", \.parameters, .lists, default: [], "Lists of values, all of whose combinations are run."),
      .absent("threads", \.threads, .integer("the number of threads", in: 1...4096), "Threads for each run."),
    ],
    check: { section, _ throws(InputError) in
      if section.file != nil, let mark = section.marks.values["parameters"] {
        throw mark.error("a campaign has both 'table' and 'parameters'; keep one")
      }
      if section.file == nil, section.parameters.isEmpty {
        throw section.marks.section.error(
          "a campaign needs 'parameters', such as {temperature: [0.5, 0.6], seed: [1, 2]}, or 'table', a file of comma-separated values"
        )
      }
    })
}

extension Codec where Value == [Labelled<[String]>] {
  /// A mapping from parameters to lists of their values.
  static var lists: Codec {
    let expectation = "a mapping from parameters to lists of values"
    return Codec(
      expectation: expectation, schema: .object([("type", .text("object"))]),
      decode: { node, _ throws(InputError) in
        var lists: [Labelled<[String]>] = []
        for entry in try node.entries(expectation) {
          if let complaint = ParameterTable.complaint(entry.key) { throw entry.mark.error(complaint) }
          var values: [String] = []
          var nodes = [entry.value]
          if case .sequence(let elements) = entry.value.content { nodes = elements }
          for element in nodes {
            let value = try element.text("a value of '\(entry.key)'")
            if values.contains(value) { throw element.mark.error("'\(value)' stands in this list already") }
            if value.contains(where: \.isNewline) { throw element.mark.error("a value must be on one line") }
            values.append(value)
          }
          if values.isEmpty { throw entry.value.mark.error("the list of '\(entry.key)' is empty") }
          lists.append(Labelled(label: entry.key, value: values))
        }
        return lists
      },
      encode: { lists, _ in .mapping(lists.map { ($0.label, .list($0.value.map { .text($0) })) }) })
  }
}
