import Foundation
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
    /// The part of an atom's neighbours at the start that are farther away at t than a neighbour ever vibrates; `bonds` says which and how far.
    case bondBreaking = "bond-breaking"
  }

  /// Which neighbours are counted where breaking bonds are (Yamamoto and Onuki 1998, doi:10.1103/PhysRevE.58.3515).
  public struct Bonds: Hashable, Sendable {
    /// The neighbours at the start.
    public var criterion: NeighborCriterion
    /// A bond is broken while it is longer than this times the length of its pair.
    public var broken: Double

    /// Makes a rule.
    public init(criterion: NeighborCriterion = NeighborCriterion(formed: 1.3), broken: Double = 1.7) {
      self.criterion = criterion
      self.broken = broken
    }
  }

  /// The frames of a trajectory that are started from, one after the other.
  public struct Configurations: Hashable, Sendable {
    /// Where the trajectory is.
    public enum Source: Hashable, Sendable {
      /// A file beside those of the run, which a stage before wrote.
      case output(String)
      /// Any file.
      case file(String)
    }
    /// Where the trajectory is.
    public var source: Source
    /// The first frame taken, counted from 0.
    public var first: Int
    /// Frames from one that is taken to the next.
    public var every: Int
    /// How many are taken.
    public var count: Int

    /// Takes `count` frames.
    public init(_ source: Source, first: Int = 0, every: Int = 1, count: Int) {
      self.source = source
      self.first = first
      self.every = every
      self.count = count
    }
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
  /// The neighbours whose loss is measured, for the measure that asks for them.
  public var bonds = Bonds()
  /// The configurations that runs start from; nil for the one at hand.
  public var configurations: Configurations?
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

  /// The number of configurations that runs start from.
  public var configurationCount: Int { configurations?.count ?? 1 }

  /// The files that the stage writes.
  public var files: [String] {
    let one = [file, table] + (predictors.map { [$0] } ?? [])
    guard configurations != nil else { return one }
    return (0..<configurationCount).flatMap { k in one.map { Self.numbered($0, k) } } + [table]
  }

  /// The name of a file of one of several configurations: the number stands before what says what the file holds.
  static func numbered(_ file: String, _ configuration: Int) -> String {
    let place = ["-propensity.", "-predictors."].compactMap { file.range(of: $0, options: .backwards)?.lowerBound }
      .first
    let end = place ?? file.lastIndex(of: ".") ?? file.endIndex
    return "\(file[..<end])-\(configuration + 1)\(file[end...])"
  }

  /// The stage for one of its configurations: with the names of that one's files.
  package func part(_ configuration: Int) -> IsoconfigurationalStage {
    guard configurations != nil else { return self }
    var part = self
    part.file = Self.numbered(file, configuration)
    part.table = Self.numbered(table, configuration)
    part.predictors = predictors.map { Self.numbered($0, configuration) }
    return part
  }

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
