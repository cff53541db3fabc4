import TektiteLayouts

/// The four words of Philox 4×32-10 for four counters side by side; each word in a 64-bit lane.
@inline(__always)
private func philox(key: UInt64, step: UInt64, atoms: SIMD4<Int32>) -> (
  SIMD4<UInt64>, SIMD4<UInt64>, SIMD4<UInt64>, SIMD4<UInt64>
) {
  let low = SIMD4<UInt64>(repeating: 0xffff_ffff)
  let m0 = SIMD4<UInt64>(repeating: 0xD251_1F53)
  let m1 = SIMD4<UInt64>(repeating: 0xCD9E_8D57)
  let by32 = SIMD4<UInt64>(repeating: 32)
  var c0 = SIMD4<UInt64>(repeating: step & 0xffff_ffff)
  var c1 = SIMD4<UInt64>(repeating: step >> 32)
  var c2 = SIMD4<UInt64>(truncatingIfNeeded: SIMD4<UInt32>(truncatingIfNeeded: atoms))
  var c3 = SIMD4<UInt64>.zero
  var k0 = UInt32(truncatingIfNeeded: key)
  var k1 = UInt32(truncatingIfNeeded: key >> 32)
  @inline(__always) func round() {
    let p0 = (c0 & low) &* m0
    let p1 = (c2 & low) &* m1
    c0 = (p1 &>> by32) ^ c1 ^ SIMD4(repeating: UInt64(k0))
    c2 = (p0 &>> by32) ^ c3 ^ SIMD4(repeating: UInt64(k1))
    c1 = p1 & low
    c3 = p0 & low
    k0 = k0 &+ 0x9E37_79B9
    k1 = k1 &+ 0xBB67_AE85
  }
  // Ten rounds written out: as a loop the optimiser mixes halves of the words.
  round()
  round()
  round()
  round()
  round()
  round()
  round()
  round()
  round()
  round()
  return (c0, c1, c2, c3)
}

@inline(__always) private func mad(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: Double) -> SIMD4<Double> {
  Doubles4.fma(Doubles4(a), Doubles4(b), Doubles4(SIMD4(repeating: c))).v
}

/// The middle of one of 2³² equal parts of (0, 1). The word becomes the low bits of a double in [2⁵², 2⁵³).
@inline(__always) private func uniform(_ word: SIMD4<UInt64>) -> SIMD4<Double> {
  let d =
    unsafeBitCast(word | SIMD4(repeating: 0x4330_0000_0000_0000), to: SIMD4<Double>.self) - SIMD4(repeating: 0x1p52)
  return (d + SIMD4(repeating: 0.5)) * SIMD4(repeating: 0x1p-32)
}

/// √(−2 ln u) for u in (0, 1), to about 1e-13 relative: u = 2ᵉ m with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)).
@inline(__always) private func radius(_ u: SIMD4<Double>) -> SIMD4<Double> {
  let bits = unsafeBitCast(u, to: SIMD4<UInt64>.self)
  // Adding the distance from √½ to 1 in units of the last place carries into the exponent where m ≥ √2.
  let shifted = bits &+ SIMD4(repeating: 0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd)
  let exponentBits = shifted &>> SIMD4(repeating: 52)
  let e =
    unsafeBitCast(exponentBits | SIMD4(repeating: 0x4330_0000_0000_0000), to: SIMD4<Double>.self)
    - SIMD4(repeating: 0x1p52 + 1023)
  let m = unsafeBitCast(
    (shifted & SIMD4(repeating: 0x000f_ffff_ffff_ffff)) &+ SIMD4(repeating: 0x3fe6_a09e_667f_3bcd),
    to: SIMD4<Double>.self)
  let one = SIMD4<Double>(repeating: 1)
  let s = (m - one) / (m + one)
  let q = s * s
  var p = SIMD4<Double>(repeating: 2.0 / 17)
  p = mad(p, q, 2.0 / 15)
  p = mad(p, q, 2.0 / 13)
  p = mad(p, q, 2.0 / 11)
  p = mad(p, q, 2.0 / 9)
  p = mad(p, q, 2.0 / 7)
  p = mad(p, q, 2.0 / 5)
  p = mad(p, q, 2.0 / 3)
  p = mad(p, q, 2.0)
  let ln = e * SIMD4(repeating: 0.693_147_180_559_945_3) + s * p
  return Doubles4.root(Doubles4(SIMD4(repeating: -2) * ln)).v
}

/// cos 2πu and sin 2πu for u in (0, 1), to about 1e-14: the nearest quarter turn is taken off, Taylor's series do the rest.
@inline(__always) private func turn(_ u: SIMD4<Double>) -> (cos: SIMD4<Double>, sin: SIMD4<Double>) {
  // The nearest whole number of quarter turns sits in the low bits after adding 2⁵² + 2⁵¹.
  let magic = SIMD4<Double>(repeating: 0x1.8p52)
  let k = SIMD4<Double>(repeating: 4) * u + magic
  let quarter = unsafeBitCast(k, to: SIMD4<UInt64>.self)
  let t = (u - SIMD4(repeating: 0.25) * (k - magic)) * SIMD4(repeating: 6.283_185_307_179_586)
  let q = t * t
  var s = SIMD4<Double>(repeating: -1.0 / 1_307_674_368_000)
  s = mad(s, q, 1.0 / 6_227_020_800)
  s = mad(s, q, -1.0 / 39_916_800)
  s = mad(s, q, 1.0 / 362_880)
  s = mad(s, q, -1.0 / 5040)
  s = mad(s, q, 1.0 / 120)
  s = mad(s, q, -1.0 / 6)
  s = mad(s, q, 1)
  s = s * t
  var c = SIMD4<Double>(repeating: 1.0 / 20_922_789_888_000)
  c = mad(c, q, -1.0 / 87_178_291_200)
  c = mad(c, q, 1.0 / 479_001_600)
  c = mad(c, q, -1.0 / 3_628_800)
  c = mad(c, q, 1.0 / 40_320)
  c = mad(c, q, -1.0 / 720)
  c = mad(c, q, 1.0 / 24)
  c = mad(c, q, -0.5)
  c = mad(c, q, 1)
  let sb = unsafeBitCast(s, to: SIMD4<UInt64>.self)
  let cb = unsafeBitCast(c, to: SIMD4<UInt64>.self)
  // Odd quarter turns exchange cosine and sine; signs follow from the two low bits.
  let one = SIMD4<UInt64>(repeating: 1)
  let odd = SIMD4<UInt64>.zero &- (quarter & one)
  let top = SIMD4<UInt64>(repeating: 63)
  let sinSign = ((quarter &>> one) & one) &<< top
  let cosSign = (((quarter &+ one) &>> one) & one) &<< top
  let sine = ((sb & ~odd) | (cb & odd)) ^ sinSign
  let cosine = ((cb & ~odd) | (sb & odd)) ^ cosSign
  return (unsafeBitCast(cosine, to: SIMD4<Double>.self), unsafeBitCast(sine, to: SIMD4<Double>.self))
}

/// Three independent standard normal deviates for each of four atoms: a pure function of (key, step, atom), by the transform of Box and
/// Muller (1958, doi:10.1214/aoms/1177706645) from the four words of one Philox evaluation. The largest possible deviate is 6.76.
@inline(__always)
func normals(key: UInt64, step: UInt64, atoms: SIMD4<Int32>) -> FourVectors {
  let (w0, w1, w2, w3) = philox(key: key, step: step, atoms: atoms)
  let r1 = radius(uniform(w0))
  let r2 = radius(uniform(w2))
  let (c1, s1) = turn(uniform(w1))
  let (c2, _) = turn(uniform(w3))
  return FourVectors(r1 * c1, r1 * s1, r2 * c2)
}

/// Writes the deviates of a range of atoms, for tests and for initial velocities.
public func normals(
  key: UInt64, step: UInt64, atoms: UnsafePointer<Int32>, count: Int, into out: UnsafeMutablePointer<Vector3>
) {
  var i = 0
  while i < count {
    var four = SIMD4<Int32>.zero
    for lane in 0..<min(4, count - i) { four[lane] = atoms[i + lane] }
    let v = normals(key: key, step: step, atoms: four)
    for lane in 0..<min(4, count - i) { out[i + lane] = Vector3(v.x[lane], v.y[lane], v.z[lane]) }
    i += 4
  }
}
