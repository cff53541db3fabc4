import Tektite

/// What trial exchanges of diameters cost.
struct BenchExchanges: Codable {
  var system: String
  var atoms: Int
  var temperature: Double
  /// Trials of one block, as many as atoms.
  var attempts: Int
  /// Microseconds of wall time for each trial, in the median block: with the search for neighbours, the new list and the new forces; and of the trial alone.
  var total: Double
  var trial: Double
  /// Trials a second, everything included.
  var attemptsPerSecond: Double
  /// The accepted share.
  var acceptance: Double

  /// Times blocks of trials on a structure, dynamics between them. A trial alone is what a block of five times as many takes longer.
  init(_ liquid: BenchLiquid, on structure: Structure, temperature: Double, team: ThreadTeam) throws {
    let model = try ModelReference.resolve(liquid.model, precision: .double).model
    var system = System(structure, units: .lj)
    var field = try ForceField(model, for: system, skin: liquid.skin(for: structure), team: team)
    try field.update(&system, [.forces, .energy])
    guard let pairs = model as? any PairEnergyModel else {
      throw PotentialError.unavailable("the energy of single pairs of atoms", model: liquid.model)
    }
    let energies = try pairs.makePairEnergies(for: system.table)
    let n = system.count
    var count = ExchangeCount()
    var (short, long): ([Double], [Double]) = ([], [])
    var langevin = LangevinMiddle(
      timestep: liquid.timestep, friction: 1, temperature: .constant(temperature), steps: .max,
      noise: Noise(RandomStream.langevin.generator(seed: 5, stage: 1)))
    var step = 0
    for round in 0..<16 {
      for factor in [1, 5] {
        try langevin.advance(&system, &field, from: step, count: 10, measuring: [.forces, .energy])
        step += 10
        var exchange = StageExchange(
          AtomExchange(.diameters, interval: 10, attempts: factor * n), energies, temperature: .constant(temperature),
          generator: RandomStream.exchanges.generator(seed: 6, stage: 0), steps: .max)
        let start = monotonicSeconds()
        _ = try exchange.perform(at: step, &system, &field, [.forces, .energy])
        let seconds = monotonicSeconds() - start
        // The first round warms caches and memory.
        guard round > 0 else { continue }
        if factor == 1 { short.append(seconds) } else { long.append(seconds) }
        count.tried += exchange.count.tried
        count.accepted += exchange.count.accepted
      }
    }
    let (once, five) = (BenchSetting.median(short), BenchSetting.median(long))
    self.system = liquid.model
    atoms = n
    self.temperature = temperature
    attempts = n
    total = once / Double(n) * 1e6
    trial = (five - once) / Double(4 * n) * 1e6
    attemptsPerSecond = Double(n) / once
    acceptance = count.acceptance
  }
}
