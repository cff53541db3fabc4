import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Long series in little memory")
struct SeriesTests {
  @Test("A thinned course keeps its extremes where they are, its order, and at most as many points as asked for")
  func extremes() throws {
    for count in [0, 1, 2, 750, 751, 1500, 1501, 20_000, 300_001] {
      var envelope = Envelope(points: 1500)
      var random = SeededGenerator(seed: UInt64(count))
      let (deep, high) = (count / 3, count / 7 * 5)
      for row in 0..<count {
        let y = row == deep ? -50 : row == high ? 50 : random.uniform(-1...1)
        envelope.append(Double(row) * 0.5, y)
      }
      let points = envelope.points
      #expect(envelope.count == count && points.count <= 1500)
      // Up to a bucket for each sample nothing may be lost.
      if count <= 1500 { #expect(points.count == count) } else { #expect(points.count >= 750) }
      #expect(zip(points, points.dropFirst()).allSatisfy { $0.x < $1.x })
      guard count > 100 else { continue }
      #expect(points.contains { $0.x == Double(deep) * 0.5 && $0.y == -50 })
      #expect(points.contains { $0.x == Double(high) * 0.5 && $0.y == 50 })
      let found = try #require(envelope.extremes)
      #expect(found.low == -50 && found.high == 50)
    }
  }

  @Test("What is not a finite number is left out")
  func notNumbers() {
    var envelope = Envelope()
    var series = BlockedSeries()
    for value in [1, .nan, .infinity, 3] {
      envelope.append(0, value)
      series.append(0, value)
    }
    #expect(envelope.count == 2 && series.count == 2 && series.secondHalf?.mean == 3)
  }

  @Test("The error of the mean of correlated values is that of an autoregressive process")
  func blocking() throws {
    for (memory, seed) in [(0.0, UInt64(1)), (0.9, 2), (0.99, 3)] {
      var random = SeededGenerator(seed: seed)
      var series = BlockedSeries()
      var last: [Double] = []
      var value = 0.0
      let count = 400_000
      for row in 0..<count {
        // Evenly distributed steps of variance 1.
        value = memory * value + random.uniform(-1...1) * 3.0.squareRoot()
        series.append(Double(row), value)
        if row >= count - 100_000 { last.append(value) }
      }
      let average = try #require(series.secondHalf)
      let error = try #require(average.error)
      // The variance of the sum of n values is n/(1 − φ)² for n ≫ 1/(1 − φ).
      let expected = 1 / (1 - memory) / Double(count / 2).squareRoot()
      // By the criterion at least 48 blocks remain, whose scatter is known to 1/√(2 · 47) = 10 %: three of these.
      #expect(abs(error / expected - 1) < 0.3, "\(memory): \(error) instead of \(expected)")
      // The same without the blocks that bound the memory, so that all depends on the criterion.
      let direct = try #require(BlockedSeries.error(of: last))
      #expect(abs(direct / expected / 2.0.squareRoot() - 1) < 0.3, "\(memory): \(direct)")
      #expect(abs(average.mean) < 4 * expected)
    }
  }

  @Test("A series that drifts, and a short one, have no error; a constant one has none to speak of")
  func noError() {
    #expect(BlockedSeries.error(of: (0..<1000).map(Double.init)) == nil)
    #expect(BlockedSeries.error(of: [1, 2, 1, 2, 1]) == nil)
    #expect(BlockedSeries.error(of: Array(repeating: 4, count: 100)) == 0)
    #expect(BlockedSeries.error(of: Array(repeating: 1e300, count: 64) + [-1e300]) == nil)
    #expect(BlockedSeries().secondHalf == nil)
  }

  @Test("Means of parts have the mean abscissas of these")
  func parts() {
    var series = BlockedSeries()
    for row in 0..<6000 { series.append(Double(row), 2 * Double(row)) }
    let means = series.means(60)
    #expect(means.count >= 50 && means.count <= 75)
    #expect(means.allSatisfy { abs($0.y - 2 * $0.x) < 1e-9 })
  }
}
