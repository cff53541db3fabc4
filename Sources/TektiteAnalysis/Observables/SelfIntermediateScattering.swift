import TektiteCore
import TektiteDynamics

/// F_s(k, t) = ⟨exp(i k·(r(t) − r(0)))⟩, averaged over all directions of k: ⟨sin(kΔr)/(kΔr)⟩, in a plane ⟨J₀(kΔr)⟩. One curve for each wave number and species, and for
/// each the time at which it has fallen to 1/e.
struct SelfIntermediateScattering: DisplacementAverage {
  let file: String
  let choice: GroupChoice
  let waveNumbers: [Double]
  let fit: FitWindow
  /// The number of dimensions in which atoms move.
  let dimensions: Int
  var means: LagMeans

  init(
    file: String, choice: GroupChoice, waveNumbers: [Double], fit: FitWindow = .automatic, lags: Int,
    dimensions: Int = 3
  ) {
    self.fit = fit
    self.dimensions = dimensions
    self.file = file
    self.choice = choice
    self.waveNumbers = waveNumbers
    means = LagMeans(lags: lags, quantities: choice.count * waveNumbers.count)
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    for (index, k) in waveNumbers.enumerated() {
      means.add(
        choice.means {
          dimensions == 2
            ? DisplacementSums.planar(k, from: origin.positions, to: later.positions, $0)
            : DisplacementSums.isotropic(k, from: origin.positions, to: later.positions, $0)
        }, lag: lag, first: index * choice.count)
    }
  }

  var displacementSums: [DisplacementSum] { dimensions == 2 ? [] : waveNumbers.map { .isotropic($0) } }

  mutating func add(_ sums: [[Double]], lag: Int) {
    for (index, sums) in sums.enumerated() {
      means.add(choice.means(of: sums), lag: lag, first: index * choice.count)
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    var curves: [ObservableTable.Curve] = []
    for (index, k) in waveNumbers.enumerated() {
      for (place, label) in choice.labels.enumerated() {
        let quantity = index * choice.count + place
        let isOnly = waveNumbers.count == 1
        curves.append(
          .init(
            column: isOnly ? label : "\(label)_k\(brief(k))", label: isOnly ? label : "\(label), k = \(brief(k))",
            values: means.values(quantity), errors: means.errors(quantity, setting)))
      }
    }
    let unit = setting.units == .lj ? "" : " 1/\(setting.units.lengthName)"
    var table = ObservableTable(
      kind: "self-intermediate-scattering", title: "Self-intermediate scattering function", file: file,
      definition: (dimensions == 2 ? "⟨J₀(kΔr)⟩" : "⟨sin(kΔr)/(kΔr)⟩")
        + " over atoms and origins, the average of exp(i k·Δr) over all directions of k; one standard error from blocks of origins.",
      parameters: ["k": waveNumbers.map(brief).joined(separator: ", ") + unit, "species": choice.words],
      x: setting.timeAxis, y: .init(column: "F_s", label: "F_s(k, t)"), abscissas: setting.times, curves: curves,
      samples: means.samples)
    for curve in curves {
      if let finding = DecayTime.find(curve, times: table.abscissas, setting, name: "F_s") {
        table.findings.append(finding)
      }
    }
    RelaxationFit.add(to: &table, window: fit)
    return [table]
  }
}
