#if arch(x86_64)
  import CX86
#endif

/// The inner loop of SHA-256 (FIPS 180-4, section 6.2.2): blocks of 64 bytes into a state of eight words. Processors that have instructions for it use them.
public enum DigestBlocks {
  /// Whether this processor has instructions for SHA-256.
  public static let isAccelerated: Bool = {
    #if arch(x86_64)
      return tektite_has_sha() != 0
    #else
      return false
    #endif
  }()

  /// Takes in whole blocks.
  /// - Parameters:
  ///   - state: the eight words.
  ///   - bytes: a multiple of 64 bytes.
  ///   - accelerated: whether to use the processor's instructions, which is ignored where there are none.
  public static func compress(_ state: inout [UInt32], _ bytes: UnsafeRawBufferPointer, accelerated: Bool = true) {
    precondition(state.count == 8 && bytes.count % 64 == 0, "a digest takes eight words and whole blocks")
    guard let base = bytes.baseAddress else { return }
    state.withUnsafeMutableBufferPointer { state in
      guard let words = state.baseAddress else { return }
      constants.withUnsafeBufferPointer { constants in
        #if arch(x86_64)
          if accelerated, isAccelerated {
            let data = base.assumingMemoryBound(to: UInt8.self)
            tektite_sha256(words, data, bytes.count / 64, constants.baseAddress)
            return
          }
        #endif
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
          for first in stride(from: 0, to: bytes.count, by: 64) {
            compress(words, base + first, schedule, constants)
          }
        }
      }
    }
  }

  // With the letters of the standard.
  private static func compress(
    _ state: UnsafeMutablePointer<UInt32>, _ block: UnsafeRawPointer, _ schedule: UnsafeMutableBufferPointer<UInt32>,
    _ constants: UnsafeBufferPointer<UInt32>
  ) {
    @inline(__always) func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x &>> n | x &<< (32 - n) }
    for t in 0..<16 {
      schedule[t] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * t, as: UInt32.self))
    }
    for t in 16..<64 {
      let (x, y) = (schedule[t - 15], schedule[t - 2])
      let s0 = rotate(x, 7) ^ rotate(x, 18) ^ x &>> 3
      let s1 = rotate(y, 17) ^ rotate(y, 19) ^ y &>> 10
      schedule[t] = s1 &+ schedule[t - 7] &+ s0 &+ schedule[t - 16]
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for t in 0..<64 {
      let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let t1 = h &+ s1 &+ ((e & f) ^ (~e & g)) &+ constants[t] &+ schedule[t]
      let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (h, g, f, e) = (g, f, e, d &+ t1)
      (d, c, b, a) = (c, b, a, t1 &+ t2)
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
    state[4] &+= e
    state[5] &+= f
    state[6] &+= g
    state[7] &+= h
  }

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
  ]
}
