import TektiteCore

/// A unit as users write it, such as `fs`, `kcal/mol/Å`, `1/ps`, `ps^-1` or `g/cm^3`: a factor to the deck's own units and a dimension.
struct UnitExpression: Sendable {
  /// Multiply a number in this unit by the factor to have it in Å, eV, amu, fs and K, or in reduced units.
  var factor = 1.0
  var dimension = Dimension.number

  /// One of the words that units are made of.
  private struct Word {
    var factor: Double
    var dimension: Dimension
  }

  // CODATA 2018 for the constants; the mole is a plain number.
  private static let real: [String: Word] = {
    let joule = 1 / 1.602_176_634e-19
    let mole = 6.022_140_76e23
    func words(_ dimension: Dimension, _ values: KeyValuePairs<String, Double>) -> [(String, Word)] {
      values.map { ($0.key, Word(factor: $0.value, dimension: dimension)) }
    }
    var table = words(
      .length,
      [
        "Å": 1, "A": 1, "angstrom": 1, "Angstrom": 1, "nm": 10, "pm": 0.01, "bohr": 0.529_177_210_903, "cm": 1e8,
        "m": 1e10,
      ])
    table += words(
      .energy,
      [
        "eV": 1, "meV": 1e-3, "keV": 1e3, "J": joule, "kJ": 1e3 * joule, "cal": 4.184 * joule, "kcal": 4184 * joule,
        "hartree": 27.211_386_245_988, "Ha": 27.211_386_245_988,
      ])
    table += words(.mass, ["amu": 1, "u": 1, "Da": 1, "g": mole, "kg": 1e3 * mole])
    table += words(.time, ["fs": 1, "ps": 1e3, "ns": 1e6, "us": 1e9, "µs": 1e9, "μs": 1e9, "s": 1e15])
    table += words(.temperature, ["K": 1])
    table += words(
      .pressure, ["Pa": 1e-30 * joule, "GPa": 1e-21 * joule, "bar": 1e-25 * joule, "atm": 1.013_25e-25 * joule])
    table += words(.number, ["mol": mole])
    table += words(Dimension(energy: 1, temperature: -1), ["k_B": Units.real.boltzmann, "kB": Units.real.boltzmann])
    return Dictionary(table) { first, _ in first }
  }()

  private static let reduced: [String: Word] = [
    "sigma": Word(factor: 1, dimension: .length), "σ": Word(factor: 1, dimension: .length),
    "epsilon": Word(factor: 1, dimension: .energy), "ε": Word(factor: 1, dimension: .energy),
    "tau": Word(factor: 1, dimension: .time), "τ": Word(factor: 1, dimension: .time),
    "m": Word(factor: 1, dimension: .mass),
    "k_B": Word(factor: 1, dimension: Dimension(energy: 1, temperature: -1)),
    "kB": Word(factor: 1, dimension: Dimension(energy: 1, temperature: -1)),
  ]

  /// Why a text is no unit, in words for the user.
  struct Problem: Error { var message: String }

  /// Reads a unit: words and `1`, each with an optional power, joined by `/`, `*`, `·` or spaces.
  init(_ text: Substring, _ units: Units) throws(Problem) {
    let words = units == .real ? Self.real : Self.reduced
    let other = units == .real ? Self.reduced : Self.real
    var rest = text
    var sign = 1
    var isFirst = true
    while true {
      rest = rest.drop { $0 == " " }
      // `0.5/ps` begins with a division.
      if !isFirst || rest.first == "/" {
        guard let joint = rest.first else { return }
        if joint == "/" || joint == "*" || joint == "·" {
          rest = rest.dropFirst().drop { $0 == " " }
          sign = joint == "/" ? -1 : 1
        } else {
          sign = 1
        }
      }
      isFirst = false
      let name = String(rest.prefix { $0.isLetter || $0 == "_" })
      if name.isEmpty {
        guard rest.first == "1" else { throw Problem(message: "'\(text)' is not a unit") }
        rest = rest.dropFirst()
        continue
      }
      rest = rest.dropFirst(name.count)
      guard let word = words[name] else {
        if other[name] != nil {
          let system =
            units == .real
            ? "the unit '\(name)' belongs to reduced units, and this deck has 'units: real'"
            : "the unit '\(name)' belongs to real atoms, and this deck has 'units: lj', where every quantity is a number"
          throw Problem(message: system)
        }
        let nearest = InputError.nearest(to: name, among: words.keys.sorted())
        throw Problem(message: "no unit is called '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
      }
      let power = try Self.power(&rest, of: name) * sign
      dimension = dimension + power * word.dimension
      for _ in 0..<abs(power) { factor = power > 0 ? factor * word.factor : factor / word.factor }
    }
  }

  private static func power(_ rest: inout Substring, of name: String) throws(Problem) -> Int {
    for (character, value) in [("²", 2), ("³", 3)] as [(Character, Int)] where rest.first == character {
      rest = rest.dropFirst()
      return value
    }
    guard rest.first == "^" else { return 1 }
    let digits = rest.dropFirst().prefix { $0 == "-" || $0 == "+" || ("0"..."9").contains($0) }
    guard let value = Int(digits), abs(value) <= 6 else {
      throw Problem(message: "after '\(name)^' stands no power between -6 and 6")
    }
    rest = rest.dropFirst(1 + digits.count)
    return value
  }
}
