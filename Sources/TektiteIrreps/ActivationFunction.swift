#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A function of one number, as it acts on scalars.
public enum ActivationFunction: String, Hashable, Sendable, CaseIterable {
  /// x / (1 + e⁻ˣ).
  case silu
  /// The hyperbolic tangent; odd.
  case tanh
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// |x|; even.
  case abs
  /// max(x, 0).
  case relu
  /// ln(1 + eˣ) − ln 2.
  case shiftedSoftplus = "ssp"
  /// ln(1 + eˣ).
  case softplus
  /// x for x > 0, eˣ − 1 otherwise (Clevert et al. 2016, arXiv:1511.07289).
  case elu
  /// x tanh(ln(1 + eˣ)) (Misra 2019, arXiv:1908.08681).
  case mish
  /// x Φ(x), with Φ the normal distribution (Hendrycks and Gimpel 2016, arXiv:1606.08415).
  case gelu

  /// The factor by which e3nn multiplies so that the second moment over a normal variable is one.
  ///
  /// These are e3nn's Monte-Carlo numbers (10⁶ samples of torch's generator, seed 0; equal in 0.4.4 and 0.6.0), not the integrals: the integral for
  /// silu gives 1.67653. Models are trained with the former.
  public var secondMomentFactor: Double {
    switch self {
    case .silu: 1.6791767923989418
    case .tanh: 1.5937334472592695
    case .sigmoid: 1.8467055342154763
    case .abs: 1.001110600838467
    case .relu: 1.4163393446331365
    case .shiftedSoftplus: 1.878204668541552
    case .softplus: 1.0426436590527184
    case .elu: 1.2467863885570512
    case .mish: 1.4891609082630328
    case .gelu: 1.5360642850770576
    }
  }

  /// Even when f(−x) = f(x), odd when f(−x) = −f(x), nil otherwise.
  public var parity: Parity? {
    switch self {
    case .tanh: .odd
    case .abs: .even
    case .silu, .sigmoid, .relu, .shiftedSoftplus, .softplus, .elu, .mish, .gelu: nil
    }
  }

  /// f(x), without the factor.
  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .silu: x * Self.logistic(x)
    case .tanh: hyperbolicTangent(x)
    case .sigmoid: Self.logistic(x)
    case .abs: x.magnitude
    case .relu: max(x, 0)
    case .shiftedSoftplus: Self.softened(x) - 0.6931471805599453
    case .softplus: Self.softened(x)
    case .elu: x > 0 ? x : expm1(x)
    case .mish: x * hyperbolicTangent(Self.softened(x))
    case .gelu: 0.5 * x * erfc(-0.7071067811865476 * x)
    }
  }

  /// f′(x), without the factor. At the kink of |x| and max(x, 0) it is 0, as in torch.
  public func derivative(_ x: Double) -> Double {
    switch self {
    case .silu:
      let s = Self.logistic(x)
      return s + x * s * Self.logistic(-x)
    case .tanh:
      let t = hyperbolicTangent(x)
      return 1 - t * t
    case .sigmoid: return Self.logistic(x) * Self.logistic(-x)
    case .abs: return x > 0 ? 1 : x < 0 ? -1 : x * 0
    case .relu: return x > 0 ? 1 : x * 0
    case .shiftedSoftplus, .softplus: return Self.logistic(x)
    case .elu: return x > 0 ? 1 : exp(x)
    case .mish:
      let t = hyperbolicTangent(Self.softened(x))
      return t + x * (1 - t * t) * Self.logistic(x)
    case .gelu:
      // Φ + x φ; far out the square would overflow, and the normal density is nothing.
      return 0.5 * erfc(-0.7071067811865476 * x)
        + (x.magnitude < 40 ? 0.3989422804014327 * x * exp(-0.5 * x * x) : x * 0)
    }
  }

  /// f(x) and f′(x), the same numbers, with one exponential where both need the same.
  public func evaluate(_ x: Double) -> (value: Double, derivative: Double) {
    guard self == .silu || self == .sigmoid else { return (self(x), derivative(x)) }
    let e = exp(-x.magnitude)
    let (upper, lower) = (1 / (1 + e), e / (1 + e))
    let (s, opposite) = (x >= 0 ? upper : lower, -x >= 0 ? upper : lower)
    return self == .silu ? (x * s, s + x * s * opposite) : (s, s * opposite)
  }

  /// ln(1 + eˣ) without overflow.
  private static func softened(_ x: Double) -> Double { max(x, 0) + log1p(exp(-x.magnitude)) }

  /// Without overflow at either end.
  private static func logistic(_ x: Double) -> Double {
    let e = exp(-x.magnitude)
    return x >= 0 ? 1 / (1 + e) : e / (1 + e)
  }
}

/// The C function, which the case of the same name hides inside the type.
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
