import TektiteCore

/// The frequencies of a property of single atoms in a frame, species by species, and its mean.
///
/// In the sums of an observable a histogram takes one row for each bin and one for the mean, with a quantity for each curve.
struct Histogram {
  /// From where to where the bins reach; what lies outside counts in the outermost ones.
  let range: ClosedRange<Double>
  let bins: Int
  /// Rows in the sums.
  static func rows(_ bins: Int) -> Int { bins + 1 }

  /// The width of a bin.
  var width: Double { (range.upperBound - range.lowerBound) / Double(bins) }
  /// The middles of the bins.
  var centers: [Double] { (0..<bins).map { range.lowerBound + (Double($0) + 0.5) * width } }

  /// Adds a frame's values to the sums from row `first` on: the densities of each curve, then the means. Atoms whose value is not a number do not
  /// count; a curve whose atoms have none is not added to.
  func add(_ values: [Double], _ curves: [[Int]], to means: inout LagMeans, first: Int) {
    for (curve, atoms) in curves.enumerated() {
      var counts = [Int](repeating: 0, count: bins)
      var (total, sum) = (0, 0.0)
      for atom in atoms where values[atom].isFinite {
        let place = (values[atom] - range.lowerBound) / width
        counts[Int(max(0, min(Double(bins - 1), place)))] += 1
        total += 1
        sum += values[atom]
      }
      guard total > 0 else { continue }
      for bin in 0..<bins {
        means.add([Double(counts[bin]) / (Double(total) * width)], lag: first + bin, first: curve)
      }
      means.add([sum / Double(total)], lag: first + bins, first: curve)
    }
  }

  /// One curve of a table from the sums.
  func curve(_ column: String, _ curve: Int, _ means: LagMeans, first: Int) -> ObservableTable.Curve {
    let rows = (first..<first + bins).map { means.means[$0][curve] }
    return .init(column: column, label: column, values: rows.map(\.mean), errors: rows.map { $0.error() })
  }

  /// The mean of a curve as a finding; nil where nothing was added.
  func mean(_ name: String, _ curve: Int, _ means: LagMeans, first: Int, unit: String = "") -> ObservableTable.Finding?
  {
    let mean = means.means[first + bins][curve]
    guard mean.count > 0 else { return nil }
    let error = mean.error()
    return .init(
      name: name, value: mean.mean, error: error.isFinite ? error : nil, unit: unit,
      definition: "the mean over atoms and frames")
  }
}

extension GroupChoice {
  /// For each curve, the user's indices of its atoms.
  func members(_ packing: Packing) -> [[Int]] {
    let each = groups.map { group in
      (4 * group.packs.lowerBound..<4 * group.packs.lowerBound + group.count).map { Int(packing.order[$0]) }
    }
    guard includesAll else { return each }
    return groups.count == 1 ? each : [Array(0..<packing.count)] + each
  }
}
