import TektiteCore

/// The atoms in an order that suits sums over species: one species after the other, four atoms to a pack, the last pack of each
/// filled up with atoms that stay at the origin.
public struct Packing: Hashable, Sendable {
  /// The atoms of a species.
  public struct Group: Hashable, Sendable {
    /// The label of the species.
    public let label: String
    /// The number of atoms.
    public let count: Int
    /// Its packs.
    let packs: Range<Int>
    /// Atoms in its last pack that are not there.
    var padding: Int { 4 * packs.count - count }
  }

  /// The species that have atoms, in the order of the table.
  public let groups: [Group]
  /// The user's index of each place, -1 where there is no atom.
  let order: [Int32]
  /// The number of packs.
  var packs: Int { order.count / 4 }
  /// The number of atoms.
  public let count: Int

  /// By the user's index of an atom: the index of its group.
  var groupOfAtom: [Int] {
    var groupOfAtom = [Int](repeating: 0, count: count)
    for (index, group) in groups.enumerated() {
      for place in 4 * group.packs.lowerBound..<4 * group.packs.lowerBound + group.count {
        groupOfAtom[Int(order[place])] = index
      }
    }
    return groupOfAtom
  }

  /// Each pair of groups once, by their indices; the second is not before the first.
  var pairs: [(Int, Int)] { groups.indices.flatMap { a in (a..<groups.count).map { (a, $0) } } }
  /// The names of the pairs, and `all` behind them where there are several.
  var pairLabels: [String] {
    let labels = pairs.map { "\(groups[$0.0].label)-\(groups[$0.1].label)" }
    return labels.count > 1 ? labels + ["all"] : labels
  }

  /// Orders the atoms of a topology.
  public init(_ topology: Topology) {
    count = topology.count
    var groups: [Group] = []
    var order: [Int32] = []
    for (index, species) in topology.table.enumerated() {
      let first = order.count
      for atom in topology.species.indices where Int(topology.species[atom]) == index { order.append(Int32(atom)) }
      let members = order.count - first
      guard members > 0 else { continue }
      while order.count % 4 != 0 { order.append(-1) }
      groups.append(Group(label: species.label, count: members, packs: first / 4..<order.count / 4))
    }
    self.groups = groups
    self.order = order
  }
}

/// A vector for each atom, packed.
struct PackedVectors: Hashable, Sendable {
  var x: [SIMD4<Double>] = []
  var y: [SIMD4<Double>] = []
  var z: [SIMD4<Double>] = []

  init() {}

  /// Takes the vectors of a frame over. Nothing is allocated when there were as many before.
  mutating func fill(_ vectors: [Vector3], _ packing: Packing) {
    if x.count != packing.packs {
      x = [SIMD4<Double>](repeating: .zero, count: packing.packs)
      y = x
      z = x
    }
    for group in packing.groups {
      for pack in group.packs {
        let place = 4 * pack
        if pack == group.packs.upperBound - 1 && group.padding > 0 {
          fillTail(vectors, packing, pack, lanes: 4 - group.padding)
          continue
        }
        let a = vectors[Int(packing.order[place])]
        let b = vectors[Int(packing.order[place + 1])]
        let c = vectors[Int(packing.order[place + 2])]
        let d = vectors[Int(packing.order[place + 3])]
        x[pack] = SIMD4(a.x, b.x, c.x, d.x)
        y[pack] = SIMD4(a.y, b.y, c.y, d.y)
        z[pack] = SIMD4(a.z, b.z, c.z, d.z)
      }
    }
  }

  private mutating func fillTail(_ vectors: [Vector3], _ packing: Packing, _ pack: Int, lanes: Int) {
    for lane in 0..<lanes {
      let v = vectors[Int(packing.order[4 * pack + lane])]
      x[pack][lane] = v.x
      y[pack][lane] = v.y
      z[pack][lane] = v.z
    }
  }
}
