import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Over which abscissas an observable is fitted.
public enum FitWindow: Hashable, Sendable {
  /// Where the observable itself says.
  case automatic
  /// From one abscissa to another, in the unit of the table.
  case between(Double, Double)
  /// Not at all.
  case none
}

/// Stretched exponentials for the slow part of relaxation functions.
enum RelaxationFit {
  /// The part of a fall by which it has left its plateau, and the least value that says something.
  private static let departure = 0.95
  private static let leastValue = 0.02
  /// What a curve without a plateau has to fall below.
  private static let shoulder = 0.7

  /// The slow decay: from where the curve has fallen 5 % below its flattest stretch after the fast decay (flat in ln t), or below 0.7 where it has
  /// none, to where it vanishes, below 0.02 or two of its errors. Nil where the curve does not come that far.
  static func slowPart(_ curve: ObservableTable.Curve, times: [Double]) -> ClosedRange<Double>? {
    let known = times.indices.filter { times[$0] > 0 && curve.values[$0].isFinite }
    func isGone(_ i: Int) -> Bool {
      let error = curve.errors.indices.contains(i) && curve.errors[i].isFinite ? curve.errors[i] : 0
      return curve.values[i] < max(leastValue, 2 * error)
    }
    let alive = Array(known.prefix { !isGone($0) })
    guard alive.count >= 5 else { return nil }
    // Slopes against ln t over five points, since neighbours share what noise they have but not all.
    let slopes = alive.indices.map { k -> Double in
      let (i, j) = (alive[max(0, k - 2)], alive[min(alive.count - 1, k + 2)])
      return (curve.values[i] - curve.values[j]) / log(times[j] / times[i])
    }
    // The slow decay is steepest somewhere below 0.7; walking back from there, slopes fall towards the plateau and rise again before it.
    guard
      let steepest = alive.indices.filter({ curve.values[alive[$0]] < shoulder }).max(by: { slopes[$0] < slopes[$1] })
    else { return nil }
    var flattest = steepest
    var isPast = false
    for k in stride(from: steepest, through: 0, by: -1) where !isPast {
      if slopes[k] < slopes[flattest] { flattest = k }
      // A clear rise: this is the fast decay already.
      isPast = slopes[k] > 1.05 * slopes[flattest] && flattest < steepest
    }
    let (start, level) = isPast ? (flattest, departure * curve.values[alive[flattest]]) : (0, shoulder)
    guard let first = alive.indices.first(where: { $0 >= start && curve.values[alive[$0]] <= level }) else {
      return nil
    }
    return times[alive[first]]...times[alive[alive.count - 1]]
  }

  /// Fits every curve of a table; what cannot be fitted is noted where a window was asked for.
  static func add(to table: inout ObservableTable, window: FitWindow) {
    if window == .none { return }
    var fits: [CurveFit] = []
    for curve in table.curves where curve.isDrawn {
      let range: ClosedRange<Double>
      switch window {
      case .between(let first, let last): range = first...last
      default:
        guard let found = slowPart(curve, times: table.abscissas) else { continue }
        range = found
      }
      var points = CurveFit.Points(x: table.abscissas, y: curve.values, errors: curve.errors)
      points.units = (table.x.unit, table.y.unit)
      do throws(FitError) {
        fits.append(try CurveFit(.kww, points, curve: curve.column, window: range))
      } catch {
        if window != .automatic { table.notes.append("No fit: \(error.message).") }
      }
    }
    if !fits.isEmpty { table.fits = fits }
  }
}
