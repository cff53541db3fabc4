/// Units as tables spell them, in the letters of formulas: `eV/Å^3` as eV/Å³, `sigma` as σ.
enum UnitText {
  private static let superscripts: [Character: Character] = [
    "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹", "-": "⁻",
  ]

  /// The unit with its powers as characters; Greek letters are left to `Symbols`.
  static func symbol(_ unit: String) -> String {
    var text = ""
    var isPower = false
    for character in unit {
      if character == "^" {
        isPower = true
      } else if isPower, let raised = superscripts[character] {
        text.append(raised)
      } else {
        isPower = false
        text.append(character)
      }
    }
    return text
  }
}
