import TektiteCore

/// What decoding knows besides the value at hand.
struct DeckContext: Sendable {
  /// The file, for messages.
  var file: String
  /// The folder from which relative paths in the file start.
  var folder: String
  /// The units of bare numbers.
  var units: Units
  /// What `defaults` gives to the stages.
  var defaults: DeckNode?
}

/// How one kind of value is read from a deck, written to one, and described in the schema. The decoder, the spelled-out deck and the schema all come
/// from the same codecs and so cannot drift apart.
struct Codec<Value: Hashable & Sendable>: Sendable {
  /// What belongs here, with an article, for messages: "a temperature".
  let expectation: String
  /// The JSON Schema of the value.
  let schema: JSONValue
  /// Reads the value or says what is wrong, and where.
  let decode: @Sendable (DeckNode, DeckContext) throws(InputError) -> Value
  /// The value as YAML that `decode` reads back to an equal value.
  let encode: @Sendable (Value, Units) -> SpelledValue
}

extension DeckNode {
  /// An error that says what belongs here and what was found.
  func mismatch(_ expectation: String) -> InputError { mark.error("expected \(expectation), found \(description)") }

  /// The text of a scalar that is not null.
  func text(_ expectation: String) throws(InputError) -> String {
    guard case .scalar(let text, _) = content, !isNull else { throw mismatch(expectation) }
    return text
  }

  /// The elements of a list.
  func elements(_ expectation: String) throws(InputError) -> [DeckNode] {
    guard case .sequence(let elements) = content else { throw mismatch(expectation) }
    return elements
  }

  /// The entries of a mapping; a value left empty is a mapping without entries.
  func entries(_ expectation: String) throws(InputError) -> [Entry] {
    if isNull { return [] }
    guard case .mapping(let entries) = content else { throw mismatch(expectation) }
    return entries
  }

  /// Whether this is one plain word, such as `auto`.
  func isWord(_ word: String) -> Bool {
    if case .scalar(word, true) = content { return true }
    return false
  }
}

/// Which numbers a quantity may be.
enum Bound: Sendable {
  case any, notNegative, positive

  /// What is wrong with a value, or nil.
  func complaint(_ value: Double) -> String? {
    switch self {
    case .any: nil
    case .notNegative: value < 0 ? "must not be negative" : nil
    case .positive: value > 0 ? nil : "must be greater than 0"
    }
  }

  var schema: [(String, JSONValue)] {
    switch self {
    case .any: []
    case .notNegative: [("minimum", .number(0))]
    case .positive: [("exclusiveMinimum", .number(0))]
    }
  }
}

extension Codec {
  /// The same codec, with a check of its own after decoding; `check` returns what is wrong.
  func checked(_ check: @escaping @Sendable (Value) -> String?) -> Codec {
    let decode = self.decode
    return Codec(
      expectation: expectation, schema: schema,
      decode: { node, context throws(InputError) in
        let value = try decode(node, context)
        if let complaint = check(value) { throw node.mark.error(complaint) }
        return value
      }, encode: encode)
  }

  /// The value, or a word that stands for none.
  func orWord(_ word: String) -> Codec<Value?> {
    let (decode, encode, expectation) = (self.decode, self.encode, "\(self.expectation) or '\(word)'")
    return Codec<Value?>(
      expectation: expectation,
      schema: .object([("anyOf", .list([.object([("const", .text(word))]), schema]))]),
      decode: { node, context throws(InputError) in
        if node.isWord(word) { return nil }
        if node.isNull { throw node.mismatch(expectation) }
        return try decode(node, context)
      },
      encode: { value, units in value.map { encode($0, units) } ?? .scalar(word) })
  }

  /// A list of such values.
  func list(_ expectation: String) -> Codec<[Value]> {
    let (decode, encode) = (self.decode, self.encode)
    return Codec<[Value]>(
      expectation: expectation, schema: .object([("type", .text("array")), ("items", schema)]),
      decode: { node, context throws(InputError) in
        var values: [Value] = []
        for element in try node.elements(expectation) { values.append(try decode(element, context)) }
        return values
      },
      encode: { values, units in .list(values.map { encode($0, units) }) })
  }

  /// One such value or a list of them.
  func oneOrMore(_ expectation: String) -> Codec<[Value]> {
    let (decode, list) = (self.decode, self.list(expectation))
    return Codec<[Value]>(
      expectation: expectation, schema: .object([("anyOf", .list([schema, list.schema]))]),
      decode: { node, context throws(InputError) in
        if case .sequence = node.content { return try list.decode(node, context) }
        return [try decode(node, context)]
      }, encode: list.encode)
  }

  /// A mapping from species labels to such values, in the order of the file.
  func bySpecies(_ expectation: String) -> Codec<[Labelled<Value>]> {
    let (decode, encode) = (self.decode, self.encode)
    return Codec<[Labelled<Value>]>(
      expectation: expectation,
      schema: .object([
        ("type", .text("object")), ("additionalProperties", schema),
        ("propertyNames", .object([("pattern", .text(SpeciesLabel.pattern))])),
      ]),
      decode: { node, context throws(InputError) in
        guard case .mapping(let entries) = node.content else { throw node.mismatch(expectation) }
        var values: [Labelled<Value>] = []
        for entry in entries {
          if let complaint = SpeciesLabel.complaint(entry.key) { throw entry.mark.error(complaint) }
          values.append(Labelled(label: entry.key, value: try decode(entry.value, context)))
        }
        return values
      },
      encode: { values, units in .mapping(values.map { ($0.label, encode($0.value, units)) }) })
  }
}

/// A value for a species.
struct Labelled<Value: Hashable & Sendable>: Hashable, Sendable {
  var label: String
  var value: Value
}

/// Labels of species: what structure files can hold as a name.
enum SpeciesLabel {
  static let pattern = "^[A-Za-z][A-Za-z0-9_+*]{0,15}$"

  /// What is wrong with a label, or nil.
  static func complaint(_ label: String) -> String? {
    let isFit =
      label.count <= 16 && label.first.map { $0.isASCII && $0.isLetter } == true
      && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_+*".contains($0)) }
    return isFit
      ? nil
      : "'\(label.prefix(40))' cannot be the label of a species; a label is a letter and up to 15 letters or digits"
  }
}
