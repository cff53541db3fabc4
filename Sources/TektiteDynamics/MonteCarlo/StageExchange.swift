import TektiteCore

/// The exchanges of one stage: when, under which energies, and how many there were.
package struct StageExchange {
  private let exchange: AtomExchange
  private let energies: any PairEnergies
  private let temperature: Schedule
  private let generator: Philox4x32
  private let steps: Int
  /// Since the stage began.
  package private(set) var count = ExchangeCount()

  /// Exchanges that no deck asked for.
  /// - Parameter steps: over which the temperature is scheduled.
  package init(
    _ exchange: AtomExchange, _ energies: any PairEnergies, temperature: Schedule, generator: Philox4x32, steps: Int
  ) {
    self.exchange = exchange
    self.energies = energies
    self.temperature = temperature
    self.generator = generator
    self.steps = steps
  }

  /// The exchanges of a stage, or nil where it has none.
  init?(
    _ stage: DynamicsStage, _ model: any PotentialModel, table: [Species], seed: UInt64, index: Int,
    resuming ledger: StageLedger
  ) throws {
    guard let exchange = stage.exchange, let pairs = model as? any PairEnergyModel,
      let temperature = exchange.temperature.map(Schedule.constant) ?? stage.thermostat.temperature
    else { return nil }
    self.init(
      exchange, try pairs.makePairEnergies(for: table), temperature: temperature,
      generator: RandomStream.exchanges.generator(seed: seed, stage: index), steps: stage.steps)
    count = ledger.exchanges
  }

  /// When blocks are due; not at step 0, which belongs to the stage before.
  var trigger: Trigger { .every(exchange.interval) }

  /// Makes the block of a step and brings the forces up to date.
  /// - Returns: by how much the potential energy grew.
  package mutating func perform(
    at step: Int, _ system: inout System, _ field: inout ForceField, _ quantities: Quantities
  ) throws(PotentialError) -> Double {
    let before = field.evaluation.energy
    var block = try ExchangeBlock(exchange.kind, energies, system, team: field.context.team)
    let sites = block.sites
    let made = block.run(
      attempts: exchange.attempts, temperature: temperature.value(at: step, of: steps), step: step, generator)
    count.tried += made.tried
    count.accepted += made.accepted
    guard made.accepted > 0 else { return 0 }
    block.apply(to: &system, sitesOf: sites)
    field.invalidate()
    try field.update(&system, quantities)
    return field.evaluation.energy - before
  }
}
