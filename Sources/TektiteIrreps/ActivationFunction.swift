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
    }
  }

  /// Even when f(−x) = f(x), odd when f(−x) = −f(x), nil otherwise.
  public var parity: Parity? {
    switch self {
    case .tanh: .odd
    case .abs: .even
    case .silu, .sigmoid, .relu, .shiftedSoftplus: nil
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
    case .shiftedSoftplus: max(x, 0) + log1p(exp(-x.magnitude)) - 0.6931471805599453
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
    case .shiftedSoftplus: return Self.logistic(x)
    }
  }

  /// Without overflow at either end.
  private static func logistic(_ x: Double) -> Double {
    let e = exp(-x.magnitude)
    return x >= 0 ? 1 / (1 + e) : e / (1 + e)
  }
}

/// The C function, which the case of the same name hides inside the type.
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
