import Testing

@testable import TektiteAnalysis

@Suite("Plots")
struct PlotTests {
  private static func table(
    x: [Double], _ curves: [[Double]], errors: [Double] = [], _ xScale: ObservableTable.Scale = .linear,
    _ yScale: ObservableTable.Scale = .linear
  ) -> ObservableTable {
    ObservableTable(
      kind: "test", title: "A & B", file: "a.csv", definition: "", x: .init(column: "t", label: "t", scale: xScale),
      y: .init(column: "y", label: "y_<", scale: yScale), abscissas: x,
      curves: curves.enumerated().map { .init(column: "c\($0)", label: "curve \($0)", values: $1, errors: errors) },
      samples: x.map { _ in 1 })
  }

  @Test("A plot is well-formed, by itself and in a page, with a marker and a hint for each point")
  func wellFormed() {
    let plot = Plot(Self.table(x: [1, 2, 3], [[1, 2, 4], [3, 2, .nan]], errors: [0.1, .nan, 0.2]))
    for text in [plot.svg(), plot.inline] {
      let reader = MarkupReader(text)
      #expect(reader.complaint == nil, "\(reader.complaint ?? "")")
      #expect(reader.elements.first?.name == "svg")
      // Three and two points, and two markers of the legend at most.
      let markers = reader.count(class: "mark")
      #expect(markers >= 5 && markers <= 7)
      #expect(reader.text.contains("curve 0: t = 2, y< = 2") && reader.text.contains("4.00 ± 0.20"))
    }
    #expect(plot.svg().hasPrefix("<svg xmlns=") && !plot.inline.contains("xmlns"))
    #expect(!plot.svg().contains("var("))
  }

  @Test("Logarithmic axes leave out what is not positive")
  func logarithmic() {
    let table = Self.table(x: [0, -1, 1, 10, 100, 1000], [[5, 5, 0, -3, 7, 9]], .log, .log)
    let plot = Plot(table)
    #expect(MarkupReader(plot.inline).count(class: "mark") == 2 + 0)
    #expect(!plot.isEmpty)
    #expect(Plot(Self.table(x: [0, 1], [[1, 0]], .log, .log)).isEmpty)
    #expect(Plot(Self.table(x: [0, 1], [[1, 0]])).isEmpty == false)
  }

  @Test("A line keeps its peaks however many points it has, and breaks where a number is missing")
  func thinned() {
    var points: [PlotPoint] = []
    for index in 0..<200_000 { points.append(PlotPoint(x: Double(index) * 0.002, y: index == 77_777 ? -9 : 1)) }
    let thinned = PlotFrame.thinned(points)
    #expect(thinned.count < 2000 && thinned.contains(points[77_777]))
    #expect(thinned.first == points.first && thinned.last == points.last)
    let gap = Plot(Self.table(x: (0..<100).map(Double.init), [(0..<100).map { $0 == 50 ? .nan : 1.5 * Double($0) }]))
    let frame = PlotFrame(gap)
    #expect(frame.drawing(gap.curves[0]).split(separator: "M").count == 3)
  }

  @Test("Bars that reach below zero stay on a logarithmic axis' rim, and no coordinate is anything but a number")
  func bars() {
    let plot = Plot(Self.table(x: [1, 2], [[1, 10]], errors: [2, .infinity], .log, .log))
    let text = plot.inline
    #expect(MarkupReader(text).count(class: "bar") == 1)
    #expect(!text.contains("nan") && !text.contains("inf"))
    // The bar of a lonely point is within the axis; one that dwarfs all others is cut off.
    let lonely = PlotFrame(Plot(Self.table(x: [1], [[3]], errors: [0.5]))).vertical.range
    #expect(lonely.lowerBound <= 2.5 && lonely.upperBound >= 3.5)
    let dwarfed = PlotFrame(Plot(Self.table(x: [1, 2, 3], [[1, 2, 3]], errors: [0.1, 0.1, 50]))).vertical.range
    #expect(dwarfed.upperBound < 4)
  }

  @Test("Nothing traps and all stays well-formed, whatever the numbers are")
  func extremes() {
    let nasty: [Double] = [
      0, -0.0, 1, 1 + 0x1p-52, -1, 1e308, -1e308, 0x1p-1074, 1e-300, 1e16, 1e16 + 2, .nan, .infinity, -.infinity, 0.1,
    ]
    for scale in [ObservableTable.Scale.linear, .log] {
      for (index, first) in nasty.enumerated() {
        for second in nasty[index...] {
          let plot = Plot(
            Self.table(
              x: [first, second, 1], [[second, first, second], [1, 1, 1]], errors: [first, second, 1], scale, scale))
          let text = plot.inline
          let reader = MarkupReader(text)
          #expect(reader.complaint == nil, "\(first) \(second): \(reader.complaint ?? "")")
        }
      }
    }
    for plot in [
      Plot(Self.table(x: [], [])), Plot(Self.table(x: [1, 2], [])),
      Plot(Self.table(x: [1, 2, 3], [[1], [], [1, 2, 3, 4]])),
      Plot(Self.table(x: [1], [[1]], errors: [1, 2, 3])),
      Plot(Self.table(x: [1, 2], (0..<40).map { [Double($0), 1] })),
    ] {
      #expect(MarkupReader(plot.svg()).complaint == nil)
    }
  }

  @Test("Names stand beside the ends of curves where there is room, else above")
  func legend() {
    func lines(_ ends: [Double], labels: [String]? = nil) -> String {
      var table = Self.table(x: [1, 2, 3], ends.map { [1, 1, $0] })
      if let labels { for (index, label) in labels.enumerated() { table.curves[index].label = label } }
      return Plot(table).inline
    }
    #expect(MarkupReader(lines([1, 5, 9], labels: ["A", "B", "C"])).count(class: "name") == 3)
    #expect(MarkupReader(lines([1, 1.01, 9], labels: ["A", "B", "C"])).count(class: "name") == 0)
    #expect(MarkupReader(lines([1, 9], labels: ["A", "a name of more than a few words"])).count(class: "name") == 0)
    #expect(lines([1, 1.01], labels: ["k = 1", "k = 2"]).contains("<tspan font-style=\"italic\">k</tspan> = 2"))
  }
}
