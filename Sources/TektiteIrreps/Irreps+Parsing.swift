// Text to irreps. Grammar: sum = [block {"+" block}]; block = [number "x"] number ("e" | "o" | "y"); blanks between, anywhere but inside numbers.

extension Irrep {
  /// Reads `1o`, `2e` or `3y`.
  public init(_ text: String) throws(IrrepsError) {
    var reader = IrrepsReader(text)
    self = try reader.irrep()
    try reader.end()
  }
}

extension Irreps {
  /// Reads `32x0e + 16x1o + 2e`; a block without a number has one copy. The empty text is the empty sum.
  public init(_ text: String) throws(IrrepsError) {
    var reader = IrrepsReader(text)
    self.init(try reader.sum())
  }

  /// Reads a list such as `0e,1o`, of which each irrep may appear once or more.
  public static func list(_ text: String) throws(IrrepsError) -> [Irrep] {
    var reader = IrrepsReader(text)
    return try reader.list()
  }
}

/// A cursor over text that says where it stumbled.
struct IrrepsReader {
  private let characters: [Character]
  private var position = 0

  init(_ text: String) { characters = Array(text) }

  private mutating func skipBlanks() {
    while position < characters.count, characters[position].isWhitespace { position += 1 }
  }

  private func failure(_ message: String, at place: Int) -> IrrepsError {
    IrrepsError("\(message). Irreps are written like '32x0e+16x1o'", column: place + 1)
  }

  /// What stands at a place, for messages.
  private func found(at place: Int) -> String {
    guard place < characters.count else { return "the end of the text" }
    let c = characters[place]
    let shown = c.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 } && c.unicodeScalars.count <= 4
    return shown ? "'\(c)'" : "an unprintable character"
  }

  mutating func end() throws(IrrepsError) {
    skipBlanks()
    if position < characters.count {
      throw failure("expected the end of the text, found \(found(at: position))", at: position)
    }
  }

  /// Decimal digits; at most `limit`.
  private mutating func number(_ what: String, limit: Int) throws(IrrepsError) -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while position < characters.count, let ascii = characters[position].asciiValue, ascii >= 48 && ascii <= 57 {
      if value <= limit { value = value * 10 + Int(ascii - 48) }
      position += 1
    }
    guard position > start else { throw failure("expected \(what), found \(found(at: position))", at: position) }
    guard value <= limit else { throw failure("\(what) is larger than \(limit)", at: start) }
    return value
  }

  /// The letter after a degree.
  private mutating func parity(ofDegree l: Int) throws(IrrepsError) -> Parity {
    skipBlanks()
    guard position < characters.count else {
      throw failure("expected the parity e, o or y, found the end of the text", at: position)
    }
    defer { position += 1 }
    switch characters[position] {
    case "e": return .even
    case "o": return .odd
    case "y": return Parity(ofDegree: l)
    default: throw failure("expected the parity e, o or y, found \(found(at: position))", at: position)
    }
  }

  mutating func irrep() throws(IrrepsError) -> Irrep {
    let l = try number("a degree", limit: Irrep.largestDegree)
    return Irrep(l, try parity(ofDegree: l))
  }

  private mutating func block() throws(IrrepsError) -> Irreps.Block {
    skipBlanks()
    let start = position
    let first = try number("a multiplicity or a degree", limit: Irreps.largestMultiplicity)
    skipBlanks()
    if position < characters.count, characters[position] == "x" {
      position += 1
      return Irreps.Block(first, try irrep())
    }
    guard first <= Irrep.largestDegree else {
      throw failure("a degree is larger than \(Irrep.largestDegree)", at: start)
    }
    return Irreps.Block(1, Irrep(first, try parity(ofDegree: first)))
  }

  mutating func sum() throws(IrrepsError) -> [Irreps.Block] {
    skipBlanks()
    guard position < characters.count else { return [] }
    var blocks = [try block()]
    var total = blocks[0].dimension
    skipBlanks()
    while position < characters.count {
      guard characters[position] == "+" else {
        throw failure("expected + or the end of the text, found \(found(at: position))", at: position)
      }
      position += 1
      let start = position
      let next = try block()
      total += next.dimension
      // A block has at most 2·10¹⁵ components, so the sum is far from overflow when this is checked.
      guard total <= 1 << 60 else { throw failure("the sum has too many components", at: start) }
      blocks.append(next)
      skipBlanks()
    }
    return blocks
  }

  mutating func list() throws(IrrepsError) -> [Irrep] {
    skipBlanks()
    guard position < characters.count else { return [] }
    var irreps = [try irrep()]
    skipBlanks()
    while position < characters.count {
      guard characters[position] == "," || characters[position] == "+" else {
        throw failure("expected a comma or the end of the text, found \(found(at: position))", at: position)
      }
      position += 1
      irreps.append(try irrep())
      skipBlanks()
    }
    return irreps
  }
}
