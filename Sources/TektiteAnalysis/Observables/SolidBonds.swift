import TektiteCore
import TektiteDynamics

/// How many solid-like bonds atoms have, and what fraction of them is solid-like (see `Crystallinity`).
struct SolidBonds: FrameObservable {
  let file: String
  private let criterion: Crystallinity
  private let finder: NeighborFinder
  private let curves: [[Int]]
  private let labels: [String]
  /// Numbers of bonds that are told apart; more count as the last.
  private static let most = 30
  /// A row for each number of bonds, then one for the fraction of solid-like atoms.
  var means: LagMeans

  init(file: String, topology: Topology, packing: Packing, choice: GroupChoice, criterion: Crystallinity) {
    self.file = file
    self.criterion = criterion
    finder = NeighborFinder(criterion.neighbors, topology)
    curves = choice.members(packing)
    labels = choice.labels
    means = LagMeans(lags: Self.most + 2, quantities: choice.count)
  }

  mutating func add(_ frame: Frame) {
    let result = criterion.judge(finder.table(frame))
    for (curve, atoms) in curves.enumerated() {
      var counts = [Int](repeating: 0, count: Self.most + 1)
      for atom in atoms { counts[min(Self.most, result.bonds[atom])] += 1 }
      let number = Double(max(1, atoms.count))
      for (bonds, count) in counts.enumerated() { means.add([Double(count) / number], lag: bonds, first: curve) }
      let solid = atoms.count { result.isSolid[$0] }
      means.add([Double(solid) / number], lag: Self.most + 1, first: curve)
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let l = criterion.degree
    var table = ObservableTable(
      kind: "crystallinity", title: "Solid-like bonds", file: file,
      definition:
        "The fraction of atoms by the number of neighbours j with q\(l)(i)·q\(l)*(j)/(|q\(l)(i)||q\(l)(j)|) above \(brief(criterion.threshold)); neighbours are "
        + "\(criterion.neighbors.words); one standard error from blocks of frames.",
      parameters: [
        "degree": "\(l)", "neighbors": criterion.neighbors.words, "threshold": brief(criterion.threshold),
        "bonds": "\(criterion.bonds)",
      ],
      x: .init(column: "bonds", label: "solid-like bonds"), y: .init(column: "fraction", label: "fraction of atoms"),
      abscissas: (0...Self.most).map(Double.init),
      curves: labels.enumerated().map { curve, label in
        let rows = means.means[0...Self.most].map { $0[curve] }
        return .init(column: label, label: label, values: rows.map(\.mean), errors: rows.map { $0.error() })
      }, samples: Array(means.samples[0...Self.most]))
    for (curve, label) in labels.enumerated() {
      let mean = means.means[Self.most + 1][curve]
      guard mean.count > 0 else { continue }
      let error = mean.error()
      table.findings.append(
        .init(
          name: "solid-like \(label)", value: mean.mean, error: error.isFinite ? error : nil,
          definition: "the fraction of atoms with at least \(criterion.bonds) solid-like bonds"))
    }
    return [table]
  }
}
