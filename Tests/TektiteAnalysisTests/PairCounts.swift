import TektiteCore

/// Distances of pairs sorted into bins by looking at every pair at its nearest image: slow, obvious, what faster counts are compared with.
///
/// A distance is computed as the observables do it, from rounded differences of fractions, so that counts can be compared as integers. It is right
/// for distances below half the narrowest width of the cell.
enum PairCounts {
  /// Unordered pairs of an atom of kind `a` and one of kind `b` in each of `bins` bins up to `range`.
  static func histogram(
    _ positions: [Vector3], kinds: [Int32], _ a: Int32, _ b: Int32, cell: Cell, range: Double, bins: Int
  ) -> [Int] {
    let (h, inverse) = (cell.basis, cell.basis.inverse)
    let fractions = positions.map { $0 * inverse }
    var counts = [Int](repeating: 0, count: bins)
    for i in positions.indices {
      for j in i + 1..<max(i + 1, positions.count)
      where (kinds[i] == a && kinds[j] == b) || (kinds[i] == b && kinds[j] == a) {
        var d = fractions[j] - fractions[i]
        for axis in 0..<3 where cell.periodic[axis] { d[axis] -= d[axis].rounded(.toNearestOrEven) }
        let bin = (d * h).length * (Double(bins) / range)
        if bin < Double(bins) { counts[Int(bin)] += 1 }
      }
    }
    return counts
  }
}
