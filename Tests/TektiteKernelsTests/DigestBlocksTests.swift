import Testing

@testable import TektiteKernels

@Suite("Blocks of digests")
struct DigestBlocksTests {
  // The portable loop is held by the published digests where there are no instructions; here the instructions are held by it.
  @Test("The processor's instructions and the plain loop agree", .enabled(if: DigestBlocks.isAccelerated))
  func levels() {
    var bytes = [UInt8](repeating: 0, count: 64 * 37)
    for k in bytes.indices { bytes[k] = UInt8(truncatingIfNeeded: k &* 2_654_435_761 >> 7) }
    for blocks in [0, 1, 2, 37] {
      var (fast, plain) = ([UInt32](1...8), [UInt32](1...8))
      bytes.withUnsafeBytes { all in
        let part = UnsafeRawBufferPointer(rebasing: all[..<(64 * blocks)])
        DigestBlocks.compress(&fast, part)
        DigestBlocks.compress(&plain, part, accelerated: false)
      }
      #expect(fast == plain)
      #expect((plain == [UInt32](1...8)) == (blocks == 0))
    }
  }

  // FIPS 180-4's example of one block, "abc" with its padding.
  @Test("The plain loop gives the published digest")
  func published() {
    var block = [UInt8](repeating: 0, count: 64)
    block.replaceSubrange(0..<4, with: [0x61, 0x62, 0x63, 0x80])
    block[63] = 24
    var state: [UInt32] = [
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    block.withUnsafeBytes { DigestBlocks.compress(&state, $0, accelerated: false) }
    #expect(
      state == [
        0xba78_16bf, 0x8f01_cfea, 0x4141_40de, 0x5dae_2223, 0xb003_61a3, 0x9617_7a9c, 0xb410_ff61, 0xf200_15ad,
      ])
  }
}
