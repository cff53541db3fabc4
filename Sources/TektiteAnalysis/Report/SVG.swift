/// Pieces of drawings.
enum SVG {
  /// A coordinate to a tenth. Anything that is not finite or far outside is drawn at the rim, so that no reader stumbles over it.
  static func number(_ value: Double) -> String {
    let tenths = value.isNaN ? 0 : Int((max(-1e6, min(1e6, value)) * 10).rounded())
    let (whole, tenth) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
    let sign = tenths < 0 ? "-" : ""
    return tenth == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(tenth)"
  }

  /// The path through points.
  static func path(_ points: [PlotPoint]) -> String {
    var text = ""
    for (index, point) in points.enumerated() {
      text += "\(index == 0 ? "M" : index == 1 ? "L" : " ")\(number(point.x)) \(number(point.y))"
    }
    return text
  }

  /// A text.
  static func text(
    _ symbols: Symbols, x: Double, y: Double, size: Double, anchor: String = "start", class name: String = ""
  ) -> String {
    let style = name.isEmpty ? "" : " class=\"\(name)\""
    let place = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    return
      "<text x=\"\(number(x))\" y=\"\(number(y))\" font-size=\"\(number(size))\"\(place)\(style)>\(symbols.svg(size: size))</text>"
  }

  /// The outline of a marker of about the size of a letter's dot.
  static func marker(_ index: Int, at point: PlotPoint) -> String {
    let start = "M\(number(point.x)) \(number(point.y))"
    switch index % 4 {
    case 0: return start + "m-2.6 0a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0 -5.2 0z"
    case 1: return start + "m-2.3 -2.3h4.6v4.6h-4.6z"
    case 2: return start + "m0 -3.4l3.1 5.4h-6.2z"
    default: return start + "m0 -3.3l3.3 3.3l-3.3 3.3l-3.3 -3.3z"
    }
  }
}

/// A place in a drawing: to the right and down.
struct PlotPoint: Hashable {
  var x: Double
  var y: Double
}
