import TektiteCore
import TektiteDynamics

/// F_ab(k, t) = ⟨ρ_a(k, t) ρ_b(−k, 0)⟩ / √(N_a N_b) on vectors that fit the cell, with its start, S_ab(k), beside it: the collective motion of density.
struct IntermediateScattering: PairObservable {
  /// The vectors of one wave number.
  struct Shell: Hashable, Sendable {
    /// The mean of their lengths.
    var length: Double
    /// As multiples of the reciprocal cell's rows.
    var vectors: [SIMD3<Int32>]
  }

  let file: String
  let packing: Packing
  let shells: [Shell]
  let fit: FitWindow
  /// Quantities: each pair, and all, of the first shell, then of the next.
  var means: LagMeans
  private let vectors: [SIMD3<Int32>]
  private let pairs: [(Int, Int)]
  private let labels: [String]

  /// - Parameters:
  ///   - width: of the range of lengths about each wave number.
  ///   - most: the most vectors of each wave number.
  init(
    file: String, packing: Packing, cell: Cell, waveNumbers: [Double], width: Double, most: Int, fit: FitWindow,
    lags: Int
  ) {
    self.file = file
    self.packing = packing
    self.fit = fit
    shells = waveNumbers.map {
      let found = DensityModes.vectors(cell, near: $0, width: width, most: most)
      return Shell(length: found.mean, vectors: found.vectors)
    }
    vectors = shells.flatMap(\.vectors)
    pairs = packing.pairs
    labels = packing.pairLabels
    means = LagMeans(lags: lags, quantities: shells.count * packing.pairLabels.count)
  }

  var needsCell: Bool { true }

  func prepare(_ frame: inout PackedFrame, isOrigin: Bool) {
    let fractions = frame.positions.fractions(of: frame.cell)
    frame.prepared[file] = .modes(packing.groups.map { DensityModes.sums(of: $0, fractions, vectors) })
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    guard case .modes(let before) = origin.prepared[file], case .modes(let after) = later.prepared[file] else { return }
    var index = 0
    for (place, shell) in shells.enumerated() {
      var values = [Double](repeating: 0, count: labels.count)
      for _ in shell.vectors {
        for (k, pair) in pairs.enumerated() {
          let norm = (Double(packing.groups[pair.0].count) * Double(packing.groups[pair.1].count)).squareRoot()
          // Both orders of two species are the same on average; each alone is noisier.
          let one = Self.product(after[pair.0][index], before[pair.1][index])
          let two = pair.0 == pair.1 ? one : Self.product(after[pair.1][index], before[pair.0][index])
          values[k] += 0.5 * (one + two) / norm
        }
        if pairs.count > 1 {
          let (a, b) = (after.reduce(.zero) { $0 + $1[index] }, before.reduce(.zero) { $0 + $1[index] })
          values[pairs.count] += Self.product(a, b) / Double(packing.count)
        }
        index += 1
      }
      let count = Double(max(1, shell.vectors.count))
      means.add(values.map { $0 / count }, lag: lag, first: place * labels.count)
    }
  }

  /// The real part of a b*.
  private static func product(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double { a.x * b.x + a.y * b.y }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    var plain: [ObservableTable.Curve] = []
    var normalized: [ObservableTable.Curve] = []
    for (place, shell) in shells.enumerated() {
      for (k, label) in labels.enumerated() {
        let quantity = place * labels.count + k
        let isOnly = shells.count == 1
        let column = isOnly ? label : "\(label)_k\(brief(shell.length))"
        let name = isOnly ? label : "\(label), k = \(brief(shell.length))"
        let values = means.values(quantity)
        let errors = means.errors(quantity, setting)
        plain.append(.init(column: column, label: name, values: values, errors: errors, drawn: false))
        // The plan has the lag 0.
        let start = values.first ?? .nan
        normalized.append(
          .init(
            column: column + "_normalized", label: name, values: values.map { $0 / start },
            // What is nearly 0 from the start has no decay to be seen.
            errors: errors.map { $0 / abs(start) }, drawn: abs(start) < 0.05 ? false : nil))
      }
    }
    let unit = setting.units == .lj ? "" : " 1/\(setting.units.lengthName)"
    var table = ObservableTable(
      kind: "intermediate-scattering", title: "Intermediate scattering function", file: file,
      definition:
        "⟨ρ_a(k, t)ρ_b(−k, 0)⟩/√(N_a N_b) over the vectors that fit the cell and origins, 'all' ⟨ρ(k, t)ρ(−k, 0)⟩/N; "
        + "drawn, and in the columns that end in normalized, over its value at t = 0, S(k); one standard error from blocks of origins, "
        + "that of S(k) left out.",
      parameters: [
        "k": shells.map { brief($0.length) }.joined(separator: ", ") + unit,
        "vectors": shells.map { "\($0.vectors.count)" }.joined(separator: ", "),
      ], x: setting.timeAxis, y: .init(column: "F", label: "F(k, t)/S(k)"), abscissas: setting.times,
      curves: plain + normalized, samples: means.samples)
    for curve in normalized where curve.isDrawn {
      if let finding = DecayTime.find(curve, times: table.abscissas, setting, name: "F/S") {
        table.findings.append(finding)
      }
    }
    RelaxationFit.add(to: &table, window: fit)
    return [table]
  }
}
