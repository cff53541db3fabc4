import TektiteLayouts

/// A vector with an exponential function of numbers that are not positive.
private protocol ExponentialLanes: SIMD where Scalar: BinaryFloatingPoint {
  /// eˣ for x ≤ 0; numbers below the range count as its end. With k the whole number next to x/ln 2, eˣ = 2ᵏ e^(x − k ln 2), and the second factor is a
  /// Taylor polynomial for |x − k ln 2| ≤ ln 2 / 2.
  static func exponential(_ x: Self) -> Self
}

extension SIMD8<Float>: ExponentialLanes {
  @inline(__always) static func exponential(_ x: Self) -> Self {
    let x = x.replacing(with: Self(repeating: -87), where: x .< Self(repeating: -87))
    // Adding 1.5·2²³ leaves k in the low bits.
    let shifted = x * 1.442_695_04 + 12_582_912
    let k = shifted - 12_582_912
    let r = x - k * 0.693_359_375 - k * -2.121_944_4e-4
    // Split in pieces that do not burden the type checker. Terms to r⁷ leave 6·10⁻⁹.
    var p = r * 1.984_126_98e-4 + 1.388_888_89e-3
    p = p * r + 8.333_333_33e-3
    p = p * r + 4.166_666_67e-2
    p = p * r + 0.166_666_667
    p = p * r + 0.5
    p = p * r + 1
    p = p * r + 1
    let bits = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &<< SIMD8<Int32>(repeating: 23)
    return unsafeBitCast(unsafeBitCast(p, to: SIMD8<Int32>.self) &+ bits, to: Self.self)
  }
}

extension SIMD4<Double>: ExponentialLanes {
  @inline(__always) static func exponential(_ x: Self) -> Self {
    let x = x.replacing(with: Self(repeating: -708), where: x .< Self(repeating: -708))
    let shifted = x * 1.442_695_040_888_963_4 + 6_755_399_441_055_744
    let k = shifted - 6_755_399_441_055_744
    let r = x - k * 0.693_147_180_369_123_82 - k * 1.908_214_929_270_587_7e-10
    // Terms to r¹³ leave 5·10⁻¹⁸.
    var p = r * 1.605_904_383_682_161_3e-10 + 2.087_675_698_786_809_9e-9
    p = p * r + 2.505_210_838_544_171_9e-8
    p = p * r + 2.755_731_922_398_589_1e-7
    p = p * r + 2.755_731_922_398_589_1e-6
    p = p * r + 2.480_158_730_158_730_2e-5
    p = p * r + 1.984_126_984_126_984_1e-4
    p = p * r + 1.388_888_888_888_888_9e-3
    p = p * r + 8.333_333_333_333_333_3e-3
    p = p * r + 4.166_666_666_666_666_7e-2
    p = p * r + 0.166_666_666_666_666_67
    p = p * r + 0.5
    p = p * r + 1
    p = p * r + 1
    let bits = unsafeBitCast(shifted, to: SIMD4<Int64>.self) &<< SIMD4<Int64>(repeating: 52)
    return unsafeBitCast(unsafeBitCast(p, to: SIMD4<Int64>.self) &+ bits, to: Self.self)
  }
}

/// f and f′ of a vector. All functions are made of t = e^(−|x|) or e^(−2|x|), which neither overflows nor cancels.
@inline(__always)
private func evaluate<V: ExponentialLanes>(_ function: KnownActivation, _ x: V) -> (value: V, slope: V) {
  let zero = V.zero
  let one = V(repeating: 1)
  let isNegative = x .< zero
  let negated = x.replacing(with: zero - x, where: x .> zero)
  switch function {
  case .silu, .sigmoid:
    let t = V.exponential(negated)
    let upper = one / (one + t)
    // The logistic function of x and of −x.
    let s = upper.replacing(with: t * upper, where: isNegative)
    let complement = (t * upper).replacing(with: upper, where: isNegative)
    if function == .sigmoid { return (s, s * complement) }
    return (x * s, s + x * s * complement)
  case .tanh:
    let t = V.exponential(negated + negated)
    let upper = one / (one + t)
    let value = (one - t) * upper
    // 1 − tanh² = 4t/(1 + t)².
    return (value.replacing(with: zero - value, where: isNegative), V(repeating: 4) * t * upper * upper)
  }
}

@inline(__always)
private func activate<V: ExponentialLanes>(_ lanes: V.Type, _ function: KnownActivation, _ p: borrowing ActivationPass) {
  typealias S = V.Scalar
  let x = p.input.assumingMemoryBound(to: S.self)
  let values = p.values?.assumingMemoryBound(to: S.self)
  let slopes = p.slopes?.assumingMemoryBound(to: S.self)
  let factor = V(repeating: S(p.factor))
  var k = 0
  while k < p.count {
    let isWhole = k + V.scalarCount <= p.count
    var v = V.zero
    if isWhole {
      v = UnsafeRawPointer(x + k).loadUnaligned(as: V.self)
    } else {
      for n in 0..<(p.count - k) { v[n] = x[k + n] }
    }
    let (value, slope) = evaluate(function, v)
    let (y, dy) = (factor * value, factor * slope)
    if isWhole {
      if let values { UnsafeMutableRawPointer(values + k).storeBytes(of: y, as: V.self) }
      if let slopes { UnsafeMutableRawPointer(slopes + k).storeBytes(of: dy, as: V.self) }
    } else {
      for n in 0..<(p.count - k) {
        if let values { values[k + n] = y[n] }
        if let slopes { slopes[k + n] = dy[n] }
      }
    }
    k += V.scalarCount
  }
}

@inline(never) private func activateFloats(_ p: borrowing ActivationPass) {
  switch p.function {
  case .silu: activate(SIMD8<Float>.self, .silu, p)
  case .tanh: activate(SIMD8<Float>.self, .tanh, p)
  case .sigmoid: activate(SIMD8<Float>.self, .sigmoid, p)
  }
}
@inline(never) private func activateDoubles(_ p: borrowing ActivationPass) {
  switch p.function {
  case .silu: activate(SIMD4<Double>.self, .silu, p)
  case .tanh: activate(SIMD4<Double>.self, .tanh, p)
  case .sigmoid: activate(SIMD4<Double>.self, .sigmoid, p)
  }
}

/// Values and slopes of a function of many numbers. Input and outputs may be anywhere; outputs must not overlap the input unless they are the same numbers.
public func activate(isDouble: Bool, _ p: borrowing ActivationPass) {
  isDouble ? activateDoubles(p) : activateFloats(p)
}
