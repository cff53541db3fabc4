import Foundation

extension Plot.Curve {
  /// Whether points are few enough for markers and bars; more are drawn as a line with a band.
  var hasMarkers: Bool { style == .measured && min(x.count, y.count) <= 80 }

  /// A fitted function over its window.
  init(_ fit: CurveFit, color: Int, along scale: ObservableTable.Scale) {
    let steps = 120
    let first = fit.window.first ?? .nan
    let last = fit.window.last ?? .nan
    let isLogarithmic = scale == .log && first > 0
    let x = (0...steps).map { step -> Double in
      let share = Double(step) / Double(steps)
      return isLogarithmic ? first * pow(last / first, share) : first + share * (last - first)
    }
    self.init(label: "", x: x, y: x.map(fit.value), style: .fit, color: color)
  }
}

extension PlotFrame {
  /// A curve with its errors, but without markers.
  func drawing(_ curve: Plot.Curve) -> String {
    var segments: [[PlotPoint]] = []
    var isOpen = false
    for (x, y) in zip(curve.x, curve.y) {
      guard let point = point(x, y) else {
        isOpen = false
        continue
      }
      if isOpen { segments[segments.count - 1].append(point) } else { segments.append([point]) }
      isOpen = true
    }
    let color = "c\(curve.color % PlotStyle.colors)"
    let dash = curve.color / PlotStyle.colors % 3
    let style = dash == 0 ? "" : dash == 1 ? " dashed" : " dotted"
    let hasMarkers = curve.hasMarkers
    var text = "<g class=\"\(color)\">"
    if !curve.errors.isEmpty { text += hasMarkers ? bars(curve) : bands(curve) }
    var path = ""
    for segment in segments {
      // A point between two gaps is a dot.
      let thinned = Self.thinned(segment)
      path += SVG.path(thinned)
      if thinned.count == 1, !hasMarkers { path += "h0.1" }
    }
    text +=
      "<path class=\"\(curve.style == .faint ? "faint" : curve.style == .fit ? "fit" : "line")\(style)\" d=\"\(path)\"/></g>"
    return text
  }

  /// A line with at most a few points for every place along the axis: the first, the lowest, the highest and the last, so that no peak is
  /// lost.
  static func thinned(_ points: [PlotPoint]) -> [PlotPoint] {
    guard points.count > 1500 else { return points }
    var result: [PlotPoint] = []
    var column: [PlotPoint] = []
    func close() {
      guard let low = column.indices.min(by: { column[$0].y < column[$1].y }),
        let high = column.indices.max(by: { column[$0].y < column[$1].y })
      else { return }
      for index in Set([0, low, high, column.count - 1]).sorted() { result.append(column[index]) }
      column.removeAll(keepingCapacity: true)
    }
    for point in points {
      if let first = column.first, abs(point.x - first.x) >= 1 { close() }
      column.append(point)
    }
    close()
    return result
  }

  private func bars(_ curve: Plot.Curve) -> String {
    var path = ""
    for (index, error) in curve.errors.enumerated() where index < min(curve.x.count, curve.y.count) {
      let y = curve.y[index]
      guard error.isFinite, error > 0, let point = point(curve.x[index], y) else { continue }
      path += "M\(SVG.number(point.x)) \(SVG.number(rim(y - error)))V\(SVG.number(rim(y + error)))"
    }
    return path.isEmpty ? "" : "<path class=\"bar\" d=\"\(path)\"/>"
  }

  private func bands(_ curve: Plot.Curve) -> String {
    var path = ""
    var upper: [PlotPoint] = []
    var lower: [PlotPoint] = []
    func close() {
      if upper.count > 1 {
        path += SVG.path(Self.thinned(upper))
        for point in Self.thinned(lower).reversed() { path += "L\(SVG.number(point.x)) \(SVG.number(point.y))" }
        path += "z"
      }
      upper = []
      lower = []
    }
    for (index, error) in curve.errors.enumerated() where index < min(curve.x.count, curve.y.count) {
      let y = curve.y[index]
      guard error.isFinite, error >= 0, let point = point(curve.x[index], y) else {
        close()
        continue
      }
      upper.append(PlotPoint(x: point.x, y: rim(y + error)))
      lower.append(PlotPoint(x: point.x, y: rim(y - error)))
    }
    close()
    return path.isEmpty ? "" : "<path class=\"band\" d=\"\(path)\"/>"
  }

  /// Markers, each with its numbers as a hint.
  func markers(_ curve: Plot.Curve) -> String {
    guard curve.hasMarkers else { return "" }
    var text = "<g class=\"c\(curve.color % PlotStyle.colors)\">"
    for (index, (x, y)) in zip(curve.x, curve.y).enumerated() {
      guard let point = point(x, y) else { continue }
      let error = curve.errors.indices.contains(index) ? curve.errors[index] : nil
      let hint = Symbols(
        "\(plot.x.label) = \(NumberText.plain(x)), \(plot.y.label) = \(NumberText.plain(y, error: error))")
      let name = curve.label.isEmpty ? "" : "\(curve.label): "
      text +=
        "<path class=\"mark\" d=\"\(SVG.marker(curve.color, at: point))\"><title>\(Markup.escaped(name + hint.plain))</title></path>"
    }
    return text + "</g>"
  }
}
