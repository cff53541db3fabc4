/// A term of a pair potential, with u, u′ and u″ as functions of the distance.
public enum PairTerm: Hashable, Sendable {
  /// ε (σ/r)ⁿ.
  case inversePower(epsilon: Double, sigma: Double, exponent: Double)
  /// K r⁻ⁿ.
  case power(coefficient: Double, exponent: Double)
  /// 4ε [(σ/r)¹² − (σ/r)⁶].
  case lennardJones(epsilon: Double, sigma: Double)
  /// A e^(−br).
  case exponential(amplitude: Double, rate: Double)
  /// K e^(−κr)/r.
  case yukawa(coefficient: Double, rate: Double)
  /// K erfc(αr)/r, where K is the product of two charges in units of energy times length.
  case coulomb(product: Double, damping: Double)
  /// A (r⁻ᵐ − B) e^(c/(r − a)) for r < a, plus B e^(d/(r − b)) for r < b (Dzugutov, Phys. Rev. A 46, R2984 (1992)).
  case dzugutov(Dzugutov)
  /// a e^(αr) r⁻³ cos(2κr) + b (σ/r)ⁿ (Doye, Wales, Zetterling and Dzugutov, J. Chem. Phys. 118, 2792 (2003)).
  case oscillating(Oscillating)

  /// Parameters of `dzugutov`, named as in the paper but for its capitals.
  public struct Dzugutov: Hashable, Sendable {
    /// Strengths of the two parts, A and B.
    public var inner: Double, outer: Double
    /// Where they end.
    public var a: Double, b: Double
    /// How fast they vanish there.
    public var c: Double, d: Double
    /// The exponent of the core.
    public var m: Double
    /// Makes parameters.
    public init(inner: Double, outer: Double, a: Double, b: Double, c: Double, d: Double, m: Double) {
      (self.inner, self.outer, self.m) = (inner, outer, m)
      (self.a, self.b, self.c, self.d) = (a, b, c, d)
    }
  }

  /// Parameters of `oscillating`.
  public struct Oscillating: Hashable, Sendable {
    /// The wave's amplitude, its growth with the distance, and half its wave number.
    public var a: Double, alpha: Double, kappa: Double
    /// The core's strength, length and exponent.
    public var b: Double, sigma: Double, exponent: Double
    /// Makes parameters.
    public init(a: Double, alpha: Double, kappa: Double, b: Double, sigma: Double, exponent: Double) {
      (self.a, self.alpha, self.kappa) = (a, alpha, kappa)
      (self.b, self.sigma, self.exponent) = (b, sigma, exponent)
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension PairTerm {
  /// u, u′ and u″.
  public typealias Values = (energy: Double, slope: Double, curvature: Double)

  /// The term and two derivatives at a distance.
  public func values(at r: Double) -> Values {
    switch self {
    case .inversePower(let epsilon, let sigma, let n): return Self.power(epsilon * pow(sigma / r, n), n, r)
    case .power(let k, let n): return Self.power(k * pow(r, -n), n, r)
    case .lennardJones(let epsilon, let sigma):
      let s = sigma / r
      let s6 = (s * s * s) * (s * s * s)
      return Self.sum(Self.power(4 * epsilon * s6 * s6, 12, r), Self.power(-4 * epsilon * s6, 6, r))
    case .exponential(let amplitude, let b):
      let u = amplitude * exp(-b * r)
      return (u, -b * u, b * b * u)
    case .yukawa(let k, let rate):
      let u = k * exp(-rate * r) / r
      return (u, -u * (rate + 1 / r), u * (rate * rate + 2 * rate / r + 2 / (r * r)))
    case .coulomb(let k, let alpha):
      let complement = erfc(alpha * r) / r
      let gauss = alpha == 0 ? 0 : 2 * alpha / Double.pi.squareRoot() * exp(-alpha * alpha * r * r)
      // d/dr erfc(αr) = −g, and dg/dr = −2α² r g.
      let slope = -complement / r - gauss / r
      let curvature = 2 * complement / (r * r) + 2 * gauss / (r * r) + 2 * alpha * alpha * gauss
      return (k * complement, k * slope, k * curvature)
    case .dzugutov(let p):
      let core = Self.gated(p.inner, p.m, p.c, p.a, r)
      return Self.sum(
        core, Self.sum(Self.gated(-p.inner * p.outer, 0, p.c, p.a, r), Self.gated(p.outer, 0, p.d, p.b, r)))
    case .oscillating(let p):
      let core = Self.power(p.b * pow(p.sigma / r, p.exponent), p.exponent, r)
      // With l = α − 3/r the envelope e has e′ = l e and e″ = (l² + 3/r²) e.
      let envelope = p.a * exp(p.alpha * r) / (r * r * r)
      let l = p.alpha - 3 / r
      let w = 2 * p.kappa
      let (c, s) = (cos(w * r), sin(w * r))
      return Self.sum(
        core,
        (
          envelope * c, envelope * (l * c - w * s),
          envelope * ((l * l + 3 / (r * r) - w * w) * c - 2 * l * w * s)
        ))
    }
  }

  /// A power −n whose value is known.
  private static func power(_ u: Double, _ n: Double, _ r: Double) -> Values {
    (u, -n * u / r, n * (n + 1) * u / (r * r))
  }

  private static func sum(_ a: Values, _ b: Values) -> Values {
    (a.energy + b.energy, a.slope + b.slope, a.curvature + b.curvature)
  }

  /// K r⁻ᵐ e^(c/(r − a)) below a.
  private static func gated(_ k: Double, _ m: Double, _ c: Double, _ a: Double, _ r: Double) -> Values {
    // Nearer to its end than this the exponential is below the smallest number.
    guard r < a, c / (a - r) < 700 else { return (0, 0, 0) }
    let u = k * pow(r, -m) * exp(c / (r - a))
    let gap = r - a
    let l = -m / r - c / (gap * gap)
    return (u, l * u, (l * l + m / (r * r) + 2 * c / (gap * gap * gap)) * u)
  }
}
