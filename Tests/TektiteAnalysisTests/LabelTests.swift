import Testing

@testable import TektiteAnalysis

@Suite("Labels, numbers and escapes")
struct LabelTests {
  @Test("Labels are set as formulas")
  func symbols() {
    #expect(Symbols("F_s(k, t)").html == "<i>F</i><sub>s</sub>(<i>k</i>, <i>t</i>)")
    #expect(Symbols("⟨Δr²⟩").html == "⟨Δ<i>r</i>²⟩")
    #expect(Symbols("10^{−4}").html == "10<sup>−4</sup>")
    #expect(Symbols("k_B T", variables: false).html == "k<sub>B</sub> T")
    #expect(Symbols("σ_E").html == "<i>σ</i><sub>E</sub>")
    #expect(Symbols("step").html == "step")
    #expect(Symbols("inherent_structure").html == "inherent_structure")
    #expect(Symbols("t", unit: "fs").html == "<i>t</i> (fs)")
    #expect(Symbols("U", unit: "10^{3} eV").html == "<i>U</i> (10<sup>3</sup> eV)")
    #expect(Symbols("E", unit: "sigma").html == "<i>E</i> (σ)")
    for odd in ["_", "^", "a_", "a_{", "a_{}", "^^", "x^{2", "", "{}", "a_-"] { _ = Symbols(odd).svg(size: 12) }
  }

  @Test("Names of findings become symbols where they begin with one")
  func names() {
    #expect(Symbols.name("tau_alpha").html == "<i>τ</i><sub>α</sub>")
    #expect(Symbols.name("tau_alpha_A").html == "<i>τ</i><sub>α, A</sub>")
    #expect(Symbols.name("D_A").html == "<i>D</i><sub>A</sub>")
    #expect(Symbols.name("first_peak").html == "first peak")
    #expect(Symbols.name("").html == "" && Symbols.name("___").html == "___")
    #expect(Symbols.sentence("where F_s < 1/e").hasPrefix("where <i>F</i><sub>s</sub> &lt; 1/e"))
  }

  @Test("A superscript goes back to the line")
  func baseline() {
    #expect(
      Symbols("x^2 y").svg(size: 10).contains("<tspan dy=\"3.6\"> </tspan>"), "\(Symbols("x^2 y").svg(size: 10))")
  }

  @Test("Units are in the letters of formulas")
  func units() {
    #expect(UnitText.symbol("eV/Å^3") == "eV/Å³" && UnitText.symbol("fs^-1") == "fs⁻¹" && UnitText.symbol("K") == "K")
  }

  @Test("Numbers have as many digits as their errors allow")
  func numbers() {
    #expect(NumberText.plain(0.45123, error: 0.00234) == "0.4512 ± 0.0023")
    #expect(NumberText.plain(-6.01638, error: 0.00119) == "−6.0164 ± 0.0012")
    #expect(NumberText.plain(3.02e-5, error: 1.2e-6) == "(3.02 ± 0.12)×10^{−5}")
    #expect(NumberText.plain(870.4, error: 31) == "870 ± 31")
    #expect(NumberText.plain(12_345, error: 1234) == "(1.23 ± 0.12)×10^{4}")
    #expect(NumberText.plain(2, error: .nan) == "2" && NumberText.plain(2, error: 0) == "2")
    #expect(NumberText.plain(0, error: 0.5) == "0.00 ± 0.50" && NumberText.plain(.nan) == "–")
    #expect(NumberText.plain(1e-7) == "1×10^{−7}" && NumberText.plain(1234.5) == "1234.5")
    #expect(NumberText.plain(-.infinity) == "−∞" && NumberText.plain(0.5, digits: 2) == "0.5")
    #expect(NumberText.count(-1_234_567) == "−1,234,567" && NumberText.count(Int.min).hasPrefix("−9,223"))
    for value in [1e308, -1e308, 0x1p-1074, 0x1p-1030, .infinity, .nan, 0] {
      for error in [1e308, 0x1p-1074, 1, 0, -1, .infinity, .nan] { _ = NumberText.plain(value, error: error) }
      _ = NumberText.duration(value)
      _ = SVG.number(value)
    }
  }

  @Test("Text cannot leave its place in a document")
  func escapes() {
    #expect(Markup.escaped("<a href=\"x\">&'\u{0}\u{1B}") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\u{FFFD}\u{FFFD}")
    #expect(Markup.fileName("../../etc/passwd") == "etc-passwd" && Markup.fileName("é\"<") == "table")
    #expect(Markup.address("javascript:alert(1)") == "./javascript%3Aalert%281%29")
    #expect(Markup.address("../a b/c.csv") == "../a%20b/c.csv")
  }
}
