/// Philox 4×32-10, a counter-based random number generator: four 32-bit words are a pure function of a 128-bit counter
/// and a 64-bit key, so noise can be keyed by (seed, stream, step, atom) and needs no state.
/// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11, doi:10.1145/2063384.2063405.
@frozen
public struct Philox4x32: Sendable {
  @usableFromInline let key: (UInt32, UInt32)

  /// Makes a generator from a 64-bit key (seed in the low word, stream in the high word, say).
  @inlinable public init(key: UInt64) {
    self.key = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
  }

  /// The key.
  @inlinable public var keyBits: UInt64 { UInt64(key.0) | UInt64(key.1) << 32 }

  /// The four words for a counter (lane 0 is the lowest word).
  @inlinable public func callAsFunction(_ counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k0 = key.0
    var k1 = key.1
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) * UInt64(c.x)
      let p1 = UInt64(0xCD9E_8D57) * UInt64(c.z)
      c = SIMD4(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k1, UInt32(truncatingIfNeeded: p0))
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return c
  }
}
