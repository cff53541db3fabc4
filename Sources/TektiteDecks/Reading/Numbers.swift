import TektiteCore

/// Numbers as decks write them: digits with underscores between them, a decimal point, an exponent.
enum DeckNumber {
  /// Splits a text into a number and what follows it, or nil when it does not start with a number.
  static func prefix(of text: String) -> (value: Double, rest: Substring)? {
    var digits = ""
    var rest = text[...]
    func take(_ allowed: (Character) -> Bool) -> Int {
      var taken = 0
      while let next = rest.first, allowed(next) {
        digits.append(next)
        rest = rest.dropFirst()
        taken += 1
      }
      return taken
    }
    func takeDigits() -> Int {
      var taken = take(isDigit)
      while taken > 0, rest.first == "_", let next = rest.dropFirst().first, isDigit(next) {
        rest = rest.dropFirst()
        taken += take(isDigit)
      }
      return taken
    }
    if let sign = rest.first, sign == "-" || sign == "+" {
      digits.append(sign)
      rest = rest.dropFirst()
    }
    var count = takeDigits()
    if rest.first == "." {
      digits.append(".")
      rest = rest.dropFirst()
      let decimals = takeDigits()
      if decimals == 0 { digits.append("0") }
      count += decimals
    }
    guard count > 0 else { return nil }
    if let e = rest.first, e == "e" || e == "E" {
      let saved = (digits, rest)
      digits.append("e")
      rest = rest.dropFirst()
      if let sign = rest.first, sign == "-" || sign == "+" {
        digits.append(sign)
        rest = rest.dropFirst()
      }
      if take(isDigit) == 0 { (digits, rest) = saved }
    }
    guard let value = Double(digits) else { return nil }
    return (value, rest)
  }

  /// A whole number: digits with underscores, or a number such as `1e6` or `2.0` that happens to be whole.
  static func integer(_ text: String) -> Int? {
    let plain = text.replacing("_", with: "")
    if let value = Int(plain), prefix(of: text)?.rest.isEmpty == true { return value }
    guard let number = prefix(of: text), number.rest.isEmpty else { return nil }
    return abs(number.value) < 0x1p53 ? Int(exactly: number.value) : nil
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
