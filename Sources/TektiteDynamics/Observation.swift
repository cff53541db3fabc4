import TektiteCore

/// What an observation is told about the stage that it watches.
public struct ObservedStage: Sendable {
  /// The name of the stage, from which files are named.
  public var name: String
  /// Units of the run.
  public var units: Units
  /// Who the atoms are, in the user's order.
  public var topology: Topology
  /// The cell at the start of the stage.
  public var cell: Cell
  /// The timestep, internal units.
  public var timestep: Double
  /// The number of steps.
  public var steps: Int
  /// What the dynamics keep constant: `NVE`, `NVT` or `NPT`.
  public var ensemble: String
  /// The degrees of freedom by which kinetic energy becomes a temperature; nil for 3N − 3, or 2N − 2 in a plane.
  public var degreesOfFreedom: Int?

  /// Describes a stage.
  public init(
    name: String, units: Units, topology: Topology, cell: Cell, timestep: Double, steps: Int, ensemble: String,
    degreesOfFreedom: Int? = nil
  ) {
    self.name = name
    self.units = units
    self.topology = topology
    self.cell = cell
    self.timestep = timestep
    self.steps = steps
    self.ensemble = ensemble
    self.degreesOfFreedom = degreesOfFreedom
  }
}

/// What is to be observed while a stage runs. The description makes the observer that holds the sums.
public protocol Observation: Hashable, Sendable {
  /// The files that are written when the stage ends, plain names within the run directory.
  var files: [String] { get }
  /// Makes an observer for a stage.
  /// - Throws: `InputError` for what cannot be observed there: a species that is not there, a wave number that the cell does not hold.
  func makeObserver(for stage: ObservedStage) throws(InputError) -> any Observer
}

/// Looks at the atoms at steps of its own choice and adds up. An observer never changes the run, and what it has added up is part of a
/// checkpoint: a resumed run writes the same tables to the bit.
public protocol Observer: AnyObject {
  /// Whether frames need velocities.
  var needsVelocities: Bool { get }
  /// Whether the frame of a step must have a stress, −W/V, which costs more than forces alone; by default not.
  func needsStress(at step: Int) -> Bool
  /// The first step after `step` (-1 for the start) at which it looks; nil when there is none.
  func next(after step: Int) -> Int?
  /// The first step after `step` (-1 for the start) at which its frame must have the potential energy, one of those at which it looks; nil for none.
  func nextEnergy(after step: Int) -> Int?
  /// Looks at a frame: its step, cell, unwrapped positions in the user's order and, if asked for, velocities and the potential energy.
  func observe(_ frame: Frame)
  /// Writes its sums for a checkpoint.
  func save(to writer: inout ByteWriter)
  /// Takes up the sums of a checkpoint.
  /// - Throws: `InputError` when they do not fit.
  func restore(from reader: inout ByteReader) throws(InputError)
  /// The files with what was found so far, in the order of `Observation.files`.
  func results() -> [(file: String, text: String)]
  /// Functions worth drawing while the stage runs, as they are now: F_s, say, at increasing times.
  var curves: [(name: String, values: [Double])] { get }
  /// One line for each number worth telling at the end of the stage, such as a relaxation time.
  var findings: [String] { get }
}

extension Observer {
  /// Nothing.
  public var curves: [(name: String, values: [Double])] { [] }
  /// No energies.
  public func nextEnergy(after step: Int) -> Int? { nil }
  /// No stress is needed.
  public func needsStress(at step: Int) -> Bool { false }
}

/// An observation that can be compared with another of any type.
struct HashableObservation: Hashable, Sendable {
  let content: any Observation

  static func == (left: Self, right: Self) -> Bool { AnyHashable(left.content) == AnyHashable(right.content) }
  func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(content)) }
}
