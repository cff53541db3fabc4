/// A JSON document (RFC 8259) whose objects keep their order: the header of safetensors, and the card that describes a model file.
public enum JSONValue: Hashable, Sendable {
  /// null.
  case null
  /// A truth value.
  case bool(Bool)
  /// A number that is written without point and exponent and fits.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object. Keys of a parsed document are unique.
  case object([Member])

  /// A key with its value.
  public struct Member: Hashable, Sendable {
    /// The key.
    public let key: String
    /// The value.
    public let value: JSONValue
    /// Makes a member.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The value for a key of an object.
  public subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  // MARK: Writing

  /// The document on one line. Numbers that are not finite, which JSON has not, become null.
  public var text: String {
    var text = ""
    write(to: &text)
    return text
  }

  /// The document with every member of its outer levels on a line of its own, indented by two spaces for each level.
  func text(openLevels: Int) -> String {
    var text = ""
    write(to: &text, openLevels: openLevels, indent: 0)
    return text
  }

  private func write(to text: inout String, openLevels: Int, indent: Int) {
    let margin = String(repeating: " ", count: indent + 2)
    switch self {
    case .array(let values) where openLevels > 0 && !values.isEmpty:
      text += "["
      for (k, value) in values.enumerated() {
        text += (k > 0 ? ",\n" : "\n") + margin
        value.write(to: &text, openLevels: openLevels - 1, indent: indent + 2)
      }
      text += "\n" + margin.dropLast(2) + "]"
    case .object(let members) where openLevels > 0 && !members.isEmpty:
      text += "{"
      for (k, member) in members.enumerated() {
        text += (k > 0 ? ",\n" : "\n") + margin
        Self.write(member.key, to: &text)
        text += ": "
        member.value.write(to: &text, openLevels: openLevels - 1, indent: indent + 2)
      }
      text += "\n" + margin.dropLast(2) + "}"
    default: write(to: &text)
    }
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.write(value, to: &text)
    case .array(let values):
      text += "["
      for (k, value) in values.enumerated() {
        if k > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (k, member) in members.enumerated() {
        if k > 0 { text += "," }
        Self.write(member.key, to: &text)
        text += ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case _ where scalar.value < 32:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  // MARK: Reading

  /// Parses a document, or says in words what is wrong with it.
  static func parse(_ bytes: [UInt8]) -> Result<JSONValue, PickleRefusal> {
    var parser = JSONParser(bytes)
    do throws(PickleRefusal) {
      return .success(try parser.document())
    } catch {
      return .failure(error)
    }
  }
}

/// The parser: strict, and no deeper than any header of a model is.
private struct JSONParser {
  private let bytes: [UInt8]
  private var i = 0
  private static let mostLevels = 32

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func wrong(_ what: String) -> PickleRefusal { PickleRefusal("\(what) at byte \(i) of the JSON text") }

  private mutating func skipSpace() {
    while i < bytes.count, [32, 9, 10, 13].contains(bytes[i]) { i += 1 }
  }
  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard i < bytes.count, bytes[i] == UInt8(ascii: character) else { return false }
    i += 1
    return true
  }

  mutating func document() throws(PickleRefusal) -> JSONValue {
    let value = try value(level: 0)
    skipSpace()
    guard i == bytes.count else { throw wrong("there is more than one value") }
    return value
  }

  private mutating func value(level: Int) throws(PickleRefusal) -> JSONValue {
    guard level < Self.mostLevels else { throw wrong("values are nested more than \(Self.mostLevels) deep") }
    if accept("{") { return try object(level: level) }
    if accept("[") {
      var values: [JSONValue] = []
      if accept("]") { return .array(values) }
      repeat { values.append(try value(level: level + 1)) } while accept(",")
      guard accept("]") else { throw wrong("an array does not end") }
      return .array(values)
    }
    if accept("\"") { return .string(try string()) }
    for (word, value) in [("true", JSONValue.bool(true)), ("false", .bool(false)), ("null", .null)]
    where bytes[i...].starts(with: word.utf8) {
      i += word.utf8.count
      return value
    }
    return try number()
  }

  private mutating func object(level: Int) throws(PickleRefusal) -> JSONValue {
    var members: [JSONValue.Member] = []
    var keys: Set<String> = []
    if accept("}") { return .object(members) }
    repeat {
      guard accept("\"") else { throw wrong("a key was expected") }
      let key = try string()
      guard keys.insert(key).inserted else { throw wrong("the key \(ModelFileError.quoted(key)) is there twice") }
      guard accept(":") else { throw wrong("a colon was expected") }
      members.append(.init(key, try value(level: level + 1)))
    } while accept(",")
    guard accept("}") else { throw wrong("an object does not end") }
    return .object(members)
  }

  private mutating func number() throws(PickleRefusal) -> JSONValue {
    let start = i
    while i < bytes.count, "+-.0123456789eE".utf8.contains(bytes[i]) { i += 1 }
    let text = String(decoding: bytes[start..<i], as: UTF8.self)
    let digits = text.drop { $0 == "-" }
    guard let first = digits.first, first.isNumber, first != "0" || !(digits.dropFirst().first?.isNumber ?? false),
      text.hasSuffix(".") == false, !text.contains(".e"), !text.contains(".E"), let number = Double(text)
    else {
      i = start
      throw wrong("a value was expected")
    }
    if let integer = Int(text) { return .integer(integer) }
    return .number(number)
  }

  private mutating func string() throws(PickleRefusal) -> String {
    var units: [UInt8] = []
    while i < bytes.count {
      let c = bytes[i]
      i += 1
      switch c {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else { throw wrong("a string is not UTF-8") }
        return text
      case UInt8(ascii: "\\"):
        guard i < bytes.count else { throw wrong("a string does not end") }
        let e = bytes[i]
        i += 1
        switch e {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(e)
        case UInt8(ascii: "b"): units.append(8)
        case UInt8(ascii: "f"): units.append(12)
        case UInt8(ascii: "n"): units.append(10)
        case UInt8(ascii: "r"): units.append(13)
        case UInt8(ascii: "t"): units.append(9)
        case UInt8(ascii: "u"): units.append(contentsOf: String(try escape()).utf8)
        default: throw wrong("an escape is none")
        }
      case 0..<32: throw wrong("a string holds a control character")
      default: units.append(c)
      }
    }
    throw wrong("a string does not end")
  }

  private mutating func escape() throws(PickleRefusal) -> Unicode.Scalar {
    var value = try hexadecimal()
    if (0xD800..<0xDC00).contains(value) {
      guard bytes[i...].starts(with: "\\u".utf8) else { throw wrong("half a surrogate pair") }
      i += 2
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw wrong("half a surrogate pair") }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw wrong("half a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(PickleRefusal) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard i < bytes.count, let digit = Character(Unicode.Scalar(bytes[i])).hexDigitValue, bytes[i] < 128 else {
        throw wrong("an escape is none")
      }
      value = value << 4 | UInt32(digit)
      i += 1
    }
    return value
  }
}
