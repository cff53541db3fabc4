/// Everything of a system that is stored by slot, lent to a rebuild so that it can wrap positions and change the order of atoms.
public struct AtomBuffers: ~Copyable {
  /// Positions.
  public var positions = Buffer<Vector3>()
  /// Velocities.
  public var velocities = Buffer<Vector3>()
  /// Masses.
  public var masses = Buffer<Double>()
  /// Species indices.
  public var species = Buffer<Int32>()
  /// Diameters; their count is 0 where atoms have none.
  public var diameters = Buffer<Double>()
  /// What the list tells atoms apart by: classes of diameters. Its count is 0 where that is the species.
  public var classes = Buffer<Int32>()
  /// Cell crossings.
  public var images = Buffer<ImageCount>()
  /// The user's index of the atom in each slot.
  public var identity = Buffer<Int32>()
  /// Makes empty buffers.
  public init() {}
}

/// Sorts atoms into clusters of 4, 8 or 16 that are close in space and finds the clusters near each atom (see `ClusterView`).
///
/// A rebuild costs O(N) for any number of atoms and any cell: cells smaller than the cutoff, skewed, left-handed, periodic in some
/// directions or none. It allocates only when the problem has grown.
public struct ClusterList: ~Copyable {
  var chunks: UnsafeMutablePointer<ClusterChunk>
  var chunkCount = 0
  private var chunkCapacity = 0
  var shiftVectors = Buffer<Vector3>(count: 1)
  private var shiftMultiples = Buffer<LatticeShift>(count: 1)
  private var shiftFloats = Buffer<Float>(count: 3)
  // The order of directions in which shifts are added up.
  private var axes = (0, 1, 2)
  var origin = Vector3.zero
  /// How many entries the runs hold after the last pruning.
  public private(set) var entryCount = 0
  /// How many entries are within the list radius.
  public private(set) var listedCount = 0
  private var margin = 0.0
  private var u0 = Buffer<Float>()
  private var u1 = Buffer<Float>()
  private var u2 = Buffer<Float>()
  private var gridBoxes = Buffer<Float>()
  private var boxes = Buffer<Float>()
  private var rows = Buffer<Int32>()
  private var x = Buffer<Float>()
  private var y = Buffer<Float>()
  private var z = Buffer<Float>()
  private var limits = Buffer<Float>()
  private var paddedSpecies = Buffer<Int32>()
  private var keys = Buffer<Int32>()
  private var cellStarts = Buffer<Int32>()
  private var order = Buffer<Int32>()
  private var scratchVectors = Buffer<Vector3>()
  private var scratchDoubles = Buffer<Double>()
  private var scratchInts = Buffer<Int32>()
  private var scratchImages = Buffer<ImageCount>()
  /// The instruction set that searches.
  public let level: ProcessorLevel
  /// Atoms in a cluster.
  public let width: Int
  /// Counts rebuilds, so that readers know when the order of atoms may have changed.
  public private(set) var generation = 0
  private(set) var clusterCount = 0

  /// Makes an empty list of clusters of `width` atoms (4, 8 or 16).
  public init(width: Int = 4, level: ProcessorLevel = .current) {
    precondition(width == 4 || width == 8 || width == 16, "clusters of \(width) atoms")
    self.width = width
    self.level = level
    chunks = .allocate(capacity: 1)
  }

  deinit {
    for k in 0..<chunkCapacity { chunks[k].free() }
    chunks.deallocate()
  }

  /// Read access for potentials.
  public var view: ClusterView {
    @_lifetime(borrow self)
    get { ClusterView(self) }
  }

  /// Bytes held by the list, its scratch memory included.
  public var byteCount: Int {
    var bytes = 0
    for k in 0..<chunkCapacity { bytes += chunks[k].byteCount }
    bytes +=
      4
      * (u0.capacity * 3 + gridBoxes.capacity * 2 + x.capacity * 3 + limits.capacity + paddedSpecies.capacity
        + keys.capacity)
    bytes += 4 * (cellStarts.capacity + order.capacity + scratchInts.capacity)
    return bytes + scratchVectors.capacity * 24 + scratchDoubles.capacity * 8 + scratchImages.capacity * 12
  }

  /// Wraps and sorts the atoms and finds all neighbours.
  /// - Parameters:
  ///   - atoms: positions must be finite.
  ///   - radii: list radius (cutoff plus skin) of each pair of species, or of classes if atoms have them, row-major and symmetric.
  ///   - isRestoring: the positions are those that an earlier rebuild left, in its order; nothing is wrapped, and the same list results.
  public mutating func rebuild(
    _ atoms: inout AtomBuffers, geometry: CellGeometry, radii: [Double], isRestoring: Bool, team: ThreadTeam
  ) {
    let n = atoms.positions.count
    let kinds = max(1, Int(Double(radii.count).squareRoot().rounded()))
    let largest = radii.max() ?? 0
    generation += 1
    clusterCount = (n + width - 1) / width
    reserve(n, kinds: kinds)
    let ranges = Ranges(n, target: 1024)
    if !isRestoring { Self.wrap(&atoms, geometry, ranges, team) }

    // The longest direction comes first: chunks are slices across it.
    axes = geometry.axes(for: atoms.positions)
    let axes = self.axes
    let turned = geometry.turned(axes)
    let bounds = Bounds(atoms.positions, turned)
    origin = bounds.center
    margin = 1e-6 * (bounds.extent + largest)
    let margin = self.margin
    let grid = SearchGrid(atoms: n, clusterWidth: width, bounds: bounds, geometry: turned)
    locate(atoms.positions, turned, grid, bounds, ranges, team)
    count(cells: grid.n0 * grid.n1 * grid.n2, atoms: n)
    if !isRestoring { permute(&atoms, ranges, team) }
    pack(atoms, kinds: kinds, radii: radii, margin: margin, ranges, team)
    makeBoxes(grid, ranges, team)
    let reach = makeShifts(turned, axes, radius: largest + margin)
    search(atoms: n, kinds: kinds, grid: grid, radius: Float(largest + 2 * margin), reach: reach, team)
  }

  // MARK: - The passes of a rebuild

  private mutating func reserve(_ n: Int, kinds: Int) {
    u0.resize(n)
    u1.resize(n)
    u2.resize(n)
    x.resize(n + 16)
    y.resize(n + 16)
    z.resize(n + 16)
    limits.resize(kinds * (n + 16))
    paddedSpecies.resize(n + 16)
    keys.resize(n)
    order.resize(n)
    gridBoxes.resize(6 * (clusterCount + 8))
    boxes.resize(6 * (clusterCount + 8))
    rows.resize(clusterCount + 8)
  }

  private static func wrap(_ atoms: inout AtomBuffers, _ g: CellGeometry, _ ranges: Ranges, _ team: ThreadTeam) {
    guard g.periodic0 || g.periodic1 || g.periodic2 else { return }
    let positions = atoms.positions.base
    let images = atoms.images.base
    team.forEachChunk(ranges.count) { chunk in
      for i in ranges[chunk] {
        let s = positions[i] * g.inverse
        let a = g.periodic0 ? s.x.rounded(.down) : 0
        let b = g.periodic1 ? s.y.rounded(.down) : 0
        let c = g.periodic2 ? s.z.rounded(.down) : 0
        if a != 0 || b != 0 || c != 0 {
          positions[i] -= Vector3(a, b, c) * g.basis
          images[i] = ImageCount(
            images[i].a &+ Int32(clamping: Int64(exactly: a) ?? 0),
            images[i].b &+ Int32(clamping: Int64(exactly: b) ?? 0),
            images[i].c &+ Int32(clamping: Int64(exactly: c) ?? 0))
        }
      }
    }
  }

  /// Grid coordinates and grid cell of each atom.
  private mutating func locate(
    _ positions: borrowing Buffer<Vector3>, _ g: CellGeometry, _ grid: SearchGrid, _ bounds: Bounds, _ ranges: Ranges,
    _ team: ThreadTeam
  ) {
    let p = positions.base
    let (o0, o1, o2) = (u0.base, u1.base, u2.base)
    let k = keys.base
    let low = bounds.low
    let f0 = Float(grid.n0) / grid.width0
    let f1 = Float(grid.n1) / grid.width1
    let f2 = Float(grid.n2) / grid.width2
    // One matrix takes Cartesian coordinates to grid coordinates.
    let t = g.inverse.transposed
    let r0 = g.widths.x * t.a
    let r1 = g.widths.y * t.b
    let r2 = g.widths.z * t.c
    team.forEachChunk(ranges.count) { chunk in
      for i in ranges[chunk] {
        let a = Float(p[i].dot(r0) - low.x)
        let b = Float(p[i].dot(r1) - low.y)
        let c = Float(p[i].dot(r2) - low.z)
        o0[i] = a
        o1[i] = b
        o2[i] = c
        let i0 = min(max(Int(a * f0), 0), grid.n0 - 1)
        let i1 = min(max(Int(b * f1), 0), grid.n1 - 1)
        let i2 = min(max(Int(c * f2), 0), grid.n2 - 1)
        k[i] = Int32(truncatingIfNeeded: grid.index(i0, i1, i2))
      }
    }
  }

  /// A stable counting sort: where each grid cell starts, and which old slot comes to each new one.
  private mutating func count(cells: Int, atoms n: Int) {
    cellStarts.resize(cells + 1)
    cellStarts.fill(0)
    let starts = cellStarts.base
    let k = keys.base
    for i in 0..<n { starts[Int(k[i]) + 1] &+= 1 }
    for cell in 0..<cells { starts[cell + 1] &+= starts[cell] }
    let o = order.base
    for i in 0..<n {
      let cell = Int(k[i])
      o[Int(starts[cell])] = Int32(truncatingIfNeeded: i)
      starts[cell] &+= 1
    }
    // Each start has moved to the next cell's start: shift them back.
    for cell in stride(from: cells, to: 0, by: -1) { starts[cell] = starts[cell - 1] }
    starts[0] = 0
  }

  private mutating func permute(_ atoms: inout AtomBuffers, _ ranges: Ranges, _ team: ThreadTeam) {
    Self.permute(&atoms.positions, &scratchVectors, order, ranges, team)
    Self.permute(&atoms.velocities, &scratchVectors, order, ranges, team)
    Self.permute(&atoms.masses, &scratchDoubles, order, ranges, team)
    Self.permute(&atoms.species, &scratchInts, order, ranges, team)
    if atoms.diameters.count == order.count { Self.permute(&atoms.diameters, &scratchDoubles, order, ranges, team) }
    if atoms.classes.count == order.count { Self.permute(&atoms.classes, &scratchInts, order, ranges, team) }
    Self.permute(&atoms.identity, &scratchInts, order, ranges, team)
    Self.permute(&atoms.images, &scratchImages, order, ranges, team)
  }

  private static func permute<T: BitwiseCopyable>(
    _ buffer: inout Buffer<T>, _ scratch: inout Buffer<T>, _ order: borrowing Buffer<Int32>, _ ranges: Ranges,
    _ team: ThreadTeam
  ) {
    scratch.resize(buffer.count)
    let from = buffer.base
    let to = scratch.base
    let o = order.base
    team.forEachChunk(ranges.count) { chunk in
      for slot in ranges[chunk] { to[slot] = from[Int(o[slot])] }
    }
    swap(&buffer, &scratch)
  }

  /// Single-precision copies in slot order, which is what the search streams through.
  private mutating func pack(
    _ atoms: borrowing AtomBuffers, kinds: Int, radii: [Double], margin: Double, _ ranges: Ranges, _ team: ThreadTeam
  ) {
    let n = atoms.positions.count
    let p = atoms.positions.base
    let s = atoms.classes.count == n ? atoms.classes.base : atoms.species.base
    let (px, py, pz, ps, pl) = (x.base, y.base, z.base, paddedSpecies.base, limits.base)
    let center = origin
    let squares = radii.map { Float(($0 + margin) * ($0 + margin)) }
    squares.withUnsafeBufferPointer { table in
      team.forEachChunk(ranges.count) { chunk in
        for slot in ranges[chunk] {
          px[slot] = Float(p[slot].x - center.x)
          py[slot] = Float(p[slot].y - center.y)
          pz[slot] = Float(p[slot].z - center.z)
          ps[slot] = s[slot]
          for kind in 0..<kinds { pl[kind * (n + 16) + slot] = table[kind * kinds + Int(s[slot])] }
        }
      }
    }
    // The padding is read but never within reach.
    for slot in n..<n + 16 {
      px[slot] = 0
      py[slot] = 0
      pz[slot] = 0
      ps[slot] = 0
      for kind in 0..<kinds { pl[kind * (n + 16) + slot] = -1 }
    }
  }

  /// Boxes around the clusters, in grid coordinates and in space.
  private mutating func makeBoxes(_ grid: SearchGrid, _ ranges: Ranges, _ team: ThreadTeam) {
    let n = order.count
    let width = self.width
    let o = order.base
    let k = keys.base
    let cellsInRow = grid.n1 * grid.n2
    let stride = clusterCount + 8
    let (g0, g1, g2, c0, c1, c2) = (u0.base, u1.base, u2.base, x.base, y.base, z.base)
    let (gb, sb, rowOf) = (gridBoxes.base, boxes.base, rows.base)
    let clusters = Ranges(clusterCount, target: 256)
    team.forEachChunk(clusters.count) { chunk in
      for cluster in clusters[chunk] {
        let slots = cluster * width..<min(n, cluster * width + width)
        let firstOld = Int(o[slots.lowerBound])
        rowOf[cluster] = Int32(truncatingIfNeeded: Int(k[firstOld]) / cellsInRow)
        var lo = SIMD8<Float>(repeating: .infinity)
        var hi = SIMD8<Float>(repeating: -.infinity)
        for slot in slots {
          let old = Int(o[slot])
          let v = SIMD8<Float>(g0[old], g1[old], g2[old], c0[slot], c1[slot], c2[slot], 0, 0)
          lo = lo.replacing(with: v, where: v .< lo)
          hi = hi.replacing(with: v, where: hi .< v)
        }
        for axis in 0..<3 {
          gb[axis * stride + cluster] = lo[axis]
          gb[(axis + 3) * stride + cluster] = hi[axis]
          sb[axis * stride + cluster] = 0.5 * (lo[axis + 3] + hi[axis + 3])
          // A hair larger, since the centre is rounded.
          sb[(axis + 3) * stride + cluster] =
            0.5 * (hi[axis + 3] - lo[axis + 3]) + 1e-6 * (abs(lo[axis + 3]) + abs(hi[axis + 3]))
        }
      }
    }
  }

  private mutating func makeShifts(_ g: CellGeometry, _ axes: (Int, Int, Int), radius: Double) -> (Int, Int, Int) {
    func reach(_ periodic: Bool, _ width: Double) -> Int { periodic ? Int((radius / width).rounded(.up)) + 1 : 0 }
    let r = (reach(g.periodic0, g.widths.x), reach(g.periodic1, g.widths.y), reach(g.periodic2, g.widths.z))
    let total = (2 * r.0 + 1) * (2 * r.1 + 1) * (2 * r.2 + 1)
    shiftVectors.resize(total)
    shiftMultiples.resize(total)
    shiftFloats.resize(3 * total)
    var k = 0
    for a in -r.0...r.0 {
      for b in -r.1...r.1 {
        for c in -r.2...r.2 {
          let v = Vector3(Double(a), Double(b), Double(c)) * g.basis
          shiftVectors[k] = v
          var s = SIMD4<Int16>()
          s[axes.0] = Int16(clamping: a)
          s[axes.1] = Int16(clamping: b)
          s[axes.2] = Int16(clamping: c)
          shiftMultiples[k] = LatticeShift(s.x, s.y, s.z)
          shiftFloats[3 * k] = Float(v.x)
          shiftFloats[3 * k + 1] = Float(v.y)
          shiftFloats[3 * k + 2] = Float(v.z)
          k += 1
        }
      }
    }
    return r
  }

  /// Gives the shifts the lengths of another cell: one to which the atoms were mapped since the rebuild. Nothing else depends on the cell.
  /// - Parameter basis: lattice vectors where they repeat, as those of the rebuild.
  public mutating func setBasis(_ basis: Matrix3) {
    let turned = Matrix3(basis[axes.0], basis[axes.1], basis[axes.2])
    for k in shiftMultiples.indices {
      let s = shiftMultiples[k]
      let multiples = Vector3(Double(s.a), Double(s.b), Double(s.c))
      // The same sum in the same order as at a rebuild.
      let v = Vector3(multiples[axes.0], multiples[axes.1], multiples[axes.2]) * turned
      shiftVectors[k] = v
      shiftFloats[3 * k] = Float(v.x)
      shiftFloats[3 * k + 1] = Float(v.y)
      shiftFloats[3 * k + 2] = Float(v.z)
    }
  }

  private mutating func search(
    atoms n: Int, kinds: Int, grid: SearchGrid, radius: Float, reach: (Int, Int, Int), _ team: ThreadTeam
  ) {
    let clusters = clusterCount
    // Slices at least one radius thick, so that a chunk's window is not much more than its own clusters; an even number shares well.
    let slices = Int(Swift.min(64, grid.width0 / Swift.max(radius, 1e-6)))
    let wanted = Swift.max(1, Swift.min(slices > 1 ? slices / 2 * 2 : 1, clusters / 16))
    let perChunk = Swift.max(1, (clusters + wanted - 1) / wanted)
    if wanted > chunkCapacity {
      let grown = UnsafeMutablePointer<ClusterChunk>.allocate(capacity: wanted)
      for k in 0..<wanted { grown[k] = k < chunkCapacity ? chunks[k] : ClusterChunk() }
      chunks.deallocate()
      chunks = grown
      chunkCapacity = wanted
    }
    chunkCount = wanted
    var s = searchArguments(n)
    s.speciesCount = kinds
    s.grid = grid
    s.radius = radius
    (s.reach0, s.reach1, s.reach2) = reach
    let chunks = self.chunks
    let level = self.level
    team.forEachChunk(wanted) { k in
      chunks[k].firstCluster = Swift.min(k * perChunk, clusters)
      chunks[k].clusterCount = Swift.min(perChunk, clusters - chunks[k].firstCluster)
      LevelKernels.searchClusters(level, s, &chunks[k])
    }
    listedCount = 0
    for k in 0..<wanted { listedCount += chunks[k].entries.count }
  }

  private func searchArguments(_ n: Int) -> ClusterSearch {
    var s = ClusterSearch(
      cellStarts: cellStarts.base, rows: rows.base, x: x.base, y: y.base, z: z.base, gridBoxes: gridBoxes.base,
      boxes: boxes.base,
      species: paddedSpecies.base, limits: limits.base, shifts: shiftFloats.base)
    s.count = n
    s.width = width
    s.clusterCount = clusterCount
    s.boxStride = clusterCount + 8
    s.limitStride = n + 16
    return s
  }

  // MARK: - Pruning

  /// Keeps of the list what is within smaller radii at the present positions; kernels read only what was kept. A pruning holds until an atom
  /// has moved half the difference between the radii and the cutoffs; it costs a quarter of a rebuild.
  /// - Parameters:
  ///   - positions: in the order of the last rebuild.
  ///   - radii: for each pair of species or classes, row-major and symmetric, at most those of the rebuild.
  public mutating func prune(_ positions: borrowing Buffer<Vector3>, radii: [Double], team: ThreadTeam) {
    let n = positions.count
    let kinds = max(1, Int(Double(radii.count).squareRoot().rounded()))
    let ranges = Ranges(n, target: 1024)
    let (px, py, pz, p, s, pl) = (x.base, y.base, z.base, positions.base, paddedSpecies.base, limits.base)
    let center = origin
    let slack = margin
    let squares = radii.map { Float(($0 + slack) * ($0 + slack)) }
    squares.withUnsafeBufferPointer { table in
      team.forEachChunk(ranges.count) { chunk in
        for slot in ranges[chunk] {
          let d = p[slot] - center
          px[slot] = Float(d.x)
          py[slot] = Float(d.y)
          pz[slot] = Float(d.z)
          for kind in 0..<kinds { pl[kind * (n + 16) + slot] = table[kind * kinds + Int(s[slot])] }
        }
      }
    }
    let arguments = searchArguments(n)
    let chunks = self.chunks
    let level = self.level
    team.forEachChunk(chunkCount) { k in LevelKernels.pruneClusters(level, arguments, &chunks[k]) }
    entryCount = 0
    for k in 0..<chunkCount { entryCount += chunks[k].pruned.count }
  }

  // MARK: - Edges

  /// Writes the list out as edges (see `EdgeView` in TektiteCore): every pair closer than `radius`, by centre.
  public func fillEdges(
    positions: borrowing Buffer<Vector3>, radius: Double, offsets: inout Buffer<Int>, neighbors: inout Buffer<Int32>,
    shifts: inout Buffer<LatticeShift>
  ) {
    let n = positions.count
    offsets.resize(n + 1)
    offsets.fill(0)
    let p = positions.base
    let vectors = shiftVectors.base
    let multiples = shiftMultiples.base
    let limit = radius * radius
    let counts = offsets.base + 1
    // Visits each pair once, always in the same order. One thread: a learned model spends a hundred times more on each edge.
    func visit(_ body: (_ i: Int, _ j: Int, _ shift: LatticeShift) -> Void) {
      for k in 0..<chunkCount {
        let chunk = chunks[k]
        var atom = 0
        for i in chunk.firstCluster * width..<min(n, (chunk.firstCluster + chunk.clusterCount) * width) {
          for j in i + 1..<max(i + 1, min(n, (i / width + 1) * width)) where (p[j] - p[i]).lengthSquared < limit {
            body(i, j, .zero)
          }
          for e in Int(chunk.starts.base[atom])..<Int(chunk.starts.base[atom + 1]) {
            let segment = chunk.segments.base[e]
            let shift = multiples[Int(segment.shift)]
            let t = vectors[Int(segment.shift)]
            for entry in Int(segment.begin)..<Int(segment.begin + segment.count) {
              let first = Int(chunk.entries.base[entry]) * width
              for j in first..<min(first + width, n) where (p[j] - p[i] + t).lengthSquared < limit { body(i, j, shift) }
            }
          }
          atom += 1
        }
      }
    }
    visit { i, j, _ in
      counts[i] += 1
      counts[j] += 1
    }
    for i in 0..<n { counts[i] += (counts - 1)[i] }
    neighbors.resize(n == 0 ? 0 : counts[n - 1])
    shifts.resize(neighbors.count)
    let (outN, outS) = (neighbors.base, shifts.base)
    // heads[i] is where row i goes on; it is advanced while filling and put back below.
    let heads = offsets.base
    visit { i, j, s in
      outN[heads[i]] = Int32(truncatingIfNeeded: j)
      outS[heads[i]] = s
      heads[i] += 1
      outN[heads[j]] = Int32(truncatingIfNeeded: i)
      outS[heads[j]] = LatticeShift(0 &- s.a, 0 &- s.b, 0 &- s.c)
      heads[j] += 1
    }
    for i in stride(from: n, to: 0, by: -1) { heads[i] = heads[i - 1] }
    heads[0] = 0
  }
}
