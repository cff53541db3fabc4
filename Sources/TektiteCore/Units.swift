/// The system of units a run computes in. Inside the engine the equations of motion carry no unit constants: lengths, energies
/// and masses are given, time follows. Conversion happens where decks and files are read and written.
///
/// - `lj`: reduced units; sigma, epsilon, m and k_B are 1.
/// - `real`: Å, eV, amu; the unit of time is Å·√(amu/eV) = 10.1805 fs (CODATA 2018).
public enum Units: String, Sendable, CaseIterable, Codable {
  /// Reduced Lennard-Jones units.
  case lj
  /// Å, eV, amu inside; fs and K at the surface.
  case real

  /// Boltzmann's constant in energy units per kelvin (1 in reduced units).
  public var boltzmann: Double { self == .lj ? 1 : 8.617_333_262_145_177e-5 }
  /// Femtoseconds in one internal unit of time (1 in reduced units, where no femtosecond exists).
  public var femtoseconds: Double { self == .lj ? 1 : 10.180_505_710_759_414 }
  /// The name of the unit of time as users meet it.
  public var timeName: String { self == .lj ? "tau" : "fs" }
  /// The name of the unit of length.
  public var lengthName: String { self == .lj ? "sigma" : "Å" }
  /// The name of the unit of energy.
  public var energyName: String { self == .lj ? "epsilon" : "eV" }
  /// The name of the unit of temperature.
  public var temperatureName: String { self == .lj ? "epsilon/k_B" : "K" }
}
