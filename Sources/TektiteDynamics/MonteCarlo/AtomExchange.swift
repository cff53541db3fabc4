import TektiteCore

/// Trial exchanges between two atoms, made in blocks between steps of dynamics. In a dense liquid of many sizes they relax structure that motion
/// alone would take ages to relax (Ninarello, Berthier and Coslovich, Phys. Rev. X 7, 021039 (2017)); the ensemble is that of the thermostat.
public struct AtomExchange: Hashable, Sendable {
  /// What two atoms exchange.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Their diameters, if they are of the same species: each stays where it is and grows or shrinks.
    case diameters
    /// Their places, if they are of different species: as if the species were exchanged, but every atom stays what it is.
    case places
  }
  /// What is exchanged.
  public var kind: Kind
  /// A block of trials is made every so many steps.
  public var interval: Int
  /// Trials in a block.
  public var attempts: Int
  /// k_B T of the trials, energy; nil for that of the thermostat.
  public var temperature: Double?

  /// Makes a description.
  public init(_ kind: Kind, interval: Int, attempts: Int, temperature: Double? = nil) {
    self.kind = kind
    self.interval = interval
    self.attempts = attempts
    self.temperature = temperature
  }
}

/// How many exchanges were tried and made.
public struct ExchangeCount: Hashable, Sendable {
  /// Trials between atoms that differ.
  public var tried = 0
  /// Those that were accepted.
  public var accepted = 0

  /// None yet.
  public init() {}

  /// The accepted share, not a number before the first trial.
  public var acceptance: Double { Double(accepted) / Double(tried) }
}

extension SimulationPlan {
  /// Whether a stage exchanges diameters, so that frames differ in them.
  public var exchangesDiameters: Bool {
    stages.contains {
      if case .dynamics(let stage) = $0 { return stage.exchange?.kind == .diameters }
      return false
    }
  }
}

extension DynamicsStage {
  /// What keeps the atoms of a structure from being exchanged under a potential, or nil.
  public func exchangeComplaint(_ structure: Structure, _ model: any PotentialModel) -> String? {
    guard let exchange else { return nil }
    guard exchange.interval > 0, exchange.attempts > 0 else {
      return "\(exchange.attempts) exchanges every \(exchange.interval) steps; expected positive numbers"
    }
    if exchange.temperature == nil, thermostat.temperature == nil {
      return "exchanges need a temperature, since the stage has no thermostat; give the exchange one"
    }
    guard let pairs = model as? any PairEnergyModel else {
      return "atoms cannot be exchanged under \(model.name), whose energy is no sum over pairs"
    }
    let cutoff: Double
    do throws(PotentialError) { cutoff = try pairs.makePairEnergies(for: structure.table).cutoff } catch {
      return "\(error)"
    }
    switch exchange.kind {
    case .diameters:
      if structure.frame.diameters.isEmpty { return "the atoms have no diameters that they could exchange" }
    case .places:
      if Set(structure.topology.species).count < 2 { return "atoms of one species only have nothing to exchange" }
    }
    let cell = structure.frame.cell
    for axis in 0..<3 where cell.periodic[axis] && cell.widths[axis] <= cutoff {
      return
        "the cell is \(cell.widths[axis]) wide and the potential reaches \(cutoff): an atom that sees its own images "
        + "cannot be exchanged"
    }
    return nil
  }
}
