import TektiteCore

/// What a quantity measures: powers of length, energy, mass, time and temperature. Energy counts as independent of the others, since decks use it so.
struct Dimension: Hashable, Sendable {
  var length = 0
  var energy = 0
  var mass = 0
  var time = 0
  var temperature = 0

  static let number = Dimension()
  static let length = Dimension(length: 1)
  static let energy = Dimension(energy: 1)
  static let mass = Dimension(mass: 1)
  static let time = Dimension(time: 1)
  static let temperature = Dimension(temperature: 1)
  static let force = Dimension(length: -1, energy: 1)
  static let waveNumber = Dimension(length: -1)
  static let frequency = Dimension(time: -1)
  static let pressure = Dimension(length: -3, energy: 1)
  static let compressibility = Dimension(length: 3, energy: -1)
  static let numberDensity = Dimension(length: -3)
  static let massDensity = Dimension(length: -3, mass: 1)

  /// What people call it, with an article.
  var name: String {
    switch self {
    case .number: "a plain number"
    case .length: "a length"
    case .energy: "an energy"
    case .mass: "a mass"
    case .time: "a time"
    case .temperature: "a temperature"
    case .force: "a force"
    case .waveNumber: "a wave number (one over length)"
    case .frequency: "a rate (one over time)"
    case .numberDensity: "a number density"
    case .massDensity: "a mass density"
    case .pressure: "a pressure"
    case .compressibility: "a compressibility (one over pressure)"
    default: "something else"
    }
  }

  /// Units to offer when a wrong one was used.
  func examples(_ units: Units) -> String {
    switch (self, units) {
    case (.length, .lj): "sigma"
    case (.energy, .lj): "epsilon"
    case (.mass, .lj): "m"
    case (.time, .lj): "tau"
    case (.temperature, .lj): "epsilon/k_B"
    case (.force, .lj): "epsilon/sigma"
    case (.frequency, .lj): "1/tau"
    case (.waveNumber, .lj): "1/sigma"
    case (.waveNumber, .real): "1/Å, 1/nm"
    case (.numberDensity, .lj): "1/sigma^3"
    case (.pressure, .lj): "epsilon/sigma^3"
    case (.compressibility, .lj): "sigma^3/epsilon"
    case (.compressibility, .real): "Å^3/eV, 1/GPa, 1/bar"
    case (.pressure, .real): "eV/Å^3, GPa, bar"
    case (.length, .real): "Å (or A, angstrom), nm, pm, bohr"
    case (.energy, .real): "eV, meV, kJ/mol, kcal/mol, hartree"
    case (.mass, .real): "amu, u, Da"
    case (.time, .real): "fs, ps, ns"
    case (.temperature, .real): "K"
    case (.force, .real): "eV/Å, kcal/mol/Å, hartree/bohr"
    case (.frequency, .real): "1/fs, 1/ps"
    case (.numberDensity, .real): "1/Å^3, 1/nm^3"
    case (.massDensity, .real): "g/cm^3, kg/m^3"
    default: "none"
    }
  }

  /// The unit that a bare number has, and in which the spelled-out deck is written; empty in reduced units.
  func surfaceUnit(_ units: Units) -> String {
    guard units == .real else { return "" }
    return switch self {
    case .length: "Å"
    case .energy: "eV"
    case .mass: "amu"
    case .time: "fs"
    case .temperature: "K"
    case .force: "eV/Å"
    case .frequency: "1/fs"
    case .waveNumber: "1/Å"
    case .numberDensity: "1/Å^3"
    case .massDensity: "amu/Å^3"
    case .pressure: "eV/Å^3"
    case .compressibility: "Å^3/eV"
    default: ""
    }
  }

  static func + (a: Dimension, b: Dimension) -> Dimension {
    Dimension(
      length: a.length + b.length, energy: a.energy + b.energy, mass: a.mass + b.mass, time: a.time + b.time,
      temperature: a.temperature + b.temperature)
  }

  static func * (n: Int, a: Dimension) -> Dimension {
    Dimension(
      length: n * a.length, energy: n * a.energy, mass: n * a.mass, time: n * a.time, temperature: n * a.temperature)
  }
}
