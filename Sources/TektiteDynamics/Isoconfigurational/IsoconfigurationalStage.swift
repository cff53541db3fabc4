import TektiteCore

/// Many runs from one configuration, each with Maxwell velocities of its own: the isoconfigurational ensemble (Widmer-Cooper, Harrowell and Fynewever
/// 2004, doi:10.1103/PhysRevLett.93.135701). What an atom does on average over them, its propensity, is owed to the structure alone.
public struct IsoconfigurationalStage: Hashable, Sendable {
  /// What is averaged over the runs, for each atom.
  public enum Measure: String, Hashable, Sendable, CaseIterable {
    /// |r(t) − r(0)|, as Bapst et al. 2020 (doi:10.1038/s41567-020-0842-8).
    case displacement
    /// |r(t) − r(0)|², as Widmer-Cooper et al. 2004.
    case squaredDisplacement = "squared-displacement"
  }

  /// Name for logs and default file names.
  public var name: String
  /// The number of runs.
  public var runs: Int
  /// k_B T of the velocities.
  public var temperature: Double
  /// Timestep in internal units.
  public var timestep: Double
  /// Steps of each run, at constant energy.
  public var steps: Int
  /// What is averaged.
  public var measure = Measure.displacement
  /// The steps after which it is; step 0 does not count.
  public var trigger = Trigger.logarithmic(perDecade: 4, block: nil)
  /// The file of propensities by atom, extended XYZ with a frame for each time.
  public var file: String
  /// The file of means by species.
  public var table: String
  /// The file of correlations with what the structure alone tells; nil for none.
  public var predictors: String?
  /// Margin of the neighbour list; nil for the engine's choice.
  public var skin: Double?

  /// Makes a stage with files named after it.
  public init(name: String, runs: Int, temperature: Double, timestep: Double, steps: Int) {
    self.name = name
    self.runs = runs
    self.temperature = temperature
    self.timestep = timestep
    self.steps = steps
    file = "\(name)-propensity.extxyz"
    table = "\(name)-propensity.csv"
    predictors = "\(name)-predictors.csv"
  }

  /// The files that the stage writes.
  public var files: [String] { [file, table] + (predictors.map { [$0] } ?? []) }

  /// The steps after which the runs are looked at, increasing.
  public var times: [Int] {
    var times: [Int] = []
    var step = 0
    while let next = trigger.next(after: step), next <= steps {
      times.append(next)
      step = next
    }
    return times
  }
}
