import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A small random generator for tests (SplitMix64: Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195). The same seed gives the same
/// numbers on every machine, so a failure that prints its seed can be repeated. Not for simulations: those use Philox.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts at a seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number evenly distributed in a range.
  public mutating func uniform(_ range: ClosedRange<Double> = 0...1) -> Double {
    let unit = Double(next() >> 11) * 0x1p-53
    return range.lowerBound + (range.upperBound - range.lowerBound) * unit
  }

  /// A whole number in a range.
  public mutating func integer(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

  /// A number from the normal distribution of mean 0 and variance 1.
  public mutating func normal() -> Double {
    // Box and Muller; the logarithm's argument lies in (0, 1].
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// A vector of three independent normal numbers.
  public mutating func normalVector() -> Vector3 { Vector3(normal(), normal(), normal()) }

  /// A direction evenly distributed over the sphere.
  public mutating func direction() -> Vector3 {
    while true {
      let v = normalVector()
      if v.lengthSquared > 1e-6 { return v / v.length }
    }
  }

  /// A rotation evenly distributed over the group: rows are the images of the axes, so `v * rotation` turns a row vector.
  public mutating func rotation() -> Matrix3 {
    let a = direction()
    var b = direction()
    b = b - a.dot(b) * a
    while b.lengthSquared < 1e-6 {
      b = direction()
      b = b - a.dot(b) * a
    }
    b = b / b.length
    return Matrix3(a, b, a.cross(b))
  }

  /// The numbers 0 ..< count in random order.
  public mutating func permutation(_ count: Int) -> [Int] { (0..<count).shuffled(using: &self) }
}
