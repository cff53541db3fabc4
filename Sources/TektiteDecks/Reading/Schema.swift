import TektiteCore

/// Pieces of JSON Schema that codecs share.
enum Schema {
  // YAML readers disagree about `1e-6` and `200_000`: some give text. Patterns accept both.
  private static let number = "^[-+]?[0-9._]+([eE][-+]?[0-9]+)?"

  /// A whole number, possibly with underscores.
  static func integer(_ range: ClosedRange<Int>) -> JSONValue {
    var bounds: [(String, JSONValue)] = [("type", .text("integer"))]
    if range.lowerBound != Int.min { bounds.append(("minimum", .number(Double(range.lowerBound)))) }
    let text: JSONValue = .object([("type", .text("string")), ("pattern", .text(number + "$"))])
    return .object([("anyOf", .list([.object(bounds), text]))])
  }

  /// A number, or a number with a unit.
  static func quantity(_ bound: Bound) -> JSONValue {
    let text: JSONValue = .object([("type", .text("string")), ("pattern", .text(number + "( *[^ 0-9].*)?$"))])
    return .object([("anyOf", .list([.object([("type", .text("number"))] + bound.schema), text]))])
  }

  /// A reference to the definition of a section.
  static func reference(_ name: String) -> JSONValue { .object([("$ref", .text("#/$defs/\(name)"))]) }

  /// One of several.
  static func any(_ schemas: [JSONValue]) -> JSONValue { .object([("anyOf", .list(schemas))]) }

  /// One word.
  static func word(_ word: String) -> JSONValue { .object([("const", .text(word))]) }
}
