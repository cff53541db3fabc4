#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// From what the diameters of atoms are drawn: a density proportional to s⁻ᵖ between a smallest and a largest diameter.
public struct DiameterDistribution: Hashable, Sendable {
  /// The smallest and the largest diameter.
  public var range: ClosedRange<Double>
  /// p: 0 is uniform; with 3 all sizes fill about the same volume, the usual choice for polydisperse glass formers.
  public var exponent: Double

  /// Makes a distribution.
  /// - Precondition: the smallest diameter is positive.
  public init(_ range: ClosedRange<Double>, exponent: Double) {
    precondition(range.lowerBound > 0, "diameters from \(range.lowerBound)")
    self.range = range
    self.exponent = exponent
  }

  /// Draws independent diameters; the same seed gives the same ones.
  public func draw(count: Int, seed: UInt64) -> [Double] {
    var numbers = DrawnNumbers(seed: seed, stream: 0x5349_5A45)
    return (0..<count).map { _ in min(max(quantile(numbers.unit()), range.lowerBound), range.upperBound) }
  }

  /// The diameter below which a part `u` of all lie.
  public func quantile(_ u: Double) -> Double {
    let (a, b) = (range.lowerBound, range.upperBound)
    switch exponent {
    case 0: return a + (b - a) * u
    case 1: return a * pow(b / a, u)
    // The case in use needs no powers, whose last bits differ from one library to the next.
    case 3: return a / (1 - u * (1 - (a / b) * (a / b))).squareRoot()
    default:
      let q = 1 - exponent
      return pow(pow(a, q) + u * (pow(b, q) - pow(a, q)), 1 / q)
    }
  }
}
