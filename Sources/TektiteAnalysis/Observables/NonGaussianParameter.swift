import TektiteCore
import TektiteDynamics

/// α₂(t) = d⟨Δr⁴⟩ / ((d + 2)⟨Δr²⟩²) − 1 in d dimensions (Rahman 1964, doi:10.1103/PhysRev.136.A405): 0 for displacements that are Gaussian.
struct NonGaussianParameter: DisplacementAverage {
  let file: String
  let choice: GroupChoice
  /// Quantities: ⟨Δr²⟩ of each curve, then ⟨Δr⁴⟩, then α₂ of each origin on its own, from whose scatter errors come.
  var means: LagMeans

  /// The number of dimensions in which atoms move.
  let dimensions: Int

  init(file: String, choice: GroupChoice, lags: Int, dimensions: Int = 3) {
    self.dimensions = dimensions
    self.file = file
    self.choice = choice
    means = LagMeans(lags: lags, quantities: 3 * choice.count)
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    let moments = choice.groups.map { DisplacementSums.moments(from: origin.positions, to: later.positions, $0) }
    add([moments.map(\.square), moments.map(\.fourth)], lag: lag)
  }

  var displacementSums: [DisplacementSum] { [.square, .fourth] }

  mutating func add(_ sums: [[Double]], lag: Int) {
    let squares = choice.means(of: sums[0])
    let fourths = choice.means(of: sums[1])
    means.add(squares, lag: lag)
    means.add(fourths, lag: lag, first: choice.count)
    means.add(zip(squares, fourths).map(ratio), lag: lag, first: 2 * choice.count)
  }

  private func ratio(_ square: Double, _ fourth: Double) -> Double {
    square > 0 ? Double(dimensions) * fourth / (Double(dimensions + 2) * square * square) - 1 : 0
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let n = choice.count
    let curves = choice.labels.enumerated().map { k, label in
      ObservableTable.Curve(
        column: label, label: label, values: zip(means.values(k), means.values(n + k)).map(ratio),
        errors: means.errors(2 * n + k, setting))
    }
    var table = ObservableTable(
      kind: "non-gaussian-parameter", title: "Non-Gaussian parameter", file: file,
      definition:
        "\(dimensions == 2 ? "⟨Δr⁴⟩/(2⟨Δr²⟩²)" : "3⟨Δr⁴⟩/(5⟨Δr²⟩²)") − 1 with both averages over atoms and origins; one standard error from the scatter of single origins.",
      parameters: ["species": choice.words], x: setting.timeAxis, y: .init(column: "alpha2", label: "α₂(t)"),
      abscissas: setting.times, curves: curves, samples: means.samples)
    for curve in curves {
      guard let peak = curve.peak, table.abscissas[peak] > 0 else { continue }
      table.findings.append(
        .init(
          name: "t*_\(curve.label)", value: table.abscissas[peak],
          unit: setting.units == .lj ? "" : setting.units.timeName, definition: "the lag at which α₂ is largest"))
    }
    return [table]
  }
}
