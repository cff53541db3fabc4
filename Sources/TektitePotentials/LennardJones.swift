import TektiteCore
import TektiteKernels

/// What happens to a pair energy at its cutoff r_c. The scheme is part of a model: energies of different schemes do not compare.
public enum CutoffScheme: String, Sendable, CaseIterable, Codable {
  /// u(r) for r < r_c: energy and force jump.
  case cut = "cut"
  /// u(r) − u(r_c): the force jumps.
  case cutAndShift = "cut-and-shift"
  /// u(r) − u(r_c) − (r − r_c) u′(r_c): energy and force vanish at r_c.
  case shiftedForce = "shifted-force"
  /// u(r) + ε(c₀ + c₂ x² + c₄ x⁴), x = r/σ, such that u, u′ and u″ vanish at r_c.
  case smooth = "smooth"
}

extension CutoffScheme {
  /// The formula of a twelfth and a sixth power under this scheme.
  var form: PairFormKind {
    switch self {
    case .cut, .cutAndShift: .lennardJones
    case .smooth: .lennardJonesEven
    case .shiftedForce: .lennardJonesLinear
    }
  }
}

/// The arithmetic of a potential.
public enum Precision: String, Sendable, CaseIterable, Codable {
  /// 64-bit throughout.
  case double
  /// 32-bit inside a learned model.
  case single
  /// 32-bit pair arithmetic; positions, sums over atoms and integration in 64 bits.
  case mixed
}

/// The 12-6 potential u(r) = 4ε[(σ/r)¹² − (σ/r)⁶] between any number of species.
public struct LennardJones: PotentialModel, Hashable {
  /// Parameters of one pair of species.
  public struct Pair: Sendable, Hashable {
    /// Depth of the well, energy.
    public var epsilon: Double
    /// Distance of zero energy, length.
    public var sigma: Double
    /// Distance beyond which the pair does not interact, length.
    public var cutoff: Double
    /// Makes the parameters of a pair.
    public init(epsilon: Double, sigma: Double, cutoff: Double) {
      self.epsilon = epsilon
      self.sigma = sigma
      self.cutoff = cutoff
    }
  }

  /// The labels the model knows, in the order of `pairs`.
  public var labels: [String]
  /// labels.count² symmetric entries, row-major.
  public var pairs: [Pair]
  /// What happens at the cutoff.
  public var scheme: CutoffScheme
  /// The arithmetic: `double` or `mixed`.
  public var precision: Precision

  /// Makes a model.
  /// - Throws: `invalidParameters` for a matrix that is not square and symmetric or values that are not positive (epsilon may be 0).
  public init(
    labels: [String], pairs: [Pair], scheme: CutoffScheme, precision: Precision = .double
  ) throws(PotentialError) {
    self.labels = labels
    self.pairs = pairs
    self.scheme = scheme
    self.precision = precision
  }

  /// The name with the cutoff scheme.
  public var name: String { "lennard-jones (\(scheme.rawValue))" }

  /// Makes a worker.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    AnyPotential(
      try PairWorker(scheme.form, precision: precision, labels: labels, table: table, model: name) { a, b in
        let pair = pairs[a * labels.count + b]
        return (pair.coefficients(scheme), pair.cutoff)
      })
  }

  /// u(r) and −u′(r)/r of a pair of species (indices into `labels`) at squared distance `r2`; zero from the cutoff on.
  /// The obvious version that the fast ones are tested against.
  public func pairEnergy(_ a: Int, _ b: Int, r2: Double) -> (energy: Double, forceOverDistance: Double) {
    let p = pairs[a * labels.count + b]
    guard r2 < p.cutoff * p.cutoff else { return (0, 0) }
    func bare(_ r2: Double) -> (Double, Double) {
      let s6 = (p.sigma * p.sigma / r2) * (p.sigma * p.sigma / r2) * (p.sigma * p.sigma / r2)
      return (4 * p.epsilon * s6 * (s6 - 1), 24 * p.epsilon * s6 * (2 * s6 - 1) / r2)
    }
    var (u, f) = bare(r2)
    let (uc, fc) = bare(p.cutoff * p.cutoff)
    switch scheme {
    case .cut: break
    case .cutAndShift: u -= uc
    case .shiftedForce:
      let r = r2.squareRoot()
      u += -uc + (r - p.cutoff) * fc * p.cutoff
      f -= fc * p.cutoff / r
    case .smooth:
      // With y = x², x = r/σ: v(y) = y⁻⁶ − y⁻³ + c₀ + c₂ y + c₄ y²; v, v′, v″ vanish at y_c.
      let y = r2 / (p.sigma * p.sigma)
      let yc = p.cutoff * p.cutoff / (p.sigma * p.sigma)
      let v0 = 1 / (yc * yc * yc * yc * yc * yc) - 1 / (yc * yc * yc)
      let v1 = -6 / (yc * yc * yc * yc * yc * yc * yc) + 3 / (yc * yc * yc * yc)
      let v2 = 42 / (yc * yc * yc * yc * yc * yc * yc * yc) - 12 / (yc * yc * yc * yc * yc)
      let c4 = -v2 / 2
      let c2 = -v1 - 2 * c4 * yc
      let c0 = -v0 - c2 * yc - c4 * yc * yc
      u += 4 * p.epsilon * (c0 + c2 * y + c4 * y * y)
      f -= 8 * p.epsilon * (c2 + 2 * c4 * y) / (p.sigma * p.sigma)
    }
    return (u, f)
  }
}
