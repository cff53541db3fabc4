/// Why a file could not be written: the file, what was being done and the system's reason, as one sentence. Exit code 1.
public struct OutputError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file that was being written.
  public var file: String
  /// What failed and why.
  public var message: String
  /// The system's error number, where the system gave one (`ENOSPC` when the disk is full).
  public var code: Int32?

  /// Makes an error in the caller's words.
  public init(_ message: String, file: String, code: Int32? = nil) {
    self.message = message
    self.file = file
    self.code = code
  }

  /// One paragraph for standard error.
  public var description: String { "\(file): error: \(message)" }
}
