import Tektite

/// One setting of the benchmark while it runs: its own copy of the system, its lists and its integrator.
final class BenchSetting {
  /// What distinguishes one row from another.
  struct Choice {
    var precision: Precision
    var langevin: Bool
    var skin: Double
    var team: ThreadTeam
  }

  private let choice: Choice
  private let temperature: Double
  private var system: System
  private var field: ForceField
  private var verlet: VelocityVerlet
  private var langevin: LangevinMiddle
  private var step = 0
  // Where the timed steps began.
  private var firstStep = 0
  private var firstEnergy = 0.0
  private var firstBuilds = 0
  // Nanoseconds per atom and step of each block.
  private var totals: [Double] = []
  private var forces: [Double] = []
  private var lists: [Double] = []

  init(_ choice: Choice, _ model: any PotentialModel, _ structure: Structure, temperature: Double, timestep: Double)
    throws
  {
    var system = System(structure, units: .lj)
    if structure.frame.velocities.count != structure.count {
      system.drawMaxwellVelocities(temperature: temperature, seed: 7)
    }
    var field = try ForceField(model, for: system, skin: choice.skin, team: choice.team)
    try field.update(&system, [.forces, .energy])
    self.choice = choice
    self.temperature = temperature
    self.system = system
    self.field = field
    verlet = VelocityVerlet(timestep: timestep)
    langevin = LangevinMiddle(
      timestep: timestep, friction: 1, temperature: .constant(temperature), steps: .max,
      noise: Noise(RandomStream.langevin.generator(seed: 5, stage: 0)))
  }

  /// Advances without timing.
  func advance(_ steps: Int) throws {
    if choice.langevin {
      try langevin.advance(&system, &field, from: step, count: steps, measuring: [.forces, .energy])
    } else {
      try verlet.advance(&system, &field, from: step, count: steps, measuring: [.forces, .energy])
    }
    step += steps
  }

  /// Marks the start of the timed steps.
  func begin() {
    firstStep = step
    firstEnergy = energyPerAtom
    firstBuilds = field.rebuilds
  }

  /// Advances a block and keeps what it cost.
  func time(_ steps: Int) throws {
    let (list, force) = (field.listSeconds, field.forceSeconds)
    let start = monotonicSeconds()
    try advance(steps)
    let scale = 1e9 / Double(system.count * steps)
    totals.append((monotonicSeconds() - start) * scale)
    forces.append((field.forceSeconds - force) * scale)
    lists.append((field.listSeconds - list) * scale)
  }

  /// The row of all blocks so far.
  func row(system name: String) -> BenchRow {
    let n = system.count
    let builds = field.rebuilds - firstBuilds
    let interval = Double(step - firstStep) / Double(max(1, builds))
    let (total, list) = (Self.median(totals), Self.median(lists))
    let force = Self.median(forces)
    let listBytes = Double(field.listByteCount) / Double(n)
    let atomBytes = 24 * 3 + 8 + 4 + 12 + 4
    return BenchRow(
      system: name, atoms: n, temperature: temperature, ensemble: choice.langevin ? "Langevin" : "NVE",
      precision: choice.precision.rawValue, threads: choice.team.count, skin: choice.skin, total: total,
      fastest: totals.min() ?? total, slowest: totals.max() ?? total, force: force, list: list,
      rest: total - force - list, build: builds == 0 ? 0 : list * interval, stepsPerBuild: interval,
      entries: Double(field.clusterEntryCount) / Double(n), listBytes: listBytes,
      bytes: listBytes + Double(atomBytes), drift: energyPerAtom - firstEnergy)
  }

  private var energyPerAtom: Double {
    let heat = choice.langevin ? langevin.heat : 0
    return (Thermodynamics.kineticEnergy(system) + field.evaluation.energy - heat) / Double(system.count)
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle])
  }
}
