import Foundation

/// How the values along an axis become places in a drawing.
struct PlotScale {
  /// Evenly in the value or in its logarithm.
  let kind: ObservableTable.Scale
  /// The values at the two ends of the axis.
  let range: ClosedRange<Double>
  /// The places of the two ends.
  let ends: (Double, Double)

  /// Whether a value has a place on an axis. Values near the limits of numbers are left out, so that spans stay finite.
  static func hasPlace(_ value: Double, _ kind: ObservableTable.Scale) -> Bool {
    guard value.isFinite, abs(value) < 1e290 else { return false }
    return kind == .linear || value > 1e-290
  }

  /// The place of a value; nil for one that has none.
  func place(_ value: Double) -> Double? {
    guard Self.hasPlace(value, kind) else { return nil }
    let (low, high) = (range.lowerBound, range.upperBound)
    let share = kind == .linear ? (value - low) / (high - low) : (log(value) - log(low)) / (log(high) - log(low))
    return share.isFinite ? ends.0 + share * (ends.1 - ends.0) : nil
  }

  /// A range that holds the values with a little room; nil when none of them has a place.
  /// - Parameters:
  ///   - room: the share of the span that is added at each end.
  ///   - zero: whether an even axis begins at zero when that is not far.
  static func range(
    of values: some Sequence<Double>, _ kind: ObservableTable.Scale, room: Double, zero: Bool = false
  ) -> ClosedRange<Double>? {
    var low = Double.infinity
    var high = -Double.infinity
    for value in values where hasPlace(value, kind) {
      low = min(low, value)
      high = max(high, value)
    }
    guard low <= high else { return nil }
    switch kind {
    case .log:
      if high / low < 1 + 1e-9 { (low, high) = (low / 2, high * 2) }
      let factor = pow(high / low, room)
      return factor.isFinite ? max(low / factor, 1e-291)...high * factor : low...high
    case .linear:
      let largest = max(abs(low), abs(high))
      if high - low <= largest * 1e-11 {
        let half = largest == 0 ? 1 : largest * 0.05
        return low - half...high + half
      }
      let span = high - low
      let startsAtZero = zero && low >= 0 && low < 0.35 * high
      let endsAtZero = zero && high <= 0 && high > 0.35 * low
      return (startsAtZero ? 0 : low - room * span)...(endsAtZero ? 0 : high + room * span)
    }
  }
}
