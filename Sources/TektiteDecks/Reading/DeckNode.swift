import TektiteCore
import Yams

/// A YAML value with its place: what Yams composes, bounded in size and depth and without tags.
struct DeckNode: Sendable {
  /// One `key: value` of a mapping.
  struct Entry: Sendable {
    var key: String
    var mark: Mark
    var value: DeckNode
  }

  /// The three shapes of a YAML value.
  enum Content: Sendable {
    /// Text as written, and whether it stood without quotes.
    case scalar(String, isPlain: Bool)
    case sequence([DeckNode])
    case mapping([Entry])
  }

  var content: Content
  var mark: Mark

  /// Whether the value is missing or an unquoted `~` or `null`.
  var isNull: Bool {
    if case .scalar(let text, true) = content { return ["", "~", "null", "Null", "NULL"].contains(text) }
    return false
  }

  /// What was found, for messages: "the text 'abc'", "a list", "a mapping", "nothing".
  var description: String {
    switch content {
    case .scalar(let text, let isPlain):
      if isNull { return "nothing" }
      let shown = text.count > 40 ? text.prefix(40) + "…" : text[...]
      let line = shown.replacing("\n", with: " ")
      return isPlain ? "'\(line)'" : "the text '\(line)'"
    case .sequence: return "a list"
    case .mapping: return "a mapping"
    }
  }

  /// The value of a key, if this is a mapping that has it.
  subscript(key: String) -> DeckNode? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }
}

extension DeckNode {
  private static let deepest = 32
  private static let most = 200_000

  /// Composes one YAML document.
  /// - Throws: an error with its place for text that is not YAML, for more than one document, duplicate keys, tags, and for nesting or aliases beyond
  ///   what a deck can need.
  static func compose(_ text: String, file: String) throws(InputError) -> DeckNode {
    try checkAliases(text, file: file)
    let root: Node?
    do {
      // The basic resolver gives no meaning to scalars: the decoder knows what it expects, so `No` stays a species label.
      root = try Yams.compose(yaml: text, .basic, .default, .utf8)
    } catch {
      throw explain(error, text: text, file: file)
    }
    guard let root else {
      throw InputError("the file is empty", file: file, line: 1, column: 1)
    }
    var budget = most
    return try convert(root, depth: 0, budget: &budget, parent: Mark(file: file, line: 1, column: 1))
  }

  private static func convert(
    _ node: Node, depth: Int, budget: inout Int, parent: Mark
  ) throws(InputError) -> DeckNode {
    let mark = node.mark.map { Mark(file: parent.file, line: $0.line, column: $0.column) } ?? parent
    budget -= 1
    guard budget > 0 else { throw mark.error("more than \(most) values, aliases followed: too many for a deck") }
    guard depth < deepest else { throw mark.error("values are nested more than \(deepest) deep; no deck needs that") }
    switch node {
    case .scalar(let scalar):
      try checkTag(scalar.tag, mark)
      return DeckNode(content: .scalar(scalar.string, isPlain: scalar.style == .plain), mark: mark)
    case .sequence(let sequence):
      try checkTag(sequence.tag, mark)
      var list: [DeckNode] = []
      for element in sequence { list.append(try convert(element, depth: depth + 1, budget: &budget, parent: mark)) }
      return DeckNode(content: .sequence(list), mark: mark)
    case .mapping(let mapping):
      try checkTag(mapping.tag, mark)
      var entries: [Entry] = []
      for (key, value) in mapping {
        let keyNode = try convert(key, depth: depth + 1, budget: &budget, parent: mark)
        guard case .scalar(let name, let isPlain) = keyNode.content else {
          throw keyNode.mark.error("a key must be a word, not \(keyNode.description)")
        }
        if isPlain && name == "<<" {
          throw keyNode.mark.error(
            "merge keys ('<<') are not part of decks; put common values of stages under 'defaults'")
        }
        let valueNode = try convert(value, depth: depth + 1, budget: &budget, parent: keyNode.mark)
        entries.append(Entry(key: name, mark: keyNode.mark, value: valueNode))
      }
      return DeckNode(content: .mapping(entries), mark: mark)
    case .alias:
      throw mark.error("an alias to nothing")
    }
  }

  private static func checkTag(_ tag: Tag, _ mark: Mark) throws(InputError) {
    let name = tag.description
    guard ["", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"].contains(name) else {
      throw mark.error("tags are not part of decks, found '\(name)'; remove it")
    }
  }

  // While Yams composes, aliases share storage, but keys are hashed with all they hold. `count` aliases can multiply a text at most
  // 3^(count/3) times (each level uses the one below three times), which bounds that work before it starts.
  private static func checkAliases(_ text: String, file: String) throws(InputError) {
    let budget = 1 << 28
    var growth = 1.0
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      var before: UInt8 = 0x20
      var isAtStart = true
      var column = 0
      for byte in line.utf8 {
        column += 1
        if isAtStart && byte == 0x23 { break }
        if byte != 0x20 { isAtStart = false }
        // After a space, a tab or one of [ { , : - ? an asterisk can begin an alias.
        if byte == 0x2A && [0x20, 0x09, 0x5B, 0x7B, 0x2C, 0x3A, 0x2D, 0x3F].contains(before) {
          growth *= 1.4422495703074083
          guard growth * Double(text.utf8.count) < Double(budget) else {
            throw Mark(file: file, line: number + 1, column: column).error(
              "too many aliases ('*') for a deck of this size")
          }
        }
        before = byte
      }
    }
  }
}
