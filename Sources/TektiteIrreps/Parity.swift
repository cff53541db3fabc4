/// What inversion r → −r does to a quantity: it stays (even) or changes sign (odd).
public enum Parity: Int, Hashable, Sendable, CaseIterable, Comparable {
  /// Changes sign, as vectors do.
  case odd = -1
  /// Stays, as scalars and pseudovectors do.
  case even = 1

  /// The parity of the spherical harmonics of degree l: (−1)^l.
  public init(ofDegree l: Int) { self = l % 2 == 0 ? .even : .odd }

  /// The parity of a product.
  public static func * (a: Parity, b: Parity) -> Parity { a == b ? .even : .odd }

  /// Odd before even, the order in which e3nn sorts.
  public static func < (a: Parity, b: Parity) -> Bool { a.rawValue < b.rawValue }

  /// `e` or `o`.
  public var letter: Character { self == .even ? "e" : "o" }
}
