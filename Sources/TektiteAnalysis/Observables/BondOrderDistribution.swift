import TektiteCore
import TektiteDynamics

/// Distributions of the bond-orientational order of single atoms: q_l, averaged q_l, and w_l of even degrees.
struct BondOrderDistribution: FrameObservable {
  /// The names of the tables of q, of averaged q, and of w.
  typealias Files = (plain: String, averaged: String, third: String)
  let files: Files
  private let order: BondOrder
  private let rule: NeighborRule
  private let finder: NeighborFinder
  private let curves: [[Int]]
  private let labels: [String]
  private let bins: Int
  /// A histogram for each of q, averaged q and w of each degree; behind them one row with the mean number of neighbours.
  var means: LagMeans

  init(
    files: Files, topology: Topology, packing: Packing, choice: GroupChoice, order: BondOrder, rule: NeighborRule,
    bins: Int
  ) {
    self.files = files
    self.order = order
    self.rule = rule
    self.bins = bins
    finder = NeighborFinder(rule, topology)
    curves = choice.members(packing)
    labels = choice.labels
    means = LagMeans(
      lags: 3 * order.degrees.count * Histogram.rows(bins) + 1, quantities: choice.count)
  }

  private enum Kind: Int, CaseIterable {
    case plain, averaged, third
  }

  private func histogram(_ kind: Kind) -> Histogram {
    // |w| is at most √(2/35) = 0.239, which degree 2 reaches; higher degrees stay closer to 0.
    Histogram(range: kind == .third ? -0.25...0.25 : 0...1, bins: bins)
  }

  private func first(_ kind: Kind, _ degree: Int) -> Int {
    (kind.rawValue * order.degrees.count + degree) * Histogram.rows(bins)
  }

  mutating func add(_ frame: Frame) {
    let table = finder.table(frame)
    let moments = order.moments(table)
    let averaged = order.averaged(moments, table)
    let atoms = table.count
    for (degree, l) in order.degrees.enumerated() {
      for kind in Kind.allCases where kind != .third || l % 2 == 0 {
        let values =
          switch kind {
          case .plain: order.order(moments, degree, atoms: atoms)
          case .averaged: order.order(averaged, degree, atoms: atoms)
          case .third: order.third(moments, degree, atoms: atoms)
          }
        histogram(kind).add(values, curves, to: &means, first: first(kind, degree))
      }
    }
    let last = means.means.count - 1
    for (curve, atoms) in curves.enumerated() {
      let sum = atoms.reduce(0) { $0 + table[$1].count }
      means.add([Double(sum) / Double(max(1, atoms.count))], lag: last, first: curve)
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let evens = order.degrees.indices.filter { order.degrees[$0] % 2 == 0 }
    var tables = [
      table(
        .plain, files.plain, "Bond-orientational order", "q", Array(order.degrees.indices),
        "q_l = √(4π/(2l+1) Σ|q_lm|²) with q_lm the mean of Y_lm over the neighbours of an atom"),
      table(
        .averaged, files.averaged, "Averaged bond-orientational order", "q̄", Array(order.degrees.indices),
        "q_l of the mean of q_lm over an atom and its neighbours (Lechner and Dellago)"),
    ]
    if !evens.isEmpty {
      tables.append(
        table(
          .third, files.third, "Bond-orientational order of third degree", "w", evens,
          "w_l = Σ (l l l; m₁ m₂ m₃) q_lm₁ q_lm₂ q_lm₃ / (Σ|q_lm|²)^(3/2)"))
    }
    return tables
  }

  private func table(
    _ kind: Kind, _ file: String, _ title: String, _ symbol: String, _ degrees: [Int], _ meaning: String
  ) -> ObservableTable {
    let histogram = histogram(kind)
    var curves: [ObservableTable.Curve] = []
    var findings: [ObservableTable.Finding] = []
    for degree in degrees {
      let l = order.degrees[degree]
      for (curve, label) in labels.enumerated() {
        curves.append(
          histogram.curve("\(label)_\(column(kind))\(l)", curve, means, first: first(kind, degree)))
        curves[curves.count - 1].label = "\(label), \(symbol)\(l)"
        if let mean = histogram.mean(
          "\(column(kind))\(l) \(label)", curve, means, first: first(kind, degree))
        {
          findings.append(mean)
        }
      }
    }
    if kind == .plain {
      for (curve, label) in labels.enumerated() {
        let mean = means.means[means.means.count - 1][curve]
        guard mean.count > 0 else { continue }
        findings.append(
          .init(name: "neighbours \(label)", value: mean.mean, definition: "the mean number of neighbours of an atom"))
      }
    }
    let rows = means.means[first(kind, degrees.first ?? 0)..<first(kind, degrees.first ?? 0) + bins]
    var table = ObservableTable(
      kind: "bond-order", title: title, file: file,
      definition:
        "The density of atoms by \(meaning); neighbours are \(rule.words); atoms without any, and w where q vanishes, do not count; one standard "
        + "error from blocks of frames.",
      parameters: [
        "degrees": degrees.map { "\(order.degrees[$0])" }.joined(separator: " "), "neighbors": rule.words,
        "bins": "\(bins)",
      ],
      x: .init(column: column(kind), label: symbol), y: .init(column: "density", label: "P(\(symbol))"),
      abscissas: histogram.centers, curves: curves, samples: rows.map { $0.map(\.count).max() ?? 0 })
    table.findings = findings
    return table
  }

  private func column(_ kind: Kind) -> String {
    switch kind {
    case .plain: "q"
    case .averaged: "averaged_q"
    case .third: "w"
    }
  }
}
