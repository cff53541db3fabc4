/// Why parts cannot be put together to a program, in words.
public struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What does not fit.
  public var message: String
  /// Makes an error.
  public init(_ message: String) { self.message = message }
  /// The message.
  public var description: String { message }
}
