import TektiteCore

/// The cage state of a configuration: where atoms are on average while none may leave its cage (Alkemade, Smallenburg and Filion 2023, doi:10.1063/5.0144822).
///
/// Runs of Langevin dynamics start from the configuration, each with velocities and noise of its own. A cage is a sphere about the place of an atom in that configuration: an atom that is
/// outside and moves outwards is reflected there, which changes no speed. So no rearrangement can happen, and averages are those of the thermal motion within the present cages.
public struct CageStateStage: Hashable, Sendable {
  /// Name for logs and default file names.
  public var name: String
  /// The number of runs.
  public var runs: Int
  /// k_B T.
  public var temperature: Double
  /// The radius of cages, length.
  public var radius: Double
  /// Friction, per internal unit of time.
  public var friction: Double
  /// Timestep in internal units.
  public var timestep: Double
  /// Steps of each run before averaging.
  public var equilibration = 1000
  /// Steps of each run over which is averaged.
  public var steps: Int
  /// Steps from one look at the atoms to the next.
  public var every = 10
  /// The configurations that runs start from; nil for the one at hand.
  public var configurations: IsoconfigurationalStage.Configurations?
  /// The file with the mean position of each atom, extended XYZ.
  public var file: String
  /// The file of means by species.
  public var table: String
  /// Margin of the neighbour list; nil for the engine's choice.
  public var skin: Double?

  /// Makes a stage with files named after it.
  public init(
    name: String, runs: Int, temperature: Double, radius: Double, friction: Double, timestep: Double, steps: Int
  ) {
    self.name = name
    self.runs = runs
    self.temperature = temperature
    self.radius = radius
    self.friction = friction
    self.timestep = timestep
    self.steps = steps
    file = "\(name)-cage.extxyz"
    table = "\(name)-cage.csv"
  }

  /// The number of configurations that runs start from.
  public var configurationCount: Int { configurations?.count ?? 1 }

  /// The files that the stage writes.
  public var files: [String] { (0..<configurationCount).flatMap { [part($0).file, part($0).table] } }

  /// The stage for one of its configurations: with the names of that one's files.
  package func part(_ configuration: Int) -> CageStateStage {
    guard configurations != nil else { return self }
    var part = self
    part.file = IsoconfigurationalStage.numbered(file, configuration)
    part.table = IsoconfigurationalStage.numbered(table, configuration)
    return part
  }

  /// Steps of one run.
  public var runSteps: Int { equilibration + steps }

  /// Why it makes no sense, or nil.
  var complaint: String? {
    let (length, long) = equilibration.addingReportingOverflow(steps)
    let (whole, many) = runs.multipliedReportingOverflow(by: configurationCount)
    let (total, overflow) = whole.multipliedReportingOverflow(by: length)
    guard !long, !many, !overflow, total > 0, runs > 0, steps > 0, equilibration >= 0, every > 0, every <= steps else {
      return
        "\(runs) runs of \(equilibration) and \(steps) steps with a look every \(every); expected positive numbers, and a look within a run"
    }
    guard timestep > 0, timestep.isFinite, temperature > 0, temperature.isFinite, radius > 0, radius.isFinite,
      friction > 0, friction.isFinite
    else {
      return
        "a timestep of \(timestep), k_B T of \(temperature), a radius of \(radius) and a friction of \(friction); expected positive numbers"
    }
    return nil
  }
}
