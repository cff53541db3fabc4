/// Clebsch-Gordan coefficients ⟨l₁ m₁ l₂ m₂ | l₃ m₃⟩ of whole degrees, in the phases of Condon and Shortley.
///
/// Racah's sum is an alternating sum of products of three binomials. All of them are integers that fit in 64 bits up to
/// l = 12, so the sum has no cancellation error and the coefficient is good to a few units in the last place:
///
///     ⟨…⟩ = (2l₃+1)^½ · [ (2l₁)! (2l₂)! (2l₃)! / ((J+1)! A! B! C!) / (b₁ b₂ b₃) ]^½ · Σ_k (−1)^k (A over k) (B over l₁−m₁−k) (C over l₂+m₂−k)
///
/// with A = l₁+l₂−l₃, B = l₁−l₂+l₃, C = −l₁+l₂+l₃, J = l₁+l₂+l₃, bᵢ = (2lᵢ over lᵢ+mᵢ). (Racah 1942, doi:10.1103/PhysRev.62.438, written with binomials.)
public struct ClebschGordan: Sendable {
  /// The largest degree for which the integers are exact.
  public static let largestDegree = 12

  /// Degree of the first factor.
  public let l1: Int
  /// Degree of the second factor.
  public let l2: Int
  /// Degree of the product.
  public let l3: Int
  private let prefactor: Double

  /// Prepares one triple. Throws when a degree is outside 0 … 12 or the triangle |l₁ − l₂| ≤ l₃ ≤ l₁ + l₂ is not closed.
  public init(_ l1: Int, _ l2: Int, _ l3: Int) throws(IrrepsError) {
    for l in [l1, l2, l3] where l < 0 || l > Self.largestDegree {
      throw IrrepsError("Clebsch-Gordan coefficients are made for degrees 0 to \(Self.largestDegree), not for \(l)")
    }
    guard l3 >= abs(l1 - l2), l3 <= l1 + l2 else {
      throw IrrepsError("degrees \(l1), \(l2), \(l3) form no triangle: \(l3) is not in \(abs(l1 - l2))…\(l1 + l2)")
    }
    (self.l1, self.l2, self.l3) = (l1, l2, l3)
    let (a, b, c) = (l1 + l2 - l3, l1 - l2 + l3, l2 + l3 - l1)
    // In pairs, so that no intermediate number leaves the range of a double.
    let f = Self.factorial
    prefactor = (f(2 * l1) / f(l1 + l2 + l3 + 1)) * (f(2 * l2) / (f(a) * f(b))) * (f(2 * l3) / f(c))
  }

  /// The coefficient; zero where m₁ + m₂ ≠ m₃ or an |m| exceeds its degree.
  public subscript(m1: Int, m2: Int, m3: Int) -> Double {
    Double(2 * l3 + 1).squareRoot() * reduced(m1, m2, m3)
  }

  /// The coefficient over √(2l₃+1): all of these squared sum to 1.
  func reduced(_ m1: Int, _ m2: Int, _ m3: Int) -> Double {
    guard m1.magnitude <= l1, m2.magnitude <= l2, m3.magnitude <= l3, m1 + m2 == m3 else { return 0 }
    let (a, b, c) = (l1 + l2 - l3, l1 - l2 + l3, l2 + l3 - l1)
    let n = Self.binomial
    var sum = 0
    for k in 0...a {
      let term = n(a, k) * n(b, l1 - m1 - k) * n(c, l2 + m2 - k)
      sum += k % 2 == 0 ? term : -term
    }
    let shape = Double(n(2 * l1, l1 + m1)) * Double(n(2 * l2, l2 + m2)) * Double(n(2 * l3, l3 + m3))
    return Double(sum) * (prefactor / shape).squareRoot()
  }

  /// n! rounded once for n ≤ 37.
  private static let factorials: [Double] = {
    // Products of integers in two doubles (error-free transformations), so that each entry is the rounded true value.
    var table = [1.0]
    var (high, low) = (1.0, 0.0)
    for n in 1...40 {
      let factor = Double(n)
      let product = high * factor
      let error = (-product).addingProduct(high, factor) + low * factor
      high = product + error
      low = error - (high - product)
      table.append(high)
    }
    return table
  }()
  private static func factorial(_ n: Int) -> Double { factorials[n] }

  /// Pascal's triangle to 24.
  private static let pascal: [[Int]] = {
    var rows = [[1]]
    for n in 1...24 {
      var row = [Int](repeating: 1, count: n + 1)
      for k in 1..<max(1, n) { row[k] = rows[n - 1][k - 1] + rows[n - 1][k] }
      rows.append(row)
    }
    return rows
  }()
  private static func binomial(_ n: Int, _ k: Int) -> Int { k < 0 || k > n ? 0 : pascal[n][k] }
}
