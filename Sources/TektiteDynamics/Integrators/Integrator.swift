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
  /// What the integrator has to remember from one call to the next besides its heat, for checkpoints: the chain of a Nosé-Hoover thermostat, say.
  /// Most remember nothing. The number of values never changes; what is set must have the same number.
  var memory: [Double] { get set }

  /// The part of the heat that is work of a shear flow (`ShearFlow`), energy.
  var work: Double { get }

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
  /// Nothing.
  public var memory: [Double] {
    get { [] }
    set {}
  }

  /// None.
  public var work: Double { 0 }

  /// Takes up what a checkpoint holds for the integrator.
  mutating func recall(_ values: [Double], file: String) throws(InputError) {
    let expected = memory.count
    guard values.count == expected, values.allSatisfy(\.isFinite) else {
      throw InputError(
        "the checkpoint does not fit the thermostat of the stage: for that it holds \(values.count) numbers and should hold "
          + "\(expected) finite ones. Resume with the deck that the run was started with, or start anew with --overwrite.",
        file: file)
    }
    memory = values
  }

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

extension Duration {
  /// The duration as a number of seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
