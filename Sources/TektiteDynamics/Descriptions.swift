import TektiteCore

/// A trajectory that a stage writes.
public struct TrajectoryOutput: Hashable, Sendable {
  /// What a frame can hold besides positions.
  public enum Field: String, Hashable, Sendable, CaseIterable {
    /// Velocities.
    case velocities
    /// Forces.
    case forces
  }
  /// File formats, told apart by the extension (`.nc`, `.extxyz` or `.xyz`).
  public enum Format: String, Hashable, Sendable, CaseIterable {
    /// AMBER NetCDF.
    case amber
    /// Extended XYZ.
    case extendedXYZ
  }
  /// File name within the run directory.
  public var file: String
  /// When frames are written.
  public var trigger: Trigger
  /// What they hold besides positions.
  public var fields: Set<Field>
  /// Whether positions are unwrapped (the default) or within the cell.
  public var unwrapped: Bool
  /// Makes a trajectory output.
  public init(file: String, trigger: Trigger, fields: Set<Field> = [], unwrapped: Bool = true) {
    self.file = file
    self.trigger = trigger
    self.fields = fields
    self.unwrapped = unwrapped
  }
  /// The format that the extension names.
  public var format: Format { file.hasSuffix(".nc") ? .amber : .extendedXYZ }
}

/// A table of thermodynamic quantities that a stage writes.
public struct ThermoOutput: Hashable, Sendable {
  /// File name within the run directory.
  public var file: String
  /// When rows are written.
  public var trigger: Trigger
  /// Makes a thermo output.
  public init(file: String, trigger: Trigger) {
    self.file = file
    self.trigger = trigger
  }
}

/// When checkpoints are written besides the end of each stage and an interruption.
public enum CheckpointPolicy: Hashable, Sendable {
  /// Every so many seconds of wall time.
  case seconds(Double)
  /// Every n steps.
  case every(Int)
}

/// Limits beyond which the guard stops a run as unphysical.
public struct GuardLimits: Hashable, Sendable {
  /// Largest kinetic temperature, energy units; nil means a hundred times the larger of the start's and the thermostat's.
  public var temperature: Double?
  /// Largest force on an atom, energy per length; nil for no limit but finiteness.
  public var force: Double?
  /// Largest displacement of an atom in one step, length; nil means half the cutoff.
  public var displacement: Double?
  /// Makes limits.
  public init(temperature: Double? = nil, force: Double? = nil, displacement: Double? = nil) {
    self.temperature = temperature
    self.force = force
    self.displacement = displacement
  }
}

/// Molecular dynamics for a number of steps.
public struct DynamicsStage: Hashable, Sendable {
  /// Name for logs and default file names.
  public var name: String
  /// Thermostat.
  public var thermostat: Thermostat = .none
  /// Barostat, or nil for a constant cell.
  public var barostat: Barostat?
  /// Simple shear at a finite rate, or nil.
  public var shear: SimpleShear?
  /// Timestep in internal units.
  public var timestep: Double
  /// Number of steps.
  public var steps: Int
  /// Fresh Maxwell velocities at this k_B T when the stage starts.
  public var velocities: Double?
  /// Trajectories to write.
  public var trajectories: [TrajectoryOutput] = []
  /// Thermo table to write.
  public var thermo: ThermoOutput?
  /// What to observe on the way.
  public var observation: (any Observation)? {
    get { observed?.content }
    set { observed = newValue.map(HashableObservation.init) }
  }
  private var observed: HashableObservation?
  /// Inherent structures on the way.
  public var inherentStructures: InherentStructures?
  /// When to write checkpoints.
  public var checkpoint: CheckpointPolicy = .seconds(600)
  /// When to remove the motion of the centre of mass; nil for at the start only.
  public var momentumRemoval: Trigger?
  /// Trial exchanges of atoms between the steps.
  public var exchange: AtomExchange?
  /// Margin of the neighbour list; nil for the engine's choice.
  public var skin: Double?
  /// The guard's limits.
  public var limits = GuardLimits()
  /// Makes a stage.
  public init(name: String, timestep: Double, steps: Int) {
    self.name = name
    self.timestep = timestep
    self.steps = steps
  }
}

/// Energy minimisation to a force tolerance.
public struct MinimizeStage: Hashable, Sendable {
  /// The algorithms.
  public enum Algorithm: String, Hashable, Sendable, CaseIterable {
    /// Fast inertial relaxation engine (Bitzek et al. 2006, doi:10.1103/PhysRevLett.97.170201).
    case fire
    /// Limited-memory BFGS (Nocedal 1980).
    case lbfgs
  }
  /// Name for logs.
  public var name: String
  /// Algorithm.
  public var algorithm: Algorithm = .fire
  /// Stop when the root-mean-square force per degree of freedom falls below this.
  public var forceTolerance: Double
  /// Stop after this many force evaluations.
  public var maximumSteps = 10_000
  /// Thermo table of the descent.
  public var thermo: ThermoOutput?
  /// Trajectories to write.
  public var trajectories: [TrajectoryOutput] = []
  /// Margin of the neighbour list; nil for the engine's choice.
  public var skin: Double?
  /// Makes a stage.
  public init(name: String, forceTolerance: Double) {
    self.name = name
    self.forceTolerance = forceTolerance
  }
}

/// One entry of a run's plan.
public enum Stage: Hashable, Sendable {
  /// Minimise.
  case minimize(MinimizeStage)
  /// Run dynamics.
  case dynamics(DynamicsStage)
  /// Run an isoconfigurational ensemble.
  case isoconfigurational(IsoconfigurationalStage)
  /// Shear at rest, step by step.
  case quasistaticShear(QuasistaticShearStage)
  /// Find the cage state.
  case cageState(CageStateStage)
  /// The name.
  public var name: String {
    switch self {
    case .minimize(let stage): stage.name
    case .dynamics(let stage): stage.name
    case .isoconfigurational(let stage): stage.name
    case .quasistaticShear(let stage): stage.name
    case .cageState(let stage): stage.name
    }
  }
}

/// Everything a simulation needs, with all files read and all quantities in internal units. Decks decode to this.
public struct SimulationPlan: Sendable {
  /// A title for file headers.
  public var title: String
  /// Units of the numbers in files.
  public var units: Units
  /// Seed of all random numbers.
  public var seed: UInt64
  /// The start: positions unwrapped, velocities if the file gave them.
  public var structure: Structure
  /// k_B T for initial Maxwell velocities, or nil to keep those of the structure.
  public var temperature: Double?
  /// The potential of each stage (same count as `stages`).
  public var models: [any PotentialModel]
  /// The stages in order.
  public var stages: [Stage]
  /// The deck as run with every default spelled out (the text of `deck.yaml`).
  public var deckText: String
  /// SHA-256 hex digests for `run.json` and file headers, e.g. `["deck": "...", "structure": "..."]`.
  public var hashes: [String: String]
  /// Makes a plan.
  public init(
    title: String, units: Units, seed: UInt64, structure: Structure, temperature: Double?, models: [any PotentialModel],
    stages: [Stage], deckText: String, hashes: [String: String]
  ) {
    self.title = title
    self.units = units
    self.seed = seed
    self.structure = structure
    self.temperature = temperature
    self.models = models
    self.stages = stages
    self.deckText = deckText
    self.hashes = hashes
  }
}
