import TektiteCore
import TektiteDynamics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// ⟨|r(t) − r(0)|²⟩, length², by species, and the diffusion coefficient where the motion has become diffusive.
struct MeanSquaredDisplacement: DisplacementAverage {
  let file: String
  let choice: GroupChoice
  /// The number of dimensions in which atoms move.
  let dimensions: Int
  var means: LagMeans

  init(file: String, choice: GroupChoice, lags: Int, dimensions: Int = 3) {
    self.dimensions = dimensions
    self.file = file
    self.choice = choice
    means = LagMeans(lags: lags, quantities: choice.count)
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    means.add(
      choice.means { DisplacementSums.moments(from: origin.positions, to: later.positions, $0).square }, lag: lag)
  }

  var displacementSums: [DisplacementSum] { [.square] }

  mutating func add(_ sums: [[Double]], lag: Int) { means.add(choice.means(of: sums[0]), lag: lag) }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    var table = ObservableTable(
      kind: "mean-squared-displacement", title: "Mean squared displacement", file: file,
      definition: "⟨|r(t) − r(0)|²⟩ over atoms and origins; one standard error from blocks of origins.",
      parameters: ["species": choice.words], x: setting.timeAxis,
      y: .init(column: "msd", label: "⟨Δr²⟩", unit: setting.length("²"), scale: .log), abscissas: setting.times,
      curves: choice.labels.enumerated().map { k, label in
        .init(column: label, label: label, values: means.values(k), errors: means.errors(k, setting))
      }, samples: means.samples)
    for curve in table.curves {
      if let finding = diffusion(curve, times: table.abscissas, setting) { table.findings.append(finding) }
    }
    return [table]
  }

  /// D = slope/2d in d dimensions over the last factor of four in time that has errors, where ln MSD rises with a slope of at least 0.9 in ln t.
  private func diffusion(
    _ curve: ObservableTable.Curve, times: [Double], _ setting: TableSetting
  ) -> ObservableTable.Finding? {
    let sound = times.indices.filter { curve.errors[$0].isFinite && curve.values[$0] > 0 && times[$0] > 0 }
    guard let last = sound.last else { return nil }
    let window = sound.filter { times[$0] >= times[last] / 4 }
    guard window.count >= 3, let first = window.first else { return nil }
    let steepness = log(curve.values[last] / curve.values[first]) / log(times[last] / times[first])
    guard steepness >= 0.9 else { return nil }
    let slope = (curve.values[last] - curve.values[first]) / (times[last] - times[first])
    // The two ends share origins; the later one's error dominates by far.
    let error = curve.errors[last] / (times[last] - times[first])
    return ObservableTable.Finding(
      name: "D_\(curve.label)", value: slope / Double(2 * dimensions), error: error / Double(2 * dimensions),
      unit: setting.units == .lj ? "" : "\(setting.units.lengthName)²/\(setting.units.timeName)",
      definition:
        "diffusion coefficient, a \(dimensions == 2 ? "quarter" : "sixth") of the slope between t = \(brief(times[first])) and \(brief(times[last])), "
        + "where ⟨Δr²⟩ grows as t^\(brief(steepness))")
  }
}
