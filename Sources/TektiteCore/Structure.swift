/// One instant of a system, in the user's order of atoms and in internal units: what a trajectory stores.
public struct Frame: Hashable, Sendable {
  /// Steps since the stage began.
  public var step = 0
  /// Time since the stage began.
  public var time = 0.0
  /// The cell.
  public var cell = Cell.open
  /// Unwrapped positions.
  public var positions: [Vector3] = []
  /// Diameters, or empty where atoms have none.
  public var diameters: [Double] = []
  /// Velocities, or empty.
  public var velocities: [Vector3] = []
  /// Forces, or empty.
  public var forces: [Vector3] = []
  /// Potential energy, where it was computed.
  public var energy: Double?
  /// Per-atom energies, or empty.
  public var energies: [Double] = []
  /// Stress −W/V (tensile positive), where it was computed.
  public var stress: Matrix3?
  /// Standard deviation of the energy over the members of a committee, where it was computed.
  public var energySpread: Double?
  /// Root mean squared deviation of the force on each atom over the members of a committee, or empty.
  public var forceSpreads: [Double] = []

  /// Makes an empty frame.
  public init() {}
}

/// What a structure file holds: who the atoms are and where.
public struct Structure: Hashable, Sendable {
  /// A title or comment, may be empty.
  public var title = ""
  /// Species and masses.
  public var topology: Topology
  /// Cell, positions, and what else the file gave.
  public var frame: Frame

  /// Makes a structure.
  public init(topology: Topology, frame: Frame, title: String = "") {
    self.topology = topology
    self.frame = frame
    self.title = title
  }
  /// The number of atoms.
  public var count: Int { topology.count }
  /// The kinds of atoms with the range of the diameters that each has here, which tells a potential how far it must look.
  public var table: [Species] {
    guard frame.diameters.count == count else { return topology.table }
    var table = topology.table
    // No atoms have whatever diameters one likes.
    if count == 0 { for index in table.indices { table[index].diameters = 1...1 } }
    for (species, diameter) in zip(topology.species, frame.diameters) {
      let known = table[Int(species)].diameters
      table[Int(species)].diameters =
        known.map { min($0.lowerBound, diameter)...max($0.upperBound, diameter) } ?? diameter...diameter
    }
    return table
  }
}
