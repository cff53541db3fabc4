import TektiteTestSupport
import Testing

// The yardsticks of the physics tests, on numbers whose distribution is known.
@Suite("Statistics")
struct StatisticsTests {
  @Test("block averages of a correlated series have honest errors")
  func blocks() {
    var random = SeededGenerator(seed: 71)
    var misses = 0
    var deviations: [Double] = []
    var inefficiencies: [Double] = []
    for _ in 0..<200 {
      // Correlation time 10: e^{-0.1} from value to value.
      var value = random.normal()
      let keep = 0.904_837_418_035_96
      let series = (0..<4000).map { _ in
        value = keep * value + (1 - keep * keep).squareRoot() * random.normal()
        return value
      }
      let estimate = Estimate(series)
      deviations.append(estimate.mean / estimate.standardError)
      if estimate.deviation(from: 0) > 3 { misses += 1 }
      inefficiencies.append(Statistics.inefficiency(series))
    }
    // The true inefficiency is (1 + keep)/(1 − keep) = 20.0; the estimate from one series scatters by a quarter.
    #expect(abs(Statistics.mean(inefficiencies) - 20) < 2)
    // Student's t with nineteen degrees of freedom: variance 19/17, beyond 3 in 0.7 % of cases.
    #expect(misses <= 6)
    #expect(abs(Statistics.variance(deviations) - 19.0 / 17) < 0.5)
  }

  @Test("the cumulative gamma distribution against closed forms and tables")
  func gamma() {
    // Shape 1 is exponential; shape 2 is 1 − (1 + x) e^{−x}; 1/2 is erf √x.
    for x in [0.1, 0.9, 2.5, 7.0] {
      #expect(abs(Statistics.cumulativeGamma(shape: 1, x) - (1 - expNegative(x))) < 1e-13)
      #expect(abs(Statistics.cumulativeGamma(shape: 2, x) - (1 - (1 + x) * expNegative(x))) < 1e-13)
    }
    #expect(abs(Statistics.cumulativeGamma(shape: 0.5, 1) - 0.842_700_792_949_715) < 1e-13)
    // Large shape: the median of a Gamma distribution is about a − 1/3.
    #expect(abs(Statistics.cumulativeGamma(shape: 150, 150 - 1.0 / 3) - 0.5) < 1e-4)
  }

  private func expNegative(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for k in 1..<80 {
      term *= -x / Double(k)
      sum += term
    }
    return sum
  }

  @Test("Kolmogorov and Smirnov accept the right distribution and refuse a slightly wrong one")
  func distributions() {
    var random = SeededGenerator(seed: 72)
    let even = (0..<4000).map { _ in random.uniform() }
    #expect(Statistics.kolmogorovSmirnov(even) { min(max($0, 0), 1) } < 1.95)
    #expect(Statistics.kolmogorovSmirnov(even) { min(max($0 * 0.93, 0), 1) } > 1.95)
    // A sum of k squared normals halved is Gamma of shape k/2.
    let energies = (0..<2000).map { _ in
      (0..<12).reduce(0.0) { sum, _ in
        let x = random.normal(); return sum + x * x / 2
      }
    }
    #expect(Statistics.kolmogorovSmirnov(energies) { Statistics.cumulativeGamma(shape: 6, $0) } < 1.95)
    #expect(Statistics.kolmogorovSmirnov(energies) { Statistics.cumulativeGamma(shape: 6.3, $0) } > 1.95)
  }

  @Test("the two-temperature estimate finds the difference of inverse temperatures")
  func twoTemperatures() {
    var random = SeededGenerator(seed: 73)
    func energies(_ temperature: Double) -> [Double] {
      (0..<3000).map { _ in
        (0..<60).reduce(0.0) { sum, _ in
          let x = random.normal(); return sum + temperature * x * x / 2
        }
      }
    }
    let estimate = Statistics.inverseTemperatureDifference(energies(1), energies(1.2))
    #expect(estimate.deviation(from: 1 - 1 / 1.2) < 4, "\(estimate)")
    #expect(estimate.standardError < 0.015)
  }
}
