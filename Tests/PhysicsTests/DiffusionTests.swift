import Tektite
import TektiteTestSupport
import Testing

@Suite("Diffusion", .tags(.physics), .serialized)
struct DiffusionTests {
  /// Mean square displacements of A and B at multiples of an interval, averaged over all starts.
  private struct Displacements {
    var frames: [[Vector3]] = []
    mutating func add(_ liquid: borrowing Liquid) {
      var frame = Frame()
      liquid.system.copy(into: &frame, velocities: false)
      frames.append(frame.positions)
    }

    func meanSquare(_ members: [Int], lag: Int) -> Double {
      var sum = 0.0
      for start in 0..<frames.count - lag {
        for atom in members { sum += (frames[start + lag][atom] - frames[start][atom]).lengthSquared }
      }
      return sum / Double((frames.count - lag) * members.count)
    }

    /// The least-squares slope of the mean square displacement over a range of lags, over six: what came before the diffusive regime drops out.
    func diffusivity(_ members: [Int], lags: ClosedRange<Int>, interval: Double) -> Double {
      let times = lags.map { Double($0) * interval }
      let rises = lags.map { meanSquare(members, lag: $0) }
      let (t, m) = (Statistics.mean(times), Statistics.mean(rises))
      let above = zip(times, rises).map { ($0 - t) * ($1 - m) }.reduce(0, +)
      return above / times.map { ($0 - t) * ($0 - t) }.reduce(0, +) / 6
    }
  }

  /// Runs at constant energy from an equilibrated start with the kinetic energy of the temperature, and returns the diffusivities of
  /// A and B with the mean temperature.
  private func measure(
    temperature: Double, energy: Double?, equilibration: Int, steps: Int, every: Int, lags: ClosedRange<Int>,
    seed: UInt64
  ) throws -> (a: Double, b: Double, temperature: Double) {
    var liquid = try Liquid.kobAndersen(side: 16, seed: seed)
    liquid.system.drawMaxwellVelocities(temperature: 3, seed: seed)
    try liquid.langevin(temperature: 3, timestep: 0.003, steps: 600)
    try liquid.langevin(temperature: temperature, timestep: 0.004, steps: equilibration)
    let n = Double(liquid.count)
    // With the total energy that belongs to the temperature, the mean kinetic temperature becomes a result to check.
    let kinetic = 1.5 * temperature * (n - 1) + (energy.map { $0 * n - liquid.energy } ?? 0)
    liquid.setKineticEnergy(kinetic)
    var seen = Displacements()
    var temperatures: [Double] = []
    let species = liquid.system.topology.species
    try liquid.verlet(timestep: 0.004, steps: steps, every: every) { now in
      seen.add(now)
      temperatures.append(2 * now.kineticEnergy / (3 * n - 3))
    }
    let (a, b) = (species.indices.filter { species[$0] == 0 }, species.indices.filter { species[$0] == 1 })
    let interval = 0.004 * Double(every)
    return (
      seen.diffusivity(a, lags: lags, interval: interval), seen.diffusivity(b, lags: lags, interval: interval),
      Statistics.mean(temperatures)
    )
  }

  @Test("at T = 2, and energy and temperature belong together")
  func hot() throws {
    // The diffusivities of single runs scatter by 3 % (A) and 4 % (B) over eight seeds, whose means were 0.0477 and 0.0713: the bounds are for the mean of four.
    var (a, b, temperature) = (0.0, 0.0, 0.0)
    let seeds: [UInt64] = [301, 302, 303, 304]
    for seed in seeds {
      let found = try measure(
        temperature: 2, energy: -4.654, equilibration: 1500, steps: 6000, every: 100, lags: 10...25, seed: seed)
      print("T = 2: D_A = \(found.a), D_B = \(found.b), T = \(found.temperature)")
      a += found.a / Double(seeds.count)
      b += found.b / Double(seeds.count)
      temperature += found.temperature / Double(seeds.count)
    }
    // u = -4.654 ± 0.003 over a heat capacity near 3 per atom is T ± 0.001; its own fluctuation at N = 4096 adds a few thousandths.
    #expect(abs(temperature - 2) < 0.02)
    // Reference 0.0470 and 0.0710, both ± 0.001.
    #expect(abs(a / 0.0470 - 1) < 0.06, "D_A = \(a)")
    #expect(abs(b / 0.0710 - 1) < 0.08, "D_B = \(b)")
  }

  @Test("at T = 0.8 to 5 %", .enabled(if: runsSlowTests, "takes minutes; set TEKTITE_SLOW=1"))
  func supercooled() throws {
    // The temperature decides: D_A goes like T^4.8 here, and the kinetic temperature that a thermostat happens to leave differs from run to run by
    // 1 %. So both runs get the energy that belongs to T = 0.8 and the mean of their temperatures is a result.
    var (a, b, temperature) = (0.0, 0.0, 0.0)
    for seed: UInt64 in [302, 303] {
      let found = try measure(
        temperature: 0.8, energy: Self.energyAt08, equilibration: 40_000, steps: 100_000, every: 500, lags: 10...80,
        seed: seed)
      print("T = 0.8: D_A = \(found.a), D_B = \(found.b), T = \(found.temperature)")
      a += found.a / 2
      b += found.b / 2
      temperature += found.temperature / 2
    }
    #expect(abs(temperature - 0.8) < 0.006, "T = \(temperature)")
    // Reference 5.39e-3 and 8.95e-3.
    #expect(abs(a / 5.39e-3 - 1) < 0.05, "D_A = \(a)")
    #expect(abs(b / 8.95e-3 - 1) < 0.05, "D_B = \(b)")
  }

  /// u(0.8) per atom of six runs of our own with other starts, over mean temperatures from 0.796 to 0.817, on a straight line within 0.001; the literature's
  /// interpolation says -6.340.
  private static let energyAt08 = -6.3436
}
