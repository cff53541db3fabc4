import TektiteCore

extension LennardJones: PairModel {
  /// The cutoff of a pair.
  public func pairCutoff(_ a: Species, _ b: Species) throws(PotentialError) -> Double {
    for species in [a, b] where !labels.contains(species.label) {
      throw .unknownSpecies(species.label, known: labels, model: name)
    }
    return parameters(a, b)?.cutoff ?? 0
  }

  /// u′/r and u″ of a pair; zero for labels that it does not know.
  public func pairDerivatives(
    _ a: Species, _ b: Species, r: Double
  ) -> (slopeOverDistance: Double, curvature: Double) {
    guard let p = parameters(a, b) else { return (0, 0) }
    func bare(_ r: Double) -> (Double, Double) {
      let ratio = p.sigma / r
      let s6 = ratio * ratio * ratio * ratio * ratio * ratio
      let scale = 24 * p.epsilon * s6 / (r * r)
      return (-scale * (2 * s6 - 1), scale * (26 * s6 - 7))
    }
    var (slope, curvature) = bare(r)
    switch scheme {
    case .cut, .cutAndShift: break
    case .shiftedForce:
      // u gains −(r − r_c) u′(r_c).
      slope -= bare(p.cutoff).0 * p.cutoff / r
    case .smooth:
      // u gains 4ε(c₀ + c₂ y + c₄ y²) with y = r²/σ², such that u, u′ and u″ vanish at y_c.
      let (y, yc) = (r * r / (p.sigma * p.sigma), p.cutoff * p.cutoff / (p.sigma * p.sigma))
      let v1 = -6 / (yc * yc * yc * yc * yc * yc * yc) + 3 / (yc * yc * yc * yc)
      let v2 = 42 / (yc * yc * yc * yc * yc * yc * yc * yc) - 12 / (yc * yc * yc * yc * yc)
      let c4 = -v2 / 2
      let c2 = -v1 - 2 * c4 * yc
      let scale = 8 * p.epsilon / (p.sigma * p.sigma)
      slope += scale * (c2 + 2 * c4 * y)
      curvature += scale * (c2 + 6 * c4 * y)
    }
    return (slope, curvature)
  }

  private func parameters(_ a: Species, _ b: Species) -> Pair? {
    guard let i = labels.firstIndex(of: a.label), let j = labels.firstIndex(of: b.label) else { return nil }
    return pairs[i * labels.count + j]
  }
}
