import TektiteCore
import TektiteDynamics

/// ⟨v(t)·v(0)⟩ / ⟨v²⟩.
struct VelocityAutocorrelation: PairObservable {
  let file: String
  let choice: GroupChoice
  var means: LagMeans

  init(file: String, choice: GroupChoice, lags: Int) {
    self.file = file
    self.choice = choice
    means = LagMeans(lags: lags, quantities: choice.count)
  }

  var needsVelocities: Bool { true }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    means.add(choice.means { DisplacementSums.products(origin.velocities, later.velocities, $0) }, lag: lag)
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let curves = choice.labels.enumerated().map { k, label in
      let values = means.values(k)
      // The plan of velocities has the lag 0.
      let norm = values.first ?? .nan
      return ObservableTable.Curve(
        column: label, label: label, values: values.map { $0 / norm },
        errors: means.errors(k, setting).map { $0 / norm })
    }
    var axis = setting.timeAxis
    axis.scale = .linear
    return [
      ObservableTable(
        kind: "velocity-autocorrelation", title: "Velocity autocorrelation", file: file,
        definition:
          "⟨v(t)·v(0)⟩/⟨v²⟩ over atoms and origins; one standard error from blocks of origins, that of ⟨v²⟩ left out.",
        parameters: ["species": choice.words], x: axis, y: .init(column: "C_v", label: "C_v(t)"),
        abscissas: setting.times, curves: curves, samples: means.samples)
    ]
  }
}
