/// Which atoms count as neighbours: nearer than a multiple of the length of their pair.
public struct NeighborCriterion: Hashable, Sendable {
  /// The length of a pair of species.
  public struct Pair: Hashable, Sendable {
    /// The labels, in any order.
    public var first: String, second: String
    /// The length.
    public var sigma: Double

    /// Makes a pair.
    public init(_ first: String, _ second: String, sigma: Double) {
      self.first = first
      self.second = second
      self.sigma = sigma
    }
  }

  /// The multiple within which atoms are neighbours at the start.
  public var formed: Double
  /// Lengths of pairs; empty for 1 each.
  public var pairs: [Pair] = []

  /// Neighbours within a multiple of the lengths of pairs.
  public init(formed: Double, pairs: [Pair] = []) {
    self.formed = formed
    self.pairs = pairs
  }

  /// The length of a pair; nil where it was not given.
  package func sigma(_ a: String, _ b: String) -> Double? {
    if pairs.isEmpty { return 1 }
    return pairs.first { $0.first == a && $0.second == b || $0.first == b && $0.second == a }?.sigma
  }
}
