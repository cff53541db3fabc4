import Tektite

/// A copy of a run's start on which it is measured how long things take.
final class ForecastProbe {
  private var system: System
  private var field: ForceField
  /// The time of a step of dynamics without exchanges, and of an evaluation in a minimisation: seconds.
  let secondsPerStep: Double

  /// Times lists and forces at the start of a plan, or at what a few steps downhill make of it where the run will begin with them.
  init(_ plan: SimulationPlan, model: any PotentialModel, skin: Double, team: ThreadTeam) throws(PotentialError) {
    system = System(plan.structure, units: plan.units)
    field = try ForceField(model, for: system, skin: skin, team: team)
    // The first list is made in fresh memory; the second takes the time of those in a run.
    try field.update(&system)
    // Atoms that were put at random overlap, and have more neighbours than those of the liquid to come.
    if case .minimize = plan.stages.first, model is any PairEnergyModel {
      var fire = FIRE(for: field, units: plan.units)
      _ = try minimize(&system, &field, with: &fire, tolerance: 0, maximumEvaluations: 50)
    }
    let before = field.listSeconds
    field.invalidate()
    try field.update(&system)
    let list = field.listSeconds - before
    var best = Double.infinity
    let start = ContinuousClock().now
    repeat {
      let before = field.forceSeconds
      try field.update(&system)
      best = min(best, field.forceSeconds - before)
    } while ContinuousClock().now - start < .milliseconds(150)
    // A liquid rebuilds its list every twenty steps or so; moving the atoms is cheap beside their forces.
    secondsPerStep = 1.1 * best + list / 20
  }

  /// What exchanges of atoms add to a step; 0 for stages without any.
  func exchangeSecondsPerStep(_ stage: DynamicsStage, _ model: any PotentialModel) throws(PotentialError) -> Double {
    guard let exchange = stage.exchange, let pairs = model as? any PairEnergyModel,
      let temperature = exchange.temperature.map(Schedule.constant) ?? stage.thermostat.temperature
    else { return 0 }
    let energies = try pairs.makePairEnergies(for: system.table)
    // The search for neighbours and the forces are a block's, however many trials it has.
    var sample = exchange
    sample.attempts = min(exchange.attempts, 2000)
    var least = Double.infinity
    for round in 0..<4 {
      var block = StageExchange(
        sample, energies, temperature: temperature,
        generator: RandomStream.exchanges.generator(seed: UInt64(round), stage: 0), steps: stage.steps)
      let start = monotonicSeconds()
      _ = try block.perform(at: 0, &system, &field, [.forces])
      least = min(least, monotonicSeconds() - start)
    }
    return least * Double(exchange.attempts) / Double(sample.attempts) / Double(exchange.interval)
  }
}
