import TektiteCore
import TektiteDynamics

/// The mean and the variance of a series that arrives one value at a time, with errors that allow for correlation between successive values.
///
/// The series is kept as at most 64 blocks of equal length, whose length doubles when they are full; so memory is fixed. Errors come from the
/// scatter of the blocks' means and of the means of two, four, ... blocks together, the largest of these (Flyvbjerg and Petersen 1989,
/// doi:10.1063/1.457480).
public struct BlockedMean: Hashable, Sendable {
  static let capacity = 64
  /// The fewest blocks from whose scatter an error is told: of n blocks, it is known to 1/√(2n − 2).
  static let fewest = 6

  private var sums: [Double] = []
  private var squares: [Double] = []
  /// Values in each full block.
  private var length = 1
  /// Values in the last block, which may be full.
  private var filled = 0
  /// The number of values.
  public private(set) var count = 0

  /// Starts without values.
  public init() {}

  /// Adds the next value of the series.
  public mutating func add(_ value: Double) {
    if sums.isEmpty || filled == length {
      if sums.count == Self.capacity { halve() }
      sums.append(0)
      squares.append(0)
      filled = 0
    }
    sums[sums.count - 1] += value
    squares[squares.count - 1] += value * value
    filled += 1
    count += 1
  }

  private mutating func halve() {
    for k in 0..<Self.capacity / 2 {
      sums[k] = sums[2 * k] + sums[2 * k + 1]
      squares[k] = squares[2 * k] + squares[2 * k + 1]
    }
    sums.removeLast(Self.capacity / 2)
    squares.removeLast(Self.capacity / 2)
    length *= 2
  }

  /// The mean; not a number without values.
  public var mean: Double { sums.reduce(0, +) / Double(count) }

  /// The variance ⟨x²⟩ − ⟨x⟩² of the values; not a number without values.
  public var variance: Double {
    let mean = self.mean
    return max(0, squares.reduce(0, +) / Double(count) - mean * mean)
  }

  /// One standard error of the mean; not a number where fewer than six independent stretches can be told apart.
  /// - Parameter span: how many successive values share data, so that shorter blocks cannot be independent.
  public func error(span: Int = 1) -> Double {
    largest(span: span) { sums, _, length in
      let means = sums.map { $0 / Double(length) }
      let mean = means.reduce(0, +) / Double(means.count)
      let scatter = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (scatter / Double(means.count * (means.count - 1))).squareRoot()
    }
  }

  /// One standard error of the variance, by leaving out one block after the other; not a number where there are too few.
  public func varianceError(span: Int = 1) -> Double {
    largest(span: span) { sums, squares, length in
      let (sum, square) = (sums.reduce(0, +), squares.reduce(0, +))
      let rest = Double(length * (sums.count - 1))
      let estimates = sums.indices.map { k in
        let mean = (sum - sums[k]) / rest
        return (square - squares[k]) / rest - mean * mean
      }
      let mean = estimates.reduce(0, +) / Double(estimates.count)
      let scatter = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (scatter * Double(estimates.count - 1) / Double(estimates.count)).squareRoot()
    }
  }

  /// The largest of what is estimated from the full blocks, from pairs of them, from fours ..., as far as blocks reach over `span` values.
  private func largest(span: Int, _ estimate: ([Double], [Double], Int) -> Double) -> Double {
    var (sums, squares, length) = (self.sums, self.squares, self.length)
    if filled < length, !sums.isEmpty {
      sums.removeLast()
      squares.removeLast()
    }
    var found = Double.nan
    while sums.count >= Self.fewest {
      if length >= span {
        let value = estimate(sums, squares, length)
        if !(value <= found) { found = value }
      }
      let half = sums.count / 2
      sums = (0..<half).map { sums[2 * $0] + sums[2 * $0 + 1] }
      squares = (0..<half).map { squares[2 * $0] + squares[2 * $0 + 1] }
      length *= 2
    }
    return found
  }

  /// How much a straight line through the series changes from its start to its end, with its error; nil for fewer than sixteen blocks.
  ///
  /// The error comes from the scatter of the blocks of the second half about a line of their own, and of two, four, ... blocks together, the largest of these: at least eight
  /// blocks are left, so that six degrees of freedom are. The first half would bring in how fast what relaxes relaxes, and hide a drift that slows down.
  public func trend() -> (change: Double, error: Double)? {
    var (sums, length) = (self.sums, self.length)
    if filled < length, !sums.isEmpty { sums.removeLast() }
    var found: (change: Double, error: Double)?
    while sums.count >= 16 {
      let n = Double(sums.count)
      let means = sums.map { $0 / Double(length) }
      let tail = Self.line(Array(means.suffix(means.count / 2)))
      let error = n * (tail.scatter / (n * (n * n - 1) / 12)).squareRoot()
      // The finest blocks tell the line, the coarser ones how sure it is.
      found = (found?.change ?? Self.line(means).slope * n, max(found?.error ?? 0, error))
      sums = (0..<sums.count / 2).map { sums[2 * $0] + sums[2 * $0 + 1] }
      length *= 2
    }
    return found
  }

  /// The slope of a straight line through values one apart, and their variance about it.
  private static func line(_ values: [Double]) -> (slope: Double, scatter: Double) {
    let n = Double(values.count)
    let center = values.reduce(0, +) / n
    let spread = n * (n * n - 1) / 12
    var slope = 0.0
    for (place, value) in values.enumerated() { slope += (Double(place) - (n - 1) / 2) * (value - center) / spread }
    var scatter = 0.0
    for (place, value) in values.enumerated() {
      let rest = value - center - slope * (Double(place) - (n - 1) / 2)
      scatter += rest * rest
    }
    return (slope, scatter / (n - 2))
  }

  /// Writes the sums for a checkpoint.
  func save(to writer: inout ByteWriter) {
    writer.put(length)
    writer.put(filled)
    writer.put(count)
    writer.put(sums)
    writer.put(squares)
  }

  /// Reads what `save` wrote.
  init(from reader: inout ByteReader) throws(InputError) {
    length = try reader.int()
    filled = try reader.int()
    count = try reader.int()
    sums = try reader.doubles()
    squares = try reader.doubles()
    let isSound =
      length > 0 && sums.count == squares.count && sums.count <= Self.capacity && filled >= 0 && filled <= length
      && (sums.isEmpty ? count == 0 : length <= Int.max / 64 && count == length * (sums.count - 1) + filled)
    guard isSound else { throw reader.malformed("averages that do not fit together") }
  }
}
