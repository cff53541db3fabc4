import TektiteKernels
import Testing

@Suite("Philox")
struct PhiloxTests {
  /// Known answers for philox4x32 with 10 rounds, as the authors of the generator distribute them with Random123.
  static let knownAnswers: [(counter: SIMD4<UInt32>, key: UInt64, expected: SIMD4<UInt32>)] = [
    (.zero, 0, SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
    (
      SIMD4(repeating: .max), .max, SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
    ),
    (
      SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), 0x299f_31d0_a409_3822,
      SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
    ),
  ]

  @Test("known answers")
  func knownAnswers() {
    for row in Self.knownAnswers {
      #expect(Philox4x32(key: row.key)(row.counter) == row.expected)
    }
  }

  @Test("every bit is set half of the time, for counters in sequence and for keys in sequence")
  func balance() {
    let draws = 20_000
    for varied in ["counter", "key"] {
      var ones = [Int](repeating: 0, count: 128)
      for k in 0..<UInt32(draws) {
        let generator = Philox4x32(key: varied == "key" ? UInt64(k) : 42)
        let words = generator(SIMD4(varied == "counter" ? k : 7, 0, 0, 0))
        for bit in 0..<128 where words[bit / 32] >> UInt32(bit % 32) & 1 == 1 { ones[bit] += 1 }
      }
      // Binomial with a standard deviation of √n / 2; the worst of 128 stays below 4.5 of them (chance 1e-3, but the seed is fixed).
      let limit = 4.5 * Double(draws).squareRoot() / 2
      for bit in 0..<128 { #expect(abs(Double(ones[bit]) - Double(draws) / 2) < limit, "bit \(bit), \(varied)") }
    }
  }

  @Test("one flipped bit of the counter or key flips half of the output")
  func avalanche() {
    var flips = 0
    var trials = 0
    for bit in 0..<192 {
      for k in 0..<50 as Range<UInt32> {
        var counter = SIMD4<UInt32>(k, 3 &* k, 1, k &* k)
        var key = UInt64(k) &* 0x9E37_79B9_7F4A_7C15
        let before = Philox4x32(key: key)(counter)
        if bit < 128 { counter[bit / 32] ^= 1 << UInt32(bit % 32) } else { key ^= 1 << UInt64(bit - 128) }
        let after = Philox4x32(key: key)(counter)
        for lane in 0..<4 { flips += (before[lane] ^ after[lane]).nonzeroBitCount }
        trials += 128
      }
    }
    let share = Double(flips) / Double(trials)
    // 1.2 million bits: a standard error of 0.0005.
    #expect(abs(share - 0.5) < 0.002)
  }
}
