import TektiteCore
import Testing

@testable import TektiteDecks

@Suite("Numbers and units")
struct QuantityTests {
  @Test(
    "Numbers as YAML writes them",
    arguments: [
      ("1", 1.0), ("-2.5", -2.5), ("+3", 3), ("1_000_000", 1e6), ("1e-6", 1e-6), ("1.5E+3", 1500), (".5", 0.5),
      ("5.", 5), ("1_0.2_5", 10.25),
    ])
  func numbers(_ text: String, _ value: Double) {
    let read = DeckNumber.prefix(of: text)
    #expect(read?.value == value && read?.rest.isEmpty == true)
  }

  @Test("What is no number", arguments: ["", "-", ".", "e5", "nan", "inf", "_1", "x1", "+-1", "१"])
  func noNumbers(_ text: String) {
    #expect(DeckNumber.prefix(of: text) == nil)
  }

  @Test(
    "A number ends where its unit begins",
    arguments: [("2 fs", " fs"), ("1eV", "eV"), ("1e3eV", "eV"), ("1_", "_"), ("1__0", "__0"), ("3e", "e")])
  func endings(_ text: String, _ rest: String) {
    #expect(DeckNumber.prefix(of: text).map { String($0.rest) } == rest)
  }

  @Test(
    "Whole numbers",
    arguments: [("200_000", 200_000), ("1e6", 1_000_000), ("2.0", 2), ("-7", -7), ("9223372036854775807", Int.max)])
  func integers(_ text: String, _ value: Int) {
    #expect(DeckNumber.integer(text) == value)
  }

  @Test("What is no whole number", arguments: ["1.5", "1e30", "9223372036854775808", "0x10", "1 fs", "_5", "5_", ""])
  func noIntegers(_ text: String) {
    #expect(DeckNumber.integer(text) == nil)
  }

  @Test(
    "Units of real atoms",
    arguments: [
      ("fs", 1.0, Dimension.time), ("ps", 1000, .time), ("1/ps", 1e-3, .frequency), ("ps^-1", 1e-3, .frequency),
      ("/ps", 1e-3, .frequency), ("eV/Å", 1, .force),
      ("eV/A", 1, .force), ("eV Å^-1", 1, .force), ("eV·Å^-1", 1, .force), ("meV / nm", 1e-4, .force),
      ("nm^-3", 1e-3, .numberDensity),
      ("1/Å³", 1, .numberDensity), ("K", 1, .temperature), ("g/mol", 1, .mass), ("amu", 1, .mass),
      ("k_B*K", 1.380_649e-23 / 1.602_176_634e-19, .energy),
      // CODATA 2018: 1 kcal/mol, 1 hartree, 1 g/cm³, 1 GPa.
      ("kcal/mol", 0.043_364_104_241_800_934, .energy), ("hartree", 27.211_386_245_988, .energy),
      ("g/cm^3", 0.602_214_076, .massDensity),
      ("GPa", 0.006_241_509_074_460_763, .pressure),
    ])
  func units(_ text: String, _ factor: Double, _ dimension: Dimension) throws {
    let unit = try UnitExpression(text[...], .real)
    // A few roundings of the constants and their powers.
    #expect(abs(unit.factor - factor) <= 1e-14 * factor)
    #expect(unit.dimension == dimension)
  }

  @Test(
    "Reduced units are all 1",
    arguments: ["sigma", "σ", "epsilon", "tau", "m", "epsilon/k_B", "1/tau", "epsilon/sigma", "sigma^-3"])
  func reduced(_ text: String) throws {
    #expect(try UnitExpression(text[...], .lj).factor == 1)
  }

  @Test("What is no unit", arguments: ["", "/", "fs/", "2", "fs^", "fs^x", "fs^99", "eVV", "fs//ps", "tau", "1/"])
  func noUnits(_ text: String) {
    #expect(throws: UnitExpression.Problem.self) { try UnitExpression(text[...], .real) }
  }

  @Test(
    "Text survives being written and read",
    arguments: [
      "plain", "with space", "", "~", "null", "true", "17", "1e5", "- x", "a: b", "#no", "\"q\" \\ 'q'",
      "tab\there\nline", "é Å 你好 🧊", "\u{85}\u{2028}\u{FEFF}",
      "*a", "&a", "!t", "%x", "@", "`", "[a", "{a", " lead", "trail ", "y", "No", ".", "..", "a/b.c", "<<",
      "\u{1}\u{7F}",
    ])
  func quoting(_ text: String) throws {
    let yaml = SpelledValue.mapping([(text, .text(text)), ("k", .list([.text(text), .mapping([("a", .text(text))])]))])
      .rendered()
    let node = try DeckNode.compose(yaml, file: "t")
    guard case .mapping(let entries) = node.content, case .scalar(let value, _) = entries[0].value.content,
      case .sequence(let list) = entries[1].value.content, case .scalar(let first, _) = list[0].content,
      case .scalar(let second, _)? = list[1]["a"]?.content
    else {
      Issue.record("shape of \(yaml)")
      return
    }
    #expect(entries[0].key == text && value == text && first == text && second == text, "\(yaml)")
  }
}
