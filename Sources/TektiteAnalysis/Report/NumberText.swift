import Foundation

/// Numbers as a reader of the page sees them, with true minus signs. Powers of ten are in the notation of `Symbols`.
enum NumberText {
  /// A number with at most so many significant digits: `0.00123`, `4.5×10^{-7}`.
  static func plain(_ value: Double, digits: Int = 5) -> String {
    guard value.isFinite else { return value.isNaN ? "–" : value < 0 ? "−∞" : "∞" }
    if value == 0 { return "0" }
    let exponent = decimalExponent(value)
    if exponent < -4 || exponent >= max(digits, 6) {
      let text = String(format: "%.\(max(0, digits - 1))e", value)
      let parts = text.split(separator: "e")
      guard parts.count == 2, let power = Int(parts[1]) else { return minus(text) }
      return "\(minus(trimmed(String(parts[0]))))×10^{\(minus(String(power)))}"
    }
    return minus(trimmed(String(format: "%.\(max(0, digits - 1 - exponent))f", value)))
  }

  /// A value with its error to two digits: `0.4512 ± 0.0023`, `(4.51 ± 0.12)×10^{-7}`.
  static func plain(_ value: Double, error: Double?) -> String {
    guard let error, error.isFinite, error > 0, value.isFinite else { return plain(value) }
    let exponent = max(decimalExponent(value == 0 ? error : value), decimalExponent(error))
    let decimals = 1 - decimalExponent(error)
    if decimals > 12 + exponent { return "\(plain(value)) ± \(plain(error, digits: 2))" }
    if exponent < -3 || exponent >= 6 || decimals < 0 {
      let scale = pow(10, Double(exponent))
      let places = max(0, min(12, decimals + exponent))
      return
        "(\(minus(String(format: "%.\(places)f", value / scale))) ± \(String(format: "%.\(places)f", error / scale)))"
        + "×10^{\(minus(String(exponent)))}"
    }
    return
      "\(minus(String(format: "%.\(decimals)f", value))) ± \(String(format: "%.\(decimals)f", error))"
  }

  /// `12,345`.
  static func count(_ value: Int) -> String {
    var groups = String(value.magnitude)[...]
    var parts: [Substring] = []
    while groups.count > 3 {
      parts.insert(groups.suffix(3), at: 0)
      groups = groups.dropLast(3)
    }
    return (value < 0 ? "−" : "") + ([groups] + parts).joined(separator: ",")
  }

  /// `1 row`, `2 rows`.
  static func count(_ value: Int, _ noun: String) -> String { "\(count(value)) \(noun)\(value == 1 ? "" : "s")" }

  /// `0.42 s`, `2 min 10 s`, `3 h 5 min`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "–" }
    if seconds < 60 { return "\(plain(seconds, digits: 3)) s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(count(whole / 3600)) h \(whole / 60 % 60) min"
  }

  /// `12.3 kB`, in powers of ten.
  static func bytes(_ count: Int) -> String {
    let value = Double(count)
    if value < 1000 { return "\(count) bytes" }
    if value < 999.5e3 { return "\(plain(value / 1e3, digits: 3)) kB" }
    return value < 999.5e6 ? "\(plain(value / 1e6, digits: 3)) MB" : "\(plain(value / 1e9, digits: 4)) GB"
  }

  /// The power of ten of the first digit; 0 for zero and what is not finite.
  static func decimalExponent(_ value: Double) -> Int {
    guard value.isFinite, value != 0 else { return 0 }
    let exponent = Int(log10(abs(value)).rounded(.down))
    // The logarithm of a power of ten may be a hair too small.
    return abs(value) >= pow(10, Double(exponent + 1)) ? exponent + 1 : exponent
  }

  /// The text of a number with a true minus sign.
  static func minus(_ text: String) -> String { text.replacingOccurrences(of: "-", with: "−") }

  private static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    var text = text[...]
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return String(text)
  }
}
