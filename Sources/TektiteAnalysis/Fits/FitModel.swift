#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The functions that are fitted to relaxation in time, to its dependence on temperature, and to fluctuations in space.
public enum FitModel: String, CaseIterable, Codable, Sendable {
  /// f exp[−(t/τ)^β] (Kohlrausch 1854; Williams and Watts 1970, doi:10.1039/TF9706600080).
  case kww
  /// τ₀ exp[1/(K(T/T₀ − 1))], Vogel, Fulcher and Tammann.
  case vft
  /// τ₀ (T − T_c)^−γ, the power law of mode-coupling theory.
  case mct
  /// τ₀ exp[J²(1/T − 1/T_o)²] (Elmatad, Chandler and Garrahan 2009, doi:10.1021/jp810362g).
  case parabolic
  /// τ₀ exp(E/T).
  case arrhenius
  /// χ₄/(1 + (qξ)²).
  case ornsteinZernike = "ornstein-zernike"

  /// The function in a line, as `tektite fit` names its parameters.
  public var formula: String {
    switch self {
    case .kww: "f exp[-(t/tau)^beta]"
    case .vft: "tau0 exp[1/(K (T/T0 - 1))]"
    case .mct: "tau0 (T - Tc)^-gamma"
    case .parabolic: "tau0 exp[J^2 (1/T - 1/To)^2]"
    case .arrhenius: "tau0 exp(E/T)"
    case .ornsteinZernike: "chi/(1 + (q xi)^2)"
    }
  }

  /// The names of the parameters.
  public var parameters: [String] {
    switch self {
    case .kww: ["f", "tau", "beta"]
    case .vft: ["tau0", "K", "T0"]
    case .mct: ["tau0", "Tc", "gamma"]
    case .parabolic: ["tau0", "J", "To"]
    case .arrhenius: ["tau0", "E"]
    case .ornsteinZernike: ["chi", "xi"]
    }
  }

  /// Whether logarithms are fitted: times that span decades all count alike, by their relative errors.
  public var isLogarithmic: Bool {
    switch self {
    case .vft, .mct, .parabolic, .arrhenius: true
    case .kww, .ornsteinZernike: false
    }
  }

  /// The dimensions of the parameters: powers of the abscissa and of the ordinate.
  func units(x: String, y: String) -> [String] {
    switch self {
    case .kww: [y, x, ""]
    case .vft: [y, "", x]
    // (T − T_c)^γ has a unit that depends on γ; the number is that for T in its own unit.
    case .mct: [y, x, ""]
    case .parabolic: [y, x, x]
    case .arrhenius: [y, x]
    case .ornsteinZernike: [y, x.isEmpty ? "" : x.hasPrefix("1/") ? String(x.dropFirst(2)) : "1/(\(x))"]
    }
  }

  /// The value of the function; not a number where the parameters make no sense.
  public func value(_ x: Double, _ p: [Double]) -> Double {
    switch self {
    case .kww: return p[0] * exp(-pow(x / p[1], p[2]))
    case .vft: return p[0] * exp(1 / (p[1] * (x / p[2] - 1)))
    case .mct: return x > p[1] ? p[0] * pow(x - p[1], -p[2]) : .nan
    case .parabolic:
      let distance = p[1] * (1 / x - 1 / p[2])
      return p[0] * exp(distance * distance)
    case .arrhenius: return p[0] * exp(p[1] / x)
    case .ornsteinZernike: return p[0] / (1 + x * p[1] * x * p[1])
    }
  }

  // MARK: Coordinates of the search

  /// Which parameters are searched by their logarithms because they are positive.
  private var positive: [Bool] {
    switch self {
    case .kww: [true, true, true]
    case .vft: [true, true, false]
    case .mct: [true, false, false]
    case .parabolic: [true, true, false]
    case .arrhenius: [true, false]
    case .ornsteinZernike: [true, true]
    }
  }

  /// The parameters as coordinates of the search.
  func coordinates(_ p: [Double]) -> [Double] { zip(p, positive).map { $1 ? log($0) : $0 } }

  /// The parameters of coordinates, and the derivative of each by its coordinate.
  func parameters(at coordinates: [Double]) -> [(value: Double, slope: Double)] {
    zip(coordinates, positive).map { u, isPositive in
      isPositive ? (exp(u), exp(u)) : (u, 1)
    }
  }

  /// The function in the space in which it is fitted, of coordinates.
  func fitted(_ x: Double, at u: [Double]) -> Double {
    switch self {
    // Written out, since an exponential of large numbers would overflow before its logarithm is taken.
    case .vft:
      guard u[2] > 0, x > u[2] else { return .nan }
      return u[0] + 1 / (exp(u[1]) * (x / u[2] - 1))
    case .mct: return x > u[1] ? u[0] - u[2] * log(x - u[1]) : .nan
    case .parabolic:
      let distance = exp(u[1]) * (1 / x - 1 / u[2])
      return u[0] + distance * distance
    case .arrhenius: return u[0] + u[1] / x
    case .kww, .ornsteinZernike: return value(x, parameters(at: u).map(\.value))
    }
  }

  /// Parameters from which a search finds its way: the best of a grid over those that enter nonlinearly, the others by linear least squares.
  /// - Parameter y: in the space in which it is fitted.
  func start(_ x: [Double], _ y: [Double], _ sigma: [Double]) -> [Double]? {
    let ones = [Double](repeating: 1, count: x.count)
    guard let least = x.min(), let most = x.max() else { return nil }
    var best: (chiSquared: Double, p: [Double])?
    func offer(_ chiSquared: Double, _ p: [Double]) {
      if p.allSatisfy(\.isFinite), chiSquared < best?.chiSquared ?? .infinity { best = (chiSquared, p) }
    }
    switch self {
    case .kww:
      for step in 0...60 {
        let tau = max(least, most * 1e-9) * pow(10 * most / max(least, most * 1e-9), Double(step) / 60)
        for beta in stride(from: 0.3, through: 1.5, by: 0.1) {
          let shape = x.map { exp(-pow($0 / tau, beta)) }
          guard let found = LeastSquares.linear([shape], y, sigma), found.coefficients[0] > 0 else { continue }
          offer(found.chiSquared, [found.coefficients[0], tau, beta])
        }
      }
    case .vft:
      for share in stride(from: 0.02, through: 0.98, by: 0.02) {
        let t0 = share * least
        guard let found = LeastSquares.linear([ones, x.map { 1 / ($0 / t0 - 1) }], y, sigma), found.coefficients[1] > 0
        else { continue }
        offer(found.chiSquared, [exp(found.coefficients[0]), 1 / found.coefficients[1], t0])
      }
    case .mct:
      for share in stride(from: 0.02, through: 0.98, by: 0.02) {
        let tc = share * least
        guard let found = LeastSquares.linear([ones, x.map { -log($0 - tc) }], y, sigma) else { continue }
        offer(found.chiSquared, [exp(found.coefficients[0]), tc, found.coefficients[1]])
      }
    case .parabolic:
      // A polynomial of second degree in 1/T; linear least squares find the minimum already.
      let inverse = x.map { 1 / $0 }
      guard let found = LeastSquares.linear([ones, inverse, inverse.map { $0 * $0 }], y, sigma),
        found.coefficients[2] > 0, found.coefficients[1] < 0
      else { return nil }
      let c = found.coefficients
      offer(found.chiSquared, [exp(c[0] - c[1] * c[1] / (4 * c[2])), c[2].squareRoot(), -2 * c[2] / c[1]])
    case .arrhenius:
      guard let found = LeastSquares.linear([ones, x.map { 1 / $0 }], y, sigma) else { return nil }
      offer(found.chiSquared, [exp(found.coefficients[0]), found.coefficients[1]])
    case .ornsteinZernike:
      for step in 0...80 {
        let xi = pow(10, -2 + Double(step) / 20) / most
        guard let found = LeastSquares.linear([x.map { 1 / (1 + $0 * xi * $0 * xi) }], y, sigma),
          found.coefficients[0] > 0
        else { continue }
        offer(found.chiSquared, [found.coefficients[0], xi])
      }
    }
    return best?.p
  }
}
