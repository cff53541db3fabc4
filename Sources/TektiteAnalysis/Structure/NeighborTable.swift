import TektiteCore

/// The neighbours of each atom, one row after the other in the user's order. An atom may occur in a row several times, through its images, and in
/// its own row.
struct NeighborTable: Hashable, Sendable {
  /// Where each row begins; one more at the end.
  private(set) var offsets: [Int] = [0]
  /// The neighbour of each entry.
  private(set) var neighbors: [Int32] = []
  /// From the centre to the neighbour's image.
  private(set) var vectors: [Vector3] = []

  /// Makes an empty table.
  init(atoms: Int) { offsets.reserveCapacity(atoms + 1) }

  /// The number of rows that are complete.
  var count: Int { offsets.count - 1 }

  /// The entries of an atom.
  subscript(atom: Int) -> Range<Int> { offsets[atom]..<offsets[atom + 1] }

  mutating func reserve(_ entries: Int) {
    neighbors.reserveCapacity(entries)
    vectors.reserveCapacity(entries)
  }

  /// Adds an entry to the row that is being written.
  mutating func append(_ neighbor: Int, _ vector: Vector3) {
    neighbors.append(Int32(truncatingIfNeeded: neighbor))
    vectors.append(vector)
  }

  /// The next entry belongs to the next atom.
  mutating func endRow() { offsets.append(neighbors.count) }
}
