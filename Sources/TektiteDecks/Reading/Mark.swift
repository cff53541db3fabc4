import TektiteCore

/// A place in a file, to point at when something there is wrong.
struct Mark: Hashable, Sendable {
  var file: String
  var line: Int
  var column: Int

  /// An error at this place, in one line: what it quotes from the deck may hold several, which spaces join.
  func error(_ message: String) -> InputError {
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    return InputError(line, file: file, line: self.line, column: column)
  }
}

/// Where the values of a section were written. Two sections that differ only in their marks are equal.
struct Marks: Hashable, Sendable {
  var section: Mark
  var values: [String: Mark] = [:]

  /// The place of a key's value; that of the section when the key was left out.
  subscript(key: String) -> Mark { values[key] ?? section }

  /// Marks of a section that was not written at all.
  static let none = Marks(section: Mark(file: "deck", line: 1, column: 1))

  static func == (left: Marks, right: Marks) -> Bool { true }
  func hash(into hasher: inout Hasher) {}
}
