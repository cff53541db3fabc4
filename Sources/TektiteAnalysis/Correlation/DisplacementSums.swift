import TektiteCore

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
    DisplacementTile.sum(
      .isotropic(k), from: (origin.x, origin.y, origin.z), to: (later.x, later.y, later.z), packs: group.packs)
      - Double(group.padding)
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
}
