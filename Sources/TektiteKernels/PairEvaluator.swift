/// Evaluates one form of pair interaction over a cluster list, in double or in single precision, and owns the memory for it.
///
/// In single precision the coordinates are rounded relative to the middle of the atoms, distances, pair forces and the sum
/// over one atom's neighbours are single, everything beyond is double.
public struct PairEvaluator: ~Copyable {
  /// Formula.
  public let form: PairFormKind
  /// Whether the pair arithmetic is double.
  public let isDouble: Bool
  /// Number of species.
  public let speciesCount: Int
  private var doubles: Buffer<Double>
  private var floats: Buffer<Float>
  private var narrow = Buffer<Float>()
  private var sums = Buffer<Double>()
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
    let flat = rows.flatMap { $0 }
    doubles = Buffer(flat)
    floats = Buffer(flat.map { Float($0) })
  }

  /// Makes room for `atoms` atoms.
  public mutating func reserve(atoms: Int) {
    if !isDouble { narrow.reserve(3 * atoms) }
    sums.reserve(8 * 1024)
  }

  /// Adds forces and, if `observing`, per-atom energies and virials to the buffers whose count is not 0.
  /// - Returns: energy and virial (zero unless observing).
  public mutating func add(
    positions: Span<Vector3>, species: Span<Int32>, clusters: borrowing ClusterView, forces: inout Buffer<Vector3>,
    energies: inout Buffer<Double>, virials: inout Buffer<Matrix3>, observing: Bool, team: ThreadTeam
  ) -> (energy: Double, virial: Matrix3) {
    let n = positions.count
    precondition(species.count == n && forces.count >= n, "buffers of \(species.count) and \(forces.count) for \(n) atoms")
    let chunkCount = clusters.chunkCount
    sums.resize(8 * chunkCount)
    let origin = isDouble ? Vector3.zero : clusters.origin
    if !isDouble { narrow.resize(3 * n) }
    let narrowBase = narrow.base
    let sumBase = sums.base
    let chunks = clusters.chunks
    let shifts = clusters.shifts
    let level = self.level
    let form = self.form
    let isDouble = self.isDouble
    let kinds = speciesCount
    let coefficients = isDouble ? UnsafeRawPointer(doubles.base) : UnsafeRawPointer(floats.base)
    let forceBase = forces.base
    let energyBase = energies.count >= n && n > 0 ? Optional(energies.base) : nil
    let virialBase = virials.count >= n && n > 0 ? Optional(virials.base) : nil
    positions.withUnsafeBufferPointer { p in
      species.withUnsafeBufferPointer { s in
        guard let centers = p.baseAddress, let kindsOf = s.baseAddress else { return }
        if !isDouble {
          let ranges = Ranges(n, target: 2048)
          team.forEachChunk(ranges.count) { k in
            for i in ranges[k] {
              let d = centers[i] - origin
              narrowBase[3 * i] = Float(d.x)
              narrowBase[3 * i + 1] = Float(d.y)
              narrowBase[3 * i + 2] = Float(d.z)
            }
          }
        }
        var a = ClusterForces(
          positions: isDouble ? UnsafeRawPointer(centers) : UnsafeRawPointer(narrowBase), centers: centers, species: kindsOf,
          coefficients: coefficients, shifts: shifts, forces: forceBase)
        a.origin = origin
        a.count = n
        a.speciesCount = kinds
        if observing {
          a.atomicEnergies = energyBase
          a.atomicVirials = virialBase
          a.sums = sumBase
        }
        team.forEachChunk(chunkCount) { k in
          LevelKernels.pairForces(level, form, isDouble: isDouble, a, chunks[k], k)
        }
      }
    }
    guard observing else { return (0, .zero) }
    var energy = 0.0
    var w = Matrix3.zero
    for k in 0..<chunkCount {
      let s = sumBase + 8 * k
      energy += s[0]
      w += Matrix3(Vector3(s[1], s[4], s[5]), Vector3(s[4], s[2], s[6]), Vector3(s[5], s[6], s[3]))
    }
    return (energy, w)
  }
}
