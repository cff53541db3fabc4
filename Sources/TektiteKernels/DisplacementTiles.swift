/// Sums over displacements, tile by tile: a tile is at most 128 places of one group, and its sum is that of a fixed order. Sums of groups add tiles in their order, so that
/// bits depend neither on threads nor on how frames are kept.
public enum DisplacementTile {
  /// Places of a tile.
  public static let size = 128

  /// The tiles of groups of places, by the index of the group.
  static func tiles(_ groups: [Range<Int>]) -> [(group: Int, places: Range<Int>)] {
    groups.enumerated().flatMap { index, places in
      stride(from: places.lowerBound, to: places.upperBound, by: size).map {
        (group: index, places: $0..<min($0 + size, places.upperBound))
      }
    }
  }

  /// A sum over packs of four places each, some of which may be at the origin in both frames, as they count.
  /// - Parameters:
  ///   - which: what is summed.
  ///   - origin: coordinates in the earlier frame.
  ///   - later: in the later one.
  public static func sum(
    _ which: DisplacementSum, from origin: (x: [SIMD4<Double>], y: [SIMD4<Double>], z: [SIMD4<Double>]),
    to later: (x: [SIMD4<Double>], y: [SIMD4<Double>], z: [SIMD4<Double>]), packs: Range<Int>,
    level: ProcessorLevel = .current
  ) -> Double {
    let most = packs.upperBound
    precondition(
      packs.lowerBound >= 0 && origin.x.count >= most && origin.y.count >= most && origin.z.count >= most
        && later.x.count >= most && later.y.count >= most && later.z.count >= most, "packs outside the frames")
    return withRuns(origin) { x0, y0, z0 in
      withRuns(later) { x1, y1, z1 in
        var sum = 0.0
        for (_, places) in tiles([4 * packs.lowerBound..<4 * most]) {
          let i = places.lowerBound
          sum += LevelKernels.displacements(
            level, which,
            DisplacementRows(from: x0 + i, y0 + i, z0 + i, to: x1 + i, y1 + i, z1 + i, count: places.count))
        }
        return sum
      }
    }
  }

  private static func withRuns(
    _ columns: (x: [SIMD4<Double>], y: [SIMD4<Double>], z: [SIMD4<Double>]),
    _ body: (UnsafePointer<Double>, UnsafePointer<Double>, UnsafePointer<Double>) -> Double
  ) -> Double {
    columns.x.withUnsafeBytes { x in
      columns.y.withUnsafeBytes { y in
        columns.z.withUnsafeBytes { z in
          guard let x = x.baseAddress, let y = y.baseAddress, let z = z.baseAddress else { return 0 }
          // Vectors of four doubles lie one behind the other without gaps.
          return body(
            x.assumingMemoryBound(to: Double.self), y.assumingMemoryBound(to: Double.self),
            z.assumingMemoryBound(to: Double.self))
        }
      }
    }
  }
}

/// Several frames of the same atoms, held so that many pairs of them can be compared: the atoms of a tile lie together for all frames, and stay in the cache of
/// a core while it goes through the pairs. From frames that lie one behind the other each pair would fetch both anew.
public final class DisplacementTiles {
  /// Which atom is at each place, -1 for none.
  private let order: [Int32]
  private let groupCount: Int
  /// Places of each group without an atom.
  private let padding: [Int]
  private let tiles: [(group: Int, places: Range<Int>)]
  /// `[tile][slot][x y z][place]`
  private var store: Buffer<Double>
  private static let frame = 3 * DisplacementTile.size
  /// Frames that there is room for.
  public private(set) var slots: Int

  /// Makes room for frames.
  /// - Parameters:
  ///   - order: the atom at each place, -1 for none; those without come last in their group.
  ///   - groups: the places of each group, multiples of four.
  ///   - slots: frames to begin with.
  public init(order: [Int32], groups: [Range<Int>], slots: Int) {
    precondition(groups.allSatisfy { $0.lowerBound % 4 == 0 && $0.upperBound % 4 == 0 && $0.upperBound <= order.count })
    self.order = order
    groupCount = groups.count
    padding = groups.map { places in order[places].count { $0 < 0 } }
    tiles = DisplacementTile.tiles(groups)
    self.slots = max(1, slots)
    store = Buffer(count: tiles.count * self.slots * Self.frame)
  }

  /// Makes room for more frames; those that are there stay.
  public func grow(to slots: Int) {
    guard slots > self.slots else { return }
    let grown = Buffer<Double>(count: tiles.count * slots * Self.frame)
    for tile in tiles.indices {
      (grown.base + tile * slots * Self.frame).update(
        from: store.base + tile * self.slots * Self.frame, count: self.slots * Self.frame)
    }
    store = grown
    self.slots = slots
  }

  /// Takes positions of all atoms as the frame of a slot. Different slots may be filled at the same time.
  public func fill(_ slot: Int, _ positions: [Vector3]) {
    precondition(slot >= 0 && slot < slots, "no slot \(slot)")
    for (index, tile) in tiles.enumerated() {
      let out = store.base + (index * slots + slot) * Self.frame
      for (i, place) in tile.places.enumerated() {
        let atom = order[place]
        let r = atom < 0 ? Vector3.zero : positions[Int(atom)]
        out[i] = r.x
        out[DisplacementTile.size + i] = r.y
        out[2 * DisplacementTile.size + i] = r.z
      }
    }
  }

  /// Sums over the atoms of each group for pairs of slots: `[pair][sum][group]`.
  public func sums(
    _ wanted: [DisplacementSum], of pairs: [(origin: Int, later: Int)], team: ThreadTeam,
    level: ProcessorLevel = .current
  ) -> [Double] {
    for pair in pairs {
      precondition(pair.origin >= 0 && pair.origin < slots && pair.later >= 0 && pair.later < slots, "no such slot")
    }
    let row = pairs.count * wanted.count
    let parts = Buffer<Double>(count: tiles.count * row)
    let (from, out, size) = (store.base, parts.base, DisplacementTile.size)
    team.forEachChunk(tiles.count) { tile in
      let frames = from + tile * slots * Self.frame
      var k = tile * row
      for pair in pairs {
        let (a, b) = (frames + pair.origin * Self.frame, frames + pair.later * Self.frame)
        let rows = DisplacementRows(
          from: a, a + size, a + 2 * size, to: b, b + size, b + 2 * size, count: tiles[tile].places.count)
        for which in wanted {
          out[k] = LevelKernels.displacements(level, which, rows)
          k += 1
        }
      }
    }
    var sums = [Double](repeating: 0, count: row * groupCount)
    for (index, tile) in tiles.enumerated() {
      for k in 0..<row { sums[k * groupCount + tile.group] += parts[index * row + k] }
    }
    for (place, which) in wanted.enumerated() {
      switch which {
      case .square, .fourth: continue
      case .isotropic, .within:
        // Places without an atom have not moved.
        for pair in pairs.indices {
          for group in 0..<groupCount {
            sums[(pair * wanted.count + place) * groupCount + group] -= Double(padding[group])
          }
        }
      }
    }
    return sums
  }
}
