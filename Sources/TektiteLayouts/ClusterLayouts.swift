/// A run of list entries of one cluster that share a lattice shift and a species.
@frozen
public struct ClusterSegment: BitwiseCopyable, Sendable {
  /// First entry, counted from the start of the chunk's entries.
  public var begin: Int32
  /// Number of entries.
  public var count: Int32
  /// Index of the lattice shift in the list's table of shifts.
  public var shift: Int32
  /// Species of all neighbours in the run; ~species (negative) for a run of the cluster's own members.
  public var species: Int32

  /// Makes a segment.
  @inlinable public init(begin: Int32, count: Int32, shift: Int32, species: Int32) {
    self.begin = begin
    self.count = count
    self.shift = shift
    self.species = species
  }
}

/// Growable raw storage that a list build appends to. One owner, the cluster list, frees it.
@frozen
public struct Arena<Element: BitwiseCopyable> {
  /// The elements.
  public var base: UnsafeMutablePointer<Element>
  /// How many are used.
  public var count = 0
  /// How many fit.
  public var capacity: Int

  /// Allocates room for `capacity` elements.
  @inlinable public init(capacity: Int) {
    self.capacity = max(capacity, 16)
    base = .allocate(capacity: self.capacity)
  }

  /// Makes room for `extra` more elements; grows by half, so that repeated growth costs linear time.
  @inlinable public mutating func ensure(_ extra: Int) {
    if count + extra <= capacity { return }
    let grown = max(count + extra, capacity + capacity / 2)
    let moved = UnsafeMutablePointer<Element>.allocate(capacity: grown)
    moved.update(from: base, count: count)
    base.deallocate()
    base = moved
    capacity = grown
  }

  /// Frees the storage.
  @inlinable public func free() { base.deallocate() }
}

/// The part of a cluster list that one piece of parallel work builds and reads.
@frozen
public struct ClusterChunk {
  /// The clusters of this chunk.
  public var firstCluster: Int
  /// How many clusters follow.
  public var clusterCount: Int
  /// Neighbour entries: 3 × slot, the offset of the atom's x in an array of xyz triples.
  public var entries: Arena<Int32>
  /// Runs of entries, cluster by cluster.
  public var segments: Arena<ClusterSegment>
  /// For each cluster of the chunk, its first segment; one more at the end.
  public var starts: Arena<Int32>
  /// One growing run for each species while a cluster is searched.
  public var scratch: UnsafeMutablePointer<Arena<Int32>>
  /// How many runs there are.
  public var scratchCount: Int

  /// Makes an empty chunk.
  @inlinable public init() {
    firstCluster = 0
    clusterCount = 0
    entries = Arena(capacity: 64)
    segments = Arena(capacity: 16)
    starts = Arena(capacity: 16)
    scratch = .allocate(capacity: 1)
    scratchCount = 0
  }

  /// Makes sure that there is a run for each species.
  @inlinable public mutating func prepareScratch(species: Int) {
    if scratchCount >= species { return }
    let grown = UnsafeMutablePointer<Arena<Int32>>.allocate(capacity: species)
    for k in 0..<species { grown[k] = k < scratchCount ? scratch[k] : Arena(capacity: 256) }
    scratch.deallocate()
    scratch = grown
    scratchCount = species
  }

  /// Frees the storage.
  @inlinable public func free() {
    for k in 0..<scratchCount { scratch[k].free() }
    scratch.deallocate()
    entries.free()
    segments.free()
    starts.free()
  }
}

/// The grid that atoms are sorted by: columns over the first two directions, fine bins along the third. Grid coordinates u are
/// distances measured perpendicular to the faces of the cell, so |Δu_k| ≤ |Δr| for any shape of cell.
@frozen
public struct SearchGrid: BitwiseCopyable, Sendable {
  /// Columns along directions 0 and 1, bins along direction 2.
  public var n0 = 1, n1 = 1, n2 = 1
  /// Extent of the grid in u (the width of the cell where it repeats).
  public var width0: Float = 1, width1: Float = 1, width2: Float = 1
  /// Whether each direction repeats.
  public var periodic0 = false, periodic1 = false, periodic2 = false
  /// Whether the three directions are perpendicular, so that Δu adds in squares.
  public var orthogonal = false

  /// Makes a grid of one cell.
  @inlinable public init() {}

  /// The place of a column and bin in the order of atoms: columns go to and fro, bins up and down, so that neighbours in the order
  /// are neighbours in space.
  @inlinable public func index(_ i0: Int, _ i1: Int, _ i2: Int) -> Int {
    let j1 = i0 & 1 == 0 ? i1 : n1 - 1 - i1
    let column = i0 * n1 + j1
    return column * n2 + (column & 1 == 0 ? i2 : n2 - 1 - i2)
  }
}

/// What the search for neighbours of clusters reads. Arrays are in slot order and padded by 8 elements.
@frozen
public struct ClusterSearch {
  /// Number of atoms.
  public var count = 0
  /// Number of species.
  public var speciesCount = 1
  /// The grid.
  public var grid = SearchGrid()
  /// First slot of each grid cell in grid order; one more at the end.
  public var cellStarts: UnsafePointer<Int32>
  /// Cartesian positions relative to a common origin.
  public var x: UnsafePointer<Float>, y: UnsafePointer<Float>, z: UnsafePointer<Float>
  /// Grid coordinates.
  public var u0: UnsafePointer<Float>, u1: UnsafePointer<Float>, u2: UnsafePointer<Float>
  /// Species of each slot.
  public var species: UnsafePointer<Int32>
  /// For each species, for each slot: the squared list radius of the pair, `[species][slot]`.
  public var limits: UnsafePointer<Float>
  /// Elements from one species to the next in `limits`.
  public var limitStride = 0
  /// The largest list radius.
  public var radius: Float = 0
  /// Lattice translations as Cartesian vectors, three floats each.
  public var shifts: UnsafePointer<Float>
  /// The table of shifts holds multiples −reach … reach of each direction, the last direction fastest.
  public var reach0 = 0, reach1 = 0, reach2 = 0

  /// Makes a search over the given arrays.
  @inlinable public init(
    cellStarts: UnsafePointer<Int32>, x: UnsafePointer<Float>, y: UnsafePointer<Float>, z: UnsafePointer<Float>,
    u0: UnsafePointer<Float>, u1: UnsafePointer<Float>, u2: UnsafePointer<Float>, species: UnsafePointer<Int32>,
    limits: UnsafePointer<Float>, shifts: UnsafePointer<Float>
  ) {
    self.cellStarts = cellStarts
    self.x = x
    self.y = y
    self.z = z
    self.u0 = u0
    self.u1 = u1
    self.u2 = u2
    self.species = species
    self.limits = limits
    self.shifts = shifts
  }

  /// The index of a shift in the table.
  @inlinable public func shiftIndex(_ a: Int, _ b: Int, _ c: Int) -> Int {
    ((a + reach0) * (2 * reach1 + 1) + b + reach1) * (2 * reach2 + 1) + c + reach2
  }
}

/// The forms of pair interaction that the kernels know. Coefficients of a pair of species are scalars, see `PairCoefficient`.
public enum PairFormKind: Int, Sendable {
  /// −u′/r = (a₁₂ r⁻⁶ − a₆) r⁻⁸.
  case lennardJones
  /// The same plus g₀ + g₁ r².
  case lennardJonesEven
  /// The same plus g₀/r.
  case lennardJonesLinear
}

/// Rows of the coefficient table of a pair form; row k of species pair (i, j) is at `[(k × species + i) × species + j]`.
public enum PairCoefficient {
  /// Squared cutoff.
  public static let cutoffSquared = 0
  /// a₁₂ and a₆ of the force.
  public static let a12 = 1, a6 = 2
  /// g₀ and g₁ of the force.
  public static let g0 = 3, g1 = 4
  /// Energy: e₁₂ r⁻¹² − e₆ r⁻⁶ + e₀ + e₁ q + e₂ q², q = r² (even form) or r (linear form).
  public static let e12 = 5, e6 = 6, e0 = 7, e1 = 8, e2 = 9
  /// Number of rows.
  public static let count = 10
}

/// What the pair kernels read and write.
@frozen
public struct ClusterForces {
  /// Positions in the arithmetic's precision: xyz triples (`Double` as the system has them, or `Float` relative to `origin`).
  public var positions: UnsafeRawPointer
  /// Positions of the system.
  public var centers: UnsafePointer<Vector3>
  /// What float positions are relative to; zero in double precision.
  public var origin = Vector3.zero
  /// Species of each slot.
  public var species: UnsafePointer<Int32>
  /// Number of atoms.
  public var count = 0
  /// Number of species.
  public var speciesCount = 1
  /// Coefficients in the arithmetic's precision.
  public var coefficients: UnsafeRawPointer
  /// Lattice translations, Cartesian.
  public var shifts: UnsafePointer<Vector3>
  /// Forces to add to.
  public var forces: UnsafeMutablePointer<Vector3>
  /// Per-atom energies to add to, or nil.
  public var atomicEnergies: UnsafeMutablePointer<Double>?
  /// Per-atom virials to add to, or nil.
  public var atomicVirials: UnsafeMutablePointer<Matrix3>?
  /// Energy and the virial's xx, yy, zz, xy, xz, yz for each chunk, 8 doubles apart; nil when only forces are wanted.
  public var sums: UnsafeMutablePointer<Double>?

  /// Makes the arguments of a pair kernel.
  @inlinable public init(
    positions: UnsafeRawPointer, centers: UnsafePointer<Vector3>, species: UnsafePointer<Int32>, coefficients: UnsafeRawPointer,
    shifts: UnsafePointer<Vector3>, forces: UnsafeMutablePointer<Vector3>
  ) {
    self.positions = positions
    self.centers = centers
    self.species = species
    self.coefficients = coefficients
    self.shifts = shifts
    self.forces = forces
  }
}
