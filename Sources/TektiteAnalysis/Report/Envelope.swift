/// The course of a quantity of any length in little memory: neighbouring samples share a bucket that keeps the lowest and the highest of
/// them, and buckets are merged in pairs when there are too many.
struct Envelope {
  private struct Bucket {
    var low: (x: Double, y: Double, row: Int)
    var high: (x: Double, y: Double, row: Int)
  }

  private let capacity: Int
  private var buckets: [Bucket] = []
  /// Samples in a full bucket.
  private var width = 1
  /// Samples in the last bucket.
  private var filled = 0
  /// Samples in all.
  private(set) var count = 0

  /// - Parameter points: the most points that are kept.
  init(points: Int = 1500) { capacity = max(2, points / 2) }

  /// Takes the next sample; one that is not a finite number is left out.
  mutating func append(_ x: Double, _ y: Double) {
    guard x.isFinite, y.isFinite else { return }
    let sample = (x: x, y: y, row: count)
    count += 1
    if filled < width, !buckets.isEmpty {
      merge(Bucket(low: sample, high: sample), into: buckets.count - 1)
      filled += 1
      return
    }
    if buckets.count == capacity { halve() }
    // After the halving the last bucket may have room again.
    if filled < width, !buckets.isEmpty {
      merge(Bucket(low: sample, high: sample), into: buckets.count - 1)
      filled += 1
    } else {
      buckets.append(Bucket(low: sample, high: sample))
      filled = 1
    }
  }

  private mutating func merge(_ other: Bucket, into index: Int) {
    if other.low.y < buckets[index].low.y { buckets[index].low = other.low }
    if other.high.y > buckets[index].high.y { buckets[index].high = other.high }
  }

  private mutating func halve() {
    let isOdd = buckets.count % 2 == 1
    for index in stride(from: 0, to: buckets.count - 1, by: 2) {
      buckets[index / 2] = buckets[index]
      merge(buckets[index + 1], into: index / 2)
    }
    if isOdd { buckets[buckets.count / 2] = buckets[buckets.count - 1] }
    buckets.removeLast(buckets.count / 2)
    filled += isOdd ? 0 : width
    width *= 2
  }

  /// The points that are kept, in the order of the samples.
  var points: [(x: Double, y: Double)] {
    buckets.flatMap { bucket in
      if bucket.low.row == bucket.high.row { return [(bucket.low.x, bucket.low.y)] }
      let isFalling = bucket.high.row < bucket.low.row
      let (first, second) = isFalling ? (bucket.high, bucket.low) : (bucket.low, bucket.high)
      return [(first.x, first.y), (second.x, second.y)]
    }
  }

  /// The lowest and the highest value; nil without samples.
  var extremes: (low: Double, high: Double)? {
    guard let low = buckets.map(\.low.y).min(), let high = buckets.map(\.high.y).max() else { return nil }
    return (low, high)
  }
}
