/// Something wrong with a model file: one paragraph, `file: error: message`, with what was expected or what to do instead in the message.
public struct ModelFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path as the user gave it.
  public var file: String
  /// What is wrong, what was expected, what to do.
  public var message: String

  /// Makes an error.
  public init(_ message: String, file: String) {
    self.message = message
    self.file = file
  }

  /// One paragraph for standard error.
  public var description: String { "\(file): error: \(message)" }

  /// A name from a file in quotation marks, fit for a message: a file may hold any bytes, so long names are cut and control
  /// characters are replaced.
  static func quoted(_ name: String) -> String {
    var text = "'"
    var count = 0
    for scalar in name.unicodeScalars {
      guard count < 100 else {
        text += "…"
        break
      }
      let isPlain =
        scalar.value >= 32 && scalar.value != 127 && !(0x80...0x9F).contains(scalar.value)
        && ![0x2028, 0x2029].contains(scalar.value)
      text.unicodeScalars.append(isPlain ? scalar : "\u{FFFD}")
      count += 1
    }
    return text + "'"
  }

  /// A clause that names the candidate nearest to a wrong name, `; the nearest is 'x'`, or nothing if none is near.
  public static func suggestion(for name: String, among candidates: some Sequence<String>) -> String {
    let wanted = Array(name.utf8.prefix(200))
    var best: (name: String, distance: Int)?
    for candidate in candidates.prefix(20_000) {
      let other = Array(candidate.utf8.prefix(200))
      guard abs(other.count - wanted.count) < best?.distance ?? Int.max else { continue }
      let distance = editDistance(wanted, other)
      if distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(2, wanted.count / 3) else { return "" }
    return "; the nearest is \(quoted(best.name))"
  }

  /// The least number of insertions, deletions and replacements that turn one word into the other (Wagner and Fischer 1974,
  /// doi:10.1145/321796.321811).
  private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var diagonal = row[0]
      row[0] = i + 1
      for j in 0..<b.count {
        let cost = a[i] == b[j] ? diagonal : 1 + min(diagonal, row[j], row[j + 1])
        diagonal = row[j + 1]
        row[j + 1] = cost
      }
    }
    return row[b.count]
  }
}
