import TektiteCore

/// Finds which atoms of a frame are near each other, in time proportional to their number, for any cell: skewed, smaller than the radius,
/// open in some directions or in all.
///
/// It is the search that serves the forces of a run, with its memory kept from frame to frame. One that is shared by copies of an observable must
/// not be used by two threads at a time.
final class NeighborSearch {
  private var storage: Storage

  /// - Parameter threads: how many search; the neighbours and their order do not depend on it.
  init(threads: Int = 1) { storage = Storage(ThreadTeam(threads: threads)) }

  /// Finds the pairs closer than a radius.
  /// - Returns: false where a position is not finite, so that nothing is near anything.
  func find(_ frame: Frame, radius: Double) -> Bool { storage.find(frame, radius: radius) }

  /// The user's index of the atom in each place of the search's own order.
  var order: [Int32] { storage.atoms.identity.array() }

  /// Calls `body` once with each pair of different atoms that was found, by their places in `order`; twice where two images are within the radius.
  @inline(__always)
  func forEachPair(_ body: (_ first: Int, _ second: Int) -> Void) { storage.forEachPair(body) }

  /// What was found as a table in the user's order: of all neighbours, or of those that `isNear` says.
  /// - Parameter isNear: told the user's indices of centre and neighbour and their squared distance.
  func table(where isNear: (_ center: Int, _ neighbor: Int, _ square: Double) -> Bool) -> NeighborTable {
    storage.table(where: isNear)
  }
}

/// The memory of a search.
private struct Storage: ~Copyable {
  private var clusters = ClusterList()
  private(set) var atoms = AtomBuffers()
  private var offsets = Buffer<Int>(count: 1)
  private var neighbors = Buffer<Int32>()
  private var shifts = Buffer<LatticeShift>()
  private let team: ThreadTeam
  private var basis = Matrix3.identity

  init(_ team: ThreadTeam) { self.team = team }

  mutating func find(_ frame: Frame, radius: Double) -> Bool {
    let n = frame.positions.count
    atoms.positions = Buffer(frame.positions)
    atoms.images = Buffer(count: n)
    atoms.identity = Buffer((0..<Int32(n)).map { $0 })
    // Velocities, masses and species travel along in the engine; here they only have to be there.
    atoms.velocities.resize(n)
    atoms.masses.resize(n)
    atoms.species = Buffer(count: n)
    guard firstNotFinite(atoms.positions, team: team) == nil else { return false }
    let cell = frame.cell
    basis = cell.basis
    clusters.rebuild(
      &atoms, geometry: CellGeometry(basis: basis, periodic: (cell.periodic.a, cell.periodic.b, cell.periodic.c)),
      radii: [radius], isRestoring: false, team: team)
    clusters.fillEdges(
      positions: atoms.positions, radius: radius, offsets: &offsets, neighbors: &neighbors, shifts: &shifts)
    return true
  }

  @inline(__always)
  func forEachPair(_ body: (_ first: Int, _ second: Int) -> Void) {
    let (offsets, neighbors) = (self.offsets.span, self.neighbors.span)
    for first in 0..<atoms.positions.count {
      for edge in offsets[first]..<offsets[first + 1] {
        let second = Int(neighbors[edge])
        if second > first { body(first, second) }
      }
    }
  }

  func table(where isNear: (_ center: Int, _ neighbor: Int, _ square: Double) -> Bool) -> NeighborTable {
    let (offsets, neighbors, shifts) = (self.offsets.span, self.neighbors.span, self.shifts.span)
    let (positions, identity) = (atoms.positions.span, atoms.identity.span)
    var table = NeighborTable(atoms: positions.count)
    table.reserve(neighbors.count)
    var places = [Int](repeating: 0, count: positions.count)
    for place in places.indices { places[Int(identity[place])] = place }
    for center in places.indices {
      let place = places[center]
      for edge in offsets[place]..<offsets[place + 1] {
        let other = Int(neighbors[edge])
        let s = shifts[edge]
        var vector = positions[other] - positions[place]
        if s != .zero { vector += Vector3(Double(s.a), Double(s.b), Double(s.c)) * basis }
        let neighbor = Int(identity[other])
        if isNear(center, neighbor, vector.lengthSquared) { table.append(neighbor, vector) }
      }
      table.endRow()
    }
    return table
  }
}
