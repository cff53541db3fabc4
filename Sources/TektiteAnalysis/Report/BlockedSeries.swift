/// A series of any length as the means of at most 2,048 equal blocks, for its mean and the error of that.
struct BlockedSeries {
  /// A mean with its standard error.
  struct Average: Hashable {
    var mean: Double
    /// Nil where the series is too short to tell, or still drifts.
    var error: Double?
  }

  private static let capacity = 2048
  private var sums: [(x: Double, y: Double)] = []
  private var width = 1
  private var filled = 0
  /// Values in all.
  private(set) var count = 0

  /// Takes the next value with its abscissa; one that is not a finite number is left out.
  mutating func append(_ x: Double, _ y: Double) {
    guard x.isFinite, y.isFinite else { return }
    count += 1
    if filled == width || sums.isEmpty {
      if sums.count == Self.capacity {
        for index in 0..<Self.capacity / 2 {
          let (a, b) = (sums[2 * index], sums[2 * index + 1])
          sums[index] = (a.x + b.x, a.y + b.y)
        }
        sums.removeLast(Self.capacity / 2)
        width *= 2
      }
      sums.append((x, y))
      filled = 1
    } else {
      sums[sums.count - 1].x += x
      sums[sums.count - 1].y += y
      filled += 1
    }
  }

  /// The means of the full blocks.
  private var blocks: [(x: Double, y: Double)] {
    let full = filled == width ? sums[...] : sums.dropLast()
    return full.map { ($0.x / Double(width), $0.y / Double(width)) }
  }

  /// The mean over the second half with its error; nil without values. The half is found to within a thousandth of the series.
  var secondHalf: Average? {
    let values = blocks.map(\.y)
    let half = Array(values.suffix((values.count + 1) / 2))
    guard !half.isEmpty else { return nil }
    return Average(mean: half.reduce(0, +) / Double(half.count), error: Self.error(of: half))
  }

  /// Means over about so many equal parts, with their mean abscissas.
  func means(_ parts: Int) -> [(x: Double, y: Double)] {
    let blocks = blocks
    let length = max(1, blocks.count / max(1, parts))
    return stride(from: 0, to: blocks.count - length + 1, by: length).map { start in
      let part = blocks[start..<start + length]
      return (part.reduce(0) { $0 + $1.x } / Double(length), part.reduce(0) { $0 + $1.y } / Double(length))
    }
  }

  /// The standard error of the mean of correlated values by blocking (Flyvbjerg and Petersen 1989, doi:10.1063/1.457480): the shortest
  /// block of B values with B³ > 2 n c⁴, where c is the ratio of the error from such blocks to that from single values (Lee et al. 2011,
  /// doi:10.1103/PhysRevE.83.066706). Nil where no block is long enough, so that a series that drifts gets no error.
  static func error(of values: [Double]) -> Double? {
    guard values.count >= 16 else { return nil }
    var means = values
    var length = 1.0
    var first = 0.0
    while means.count >= 4 {
      let n = Double(means.count)
      let center = means.reduce(0, +) / n
      let squares = means.reduce(0.0) { sum, value in sum + (value - center) * (value - center) }
      let variance = squares / (n - 1)
      let error = (variance / n).squareRoot()
      if !error.isFinite { return nil }
      if length == 1 {
        if error == 0 { return 0 }
        first = error
      }
      let inefficiency = (error / first) * (error / first)
      let least = 2 * Double(values.count) * inefficiency * inefficiency
      if length * length * length > least { return error }
      let finer = means
      means = (0..<finer.count / 2).map { index -> Double in (finer[2 * index] + finer[2 * index + 1]) / 2 }
      length *= 2
    }
    return nil
  }
}
