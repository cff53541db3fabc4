import TektiteCore
import TektiteDynamics

/// `swap:` of a dynamics stage: trial exchanges between the steps.
struct SwapSection: DeckSection {
  var kind = AtomExchange.Kind.diameters
  var interval = 0
  var attempts: Int?
  var temperature: Double?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "swap", expectation: "'swap'",
    meaning: "Swap Monte Carlo between the steps: exchanges of two atoms, accepted by Metropolis' rule.",
    keys: [
      .required(
        "kind", \.kind, .word("what is exchanged"),
        "'diameters' of two atoms of the same species, or 'places' of two atoms of different species."),
      .required(
        "every", \.interval, .integer("a number of steps", in: 1...1_000_000_000_000),
        "A block of exchanges is tried every so many steps."),
      .absent(
        "attempts", \.attempts, .integer("a number of exchanges", in: 1...1_000_000_000),
        "Exchanges tried in a block; by default as many as there are atoms."),
      .absent(
        "temperature", \.temperature, .quantity("a temperature", .temperature, .notNegative),
        "The temperature of the exchanges; by default that of the thermostat."),
    ])

  /// The exchanges of a system of so many atoms.
  func exchange(atoms: Int, _ units: Units) -> AtomExchange {
    AtomExchange(
      kind, interval: interval, attempts: attempts ?? atoms, temperature: temperature.map { $0 * units.boltzmann })
  }
}
