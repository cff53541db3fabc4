/// A run of list entries of one atom that share a lattice shift.
@frozen
public struct ClusterSegment: BitwiseCopyable, Sendable {
  /// First entry, counted from the start of the chunk's entries.
  public var begin: Int32
  /// Number of entries.
  public var count: Int32
  /// The same for the entries that the last pruning kept.
  public var prunedBegin: Int32 = 0
  /// Number of entries kept.
  public var prunedCount: Int32 = 0
  /// Index of the lattice shift in the list's table of shifts.
  public var shift: Int32
  /// The atom's place in its cluster; kept while the list is being built.
  public var lane: Int16
  /// Whether the shift crosses the boundary of the first direction of the grid, so that neighbours lie in the chunk's second window.
  public var isWrapped: Bool

  /// Makes a segment.
  @inlinable public init(begin: Int32, count: Int32, shift: Int32, lane: Int16, isWrapped: Bool) {
    self.begin = begin
    self.count = count
    self.shift = shift
    self.lane = lane
    self.isWrapped = isWrapped
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
    base = Self.allocate(self.capacity)
  }

  /// Aligned to a cache line: a vector of 64 bytes that crosses from one line into the next is read at half the speed and written at less.
  @inlinable static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> {
    let bytes = capacity * MemoryLayout<Element>.stride
    return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
      to: Element.self, capacity: capacity)
  }

  /// Makes room for `extra` more elements; grows by half, so that repeated growth costs linear time.
  @inlinable public mutating func ensure(_ extra: Int) {
    if count + extra <= capacity { return }
    let grown = max(count + extra, capacity + capacity / 2)
    let moved = Self.allocate(grown)
    moved.update(from: base, count: count)
    free()
    base = moved
    capacity = grown
  }

  /// Frees the storage.
  @inlinable public func free() { UnsafeMutableRawPointer(base).deallocate() }
}

/// The part of a cluster list that one piece of parallel work builds and reads, and the windows of force accumulators it writes.
@frozen
public struct ClusterChunk {
  /// The clusters of this chunk.
  public var firstCluster = 0
  /// How many clusters.
  public var clusterCount = 0
  /// Neighbour entries within the list radius: cluster indices.
  public var entries: Arena<Int32>
  /// Those that the last pruning kept: 3 × cluster index, the offset of the cluster's block in units of its width.
  public var pruned: Arena<Int32>
  /// Runs of entries, atom by atom.
  public var segments: Arena<ClusterSegment>
  /// For each atom of the chunk, its first segment; one more at the end.
  public var starts: Arena<Int32>
  /// End of the window of clusters that begins with `firstCluster`.
  public var windowEnd = 0
  /// End of the second window, which begins with cluster 0 and is reached across the boundary.
  public var wrappedEnd = 0
  /// Accumulators of both windows, as 8-byte words.
  public var window: Arena<Double>
  /// Candidate clusters while an atom's neighbours are searched.
  public var candidates: Arena<Int32>
  /// Segments of one cluster before they are put in order of its atoms.
  public var pending: Arena<ClusterSegment>
  /// For each cluster, the search that met it last.
  public var stamps: Arena<Int32>

  /// Makes an empty chunk.
  @inlinable public init() {
    entries = Arena(capacity: 64)
    pruned = Arena(capacity: 64)
    segments = Arena(capacity: 16)
    starts = Arena(capacity: 16)
    window = Arena(capacity: 16)
    candidates = Arena(capacity: 256)
    pending = Arena(capacity: 64)
    stamps = Arena(capacity: 16)
  }

  /// Frees the storage.
  @inlinable public func free() {
    entries.free()
    pruned.free()
    segments.free()
    starts.free()
    window.free()
    candidates.free()
    pending.free()
    stamps.free()
  }

  /// Bytes held.
  @inlinable public var byteCount: Int {
    4 * (entries.capacity + pruned.capacity + starts.capacity + candidates.capacity + stamps.capacity) + 8
      * window.capacity
      + MemoryLayout<ClusterSegment>.stride * (segments.capacity + pending.capacity)
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

/// What the search for neighbours of clusters reads. Arrays of atoms are in slot order and padded by 16 elements, arrays of clusters by 8.
@frozen
public struct ClusterSearch {
  /// Number of atoms.
  public var count = 0
  /// Atoms in a cluster: 4, 8 or 16.
  public var width = 4
  /// Number of clusters.
  public var clusterCount = 0
  /// Number of species.
  public var speciesCount = 1
  /// The grid.
  public var grid = SearchGrid()
  /// First slot of each grid cell in grid order; one more at the end.
  public var cellStarts: UnsafePointer<Int32>
  /// Column (grid cell of direction 0) of each cluster's first atom.
  public var rows: UnsafePointer<Int32>
  /// Cartesian positions relative to a common origin: x, y, z.
  public var x: UnsafePointer<Float>, y: UnsafePointer<Float>, z: UnsafePointer<Float>
  /// Boxes around the clusters in grid coordinates: lowest and highest of each direction, six arrays `boxStride` apart.
  public var gridBoxes: UnsafePointer<Float>
  /// Boxes around the clusters in space: centre x, y, z and half edges x, y, z, six arrays `boxStride` apart.
  public var boxes: UnsafePointer<Float>
  /// Elements from one array of boxes to the next.
  public var boxStride = 0
  /// Species of each slot.
  public var species: UnsafePointer<Int32>
  /// For each species, for each slot: the squared list radius of the pair, `[species][slot]`; negative in the padding.
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
    cellStarts: UnsafePointer<Int32>, rows: UnsafePointer<Int32>, x: UnsafePointer<Float>, y: UnsafePointer<Float>,
    z: UnsafePointer<Float>, gridBoxes: UnsafePointer<Float>, boxes: UnsafePointer<Float>,
    species: UnsafePointer<Int32>,
    limits: UnsafePointer<Float>, shifts: UnsafePointer<Float>
  ) {
    self.cellStarts = cellStarts
    self.rows = rows
    self.x = x
    self.y = y
    self.z = z
    self.gridBoxes = gridBoxes
    self.boxes = boxes
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
  /// −u′/r = (a₁₂ r⁻⁶ − a₆) r⁻⁸ and u = (a₁₂/12 r⁻⁶ − a₆/6) r⁻⁶ + e₀.
  case lennardJones
  /// The same plus g₀ + g₁ r² in −u′/r and e₁ r² + e₂ r⁴ in u.
  case lennardJonesEven
  /// The same plus g₀/r in −u′/r and e₁ r in u.
  case lennardJonesLinear
  /// −u′/r = g₀/r + g₁ and u = e₀ + e₁ r + e₂ r².
  case harmonic
  /// A twelfth power of the mean of two diameters over the distance, with its cutoff in units of that mean, see `DiameterConstants`.
  case polydisperse
  /// Any function, as cubics on intervals of r², see `PairTableLayout`.
  case tabulated
}

/// Tables of the form `tabulated`. With y = r² · scale of a pair of species, the sign, exponent and leading digits of y as a whole number, plus the pair's start, are the number of a row;
/// intervals are therefore as many in each doubling of r², and their ends are numbers that lanes hold exactly. On a row −u′(r)/r is a cubic in y less the interval's start.
/// Distances below y = 1 continue the first row. A pair's column (`PairCoefficient`) holds the squared cutoff, the scale in place of a₁₂, and the start, as a bit pattern, in place of −a₆.
@frozen
public struct PairTableLayout: BitwiseCopyable {
  /// Four coefficients for each row, from the constant term up, in the arithmetic's precision.
  public var rows: UnsafeRawPointer
  /// u at the start of each row's interval.
  public var energies: UnsafeRawPointer
  /// Trailing bits of y that do not matter to which row it has.
  public var dropped = 0
  /// The leading bits of y = 1, from which rows are counted.
  public var first = 0

  /// Makes a layout of the given arrays.
  @inlinable public init(rows: UnsafeRawPointer, energies: UnsafeRawPointer) {
    self.rows = rows
    self.energies = energies
  }
}

/// Coefficients of the form `polydisperse`. With the diameters s, t of two atoms σ = (s + t)/2 · (1 − `nonadditivity` |s − t|), and with y = r²/σ²
/// u = `a12`/12 y⁻⁶ + e₀ + e₁ y + e₂ y² where y < `reachSquared`.
@frozen
public struct DiameterConstants: BitwiseCopyable, Sendable {
  /// The squared cutoff in units of σ².
  public var reachSquared = 0.0
  /// By how much the mean of two unlike diameters is smaller than their half sum, per difference; an inverse length.
  public var nonadditivity = 0.0
  /// Twelve times the strength of the repulsion.
  public var a12 = 0.0
  /// The polynomial in y that smooths the cutoff, or shifts the energy.
  public var e0 = 0.0, e1 = 0.0, e2 = 0.0
  /// Makes coefficients of nothing.
  @inlinable public init() {}
}

/// Rows of the coefficient table of a pair form; row k of species pair (i, j) is at `[(k × species + i) × species + j]`.
public enum PairCoefficient {
  /// Squared cutoff.
  public static let cutoffSquared = 0
  /// a₁₂ and −a₆.
  public static let a12 = 1, minusA6 = 2
  /// g₀, g₁ and e₀.
  public static let g0 = 3, g1 = 4, e0 = 5
  /// e₁ and e₂.
  public static let e1 = 6, e2 = 7
  /// Number of rows.
  public static let count = 9
}

/// What the pair kernels read and write. A cluster's block holds three runs of `width` numbers: x, y, z for positions and forces, or three coefficients.
@frozen
public struct ClusterForces {
  /// Number of atoms.
  public var count = 0
  /// Number of species.
  public var speciesCount = 1
  /// Blocks of positions, in the arithmetic's precision.
  public var blocks: UnsafeRawPointer
  /// Species of each slot.
  public var species: UnsafePointer<Int32>
  /// For each species i, for each cluster: blocks of (r_c², a₁₂, −a₆) against i, `coefficientStride` numbers from one species to the next.
  public var coefficients: UnsafeRawPointer
  /// The same for (g₀, g₁, e₀).
  public var secondCoefficients: UnsafeRawPointer
  /// The same for (e₁, e₂, –).
  public var thirdCoefficients: UnsafeRawPointer
  /// Numbers from one species to the next; 0 where blocks hold diameters.
  public var coefficientStride = 0
  /// What the form `polydisperse` needs besides the diameters; these are then the first run of each block of `coefficients`.
  public var diameters = DiameterConstants()
  /// What the form `tabulated` reads; no other looks at it.
  public var tables: PairTableLayout
  /// Lattice translations, Cartesian.
  public var shifts: UnsafePointer<Vector3>
  /// Energy and the virial's xx, yy, zz, xy, xz, yz for each chunk, 8 doubles apart; nil when only forces are wanted.
  public var sums: UnsafeMutablePointer<Double>?
  /// Whether the energy is computed: it asks more of each pair, the virial does not.
  public var isObserving = false
  /// Whether per-atom energies and virials are accumulated: seven runs more in each block of the windows.
  public var isAtomic = false

  /// Makes the arguments of a pair kernel.
  @inlinable public init(
    blocks: UnsafeRawPointer, species: UnsafePointer<Int32>, coefficients: UnsafeRawPointer,
    secondCoefficients: UnsafeRawPointer,
    thirdCoefficients: UnsafeRawPointer, tables: PairTableLayout, shifts: UnsafePointer<Vector3>
  ) {
    self.blocks = blocks
    self.species = species
    self.coefficients = coefficients
    self.secondCoefficients = secondCoefficients
    self.thirdCoefficients = thirdCoefficients
    self.tables = tables
    self.shifts = shifts
  }
}
