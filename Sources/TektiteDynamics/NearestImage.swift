import TektiteCore

/// Distances at the nearest image, right up to half the narrowest width of the cell.
package struct NearestImage {
  private let basis: Matrix3
  private let repeats: SIMD3<Double>

  package init(_ cell: Cell) {
    basis = cell.basis
    repeats = SIMD3(cell.periodic[0] ? 1 : 0, cell.periodic[1] ? 1 : 0, cell.periodic[2] ? 1 : 0)
  }

  /// The squared length of a difference in fractions of the cell.
  package func squaredDistance(_ fraction: Vector3) -> Double {
    // Adding 1.5·2⁵² rounds to a whole number.
    let rounder = 0x1.8p52
    let d = Vector3(
      fraction.x - repeats.x * ((fraction.x + rounder) - rounder),
      fraction.y - repeats.y * ((fraction.y + rounder) - rounder),
      fraction.z - repeats.z * ((fraction.z + rounder) - rounder))
    return (d * basis).lengthSquared
  }
}
