import TektiteCore
import TektiteDynamics

/// Correlations of predictions with what they predict, per configuration and pooled, and their tables.
///
/// Pooled scores also reward telling which configuration is fast, so they can be higher without any better idea of which atom is: both are always shown.
struct PredictionScores {
  let times: [Double]
  let configurations: Int
  private var rows: [Row] = []
  private var atoms = 0

  private struct Row {
    var column: String
    var label: String
    var mean: [Double]
    var errors: [Double]
    var pooled: [Double]
  }
  private var ceilings: [ObservableTable.Curve] = []
  private var penalties: [ObservableTable.Curve] = []

  init(times: [Double], configurations: Int) {
    self.times = times
    self.configurations = configurations
  }

  /// Scores one predictor of one species: `[configuration][time][atom]`.
  mutating func add(_ name: String, _ species: String, _ predicted: [[[Double]]], _ truth: [[[Double]]]) {
    var row = Row(
      column: "\(name)_\(species)", label: "\(Self.words(name)), \(species)", mean: [], errors: [], pooled: [])
    for time in times.indices {
      let scores = zip(predicted, truth).map { pearson($0[time], $1[time]) }
      let n = Double(scores.count)
      let mean = scores.reduce(0, +) / n
      row.mean.append(mean)
      let scatter = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      row.errors.append(scores.count > 1 ? (scatter / (n - 1) / n).squareRoot() : .nan)
      row.pooled.append(pearson(predicted.flatMap { $0[time] }, truth.flatMap { $0[time] }))
    }
    rows.append(row)
  }

  /// Adds what the best possible prediction of a species reaches, for each configuration, and the penalties that were chosen, by time and fold.
  mutating func addCeiling(_ species: String, _ values: [[Double]], penalties chosen: [[Double]], atoms count: Int) {
    atoms += count
    if !values.isEmpty {
      let mean = times.indices.map { time in values.reduce(0) { $0 + $1[time] } / Double(values.count) }
      ceilings.append(.init(column: "ceiling_\(species)", label: "best possible, \(species)", values: mean))
    }
    // The middle one of the folds.
    let medians = chosen.map { $0.sorted()[$0.count / 2] }
    penalties.append(.init(column: "penalty_\(species)", label: species, values: medians))
  }

  private static func words(_ name: String) -> String {
    switch name {
    case "ridge": "ridge regression"
    case "averaged_energy": "averaged inherent energy"
    case "energy": "inherent energy"
    case "distance": "distance to inherent structure"
    default: "local density"
    }
  }

  func tables(
    units: Units, folding: PropensityPrediction.Folding, foldCount: Int, features: Int,
    positions: PropensityPrediction.Positions
  ) -> [ObservableTable] {
    let held: String
    switch folding {
    case .atoms:
      held = "Each atom is predicted by a model that learned from those of other folds, which were drawn at random"
    case .slabs: held = "The atoms of each slab of the cell are predicted by a model that learned from the others"
    case .configurations: held = "Each configuration is predicted by a model that learned from others"
    }
    let parameters = [
      "folds": "\(foldCount), by \(folding.rawValue)", "features": "\(features)", "positions": positions.rawValue,
      "configurations": "\(configurations)",
    ]
    let time = ObservableTable.Axis(column: "time", label: "t", unit: units == .lj ? "" : "fs", scale: .log)
    let score = ObservableTable.Axis(column: "correlation", label: "r")
    func table(
      _ kind: String, _ title: String, _ file: String, _ definition: String, _ y: ObservableTable.Axis,
      _ curves: [ObservableTable.Curve]
    ) -> ObservableTable {
      ObservableTable(
        kind: kind, title: title, file: file, definition: definition, parameters: parameters, x: time, y: y,
        abscissas: times, curves: curves, samples: [Int](repeating: atoms, count: times.count))
    }
    var scored = table(
      "propensity-prediction", "Prediction of propensity, per configuration", "prediction.csv",
      "Pearson's correlation between predicted and true propensities over the atoms of a configuration, averaged over configurations. \(held); the penalty is chosen without it, too. "
        + "Single numbers of an atom are not learned from anything.",
      score,
      rows.map {
        .init(column: $0.column, label: $0.label, values: $0.mean, errors: configurations > 1 ? $0.errors : [])
      } + ceilings)
    if folding == .atoms {
      scored.notes.append(
        "Atoms were held out at random: neighbours of an atom, which share its surroundings and much of its motion, were among those learned from. Hold out slabs or configurations to see what that is worth."
      )
    }
    let pooled = table(
      "propensity-prediction-pooled", "Prediction of propensity, pooled", "prediction-pooled.csv",
      "The same correlation over the atoms of all configurations together, which also rewards telling which configuration is fast.",
      score,
      rows.map { .init(column: $0.column, label: $0.label, values: $0.pooled) })
    let chosen = table(
      "ridge-penalty", "Penalties that were chosen", "prediction-penalty.csv",
      "The penalty α of ridge regression with standardised features, the median over folds.",
      .init(column: "penalty", label: "α", scale: .log), penalties)
    return [scored, pooled, chosen]
  }
}
