/// A kind of atom as potentials tell them apart: a chemical element, or a free label such as `A`.
public struct Species: Hashable, Sendable {
  /// The label in decks, structure files and tables.
  public var label: String
  /// The mass in units of the system.
  public var mass: Double
  /// The chemical element, if the label is one (or a deck says so).
  public var element: Element?
  /// The range of the diameters of its atoms, where they have one each.
  public var diameters: ClosedRange<Double>?

  /// Makes a species. Without a mass, an element's standard atomic weight is taken, and 1 for a free label.
  public init(_ label: String, mass: Double? = nil, element: Element? = nil) {
    self.label = label
    let known = element ?? Element(symbol: label)
    self.element = known
    self.mass = mass ?? known?.mass ?? 1
  }
}

/// What stays the same along a trajectory: the species of each atom and its mass, in the user's order of atoms.
public struct Topology: Hashable, Sendable {
  /// The kinds of atoms.
  public var table: [Species]
  /// For each atom, the index of its species in `table`.
  public var species: [Int32]
  /// For each atom, its mass.
  public var masses: [Double]

  /// Makes a topology; without masses, those of the species are taken.
  public init(table: [Species], species: [Int32], masses: [Double]? = nil) {
    self.table = table
    self.species = species
    self.masses = masses ?? species.map { table[Int($0)].mass }
  }

  /// The number of atoms.
  public var count: Int { species.count }
  /// The number of atoms of each species in the table.
  public var composition: [Int] {
    var counts = [Int](repeating: 0, count: table.count)
    for s in species { counts[Int(s)] += 1 }
    return counts
  }
}
