import TektiteKernels

/// Random numbers drawn one after another from Philox, for structures that are built in a fixed order. Numbers are a function of the seed and of
/// how many were drawn before; the counter's top word keeps them apart from the noise of a run with the same seed.
struct DrawnNumbers {
  private let philox: Philox4x32
  private var drawn: UInt64 = 0
  private var words = SIMD4<UInt32>()
  private let stream: UInt32

  /// - Parameter stream: what the numbers are for, so that other purposes do not meet the same ones.
  init(seed: UInt64, stream: UInt32 = 0x4255_494C) {
    philox = Philox4x32(key: seed)
    self.stream = stream
  }

  /// The next 64 random bits.
  mutating func next() -> UInt64 {
    if drawn & 1 == 0 {
      let block = drawn >> 1
      words = philox(
        SIMD4(UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), 0, stream))
    }
    let pair = drawn & 1 == 0 ? (words.x, words.y) : (words.z, words.w)
    drawn += 1
    return UInt64(pair.0) | UInt64(pair.1) << 32
  }

  /// A number in [0, 1) with 53 random bits.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// An index in 0 ..< count; the bias is below count / 2⁶⁴.
  mutating func index(below count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }
}
