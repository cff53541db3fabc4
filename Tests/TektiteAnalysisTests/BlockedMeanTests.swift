import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Means with errors from blocks")
struct BlockedMeanTests {
  @Test("Mean and variance are those of the series", arguments: [1, 7, 64, 65, 1000])
  func moments(_ count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    var mean = BlockedMean()
    var all: [Double] = []
    for _ in 0..<count {
      let x = Double.random(in: -1...2, using: &generator)
      mean.add(x)
      all.append(x)
    }
    let average = all.reduce(0, +) / Double(count)
    let square = all.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(count)
    #expect(mean.count == count)
    #expect(abs(mean.mean - average) < 1e-13 && abs(mean.variance - square) < 1e-13)
  }

  /// A series x ← ρ x + noise has the standard error σ √((1 + ρ)/(1 − ρ)/n), σ² = s²/(1 − ρ²).
  @Test("Errors allow for correlation", arguments: [0.0, 0.8])
  func errors(_ memory: Double) {
    var generator = SeededGenerator(seed: 5)
    let count = 4000
    var ratios: [Double] = []
    var spread = 0.0
    for _ in 0..<40 {
      var mean = BlockedMean()
      var x = 0.0
      for step in -100..<count {
        // Twelve uniform numbers make a deviate of variance 1.
        x = memory * x + (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0...1, using: &generator) }
        if step >= 0 { mean.add(x) }
      }
      let exact = (1 / (1 - memory * memory) * (1 + memory) / (1 - memory) / Double(count)).squareRoot()
      ratios.append(mean.error() / exact)
      spread += mean.mean * mean.mean / (exact * exact)
    }
    let average = ratios.reduce(0, +) / 40
    // The largest of four or five estimates, each good to 9 to 27 %, lies above the truth by some 15 %; never half or twice as far.
    #expect(average > 0.9 && average < 1.5, "errors \(average) of the exact ones")
    #expect(ratios.allSatisfy { $0 > 0.5 && $0 < 2.5 })
    // The means themselves scatter as they should: χ² of 40 within four standard deviations.
    #expect(abs(spread - 40) < 4 * (80.0).squareRoot())
  }

  @Test("Too few independent blocks give no error")
  func none() {
    var mean = BlockedMean()
    for k in 0..<5 { mean.add(Double(k)) }
    #expect(mean.error().isNaN && mean.varianceError().isNaN)
    for k in 0..<8 { mean.add(Double(k)) }
    #expect(mean.error() > 0 && mean.error(span: 2).isFinite && mean.error(span: 3).isNaN)
    #expect(BlockedMean().mean.isNaN)
  }

  @Test("Sums come back from a checkpoint and go on alike; damaged ones are refused")
  func checkpoint() throws {
    var mean = BlockedMean()
    for k in 0..<777 { mean.add(1 / Double(k + 1)) }
    var writer = ByteWriter()
    mean.save(to: &writer)
    var reader = ByteReader(writer.bytes, file: "x", section: "y")
    var other = try BlockedMean(from: &reader)
    for k in 0..<100 {
      mean.add(Double(k))
      other.add(Double(k))
    }
    #expect(mean == other)
    for place in 0..<3 {
      var bytes = writer.bytes
      bytes[8 * place] ^= 1
      var damaged = ByteReader(bytes, file: "x", section: "y")
      #expect(throws: InputError.self) { _ = try BlockedMean(from: &damaged) }
    }
  }
}
