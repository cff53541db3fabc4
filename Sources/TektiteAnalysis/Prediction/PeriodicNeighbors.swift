import TektiteCore

/// Finds the neighbours of atoms within a radius, all images in a cell of any shape and size, by bins half a radius wide. Nothing is kept by pair, so memory does
/// not grow with the radius: for descriptors, which look five diameters far, where `NeighborSearch` would list a thousand neighbours of each atom.
struct PeriodicNeighbors {
  private let positions: [Vector3]
  private let basis: Matrix3
  private let fractions: [Vector3]
  /// Whole cells by which the stored position differs from the one in the bins.
  private let folds: [Vector3]
  private let counts: (Int, Int, Int)
  private let lowest: Vector3
  private let extents: Vector3
  private let periodic: Periodicity
  private let widths: Vector3
  /// The first atom of each bin, and the atoms by bin.
  private let starts: [Int]
  private let members: [Int32]

  /// Sorts the atoms of a frame into bins suited to a radius.
  init(_ frame: Frame, radius: Double) {
    let cell = frame.cell
    basis = cell.basis
    let inverse = basis.inverse
    positions = frame.positions
    periodic = cell.periodic
    widths = cell.widths
    var fractions: [Vector3] = []
    var folds: [Vector3] = []
    var lowest = Vector3.zero
    var extents = Vector3(1, 1, 1)
    for r in frame.positions {
      var s = r * inverse
      var fold = Vector3.zero
      for axis in 0..<3 where cell.periodic[axis] {
        fold[axis] = s[axis].rounded(.down)
        s[axis] -= fold[axis]
        // Just below a wall, rounding can end on it.
        if s[axis] >= 1 { (s[axis], fold[axis]) = (s[axis] - 1, fold[axis] + 1) }
      }
      fractions.append(s)
      folds.append(fold)
    }
    var counts = [1, 1, 1]
    for axis in 0..<3 {
      if !cell.periodic[axis], let least = fractions.map({ $0[axis] }).min(),
        let most = fractions.map({ $0[axis] }).max()
      {
        lowest[axis] = least
        extents[axis] = max(most - least, 1e-9)
      }
      // Not more bins than atoms could fill.
      let bins = extents[axis] * widths[axis] / (0.5 * radius)
      counts[axis] = max(1, min(Int(min(bins, 1e6)), 200))
    }
    (self.lowest, self.extents) = (lowest, extents)
    self.counts = (counts[0], counts[1], counts[2])
    (self.fractions, self.folds) = (fractions, folds)
    var bins: [Int] = []
    var starts = [Int](repeating: 0, count: counts[0] * counts[1] * counts[2] + 1)
    for s in fractions {
      var place = [0, 0, 0]
      for axis in 0..<3 {
        place[axis] = min(counts[axis] - 1, Int((s[axis] - lowest[axis]) / extents[axis] * Double(counts[axis])))
      }
      let bin = (place[0] * counts[1] + place[1]) * counts[2] + place[2]
      bins.append(bin)
      starts[bin + 1] += 1
    }
    for bin in 1..<starts.count { starts[bin] += starts[bin - 1] }
    var next = starts
    var members = [Int32](repeating: 0, count: bins.count)
    for (atom, bin) in bins.enumerated() {
      members[next[bin]] = Int32(atom)
      next[bin] += 1
    }
    (self.starts, self.members) = (starts, members)
  }

  /// Calls `body` for every image of every atom nearer than a radius to an atom, but for the atom itself: its index, the vector from the atom to it, and the square
  /// of its length. The order depends on the frame only.
  @inline(__always)
  func forEach(near atom: Int, within radius: Double, _ body: (Int, Vector3, Double) -> Void) {
    let s = fractions[atom]
    let limit = radius * radius
    let (a, b, c) = (range(s, 0, counts.0, radius), range(s, 1, counts.1, radius), range(s, 2, counts.2, radius))
    let centre = positions[atom] - folds[atom] * basis
    for i in a {
      let (x, shiftA) = Self.wrap(i, counts.0)
      for j in b {
        let (y, shiftB) = Self.wrap(j, counts.1)
        for k in c {
          let (z, shiftC) = Self.wrap(k, counts.2)
          let shift = Vector3(Double(shiftA), Double(shiftB), Double(shiftC))
          let bin = (x * counts.1 + y) * counts.2 + z
          for place in starts[bin]..<starts[bin + 1] {
            let other = Int(members[place])
            let d = positions[other] + (shift - folds[other]) * basis - centre
            let square = d.lengthSquared
            if square < limit, other != atom || shift != .zero { body(other, d, square) }
          }
        }
      }
    }
  }

  /// The bins along an axis that a sphere around a point can touch; those outside 0 ..< count are images.
  private func range(_ s: Vector3, _ axis: Int, _ count: Int, _ radius: Double) -> ClosedRange<Int> {
    let reach = radius / widths[axis]
    let scale = Double(count) / extents[axis]
    let first = Int(((s[axis] - reach - lowest[axis]) * scale).rounded(.down))
    let last = Int(((s[axis] + reach - lowest[axis]) * scale).rounded(.down))
    return periodic[axis] ? first...last : max(0, min(first, count - 1))...max(0, min(last, count - 1))
  }

  @inline(__always)
  private static func wrap(_ bin: Int, _ count: Int) -> (bin: Int, shift: Int) {
    if bin >= 0 && bin < count { return (bin, 0) }
    let shift = bin >= 0 ? bin / count : (bin + 1) / count - 1
    return (bin - shift * count, shift)
  }
}
