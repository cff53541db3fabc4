#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// When something happens, in steps counted from 0 at the start of a stage. Step 0 always fires.
///
/// The steps of `logarithmic(perDecade: p, block: b)` are, within a block that starts at step m·b, the offset 0 and the offsets
/// round(10^(k/p)) for k = 0, 1, 2, ... that are below b; an offset that occurs for several k counts once. Without a block there is a
/// single block without end. With p = 10: 0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 79, 100, ...
public enum Trigger: Hashable, Sendable {
  /// At 0, n, 2n, ...
  case every(Int)
  /// At 0 and at the listed steps, which increase.
  case at([Int])
  /// At 0 and at steps spaced evenly in log time, `perDecade` in each decade (rounded to whole steps, each once). With `block`, the sequence
  /// starts anew at each multiple of `block`, which fires too: the log-linear blocks of glass studies.
  case logarithmic(perDecade: Int, block: Int?)
}

extension Trigger {
  /// The first firing step after `step`, or nil when there is none.
  /// An interval, density or block below 1 never fires after step 0.
  /// - Complexity: O(1); O(log n) for a list of n steps.
  public func next(after step: Int) -> Int? {
    if step < 0 { return 0 }
    switch self {
    case .every(let interval):
      guard interval > 0 else { return nil }
      let (product, overflow) = (step / interval + 1).multipliedReportingOverflow(by: interval)
      return overflow ? nil : product
    case .at(let steps):
      // Binary search for the first entry beyond `step`.
      var low = 0
      var high = steps.count
      while low < high {
        let middle = (low + high) / 2
        if steps[middle] > step { high = middle } else { low = middle + 1 }
      }
      return low < steps.count ? steps[low] : nil
    case .logarithmic(let perDecade, let block):
      guard perDecade > 0 else { return nil }
      guard let block else { return Self.nextOffset(after: step, perDecade: perDecade) }
      guard block > 0 else { return nil }
      let start = step / block * block
      if let offset = Self.nextOffset(after: step - start, perDecade: perDecade), offset < block {
        return start + offset
      }
      let (following, overflow) = start.addingReportingOverflow(block)
      return overflow ? nil : following
    }
  }

  /// Whether the trigger fires at a step.
  public func fires(at step: Int) -> Bool { step >= 0 && next(after: step - 1) == step }

  /// How many times the trigger fires from step 0 to `last`, both included.
  /// - Complexity: O(1) for intervals, O(log n) for lists, O(perDecade · decades) for logarithmic steps.
  public func count(through last: Int) -> Int {
    guard last >= 0 else { return 0 }
    switch self {
    case .every(let interval): return interval > 0 ? last / interval + 1 : 1
    case .at: return countOneByOne(from: 0, through: last)
    case .logarithmic(let perDecade, let block):
      guard perDecade > 0, block.map({ $0 > 0 }) ?? true else { return 1 }
      guard let block, last >= block else { return countOneByOne(from: 0, through: last) }
      let whole = last / block
      return whole * countOneByOne(from: 0, through: block - 1) + countOneByOne(from: whole * block, through: last)
    }
  }

  /// Whether all firing steps are the same distance apart.
  public var isEvenlySpaced: Bool { if case .every = self { true } else { false } }

  private func countOneByOne(from first: Int, through last: Int) -> Int {
    if case .at(let steps) = self {
      return 1 + steps.reduce(into: 0) { if $1 > 0 && $1 <= last { $0 += 1 } }
    }
    var count = 0
    var step = first - 1
    while let following = next(after: step), following <= last {
      count += 1
      step = following
    }
    return count
  }

  /// The smallest round(10^(k/perDecade)) above `offset`, or nil beyond what an `Int` holds.
  private static func nextOffset(after offset: Int, perDecade: Int) -> Int? {
    if offset < 1 { return 1 }
    // The k whose power rounds to just above the offset is found within one or two of the logarithm of offset + 1/2.
    var k = max(0, Int(log10(Double(offset) + 0.5) * Double(perDecade)) - 1)
    while true {
      let value = pow(10, Double(k) / Double(perDecade)).rounded()
      guard value < 9e18 else { return nil }
      if Int(value) > offset { return Int(value) }
      k += 1
    }
  }
}
