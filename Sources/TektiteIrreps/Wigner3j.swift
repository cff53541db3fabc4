/// Which of two sign conventions a real 3j tensor follows. Magnitudes agree; weights trained under one convention are wrong under the other.
public enum SignConvention: Hashable, Sendable, CaseIterable {
  /// e3nn 0.2 to 0.4.4 (MACE): the table it ships. For l₁ ≤ l₂ ≤ l₃ the element m = (0, 0, 0) is positive; where that is zero,
  /// the first element that is not zero in row-major order. Other orders of the degrees follow by exchanging axes, with (−1)^(l₁+l₂+l₃) for each exchange.
  case e3nn04
  /// e3nn 0.5 and later (NequIP, SevenNet): what the change of basis from complex Clebsch-Gordan coefficients gives.
  case e3nn06
}

/// The real 3j tensor C[m₁, m₂, m₃] of three degrees: the one invariant of l₁ ⊗ l₂ ⊗ l₃, of Frobenius norm 1, in the basis of
/// e3nn's real spherical harmonics.
///
/// C_ijk = D^l₁_ii' D^l₂_jj' D^l₃_kk' C_i'j'k' for every rotation. Stored sparsely: few of the (2l₁+1)(2l₂+1)(2l₃+1) elements are not zero.
public struct Wigner3j: Hashable, Sendable {
  /// One element that is not zero. Indices run from 0, so m = index − l.
  public struct Element: Hashable, Sendable {
    /// Index of the first degree's component, 0 … 2l₁.
    public let i1: Int
    /// Index of the second degree's component, 0 … 2l₂.
    public let i2: Int
    /// Index of the third degree's component, 0 … 2l₃.
    public let i3: Int
    /// The value.
    public let value: Double
  }

  /// The largest degree, that of `ClebschGordan`.
  public static let largestDegree = ClebschGordan.largestDegree

  /// First degree.
  public let l1: Int
  /// Second degree.
  public let l2: Int
  /// Third degree.
  public let l3: Int
  /// The convention of its sign.
  public let convention: SignConvention
  /// Elements that are not zero, in row-major order of (i1, i2, i3).
  public let elements: [Element]

  /// Makes the tensor of a triple. Throws when a degree is outside 0 … 12 or the triple is no triangle.
  public init(_ l1: Int, _ l2: Int, _ l3: Int, convention: SignConvention) throws(IrrepsError) {
    (self.l1, self.l2, self.l3, self.convention) = (l1, l2, l3, convention)
    let elements = Self.fromComplexBasis(try ClebschGordan(l1, l2, l3))
    guard convention == .e3nn04 else {
      self.elements = elements
      return
    }
    // The rule speaks of ascending degrees. Exchanging two axes of this tensor multiplies by (−1)^J with J = l₁+l₂+l₃, and so it does in
    // the table of 0.4.4; hence one sign serves all orders, and it can be found in the sorted triple.
    let l = [l1, l2, l3].sorted()
    let sorted = l == [l1, l2, l3] ? elements : Self.fromComplexBasis(try ClebschGordan(l[0], l[1], l[2]))
    let middle = sorted.first { $0.i1 == l[0] && $0.i2 == l[1] && $0.i3 == l[2] }
    let decisive = middle ?? sorted.first
    let flip = (decisive?.value ?? 1) < 0
    self.elements = flip ? elements.map { Element(i1: $0.i1, i2: $0.i2, i3: $0.i3, value: -$0.value) } : elements
  }

  /// All elements, row-major, of shape [2l₁+1, 2l₂+1, 2l₃+1].
  public var dense: [Double] {
    let (n2, n3) = (2 * l2 + 1, 2 * l3 + 1)
    var values = [Double](repeating: 0, count: (2 * l1 + 1) * n2 * n3)
    for e in elements { values[(e.i1 * n2 + e.i2) * n3 + e.i3] = e.value }
    return values
  }

  // MARK: Complex to real

  /// Real component m of degree l is Σ over ±|m| of unit · complex component. Units are powers of i; 1/√2 is left to the caller.
  private static func complexTerms(_ l: Int, _ m: Int) -> [(m: Int, powerOfI: Int)] {
    // e3nn's rows: complex −μ = (real μ − i real −μ)/√2, complex μ = (−1)^μ (real μ + i real −μ)/√2 for μ > 0, all times (−i)^l,
    // which makes the tensor real.
    let phase = 3 * l
    let mu = abs(m)
    if m == 0 { return [(0, phase)] }
    if m > 0 { return [(-mu, phase), (mu, phase + 2 * mu)] }
    return [(-mu, phase + 3), (mu, phase + 1 + 2 * mu)]
  }

  private static func fromComplexBasis(_ coefficients: ClebschGordan) -> [Element] {
    let (l1, l2, l3) = (coefficients.l1, coefficients.l2, coefficients.l3)
    let halfRoot = 0.5.squareRoot()
    let scales = [1, halfRoot, 0.5, 0.5 * halfRoot]
    var elements: [Element] = []
    for m1 in -l1...l1 {
      for m2 in -l2...l2 {
        for m3 in -l3...l3 where abs(m3) == abs(m1 + m2) || abs(m3) == abs(m1 - m2) {
          // Equal contributions come from equal doubles, so what cancels leaves an exact zero.
          var sum = 0.0
          for a in complexTerms(l1, m1) {
            for b in complexTerms(l2, m2) {
              for c in complexTerms(l3, m3) where a.m + b.m == c.m {
                // The third factor is conjugated: i^k becomes i^(−k).
                let power = (a.powerOfI + b.powerOfI + 3 * c.powerOfI) & 3
                guard power & 1 == 0 else { continue }  // imaginary parts cancel in pairs
                let value = coefficients.reduced(a.m, b.m, c.m)
                sum += power == 0 ? value : -value
              }
            }
          }
          guard sum != 0 else { continue }
          let halves = (m1 == 0 ? 0 : 1) + (m2 == 0 ? 0 : 1) + (m3 == 0 ? 0 : 1)
          elements.append(Element(i1: m1 + l1, i2: m2 + l2, i3: m3 + l3, value: sum * scales[halves]))
        }
      }
    }
    return elements
  }
}
