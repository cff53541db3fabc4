/// A label in the notation of formulas: `F_s(k, t)` and `10^{-4}` with sub- and superscripts, single letters in italics, names of Greek letters as these letters.
struct Symbols: Hashable {
  /// A piece of text in one style.
  struct Run: Hashable {
    var text: String
    /// Whether it is a variable.
    var isItalic: Bool
    /// −1 for a subscript, 1 for a superscript.
    var level: Int
  }

  /// The pieces in order.
  private(set) var runs: [Run] = []

  private static let greek = [
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
  ]

  /// Reads a label.
  /// - Parameter variables: whether single letters are variables; not so for the names of species and for units.
  init(_ label: String, variables: Bool = true) {
    let characters = Array(label)
    var place = 0
    func word(from start: Int) -> Int {
      var end = start
      while end < characters.count, characters[end].isLetter, characters[end].isASCII { end += 1 }
      return end
    }
    while place < characters.count {
      let character = characters[place]
      let level = character == "_" ? -1 : character == "^" ? 1 : 0
      // An underscore in a longer name is a part of it; a subscript stands after a letter or a bracket.
      let isAfterSymbol = runs.last.map { last in
        guard last.level == 0, let end = last.text.last else { return false }
        return end.isLetter ? last.text.count == 1 : end.isNumber || ")]⟩".contains(end)
      }
      if level != 0, place + 1 < characters.count, isAfterSymbol ?? false || level == 1 {
        var (start, end) = (place + 1, place + 1)
        if characters[start] == "{", let close = characters[start...].firstIndex(of: "}") {
          start += 1
          end = close
          place = close + 1
        } else {
          if "+-−".contains(characters[end]) { end += 1 }
          while end < characters.count, characters[end].isLetter || characters[end].isNumber { end += 1 }
          place = end
        }
        let text = String(characters[start..<end])
        append(Self.greek[text] ?? text, italic: false, level: level)
      } else if ("α"..."ω").contains(character) {
        append(String(character), italic: variables, level: 0, alone: true)
        place += 1
      } else if character.isLetter, character.isASCII {
        let end = word(from: place)
        let text = String(characters[place..<end])
        let letter = Self.greek[text]
        append(letter ?? text, italic: variables && (text.count == 1 || letter != nil), level: 0, alone: true)
        place = end
      } else {
        append(String(character), italic: false, level: 0)
        place += 1
      }
    }
  }

  private mutating func append(_ text: String, italic: Bool, level: Int, alone: Bool = false) {
    if text.isEmpty { return }
    if !alone, let last = runs.last, last.isItalic == italic, last.level == level, last.text.last?.isLetter != true {
      runs[runs.count - 1].text += text
    } else {
      runs.append(Run(text: text, isItalic: italic, level: level))
    }
  }

  /// The name of a number that was read off, e.g. `tau_alpha`: a symbol where it begins with one, else words.
  static func name(_ name: String) -> Symbols {
    let parts = name.split(separator: "_").map(String.init)
    guard let head = parts.first else { return Symbols(name) }
    guard greek[head] != nil || head.count == 1 else {
      return Symbols(parts.joined(separator: " "), variables: false)
    }
    var symbol = Symbols(head)
    let indices = parts.dropFirst().map { greek[$0] ?? $0 }.joined(separator: ", ")
    symbol.append(indices, italic: false, level: -1)
    return symbol
  }

  /// A sentence in HTML, whose words with an underscore after one letter are symbols.
  static func sentence(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word in
      let second = word.dropFirst().first
      return second == "_" && word.count > 2 ? Symbols(String(word)).html : Markup.escaped(String(word))
    }.joined(separator: " ")
  }

  /// A label with its unit in brackets.
  init(_ label: String, unit: String) {
    self.init(label)
    guard !unit.isEmpty else { return }
    append(" (", italic: false, level: 0)
    runs += Symbols(unit, variables: false).runs
    append(")", italic: false, level: 0)
  }

  /// As HTML.
  var html: String {
    runs.map { run in
      let text = Markup.escaped(run.text)
      if run.level < 0 { return "<sub>\(text)</sub>" }
      if run.level > 0 { return "<sup>\(text)</sup>" }
      return run.isItalic ? "<i>\(text)</i>" : text
    }.joined()
  }

  /// As the content of an SVG text.
  /// - Parameter size: the size of its letters.
  func svg(size: Double) -> String {
    var shift = 0.0
    return runs.map { run in
      let wanted = run.level < 0 ? 0.24 * size : run.level > 0 ? -0.36 * size : 0
      let move = wanted == shift ? "" : " dy=\"\(SVG.number(wanted - shift))\""
      shift = wanted
      let text = Markup.escaped(run.text)
      if run.level != 0 { return "<tspan\(move) font-size=\"\(SVG.number(0.74 * size))\">\(text)</tspan>" }
      if run.isItalic { return "<tspan\(move) font-style=\"italic\">\(text)</tspan>" }
      return move.isEmpty ? text : "<tspan\(move)>\(text)</tspan>"
    }.joined()
  }

  /// The text without any style.
  var plain: String { runs.map(\.text).joined() }

  /// About how wide it is, in sizes of its letters: a generous guess, because the font is not known.
  var width: Double { runs.reduce(0) { $0 + Double($1.text.count) * ($1.level == 0 ? 0.63 : 0.48) } }
}
