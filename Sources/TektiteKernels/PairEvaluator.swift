/// Evaluates one form of pair interaction over a cluster list, in double or in single precision, and owns the memory for it.
///
/// In single precision the coordinates are rounded relative to the middle of the atoms, distances, pair forces and the sum
/// over a slice of neighbours are single, everything beyond is double.
public struct PairEvaluator: ~Copyable {
  /// Formula.
  public let form: PairFormKind
  /// Whether the pair arithmetic is double.
  public let isDouble: Bool
  /// Number of species.
  public let speciesCount: Int
  private let rows: [[Double]]
  private let diameters: DiameterConstants
  private var blocks = Buffer<UInt8>()
  private var first = Buffer<UInt8>()
  private var second = Buffer<UInt8>()
  private var third = Buffer<UInt8>()
  private var tableRows = Buffer<UInt8>()
  private var tableEnergies = Buffer<UInt8>()
  private let tableDigits: Int
  private var sums = Buffer<Double>()
  private var generation = -1
  private var hasSecond = false
  private let level: ProcessorLevel

  /// Makes an evaluator.
  /// - Parameter rows: `PairCoefficient.count` rows of speciesCount² coefficients each (see `PairCoefficient`).
  public init(
    form: PairFormKind, isDouble: Bool, speciesCount: Int, rows: [[Double]], level: ProcessorLevel = .current
  ) {
    precondition(rows.count == PairCoefficient.count && rows.allSatisfy { $0.count == speciesCount * speciesCount })
    self.form = form
    self.isDouble = isDouble
    self.speciesCount = speciesCount
    self.level = level
    self.rows = rows
    diameters = DiameterConstants()
    tableDigits = 0
  }

  /// Makes an evaluator of tables, in the form `tabulated`.
  /// - Parameters:
  ///   - tables: the tables, whose grid is made for the arithmetic.
  ///   - pairs: for each two of `speciesCount` species, row-major, which of the tables is theirs.
  public init(_ tables: PairTables, pairs: [Int], speciesCount: Int, level: ProcessorLevel = .current) {
    precondition(pairs.count == speciesCount * speciesCount)
    form = .tabulated
    isDouble = tables.isDouble
    self.speciesCount = speciesCount
    self.level = level
    rows = tables.columns(pairs)
    diameters = DiameterConstants()
    tableDigits = tables.digits
    tables.write(rows: &tableRows, energies: &tableEnergies)
  }

  /// Makes an evaluator for atoms that have a diameter each, in the form `polydisperse`; species make no difference.
  public init(_ diameters: DiameterConstants, isDouble: Bool, level: ProcessorLevel = .current) {
    form = .polydisperse
    self.isDouble = isDouble
    speciesCount = 1
    self.level = level
    rows = []
    self.diameters = diameters
    tableDigits = 0
  }

  /// The width of clusters that an evaluator needs.
  public static func clusterWidth(isDouble: Bool, level: ProcessorLevel = .current) -> Int {
    LevelKernels.clusterWidth(level, isDouble: isDouble)
  }

  /// Makes room for `atoms` atoms.
  public mutating func reserve(atoms: Int) {
    let width = Self.clusterWidth(isDouble: isDouble, level: level)
    let size = 3 * (atoms + width) * (isDouble ? 8 : 4)
    blocks.reserve(size)
    first.reserve(size * speciesCount)
    if form != .polydisperse && form != .tabulated {
      second.reserve(size * speciesCount)
      third.reserve(size * speciesCount)
    }
    sums.reserve(8 * 64)
  }

  /// Adds forces and, if `observing`, per-atom energies and virials to the buffers whose count is not 0.
  ///
  /// The virial alone is a sum over atoms and costs little beyond forces; energies ask more of each pair.
  /// - Parameter diameters: the diameter of each atom, which only the form `polydisperse` reads; they may change only together with the list.
  /// - Parameter hasVirial: whether the virial is computed though nothing else is observed.
  /// - Returns: energy and virial (zero unless observing; the virial also if asked for).
  public mutating func add(
    positions: Span<Vector3>, species: Span<Int32>, diameters sizes: Span<Double>, clusters: borrowing ClusterView,
    forces: inout Buffer<Vector3>, energies: inout Buffer<Double>, virials: inout Buffer<Matrix3>, observing: Bool,
    hasVirial: Bool, team: ThreadTeam
  ) -> (energy: Double, virial: Matrix3) {
    let n = positions.count
    precondition(
      species.count == n && forces.count >= n, "buffers of \(species.count) and \(forces.count) for \(n) atoms")
    let width = Self.clusterWidth(isDouble: isDouble, level: level)
    precondition(clusters.width == width, "clusters of \(clusters.width) atoms where \(width) are needed")
    if n == 0 { return (0, .zero) }
    let isAtomic = observing && (energies.count >= n || virials.count >= n)
    let hasDiameters = form == .polydisperse
    precondition(!hasDiameters || sizes.count == n, "\(sizes.count) diameters for \(n) atoms")
    let wantsSecond = !hasDiameters && form != .tabulated && (observing || form != .lennardJones)
    if generation != clusters.generation || (wantsSecond && !hasSecond) {
      if hasDiameters {
        layRadii(sizes, clusters.clusterCount, width, team)
      } else {
        layCoefficients(species, clusters.clusterCount, width, second: wantsSecond, team)
      }
      generation = clusters.generation
    }
    let blockCount = 3 * width * clusters.clusterCount
    blocks.resize(blockCount * (isDouble ? 8 : 4))
    sums.resize(8 * clusters.chunkCount)
    packBlocks(positions, clusters.origin, width, team)

    // Windows hold up to ten numbers for each atom; behind them is room for what the atoms of one cluster gather. They are sized here, on one
    // thread, so that kernels never allocate.
    let chunks = clusters.chunks
    let chunkCount = clusters.chunkCount
    let runs = isAtomic ? 10 : 3
    for k in 0..<chunkCount {
      let span = chunks[k].windowEnd - chunks[k].firstCluster + chunks[k].wrappedEnd
      let numbers = (span * runs + 3 * width + 1) * width
      chunks[k].window.ensure(numbers * (isDouble ? 2 : 1) / 2 + 1)
    }
    let level = self.level
    let form = self.form
    let isDouble = self.isDouble
    let sumBase = sums.base
    species.withUnsafeBufferPointer { s in
      guard let kinds = s.baseAddress else { return }
      var tables = PairTableLayout(
        rows: UnsafeRawPointer(tableRows.base), energies: UnsafeRawPointer(tableEnergies.base))
      tables.dropped = (isDouble ? Double.significandBitCount : Float.significandBitCount) - tableDigits
      tables.first = (isDouble ? 1023 : 127) << tableDigits
      var a = ClusterForces(
        blocks: UnsafeRawPointer(blocks.base), species: kinds, coefficients: UnsafeRawPointer(first.base),
        secondCoefficients: UnsafeRawPointer(second.base), thirdCoefficients: UnsafeRawPointer(third.base),
        tables: tables, shifts: clusters.shifts)
      a.count = n
      a.speciesCount = speciesCount
      a.coefficientStride = hasDiameters ? 0 : blockCount
      a.diameters = diameters
      a.isAtomic = isAtomic
      a.isObserving = observing
      if observing || hasVirial { a.sums = sumBase }
      team.forEachChunk(chunkCount) { k in LevelKernels.pairForces(level, form, isDouble: isDouble, a, chunks[k], k) }
    }
    let f = forces.base
    let ranges = Ranges(clusters.clusterCount, target: 256)
    team.forEachChunk(ranges.count) { r in
      LevelKernels.collectClusters(level, isDouble: isDouble, chunks, chunkCount, runs: runs, ranges[r], n, f)
    }
    if isAtomic {
      if isDouble {
        collectShares(Double.self, clusters, n, &energies, &virials, team)
      } else {
        collectShares(Float.self, clusters, n, &energies, &virials, team)
      }
    }
    guard observing || hasVirial else { return (0, .zero) }
    var energy = 0.0
    var w = Matrix3.zero
    for k in 0..<chunkCount {
      let s = sumBase + 8 * k
      energy += s[0]
      w += Matrix3(Vector3(s[1], s[4], s[5]), Vector3(s[4], s[2], s[6]), Vector3(s[5], s[6], s[3]))
    }
    return (energy, w)
  }

  // MARK: - Before and after the kernels

  /// Writes the coefficients of every cluster against every species, block by block.
  private mutating func layCoefficients(
    _ species: Span<Int32>, _ clusterCount: Int, _ width: Int, second wantsSecond: Bool, _ team: ThreadTeam
  ) {
    let size = 3 * width * clusterCount * speciesCount * (isDouble ? 8 : 4)
    first.resize(size)
    Self.lay(rows, 0, &first, isDouble, speciesCount, species, clusterCount, width, team)
    hasSecond = wantsSecond
    if wantsSecond {
      second.resize(size)
      third.resize(size)
      Self.lay(rows, 3, &second, isDouble, speciesCount, species, clusterCount, width, team)
      Self.lay(rows, 6, &third, isDouble, speciesCount, species, clusterCount, width, team)
    }
  }

  /// Writes the half diameters of every cluster's atoms into the first runs of its block.
  private mutating func layRadii(_ diameters: Span<Double>, _ clusterCount: Int, _ width: Int, _ team: ThreadTeam) {
    first.resize(3 * width * clusterCount * (isDouble ? 8 : 4))
    let raw = UnsafeMutableRawPointer(first.base)
    if isDouble {
      Self.lay(diameters, raw.assumingMemoryBound(to: Double.self), clusterCount, width, team)
    } else {
      Self.lay(diameters, raw.assumingMemoryBound(to: Float.self), clusterCount, width, team)
    }
  }

  @inline(__always)
  private static func lay<S: BinaryFloatingPoint>(
    _ diameters: Span<Double>, _ out: UnsafeMutablePointer<S>, _ clusterCount: Int, _ width: Int, _ team: ThreadTeam
  ) {
    let n = diameters.count
    let ranges = Ranges(clusterCount, target: 256)
    diameters.withUnsafeBufferPointer { buffer in
      guard let d = buffer.baseAddress else { return }
      team.forEachChunk(ranges.count) { r in
        for cluster in ranges[r] {
          for lane in 0..<width {
            let slot = cluster * width + lane
            // No distance is smaller than what comes of an empty lane.
            out[cluster * 3 * width + lane] = slot < n ? S(0.5 * d[slot]) : .nan
          }
        }
      }
    }
  }

  private static func lay(
    _ rows: [[Double]], _ row: Int, _ buffer: inout Buffer<UInt8>, _ isDouble: Bool, _ kinds: Int,
    _ species: Span<Int32>,
    _ clusterCount: Int, _ width: Int, _ team: ThreadTeam
  ) {
    let raw = UnsafeMutableRawPointer(buffer.base)
    if isDouble {
      lay(rows, row, raw.assumingMemoryBound(to: Double.self), kinds, species, clusterCount, width, team)
    } else {
      lay(rows, row, raw.assumingMemoryBound(to: Float.self), kinds, species, clusterCount, width, team)
    }
  }

  @inline(__always)
  private static func lay<S: BinaryFloatingPoint>(
    _ rows: [[Double]], _ row: Int, _ out: UnsafeMutablePointer<S>, _ kinds: Int, _ species: Span<Int32>,
    _ clusterCount: Int, _ width: Int, _ team: ThreadTeam
  ) {
    let n = species.count
    var table = [S](repeating: 0, count: 3 * kinds * kinds)
    for k in 0..<3 {
      for pair in 0..<kinds * kinds { table[3 * pair + k] = S(rows[row + k][pair]) }
    }
    let ranges = Ranges(clusterCount, target: 256)
    species.withUnsafeBufferPointer { s in
      table.withUnsafeBufferPointer { table in
        guard let t = table.baseAddress, let s = s.baseAddress else { return }
        team.forEachChunk(ranges.count) { r in
          for kind in 0..<kinds {
            for cluster in ranges[r] {
              let block = out + (kind * clusterCount + cluster) * 3 * width
              for lane in 0..<width {
                let slot = cluster * width + lane
                let own = t + 3 * (kind * kinds + (slot < n ? Int(s[slot]) : 0))
                // Empty lanes of the last cluster lie beyond every cutoff.
                block[lane] = slot < n ? own[0] : (row == 0 ? -1 : 0)
                block[width + lane] = own[1]
                block[2 * width + lane] = own[2]
              }
            }
          }
        }
      }
    }
  }

  private mutating func packBlocks(_ positions: Span<Vector3>, _ origin: Vector3, _ width: Int, _ team: ThreadTeam) {
    let raw = UnsafeMutableRawPointer(blocks.base)
    let (level, isDouble) = (self.level, self.isDouble)
    let n = positions.count
    positions.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      let clusters = Ranges((n + width - 1) / width, target: 256)
      team.forEachChunk(clusters.count) { k in
        LevelKernels.packClusters(level, isDouble: isDouble, p, n, origin: origin, clusters[k], raw)
      }
    }
  }

  /// Adds the windows to the shares of atoms in energy and virial, for each atom in the order of chunks.
  @inline(__always)
  private func collectShares<S: BinaryFloatingPoint>(
    _ scalar: S.Type, _ clusters: borrowing ClusterView, _ n: Int, _ energies: inout Buffer<Double>,
    _ virials: inout Buffer<Matrix3>, _ team: ThreadTeam
  ) {
    let width = clusters.width
    let stride = 10 * width
    let chunks = clusters.chunks
    let chunkCount = clusters.chunkCount
    let u = energies.count >= n ? Optional(energies.base) : nil
    let w = virials.count >= n ? Optional(virials.base) : nil
    let ranges = Ranges(clusters.clusterCount, target: 256)
    team.forEachChunk(ranges.count) { r in
      let range = ranges[r]
      @inline(__always) func add(_ source: UnsafeMutablePointer<S>, _ from: Int, _ to: Int, _ origin: Int) {
        var cluster = max(from, range.lowerBound)
        let end = min(to, range.upperBound)
        while cluster < end {
          let slot = cluster * width
          for lane in 0..<min(width, n - slot) {
            let c = source + ((cluster - origin) * stride + lane)
            if let u { u[slot + lane] += Double(c[3 * width]) }
            if let w {
              let (xx, yy, zz) = (Double(c[4 * width]), Double(c[5 * width]), Double(c[6 * width]))
              let (xy, xz, yz) = (Double(c[7 * width]), Double(c[8 * width]), Double(c[9 * width]))
              w[slot + lane] += Matrix3(Vector3(xx, xy, xz), Vector3(xy, yy, yz), Vector3(xz, yz, zz))
            }
          }
          cluster += 1
        }
      }
      for k in 0..<chunkCount {
        let chunk = chunks[k]
        let window = UnsafeMutableRawPointer(chunk.window.base).assumingMemoryBound(to: S.self)
        add(window, chunk.firstCluster, chunk.windowEnd, chunk.firstCluster)
        add(window + (chunk.windowEnd - chunk.firstCluster) * stride, 0, chunk.wrappedEnd, 0)
      }
    }
  }
}
