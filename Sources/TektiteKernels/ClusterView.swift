/// A neighbour list for pair potentials: atoms in slot order form clusters of four (slots 4k ..< 4k + 4), and each cluster has runs of
/// single neighbours, each run of one species and one lattice shift. A run holds every atom that is within the list radius of at least one
/// of the four; pairs beyond the cutoff must be masked by whoever reads it.
public struct ClusterView: ~Escapable {
  let chunks: UnsafeMutablePointer<ClusterChunk>
  let shifts: UnsafePointer<Vector3>
  /// How many pieces of work the list is cut into; depends on the problem only.
  public let chunkCount: Int
  /// Near the middle of the atoms: what single-precision coordinates are best taken from.
  public let origin: Vector3
  /// How many single neighbours all runs hold.
  public let entryCount: Int

  @_lifetime(borrow list)
  init(_ list: borrowing ClusterList) {
    chunks = list.chunks
    shifts = UnsafePointer(list.shiftVectors.base)
    chunkCount = list.chunkCount
    origin = list.origin
    entryCount = list.entryCount
  }
}
