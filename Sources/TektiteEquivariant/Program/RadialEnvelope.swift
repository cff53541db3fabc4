/// A function of distance that takes a network smoothly to zero at its cutoff.
public enum RadialEnvelope: Hashable, Sendable {
  /// A polynomial whose first two derivatives vanish at the cutoff.
  case polynomial(PolynomialEnvelope)
  /// 1 up to a distance, then the switching function of XPLOR.
  case xplor(XPLOREnvelope)

  /// The distance from which on it vanishes.
  public var cutoff: Double {
    switch self {
    case .polynomial(let envelope): envelope.cutoff
    case .xplor(let envelope): envelope.cutoff
    }
  }

  /// A distance below the cutoff at which second derivatives jump: a spline across it would be accurate to first order only.
  public var joint: Double? {
    switch self {
    case .polynomial: nil
    case .xplor(let envelope): envelope.start > 0 ? envelope.start : nil
    }
  }

  /// Value and derivative at r.
  public func evaluate(_ r: Double) -> (value: Double, derivative: Double) {
    switch self {
    case .polynomial(let envelope): envelope.evaluate(r)
    case .xplor(let envelope): envelope.evaluate(r)
    }
  }
}

/// The envelope 1 − (p+1)(p+2)/2 x^p + p(p+2) x^(p+1) − p(p+1)/2 x^(p+2), x = r/r_c, and 0 from r_c on (Gasteiger et al. 2020, eq. 8).
public struct PolynomialEnvelope: Hashable, Sendable {
  /// The exponent p.
  public let exponent: Int
  /// The distance r_c from which on it vanishes.
  public let cutoff: Double

  /// Makes an envelope.
  public init(exponent: Int, cutoff: Double) { (self.exponent, self.cutoff) = (exponent, cutoff) }

  /// Value and derivative at r.
  public func evaluate(_ r: Double) -> (value: Double, derivative: Double) {
    guard r < cutoff else { return (0, 0) }
    let (p, x) = (Double(exponent), r / cutoff)
    let lower = power(x, p - 1)
    let value = 1 - lower * x * ((p + 1) * (p + 2) / 2 - x * (p * (p + 2) - x * p * (p + 1) / 2))
    // −p(p+1)(p+2)/2 x^(p−1) (1 − x)².
    return (value, -p * (p + 1) * (p + 2) / 2 * lower * (1 - x) * (1 - x) / cutoff)
  }
}

/// The envelope (r_c² − r²)² (r_c² + 2r² − 3r_s²)/(r_c² − r_s²)³ from r_s to r_c, 1 before and 0 beyond: the switching function of XPLOR. Its slope is zero at
/// both ends; second derivatives jump there.
public struct XPLOREnvelope: Hashable, Sendable {
  /// The distance r_s up to which it is 1.
  public let start: Double
  /// The distance r_c from which on it vanishes; above `start`.
  public let cutoff: Double

  /// Makes an envelope.
  public init(start: Double, cutoff: Double) { (self.start, self.cutoff) = (start, cutoff) }

  /// Value and derivative at r.
  public func evaluate(_ r: Double) -> (value: Double, derivative: Double) {
    guard r < cutoff else { return (0, 0) }
    guard r >= start else { return (1, 0) }
    let (s, on, end) = (r * r, start * start, cutoff * cutoff)
    let scale = 1 / ((end - on) * (end - on) * (end - on))
    let value = (end - s) * (end - s) * (end + 2 * s - 3 * on) * scale
    return (value, 12 * r * (end - s) * (on - s) * scale)
  }
}
