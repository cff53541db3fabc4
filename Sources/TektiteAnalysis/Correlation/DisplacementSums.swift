/// Sums over the displacements of a group of atoms between two frames, four atoms at a time. The order of additions is fixed, so that
/// sums are the same wherever they are computed.
enum DisplacementSums {
  /// Σ r² and Σ r⁴.
  static func moments(
    from origin: PackedVectors, to later: PackedVectors, _ group: Packing.Group
  ) -> (square: Double, fourth: Double) {
    var square = SIMD4<Double>.zero
    var fourth = SIMD4<Double>.zero
    for pack in group.packs {
      let r2 = squaredDistance(origin, later, pack)
      square += r2
      fourth += r2 * r2
    }
    return (total(square), total(fourth))
  }

  /// The number of atoms that moved by less than a distance.
  static func within(
    _ distance: Double, from origin: PackedVectors, to later: PackedVectors, _ group: Packing.Group
  ) -> Int {
    let limit = distance * distance
    var count = SIMD4<Int>.zero
    for pack in group.packs {
      // Compared one by one: masks of vectors become branches, which are hard to predict here.
      let r2 = squaredDistance(origin, later, pack)
      for lane in 0..<4 { count[lane] &+= r2[lane] < limit ? 1 : 0 }
    }
    return count.wrappedSum() - group.padding
  }

  /// The number of atoms whose displacement is within each bin.
  static func histogram(
    _ bins: DistanceBins, from origin: PackedVectors, to later: PackedVectors, _ group: Packing.Group
  ) -> [Int] {
    let scale = Double(bins.count) / bins.range
    let beyond = Double(bins.count)
    var found = [Int](repeating: 0, count: bins.count + 1)
    for pack in group.packs {
      let place = squaredDistance(origin, later, pack).squareRoot() * scale
      // What is not a number stays beyond.
      for lane in 0..<4 { found[Int(min(beyond, place[lane]))] += 1 }
    }
    // Places without an atom have not moved.
    found[0] -= group.padding
    found.removeLast()
    return found
  }

  /// Writes 1 for each atom of a group that moved by less than a distance and 0 for each other; places without an atom are left alone.
  static func stayed(
    _ distance: Double, from origin: PackedVectors, to later: PackedVectors, _ group: Packing.Group,
    into weights: inout [SIMD4<Double>]
  ) {
    let limit = distance * distance
    for pack in group.packs {
      let r2 = squaredDistance(origin, later, pack)
      let live = pack == group.packs.upperBound - 1 ? 4 - group.padding : 4
      for lane in 0..<live { weights[pack][lane] = r2[lane] < limit ? 1 : 0 }
    }
  }

  /// Σ sin(kr)/(kr): the average of exp(i k·r) over all directions of k.
  static func isotropic(
    _ k: Double, from origin: PackedVectors, to later: PackedVectors, _ group: Packing.Group
  ) -> Double {
    var sum = SIMD4<Double>.zero
    for pack in group.packs {
      let phase = k * squaredDistance(origin, later, pack).squareRoot()
      sum += sinc(phase)
    }
    return total(sum) - Double(group.padding)
  }

  /// Σ J₀(kr): the average of exp(i k·r) over all directions of k in a plane.
  static func planar(
    _ k: Double, from origin: PackedVectors, to later: PackedVectors, _ group: Packing.Group
  ) -> Double {
    let bessel = BesselFunction.zeroth
    var sum = SIMD4<Double>.zero
    for pack in group.packs {
      let phase = k * squaredDistance(origin, later, pack).squareRoot()
      for lane in 0..<4 { sum[lane] += bessel(phase[lane]) }
    }
    return total(sum) - Double(group.padding)
  }

  /// Σ a·b, for velocities.
  static func products(
    _ a: PackedVectors, _ b: PackedVectors, _ group: Packing.Group
  ) -> Double {
    var sum = SIMD4<Double>.zero
    for pack in group.packs {
      sum += a.x[pack] * b.x[pack] + a.y[pack] * b.y[pack] + a.z[pack] * b.z[pack]
    }
    return total(sum)
  }

  @inline(__always)
  private static func squaredDistance(
    _ origin: PackedVectors, _ later: PackedVectors, _ pack: Int
  ) -> SIMD4<Double> {
    let dx = later.x[pack] - origin.x[pack]
    let dy = later.y[pack] - origin.y[pack]
    let dz = later.z[pack] - origin.z[pack]
    return dx * dx + dy * dy + dz * dz
  }

  @inline(__always)
  private static func total(_ v: SIMD4<Double>) -> Double { (v[0] + v[1]) + (v[2] + v[3]) }

  /// sin(x)/x for x ≥ 0 to 4e-16 absolutely while x is below 10⁵, and to 4e-16·x/10⁵ beyond.
  ///
  /// x is brought to [−π/2, π/2] by subtracting a multiple of π in three parts (Cody and Waite), then the Taylor polynomial of degree 21
  /// is summed; its first missing term is 1.3e-18 at π/2.
  @inline(__always)
  static func sinc(_ phase: SIMD4<Double>) -> SIMD4<Double> {
    // So that 0/0 becomes 1; nothing else notices.
    let x = phase + 1e-200
    // Adding 1.5·2⁵² rounds to a whole number; rounded() would call the library for each lane where the processor lacks the instruction.
    let rounder = SIMD4<Double>(repeating: 0x1.8p52)
    let turns = (x * (1 / Double.pi) + rounder) - rounder
    // Three pieces of π with 33, 33 and 53 digits, so that products with whole numbers below 2²⁰ are exact.
    let y =
      ((x - turns * 0x1.921fb544p1) - turns * 0x1.0b4611a6p-33) - turns * 0x1.3198a2e03707p-68
    // 1 for even multiples, -1 for odd ones.
    let half = turns * 0.5
    let odd = half - ((half + rounder) - rounder)
    let sign = 1 - 4 * odd * odd * 2
    let y2 = y * y
    var p = SIMD4<Double>(repeating: 1.9572941063391263e-20)
    p = p * y2 + -8.220635246624329e-18
    p = p * y2 + 2.8114572543455206e-15
    p = p * y2 + -7.647163731819816e-13
    p = p * y2 + 1.6059043836821613e-10
    p = p * y2 + -2.505210838544172e-08
    p = p * y2 + 2.7557319223985893e-06
    p = p * y2 + -1.984126984126984e-04
    p = p * y2 + 8.333333333333333e-03
    p = p * y2 + -1.6666666666666666e-01
    return sign * (y + y * (y2 * p)) / x
  }
}
