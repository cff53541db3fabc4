/// When something happens, in steps counted from 0 at the start of a stage. Step 0 always fires.
public enum Trigger: Hashable, Sendable {
  /// At 0, n, 2n, ...
  case every(Int)
  /// At 0 and at the listed steps, which increase.
  case at([Int])
  /// At 0 and at steps spaced evenly in log time, `perDecade` in each decade (rounded to whole steps, each once). With `block`, the sequence
  /// starts anew at each multiple of `block`, which fires too: the log-linear blocks of glass studies.
  case logarithmic(perDecade: Int, block: Int?)
}
