import TektiteCore

/// Neighbours found by looking at every image of every atom: slow, short, and independent of the lists of the engine.
/// Atoms may lie anywhere, also many cells away.
public enum BruteForce {
  /// One image of an atom as another sees it.
  public struct Image: Hashable, Sendable {
    /// The lattice translation S.
    public var shift: LatticeShift
    /// r_j − r_i + S·H.
    public var vector: Vector3
  }

  /// A directed pair: j, translated by S, is a neighbour of i.
  public struct Pair: Hashable, Sendable {
    /// The centre.
    public var i: Int
    /// The neighbour.
    public var j: Int
    /// The lattice translation of the neighbour.
    public var shift: LatticeShift
    /// r_j − r_i + S·H.
    public var vector: Vector3

    /// Makes a pair.
    public init(i: Int, j: Int, shift: LatticeShift, vector: Vector3) {
      self.i = i
      self.j = j
      self.shift = shift
      self.vector = vector
    }
  }

  /// All images of the point `to` closer than `radius` to the point `from`, the unshifted one included.
  public static func images(from: Vector3, to: Vector3, cell: Cell, radius: Double) -> [Image] {
    let difference = to - from
    // In fractional coordinates the images within reach of axis k are those with |f_k + s_k| < radius / width_k.
    let fraction = difference * cell.basis.inverse
    let widths = cell.widths
    var low = [0, 0, 0]
    var high = [0, 0, 0]
    for axis in 0..<3 where cell.periodic[axis] {
      low[axis] = Int((-fraction[axis] - radius / widths[axis]).rounded(.down))
      high[axis] = Int((-fraction[axis] + radius / widths[axis]).rounded(.up))
    }
    var found: [Image] = []
    for a in low[0]...high[0] {
      for b in low[1]...high[1] {
        for c in low[2]...high[2] {
          let shift = LatticeShift(Int16(a), Int16(b), Int16(c))
          let vector = difference + Vector3(Double(a), Double(b), Double(c)) * cell.vectors
          if vector.lengthSquared < radius * radius { found.append(Image(shift: shift, vector: vector)) }
        }
      }
    }
    return found
  }

  /// Every directed pair closer than `radius`; both (i, j, S) and (j, i, −S) are in the list, and an atom's own images too.
  /// - Complexity: O(N² × images).
  public static func pairs(_ positions: [Vector3], cell: Cell, radius: Double) -> [Pair] {
    var found: [Pair] = []
    for i in positions.indices {
      for j in positions.indices {
        for image in images(from: positions[i], to: positions[j], cell: cell, radius: radius) {
          if i == j && image.shift == .zero { continue }
          found.append(Pair(i: i, j: j, shift: image.shift, vector: image.vector))
        }
      }
    }
    return found
  }
}
