/// How atoms with a diameter each combine: σ = (s + t)/2 · (1 − η |s − t|) for diameters s and t, and they see each other up to a multiple of σ.
/// With η > 0 unlike atoms come closer than they would touch, which keeps mixtures from separating and from crystallising
/// (Ninarello, Berthier and Coslovich, Phys. Rev. X 7, 021039 (2017)).
public struct DiameterReach: Hashable, Sendable {
  /// The cutoff in units of σ.
  public var multiple: Double
  /// η, an inverse length.
  public var nonadditivity: Double

  /// Makes a rule.
  public init(multiple: Double, nonadditivity: Double) {
    self.multiple = multiple
    self.nonadditivity = nonadditivity
  }

  /// σ of two diameters.
  public func mean(_ s: Double, _ t: Double) -> Double { 0.5 * (s + t) * (1 - nonadditivity * abs(s - t)) }

  /// No two atoms with diameters in these ranges see each other farther than this.
  public func bound(_ s: ClosedRange<Double>, _ t: ClosedRange<Double>) -> Double {
    let gap = max(0, s.lowerBound - t.upperBound, t.lowerBound - s.upperBound)
    return multiple * 0.5 * (s.upperBound + t.upperBound) * (1 - nonadditivity * gap)
  }
}
