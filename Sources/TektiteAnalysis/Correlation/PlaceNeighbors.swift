import TektiteCore

/// Which atoms are near each atom of a frame, by their places in the packing.
struct PlaceNeighbors: Hashable, Sendable {
  /// Where the neighbours of a place begin, and after the last one where they end.
  private(set) var starts: [Int32] = [0]
  /// The neighbours of each place, increasing.
  private(set) var neighbors: [Int32] = []

  /// The neighbours of a place.
  func of(_ place: Int) -> ArraySlice<Int32> { neighbors[Int(starts[place])..<Int(starts[place + 1])] }

  /// Finds all pairs at their nearest images that are nearer than a cutoff, which may differ by pair of species. Atoms are sorted into cells no
  /// narrower than the largest cutoff; where there are fewer than three of these along a direction, or the cell is open, all pairs are looked at.
  /// - Parameters:
  ///   - fractions: positions in fractions of the cell.
  ///   - cutoffs: of pairs of groups, row by row; at most half the narrowest width of the cell.
  init(_ packing: Packing, _ fractions: PackedVectors, _ cell: Cell, cutoffs: [Double]) {
    let basis = cell.basis
    let widths = cell.widths
    let longest = cutoffs.max() ?? 0
    var counts = SIMD3<Int>(repeating: 1)
    for axis in 0..<3 where cell.periodic[axis] {
      let fit = widths[axis] / longest
      counts[axis] = fit.isFinite ? max(1, Int(min(128, fit))) : 1
    }
    let places = packing.order.indices.filter { packing.order[$0] >= 0 }
    let species = packing.groupOfPlace
    func position(_ place: Int) -> Vector3 {
      Vector3(fractions.x[place / 4][place % 4], fractions.y[place / 4][place % 4], fractions.z[place / 4][place % 4])
    }
    let points = packing.order.indices.map { packing.order[$0] >= 0 ? position($0) : .zero }
    let isNear = NearestImage(cell, basis)
    func areNeighbors(_ i: Int, _ j: Int) -> Bool {
      let cutoff = cutoffs[species[i] * packing.groups.count + species[j]]
      return isNear.squaredDistance(points[j] - points[i]) < cutoff * cutoff
    }
    starts.reserveCapacity(packing.order.count + 1)
    guard cell.periodic == .all, counts.min() >= 3 else {
      for i in packing.order.indices {
        if packing.order[i] >= 0 {
          for j in places where j != i && areNeighbors(i, j) { neighbors.append(Int32(j)) }
        }
        starts.append(Int32(neighbors.count))
      }
      return
    }
    func home(_ place: Int) -> SIMD3<Int> {
      var result = SIMD3<Int>.zero
      for axis in 0..<3 {
        let s = points[place][axis]
        let share = (s - s.rounded(.down)) * Double(counts[axis])
        result[axis] = share >= 0 && share < Double(counts[axis]) ? Int(share) : 0
      }
      return result
    }
    var members = [[Int32]](repeating: [], count: counts.x * counts.y * counts.z)
    let homes = packing.order.indices.map { home($0) }
    func index(_ c: SIMD3<Int>) -> Int { (c.x * counts.y + c.y) * counts.z + c.z }
    for place in places { members[index(homes[place])].append(Int32(place)) }
    var near: [Int32] = []
    for i in packing.order.indices {
      if packing.order[i] >= 0 {
        near.removeAll(keepingCapacity: true)
        for a in -1...1 {
          for b in -1...1 {
            for c in -1...1 {
              var other = homes[i] &+ SIMD3(a, b, c)
              for axis in 0..<3 { other[axis] = (other[axis] + counts[axis]) % counts[axis] }
              for j in members[index(other)] where Int(j) != i && areNeighbors(i, Int(j)) { near.append(j) }
            }
          }
        }
        near.sort()
        neighbors += near
      }
      starts.append(Int32(neighbors.count))
    }
  }
}

/// Distances at the nearest image, right up to half the narrowest width of the cell.
struct NearestImage {
  private let basis: Matrix3
  private let repeats: SIMD3<Double>

  init(_ cell: Cell, _ basis: Matrix3) {
    self.basis = basis
    repeats = SIMD3(cell.periodic[0] ? 1 : 0, cell.periodic[1] ? 1 : 0, cell.periodic[2] ? 1 : 0)
  }

  /// The squared length of a difference in fractions of the cell.
  func squaredDistance(_ fraction: Vector3) -> Double {
    // Adding 1.5·2⁵² rounds to a whole number.
    let rounder = 0x1.8p52
    let d = Vector3(
      fraction.x - repeats.x * ((fraction.x + rounder) - rounder),
      fraction.y - repeats.y * ((fraction.y + rounder) - rounder),
      fraction.z - repeats.z * ((fraction.z + rounder) - rounder))
    return (d * basis).lengthSquared
  }
}

extension Packing {
  /// The index of the group of each place.
  var groupOfPlace: [Int] {
    var result = [Int](repeating: 0, count: order.count)
    for (index, group) in groups.enumerated() {
      for place in 4 * group.packs.lowerBound..<4 * group.packs.upperBound { result[place] = index }
    }
    return result
  }

  /// The places of the atoms of a group.
  func places(of group: Group) -> Range<Int> { 4 * group.packs.lowerBound..<4 * group.packs.lowerBound + group.count }
}
