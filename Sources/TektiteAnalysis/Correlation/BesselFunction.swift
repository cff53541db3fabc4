#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// J₀(x), the average of exp(i k·r) over all directions of a plane, to 2e-16 absolutely.
///
/// Below 64 it is a Taylor polynomial of degree 10 about the middle of an interval of 1/4, whose first missing term is 3e-18; a table of them fits the
/// nearest cache. Beyond, it is the function of the mathematical library.
struct BesselFunction {
  /// The one table.
  static let zeroth = BesselFunction()

  private static let width = 0.25
  private static let intervals = 256
  private static let terms = 11
  private let coefficients: [Double]

  private init() {
    var coefficients: [Double] = []
    coefficients.reserveCapacity(Self.intervals * Self.terms)
    for interval in 0..<Self.intervals {
      let middle = (Double(interval) + 0.5) * Self.width
      coefficients += middle < 3 ? Self.nearZero(middle) : Self.byEquation(middle)
    }
    self.coefficients = coefficients
  }

  /// The expansion about a small x by that of the power series Σ (−x²/4)ᵏ/(k!)².
  private static func nearZero(_ x: Double) -> [Double] {
    (0..<terms).map { n in
      var sum = 0.0
      var a = 1.0
      for k in 0...30 {
        if k > 0 { a *= -0.25 / Double(k * k) }
        guard 2 * k >= n else { continue }
        var choose = 1.0
        for j in 0..<n { choose *= Double(2 * k - j) / Double(j + 1) }
        sum += a * choose * pow(x, Double(2 * k - n))
      }
      return sum
    }
  }

  /// The expansion about x by Bessel's equation x y″ + y′ + x y = 0, from y = J₀ and y′ = −J₁.
  private static func byEquation(_ x: Double) -> [Double] {
    var c = [j0(x), -j1(x)]
    for n in 0..<terms - 2 {
      let before = n > 0 ? c[n - 1] : 0
      let m = Double(n + 1)
      c.append(-(m * m * c[n + 1] + x * c[n] + before) / (x * m * (m + 1)))
    }
    return c
  }

  /// J₀ of a number that is not negative; not a number for what is none.
  @inline(__always)
  func callAsFunction(_ x: Double) -> Double {
    guard x < Self.width * Double(Self.intervals) else { return j0(x) }
    let interval = Int(x * (1 / Self.width))
    let d = x - (Double(interval) + 0.5) * Self.width
    let first = interval * Self.terms
    var sum = coefficients[first + 10]
    for n in stride(from: 9, through: 0, by: -1) { sum = sum * d + coefficients[first + n] }
    return sum
  }
}
