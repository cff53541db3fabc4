import TektiteLayouts

/// A vector that can be multiplied by powers of two.
private protocol PowerLanes: PairLanes {
  /// p·2ᵏ, where the low bits of `shifted` hold k.
  static func scaled(_ p: Self, _ shifted: Self) -> Self
}

extension Floats4: PowerLanes {
  @inline(__always) static func scaled(_ p: Self, _ shifted: Self) -> Self {
    let k = unsafeBitCast(shifted.v, to: SIMD4<Int32>.self) &<< SIMD4<Int32>(repeating: 23)
    return Self(unsafeBitCast(unsafeBitCast(p.v, to: SIMD4<Int32>.self) &+ k, to: SIMD4<Float>.self))
  }
}
extension Floats8: PowerLanes {
  @inline(__always) static func scaled(_ p: Self, _ shifted: Self) -> Self {
    let k = unsafeBitCast(shifted.v, to: SIMD8<Int32>.self) &<< SIMD8<Int32>(repeating: 23)
    return Self(unsafeBitCast(unsafeBitCast(p.v, to: SIMD8<Int32>.self) &+ k, to: SIMD8<Float>.self))
  }
}
extension Floats16: PowerLanes {
  @inline(__always) static func scaled(_ p: Self, _ shifted: Self) -> Self {
    let k = unsafeBitCast(shifted.v, to: SIMD16<Int32>.self) &<< SIMD16<Int32>(repeating: 23)
    return Self(unsafeBitCast(unsafeBitCast(p.v, to: SIMD16<Int32>.self) &+ k, to: SIMD16<Float>.self))
  }
}
extension Doubles4: PowerLanes {
  @inline(__always) static func scaled(_ p: Self, _ shifted: Self) -> Self {
    let k = unsafeBitCast(shifted.v, to: SIMD4<Int64>.self) &<< SIMD4<Int64>(repeating: 52)
    return Self(unsafeBitCast(unsafeBitCast(p.v, to: SIMD4<Int64>.self) &+ k, to: SIMD4<Double>.self))
  }
}
extension Doubles8: PowerLanes {
  @inline(__always) static func scaled(_ p: Self, _ shifted: Self) -> Self {
    let k = unsafeBitCast(shifted.v, to: SIMD8<Int64>.self) &<< SIMD8<Int64>(repeating: 52)
    return Self(unsafeBitCast(unsafeBitCast(p.v, to: SIMD8<Int64>.self) &+ k, to: SIMD8<Double>.self))
  }
}

extension PowerLanes {
  @inline(__always) fileprivate static func number(_ double: Double, _ float: Float) -> Self {
    constant(either(double, float))
  }
  @inline(__always) fileprivate static func number(_ value: Double) -> Self { constant(either(value, Float(value))) }

  /// eˣ for x ≤ 0; numbers below the range count as its end. With k the whole number next to x/ln 2, eˣ = 2ᵏ e^(x − k ln 2), and the second factor is a
  /// Taylor polynomial for |x − k ln 2| ≤ ln 2 / 2: terms to the 7th power leave 6·10⁻⁹, to the 13th 5·10⁻¹⁸.
  @inline(__always) fileprivate static func exponential(_ argument: Self) -> Self {
    // The second bound is one rounding up, so that exactly one of the two is taken.
    let x =
      select(argument, where: number(-708, -87), lessThan: argument)
      + select(number(-708, -87), where: argument, lessThan: number(-707.9999999999999, -86.99999))
    // Adding 1.5·2²³ (2⁵² in double) leaves k in the low bits.
    let magic = number(6_755_399_441_055_744, 12_582_912)
    let shifted = fma(x, number(1.442_695_040_888_963_4), magic)
    let k = shifted - magic
    var r = fma(k, number(-0.693_147_180_369_123_82, -0.693_359_375), x)
    r = fma(k, number(-1.908_214_929_270_587_7e-10, 2.121_944_4e-4), r)
    var p = number(1.984_126_984_126_984_1e-4)
    if MemoryLayout<Scalar>.stride == 8 {
      p = number(1.605_904_383_682_161_3e-10)
      p = fma(p, r, number(2.087_675_698_786_809_9e-9))
      p = fma(p, r, number(2.505_210_838_544_171_9e-8))
      p = fma(p, r, number(2.755_731_922_398_589_1e-7))
      p = fma(p, r, number(2.755_731_922_398_589_1e-6))
      p = fma(p, r, number(2.480_158_730_158_730_2e-5))
      p = fma(p, r, number(1.984_126_984_126_984_1e-4))
    }
    p = fma(p, r, number(1.388_888_888_888_888_9e-3))
    p = fma(p, r, number(8.333_333_333_333_333_3e-3))
    p = fma(p, r, number(4.166_666_666_666_666_7e-2))
    p = fma(p, r, number(0.166_666_666_666_666_67))
    p = fma(p, r, number(0.5))
    p = fma(p, r, number(1))
    p = fma(p, r, number(1))
    return scaled(p, shifted)
  }

  /// f and f′. All functions are made of t = e^(−|x|) or e^(−2|x|), which neither overflows nor cancels.
  @inline(__always) fileprivate static func evaluate(
    _ function: KnownActivation, _ x: Self
  ) -> (value: Self, slope: Self) {
    let one = number(1)
    // −|x|, and a where x < 0, b elsewhere; all numbers are finite.
    let below = select(x, where: x, lessThan: zero) - select(x, where: zero, lessThan: x)
    @inline(__always) func blend(_ a: Self, _ b: Self) -> Self { b + select(a - b, where: x, lessThan: zero) }
    switch function {
    case .silu, .sigmoid:
      let t = exponential(below)
      let upper = one / (one + t)
      // The logistic function of x and of −x.
      let lower = t * upper
      let s = select(lower, where: x, lessThan: zero) + (upper - select(upper, where: x, lessThan: zero))
      // σ(x) σ(−x), whichever is which.
      let product = upper * lower
      return function == .sigmoid ? (s, product) : (x * s, fma(x, product, s))
    case .tanh:
      let t = exponential(below + below)
      let upper = one / (one + t)
      let value = (one - t) * upper
      // 1 − tanh² = 4t/(1 + t)².
      return (blend(zero - value, value), number(4) * t * upper * upper)
    }
  }
}

@inline(__always)
private func activate<L: PowerLanes>(_ lanes: L.Type, _ function: KnownActivation, _ p: borrowing ActivationPass) {
  typealias S = L.Scalar
  let x = p.input.assumingMemoryBound(to: S.self)
  let values = p.values?.assumingMemoryBound(to: S.self)
  let slopes = p.slopes?.assumingMemoryBound(to: S.self)
  let factor = L.constant(S(p.factor))
  var k = 0
  while k + L.count <= p.count {
    let (value, slope) = L.evaluate(function, L.load(x + k))
    if let values { (factor * value).store(values + k) }
    if let slopes { (factor * slope).store(slopes + k) }
    k += L.count
  }
  let (start, count) = (k, p.count - k)
  guard count > 0 else { return }
  // The rest through memory of its own, so that nothing beyond the numbers is touched.
  withUnsafeTemporaryAllocation(of: S.self, capacity: 3 * L.count) { room in
    guard let rest = room.baseAddress else { return }
    rest.initialize(repeating: 0, count: 3 * L.count)
    for n in 0..<count { rest[n] = x[start + n] }
    let (value, slope) = L.evaluate(function, L.load(rest))
    (factor * value).store(rest + L.count)
    (factor * slope).store(rest + 2 * L.count)
    for n in 0..<count {
      if let values { values[start + n] = rest[L.count + n] }
      if let slopes { slopes[start + n] = rest[2 * L.count + n] }
    }
  }
}

@inline(never) private func activateFloats(_ p: borrowing ActivationPass) {
  switch p.function {
  case .silu: activate(WideFloats.self, .silu, p)
  case .tanh: activate(WideFloats.self, .tanh, p)
  case .sigmoid: activate(WideFloats.self, .sigmoid, p)
  }
}
@inline(never) private func activateDoubles(_ p: borrowing ActivationPass) {
  switch p.function {
  case .silu: activate(WideDoubles.self, .silu, p)
  case .tanh: activate(WideDoubles.self, .tanh, p)
  case .sigmoid: activate(WideDoubles.self, .sigmoid, p)
  }
}

/// Values and slopes of a function of many numbers. Input and outputs may be anywhere; outputs must not overlap the input unless they are the same numbers.
public func activate(isDouble: Bool, _ p: borrowing ActivationPass) {
  isDouble ? activateDoubles(p) : activateFloats(p)
}
