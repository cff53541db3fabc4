import TektiteKernels

extension LennardJones.Pair {
  /// The pair's column of the kernels' table (`PairCoefficient`). With s = σ⁶: u = 4ε(s² r⁻¹² − s r⁻⁶) plus what the scheme adds.
  func coefficients(_ scheme: CutoffScheme) -> [Double] {
    var c = [Double](repeating: 0, count: PairCoefficient.count)
    c[PairCoefficient.cutoffSquared] = cutoff * cutoff
    let s6 = sigma * sigma * sigma * sigma * sigma * sigma
    c[PairCoefficient.a12] = 48 * epsilon * s6 * s6
    c[PairCoefficient.minusA6] = -24 * epsilon * s6
    guard cutoff > 0 else { return c }
    let y = (sigma / cutoff) * (sigma / cutoff)
    let y3 = y * y * y
    let atCutoff = 4 * epsilon * y3 * (y3 - 1)
    switch scheme {
    case .cut: break
    case .cutAndShift: c[PairCoefficient.e0] = -atCutoff
    case .shiftedForce:
      let slope = -24 * epsilon * y3 * (2 * y3 - 1) / cutoff
      c[PairCoefficient.e0] = -atCutoff + slope * cutoff
      c[PairCoefficient.e1] = -slope
      c[PairCoefficient.g0] = slope
    case .smooth:
      // See `pairEnergy`: in q = r², e₁ = 4ε c₂/σ², e₂ = 4ε c₄/σ⁴.
      let v1 = (3 - 6 * y3) * y3 * y
      let v2 = (42 * y3 - 12) * y3 * y * y
      let c4 = -v2 / 2
      let c2 = -v1 + v2 / y
      let c0 = (1 - y3) * y3 - c2 / y - c4 / (y * y)
      c[PairCoefficient.e0] = 4 * epsilon * c0
      c[PairCoefficient.e1] = 4 * epsilon * c2 / (sigma * sigma)
      c[PairCoefficient.e2] = 4 * epsilon * c4 / (sigma * sigma * sigma * sigma)
      c[PairCoefficient.g0] = -2 * c[PairCoefficient.e1]
      c[PairCoefficient.g1] = -4 * c[PairCoefficient.e2]
    }
    return c
  }
}
