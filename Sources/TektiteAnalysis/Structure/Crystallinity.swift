import TektiteCore
import TektiteDynamics

/// How much of a frame is crystalline: atoms whose surroundings are turned like those of their neighbours.
///
/// Two neighbours share a solid-like bond where Σ_m q_lm(i) q*_lm(j) / (|q_l(i)| |q_l(j)|) is above a threshold; an atom with enough such bonds is
/// solid-like (ten Wolde, Ruiz-Montero, Frenkel 1996, doi:10.1063/1.471721). A liquid has some bonds, since neighbours share neighbours, but few atoms with many.
public struct Crystallinity: Hashable, Sendable {
  /// Which atoms are neighbours.
  public var neighbors: NeighborRule
  /// The degree of the harmonics.
  public var degree: Int
  /// The product above which a bond is solid-like.
  public var threshold: Double
  /// The fewest solid-like bonds of a solid-like atom.
  public var bonds: Int

  /// Makes a criterion. The defaults are those of crystal nucleation from dense liquids: the twelve nearest, degree 6, products above 0.7, at least seven of them.
  public init(neighbors: NeighborRule = .nearest(12), degree: Int = 6, threshold: Double = 0.7, bonds: Int = 7) {
    self.neighbors = neighbors
    self.degree = degree
    self.threshold = threshold
    self.bonds = bonds
  }

  /// What was found in a frame.
  public struct Result: Hashable, Sendable {
    /// The number of solid-like bonds of each atom.
    public var bonds: [Int]
    /// Whether each atom is solid-like.
    public var isSolid: [Bool]
    /// The averaged order q̄_l of each atom (Lechner and Dellago); not a number where it has no neighbours. In a liquid q̄₆ is below 0.25 or so, in fcc, hcp and bcc above 0.35.
    public var averagedOrder: [Double]
    /// The fraction of atoms that are solid-like; 0 without atoms.
    public var fraction: Double {
      isSolid.isEmpty ? 0 : Double(isSolid.count { $0 }) / Double(isSolid.count)
    }
  }

  /// Judges a frame.
  /// - Throws: `InputError` for a criterion that cannot be applied to these atoms: degrees outside 1 … 12, species without a radius, more nearest neighbours than atoms.
  public func callAsFunction(_ frame: Frame, _ topology: Topology) throws(InputError) -> Result {
    if let problem = problem(topology, frame.cell, .lj) { throw InputError(problem, file: "crystallinity") }
    guard frame.positions.count == topology.count else {
      throw InputError("\(frame.positions.count) positions for \(topology.count) atoms", file: "crystallinity")
    }
    return judge(NeighborFinder(neighbors, topology).table(frame))
  }

  /// Why it cannot be applied, or nil.
  func problem(_ topology: Topology, _ cell: Cell, _ units: Units) -> String? {
    if !(1...BondOrder.largestDegree).contains(degree) {
      return "a degree of \(degree) for solid-like bonds; degrees go from 1 to \(BondOrder.largestDegree)"
    }
    if !(threshold >= -1 && threshold <= 1) {
      return "a threshold of \(brief(threshold)) for solid-like bonds; products lie between -1 and 1"
    }
    if bonds < 1 { return "at least 1 solid-like bond makes an atom solid-like, not \(bonds)" }
    if case .nearest(let count) = neighbors, bonds > count {
      return "no atom has \(bonds) solid-like bonds among \(count) neighbours"
    }
    return neighbors.problem(topology, cell, units)
  }

  /// Judges a frame whose neighbours are known; the degree has been checked.
  func judge(_ table: NeighborTable) -> Result {
    var result = Result(
      bonds: [Int](repeating: 0, count: table.count), isSolid: [Bool](repeating: false, count: table.count),
      averagedOrder: [Double](repeating: .nan, count: table.count))
    guard let order = try? BondOrder(degrees: [degree]) else { return result }
    let moments = order.moments(table)
    let lengths = order.order(moments, 0, atoms: table.count)
    for atom in 0..<table.count {
      for entry in table[atom] {
        let other = Int(table.neighbors[entry])
        let product = moments.dot(atom, other, 0) / (lengths[atom] * lengths[other])
        if product > threshold { result.bonds[atom] += 1 }
      }
      result.isSolid[atom] = result.bonds[atom] >= bonds
    }
    result.averagedOrder = order.order(order.averaged(moments, table), 0, atoms: table.count)
    return result
  }
}
