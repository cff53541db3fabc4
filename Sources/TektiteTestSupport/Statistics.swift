#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A mean with its standard error, so that a statistical test can be stated in standard errors.
public struct Estimate: Sendable, CustomStringConvertible {
  /// The mean.
  public var mean: Double
  /// The standard error of the mean.
  public var standardError: Double

  /// Makes an estimate.
  public init(mean: Double, standardError: Double) {
    self.mean = mean
    self.standardError = standardError
  }

  /// Averages a time series whose values are correlated, over blocks: the means of `blocks` equal parts are independent when a part is much
  /// longer than the correlation time, and their scatter gives the error (Flyvbjerg and Petersen 1989, doi:10.1063/1.457480).
  public init(_ series: [Double], blocks: Int = 20) {
    let means = Self.blockMeans(series, blocks)
    mean = means.reduce(0, +) / Double(blocks)
    let center = mean
    let variance = means.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(blocks - 1)
    standardError = (variance / Double(blocks)).squareRoot()
  }

  /// The means of equal parts of a series; what does not fill a part at the end is left out.
  public static func blockMeans(_ series: [Double], _ blocks: Int) -> [Double] {
    let length = series.count / blocks
    precondition(length > 0 && blocks > 1, "\(series.count) values for \(blocks) blocks")
    return (0..<blocks).map { b in
      series[b * length..<(b + 1) * length].reduce(0, +) / Double(length)
    }
  }

  /// How many standard errors the mean is away from a value that itself has an uncertainty.
  public func deviation(from value: Double, uncertainty: Double = 0) -> Double {
    abs(mean - value) / (standardError * standardError + uncertainty * uncertainty).squareRoot()
  }

  /// Mean ± standard error.
  public var description: String { "\(mean) ± \(standardError)" }
}

/// Tests of distributions and correlations.
public enum Statistics {
  /// The mean of a series.
  public static func mean(_ series: [Double]) -> Double { series.reduce(0, +) / Double(series.count) }

  /// The variance of a series about its own mean.
  public static func variance(_ series: [Double]) -> Double {
    let center = mean(series)
    return series.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(series.count - 1)
  }

  /// The statistical inefficiency g = 1 + 2 Σ ρ(t), the sum taken until the correlation first falls below zero: a series of n values tells as
  /// much as n / g independent ones (Chodera et al. 2007, doi:10.1021/ct0502864).
  public static func inefficiency(_ series: [Double]) -> Double {
    let n = series.count
    let center = mean(series)
    let values = series.map { $0 - center }
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(n)
    guard variance > 0 else { return 1 }
    var g = 1.0
    for lag in 1..<max(2, n / 2) {
      var sum = 0.0
      for k in 0..<n - lag { sum += values[k] * values[k + lag] }
      let correlation = sum / Double(n - lag) / variance
      if correlation <= 0 { break }
      g += 2 * correlation * (1 - Double(lag) / Double(n))
    }
    return max(1, g)
  }

  /// Every ⌈g⌉-th value, so that what is left is nearly independent.
  public static func decorrelated(_ series: [Double]) -> [Double] {
    let every = Int(inefficiency(series).rounded(.up))
    return stride(from: 0, to: series.count, by: every).map { series[$0] }
  }

  /// The largest distance between the distribution of independent samples and a cumulative distribution, times √n: the statistic of
  /// Kolmogorov and Smirnov, which exceeds 1.95 by chance once in a thousand.
  public static func kolmogorovSmirnov(_ samples: [Double], _ cumulative: (Double) -> Double) -> Double {
    let sorted = samples.sorted()
    let n = Double(sorted.count)
    var worst = 0.0
    for (k, x) in sorted.enumerated() {
      let p = cumulative(x)
      worst = max(worst, p - Double(k) / n, Double(k + 1) / n - p)
    }
    return worst * n.squareRoot()
  }

  /// The cumulative Gamma distribution of shape a and scale 1: the regularised incomplete gamma function P(a, x), by its series below the mode
  /// and by the continued fraction above it.
  public static func cumulativeGamma(shape a: Double, _ x: Double) -> Double {
    guard x > 0 else { return 0 }
    let front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1 {
      var term = 1 / a
      var sum = term
      var k = a
      while abs(term) > 1e-16 * abs(sum) {
        k += 1
        term *= x / k
        sum += term
      }
      return front * sum
    }
    // Modified Lentz.
    var b = x + 1 - a
    var c = 1e300
    var d = 1 / b
    var h = d
    for i in 1..<10_000 {
      let numerator = -Double(i) * (Double(i) - a)
      b += 2
      d = 1 / (numerator * d + b)
      c = b + numerator / c
      let factor = d * c
      h *= factor
      if abs(factor - 1) < 1e-15 { break }
    }
    return 1 - front * h
  }

  /// The inverse-temperature difference β₁ − β₂ that energies sampled at two temperatures show, by maximum likelihood: for canonical ensembles
  /// p₂(E)/p₁(E) ∝ exp((β₁ − β₂) E) whatever the system (Shirts 2013, doi:10.1021/ct300688p, equation 9). Samples must be independent.
  public static func inverseTemperatureDifference(_ first: [Double], _ second: [Double]) -> Estimate {
    // Logistic regression of "came from the second ensemble" on E, by Newton's method. E is centred and scaled first.
    let all = first + second
    let center = mean(all)
    let spread = variance(all).squareRoot()
    let x = all.map { ($0 - center) / spread }
    let isSecond = first.map { _ in 0.0 } + second.map { _ in 1.0 }
    var offset = 0.0
    var slope = 0.0
    var curvature = 1.0
    for _ in 0..<100 {
      var (g0, g1, h00, h01, h11) = (0.0, 0.0, 0.0, 0.0, 0.0)
      for k in x.indices {
        let p = 1 / (1 + exp(-(offset + slope * x[k])))
        let w = p * (1 - p)
        g0 += isSecond[k] - p
        g1 += (isSecond[k] - p) * x[k]
        h00 += w
        h01 += w * x[k]
        h11 += w * x[k] * x[k]
      }
      let determinant = h00 * h11 - h01 * h01
      let d0 = (h11 * g0 - h01 * g1) / determinant
      let d1 = (h00 * g1 - h01 * g0) / determinant
      offset += d0
      slope += d1
      curvature = determinant / h00
      if abs(d0) + abs(d1) < 1e-12 { break }
    }
    return Estimate(mean: slope / spread, standardError: 1 / curvature.squareRoot() / spread)
  }
}
