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
  /// Cell crossings.
  public var images = Buffer<ImageCount>()
  /// The user's index of the atom in each slot.
  public var identity = Buffer<Int32>()
  /// Makes empty buffers.
  public init() {}
}

/// Sorts atoms into clusters of four that are close in space and finds the neighbours of each cluster (see `ClusterView`).
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
  var origin = Vector3.zero
  /// How many single neighbours all runs hold.
  public private(set) var entryCount = 0
  private var u0 = Buffer<Float>()
  private var u1 = Buffer<Float>()
  private var u2 = Buffer<Float>()
  private var v0 = Buffer<Float>()
  private var v1 = Buffer<Float>()
  private var v2 = Buffer<Float>()
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

  /// Makes an empty list.
  public init(level: ProcessorLevel = .current) {
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
    for k in 0..<chunkCapacity {
      bytes += chunks[k].entries.capacity * 4 + chunks[k].segments.capacity * 16 + chunks[k].starts.capacity * 4
      for s in 0..<chunks[k].scratchCount { bytes += chunks[k].scratch[s].capacity * 4 }
    }
    bytes += 4 * (u0.capacity * 6 + x.capacity * 3 + limits.capacity + paddedSpecies.capacity + keys.capacity)
    bytes += 4 * (cellStarts.capacity + order.capacity + scratchInts.capacity)
    return bytes + scratchVectors.capacity * 24 + scratchDoubles.capacity * 8 + scratchImages.capacity * 12
  }

  /// Wraps and sorts the atoms and finds all neighbours.
  /// - Parameters:
  ///   - atoms: positions must be finite.
  ///   - radii: list radius (cutoff plus skin) of each pair of species, row-major and symmetric.
  ///   - isRestoring: the positions are those that an earlier rebuild left, in its order; nothing is wrapped, and the same list results.
  public mutating func rebuild(
    _ atoms: inout AtomBuffers, geometry: CellGeometry, radii: [Double], isRestoring: Bool, team: ThreadTeam
  ) {
    let n = atoms.positions.count
    let kinds = max(1, Int(Double(radii.count).squareRoot().rounded()))
    let largest = radii.max() ?? 0
    reserve(n, kinds: kinds)
    let ranges = Ranges(n, target: 1024)
    if !isRestoring { Self.wrap(&atoms, geometry, ranges, team) }

    let bounds = Bounds(atoms.positions, geometry, ranges, team)
    origin = bounds.center
    let margin = 1e-6 * (bounds.extent + largest)
    let grid = SearchGrid(atoms: n, bounds: bounds, geometry: geometry)
    locate(atoms.positions, geometry, grid, bounds, ranges, team)
    count(cells: grid.n0 * grid.n1 * grid.n2, atoms: n)
    if !isRestoring { permute(&atoms, ranges, team) }
    pack(atoms, kinds: kinds, radii: radii, margin: margin, ranges, team)
    let reach = makeShifts(geometry, grid, radius: largest + margin)
    search(atoms: n, kinds: kinds, grid: grid, radius: Float(largest + 2 * margin), reach: reach, team)
  }

  // MARK: - The passes of a rebuild

  private mutating func reserve(_ n: Int, kinds: Int) {
    u0.resize(n)
    u1.resize(n)
    u2.resize(n)
    v0.resize(n + 8)
    v1.resize(n + 8)
    v2.resize(n + 8)
    x.resize(n + 8)
    y.resize(n + 8)
    z.resize(n + 8)
    limits.resize(kinds * (n + 8))
    paddedSpecies.resize(n + 8)
    keys.resize(n)
    order.resize(n)
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
            images[i].a &+ Int32(clamping: Int64(exactly: a) ?? 0), images[i].b &+ Int32(clamping: Int64(exactly: b) ?? 0),
            images[i].c &+ Int32(clamping: Int64(exactly: c) ?? 0))
        }
      }
    }
  }

  /// Grid coordinates and grid cell of each atom.
  private mutating func locate(
    _ positions: borrowing Buffer<Vector3>, _ g: CellGeometry, _ grid: SearchGrid, _ bounds: borrowing Bounds, _ ranges: Ranges, _ team: ThreadTeam
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
    Self.permute(&atoms.identity, &scratchInts, order, ranges, team)
    Self.permute(&atoms.images, &scratchImages, order, ranges, team)
  }

  private static func permute<T: BitwiseCopyable>(
    _ buffer: inout Buffer<T>, _ scratch: inout Buffer<T>, _ order: borrowing Buffer<Int32>, _ ranges: Ranges, _ team: ThreadTeam
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
    let s = atoms.species.base
    let o = order.base
    let (f0, f1, f2, t0, t1, t2) = (u0.base, u1.base, u2.base, v0.base, v1.base, v2.base)
    let (px, py, pz, ps, pl) = (x.base, y.base, z.base, paddedSpecies.base, limits.base)
    let center = origin
    let squares = radii.map { Float(($0 + margin) * ($0 + margin)) }
    squares.withUnsafeBufferPointer { table in
      team.forEachChunk(ranges.count) { chunk in
        for slot in ranges[chunk] {
          let old = Int(o[slot])
          t0[slot] = f0[old]
          t1[slot] = f1[old]
          t2[slot] = f2[old]
          px[slot] = Float(p[slot].x - center.x)
          py[slot] = Float(p[slot].y - center.y)
          pz[slot] = Float(p[slot].z - center.z)
          ps[slot] = s[slot]
          for kind in 0..<kinds { pl[kind * (n + 8) + slot] = table[kind * kinds + Int(s[slot])] }
        }
      }
    }
    // The padding is read but masked.
    for slot in n..<n + 8 {
      px[slot] = 0
      py[slot] = 0
      pz[slot] = 0
      ps[slot] = 0
      for kind in 0..<kinds { pl[kind * (n + 8) + slot] = -1 }
    }
  }

  private mutating func makeShifts(_ g: CellGeometry, _ grid: SearchGrid, radius: Double) -> (Int, Int, Int) {
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
          shiftMultiples[k] = LatticeShift(Int16(clamping: a), Int16(clamping: b), Int16(clamping: c))
          shiftFloats[3 * k] = Float(v.x)
          shiftFloats[3 * k + 1] = Float(v.y)
          shiftFloats[3 * k + 2] = Float(v.z)
          k += 1
        }
      }
    }
    return r
  }

  private mutating func search(
    atoms n: Int, kinds: Int, grid: SearchGrid, radius: Float, reach: (Int, Int, Int), _ team: ThreadTeam
  ) {
    let clusters = (n + 3) / 4
    // Chunks of at least 32 clusters, at most 512 of them: enough to share, few enough to sum.
    let perChunk = max(32, (clusters + 511) / 512)
    let wanted = (clusters + perChunk - 1) / perChunk
    if wanted > chunkCapacity {
      let grown = UnsafeMutablePointer<ClusterChunk>.allocate(capacity: wanted)
      for k in 0..<wanted { grown[k] = k < chunkCapacity ? chunks[k] : ClusterChunk() }
      chunks.deallocate()
      chunks = grown
      chunkCapacity = wanted
    }
    chunkCount = wanted
    var s = ClusterSearch(
      cellStarts: cellStarts.base, x: x.base, y: y.base, z: z.base, u0: v0.base, u1: v1.base, u2: v2.base,
      species: paddedSpecies.base, limits: limits.base, shifts: shiftFloats.base)
    s.count = n
    s.speciesCount = kinds
    s.grid = grid
    s.limitStride = n + 8
    s.radius = radius
    (s.reach0, s.reach1, s.reach2) = reach
    let chunks = self.chunks
    let level = self.level
    team.forEachChunk(wanted) { k in
      chunks[k].firstCluster = k * perChunk
      chunks[k].clusterCount = min(perChunk, clusters - k * perChunk)
      LevelKernels.searchClusters(level, s, &chunks[k])
    }
    entryCount = 0
    for k in 0..<wanted { entryCount += chunks[k].entries.count }
  }

  // MARK: - Edges

  /// Writes the list out as edges (see `EdgeView` in TektiteCore): every pair closer than `radius`, by centre.
  public func fillEdges(
    positions: borrowing Buffer<Vector3>, radius: Double, offsets: inout Buffer<Int>, neighbors: inout Buffer<Int32>,
    shifts: inout Buffer<LatticeShift>, team: ThreadTeam
  ) {
    let n = positions.count
    offsets.resize(n + 1)
    offsets.fill(0)
    let chunks = self.chunks
    let p = positions.base
    let vectors = shiftVectors.base
    let multiples = shiftMultiples.base
    let limit = radius * radius
    let counts = offsets.base + 1
    // Visits the edges of a chunk's atoms; each atom's edges come in the order of the runs.
    func visit(_ k: Int, _ body: (_ center: Int, _ neighbor: Int, _ shift: LatticeShift) -> Void) {
      let chunk = chunks[k]
      for local in 0..<chunk.clusterCount {
        let slot = (chunk.firstCluster + local) * 4
        for e in Int(chunk.starts.base[local])..<Int(chunk.starts.base[local + 1]) {
          let segment = chunk.segments.base[e]
          let t = vectors[Int(segment.shift)]
          for entry in Int(segment.begin)..<Int(segment.begin + segment.count) {
            let j = Int(chunk.entries.base[entry]) / 3
            for i in slot..<min(slot + 4, n) where !(segment.species < 0 && i == j) {
              if (p[j] - p[i] + t).lengthSquared < limit { body(i, j, multiples[Int(segment.shift)]) }
            }
          }
        }
      }
    }
    team.forEachChunk(chunkCount) { k in visit(k) { i, _, _ in counts[i] += 1 } }
    for i in 0..<n { counts[i] += (counts - 1)[i] }
    neighbors.resize(n == 0 ? 0 : counts[n - 1])
    shifts.resize(neighbors.count)
    let (outN, outS) = (neighbors.base, shifts.base)
    // counts[i − 1] is where row i starts; it is advanced while filling and put back below.
    let heads = offsets.base
    team.forEachChunk(chunkCount) { k in
      visit(k) { i, j, shift in
        outN[heads[i]] = Int32(truncatingIfNeeded: j)
        outS[heads[i]] = shift
        heads[i] += 1
      }
    }
    for i in stride(from: n, to: 0, by: -1) { heads[i] = heads[i - 1] }
    heads[0] = 0
  }
}
