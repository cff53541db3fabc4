import TektiteCore
import TektiteDynamics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The order of bonds in a plane: ψ_n of an atom is the mean of exp(i n θ) over its neighbours, θ the angles of the vectors to them against the x axis
/// (Halperin and Nelson 1978, doi:10.1103/PhysRevLett.41.121, n = 6). |ψ₆| is 1 for an atom in a triangular lattice.
///
/// Besides the distribution of |ψ_n| over atoms, the length of the mean of ψ_n over all atoms of a curve tells order that reaches across the system.
struct HexaticOrder: FrameObservable {
  /// The orders of rotation that make sense.
  static let folds = 2...12

  let file: String
  private let fold: Int
  private let rule: NeighborRule
  private let finder: NeighborFinder
  private let curves: [[Int]]
  private let labels: [String]
  private let histogram: Histogram
  /// The histogram of |ψ_n|; behind it one row each with |mean ψ_n|, its square, and the mean number of neighbours.
  var means: LagMeans

  init(
    file: String, topology: Topology, packing: Packing, choice: GroupChoice, fold: Int, rule: NeighborRule, bins: Int
  ) {
    self.file = file
    self.fold = fold
    self.rule = rule
    finder = NeighborFinder(rule, topology)
    curves = choice.members(packing)
    labels = choice.labels
    histogram = Histogram(range: 0...1, bins: bins)
    means = LagMeans(lags: Histogram.rows(bins) + 3, quantities: choice.count)
  }

  /// ψ_n of each atom, real and imaginary part; not a number where an atom has no neighbours.
  static func order(_ table: NeighborTable, fold: Int) -> [SIMD2<Double>] {
    (0..<table.count).map { atom in
      let row = table[atom]
      var sum = SIMD2<Double>.zero
      for entry in row {
        let bond = table.vectors[entry]
        let angle = Double(fold) * atan2(bond.y, bond.x)
        sum += SIMD2(cos(angle), sin(angle))
      }
      return sum / Double(row.count)
    }
  }

  mutating func add(_ frame: Frame) {
    let table = finder.table(frame)
    let order = Self.order(table, fold: fold)
    let lengths = order.map { ($0.x * $0.x + $0.y * $0.y).squareRoot() }
    histogram.add(lengths, curves, to: &means, first: 0)
    let first = Histogram.rows(histogram.bins)
    for (curve, atoms) in curves.enumerated() {
      let found = atoms.filter { lengths[$0].isFinite }
      guard !found.isEmpty else { continue }
      let mean = found.reduce(SIMD2<Double>.zero) { $0 + order[$1] } / Double(found.count)
      let square = mean.x * mean.x + mean.y * mean.y
      means.add([square.squareRoot()], lag: first, first: curve)
      means.add([square], lag: first + 1, first: curve)
      let neighbors = atoms.reduce(0) { $0 + table[$1].count }
      means.add([Double(neighbors) / Double(max(1, atoms.count))], lag: first + 2, first: curve)
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let rows = means.means[..<histogram.bins]
    let symbol = "|ψ_{\(fold)}|"
    var table = ObservableTable(
      kind: "hexatic-order", title: "Bond-orientational order in the plane", file: file,
      definition:
        "The density of atoms by |ψ_\(fold)|, ψ_\(fold) the mean of exp(\(fold)iθ) over the directions θ to the neighbours of an atom; neighbours are "
        + "\(rule.words); atoms without any do not count; one standard error from blocks of frames.",
      parameters: ["fold": "\(fold)", "neighbors": rule.words, "bins": "\(histogram.bins)"],
      x: .init(column: "psi\(fold)", label: symbol), y: .init(column: "density", label: "P(\(symbol))"),
      abscissas: histogram.centers,
      curves: labels.enumerated().map { curve, label in
        var found = histogram.curve(label, curve, means, first: 0)
        found.label = label
        return found
      }, samples: rows.map { $0.map(\.count).max() ?? 0 })
    for (curve, label) in labels.enumerated() {
      if let mean = histogram.mean("psi\(fold) \(label)", curve, means, first: 0) { table.findings.append(mean) }
    }
    let first = Histogram.rows(histogram.bins)
    let whole = [
      ("global psi\(fold)", "the length of the mean of ψ_\(fold) over all atoms, averaged over frames"),
      (
        "global psi\(fold) squared",
        "the square of that length, averaged over frames; one over the number of atoms without order"
      ),
      ("neighbours", "the mean number of neighbours of an atom"),
    ]
    for (row, (name, meaning)) in whole.enumerated() {
      for (curve, label) in labels.enumerated() {
        let mean = means.means[first + row][curve]
        guard mean.count > 0 else { continue }
        let error = mean.error()
        table.findings.append(
          .init(
            name: "\(name) \(label)", value: mean.mean, error: row < 2 && error.isFinite ? error : nil,
            definition: meaning))
      }
    }
    return [table]
  }
}
