import Testing

@testable import TektiteAnalysis

@Suite("Ticks and scales")
struct TicksTests {
  @Test(
    "Even axes have ticks at 1, 2 or 5 times a power of ten, about as many as wanted, with labels that tell them apart")
  func linear() {
    for (low, high) in [(0.0, 1.0), (-3.2, 7.9), (0, 60), (9.61, 10.07), (-6.0546, -5.9756), (1e-7, 3e-7), (-4e9, 5e9)]
    {
      for wanted in 2...8 {
        let ticks = Ticks.linear(low...high, wanted: wanted)
        let values = ticks.major.map(\.value)
        // Rounding the step to the nearest of 1, 2, 5, 10 changes the number by at most 10/7.5 and 1.5, and ends may cut one each.
        #expect(values.count >= 1 && values.count <= 2 * wanted + 1, "\(low) \(high) \(wanted): \(values)")
        #expect(values.allSatisfy { $0 >= low - 1e-8 * (high - low) && $0 <= high + 1e-8 * (high - low) })
        #expect(Set(ticks.major.map(\.label)).count == values.count, "\(ticks.major)")
        #expect(Set(ticks.minor).isDisjoint(with: values))
      }
    }
    let labels = Ticks.linear(0...1, wanted: 5).major.map(\.label)
    #expect(labels == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Ticks.linear(-1...1, wanted: 4).major.map(\.label) == ["−1.0", "−0.5", "0.0", "0.5", "1.0"])
    #expect(Ticks.linear(0...60, wanted: 6).major.map(\.label) == ["0", "10", "20", "30", "40", "50", "60"])
  }

  @Test("A power of ten is taken out of small and large labels")
  func exponent() {
    let small = Ticks.linear(-3.2e-4...1e-4, wanted: 4)
    #expect(small.exponent == -4 && small.major.map(\.label) == ["−3", "−2", "−1", "0", "1"])
    #expect(Ticks.linear(0...2e6, wanted: 4).exponent == 6)
    #expect(Ticks.linear(0...5000, wanted: 4).exponent == 0)
  }

  @Test("Logarithmic axes have decades with minor ticks; shorter ones 1, 2 and 5; many decades are thinned out")
  func logarithmic() {
    let six = Ticks.logarithmic(0.01...1e4, wanted: 8)
    #expect(six.major.map(\.label) == ["10^{−2}", "10^{−1}", "10^{0}", "10^{1}", "10^{2}", "10^{3}", "10^{4}"])
    #expect(six.minor.count == 6 * 8)
    let one = Ticks.logarithmic(0.3...7, wanted: 5)
    #expect(one.major.map(\.label) == ["0.5", "1", "2", "5"])
    let narrow = Ticks.logarithmic(3.1...3.4, wanted: 4)
    #expect(narrow.major.count >= 2)
    let many = Ticks.logarithmic(1e-200...1e200, wanted: 6)
    #expect(many.major.count >= 2 && many.major.count <= 8)
  }

  @Test("Ranges that cannot be drawn have no ticks, and nothing traps")
  func degenerate() {
    #expect(Ticks.linear(1...1, wanted: 5).major.isEmpty)
    #expect(Ticks.linear(1e16...1e16 + 2, wanted: 5).major.isEmpty)
    #expect(Ticks.linear(-1e300...Double.infinity, wanted: 5).major.isEmpty)
    #expect(Ticks.logarithmic(-1...1, wanted: 5).major.isEmpty)
    #expect(Ticks.logarithmic(2...2, wanted: 5).major.isEmpty)
    _ = Ticks.linear(-1e290...1e290, wanted: 5)
    _ = Ticks.linear(0x1p-1074...1e-300, wanted: 5)
    _ = Ticks.logarithmic(1e-291...1e290, wanted: 5)
  }

  @Test("A range holds its values with room, begins at zero when that is near, and is never empty")
  func ranges() throws {
    let even = try #require(PlotScale.range(of: [2.0, .nan, 4, .infinity], .linear, room: 0.05))
    #expect(even == 1.9...4.1)
    #expect(try #require(PlotScale.range(of: [0.1, 1], .linear, room: 0.05, zero: true)).lowerBound == 0)
    #expect(try #require(PlotScale.range(of: [0.9, 1], .linear, room: 0.05, zero: true)).lowerBound > 0.8)
    let log = try #require(PlotScale.range(of: [-1.0, 0, 0.01, 100], .log, room: 0))
    #expect(abs(log.lowerBound - 0.01) < 1e-12 && abs(log.upperBound - 100) < 1e-9)
    for value in [0.0, 5, -1e-300, 1e280] {
      let range = try #require(PlotScale.range(of: [value, value], .linear, room: 0.05))
      #expect(range.lowerBound < value && range.upperBound > value)
    }
    #expect(PlotScale.range(of: [0, -1, .nan], .log, room: 0.1) == nil)
    let scale = PlotScale(kind: .log, range: 1...100, ends: (0, 200))
    #expect(abs(try #require(scale.place(10)) - 100) < 1e-9)
    #expect(scale.place(0) == nil && scale.place(-3) == nil && scale.place(.nan) == nil)
  }
}
