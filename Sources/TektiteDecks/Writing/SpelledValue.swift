import TektiteCore

/// A YAML value to be written.
indirect enum SpelledValue: Sendable {
  /// Text that is YAML already: a number, a word, a quoted string.
  case scalar(String)
  case list([SpelledValue])
  case mapping([(String, SpelledValue)])

  /// A text, quoted where YAML would read it as something else.
  static func text(_ text: String) -> SpelledValue { .scalar(quotedIfNeeded(text)) }

  /// A number such that reading it gives the same bits, with its unit.
  static func quantity(_ value: Double, _ unit: String = "") -> SpelledValue {
    .scalar(unit.isEmpty ? "\(value)" : "\(value) \(unit)")
  }

  private var isScalar: Bool {
    if case .scalar = self { return true }
    return false
  }

  /// Block style; lists of scalars on one line.
  func rendered(indent: Int = 0) -> String {
    let margin = String(repeating: " ", count: indent)
    switch self {
    case .scalar(let text): return margin + text + "\n"
    case .list(let values):
      if values.isEmpty { return margin + "[]\n" }
      return values.map { margin + "- " + $0.rendered(indent: indent + 2).dropFirst(indent + 2) }.joined()
    case .mapping(let entries):
      if entries.isEmpty { return margin + "{}\n" }
      return entries.map { key, value in
        let head = margin + Self.quotedIfNeeded(key) + ":"
        if let line = value.onOneLine { return head + " " + line + "\n" }
        return head + "\n" + value.rendered(indent: indent + 2)
      }.joined()
    }
  }

  private var onOneLine: String? {
    switch self {
    case .scalar(let text): return text
    case .mapping(let entries): return entries.isEmpty ? "{}" : nil
    case .list(let values):
      let parts = values.compactMap { value -> String? in
        if case .mapping = value { return nil }
        return value.onOneLine
      }
      return parts.count == values.count ? "[" + parts.joined(separator: ", ") + "]" : nil
    }
  }

  private static func quotedIfNeeded(_ text: String) -> String {
    let isSafe = { (c: Character) in c.isASCII && (c.isLetter || c.isNumber || "_-./+".contains(c)) }
    let words = ["null", "Null", "NULL", "true", "false", "yes", "no", "on", "off"]
    if let first = text.first, first.isLetter, text.allSatisfy(isSafe), !words.contains(text.lowercased()) {
      return text
    }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x22: quoted += "\\\""
      case 0x5C: quoted += "\\\\"
      case 0x0A: quoted += "\\n"
      case 0x20..<0x7F, 0xA1..<0x2000, 0x2070..<0xD800, 0xE000..<0xFEFF: quoted.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      }
    }
    return quoted + "\""
  }
}
