import TektiteCore

/// How a run of an ensemble ended.
enum EnsembleResult: Sendable {
  /// The values that were asked for, and the time spent in forces and lists.
  case done(values: [Double], forceSeconds: Double, listSeconds: Double)
  /// It was asked to stop.
  case stopped
  /// The guard stopped it.
  case unphysical(UnphysicalReport, lastGood: Frame)
  /// The potential failed.
  case failed(any Error)

  /// What a run gives, errors included.
  init(_ run: () throws -> EnsembleResult) {
    do { self = try run() } catch { self = .failed(error) }
  }
}

/// A run of an ensemble: atoms of its own, on one thread, under the eye of a guard.
struct GuardedRun: ~Copyable {
  var system: System
  private(set) var field: ForceField
  /// Steps that were done.
  private(set) var step = 0
  private var watch: Guard
  private let freedom: Int
  private let timestep: Double

  /// Starts from a configuration with Maxwell velocities.
  /// - Parameter draw: the number of the velocities.
  init(
    from start: Structure, units: Units, _ model: any PotentialModel, skin: Double, temperature: Double,
    timestep: Double, name: String, seed: UInt64, stage: Int, draw: Int, conservesMomentum: Bool
  ) throws {
    var system = System(start, units: units)
    system.drawMaxwellVelocities(temperature: temperature, seed: seed, stage: stage, draw: draw, exactly: false)
    var field = try ForceField(model, for: system, skin: skin, team: ThreadTeam(threads: 1))
    try field.update(&system)
    var ledger = StageLedger()
    ledger.temperatureAtStart = temperature
    ledger.forceAtStart = Guard.largest(field.evaluation.forces).force
    watch = Guard(
      stage: name, limits: GuardLimits(), ledger: ledger, thermostat: temperature, timestep: timestep)
    watch.keep(system, step: 0, time: 0)
    freedom = Thermodynamics.degreesOfFreedom(
      count: system.count, conservesMomentum: conservesMomentum, dimensions: system.dimensions)
    self.system = system
    self.field = field
    self.timestep = timestep
  }

  /// Goes on by some steps, no farther than to the next multiple of `Guard.interval`.
  /// - Parameter first: what is added to the step where it keys noise.
  /// - Returns: how the run ended, if it did.
  mutating func advance<I: Integrator & ~Copyable>(
    _ integrator: inout I, by count: Int, noiseFrom first: Int = 0
  ) throws -> EnsembleResult? {
    do {
      try integrator.advance(&system, &field, from: first + step, count: count)
    } catch let runaway as RunawayAtom {
      let violation = Guard.Violation(
        finding: field.evaluation.forces[runaway.slot].isFinite ? .displacement : .nonFiniteForce,
        value: runaway.displacement, limit: integrator.displacementLimit, slot: runaway.slot)
      return .unphysical(
        watch.report(violation, step: runaway.step - first, of: system, forces: field.evaluation.forces),
        lastGood: watch.lastGood)
    }
    step += count
    return nil
  }

  /// Looks whether all is well.
  /// - Returns: how the run ended, if it did.
  mutating func check() -> EnsembleResult? {
    let temperature = Thermodynamics.temperature(
      kineticEnergy: Thermodynamics.kineticEnergy(system), degreesOfFreedom: freedom)
    if let violation = watch.check(
      forces: field.evaluation.forces, energy: nil, temperature: temperature, drift: 0, step: step)
    {
      return .unphysical(
        watch.report(violation, step: step, of: system, forces: field.evaluation.forces), lastGood: watch.lastGood)
    }
    if step % Guard.interval == 0 { watch.keep(system, step: step, time: Double(step) * timestep) }
    return nil
  }
}
