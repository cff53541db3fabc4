import TektiteKernels

/// The atoms of a simulation. Slots are kept in an order that suits the caches and change places when neighbour lists are rebuilt;
/// `identity` says which of the user's atoms sits in a slot, and everything that leaves the engine is put back in the user's order.
///
/// Positions are wrapped into the cell when lists are rebuilt; `images` counts the crossings.
public struct System: ~Copyable {
  /// The kinds of atoms.
  public let table: [Species]
  /// The units of every number here.
  public let units: Units
  /// The cell.
  public var cell: Cell
  /// Position of each slot.
  public var positions: Buffer<Vector3>
  /// Velocity of each slot.
  public var velocities: Buffer<Vector3>
  /// Mass of each slot.
  public var masses: Buffer<Double>
  /// Species index of each slot.
  public var species: Buffer<Int32>
  /// Diameter of each slot; its count is 0 where atoms have none. Whoever changes diameters must invalidate the force field's list.
  public var diameters: Buffer<Double>
  /// Cell crossings of each slot.
  public var images: Buffer<ImageCount>
  /// The user's index of the atom in each slot.
  public var identity: Buffer<Int32>

  /// Makes a system from a structure; missing velocities are zero.
  public init(_ structure: Structure, units: Units) {
    let n = structure.count
    precondition(structure.frame.positions.count == n, "\(structure.frame.positions.count) positions for \(n) atoms")
    precondition(
      structure.frame.diameters.isEmpty || structure.frame.diameters.count == n,
      "\(structure.frame.diameters.count) diameters for \(n) atoms")
    table = structure.table
    self.units = units
    cell = structure.frame.cell
    positions = Buffer(structure.frame.positions)
    velocities = structure.frame.velocities.count == n ? Buffer(structure.frame.velocities) : Buffer(count: n)
    masses = Buffer(structure.topology.masses)
    species = Buffer(structure.topology.species)
    diameters = Buffer(structure.frame.diameters)
    images = Buffer(count: n)
    identity = Buffer((0..<Int32(n)).map { $0 })
  }

  /// The number of atoms.
  public var count: Int { positions.count }

  /// Exchanges the atoms with those of a set of buffers: lends them to a rebuild, or takes them back.
  mutating func exchange(_ atoms: inout AtomBuffers) {
    swap(&positions, &atoms.positions)
    swap(&velocities, &atoms.velocities)
    swap(&masses, &atoms.masses)
    swap(&species, &atoms.species)
    swap(&diameters, &atoms.diameters)
    swap(&images, &atoms.images)
    swap(&identity, &atoms.identity)
  }

  /// Species and masses in the user's order.
  public var topology: Topology {
    var species = [Int32](repeating: 0, count: count)
    var masses = [Double](repeating: 0, count: count)
    for slot in 0..<count {
      species[Int(identity[slot])] = self.species[slot]
      masses[Int(identity[slot])] = self.masses[slot]
    }
    // Diameters belong to frames.
    let table = table.map { species in
      var kind = species
      kind.diameters = nil
      return kind
    }
    return Topology(table: table, species: species, masses: masses)
  }

  /// Fills a frame's cell, unwrapped positions, diameters and, if asked for, velocities, in the user's order. Nothing is allocated when the frame
  /// has been used before.
  public func copy(into frame: inout Frame, velocities wantsVelocities: Bool = true) {
    frame.cell = cell
    Self.resize(&frame.positions, count)
    Self.resize(&frame.velocities, wantsVelocities ? count : 0)
    if diameters.count == count, count > 0 {
      scatter(diameters, into: &frame.diameters)
    } else {
      frame.diameters = []
    }
    let h = cell.vectors
    for slot in 0..<count {
      let i = Int(identity[slot])
      let n = images[slot]
      frame.positions[i] =
        n == .zero ? positions[slot] : positions[slot] + Vector3(Double(n.a), Double(n.b), Double(n.c)) * h
      if wantsVelocities { frame.velocities[i] = velocities[slot] }
    }
  }

  /// Puts a per-slot buffer into the user's order.
  public func scatter(_ values: borrowing Buffer<Vector3>, into array: inout [Vector3]) {
    Self.resize(&array, count)
    for slot in 0..<count { array[Int(identity[slot])] = values[slot] }
  }

  /// Puts a per-slot buffer into the user's order.
  public func scatter(_ values: borrowing Buffer<Double>, into array: inout [Double]) {
    if array.count != count { array = [Double](repeating: 0, count: count) }
    for slot in 0..<count { array[Int(identity[slot])] = values[slot] }
  }

  private static func resize(_ array: inout [Vector3], _ count: Int) {
    if array.count != count { array = [Vector3](repeating: .zero, count: count) }
  }
}
