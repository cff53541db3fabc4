import TektiteCore
import TektiteKernels

/// Soft spheres of any number of species: u(r) = ε (σ/r)¹² up to the cutoff.
public struct InversePower: PotentialModel, Hashable {
  /// The labels the model knows, in the order of `pairs`.
  public var labels: [String]
  /// labels.count² symmetric entries, row-major: ε is the energy at r = σ.
  public var pairs: [LennardJones.Pair]
  /// What happens at the cutoff.
  public var scheme: CutoffScheme
  /// The arithmetic: `double` or `mixed`.
  public var precision: Precision

  /// Makes a model.
  public init(labels: [String], pairs: [LennardJones.Pair], scheme: CutoffScheme, precision: Precision = .double) {
    precondition(pairs.count == labels.count * labels.count, "\(pairs.count) pairs of \(labels.count) species")
    self.labels = labels
    self.pairs = pairs
    self.scheme = scheme
    self.precision = precision
  }

  /// The name with the cutoff scheme.
  public var name: String { "inverse-power (\(scheme.rawValue))" }

  /// Makes a worker.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(
      try PairWorker(scheme.form, precision: precision, labels: labels, table: table, model: name) { a, b in
        let pair = pairs[a * labels.count + b]
        return (coefficients(pair), pair.cutoff)
      })
  }

  /// The pair's column of the kernels' table.
  func coefficients(_ pair: LennardJones.Pair) -> [Double] {
    var c = [Double](repeating: 0, count: PairCoefficient.count)
    let (rc, s2) = (pair.cutoff, pair.sigma * pair.sigma)
    c[PairCoefficient.cutoffSquared] = rc * rc
    c[PairCoefficient.a12] = 12 * pair.epsilon * (s2 * s2 * s2) * (s2 * s2 * s2)
    guard rc > 0 else { return c }
    let i = s2 / (rc * rc)
    let atCutoff = pair.epsilon * (i * i * i) * (i * i * i)
    switch scheme {
    case .cut: break
    case .cutAndShift: c[PairCoefficient.e0] = -atCutoff
    case .shiftedForce:
      let slope = -12 * atCutoff / rc
      c[PairCoefficient.e0] = -atCutoff + slope * rc
      c[PairCoefficient.e1] = -slope
      c[PairCoefficient.g0] = slope
    case .smooth:
      let (e0, e1, e2) = EvenSmoothing.twelfthPower(at: pair.cutoff * pair.cutoff / s2)
      c[PairCoefficient.e0] = pair.epsilon * e0
      c[PairCoefficient.e1] = pair.epsilon * e1 / s2
      c[PairCoefficient.e2] = pair.epsilon * e2 / (s2 * s2)
      c[PairCoefficient.g0] = -2 * c[PairCoefficient.e1]
      c[PairCoefficient.g1] = -4 * c[PairCoefficient.e2]
    }
    return c
  }

  /// u(r) and −u′(r)/r of a pair of species (indices into `labels`) at squared distance `r2`; zero from the cutoff on. The obvious version.
  public func pairEnergy(_ a: Int, _ b: Int, r2: Double) -> (energy: Double, forceOverDistance: Double) {
    let p = pairs[a * labels.count + b]
    let (r, rc) = (r2.squareRoot(), p.cutoff)
    guard r < rc else { return (0, 0) }
    func power(_ x: Double, _ n: Int) -> Double { (0..<n).reduce(1) { product, _ in product / x } }
    let x = r / p.sigma
    let xc = rc / p.sigma
    var u = power(x, 12)
    var f = 12 * power(x, 14)
    switch scheme {
    case .cut: break
    case .cutAndShift: u -= power(xc, 12)
    case .shiftedForce:
      u += -power(xc, 12) + 12 * power(xc, 13) * (x - xc)
      f -= 12 * power(xc, 13) / x
    case .smooth:
      let (c0, c2, c4) = (-28 * power(xc, 12), 48 * power(xc, 14), -21 * power(xc, 16))
      u += c0 + c2 * x * x + c4 * x * x * x * x
      f -= 2 * c2 + 4 * c4 * x * x
    }
    return (p.epsilon * u, p.epsilon * f / (p.sigma * p.sigma))
  }
}

/// A polynomial in y = (r/σ)² that takes a potential to zero at its cutoff with its first two derivatives.
enum EvenSmoothing {
  /// c₀, c₁, c₂ such that y⁻⁶ + c₀ + c₁ y + c₂ y² and two derivatives vanish at `yc`.
  static func twelfthPower(at yc: Double) -> (Double, Double, Double) {
    let i = 1 / yc
    let i6 = (i * i * i) * (i * i * i)
    return (-28 * i6, 48 * i6 * i, -21 * i6 * i * i)
  }
}
