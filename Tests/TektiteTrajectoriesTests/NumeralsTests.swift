import TektiteTestSupport
import Testing

@testable import TektiteTrajectories

@Suite("Numerals")
struct NumeralsTests {
  @Test("Numbers are read as the standard library reads them, to the last bit")
  func agreesWithStandardLibrary() {
    var random = Mutator(seed: 1)
    for _ in 0..<200_000 {
      let text: String
      switch random.below(4) {
      case 0:
        let value = Double(bitPattern: random.word())
        guard value.isFinite else { continue }
        text = value.description
      case 1: text = (Double(random.word() >> 11) * 0x1p-53 * 100 - 50).description
      case 2:
        // Long mantissas around halfway cases, any exponent within the fast path and beyond.
        text = "\(random.word()).\(random.word() % 100_000)e\(random.below(80) - 40)"
      default: text = "0.\(String(repeating: "0", count: random.below(12)))\(random.word() >> UInt64(random.below(60)))"
      }
      #expect(Numerals.double(text) == Double(text), "\(text)")
    }
  }

  @Test(
    "Fortran and odd forms",
    arguments: [
      ("1.5D+02", 150.0), ("1d0", 1), ("-.5", -0.5), ("5.", 5), ("+3", 3), ("1.5-101", 1.5e-101), ("2+3", 2000),
      ("1E5", 1e5), ("00012.50", 12.5), ("1e-400", 0), ("123456789012345678901234567890", 1.2345678901234568e29),
    ])
  func oddForms(_ text: String, _ value: Double) { #expect(Numerals.double(text) == value) }

  @Test(
    "What is no number is refused",
    arguments: ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1_000", "*****", "1,5", "--1", "١", "1e5.5", "nanx"])
  func refused(_ text: String) { #expect(Numerals.double(text) == nil) }

  @Test("The checksum is CRC-64/XZ")
  func checksum() {
    let bytes = Array("123456789".utf8)
    #expect(CRC64.checksum(bytes, 0..<9) == 0x995D_C9BB_DF19_39FA)
  }
}
