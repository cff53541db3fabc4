import Foundation

/// Numbers as people read them.
enum Wording {
  /// `96.1 MB`, in powers of ten as disks are sold.
  static func bytes(_ count: Double) -> String {
    var (value, units) = (count, ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"][...])
    while value >= 999.5, units.count > 1 {
      value /= 1000
      units.removeFirst()
    }
    return units.count == 7 ? "\(Int(value)) bytes" : "\(number(value, digits: 3)) \(units.first ?? "")"
  }

  /// `0.42 s`, `2 min 10 s`, `3 h 5 min`, `12 days`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "longer than anyone can wait" }
    if seconds < 1e-3 { return "\(number(seconds * 1e6, digits: 3)) µs" }
    if seconds < 1 { return "\(number(seconds * 1e3, digits: 3)) ms" }
    if seconds < 60 { return "\(number(seconds, digits: 2)) s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 48 * 3600 { return "\(whole / 3600) h \(whole / 60 % 60) min" }
    let days = seconds / 86400
    return days < 800 ? "\(number(days, digits: 2)) days" : "\(number(days / 365.25, digits: 2)) years"
  }

  /// A number with so many significant digits, without an exponent where that is short.
  static func number(_ value: Double, digits: Int = 5) -> String {
    guard value.isFinite, value != 0 else { return "\(value == 0 ? "0" : "\(value)")" }
    if abs(value) >= pow(10, Double(digits)), abs(value) < 1e7 { return String(format: "%.0f", value) }
    return String(format: "%.\(digits)g", value)
  }

  /// `1,000,000`.
  static func count(_ value: Int) -> String {
    var groups = String(value.magnitude)
    var parts: [Substring] = []
    while groups.count > 3 {
      parts.insert(groups.suffix(3), at: 0)
      groups.removeLast(3)
    }
    return (value < 0 ? "-" : "") + ([Substring(groups)] + parts).joined(separator: ",")
  }

  /// `1 frame`, `12 frames`.
  static func count(_ value: Int, _ noun: String, plural: String? = nil) -> String {
    "\(count(value)) \(value == 1 ? noun : plural ?? noun + "s")"
  }
}
