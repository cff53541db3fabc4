#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which pairs of steps a time correlation is averaged over: lags, and the origins from which each is taken.
///
/// Short lags use many origins and long lags fewer, ever farther apart: lags up to `kept` times the interval between origins use all of
/// them, lags up to ten times that every tenth, and so on. So the number of origins that must be held grows with the logarithm of the longest lag.
public struct LagPlan: Hashable, Sendable {
  /// Lags that share their origins.
  public struct Level: Hashable, Sendable {
    /// Origins are the multiples of this.
    public let spacing: Int
    /// The lags, increasing.
    public let lags: [Int]
    /// The index of the first of them within all lags.
    let first: Int
  }

  /// All lags in steps, increasing.
  public let lags: [Int]
  /// The levels, spacings increasing; each spacing is a multiple of those before.
  public let levels: [Level]

  /// Makes a plan.
  /// - Parameters:
  ///   - lags: in steps, not negative; sorted and made unique here.
  ///   - origins: steps from one origin to the next, at least 1.
  ///   - kept: how many origins of each spacing are alive at once, at most; at least 10.
  public init(lags: some Sequence<Int>, origins: Int, kept: Int = 40) {
    precondition(origins > 0 && kept >= 10, "origins every \(origins) steps, \(kept) kept")
    self.lags = Set(lags.filter { $0 >= 0 }).sorted()
    var levels: [Level] = []
    var spacing = origins
    var first = 0
    while first < self.lags.count {
      let reach = spacing.multipliedReportingOverflow(by: kept)
      let limit = reach.overflow ? Int.max : reach.partialValue
      let members = self.lags[first...].prefix { $0 <= limit }
      if !members.isEmpty { levels.append(Level(spacing: spacing, lags: Array(members), first: first)) }
      first += members.count
      let next = spacing.multipliedReportingOverflow(by: 10)
      guard !next.overflow else { break }
      spacing = next.partialValue
    }
    self.levels = levels
  }

  /// Lags spaced evenly in the logarithm: `unit` times round(10^(j/perDecade)), up to the longest.
  public static func logarithmic(perDecade: Int, unit: Int = 1, longest: Int) -> [Int] {
    guard perDecade > 0, unit > 0, longest >= unit else { return [] }
    var lags: [Int] = []
    var power = 0
    while true {
      let factor = pow(10, Double(power) / Double(perDecade)).rounded()
      guard factor * Double(unit) <= Double(longest) else { return lags }
      let lag = Int(factor) * unit
      if lag > lags.last ?? 0 { lags.append(lag) }
      power += 1
    }
  }

  /// The plan for frames that a finished trajectory has. Origins are the starts of its blocks: the smallest step b after which the pattern of
  /// steps repeats; lags are the steps within a block, and multiples of b spaced evenly in the logarithm.
  /// - Parameters:
  ///   - steps: of the frames, increasing, the first of them 0.
  ///   - includesZero: whether a frame is correlated with itself, too.
  public init(frames steps: [Int], perDecade: Int, includesZero: Bool = true, kept: Int = 100) {
    let last = steps.last ?? 0
    let present = Set(steps)
    let block = steps.first { candidate in
      guard candidate > 0, candidate <= last / 2 else { return false }
      return steps.allSatisfy { step in
        let isKeptUp = step > last - candidate || present.contains(step + candidate)
        return isKeptUp && (step < candidate || present.contains(step - candidate))
      }
    }
    guard let block else {
      // No pattern: everything counts from the first frame.
      self.init(lags: steps.filter { includesZero || $0 > 0 }, origins: max(1, last), kept: kept)
      return
    }
    let within = steps.prefix { $0 < block }.filter { includesZero || $0 > 0 }
    self.init(
      lags: within + Self.logarithmic(perDecade: perDecade, unit: block, longest: last), origins: block, kept: kept)
  }

  /// Whether frames at a step are to be kept as origins.
  public func isOrigin(_ step: Int) -> Bool { levels.first.map { step % $0.spacing == 0 } ?? false }

  /// The last step at which an origin is still needed.
  func lastUse(of origin: Int) -> Int {
    var longest = 0
    for level in levels where origin % level.spacing == 0 { longest = max(longest, level.lags.last ?? 0) }
    return origin + longest
  }

  /// The most origins that are alive at once in a run of so many steps.
  func kept(steps: Int) -> Int {
    var (kept, reached) = (1, 0)
    for level in levels {
      let reach = min(steps, level.lags.last ?? 0)
      if reach > reached { kept += (reach - reached + level.spacing - 1) / level.spacing }
      reached = max(reached, reach)
    }
    return levels.isEmpty ? 0 : kept
  }

  /// The first step after `step` at which there is an origin or a pair; nil without lags.
  /// - Complexity: O(number of lags).
  public func next(after step: Int) -> Int? {
    guard let base = levels.first?.spacing else { return nil }
    if step < 0 { return 0 }
    var next = (step / base + 1) * base
    for level in levels {
      for lag in level.lags {
        let origin = step < lag ? 0 : ((step - lag) / level.spacing + 1) * level.spacing
        next = min(next, origin + lag)
      }
    }
    return next
  }

  /// How many pairs of a lag there are in a run, for a lag by its index.
  func pairs(_ index: Int, steps: Int) -> Int {
    guard let level = levels.last(where: { $0.first <= index }), lags[index] <= steps else { return 0 }
    return (steps - lags[index]) / level.spacing + 1
  }

  /// How many successive origins of a lag reach over the lag itself, so that pairs within share time; at least 1.
  func overlap(_ index: Int) -> Int {
    guard let level = levels.last(where: { $0.first <= index }) else { return 1 }
    return max(1, (lags[index] + level.spacing - 1) / level.spacing)
  }
}
