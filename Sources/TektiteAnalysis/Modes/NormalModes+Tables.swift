import TektiteCore
import TektiteDynamics

extension NormalModes {
  /// The density of states and participation ratios as tables, with what vouches for them.
  /// - Parameters:
  ///   - hessian: that of the structure, before masses came in.
  ///   - bins: of the density of states, over 0 to the highest frequency.
  public func report(of hessian: Hessian, units: Units, bins: Int) -> ObservableReport {
    let modes = vibrations
    let highest = modes.map(frequency).max() ?? 0
    // 1/time in internal units; in real ones angular frequencies are given in 1/fs.
    let scale = 1 / units.femtoseconds
    let axis = ObservableTable.Axis(column: "omega", label: "ω", unit: units == .lj ? "" : "1/fs")
    let width = highest > 0 ? highest * (1 + 1e-9) / Double(bins) : 1
    var counts = [Int](repeating: 0, count: bins)
    var sums = [Double](repeating: 0, count: bins)
    for k in modes {
      let bin = min(bins - 1, Int(frequency(k) / width))
      counts[bin] += 1
      sums[bin] += participation[k]
    }
    let centers = (0..<bins).map { (Double($0) + 0.5) * width * scale }
    let all = Double(dimensions * (hessian.count - 1))
    let density = counts.map { Double($0) / (all * width * scale) }
    let errors = counts.map { $0 > 0 ? Double($0).squareRoot() / (all * width * scale) : .nan }
    var states = ObservableTable(
      kind: "vibrational-density-of-states", title: "Vibrational density of states", file: "vdos.csv",
      definition:
        "D(ω): the fraction of the \(dimensions)N − \(dimensions) vibrations in a bin of ω over its width. Errors are those of counting.",
      parameters: ["Hessian": hessian.method], x: axis,
      y: .init(column: "density", label: "D(ω)", unit: units == .lj ? "" : "fs"), abscissas: centers,
      curves: [.init(column: "all", label: "all modes", values: density, errors: errors)], samples: counts)
    states.findings = findings(hessian, highest: highest * scale, unit: axis.unit)
    if !unstable.isEmpty {
      states.notes.append(
        "\(unstable.count) modes have a negative ω²: the structure is no minimum of the energy. Minimise it further.")
    }
    if !isComplete {
      states.notes.append(
        "Only the lowest \(modes.count) vibrations were computed: the density of states ends with them.")
    }
    if zeros.count > dimensions {
      states.notes.append(
        "\(zeros.count) modes cost no energy where \(dimensions == 2 ? "two" : "three") are translations: atoms without contacts, or a cell that is open."
      )
    }
    let means = counts.indices.map { counts[$0] > 0 ? sums[$0] / Double(counts[$0]) : .nan }
    let ratios = ObservableTable(
      kind: "participation-ratio", title: "Participation ratio", file: "participation.csv",
      definition:
        "1/(N Σ |e_i|⁴) averaged over the modes of each bin: 2/3 or so for plane waves, of the order of 1/N for modes of a few atoms.",
      x: axis, y: .init(column: "participation", label: "p"), abscissas: centers,
      curves: [.init(column: "mean", label: "mean of a bin", values: means)], samples: counts)
    return ObservableReport(source: "modes", units: units.rawValue, ensemble: "", tables: [states, ratios])
  }

  private func findings(_ hessian: Hessian, highest: Double, unit: String) -> [ObservableTable.Finding] {
    var findings: [ObservableTable.Finding] = [
      .init(name: "omega_max", value: highest, unit: unit, definition: "the highest frequency that was computed"),
      .init(
        name: "zero_modes", value: Double(zeros.count),
        definition: "modes that cost no energy; translations are \(dimensions == 2 ? "two" : "three")"),
      .init(
        name: "largest_zero", value: zeros.map { abs(eigenvalues[$0]) }.max() ?? .nan,
        definition: "the largest |ω²| of them, internal units"),
      .init(
        name: "row_sum", value: hessian.largestRowSum,
        definition: "the largest element of Σ_j H_ij, which vanishes for an exact Hessian"),
      .init(
        name: "asymmetry", value: hessian.asymmetry,
        definition: "half the largest difference across the diagonal before the two were averaged"),
    ]
    if isComplete {
      let sum = eigenvalues.reduce(0, +)
      findings.append(
        .init(
          name: "trace_error", value: abs(sum / trace - 1),
          definition: "how far Σω² is from the trace of the dynamical matrix, relative"))
    } else {
      findings.append(
        .init(
          name: "residual", value: largestResidual, definition: "the largest |D e − ω² e| of the modes, internal units")
      )
    }
    return findings
  }

  /// A row for each mode: its number, ω², ω, participation ratio.
  public func table(units: Units) -> String {
    let scale = 1 / units.femtoseconds
    let unit = units == .lj ? "" : " (1/fs)"
    let square = units == .lj ? "" : " (1/fs²)"
    var text = "mode,omega_squared\(square),omega\(unit),participation\n"
    for k in eigenvalues.indices {
      text += "\(k + 1),\(eigenvalues[k] * scale * scale),\(frequency(k) * scale),\(participation[k])\n"
    }
    return text
  }
}
