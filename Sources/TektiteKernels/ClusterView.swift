/// A neighbour list for pair potentials. Atoms in slot order form clusters of `width` (slots w·k ..< w·k + w); each atom has runs of
/// clusters near it, each run under one lattice shift. Every pair of atoms within the list radius is covered once; pairs beyond the cutoff are covered
/// too and must be masked by whoever reads the list. Pairs within one cluster are not listed.
public struct ClusterView: ~Escapable {
  let chunks: UnsafeMutablePointer<ClusterChunk>
  let shifts: UnsafePointer<Vector3>
  /// How many pieces of work the list is cut into; depends on the problem only.
  public let chunkCount: Int
  /// Atoms in a cluster.
  public let width: Int
  /// The number of clusters.
  public let clusterCount: Int
  /// Near the middle of the atoms: what single-precision coordinates are best taken from.
  public let origin: Vector3
  /// How many entries all runs hold.
  public let entryCount: Int
  /// Changes with every rebuild.
  public let generation: Int

  @_lifetime(borrow list)
  init(_ list: borrowing ClusterList) {
    chunks = list.chunks
    shifts = UnsafePointer(list.shiftVectors.base)
    chunkCount = list.chunkCount
    width = list.width
    clusterCount = list.clusterCount
    origin = list.origin
    entryCount = list.entryCount
    generation = list.generation
  }
}
