// Numbers in text, read from UTF-8 bytes. Correctly rounded, so that what was written with 17 digits comes back bit for bit.

/// Decimal numerals in bytes.
enum Numerals {
  /// 5⁰ … 5²⁷, all that fit in 64 bits.
  private static let powersOfFive: [UInt64] = {
    var powers: [UInt64] = [1]
    for _ in 0..<27 { powers.append((powers.last ?? 1) * 5) }
    return powers
  }()
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]
  /// Longer tokens are no numbers that any program writes.
  private static let longest = 400

  /// The value of a numeral, or nil. Takes what C and Fortran print: `1`, `-.5`, `5.`, `1e-3`, `1.5D+02`, and `inf` and `nan` in any case.
  static func double(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
    var i = range.lowerBound
    let end = range.upperBound
    guard i < end, end - i <= longest else { return nil }
    let negative = bytes[i] == UInt8(ascii: "-")
    if negative || bytes[i] == UInt8(ascii: "+") { i += 1 }
    var mantissa: UInt64 = 0
    var digits = 0  // significant ones in the mantissa
    var seen = false
    var exponent = 0
    var exact = true
    var fraction = false
    while i < end {
      let c = bytes[i]
      if c >= 48 && c <= 57 {
        seen = true
        if digits < 19 {
          mantissa = mantissa &* 10 &+ UInt64(c &- 48)
          if mantissa != 0 { digits += 1 }
          if fraction { exponent -= 1 }
        } else {
          if c != 48 { exact = false }
          if !fraction { exponent += 1 }
        }
      } else if c == UInt8(ascii: "."), !fraction {
        fraction = true
      } else {
        break
      }
      i += 1
    }
    guard seen else { return special(bytes, i..<end, negative: negative) }
    if i < end {
      // Fortran writes D for a double's exponent, and leaves the letter out when there are three digits: 1.5-101.
      let c = bytes[i] | 0x20
      if c == UInt8(ascii: "e") || c == UInt8(ascii: "d") {
        i += 1
      } else if bytes[i] != UInt8(ascii: "+") && bytes[i] != UInt8(ascii: "-") {
        return nil
      }
      guard let written = integer(bytes, i..<end) else { return nil }
      exponent += max(-100_000, min(100_000, written))
    }
    guard exact, let value = scaled(mantissa, exponent) else { return slow(bytes, range) }
    return negative ? -value : value
  }

  /// mantissa · 10^exponent, correctly rounded, or nil where 64-bit powers of five do not suffice.
  private static func scaled(_ mantissa: UInt64, _ exponent: Int) -> Double? {
    if mantissa == 0 { return 0 }
    if mantissa <= 1 << 53 {
      if exponent >= 0 && exponent <= 22 { return Double(mantissa) * powersOfTen[exponent] }
      if exponent < 0 && exponent >= -22 { return Double(mantissa) / powersOfTen[-exponent] }
    }
    // 10^e = 5^e · 2^e. The product or quotient with 5^|e| is formed with 62 bits or more and a sticky bit, so that the
    // conversion to 53 bits rounds as the exact value would.
    if exponent < 0 && exponent >= -27 {
      let five = powersOfFive[-exponent]
      let (shiftW, shiftD) = (mantissa.leadingZeroBitCount, five.leadingZeroBitCount)
      let w = mantissa << UInt64(shiftW)
      let (q, r) = (five << UInt64(shiftD)).dividingFullWidth((w >> 1, w << 63))
      return Double(r == 0 ? q : q | 1) * power(ofTwo: exponent - 63 + shiftD - shiftW)
    }
    if exponent >= 0 && exponent <= 27 {
      let (high, low) = mantissa.multipliedFullWidth(by: powersOfFive[exponent])
      if high == 0 { return Double(low) * power(ofTwo: exponent) }
      let shift = high.leadingZeroBitCount
      let q = shift == 0 ? high : high << UInt64(shift) | low >> UInt64(64 - shift)
      return Double(low << UInt64(shift) == 0 ? q : q | 1) * power(ofTwo: exponent + 64 - shift)
    }
    return nil
  }

  private static func power(ofTwo exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }

  /// Numerals with more digits or larger exponents than the fast path takes, through the standard library.
  private static func slow(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
    var text: [UInt8] = []
    for i in range {
      let c = bytes[i]
      if c | 0x20 == UInt8(ascii: "d") {
        text.append(UInt8(ascii: "e"))
      } else {
        if c == UInt8(ascii: "+") || c == UInt8(ascii: "-"), let last = text.last, last >= 46 && last <= 57 {
          text.append(UInt8(ascii: "e"))
        }
        text.append(c)
      }
    }
    return Double(String(decoding: text, as: UTF8.self))
  }

  private static func special(_ bytes: Span<UInt8>, _ range: Range<Int>, negative: Bool) -> Double? {
    guard range.count <= 8 else { return nil }
    switch string(bytes, range).lowercased() {
    case "inf", "infinity": return negative ? -.infinity : .infinity
    case "nan": return .nan
    default: return nil
    }
  }

  /// The value of a whole number with an optional sign, or nil.
  static func integer(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    var i = range.lowerBound
    guard i < range.upperBound else { return nil }
    let negative = bytes[i] == UInt8(ascii: "-")
    if negative || bytes[i] == UInt8(ascii: "+") { i += 1 }
    guard i < range.upperBound else { return nil }
    var value = 0
    while i < range.upperBound {
      let c = bytes[i]
      guard c >= 48 && c <= 57 else { return nil }
      let (tens, first) = value.multipliedReportingOverflow(by: 10)
      let (sum, second) = tens.addingReportingOverflow(Int(c) - 48)
      guard !first && !second else { return nil }
      value = sum
      i += 1
    }
    return negative ? -value : value
  }

  /// The text of a range; bytes that are not UTF-8 become replacement characters.
  static func string(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    var copy: [UInt8] = []
    copy.reserveCapacity(range.count)
    for i in range { copy.append(bytes[i]) }
    return String(decoding: copy, as: UTF8.self)
  }

  /// The value of a numeral in a string, or nil.
  static func double(_ text: some StringProtocol) -> Double? {
    let bytes = Array(text.utf8)
    return double(bytes.span, 0..<bytes.count)
  }

  /// What is printed of a token in an error: printable, and cut when long.
  static func quoted(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    quoted(string(bytes, range.lowerBound..<min(range.upperBound, range.lowerBound + 200)))
  }

  /// What is printed of user text in an error: printable, and cut when long.
  static func quoted(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(41) {
      if shown.unicodeScalars.count == 40 {
        shown += "…"
        break
      }
      shown.unicodeScalars.append(scalar.value < 32 || scalar.value == 127 ? "\u{FFFD}" : scalar)
    }
    return "'\(shown)'"
  }
}
