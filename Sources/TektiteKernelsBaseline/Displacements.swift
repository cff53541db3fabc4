import TektiteLayouts

#if TEKTITE_AVX512
  import CX86

  private typealias Lanes = Doubles8
  private typealias Bits = SIMD8<UInt64>
#else
  private typealias Lanes = Doubles4
  private typealias Bits = SIMD4<UInt64>
#endif

/// Coordinates from place i on; where a vector is wider than what is left, the rest of it is at the origin.
@inline(__always) private func load(_ p: UnsafePointer<Double>, _ i: Int, _ count: Int) -> Lanes {
  #if TEKTITE_AVX512
    if count - i < Lanes.count { return Lanes(SIMD8(lowHalf: Doubles4.load(p + i).v, highHalf: .zero)) }
  #endif
  return Lanes.load(p + i)
}

/// What is added to r² so that 1/r exists for atoms that did not move; nothing else notices.
private let tiny = 1e-60

@inline(__always) private func squares(_ a: borrowing DisplacementRows, _ i: Int, _ start: Lanes) -> Lanes {
  let dx = load(a.x1, i, a.count) - load(a.x0, i, a.count)
  let dy = load(a.y1, i, a.count) - load(a.y0, i, a.count)
  let dz = load(a.z1, i, a.count) - load(a.z0, i, a.count)
  return Lanes.fma(dx, dx, Lanes.fma(dy, dy, Lanes.fma(dz, dz, start)))
}

/// 1/√u to rounding.
@inline(__always) private func inverseRoot(_ u: Lanes) -> Lanes {
  #if TEKTITE_AVX512
    // The processor's estimate has an error of 2⁻¹⁴ at most, and with e = u y² − 1 is
    // 1/√u = y (1 + e)^(−1/2) = y (1 − e/2 + 3e²/8 − 5e³/16 + ...), whose next term is below 2⁻⁵³. Root and quotient would take twice the time of all the rest.
    let y = Lanes(tektite_inverse_root_wide_pd(u.v))
    let e = Lanes.fma(u * y, y, Lanes.constant(-1))
    var p = Lanes.fma(Lanes.constant(-0.3125), e, Lanes.constant(0.375))
    p = Lanes.fma(p, e, Lanes.constant(-0.5))
    return Lanes.fma(p * e, y, y)
  #else
    return Lanes.constant(1) / Lanes.root(u)
  #endif
}

/// Four vectors at once. What follows is one long chain of dependent steps for a vector, and the processor does not look far enough ahead to find
/// the next vector's chain by itself; so each part of it is done for four vectors before the next part begins.
private typealias Vectors4 = (Lanes, Lanes, Lanes, Lanes)

@inline(__always) private func each(_ a: Vectors4, _ body: (Lanes) -> Lanes) -> Vectors4 {
  (body(a.0), body(a.1), body(a.2), body(a.3))
}

@inline(__always) private func each(_ a: Vectors4, _ b: Vectors4, _ body: (Lanes, Lanes) -> Lanes) -> Vectors4 {
  (body(a.0, b.0), body(a.1, b.1), body(a.2, b.2), body(a.3, b.3))
}

/// Adding 1.5·2⁵² rounds to a whole number, whose parity is then the lowest bit.
private let rounding = 0x1.8p52

/// x/π as a whole number, plus `rounding`.
@inline(__always) private func halfTurns(_ x: Lanes) -> Lanes {
  Lanes.fma(x, Lanes.constant(1 / Double.pi), Lanes.constant(rounding))
}

/// x less its half turns, in [−π/2, π/2]: a multiple of π in three parts (Cody and Waite) of 33, 33 and 53 digits, so that products with whole
/// numbers below 2²⁰ are exact.
@inline(__always) private func reduced(_ x: Lanes, _ shifted: Lanes) -> Lanes {
  let turns = shifted - Lanes.constant(rounding)
  var y = Lanes.fma(turns, Lanes.constant(-0x1.921fb544p1), x)
  y = Lanes.fma(turns, Lanes.constant(-0x1.0b4611a6p-33), y)
  return Lanes.fma(turns, Lanes.constant(-0x1.3198a2e03707p-68), y)
}

/// sin y of a reduced y as y + y³ p(y²), where p interpolates at the zeros of a Chebyshev polynomial; the error is below 1e-18 y. Pairs of terms side by
/// side make a shorter chain than one term after another.
@inline(__always) private func sine(_ y: Lanes) -> Lanes {
  let q = y * y
  let q2 = q * q
  let p0 = Lanes.fma(Lanes.constant(8.333333333333316e-03), q, Lanes.constant(-1.6666666666666666e-01))
  let p2 = Lanes.fma(Lanes.constant(2.755731921915843e-06), q, Lanes.constant(-1.9841269841254955e-04))
  let p4 = Lanes.fma(Lanes.constant(1.6058977272815506e-10), q, Lanes.constant(-2.5052107616384595e-08))
  let p6 = Lanes.fma(Lanes.constant(2.731428986122616e-15), q, Lanes.constant(-7.643969031052769e-13))
  let low = Lanes.fma(p2, q2, p0)
  let high = Lanes.fma(p6, q2, p4)
  return Lanes.fma(y * q, Lanes.fma(high, q2 * q2, low), y)
}

/// s with its sign changed where the number of half turns is odd.
@inline(__always) private func signed(_ s: Lanes, _ shifted: Lanes) -> Lanes {
  let sign = unsafeBitCast(shifted.v, to: Bits.self) &<< Bits(repeating: 63)
  return Lanes(unsafeBitCast(unsafeBitCast(s.v, to: Bits.self) ^ sign, to: type(of: s.v)))
}

/// sin(k√u)/√u for positive u, to a few units in the last place of k while k√u is below 10⁵.
@inline(__always) private func waves(_ u: Vectors4, _ k: Lanes) -> Vectors4 {
  let inverse = each(u, inverseRoot)
  let x = each(u, inverse) { k * ($0 * $1) }
  let shifted = each(x, halfTurns)
  let sines = each(each(x, shifted, reduced), sine)
  return each(each(sines, shifted, signed), inverse) { $0 * $1 }
}

/// Σ sin(kr)/(kr). The order of additions depends on the number of atoms alone.
public func isotropicSum(_ a: borrowing DisplacementRows, _ k: Double) -> Double {
  let wave = Lanes.constant(k)
  let start = Lanes.constant(tiny)
  var sum = Lanes.zero
  var i = 0
  // Past the end nothing has moved.
  @inline(__always) func next() -> Lanes {
    defer { i += Lanes.count }
    return i < a.count ? squares(a, i, start) : start
  }
  while i < a.count {
    let w = waves((next(), next(), next(), next()), wave)
    sum = sum + ((w.0 + w.1) + (w.2 + w.3))
  }
  // What filled up the last vectors has not moved.
  return sum.sum / k - Double(i - a.count)
}

/// Σ r² and Σ r⁴, likewise.
public func momentSums(_ a: borrowing DisplacementRows) -> SIMD2<Double> {
  var square = Lanes.zero
  var fourth = Lanes.zero
  var i = 0
  while i < a.count {
    let u = squares(a, i, Lanes.zero)
    square = square + u
    fourth = Lanes.fma(u, u, fourth)
    i += Lanes.count
  }
  return SIMD2(square.sum, fourth.sum)
}

/// The number of atoms that moved by less than the root of `limit`, which is positive.
public func countWithin(_ a: borrowing DisplacementRows, _ limit: Double) -> Double {
  let one = Lanes.constant(1)
  let most = Lanes.constant(limit)
  var sum = Lanes.zero
  var i = 0
  while i < a.count {
    sum = sum + Lanes.select(one, where: squares(a, i, Lanes.zero), lessThan: most)
    i += Lanes.count
  }
  return sum.sum - Double(i - a.count)
}
