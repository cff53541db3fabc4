import TektiteCore

/// Moves a system in time. Positions, velocities and forces are at the same full step before and after `advance`; what an
/// integrator keeps between them is its own business.
///
/// How a number of steps is split over calls does not matter: one call with `count` 100 and a hundred calls with 1 give the same bits.
public protocol Integrator: ~Copyable {
  /// The timestep in internal units.
  var timestep: Double { get }
  /// The heat that the system has taken up so far, energy: what the thermostat gave, plus what the driver adds
  /// when it changes velocities by hand (removal of momentum). Kinetic + potential − heat is conserved by exact dynamics.
  var heat: Double { get set }
  /// Largest distance that an atom may move in one step; `advance` stops with `RunawayAtom` before positions become useless.
  var displacementLimit: Double { get set }
  /// What the force evaluations took.
  var timing: ForceTiming { get set }

  /// Runs `count` steps; forces must be up to date with the positions.
  /// - Parameters:
  ///   - step: number of the present step within the stage; it keys the noise and the schedules.
  ///   - quantities: what the evaluation of the last step computes; those before compute forces only.
  /// - Throws: `RunawayAtom`, or what the potential throws.
  mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws
}

extension Integrator where Self: ~Copyable {
  /// Runs `count` steps, the last of which computes forces only, as all others do.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int
  ) throws {
    try advance(&system, &field, from: step, count: count, measuring: .forces)
  }
}

/// An atom was about to move farther in one step than the limit allows, or to a place that is not a number. Atoms beyond the limit are
/// left where they were at the full step before.
public struct RunawayAtom: Error, Hashable, Sendable {
  /// The slot of the first such atom.
  public var slot: Int
  /// The step that could not be completed.
  public var step: Int
  /// How far it would have moved; may be infinite or not a number.
  public var displacement: Double
}

/// Wall time spent in force evaluations. It is for reports only and never part of a checkpoint.
public struct ForceTiming: Sendable {
  /// All evaluations that found a valid neighbour list.
  public private(set) var plain = Duration.zero
  /// All evaluations that built one.
  public private(set) var rebuilding = Duration.zero
  /// How many of each.
  public private(set) var plainCount = 0, rebuildingCount = 0

  /// Starts at zero.
  public init() {}

  /// Brings forces up to date and adds the time it took.
  public mutating func update(
    _ field: inout ForceField, _ system: inout System, _ quantities: Quantities
  ) throws(PotentialError) {
    let clock = ContinuousClock()
    let rebuilds = field.rebuilds
    let start = clock.now
    try field.update(&system, quantities)
    let duration = clock.now - start
    if field.rebuilds == rebuilds {
      plain += duration
      plainCount += 1
    } else {
      rebuilding += duration
      rebuildingCount += 1
    }
  }

  /// Seconds that neighbour lists took: the time of the evaluations that built one beyond what those without took on average.
  public var neighborSeconds: Double {
    guard plainCount > 0 else { return 0 }
    return max(0, rebuilding.seconds - plain.seconds / Double(plainCount) * Double(rebuildingCount))
  }

  /// Seconds that forces took, without the neighbour lists.
  public var forceSeconds: Double { plain.seconds + rebuilding.seconds - neighborSeconds }
}

extension Duration {
  /// The duration as a number of seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
