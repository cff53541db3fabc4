import TektiteLayouts

/// Coefficients of one atom against the atoms of a cluster.
struct PairLaneCoefficients<L: PairLanes> {
  var a12: L, minusA6: L
  var g0 = L.zero, g1 = L.zero, e0 = L.zero
  var e1 = L.zero, e2 = L.zero
}

/// A pair interaction as a function of squared distance, without its cutoff.
protocol PairForm {
  /// −u′(r)/r.
  static func force<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L
  /// u(r).
  static func energy<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L
  /// Whether g₀, g₁, e₁, e₂ are read.
  static var hasTail: Bool { get }
  /// Whether the blocks hold diameters in place of coefficients.
  static var hasDiameters: Bool { get }
  /// Whether the blocks hold where in a table a pair of species begins.
  static var hasTable: Bool { get }
}

extension PairForm {
  @inline(__always) static var hasDiameters: Bool { false }
  @inline(__always) static var hasTable: Bool { false }
}

/// 12-6, cut or cut and shifted.
enum LennardJonesForm: PairForm {
  @inline(__always) static var hasTail: Bool { false }
  @inline(__always) static func force<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    let i4 = inverse * inverse
    let i6 = i4 * inverse
    return (i4 * i4) * L.fma(c.a12, i6, c.minusA6)
  }
  @inline(__always) static func energy<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    let i6 = inverse * inverse * inverse
    return L.fma(i6, L.constant(1.0 / 12) * c.a12 * i6 + L.constant(1.0 / 6) * c.minusA6, c.e0)
  }
}

/// 12-6 with a polynomial in r² that smooths the cutoff.
enum LennardJonesEvenForm: PairForm {
  @inline(__always) static var hasTail: Bool { true }
  @inline(__always) static func force<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    LennardJonesForm.force(r2, inverse, c) + L.fma(c.g1, r2, c.g0)
  }
  @inline(__always) static func energy<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    LennardJonesForm.energy(r2, inverse, c) + r2 * L.fma(c.e2, r2, c.e1)
  }
}

/// 12-6 with a term linear in r (shifted force).
enum LennardJonesLinearForm: PairForm {
  @inline(__always) static var hasTail: Bool { true }
  @inline(__always) static func force<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    L.fma(c.g0, L.root(inverse), LennardJonesForm.force(r2, inverse, c))
  }
  @inline(__always) static func energy<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    L.fma(c.e1, L.root(r2), LennardJonesForm.energy(r2, inverse, c))
  }
}

/// A spring: linear force, up to where it vanishes.
enum HarmonicForm: PairForm {
  @inline(__always) static var hasTail: Bool { true }
  @inline(__always) static func force<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    L.fma(c.g0, L.root(inverse), c.g1)
  }
  @inline(__always) static func energy<L: PairLanes>(_ r2: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    L.fma(c.e1, L.root(r2), L.fma(c.e2, r2, c.e0))
  }
}

/// A twelfth power between atoms that have a diameter each. What the other forms take as coefficients is here made of the two diameters:
/// `a12` is σ²/r², `minusA6` is 1/σ², and r² comes as y = r²/σ².
enum PolydisperseForm: PairForm {
  @inline(__always) static var hasTail: Bool { false }
  @inline(__always) static var hasDiameters: Bool { true }
  @inline(__always) static func force<L: PairLanes>(_ y: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    let q2 = c.a12 * c.a12
    let q4 = q2 * q2
    let q7 = q4 * (q2 * c.a12)
    return c.minusA6 * L.fma(inverse, q7, L.fma(c.g1, y, c.g0))
  }
  @inline(__always) static func energy<L: PairLanes>(_ y: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    let q2 = c.a12 * c.a12
    return L.fma(L.constant(1.0 / 12) * inverse, q2 * q2 * q2, L.fma(y, L.fma(c.e2, y, c.e1), c.e0))
  }
}

/// A cubic in r² on each interval of a table, and its integral. What the other forms take as coefficients is here the row of the table: `a12`, `minusA6`, `g0` and `g1` from the
/// constant term up, `e0` the energy at the start of the interval; r² comes as the distance from there, and `inverse` is −1/(2 · scale), since du/d(r²) = −½ (−u′/r).
enum TabulatedForm: PairForm {
  @inline(__always) static var hasTail: Bool { false }
  @inline(__always) static var hasTable: Bool { true }
  @inline(__always) static func force<L: PairLanes>(_ d: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    L.fma(d, L.fma(d, L.fma(d, c.g1, c.g0), c.minusA6), c.a12)
  }
  @inline(__always) static func energy<L: PairLanes>(_ d: L, _ inverse: L, _ c: PairLaneCoefficients<L>) -> L {
    let cubic = L.fma(d, L.constant(1.0 / 4) * c.g1, L.constant(1.0 / 3) * c.g0)
    return L.fma(inverse * d, L.fma(d, L.fma(d, cubic, L.constant(1.0 / 2) * c.minusA6), c.a12), c.e0)
  }
}
