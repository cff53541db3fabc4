// Degrees 0 to 4, which nearly all models stay within, with the recurrences written out.

extension SphericalHarmonics where Scalar: SIMDScalar {
  /// All components of a block for L ≤ 4. Each line holds q_l^m, its derivative by y, and minus its derivative by x over x.
  @inline(__always)
  func writeLow(
    _ block: LaneBlock, _ place: Place, _ values: inout MutableSpan<Scalar>, _ gradients: inout MutableSpan<Scalar>
  ) {
    let (y, zero) = (block.y, Lanes.zero)
    let m0 = Azimuth(a: Lanes(repeating: 1), b: zero, previousA: zero, previousB: zero)
    emit(0, 0, m0.a, zero, zero, m0, block, place, &values, &gradients)
    guard largestDegree >= 1 else { return }
    let m1 = m0.next(block)
    emit(1, 0, y, m0.a, zero, m0, block, place, &values, &gradients)
    emit(1, 1, m0.a, zero, zero, m1, block, place, &values, &gradients)
    guard largestDegree >= 2 else { return }
    let m2 = m1.next(block)
    let square = block.x * block.x + y * y + block.z * block.z
    let yy = y * y
    let root3: Scalar = 1.7320508075688772
    let (oneAndHalf, half): (Scalar, Scalar) = (1.5, 0.5)
    let q20: Lanes = oneAndHalf * yy - half * square
    let q21: Lanes = root3 * y
    let q22 = Lanes(repeating: 0.5 * root3)
    emit(2, 0, q20, 2 * y, m0.a, m0, block, place, &values, &gradients)
    emit(2, 1, q21, Lanes(repeating: root3), zero, m1, block, place, &values, &gradients)
    emit(2, 2, q22, zero, zero, m2, block, place, &values, &gradients)
    guard largestDegree >= 3 else { return }
    let m3 = m2.next(block)
    let root3Over8: Scalar = 0.6123724356957945
    let halfRoot15: Scalar = 1.9364916731037085
    let root5Over8: Scalar = 0.7905694150420949
    let (twoAndHalf, five): (Scalar, Scalar) = (2.5, 5)
    let q30: Lanes = y * (twoAndHalf * yy - oneAndHalf * square)
    let q31: Lanes = root3Over8 * (five * yy - square)
    let q32: Lanes = halfRoot15 * y
    emit(3, 0, q30, 3 * q20, 3 * y, m0, block, place, &values, &gradients)
    emit(3, 1, q31, 8 * root3Over8 * y, Lanes(repeating: 2 * root3Over8), m1, block, place, &values, &gradients)
    emit(3, 2, q32, Lanes(repeating: halfRoot15), zero, m2, block, place, &values, &gradients)
    emit(3, 3, Lanes(repeating: root5Over8), zero, zero, m3, block, place, &values, &gradients)
    guard largestDegree >= 4 else { return }
    let m4 = m3.next(block)
    let quarterRoot10: Scalar = 0.7905694150420949
    let quarterRoot5: Scalar = 0.5590169943749475
    let root15: Scalar = 3.872983346207417
    let root35Over8: Scalar = 2.091650066335189
    let eighthRoot35: Scalar = 0.739509972887452
    let s: Lanes = five * yy - square
    // In small steps with given types, for the sake of the type checker.
    let (seven, three): (Scalar, Scalar) = (7, 3)
    let fourth: Scalar = 4.375
    let second: Scalar = 3.75
    let zeroth: Scalar = 0.375
    let inner: Lanes = fourth * yy - second * square
    let rest: Lanes = zeroth * square * square
    let q40: Lanes = yy * inner + rest
    let bracket: Lanes = seven * yy - three * square
    let q41: Lanes = quarterRoot10 * y * bracket
    let q42: Lanes = quarterRoot5 * (seven * yy - square)
    emit(4, 0, q40, 4 * q30, 1.5 * s, m0, block, place, &values, &gradients)
    emit(4, 1, q41, root15 * q31, 6 * quarterRoot10 * y, m1, block, place, &values, &gradients)
    emit(4, 2, q42, 12 * quarterRoot5 * y, Lanes(repeating: 2 * quarterRoot5), m2, block, place, &values, &gradients)
    emit(4, 3, root35Over8 * y, Lanes(repeating: root35Over8), zero, m3, block, place, &values, &gradients)
    emit(4, 4, Lanes(repeating: eighthRoot35), zero, zero, m4, block, place, &values, &gradients)
  }
}
