/// Makes a structure from counts of species: on a lattice that fits the cell, or at random. The same seed gives the same structure.
///
/// On a lattice, the unit cells are stretched to fit the cell exactly. When the counts do not fill them, sites left empty are chosen at random
/// (see `Lattice.grid`). Which species sits where is random too. Atoms come in the order of `counts`, one species after another.
///
/// - Complexity: O(N) in time and memory.
public struct StructureBuilder: Sendable {
  /// How many atoms of a species there are.
  public struct Count: Hashable, Sendable {
    /// The species.
    public var species: Species
    /// The number of its atoms.
    public var count: Int
    /// Makes a count.
    public init(_ species: Species, _ count: Int) {
      self.species = species
      self.count = count
    }
  }

  /// A structure with what was attained.
  public struct Result: Sendable {
    /// The structure; velocities are empty.
    public var structure: Structure
    /// Lattice sites that stayed empty.
    public var vacancies = 0
    /// The minimum distance that a random structure kept, after any relaxation; nil for a lattice.
    public var minimumDistance: Double?
  }

  /// Where atoms sit.
  public var lattice: Lattice
  /// Species and numbers.
  public var counts: [Count]
  /// The cell, with three lattice vectors, or two if it is planar, periodic or not.
  public var cell: Cell
  /// The distance that random atoms should keep; nil for 0.7 (V/N)^(1/3), or 0.7 (A/N)^(1/2) in a plane. Where atoms no longer find room, it shrinks by 5 % and again.
  public var minimumDistance: Double?
  /// The seed.
  public var seed: UInt64

  /// Makes a builder.
  /// - Precondition: counts are not negative and sum to less than 2³¹; `cell.validate()` is nil and no lattice vector is null.
  public init(_ lattice: Lattice, counts: [Count], cell: Cell, minimumDistance: Double? = nil, seed: UInt64) {
    self.lattice = lattice
    self.counts = counts
    self.cell = cell
    self.minimumDistance = minimumDistance
    self.seed = seed
    precondition(counts.allSatisfy { $0.count >= 0 } && count <= Int32.max, "counts that no structure can have")
    precondition(
      cell.validate() == nil
        && (cell.isPlanar ? cell.vectors.a.cross(cell.vectors.b) != .zero : cell.vectors.determinant != 0),
      "a cell without volume")
    precondition(lattice.dimensions ?? cell.dimensions == cell.dimensions, "a lattice in a cell of other dimensions")
  }

  /// The number of atoms.
  public var count: Int { counts.reduce(0) { $0 + $1.count } }

  /// Builds the structure.
  public func build() -> Result {
    var numbers = DrawnNumbers(seed: seed)
    var frame = Frame()
    frame.cell = cell
    var vacancies = 0
    var kept: Double?
    if lattice == .random {
      var placement = RandomPlacement(count: count, in: cell, distance: minimumDistance)
      frame.positions = placement.place(&numbers)
      kept = placement.distance
    } else {
      let sites = latticeSites(&numbers)
      vacancies = sites.vacancies
      frame.positions = sites.positions
    }
    var species: [Int32] = []
    species.reserveCapacity(count)
    for (index, entry) in counts.enumerated() {
      species.append(contentsOf: repeatElement(Int32(index), count: entry.count))
    }
    let topology = Topology(table: counts.map(\.species), species: species)
    return Result(
      structure: Structure(topology: topology, frame: frame, title: "built: \(lattice.rawValue)"), vacancies: vacancies,
      minimumDistance: kept)
  }

  // Draws `count` of the sites in random order (the beginning of a Fisher-Yates shuffle), which shuffles species and vacancies at once.
  private func latticeSites(_ numbers: inout DrawnNumbers) -> (positions: [Vector3], vacancies: Int) {
    let (na, nb, nc) = lattice.grid(for: count, in: cell)
    let basis = lattice.basis
    let total = na * nb * nc * basis.count
    var order = Array(0..<UInt32(total))
    var positions: [Vector3] = []
    positions.reserveCapacity(count)
    for k in 0..<count {
      order.swapAt(k, k + numbers.index(below: total - k))
      let site = Int(order[k])
      let unit = site / basis.count
      // An eighth of a cell keeps every site off the faces.
      let f = basis[site % basis.count] + Vector3(0.125, 0.125, 0.125)
      let (a, b, c) = (unit / (nb * nc), unit / nc % nb, unit % nc)
      let fraction = Vector3(
        (Double(a) + f.x) / Double(na), (Double(b) + f.y) / Double(nb), (Double(c) + f.z) / Double(nc))
      positions.append(fraction * cell.vectors)
    }
    return (positions, total - count)
  }
}
