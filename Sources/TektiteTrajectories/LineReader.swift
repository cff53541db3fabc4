import TektiteCore

/// The lines of a text file, one at a time through a buffer, so that a file of any length needs little memory.
/// Lines end with LF or CR LF.
struct LineReader {
  /// A longer line is refused: no structure file has one, and memory stays bounded.
  static let longestLine = 1 << 22

  let file: InputFile
  /// The buffer that `line` refers to.
  private(set) var bytes: [UInt8]
  /// The current line within `bytes`, without its end.
  private(set) var line = 0..<0
  /// The number of the current line, counted from 1.
  private(set) var number = 0
  private var next = 0
  private var filled = 0
  private var offset = 0

  init(path: String) throws(InputError) {
    file = try InputFile(path: path)
    bytes = [UInt8](repeating: 0, count: max(1, min(1 << 18, file.length)))
  }

  /// Bytes of the file that have not yet been handed out as lines: what counts of later lines can be checked against.
  var bytesLeft: Int { file.length - offset + (filled - next) }

  /// Goes to the next line; false at the end of the file.
  mutating func advance() throws(InputError) -> Bool {
    var searched = next
    while true {
      if let end = Self.lineFeed(bytes.span, searched..<filled) {
        let stop = end > next && bytes[end - 1] == 13 ? end - 1 : end
        line = next..<stop
        next = end + 1
        number += 1
        return true
      }
      searched = filled
      if offset >= file.length {
        guard next < filled else { return false }
        line = next..<filled
        next = filled
        number += 1
        return true
      }
      if next > 0 {
        bytes.replaceSubrange(0..<(filled - next), with: bytes[next..<filled])
        filled -= next
        searched -= next
        next = 0
      }
      if filled == bytes.count {
        guard bytes.count < Self.longestLine else {
          throw InputError("a line is longer than \(Self.longestLine) bytes", file: file.path, line: number + 1)
        }
        bytes.append(contentsOf: repeatElement(0, count: bytes.count))
      }
      let wanted = min(bytes.count - filled, file.length - offset)
      let got = try file.read(at: offset, count: wanted, into: &bytes, from: filled)
      guard got == wanted else { throw InputError("became shorter while it was being read", file: file.path) }
      filled += got
      offset += got
    }
  }

  private static func lineFeed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    var i = range.lowerBound
    while i < range.upperBound {
      if bytes[i] == 10 { return i }
      i += 1
    }
    return nil
  }

  /// The current line as text.
  var text: String { Numerals.string(bytes.span, line) }

  /// Whether the current line holds nothing but blanks.
  var isBlank: Bool {
    var tokens = Tokens(line)
    return tokens.next(in: bytes.span) == nil
  }

  /// An error at a byte of the current line (its start if none is given).
  func error(_ message: String, at position: Int? = nil) -> InputError {
    InputError(
      message, file: file.path, line: max(number, 1), column: position.map { max(0, $0 - line.lowerBound) + 1 })
  }
}

/// The words of a line: runs of bytes between blanks and tabs.
struct Tokens {
  /// Where the search for the next word begins.
  var position: Int
  let end: Int

  init(_ range: Range<Int>) {
    position = range.lowerBound
    end = range.upperBound
  }

  /// The next word, or nil.
  @inline(__always)
  mutating func next(in bytes: Span<UInt8>) -> Range<Int>? {
    var i = position
    while i < end, Self.isBlank(bytes[i]) { i += 1 }
    guard i < end else {
      position = end
      return nil
    }
    let start = i
    while i < end, !Self.isBlank(bytes[i]) { i += 1 }
    position = i
    return start..<i
  }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }
}
