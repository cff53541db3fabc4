/// Functions b_n(x) of a (transformed) distance.
public enum RadialBasis: Hashable, Sendable {
  /// b_n(x) = prefactor · sin(ω_n x)/x. Gasteiger et al. 2020 (arXiv:2003.03123, eq. 7) with ω_n = nπ/r_c and prefactor √(2/r_c); frequencies
  /// may be trained. NequIP's and SevenNet's bases are the same with another prefactor, 2/r_c.
  case bessel(frequencies: [Double], prefactor: Double)
  /// b_n(x) = exp(coefficient (x − μ_n)²).
  case gaussian(centers: [Double], coefficient: Double)
  /// b_n(x) = T_n(x), Chebyshev polynomials of the first kind, n = 1 … count. Not restricted to −1 ≤ x ≤ 1.
  case chebyshev(count: Int)

  /// The number of functions.
  public var count: Int {
    switch self {
    case .bessel(let frequencies, _): frequencies.count
    case .gaussian(let centers, _): centers.count
    case .chebyshev(let count): count
    }
  }

  /// Values and derivatives at x.
  public func evaluate(_ x: Double) -> (values: [Double], derivatives: [Double]) {
    var (values, derivatives) = ([Double](), [Double]())
    forEachFunction(at: x) { _, value, derivative in
      values.append(value)
      derivatives.append(derivative)
    }
    return (values, derivatives)
  }

  /// Calls with the place, the value and the derivative of each function at x, in order.
  func forEachFunction(at x: Double, _ body: (Int, Double, Double) -> Void) {
    switch self {
    case .bessel(let frequencies, let prefactor):
      for (n, w) in frequencies.enumerated() {
        let value = prefactor * sine(w * x) / x
        body(n, value, prefactor * w * cosine(w * x) / x - value / x)
      }
    case .gaussian(let centers, let coefficient):
      for (n, center) in centers.enumerated() {
        let value = exponential(coefficient * (x - center) * (x - center))
        body(n, value, 2 * coefficient * (x - center) * value)
      }
    case .chebyshev(let count):
      // T_(n+1) = 2x T_n − T_(n−1), and the same differentiated.
      var (value, before) = (x, 1.0)
      var (derivative, derivativeBefore) = (1.0, 0.0)
      for n in 0..<max(0, count) {
        body(n, value, derivative)
        (derivative, derivativeBefore) = (2 * value + 2 * x * derivative - derivativeBefore, derivative)
        (value, before) = (2 * x * value - before, value)
      }
    }
  }
}

/// A change of variable x(r) before the basis, which may depend on the two species through radii R.
public enum DistanceTransform: Hashable, Sendable {
  /// x = r.
  case identity
  /// x = 1/(1 + a s^q/(1 + s^(q−p))) with s = r/r₀, r₀ = (R_i + R_j)/2 (Witt et al. 2023, doi:10.1063/5.0158783). `radii` by species.
  case agnesi(q: Double, p: Double, a: Double, radii: [Double])
  /// x = p₀ + (r − p₀) ½(1 + tanh(α (r − m)/(p₁ − p₀))) with r₀ = R_i + R_j, p₀ = ¾ r₀, p₁ = 4/3 r₀, m = (p₀ + p₁)/2. `radii` by species.
  case soft(alpha: Double, radii: [Double])

  /// The number of species of which radii are known; nil when none are needed.
  var speciesCount: Int? {
    switch self {
    case .identity: nil
    case .agnesi(_, _, _, let radii), .soft(_, let radii): radii.count
    }
  }

  /// x and dx/dr for two species.
  public func evaluate(_ r: Double, _ first: Int, _ second: Int) -> (value: Double, derivative: Double) {
    switch self {
    case .identity: return (r, 1)
    case .agnesi(let q, let p, let a, let radii):
      let r0 = 0.5 * (radii[first] + radii[second])
      let s = r / r0
      let (rise, denominator) = (power(s, q), 1 + power(s, q - p))
      let u = a * rise / denominator
      let du = u * (q / s - (q - p) * power(s, q - p - 1) / denominator)
      let x = 1 / (1 + u)
      return (x, -x * x * du / r0)
    case .soft(let alpha, let radii):
      let r0 = radii[first] + radii[second]
      let (p0, p1) = (0.75 * r0, 4.0 / 3.0 * r0)
      let slope = alpha / (p1 - p0)
      let t = hyperbolicTangent(slope * (r - 0.5 * (p0 + p1)))
      let switched = 0.5 * (1 + t)
      return (p0 + (r - p0) * switched, switched + (r - p0) * 0.5 * slope * (1 - t * t))
    }
  }
}
