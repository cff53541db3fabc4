import Foundation

/// Where an axis has ticks, and what stands beside them.
struct Ticks {
  /// A tick with a label.
  struct Tick {
    var value: Double
    /// In the notation of `Symbols`.
    var label: String
  }

  /// Ticks with labels.
  var major: [Tick] = []
  /// Shorter ticks between them.
  var minor: [Double] = []
  /// The power of ten that was taken out of all labels.
  var exponent = 0

  /// Ticks of an even axis, at multiples of 1, 2 or 5 times a power of ten.
  /// - Parameter wanted: about how many, at least 2.
  static func linear(_ range: ClosedRange<Double>, wanted: Int) -> Ticks {
    let span = range.upperBound - range.lowerBound
    let largest = max(abs(range.lowerBound), abs(range.upperBound))
    // Steps must be well above the rounding of the values themselves.
    guard span.isFinite, span > largest * 1e-12, span > 1e-290 else { return Ticks() }
    let raw = span / Double(max(2, wanted))
    var power = NumberText.decimalExponent(raw)
    let share = raw / pow(10, Double(power))
    var multiple = share < 1.5 ? 1.0 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10
    if multiple == 10 {
      multiple = 1
      power += 1
    }
    // A quotient by a power of ten is rounded once, a product with a negative power twice.
    func value(_ index: Double, _ multiple: Double) -> Double {
      power < 0 ? index * multiple / pow(10, Double(-power)) : index * multiple * pow(10, Double(power))
    }
    let step = value(1, multiple)
    let slack = span * 1e-9
    func indices(_ step: Double) -> [Double] {
      let first = ((range.lowerBound - slack) / step).rounded(.up)
      let last = ((range.upperBound + slack) / step).rounded(.down)
      return last >= first ? (0...Int(min(500, last - first))).map { first + Double($0) } : []
    }
    var ticks = Ticks()
    let values = indices(step).map { value($0, multiple) }
    let extreme = values.map(abs).max() ?? 0
    if extreme >= 1e5 || (extreme > 0 && extreme < 1e-2) { ticks.exponent = NumberText.decimalExponent(extreme) }
    let decimals = max(0, min(15, ticks.exponent - power))
    let factor = pow(10, Double(ticks.exponent))
    ticks.major = values.map { value in
      let text = String(format: "%.\(decimals)f", value == 0 ? 0 : value / factor)
      return Tick(value: value, label: NumberText.minus(text))
    }
    let parts = multiple == 2 ? 4.0 : 5.0
    ticks.minor = indices(step / parts).filter { $0.remainder(dividingBy: parts) != 0 }.map {
      value($0, multiple) / parts
    }
    return ticks
  }

  /// Ticks of a logarithmic axis: powers of ten where the range holds two of them, with their multiples as minor ticks; else 1, 2 and 5
  /// times these; else as on an even axis.
  static func logarithmic(_ range: ClosedRange<Double>, wanted: Int) -> Ticks {
    guard range.lowerBound > 0, range.upperBound.isFinite, range.upperBound > range.lowerBound else { return Ticks() }
    let slack = 1e-9
    let first = Int((log10(range.lowerBound) - slack).rounded(.up))
    let last = Int((log10(range.upperBound) + slack).rounded(.down))
    var ticks = Ticks()
    if last > first {
      let stride = [1, 2, 3, 5, 10, 20, 50, 100, 200].first { (last - first) / $0 < max(2, wanted) } ?? 500
      for power in first...last {
        if power % stride == 0 {
          ticks.major.append(Tick(value: pow(10, Double(power)), label: "10^{\(NumberText.minus("\(power)"))}"))
        } else {
          ticks.minor.append(pow(10, Double(power)))
        }
      }
      if stride == 1 { ticks.minor = multiples(first - 1...last, 2...9, within: range) }
      return ticks
    }
    let labelled = (first - 1...last).flatMap { power in
      [1, 2, 5].map { Tick(value: $0 * pow(10, Double(power)), label: NumberText.plain($0 * pow(10, Double(power)))) }
    }.filter { range.contains($0.value) }
    guard labelled.count >= 2 else { return linear(range, wanted: wanted) }
    ticks.major = labelled
    ticks.minor = multiples(first - 1...last, 2...9, within: range)
    return ticks
  }

  private static func multiples(
    _ powers: ClosedRange<Int>, _ digits: ClosedRange<Int>, within range: ClosedRange<Double>
  )
    -> [Double]
  {
    powers.flatMap { power in digits.map { Double($0) * pow(10, Double(power)) } }.filter(range.contains)
  }
}
