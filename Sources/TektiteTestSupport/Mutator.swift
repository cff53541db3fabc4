/// Damages bytes in the ways in which files get damaged, and in the ways that upset readers: a seeded source of inputs for fuzz tests.
/// The same seed and the same calls give the same bytes on every machine.
public struct Mutator: Sendable {
  private var state: UInt64

  /// Makes a mutator.
  public init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

  /// The next 64 random bits (SplitMix64; Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195).
  public mutating func word() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 to `bound` − 1, or 0.
  public mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(word() % UInt64(bound)) }

  private static let numerals = [
    "0", "-1", "1", "nan", "inf", "-inf", "1e400", "-1e-400", "99999999999999999999", "-9223372036854775808",
    "4294967296",
    "2147483648", "1e16", "0.0000000000000000000000000000001", "*****", "1.5D+02", "1-300", "+", "-", ".", "e", "",
    "0x10", "1_000",
  ]
  private static let words: [UInt64] = [
    0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0x4000_0000, 0xFFFF_FFFC, 0x3FFF_FFFF_FFFF,
  ]

  /// A damaged copy, by one to six changes. `other` is what pieces may be taken from.
  public mutating func mutate(_ original: [UInt8], splicing other: [UInt8] = []) -> [UInt8] {
    var bytes = original
    for _ in 0...below(6) { change(&bytes, other) }
    return bytes
  }

  private mutating func range(in bytes: [UInt8], longest: Int) -> Range<Int> {
    let start = below(bytes.count + 1)
    return start..<min(bytes.count, start + 1 + below(longest))
  }

  private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else {
      bytes = (0..<(1 + below(16))).map { _ in UInt8(truncatingIfNeeded: word()) }
      return
    }
    // Headers are where damage bites: every second change falls into the first kilobyte.
    let reach = below(2) == 0 ? min(bytes.count, 1024) : bytes.count
    let at = below(reach)
    switch below(12) {
    case 0: bytes[at] ^= 1 << UInt8(below(8))
    case 1: bytes[at] = UInt8(truncatingIfNeeded: word())
    case 2: bytes[at] = [0, 0xFF, 0x7F, 0x80, 10, 13, 32, 34][below(8)]
    case 3, 4:
      // A number of four or eight bytes, in either order, often aligned.
      let size = below(2) == 0 ? 4 : 8
      let start = below(4) > 0 ? at / 4 * 4 : at
      let value = below(4) == 0 ? word() >> UInt64(below(64)) : Self.words[below(Self.words.count)]
      let big = below(3) > 0
      for k in 0..<size where start + k < bytes.count {
        bytes[start + k] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (big ? size - 1 - k : k)))
      }
    case 5: bytes.removeSubrange(range(in: bytes, longest: 64))
    case 6: bytes.removeLast(bytes.count - at)
    case 7:
      let piece = Array(bytes[range(in: bytes, longest: 200)])
      bytes.insert(contentsOf: piece, at: at)
    case 8: bytes.insert(contentsOf: (0..<(1 + below(8))).map { _ in UInt8(truncatingIfNeeded: word()) }, at: at)
    case 9, 10: replaceWord(&bytes, near: at)
    default:
      guard !other.isEmpty else { return }
      let piece = Array(other[range(in: other, longest: 400)])
      bytes.replaceSubrange(at..<min(bytes.count, at + below(400)), with: piece)
    }
  }

  /// Puts another numeral in the place of a word of text.
  private mutating func replaceWord(_ bytes: inout [UInt8], near at: Int) {
    func separates(_ c: UInt8) -> Bool { c <= 32 || c == 34 || c == 61 || c == 58 || c == 44 }
    var start = at
    var end = at
    while start > 0, at - start < 32, !separates(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, end - at < 32, !separates(bytes[end]) { end += 1 }
    bytes.replaceSubrange(start..<end, with: Array(Self.numerals[below(Self.numerals.count)].utf8))
  }
}
