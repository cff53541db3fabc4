/// Real spherical harmonics of degrees 0 … L with gradients, in e3nn's order, signs and normalisations.
///
/// Component order: degree after degree, within a degree m = −l … l, so degree l starts at l². The polar axis is y, the azimuth runs from z to
/// x: Y₁ ∝ (x, y, z), Y₂ ∝ √15 (xz, xy, (2y²−x²−z²)/2√3, yz, (z²−x²)/2). No Condon-Shortley sign.
///
/// They are computed as polynomials in x, y, z. With A_m + iB_m = (z + ix)^m,
///
///     Y_l,m = q_l^m A_m,   Y_l,−m = q_l^m B_m,   q_m^m = √((2m−1)/2m) q_(m−1)^(m−1)  (q_1^1 = q_0^0 = 1),
///     √((l−m)(l+m)) q_l^m = (2l−1) y q_(l−1)^m − √((l+m−1)(l−m−1)) r² q_(l−2)^m,
///     ∂q_l^m/∂y = √((l−m)(l+m)) q_(l−1)^m,   ∂q_l^m/∂(x, z) = −(x, z) √((l−m)(l−m−1)/(1+δ_m0)) q_(l−1)^(m+1).
///
/// There is no division by sin θ, so the poles are ordinary points. Errors grow to about 10 units in the last place at l = 12.
public struct SphericalHarmonics<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
  /// Degrees 0 … L.
  public let largestDegree: Int
  /// Which length the vectors Y_l have.
  public let normalization: HarmonicNormalization
  /// Whether vectors are divided by their length first. If not, Y_l grows as r^l.
  public let normalizesVectors: Bool

  // By l(l+1)/2 + m.
  let stepFactors: [Scalar]
  let backFactors: [Scalar]
  let polarFactors: [Scalar]
  let planarFactors: [Scalar]
  // By m, and by l.
  let diagonal: [Scalar]
  let scales: [Scalar]

  /// Prepares degrees 0 … l. Throws when l is outside 0 … 12.
  ///
  /// With `normalizesVectors` the null vector gives Y₀ and zeros, and gradients of zero; every other finite vector is scaled without overflow, down
  /// to the smallest normal number. (e3nn divides by max(r, 10⁻¹²) and so damps vectors below that length.)
  public init(
    upTo largestDegree: Int, normalization: HarmonicNormalization = .component, normalizesVectors: Bool = true
  ) throws(IrrepsError) {
    guard largestDegree >= 0, largestDegree <= HarmonicNormalization.largestDegree else {
      throw IrrepsError(
        "harmonics are made for degrees 0 to \(HarmonicNormalization.largestDegree), not for \(largestDegree)")
    }
    self.largestDegree = largestDegree
    self.normalization = normalization
    self.normalizesVectors = normalizesVectors
    var (step, back, polar, planar) = ([Double](), [Double](), [Double](), [Double]())
    for l in 0...largestDegree {
      for m in 0...l {
        let (sum, difference) = (Double(l + m), Double(l - m))
        let root = (sum * difference).squareRoot()
        step.append(m < l ? Double(2 * l - 1) / root : 0)
        back.append(m + 2 <= l ? ((sum - 1) * (difference - 1)).squareRoot() / root : 0)
        polar.append(root)
        planar.append(m + 2 <= l ? (difference * (difference - 1) / (m == 0 ? 2 : 1)).squareRoot() : 0)
      }
    }
    stepFactors = step.map { Scalar($0) }
    backFactors = back.map { Scalar($0) }
    polarFactors = polar.map { Scalar($0) }
    planarFactors = planar.map { Scalar($0) }
    var diagonal = [1.0]
    for m in 0...largestDegree where m >= 1 {
      diagonal.append(m == 1 ? 1 : diagonal[m - 1] * (Double(2 * m - 1) / Double(2 * m)).squareRoot())
    }
    self.diagonal = diagonal.map { Scalar($0) }
    scales = (0...largestDegree).map { Scalar(normalization.length(ofDegree: $0)) }
  }

  /// The number of components, (L+1)².
  public var count: Int { (largestDegree + 1) * (largestDegree + 1) }
  /// The irreps of the result for a vector argument: 1x0e+1x1o+….
  public var irreps: Irreps { .sphericalHarmonics(upTo: largestDegree) }

  /// Y of one vector, `count` components.
  public func values(_ x: Scalar, _ y: Scalar, _ z: Scalar) -> [Scalar] {
    var values = [Scalar](repeating: 0, count: count)
    var unused: [Scalar] = []
    evaluate(x, y, z, &values, &unused, withGradients: false)
    return values
  }

  /// Y of one vector and its derivatives with respect to that vector, before any normalisation: ∂Y_k/∂(x, y, z) at 3k … 3k+2.
  public func valuesAndGradients(_ x: Scalar, _ y: Scalar, _ z: Scalar) -> (values: [Scalar], gradients: [Scalar]) {
    var values = [Scalar](repeating: 0, count: count)
    var gradients = [Scalar](repeating: 0, count: 3 * count)
    evaluate(x, y, z, &values, &gradients, withGradients: true)
    return (values, gradients)
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Float)
  private func evaluate(
    _ x: Scalar, _ y: Scalar, _ z: Scalar, _ values: inout [Scalar], _ gradients: inout [Scalar], withGradients: Bool
  ) {
    var (x, y, z) = (x, y, z)
    var inverseLength: Scalar = 1
    if normalizesVectors { inverseLength = Self.normalize(&x, &y, &z) }
    let square = x * x + y * y + z * z
    // q by l(l+1)/2 + m.
    let q = diagonalAndBelow(y, square)
    var (a, b): (Scalar, Scalar) = (1, 0)
    var (previousA, previousB): (Scalar, Scalar) = (0, 0)
    for m in 0...largestDegree {
      if m > 0 {
        (previousA, previousB) = (a, b)
        (a, b) = (previousA * z - previousB * x, previousA * x + previousB * z)
      }
      for l in m...largestDegree {
        let t = l * (l + 1) / 2 + m
        let (plus, minus) = (l * l + l + m, l * l + l - m)
        let scale = scales[l]
        values[plus] = scale * q[t] * a
        if m > 0 { values[minus] = scale * q[t] * b }
        guard withGradients else { continue }
        let below = m < l ? scale * polarFactors[t] * q[t - l] : 0
        let planar = m + 2 <= l ? scale * planarFactors[t] * q[t - l + 1] : 0
        let turn = Scalar(m) * scale * q[t]
        var g = (-x * planar * a + turn * -previousB, below * a, -z * planar * a + turn * previousA)
        store(g, plus, l, values[plus], (x, y, z), inverseLength, &gradients)
        guard m > 0 else { continue }
        g = (-x * planar * b + turn * previousA, below * b, -z * planar * b + turn * previousB)
        store(g, minus, l, values[minus], (x, y, z), inverseLength, &gradients)
      }
    }
  }

  private func store(
    _ g: (Scalar, Scalar, Scalar), _ k: Int, _ l: Int, _ value: Scalar, _ n: (Scalar, Scalar, Scalar),
    _ inverseLength: Scalar, _ gradients: inout [Scalar]
  ) {
    // Through the normalisation only the part across the vector counts; along it a polynomial of degree l changes by l times itself.
    let along = normalizesVectors ? Scalar(l) * value : 0
    gradients[3 * k] = (g.0 - along * n.0) * inverseLength
    gradients[3 * k + 1] = (g.1 - along * n.1) * inverseLength
    gradients[3 * k + 2] = (g.2 - along * n.2) * inverseLength
  }

  private func diagonalAndBelow(_ y: Scalar, _ square: Scalar) -> [Scalar] {
    var q = [Scalar](repeating: 0, count: (largestDegree + 1) * (largestDegree + 2) / 2)
    for l in 0...largestDegree {
      let row = l * (l + 1) / 2
      q[row + l] = diagonal[l]
      for m in 0..<l {
        let t = row + m
        q[t] = stepFactors[t] * y * q[t - l]
        if m + 2 <= l { q[t] -= backFactors[t] * square * q[t - 2 * l + 1] }
      }
    }
    return q
  }

  /// Divides by the length; returns 1/length. The null vector (and what is shorter than the smallest normal number) becomes zero and
  /// returns 0, so that its derivatives are zero.
  @inline(__always)
  static func normalize(_ x: inout Scalar, _ y: inout Scalar, _ z: inout Scalar) -> Scalar {
    let square = x * x + y * y + z * z
    // Squares far from both ends of the range lose nothing to it.
    if square > Scalar.leastNormalMagnitude / Scalar.ulpOfOne && square < Scalar.greatestFiniteMagnitude {
      let inverse = 1 / square.squareRoot()
      (x, y, z) = (x * inverse, y * inverse, z * inverse)
      return inverse
    }
    return normalizeExtreme(&x, &y, &z)
  }

  /// The same for very short, very long and broken vectors.
  @inline(never)
  private static func normalizeExtreme(_ x: inout Scalar, _ y: inout Scalar, _ z: inout Scalar) -> Scalar {
    let largest = max(abs(x), abs(y), abs(z))
    guard !(largest < Scalar.leastNormalMagnitude) else {
      (x, y, z) = (x * 0, y * 0, z * 0)  // keeps NaN
      return 0
    }
    // A power of two near the largest component: exact to divide by, and no square can overflow or vanish.
    let unit = Scalar(sign: .plus, exponent: largest.isFinite ? -largest.exponent : 0, significand: 1)
    (x, y, z) = (x * unit, y * unit, z * unit)
    let inverse = 1 / (x * x + y * y + z * z).squareRoot()
    (x, y, z) = (x * inverse, y * inverse, z * inverse)
    return inverse * unit
  }
}

/// The length that a vector of harmonics of one degree has on the unit sphere.
public enum HarmonicNormalization: String, Hashable, Sendable, CaseIterable {
  /// |Y_l|² = 2l + 1: components of size one.
  case component
  /// |Y_l| = 1.
  case norm
  /// ∫ Y² over the sphere is 1 for each component: |Y_l|² = (2l + 1)/4π.
  case integral

  /// The largest degree harmonics are made for.
  public static let largestDegree = 12

  /// |Y_l| on the unit sphere.
  public func length(ofDegree l: Int) -> Double {
    switch self {
    case .component: Double(2 * l + 1).squareRoot()
    case .norm: 1
    case .integral: (Double(2 * l + 1) / (4 * Double.pi)).squareRoot()
    }
  }
}
