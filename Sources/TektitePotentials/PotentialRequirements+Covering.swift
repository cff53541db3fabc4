import TektiteCore

extension PotentialRequirements {
  /// What several potentials need that are evaluated over the same lists: the largest reach of each pair, every list form that one of them reads, and
  /// only what all can compute. Variances need only one that knows them, for those of the others are zero.
  static func covering(_ all: [PotentialRequirements]) -> PotentialRequirements {
    var result = all[0]
    for next in all.dropFirst() {
      if result.pairCutoffs.isEmpty && next.pairCutoffs.isEmpty {
        // Both see all pairs to their cutoff, and so do they together.
      } else {
        let count = max(result.pairCutoffs.count, next.pairCutoffs.count)
        let first = result.pairCutoffs.isEmpty ? Array(repeating: result.cutoff, count: count) : result.pairCutoffs
        let second = next.pairCutoffs.isEmpty ? Array(repeating: next.cutoff, count: count) : next.pairCutoffs
        result.pairCutoffs = zip(first, second).map { max($0, $1) }
      }
      // Lists by diameter cover only potentials that agree on the rule.
      if result.diameterReach != next.diameterReach { result.diameterReach = nil }
      result.cutoff = max(result.cutoff, next.cutoff)
      result.interactionRange = max(result.interactionRange, next.interactionRange)
      let variance = result.quantities.union(next.quantities).intersection(.variance)
      result.quantities.formIntersection(next.quantities)
      result.quantities.formUnion(variance)
      result.conservative = result.conservative && next.conservative
      if !result.lists.contains(.clusters) { result.clusterWidth = next.clusterWidth }
      result.lists.formUnion(next.lists)
    }
    return result
  }

  /// Refuses potentials over clusters of different widths, which cannot share a list.
  static func requireEqualWidths(_ all: [PotentialRequirements], name: String) throws(PotentialError) {
    let widths = Set(all.filter { $0.lists.contains(.clusters) }.map(\.clusterWidth))
    guard widths.count <= 1 else {
      throw .invalidParameters(
        "the terms of \(name) must all have the same precision, since they share one neighbour list")
    }
  }
}
