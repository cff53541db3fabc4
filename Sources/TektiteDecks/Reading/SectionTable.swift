import TektiteCore

/// A mapping of a deck, decoded.
protocol DeckSection: Hashable, Sendable {
  /// The section before its keys are read. Values of required keys are placeholders.
  init()
  /// Where its values were written.
  var marks: Marks { get set }
  /// Its keys.
  static var table: SectionTable<Self> { get }
}

/// One key of a section: what it means, how its value is read and written, and whether it may be left out.
struct SectionKey<Section: DeckSection>: Sendable {
  let name: String
  let meaning: String
  let isRequired: Bool
  let schema: JSONValue
  let read: @Sendable (DeckNode, DeckContext, inout Section) throws(InputError) -> Void
  let fill: @Sendable (inout Section, Units) -> Void
  let write: @Sendable (Section, Units) -> SpelledValue?

  /// A key that must be given.
  static func required<Value>(
    _ name: String, _ path: any WritableKeyPath<Section, Value> & Sendable, _ codec: Codec<Value>, _ meaning: String
  ) -> SectionKey {
    SectionKey(
      name: name, meaning: meaning, isRequired: true, schema: codec.schema,
      read: { node, context, section throws(InputError) in section[keyPath: path] = try codec.decode(node, context) },
      fill: { _, _ in }, write: { section, units in codec.encode(section[keyPath: path], units) })
  }

  /// A key with a default, which may depend on the units.
  static func optional<Value>(
    _ name: String, _ path: any WritableKeyPath<Section, Value> & Sendable, _ codec: Codec<Value>,
    default value: @escaping @Sendable (Units) -> Value, _ meaning: String
  ) -> SectionKey {
    SectionKey(
      name: name, meaning: meaning, isRequired: false, schema: codec.schema,
      read: { node, context, section throws(InputError) in section[keyPath: path] = try codec.decode(node, context) },
      fill: { section, units in section[keyPath: path] = value(units) },
      write: { section, units in codec.encode(section[keyPath: path], units) })
  }

  /// A key with a fixed default.
  static func optional<Value>(
    _ name: String, _ path: any WritableKeyPath<Section, Value> & Sendable, _ codec: Codec<Value>,
    default value: Value, _ meaning: String
  ) -> SectionKey {
    optional(name, path, codec, default: { _ in value }, meaning)
  }

  /// A key that may be absent, without a default; it is not written out when it was absent.
  static func absent<Value>(
    _ name: String, _ path: any WritableKeyPath<Section, Value?> & Sendable, _ codec: Codec<Value>, _ meaning: String
  ) -> SectionKey {
    SectionKey(
      name: name, meaning: meaning, isRequired: false, schema: codec.schema,
      read: { node, context, section throws(InputError) in section[keyPath: path] = try codec.decode(node, context) },
      fill: { _, _ in }, write: { section, units in section[keyPath: path].map { codec.encode($0, units) } })
  }
}

/// The keys of a section, from which it is decoded, written and described.
struct SectionTable<Section: DeckSection>: Sendable {
  /// The name of the definition in the schema.
  let name: String
  /// What the section is, with an article, for messages.
  let expectation: String
  let meaning: String
  let keys: [SectionKey<Section>]
  /// Names that a later version will know, with a sentence for who uses them now.
  var later: [String: String] = [:]
  /// Required keys that another place may give, such as `defaults`; the schema cannot demand them.
  var inherited: [String] = []
  /// Conditions on several keys at once.
  var check: @Sendable (inout Section, DeckContext) throws(InputError) -> Void = { _, _ in }

  /// Reads a section. Keys that `inherited` has and the section lacks are read from there.
  func decode(_ node: DeckNode, _ context: DeckContext, inheriting inherited: DeckNode? = nil) throws(InputError)
    -> Section
  {
    var entries = try node.entries(expectation)
    if let inherited, case .mapping(let common) = inherited.content {
      let own = Set(entries.map(\.key))
      let known = Set(keys.map(\.name))
      entries += common.filter { !own.contains($0.key) && known.contains($0.key) }
    }
    var section = Section()
    section.marks = Marks(section: node.mark)
    var seen: Set<String> = []
    for key in keys { key.fill(&section, context.units) }
    for entry in entries {
      guard let key = keys.first(where: { $0.name == entry.key }) else { throw unknownKey(entry) }
      try key.read(entry.value, context, &section)
      section.marks.values[entry.key] = entry.value.mark
      seen.insert(entry.key)
    }
    if let missing = keys.first(where: { $0.isRequired && !seen.contains($0.name) }) {
      throw node.mark.error("\(expectation) needs the key '\(missing.name)': \(missing.meaning)")
    }
    try check(&section, context)
    return section
  }

  private func unknownKey(_ entry: DeckNode.Entry) -> InputError {
    if let sentence = later[entry.key] { return entry.mark.error(sentence) }
    let names = keys.map(\.name)
    let nearest = InputError.nearest(to: entry.key, among: names).map { "; did you mean '\($0)'?" } ?? "."
    return entry.mark.error(
      "\(expectation) has no key '\(entry.key.prefix(60))'\(nearest) Allowed: \(names.joined(separator: ", "))")
  }

  /// The section with every key written out.
  func encode(_ section: Section, _ units: Units) -> SpelledValue {
    .mapping(keys.compactMap { key in key.write(section, units).map { (key.name, $0) } })
  }

  /// The definition of the section in the schema.
  var definition: (String, JSONValue) {
    var members: [(String, JSONValue)] = [
      ("description", .text(meaning)), ("type", .text("object")), ("additionalProperties", .flag(false)),
      ("properties", .object(keys.map { ($0.name, $0.schema.adding("description", .text($0.meaning))) })),
    ]
    let required = keys.filter { $0.isRequired && !inherited.contains($0.name) }.map { JSONValue.text($0.name) }
    if !required.isEmpty { members.append(("required", .list(required))) }
    return (name, .object(members))
  }

  /// Values of this section as a codec.
  var codec: Codec<Section> {
    Codec(
      expectation: expectation, schema: Schema.reference(name),
      decode: { node, context throws(InputError) in try self.decode(node, context) },
      encode: { section, units in self.encode(section, units) })
  }
}
