import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the surroundings of an atom look like, as about a thousand numbers from which a linear model predicts how it will move: the descriptors of Boattini, Smallenburg
/// and Filion 2021 (doi:10.1103/PhysRevLett.127.088007).
///
/// Generation 0 of atom i:
///
///     G_i(s, r) = Σ_j exp(−(r_ij − r)²/2δ²)                             over the neighbours j of species s
///     q_i(l, r) = √(4π/(2l+1) Σ_m |Σ_j w_j Y_lm(r_ij) / Σ_j w_j|²),      w_j = exp(−(r_ij − r)²/2δ²), over all neighbours
///
/// and generation n + 1 is generation n averaged with weights exp(−r_ij/r_c) over the atoms nearer than r_c, atom i included. All images count as neighbours. A Gaussian ends at eight
/// widths, where it is 1e-14; q is 0 on a shell without neighbours.
public struct StructuralDescriptors: Hashable, Sendable {
  /// Evenly spaced shells of one width.
  public struct Shells: Hashable, Sendable {
    /// The radius of the first one, and from one to the next, length.
    public var first: Double, spacing: Double
    /// How many.
    public var count: Int
    /// The width δ of their Gaussians, length.
    public var width: Double

    /// Makes shells.
    public init(first: Double, spacing: Double, count: Int, width: Double) {
      (self.first, self.spacing, self.count, self.width) = (first, spacing, count, width)
    }

    /// The radius of shell k.
    func center(_ k: Int) -> Double { first + Double(k) * spacing }
    /// Where the last Gaussian ends.
    var reach: Double { center(count - 1) + StructuralDescriptors.end * width }

    /// The same shells where the unit of length is another.
    func scaled(_ scale: Double) -> Shells {
      Shells(first: scale * first, spacing: scale * spacing, count: count, width: scale * width)
    }
  }

  /// Shells of G, fine ones near and coarse ones far.
  public var radial: [Shells]
  /// Shells of q.
  public var bonds: Shells
  /// The largest l of q, from 1 on; at most 12.
  public var largestDegree: Int
  /// How often averages are taken: generations 0 … this.
  public var generations: Int
  /// The length r_c of averages.
  public var averaging: Double

  /// Widths after which a Gaussian ends.
  static let end = 8.0

  /// The usual ones. Centres and widths are ours, in the spirit of the publication: for a mixture of two species 1134 numbers.
  /// - Parameter scale: the diameter of an atom, length; 1 for the Kob-Andersen mixture.
  public init(scale: Double = 1) {
    radial = [
      Shells(first: 0.70, spacing: 0.025, count: 53, width: 0.025),
      Shells(first: 2.05, spacing: 0.05, count: 20, width: 0.05),
      Shells(first: 3.1, spacing: 0.1, count: 20, width: 0.1),
    ].map { $0.scaled(scale) }
    bonds = Shells(first: 1, spacing: 0.1, count: 16, width: 0.1).scaled(scale)
    largestDegree = 12
    generations = 2
    averaging = 2.1 * scale
  }

  /// Numbers of one generation, for so many species.
  public func countInGeneration(species: Int) -> Int {
    species * radial.reduce(0) { $0 + $1.count } + bonds.count * largestDegree
  }

  /// Numbers in all.
  public func count(species: Int) -> Int { (generations + 1) * countInGeneration(species: species) }

  /// The farthest neighbour that counts, length.
  public var reach: Double { max(bonds.reach, averaging, radial.map(\.reach).max() ?? 0) }

  /// Their names in order, such as `G(A, 1.05)`, `q6(1.1)`, and with `<...>` around them once for each average.
  public func names(species: [String]) -> [String] {
    func brief(_ r: Double) -> String { "\((r * 1e6).rounded() / 1e6)" }
    var plain: [String] = []
    for label in species {
      for shells in radial { for k in 0..<shells.count { plain.append("G(\(label), \(brief(shells.center(k))))") } }
    }
    for k in 0..<bonds.count {
      for l in 1...max(1, largestDegree) { plain.append("q\(l)(\(brief(bonds.center(k))))") }
    }
    return (0...generations).flatMap { n in
      plain.map { String(repeating: "<", count: n) + $0 + String(repeating: ">", count: n) }
    }
  }
}

/// exp(−(r − r_k)²/2δ²) on evenly spaced shells, by one exponential for the nearest shell and products for the others.
struct ShellGaussians {
  private let first, spacing, inverseSpacing, reach: Double
  private let count: Int
  /// 1/2δ², h/δ² and exp(−h²/2δ²) for spacing h.
  private let exponent, slope, step: Double

  init(_ shells: StructuralDescriptors.Shells) {
    (first, spacing, count) = (shells.first, shells.spacing, shells.count)
    inverseSpacing = 1 / spacing
    reach = StructuralDescriptors.end * shells.width
    exponent = 0.5 / (shells.width * shells.width)
    slope = spacing / (shells.width * shells.width)
    step = exp(-exponent * spacing * spacing)
  }

  /// Adds the values at a distance to `values[k · stride]` for the shells that it reaches.
  @inline(__always)
  func add(_ r: Double, to values: UnsafeMutablePointer<Double>, stride: Int = 1) {
    let nearest = max(0, min(count - 1, Int(((r - first) * inverseSpacing).rounded())))
    let x = r - (first + Double(nearest) * spacing)
    guard abs(x) < reach else { return }
    let value = exp(-exponent * x * x)
    values[nearest * stride] += value
    // From shell k to k + 1 the value changes by a factor that itself changes by exp(−h²/δ²).
    let growth = exp(slope * x)
    var (g, factor) = (value, growth * step)
    var k = nearest + 1
    while k < count, abs(r - (first + Double(k) * spacing)) < reach {
      g *= factor
      factor *= step * step
      values[k * stride] += g
      k += 1
    }
    (g, factor) = (value, step / growth)
    k = nearest - 1
    while k >= 0, abs(r - (first + Double(k) * spacing)) < reach {
      g *= factor
      factor *= step * step
      values[k * stride] += g
      k -= 1
    }
  }
}
