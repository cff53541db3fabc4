import TektiteCore

/// How a plan is to be run, as opposed to what is to be computed: none of this changes a number in the results.
public struct RunOptions: Sendable {
  /// The folder that everything is written to.
  public var directory: String
  /// The number of threads; nil for one for each core.
  public var threads: Int?
  /// Go on from the checkpoint in the folder; without one, start at the beginning.
  public var resume: Bool
  /// Remove the run that the folder holds.
  public var overwrite: Bool
  /// Say nothing on standard error.
  public var quiet: Bool
  /// Catch SIGINT and SIGTERM while the run lasts, to stop with a checkpoint.
  public var handlesSignals = true
  /// Another way to ask the run to stop.
  public var interruption = Interruption()

  /// Makes options.
  public init(
    directory: String, threads: Int? = nil, resume: Bool = false, overwrite: Bool = false, quiet: Bool = false
  ) {
    self.directory = directory
    self.threads = threads
    self.resume = resume
    self.overwrite = overwrite
    self.quiet = quiet
  }
}

/// How a run ended.
public enum RunOutcome: Hashable, Sendable {
  /// All stages are done.
  case finished
  /// A signal came; a checkpoint was written. Exit code 128 + signal.
  case interrupted(signal: Int32)
  /// The guard stopped the run. Exit code 3.
  case unphysical(UnphysicalReport)
}
