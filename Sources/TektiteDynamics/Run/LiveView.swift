/// What a terminal shows of a running stage: a line on how far it is, and below a line for each quantity with its present value and its course since the stage began.
struct LiveView {
  /// The course of a quantity in a fixed number of places: when all are taken, neighbours are averaged.
  private struct Course {
    var name: String
    var values: [Double] = []
    /// Samples in each place, and those in the last.
    var width = 1
    var filled = 0
    var sum = 0.0
    var last = Double.nan

    mutating func append(_ value: Double, places: Int) {
      last = value
      guard value.isFinite else { return }
      sum += value
      filled += 1
      guard filled == width else { return }
      values.append(sum / Double(width))
      (sum, filled) = (0, 0)
      if values.count >= max(2, places) {
        let finer = values
        values = (0..<finer.count / 2).map { (place: Int) -> Double in (finer[2 * place] + finer[2 * place + 1]) / 2 }
        width *= 2
      }
    }
  }

  /// The bars of a sparkline, low to high.
  private static let bars = Array("▁▂▃▄▅▆▇█")
  private var courses: [Course] = []
  /// Lines on the screen, below the first of which the cursor stands in the last.
  private(set) var height = 0

  /// Starts anew for a stage.
  mutating func begin() { courses.removeAll() }

  /// The text that draws the view over what was drawn before.
  /// - Parameters:
  ///   - head: how far the stage is.
  ///   - values: quantities with their present values; their courses are kept here.
  ///   - curves: functions that are drawn as they are, such as F_s against the logarithm of time.
  ///   - columns: width of the terminal.
  mutating func drawing(
    head: String, values: [(name: String, value: Double)], curves: [(name: String, values: [Double])], columns: Int
  ) -> String {
    var label = 8
    for (name, _) in values { label = max(label, name.count) }
    for (name, _) in curves { label = max(label, name.count) }
    let places = min(60, columns - label - 16)
    var lines = [head]
    for (name, value) in values {
      let index = courses.firstIndex { $0.name == name } ?? courses.count
      if index == courses.count { courses.append(Course(name: name)) }
      courses[index].append(value, places: places)
      lines.append(Self.line(name, label, value, courses[index].values, places))
    }
    for (name, curve) in curves where !curve.isEmpty {
      lines.append(Self.line(name, label, curve.last ?? .nan, Self.fitted(curve, places), places, range: (0, 1)))
    }
    let text = erasure + lines.map { Self.cut($0, columns - 1) + "\u{1B}[K" }.joined(separator: "\n")
    height = lines.count
    return text
  }

  /// The text that takes the view off the screen and leaves the cursor where it began.
  mutating func closing() -> String {
    defer { height = 0 }
    return height > 0 ? erasure + "\u{1B}[J" : ""
  }

  /// Back to the start of the first line.
  private var erasure: String { height > 1 ? "\r\u{1B}[\(height - 1)A" : "\r" }

  private static func line(
    _ name: String, _ label: Int, _ value: Double, _ course: [Double], _ places: Int, range: (Double, Double)? = nil
  ) -> String {
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let text = "  \(padded(name, label)) \(padded(brief(value), 11))"
    return places < 4 ? text : text + sparkline(course, range: range)
  }

  /// Bars for values; those of a course that does not change stand in the middle.
  static func sparkline(_ values: [Double], range: (Double, Double)? = nil) -> String {
    let low = range?.0 ?? values.min() ?? 0
    let high = range?.1 ?? values.max() ?? 0
    return String(
      values.map { value in
        let part: Double = high > low ? (value - low) / (high - low) : 0.5
        let place: Double = max(0, min(Double(bars.count) - 1, part * Double(bars.count)))
        return bars[place.isFinite ? Int(place) : 0]
      })
  }

  /// A curve at no more than so many places.
  private static func fitted(_ curve: [Double], _ places: Int) -> [Double] {
    guard curve.count > places, places > 0 else { return curve }
    return (0..<places).map { curve[$0 * (curve.count - 1) / max(1, places - 1)] }
  }

  private static func cut(_ line: String, _ width: Int) -> String { String(line.prefix(max(1, width))) }
}
