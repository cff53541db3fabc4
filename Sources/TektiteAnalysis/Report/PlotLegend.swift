import Foundation

/// The names of curves: beside their ends where there is room, else in rows above the plot, of which the first stands beside the name of the
/// axis.
struct PlotLegend {
  private struct Entry {
    var symbols: Symbols
    var color: Int
    var hasMarkers: Bool
    var place: PlotPoint
  }

  /// The room between the name of the upward axis and the plot.
  static let gap = 16.0

  /// The room that names need to the right of the plot.
  let margin: Double
  /// The room that rows need above it.
  let height: Double
  private let isDirect: Bool
  private let entries: [Entry]
  private let size: Double

  /// Room for names beside the curves; longer ones go above.
  private static let widestDirect = 90.0
  private static let bare = 14.0

  init(_ plot: Plot, xRange: ClosedRange<Double>, yRange: ClosedRange<Double>, start: Double) {
    size = plot.letters
    let line = 1.25 * plot.letters
    let named = plot.curves.filter(\.isNamed)
    // A name that looks like a formula is set as one; that of a species is upright.
    let symbols = named.map { Symbols($0.label, variables: $0.label.contains("=")) }
    let direct = Self.direct(named, symbols, plot, xRange, yRange, line)
    if let direct {
      isDirect = true
      entries = direct
      height = 0
      margin = Self.bare + (symbols.map(\.width).max() ?? 0) * plot.letters
      return
    }
    isDirect = false
    margin = Self.bare
    var entries: [Entry] = []
    var place = PlotPoint(x: start, y: 0.66 * plot.letters)
    for (curve, symbols) in zip(named, symbols) {
      let width = 24 + symbols.width * plot.letters
      if place.x + width > plot.width - Self.bare, place.x > start {
        place = PlotPoint(x: start, y: place.y + line)
      }
      entries.append(Entry(symbols: symbols, color: curve.color, hasMarkers: curve.hasMarkers, place: place))
      place.x += width + 12
    }
    self.entries = entries
    height = place.y - 0.66 * plot.letters
  }

  /// Names beside the ends of their curves; nil where they are too long, too many, or would collide.
  private static func direct(
    _ named: [Plot.Curve], _ symbols: [Symbols], _ plot: Plot, _ xRange: ClosedRange<Double>,
    _ yRange: ClosedRange<Double>, _ line: Double
  ) -> [Entry]? {
    guard !named.isEmpty, named.count <= 6, symbols.allSatisfy({ $0.width * plot.letters <= widestDirect }) else {
      return nil
    }
    // The vertical extent is that without rows above.
    let top = plot.letters + gap
    let vertical = PlotScale(kind: plot.y.scale, range: yRange, ends: (top + plot.height - 70, top))
    let horizontal = PlotScale(kind: plot.x.scale, range: xRange, ends: (0, 1))
    var entries: [Entry] = []
    for (curve, symbols) in zip(named, symbols) {
      let ends = zip(curve.x, curve.y).compactMap { x, y in
        horizontal.place(x).flatMap { x in vertical.place(y).map { PlotPoint(x: x, y: $0) } }
      }
      // A curve that ends early would have its name far away.
      guard let end = ends.max(by: { $0.x < $1.x }), end.x > 0.9 else { return nil }
      entries.append(
        Entry(
          symbols: symbols, color: curve.color, hasMarkers: curve.hasMarkers, place: PlotPoint(x: 0, y: end.y)))
    }
    let heights = entries.map(\.place.y).sorted()
    guard zip(heights, heights.dropFirst()).allSatisfy({ $1 - $0 >= line }) else { return nil }
    return entries
  }

  /// The names.
  func drawing(in frame: PlotFrame) -> String {
    var text = ""
    for entry in entries {
      let color = "c\(entry.color % PlotStyle.colors)"
      if isDirect {
        text += SVG.text(
          entry.symbols, x: frame.right + 5, y: entry.place.y + 0.35 * size, size: size, class: "name \(color)")
        continue
      }
      let (x, y) = (entry.place.x, entry.place.y)
      let marker = entry.hasMarkers ? SVG.marker(entry.color, at: PlotPoint(x: x + 9, y: y)) : ""
      let dash = ["", " dashed", " dotted"][entry.color / PlotStyle.colors % 3]
      text +=
        "<g class=\"\(color)\"><path class=\"line\(dash)\" d=\"M\(SVG.number(x)) \(SVG.number(y))h18\"/>"
        + (marker.isEmpty ? "" : "<path class=\"mark\" d=\"\(marker)\"/>") + "</g>"
        + SVG.text(entry.symbols, x: x + 23, y: y + 0.35 * size, size: size, class: "title")
    }
    return text
  }
}
