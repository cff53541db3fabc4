import TektiteCore

/// Which atoms have the neighbourhood of a crystal, by common neighbours (Honeycutt and Andersen 1987, doi:10.1021/j100303a014) with a cutoff for each atom
/// that follows from its nearest neighbours (Stukowski 2012, doi:10.1088/0965-0393/20/4/045021).
///
/// Two neighbours of an atom are bonded when they are nearer to one another than the cutoff. A bond of the atom is described by the number of common neighbours, of bonds
/// between these, and of bonds in the longest chain of them: fcc has twelve times (4, 2, 1), hcp six times that and six times (4, 2, 2), bcc eight times (6, 6, 6) and six times (4, 4, 4).
/// It knows crystals of atoms of about one size: the fcc of A atoms in which the Kob-Andersen mixture crystallises, say, but not one of two species on a lattice of their own.
enum CommonNeighbors {
  /// Fractions of all atoms.
  struct Fractions: Hashable, Sendable {
    var fcc: Double
    var hcp: Double
    var bcc: Double
    /// All of them.
    var crystalline: Double { fcc + hcp + bcc }
  }

  /// The kinds of neighbourhoods.
  enum Kind: Hashable, Sendable {
    case fcc, hcp, bcc, other
  }

  /// The fractions of a frame's atoms; zero for a frame without atoms.
  static func fractions(of frame: Frame) -> Fractions {
    let kinds = kinds(of: frame)
    guard !kinds.isEmpty else { return Fractions(fcc: 0, hcp: 0, bcc: 0) }
    func part(_ kind: Kind) -> Double { Double(kinds.count { $0 == kind }) / Double(kinds.count) }
    return Fractions(fcc: part(.fcc), hcp: part(.hcp), bcc: part(.bcc))
  }

  /// The kind of each atom's neighbourhood.
  static func kinds(of frame: Frame) -> [Kind] {
    let nearest = NeighborFinder(nearest: 14).table(frame)
    return (0..<nearest.count).map { kind(Array(nearest.vectors[nearest[$0]])) }
  }

  /// The kind of a neighbourhood, from the vectors to the nearest atoms, nearest first.
  static func kind(_ vectors: [Vector3]) -> Kind {
    // Halfway between the first and the second shell: (1 + √2)/2 nearest distances in close packing; in bcc the second shell still counts, at 2/√3.
    if vectors.count >= 12 {
      let near = Array(vectors.prefix(12))
      let mean = near.reduce(0.0) { $0 + $1.length } / 12
      let bonds = signatures(near, cutoff: mean * (1 + 2.0.squareRoot()) / 2)
      let cubic = bonds.count { $0 == Signature(neighbors: 4, bonds: 2, chain: 1) }
      let hexagonal = bonds.count { $0 == Signature(neighbors: 4, bonds: 2, chain: 2) }
      if cubic == 12 { return .fcc }
      if cubic == 6, hexagonal == 6 { return .hcp }
    }
    if vectors.count >= 14 {
      let near = Array(vectors.prefix(14))
      // The mean side of the cube by all fourteen.
      let diagonals = near.prefix(8).reduce(0.0) { $0 + $1.length }
      let sides = near.suffix(6).reduce(0.0) { $0 + $1.length }
      let edge: Double = (diagonals * 2 / 3.0.squareRoot() + sides) / 14
      let bonds = signatures(near, cutoff: edge * (1 + 2.0.squareRoot()) / 2)
      let diagonal = bonds.count { $0 == Signature(neighbors: 6, bonds: 6, chain: 6) }
      let axial = bonds.count { $0 == Signature(neighbors: 4, bonds: 4, chain: 4) }
      if diagonal == 8, axial == 6 { return .bcc }
    }
    return .other
  }

  /// What describes a bond.
  struct Signature: Hashable {
    var neighbors: Int
    var bonds: Int
    var chain: Int
  }

  private static func signatures(_ near: [Vector3], cutoff: Double) -> [Signature] {
    let limit = cutoff * cutoff
    let n = near.count
    var bonded = [UInt16](repeating: 0, count: n)
    for i in 0..<n {
      for j in 0..<n where i != j && (near[j] - near[i]).lengthSquared < limit { bonded[i] |= 1 << UInt16(j) }
    }
    return (0..<n).map { i in
      let common = (0..<n).filter { bonded[i] & (1 << UInt16($0)) != 0 }
      var bonds: [(Int, Int)] = []
      for (k, a) in common.enumerated() {
        for b in common[(k + 1)...] where bonded[a] & (1 << UInt16(b)) != 0 { bonds.append((a, b)) }
      }
      return Signature(neighbors: common.count, bonds: bonds.count, chain: longestChain(bonds))
    }
  }

  /// The number of bonds in the largest set of them that hang together.
  private static func longestChain(_ bonds: [(Int, Int)]) -> Int {
    var left = bonds
    var longest = 0
    while let first = left.popLast() {
      var members: Set<Int> = [first.0, first.1]
      var length = 1
      var isGrowing = true
      while isGrowing {
        isGrowing = false
        left.removeAll { bond in
          guard members.contains(bond.0) || members.contains(bond.1) else { return false }
          members.insert(bond.0)
          members.insert(bond.1)
          length += 1
          isGrowing = true
          return true
        }
      }
      longest = max(longest, length)
    }
    return longest
  }
}
