import TektiteCore
import TektiteDynamics

/// S₄(q, t) = N⟨|Q_q|²⟩ with Q_q = (1/N) Σ θ(a − Δr_i) exp(i q·r_i(0)): where atoms that have not moved are, and over what distance ξ₄ these places
/// go together (Lačević et al. 2003, doi:10.1063/1.1605094). Vectors fit the cell and are not 0.
struct FourPointStructureFactor: PairObservable {
  let file: String
  let choice: GroupChoice
  let distance: Double
  let shells: [StructureFactor.Shell]
  let fit: FitWindow
  private let vectors: [SIMD3<Int32>]
  private let packs: Int
  /// Quantities: the shells of the first curve, then of the next.
  var means: LagMeans

  init(
    file: String, packing: Packing, choice: GroupChoice, distance: Double, shells: [StructureFactor.Shell],
    fit: FitWindow,
    lags: Int
  ) {
    self.file = file
    self.choice = choice
    self.distance = distance
    self.shells = shells
    self.fit = fit
    vectors = shells.flatMap(\.vectors)
    packs = packing.packs
    means = LagMeans(lags: lags, quantities: choice.count * shells.count)
  }

  var needsCell: Bool { true }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    let fractions = origin.positions.fractions(of: origin.cell)
    var weights = [SIMD4<Double>](repeating: .zero, count: packs)
    for group in choice.groups {
      DisplacementSums.stayed(distance, from: origin.positions, to: later.positions, group, into: &weights)
    }
    let modes = choice.groups.map { DensityModes.sums(of: $0, fractions, vectors, weights: weights) }
    let atoms = choice.atoms
    let isMixture = choice.includesAll && choice.groups.count > 1
    var index = 0
    for (place, shell) in shells.enumerated() {
      var values = [Double](repeating: 0, count: choice.count)
      for _ in shell.vectors {
        var curve = 0
        if isMixture {
          let sum = modes.reduce(SIMD2<Double>.zero) { $0 + $1[index] }
          values[0] += (sum.x * sum.x + sum.y * sum.y) / Double(atoms[0])
          curve = 1
        }
        for mode in modes {
          let m = mode[index]
          values[curve] += (m.x * m.x + m.y * m.y) / Double(atoms[curve])
          curve += 1
        }
        index += 1
      }
      for (curve, value) in values.enumerated() {
        means.add([value / Double(shell.vectors.count)], lag: lag, first: curve * shells.count + place)
      }
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let unit = setting.units == .lj ? "" : "1/\(setting.units.lengthName)"
    var curves: [ObservableTable.Curve] = []
    for lag in setting.lags.indices {
      for (place, label) in choice.labels.enumerated() {
        let means = self.means.means[lag][place * shells.count..<(place + 1) * shells.count]
        curves.append(
          .init(
            column: "\(label)_\(setting.column(lag))",
            label: choice.count == 1 ? setting.label(lag) : "\(label), \(setting.label(lag))",
            values: means.map(\.mean), errors: means.map { $0.error(span: setting.overlaps[lag]) }))
      }
    }
    var table = ObservableTable(
      kind: "four-point-structure-factor", title: "Four-point structure factor", file: file,
      definition:
        "N⟨|Q_q|²⟩ with Q_q = (1/N) Σ θ(\(brief(distance)) − Δr_i) exp(i q·r_i(0)) over vectors that fit the cell, at most "
        + "\(shells.map(\.vectors.count).max() ?? 0) of each length, and origins; one standard error from blocks of origins.",
      parameters: [
        "distance": brief(distance) + (setting.units == .lj ? "" : " " + setting.units.lengthName),
        "ensemble": setting.ensemble.isEmpty ? "the ensemble of the run" : setting.ensemble, "species": choice.words,
        "pairs of frames": means.samples.map(String.init).joined(separator: ", "),
      ], x: .init(column: "q", label: "q", unit: unit, scale: .log),
      y: .init(column: "S4", label: "S_4(q, t)", scale: .log),
      abscissas: shells.map(\.length), curves: curves,
      samples: [Int](repeating: means.samples.min() ?? 0, count: shells.count))
    addFits(to: &table)
    return [table]
  }

  /// The correlation length of each curve, from χ₄/(1 + (qξ)²) at small q: up to three times the smallest where nothing else is said.
  private func addFits(to table: inout ObservableTable) {
    let window: ClosedRange<Double>
    switch fit {
    case .none: return
    case .between(let first, let last): window = first...last
    case .automatic:
      guard let smallest = table.abscissas.first else { return }
      window = smallest...3 * smallest
    }
    var fits: [CurveFit] = []
    for curve in table.curves where curve.values.contains(where: \.isFinite) {
      var points = CurveFit.Points(x: table.abscissas, y: curve.values, errors: curve.errors)
      points.units = (table.x.unit, "")
      do throws(FitError) {
        fits.append(try CurveFit(.ornsteinZernike, points, curve: curve.column, window: window))
      } catch {
        if fit != .automatic { table.notes.append("No fit: \(error.message).") }
      }
    }
    if !fits.isEmpty { table.fits = fits }
    table.notes.append(
      "Values at the smallest q lack fluctuations that the ensemble holds back, and a system smaller than some ten correlation lengths bends the curve."
    )
  }
}
