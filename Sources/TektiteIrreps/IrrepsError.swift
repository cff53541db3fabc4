/// Something wrong with a description: a text that is no irreps, a path that angular momentum forbids, arrays of the wrong length.
public struct IrrepsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, and what was expected.
  public var message: String
  /// Where in the text, counted from 1 in characters; nil where the matter is not a text.
  public var column: Int?

  /// Makes an error.
  public init(_ message: String, column: Int? = nil) {
    self.message = message
    self.column = column
  }

  /// One line for people.
  public var description: String {
    guard let column else { return message }
    return "column \(column): \(message)"
  }
}
