import Foundation

/// A plot of curves over a common axis, drawn as SVG: thin axes, ticks at round numbers, errors as bars or as bands.
///
/// ```swift
/// let text = Plot(table).svg()  // a file of its own
/// ```
public struct Plot: Sendable {
  /// How a curve is drawn.
  enum Style: Sendable {
    /// A line, with markers and bars where points are few, and a band where they are many.
    case measured
    /// A thin pale line of raw samples.
    case faint
    /// A line without errors.
    case line
    /// A function that was fitted.
    case fit
  }

  /// One curve.
  struct Curve: Sendable {
    var label: String
    var x: [Double]
    var y: [Double]
    /// One standard error of each; empty where there is none.
    var errors: [Double] = []
    var style = Style.measured
    /// Which colour and marker.
    var color = 0
    /// Whether it has a name in the legend.
    var isNamed: Bool { !label.isEmpty && style != .faint && style != .fit }
  }

  /// The heading, which is not drawn but read aloud.
  public var title: String
  var x: ObservableTable.Axis
  var y: ObservableTable.Axis
  var curves: [Curve]
  /// The size of the drawing without its margins at the top.
  var width = 460.0
  var height = 290.0
  /// The size of letters.
  var letters = 12.5

  /// The plot of a table. Curves whose numbers do not match the abscissas are drawn as far as both go.
  public init(_ table: ObservableTable) {
    title = table.title
    x = table.x
    y = table.y
    let drawn = table.curves.filter(\.isDrawn)
    curves = drawn.enumerated().map { index, curve in
      Curve(label: curve.label, x: table.abscissas, y: curve.values, errors: curve.errors, color: index)
    }
    for fit in table.fits ?? [] {
      guard let color = drawn.firstIndex(where: { $0.column == fit.curve }) else { continue }
      curves.append(Curve(fit, color: color, along: table.x.scale))
    }
  }

  init(title: String, x: ObservableTable.Axis, y: ObservableTable.Axis, curves: [Curve]) {
    self.title = title
    self.x = x
    self.y = y
    self.curves = curves
  }

  /// Whether anything can be drawn: a point with a place on both axes.
  public var isEmpty: Bool {
    !curves.contains { curve in
      zip(curve.x, curve.y).contains { PlotScale.hasPlace($0, x.scale) && PlotScale.hasPlace($1, y.scale) }
    }
  }

  /// The plot as a file of its own: light, with all that it needs.
  public func svg() -> String { drawing(standalone: true) }

  /// The plot within a page that holds `PlotStyle.page`.
  var inline: String { drawing(standalone: false) }

  private func drawing(standalone: Bool) -> String {
    let frame = PlotFrame(self)
    let box = "0 0 \(SVG.number(width)) \(SVG.number(frame.bottom + 40))"
    let label = Markup.escaped(title)
    var text =
      standalone
      ? "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"\(box)\" width=\"\(SVG.number(width * 1.5))\" class=\"plot\">"
        + "<title>\(label)</title><style>\(PlotStyle.file)</style>"
      : "<svg viewBox=\"\(box)\" role=\"img\" aria-label=\"\(label)\" class=\"plot\">"
    text += frame.axes
    // What is beyond the axes is cut off by a drawing within the drawing, which needs no names that could clash in a page.
    text +=
      "<svg x=\"\(SVG.number(frame.left))\" y=\"\(SVG.number(frame.top))\" width=\"\(SVG.number(frame.right - frame.left))\" "
      + "height=\"\(SVG.number(frame.bottom - frame.top))\" overflow=\"hidden\">"
    for curve in curves { text += frame.drawing(curve) }
    text += "</svg><g transform=\"translate(\(SVG.number(frame.left)) \(SVG.number(frame.top)))\">"
    for curve in curves { text += frame.markers(curve) }
    text += "</g>" + frame.labels + "</svg>"
    return text
  }
}
