/// An irreducible representation of O(3): the degree l of the rotation and the parity under inversion.
///
/// Its vectors have 2l + 1 components m = −l … l. Written `0e`, `1o`, `2e`; `1y` is read as the irrep of the spherical harmonics of that degree.
public struct Irrep: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The largest degree that is taken. Far beyond any use; it keeps dimensions small enough to multiply without overflow.
  public static let largestDegree = 1_000_000

  /// The degree l ≥ 0.
  public let degree: Int
  /// The behaviour under inversion.
  public let parity: Parity

  /// Makes an irrep; degrees outside 0 … `largestDegree` are moved to the nearer end.
  public init(_ degree: Int, _ parity: Parity) {
    self.degree = max(0, min(degree, Self.largestDegree))
    self.parity = parity
  }

  /// The irrep of the spherical harmonics of degree l: parity (−1)^l.
  public static func harmonic(_ degree: Int) -> Irrep { Irrep(degree, Parity(ofDegree: degree)) }

  /// The number of components, 2l + 1.
  public var dimension: Int { 2 * degree + 1 }

  /// True for `0e`, which no rotation or inversion changes.
  public var isScalar: Bool { degree == 0 && parity == .even }

  /// The irreps in the product of two, by rising degree |l₁ − l₂| … l₁ + l₂.
  public static func * (a: Irrep, b: Irrep) -> [Irrep] {
    (abs(a.degree - b.degree)...(a.degree + b.degree)).map { Irrep($0, a.parity * b.parity) }
  }

  /// Whether this irrep is in the product of two others: the triangle rule and the product of parities.
  public func isInProduct(_ a: Irrep, _ b: Irrep) -> Bool {
    parity == a.parity * b.parity && degree >= abs(a.degree - b.degree) && degree <= a.degree + b.degree
  }

  /// By degree, then odd before even: the order in which e3nn sorts.
  public static func < (a: Irrep, b: Irrep) -> Bool { (a.degree, a.parity) < (b.degree, b.parity) }

  /// As e3nn writes it: `1o`.
  public var description: String { "\(degree)\(parity.letter)" }
}
