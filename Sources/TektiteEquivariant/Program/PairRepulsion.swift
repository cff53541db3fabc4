/// The screened repulsion of nuclei of Ziegler, Biersack and Littmark (1985) as MACE and NequIP add it, switched off at a distance that
/// may depend on the pair:
///
///     v(r) = k Z_i Z_j / r Σ_k c_k exp(−b_k r/a) e(r),   a = a₀/(Z_i^x + Z_j^x)
///
/// Half of it goes to each atom of a pair.
public struct PairRepulsion: Hashable, Sendable {
  /// k, energy × length.
  public let coulomb: Double
  /// c_k.
  public let weights: [Double]
  /// b_k.
  public let decays: [Double]
  /// a₀, length.
  public let screeningLength: Double
  /// x.
  public let screeningExponent: Double
  /// Z by species.
  public let charges: [Double]
  /// Where the envelope ends, by the two species; the same in either order.
  public let cutoffs: [[Double]]
  /// p of the envelope.
  public let envelopeExponent: Int
  /// What v is multiplied by before it is added to the energy.
  public let factor: Double

  /// Makes a term.
  public init(
    coulomb: Double, weights: [Double], decays: [Double], screeningLength: Double, screeningExponent: Double,
    charges: [Double], cutoffs: [[Double]], envelopeExponent: Int, factor: Double
  ) {
    (self.coulomb, self.weights, self.decays, self.screeningLength) = (coulomb, weights, decays, screeningLength)
    (self.screeningExponent, self.charges, self.cutoffs) = (screeningExponent, charges, cutoffs)
    (self.envelopeExponent, self.factor) = (envelopeExponent, factor)
  }

  /// factor · v and its derivative.
  public func evaluate(_ r: Double, _ first: Int, _ second: Int) -> (value: Double, derivative: Double) {
    let envelope = PolynomialEnvelope(exponent: envelopeExponent, cutoff: cutoffs[first][second])
    guard r < envelope.cutoff else { return (0, 0) }
    let a = screeningLength / (power(charges[first], screeningExponent) + power(charges[second], screeningExponent))
    var (phi, dphi) = (0.0, 0.0)
    for (c, b) in zip(weights, decays) {
      let term = c * exponential(-b * r / a)
      phi += term
      dphi -= b / a * term
    }
    let strength = factor * coulomb * charges[first] * charges[second]
    let (e, de) = envelope.evaluate(r)
    let v = strength * phi / r
    return (v * e, (strength * dphi / r - v / r) * e + v * de)
  }
}
