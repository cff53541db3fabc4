import Foundation
import TektiteCore

/// A text or data file of a user, read with a limit on its size.
enum InputFile {
  /// Decks and model files beyond this size are refused: the longest sensible one, with a list of ten thousand steps, has a tenth of it.
  static let largestText = 1 << 20

  /// Reads a UTF-8 text of at most `largestText` bytes.
  static func text(path: String) throws(InputError) -> String {
    let bytes = try read(path: path, limit: largestText)
    return try text(bytes, file: path)
  }

  /// Bytes as text, without a byte order mark; an error says where UTF-8 breaks.
  static func text(_ bytes: [UInt8], file: String) throws(InputError) -> String {
    guard bytes.count <= largestText else {
      throw InputError("the file is larger than \(largestText) bytes, too large for a deck or model file", file: file)
    }
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    if let text = String(validating: body, as: UTF8.self) { return text }
    // Walk to the first byte that does not fit, for its line.
    var decoder = UTF8()
    var iterator = body.makeIterator()
    var (line, column) = (1, 1)
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      column += 1
      if scalar == "\n" { (line, column) = (line + 1, 1) }
    }
    throw InputError(
      "the text is not UTF-8 from here on; save the file as UTF-8", file: file, line: line, column: column)
  }

  /// The SHA-256 digest of a file, read in pieces.
  static func digest(path: String) throws(InputError) -> String {
    let handle = try open(path: path)
    defer { try? handle.close() }
    var digest = SHA256()
    do {
      while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty { digest.update(piece) }
    } catch {
      throw InputError("the file cannot be read: \(error.localizedDescription)", file: path)
    }
    return digest.finish()
  }

  /// Whether a regular file is there.
  static func exists(path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: resolvingLinks(path))[.type] as? FileAttributeType)
      == .typeRegular
  }

  private static func read(path: String, limit: Int) throws(InputError) -> [UInt8] {
    let handle = try open(path: path)
    defer { try? handle.close() }
    do {
      var bytes: [UInt8] = []
      while bytes.count <= limit, let piece = try handle.read(upToCount: limit + 1 - bytes.count), !piece.isEmpty {
        bytes.append(contentsOf: piece)
      }
      return bytes
    } catch {
      throw InputError("the file cannot be read: \(error.localizedDescription)", file: path)
    }
  }

  // Only regular files: a pipe or device could block or never end.
  private static func open(path: String) throws(InputError) -> FileHandle {
    let attributes = try? FileManager.default.attributesOfItem(atPath: resolvingLinks(path))
    guard let type = attributes?[.type] as? FileAttributeType else {
      let folder = (path as NSString).deletingLastPathComponent
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
      let nearest = InputError.nearest(to: (path as NSString).lastPathComponent, among: names.sorted())
      throw InputError("there is no such file" + (nearest.map { "; did you mean '\($0)'?" } ?? ""), file: path)
    }
    guard type == .typeRegular else {
      throw InputError(
        type == .typeDirectory ? "this is a folder, not a file" : "this is not a regular file", file: path)
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw InputError("the file cannot be opened; check its permissions", file: path)
    }
    return handle
  }

  private static func resolvingLinks(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }
}
