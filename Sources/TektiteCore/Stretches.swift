#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Matrix3 {
  /// Bounds of what the map r → r·M does to lengths: no vector is shortened more than by the first factor nor lengthened more than by the second. They are
  /// the smallest and the largest singular value, made safe against rounding by one part in 10¹⁰. Zero and infinity for a matrix that is not finite.
  ///
  /// The squares are the eigenvalues of M Mᵀ in closed form (Smith 1961, doi:10.1145/355578.366316).
  public var stretches: (smallest: Double, largest: Double) {
    // M Mᵀ: the products of the rows.
    let (xx, yy, zz) = (a.dot(a), b.dot(b), c.dot(c))
    let (yz, xz, xy) = (b.dot(c), a.dot(c), a.dot(b))
    guard (xx + yy + zz + yz + xz + xy).isFinite else { return (0, .infinity) }
    let mean = (xx + yy + zz) / 3
    let (dx, dy, dz) = (xx - mean, yy - mean, zz - mean)
    let off = yz * yz + xz * xz + xy * xy
    let spread = ((dx * dx + dy * dy + dz * dz + 2 * off) / 6).squareRoot()
    var (low, high) = (mean, mean)
    if spread > 0 {
      let determinant =
        dx * (dy * dz - yz * yz) - xy * (xy * dz - yz * xz) + xz * (xy * yz - dy * xz)
      let cosine = min(1, max(-1, determinant / (2 * spread * spread * spread)))
      let angle = acos(cosine) / 3
      high = mean + 2 * spread * cos(angle)
      low = mean + 2 * spread * cos(angle + 2 * Double.pi / 3)
    }
    let slack = 1e-10
    return (max(0, low - slack * mean).squareRoot(), (high + slack * mean).squareRoot())
  }
}
