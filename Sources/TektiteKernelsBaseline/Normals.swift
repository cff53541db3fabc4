import TektiteLayouts

@inline(__always) private func words(_ word: UInt64) -> WideWords { WideWords(repeating: word) }
@inline(__always) private func numbers(_ number: Double) -> WideNumbers { WideNumbers(repeating: number) }

/// The four words of Philox 4×32-10 for counters side by side; each word in a 64-bit lane.
@inline(__always)
private func philox(key: UInt64, step: UInt64, atoms: WideWords) -> (
  WideWords, WideWords, WideWords, WideWords
) {
  let low = words(0xffff_ffff)
  let m0 = words(0xD251_1F53)
  let m1 = words(0xCD9E_8D57)
  let by32 = words(32)
  var c0 = words(step & 0xffff_ffff)
  var c1 = words(step >> 32)
  var c2 = atoms
  var c3 = WideWords.zero
  var k0 = UInt32(truncatingIfNeeded: key)
  var k1 = UInt32(truncatingIfNeeded: key >> 32)
  @inline(__always) func round() {
    let p0 = (c0 & low) &* m0
    let p1 = (c2 & low) &* m1
    c0 = (p1 &>> by32) ^ c1 ^ words(UInt64(k0))
    c2 = (p0 &>> by32) ^ c3 ^ words(UInt64(k1))
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

@inline(__always) private func mad(_ a: WideNumbers, _ b: WideNumbers, _ c: Double) -> WideNumbers {
  let k = WideDoubles.constant(c)
  return WideNumbers(
    lowHalf: WideDoubles.fma(WideDoubles(a.lowHalf), WideDoubles(b.lowHalf), k).v,
    highHalf: WideDoubles.fma(WideDoubles(a.highHalf), WideDoubles(b.highHalf), k).v)
}

@inline(__always) private func root(_ a: WideNumbers) -> WideNumbers {
  WideNumbers(
    lowHalf: WideDoubles.root(WideDoubles(a.lowHalf)).v, highHalf: WideDoubles.root(WideDoubles(a.highHalf)).v)
}

/// The middle of one of 2³² equal parts of (0, 1). The word becomes the low bits of a double in [2⁵², 2⁵³).
@inline(__always) private func uniform(_ word: WideWords) -> WideNumbers {
  let d =
    unsafeBitCast(word | words(0x4330_0000_0000_0000), to: WideNumbers.self) - numbers(0x1p52)
  return (d + numbers(0.5)) * numbers(0x1p-32)
}

/// √(−2 ln u) for u in (0, 1), to about 1e-13 relative: u = 2ᵉ m with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)).
@inline(__always) private func radius(_ u: WideNumbers) -> WideNumbers {
  let bits = unsafeBitCast(u, to: WideWords.self)
  // Adding the distance from √½ to 1 in units of the last place carries into the exponent where m ≥ √2.
  let shifted = bits &+ words(0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd)
  let exponent = (shifted &>> words(52)) | words(0x4330_0000_0000_0000)
  let mantissa = (shifted & words(0x000f_ffff_ffff_ffff)) &+ words(0x3fe6_a09e_667f_3bcd)
  let e = unsafeBitCast(exponent, to: WideNumbers.self) - numbers(0x1p52 + 1023)
  let m = unsafeBitCast(mantissa, to: WideNumbers.self)
  let one = numbers(1)
  let s = (m - one) / (m + one)
  let q = s * s
  var p = numbers(2.0 / 17)
  p = mad(p, q, 2.0 / 15)
  p = mad(p, q, 2.0 / 13)
  p = mad(p, q, 2.0 / 11)
  p = mad(p, q, 2.0 / 9)
  p = mad(p, q, 2.0 / 7)
  p = mad(p, q, 2.0 / 5)
  p = mad(p, q, 2.0 / 3)
  p = mad(p, q, 2.0)
  let ln = e * numbers(0.693_147_180_559_945_3) + s * p
  return root(numbers(-2) * ln)
}

/// cos 2πu and sin 2πu for u in (0, 1), to about 1e-14: the nearest quarter turn is taken off, Taylor's series do the rest.
@inline(__always) private func turn(_ u: WideNumbers) -> (cos: WideNumbers, sin: WideNumbers) {
  // The nearest whole number of quarter turns sits in the low bits after adding 2⁵² + 2⁵¹.
  let magic = numbers(0x1.8p52)
  let k = numbers(4) * u + magic
  let quarter = unsafeBitCast(k, to: WideWords.self)
  let t = (u - numbers(0.25) * (k - magic)) * numbers(6.283_185_307_179_586)
  let q = t * t
  var s = numbers(-1.0 / 1_307_674_368_000)
  s = mad(s, q, 1.0 / 6_227_020_800)
  s = mad(s, q, -1.0 / 39_916_800)
  s = mad(s, q, 1.0 / 362_880)
  s = mad(s, q, -1.0 / 5040)
  s = mad(s, q, 1.0 / 120)
  s = mad(s, q, -1.0 / 6)
  s = mad(s, q, 1)
  s = s * t
  var c = numbers(1.0 / 20_922_789_888_000)
  c = mad(c, q, -1.0 / 87_178_291_200)
  c = mad(c, q, 1.0 / 479_001_600)
  c = mad(c, q, -1.0 / 3_628_800)
  c = mad(c, q, 1.0 / 40_320)
  c = mad(c, q, -1.0 / 720)
  c = mad(c, q, 1.0 / 24)
  c = mad(c, q, -0.5)
  c = mad(c, q, 1)
  let sb = unsafeBitCast(s, to: WideWords.self)
  let cb = unsafeBitCast(c, to: WideWords.self)
  // Odd quarter turns exchange cosine and sine; signs follow from the two low bits.
  let one = words(1)
  let odd = WideWords.zero &- (quarter & one)
  let top = words(63)
  let sinSign = ((quarter &>> one) & one) &<< top
  let cosSign = (((quarter &+ one) &>> one) & one) &<< top
  let sine = ((sb & ~odd) | (cb & odd)) ^ sinSign
  let cosine = ((cb & ~odd) | (sb & odd)) ^ cosSign
  return (unsafeBitCast(cosine, to: WideNumbers.self), unsafeBitCast(sine, to: WideNumbers.self))
}

/// Three independent standard normal deviates for each of as many atoms as two registers hold numbers, component by component: each step of the arithmetic waits for the one before
/// it, and two such chains go on side by side. A tuple and not a structure: the functions that the compiler makes for copying
/// structures of this size are weak symbols, and the linker might take this level's.
typealias Normals = (x: WideNumbers, y: WideNumbers, z: WideNumbers)

/// A pure function of (key, step, atom), by the transform of Box and Muller (1958, doi:10.1214/aoms/1177706645) from the four words of one
/// Philox evaluation. The largest possible deviate is 6.76.
@inline(__always) func normals(key: UInt64, step: UInt64, atoms: WideWords) -> Normals {
  let (w0, w1, w2, w3) = philox(key: key, step: step, atoms: atoms)
  let r1 = radius(uniform(w0))
  let r2 = radius(uniform(w2))
  let (c1, s1) = turn(uniform(w1))
  let (c2, _) = turn(uniform(w3))
  return (r1 * c1, r1 * s1, r2 * c2)
}

/// Those of four atoms, from number `first` on, a multiple of four.
@inline(__always) func fourNormals(_ n: Normals, from first: Int) -> FourVectors {
  #if TEKTITE_AVX512
    let (x, y, z) =
      first < 8 ? (n.x.lowHalf, n.y.lowHalf, n.z.lowHalf) : (n.x.highHalf, n.y.highHalf, n.z.highHalf)
    let isLow = first & 4 == 0
  #else
    let (x, y, z) = n
    let isLow = first == 0
  #endif
  return isLow
    ? FourVectors(x.lowHalf, y.lowHalf, z.lowHalf) : FourVectors(x.highHalf, y.highHalf, z.highHalf)
}

/// The first `count` numbers of atoms in an array, and zero for the rest. Lane by lane, since generic conversions are calls.
@inline(__always) func atomWords(_ p: UnsafePointer<Int32>, count: Int) -> WideWords {
  var words = WideWords.zero
  if count == WideWords.scalarCount {
    for lane in 0..<WideWords.scalarCount { words[lane] = UInt64(UInt32(bitPattern: p[lane])) }
  } else {
    for lane in 0..<count { words[lane] = UInt64(UInt32(bitPattern: p[lane])) }
  }
  return words
}

/// Writes the deviates of a range of atoms, for tests and for initial velocities.
public func normals(
  key: UInt64, step: UInt64, atoms: UnsafePointer<Int32>, count: Int, into out: UnsafeMutablePointer<Vector3>
) {
  var i = 0
  while i < count {
    let live = min(WideNumbers.scalarCount, count - i)
    let v: Normals = normals(key: key, step: step, atoms: atomWords(atoms + i, count: live))
    for lane in 0..<live { out[i + lane] = Vector3(v.x[lane], v.y[lane], v.z[lane]) }
    i += live
  }
}
