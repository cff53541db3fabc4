import Foundation

/// A plot laid out: where its axes, ticks and labels are.
struct PlotFrame {
  let plot: Plot
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double
  let horizontal: PlotScale
  let vertical: PlotScale
  private let xTicks: Ticks
  private let yTicks: Ticks
  private let legend: PlotLegend

  init(_ plot: Plot) {
    self.plot = plot
    let size = plot.letters
    let xRange =
      PlotScale.range(of: plot.curves.lazy.flatMap(Self.abscissas(plot)), plot.x.scale, room: 0.02, zero: true)
      ?? Self.fallback(plot.x.scale)
    let yRange =
      PlotScale.range(of: plot.curves.lazy.flatMap(Self.ordinates(plot)), plot.y.scale, room: 0.05, zero: true)
      ?? Self.fallback(plot.y.scale)
    let rows = Int(max(2, min(7, plot.height / 45)))
    yTicks = plot.y.scale == .log ? .logarithmic(yRange, wanted: rows) : .linear(yRange, wanted: rows)
    left = 12 + size * max(1, yTicks.major.map { Symbols($0.label, variables: false).width }.max() ?? 1)
    let title = 3 + Self.title(plot.y, yTicks).width * size
    legend = PlotLegend(plot, xRange: xRange, yRange: yRange, start: max(left, title + 18))
    right = plot.width - legend.margin
    top = size + PlotLegend.gap + legend.height
    bottom = top + plot.height - 70
    let columns = Int(max(2, min(8, (right - left) / 55)))
    xTicks = plot.x.scale == .log ? .logarithmic(xRange, wanted: columns) : .linear(xRange, wanted: columns)
    horizontal = PlotScale(kind: plot.x.scale, range: xRange, ends: (left, right))
    vertical = PlotScale(kind: plot.y.scale, range: yRange, ends: (bottom, top))
  }

  private static func fallback(_ kind: ObservableTable.Scale) -> ClosedRange<Double> { kind == .log ? 1...10 : 0...1 }

  /// The abscissas of points that can be drawn.
  private static func abscissas(_ plot: Plot) -> (Plot.Curve) -> [Double] {
    { curve in zip(curve.x, curve.y).filter { PlotScale.hasPlace($1, plot.y.scale) }.map(\.0) }
  }

  /// The ordinates of points that can be drawn, and the ends of their bars where these do not dwarf them.
  private static func ordinates(_ plot: Plot) -> (Plot.Curve) -> [Double] {
    { curve in
      let drawn = zip(curve.x, curve.y).filter {
        PlotScale.hasPlace($0, plot.x.scale) && PlotScale.hasPlace($1, plot.y.scale)
      }.map(\.1)
      guard let low = drawn.min(), let high = drawn.max() else { return [] }
      var values = drawn
      let errors = curve.errors.filter { $0.isFinite }.sorted()
      let usual = errors.isEmpty ? 0 : errors[errors.count / 2]
      let longest = max(0.5 * (high - low), 3 * usual)
      for (y, error) in zip(curve.y, curve.errors) where y.isFinite && error.isFinite {
        if plot.y.scale == .log {
          if y > 0, error < 0.7 * y { values += [y - error, y + error] }
        } else if error < longest {
          // What cannot be negative should not look as if it could.
          values += [low >= 0 ? max(0, y - error) : y - error, y + error]
        }
      }
      return values
    }
  }

  /// The point of a pair of values; nil where it has no place.
  func point(_ x: Double, _ y: Double) -> PlotPoint? {
    guard let right = horizontal.place(x), let down = vertical.place(y) else { return nil }
    return PlotPoint(x: right - left, y: down - top)
  }

  /// A place below or above all that is seen, for the ends of bars that have no place of their own.
  func rim(_ y: Double) -> Double { (vertical.place(y) ?? bottom + 50) - top }

  /// Axes, ticks and their labels.
  var axes: String {
    let size = plot.letters
    var text = ""
    var ticks = ""
    for value in xTicks.minor {
      if let x = horizontal.place(value) { ticks += "M\(SVG.number(x)) \(SVG.number(bottom))v3" }
    }
    for value in yTicks.minor {
      if let y = vertical.place(value) { ticks += "M\(SVG.number(left)) \(SVG.number(y))h-3" }
    }
    var lastEnd = -Double.infinity
    for tick in xTicks.major {
      guard let x = horizontal.place(tick.value) else { continue }
      ticks += "M\(SVG.number(x)) \(SVG.number(bottom))v5.5"
      let label = Symbols(tick.label, variables: false)
      let half = label.width * size / 2
      if x - half < lastEnd + 4 { continue }
      lastEnd = x + half
      text += SVG.text(label, x: x, y: bottom + 7 + size, size: size, anchor: "middle", class: "tick")
    }
    for tick in yTicks.major {
      guard let y = vertical.place(tick.value) else { continue }
      ticks += "M\(SVG.number(left)) \(SVG.number(y))h-5.5"
      text += SVG.text(
        Symbols(tick.label, variables: false), x: left - 8, y: y + 0.35 * size, size: size, anchor: "end",
        class: "tick")
    }
    if plot.y.scale == .linear, vertical.range.lowerBound < 0, vertical.range.upperBound > 0,
      let zero = vertical.place(0)
    {
      text += "<path class=\"zero\" d=\"M\(SVG.number(left)) \(SVG.number(zero))H\(SVG.number(right))\"/>"
    }
    let corner = "M\(SVG.number(left)) \(SVG.number(top))V\(SVG.number(bottom))H\(SVG.number(right))"
    return "<path class=\"axis\" d=\"\(corner)\(ticks)\"/>" + text
  }

  /// What stands at the axes, and the names of the curves.
  var labels: String {
    let size = plot.letters
    let down = SVG.text(
      Self.title(plot.x, xTicks), x: (left + right) / 2, y: bottom + 12 + 2.1 * size, size: size, anchor: "middle",
      class: "title")
    let up = SVG.text(Self.title(plot.y, yTicks), x: 3, y: size, size: size, class: "title")
    return down + up + legend.drawing(in: self)
  }

  /// The name of an axis with its unit, and the power of ten that its labels lack.
  private static func title(_ axis: ObservableTable.Axis, _ ticks: Ticks) -> Symbols {
    let unit = UnitText.symbol(axis.unit)
    guard ticks.exponent != 0 else { return Symbols(axis.label, unit: unit) }
    let factor = "10^{\(NumberText.minus("\(ticks.exponent)"))}"
    return Symbols(axis.label, unit: unit.isEmpty ? factor : "\(factor) \(unit)")
  }
}
