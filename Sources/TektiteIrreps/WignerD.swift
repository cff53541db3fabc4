/// The matrices D^l(R) by which rotations act on real irreps: Y_l(R r) = D^l(R) Y_l(r), in the basis of e3nn's harmonics.
///
/// D¹ is the rotation matrix itself, since Y₁ ∝ (x, y, z). Higher degrees are cut out of products,
/// D^l = (2l+1) Cᵀ (D^(l−1) ⊗ D¹) C with the 3j tensor C of (l−1, 1, l): no angles, hence no poles, and the sign of C drops out.
public struct WignerD: Sendable {
  /// The largest degree that matrices are made for.
  public let largestDegree: Int
  private let couplings: [Wigner3j]

  /// Prepares degrees 0 … l. Throws when l is outside 0 … 12.
  public init(upTo largestDegree: Int) throws(IrrepsError) {
    guard largestDegree >= 0, largestDegree <= Wigner3j.largestDegree else {
      throw IrrepsError(
        "rotation matrices are made for degrees 0 to \(Wigner3j.largestDegree), not for \(largestDegree)")
    }
    self.largestDegree = largestDegree
    var couplings: [Wigner3j] = []
    for l in 0...largestDegree where l >= 2 { couplings.append(try Wigner3j(l - 1, 1, l, convention: .e3nn06)) }
    self.couplings = couplings
  }

  /// D⁰ … D^l of the rotational part of R (an inversion in R is taken off: see `matrix(of:for:)`), each row-major of shape [2l+1, 2l+1].
  public func matrices(of rotation: Rotation) -> [[Double]] {
    let proper = rotation.determinant < 0 ? rotation * .inversion : rotation
    var result: [[Double]] = [[1]]
    if largestDegree >= 1 { result.append(proper.elements) }
    for coupling in couplings {
      let l = coupling.l3
      let (n, previous) = (2 * l + 1, result[l - 1])
      let inner = 2 * l - 1
      var d = [Double](repeating: 0, count: n * n)
      for a in coupling.elements {
        for b in coupling.elements {
          d[a.i3 * n + b.i3] +=
            a.value * b.value * previous[a.i1 * inner + b.i1] * proper.elements[3 * a.i2 + b.i2]
        }
      }
      for k in d.indices { d[k] *= Double(n) }
      result.append(d)
    }
    return result
  }

  /// The matrix of an irrep, row-major of shape [2l+1, 2l+1]; odd irreps change sign under an inversion in R. Throws when the degree is beyond `largestDegree`.
  public func matrix(of rotation: Rotation, for irrep: Irrep) throws(IrrepsError) -> [Double] {
    guard irrep.degree <= largestDegree else {
      throw IrrepsError("\(irrep) is beyond degree \(largestDegree), for which these rotation matrices were prepared")
    }
    let d = matrices(of: rotation)[irrep.degree]
    return rotation.determinant < 0 && irrep.parity == .odd ? d.map { -$0 } : d
  }

  /// Turns a vector of a direct sum of irreps, component order as in `Irreps`. Throws on a wrong length or a degree beyond `largestDegree`.
  public func rotate(_ vector: [Double], of irreps: Irreps, by rotation: Rotation) throws(IrrepsError) -> [Double] {
    guard vector.count == irreps.dimension else {
      throw IrrepsError("a vector of \(irreps) has \(irreps.dimension) components, this one \(vector.count)")
    }
    if let highest = irreps.largestDegree, highest > largestDegree {
      throw IrrepsError("degree \(highest) is beyond \(largestDegree), for which these rotation matrices were prepared")
    }
    let all = matrices(of: rotation)
    let inverts = rotation.determinant < 0
    var result = [Double](repeating: 0, count: vector.count)
    for (block, slice) in zip(irreps, irreps.slices) where block.multiplicity > 0 {
      let n = block.irrep.dimension
      let sign: Double = inverts && block.irrep.parity == .odd ? -1 : 1
      let d = all[block.irrep.degree]
      for start in stride(from: slice.lowerBound, to: slice.upperBound, by: n) {
        for i in 0..<n {
          var sum = 0.0
          for j in 0..<n { sum += d[i * n + j] * vector[start + j] }
          result[start + i] = sign * sum
        }
      }
    }
    return result
  }
}
