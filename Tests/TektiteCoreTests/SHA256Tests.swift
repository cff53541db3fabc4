import TektiteCore
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  // The examples of FIPS 180-4 as NIST publishes them.
  @Test(
    "Published digests",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
    ])
  func published(_ text: String, _ digest: String) {
    #expect(SHA256.digest(text.utf8) == digest)
  }

  @Test("A million letters a, fed in uneven pieces")
  func million() {
    var digest = SHA256()
    var left = 1_000_000
    var piece = 1
    while left > 0 {
      digest.update(repeatElement(0x61, count: min(piece, left)))
      left -= min(piece, left)
      piece = piece * 7 % 1009 + 1
    }
    #expect(digest.finish() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("Every length around a block differs from its neighbours")
  func lengths() {
    let digests = (50...130).map { SHA256.digest([UInt8](repeating: 0, count: $0)) }
    #expect(Set(digests).count == digests.count)
  }
}
