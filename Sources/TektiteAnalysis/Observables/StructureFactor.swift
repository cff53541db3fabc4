import TektiteCore
import TektiteDynamics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// S_ab(k) = ⟨ρ_a(k) ρ_b(−k)⟩ / √(N_a N_b) on the vectors that fit the cell, averaged over those of nearly the same length.
struct StructureFactor: FrameObservable {
  /// The vectors whose lengths fall into one bin.
  struct Shell: Hashable, Sendable {
    /// The mean of their lengths.
    var length: Double
    /// As multiples of the reciprocal cell's rows; of a vector and its opposite only one.
    var vectors: [SIMD3<Int32>]
  }

  let file: String
  let packing: Packing
  let shells: [Shell]
  private let pairs: [(Int, Int)]
  var means: LagMeans
  private var fractions = PackedVectors()

  /// - Parameters:
  ///   - cell: at the start; it chooses the vectors, which then change their lengths with the cell.
  ///   - largest: the largest wave number.
  ///   - resolution: the width of a bin.
  ///   - most: the most vectors of a bin that are used, taken evenly from all.
  init(file: String, packing: Packing, cell: Cell, largest: Double, resolution: Double, most: Int) {
    self.file = file
    self.packing = packing
    shells = Self.shells(cell, largest: largest, resolution: resolution, most: most)
    pairs = packing.pairs
    means = LagMeans(lags: shells.count, quantities: packing.pairLabels.count)
  }

  /// About how many vectors of a cell are no longer than a wave number; one of each pair of opposites.
  static func count(_ cell: Cell, largest: Double) -> Int {
    let number =
      2 / 3 * Double.pi * largest * largest * largest * (cell.volume ?? 0) / (8 * Double.pi * Double.pi * Double.pi)
    return number < 1e18 ? Int(number) : Int.max
  }

  /// The reciprocal lattice, rows of 2π H⁻ᵀ.
  static func reciprocal(_ cell: Cell) -> Matrix3 { 2 * Double.pi * cell.basis.inverse.transposed }

  /// Vectors up to a length, grouped by it.
  static func shells(_ cell: Cell, largest: Double, resolution: Double, most: Int) -> [Shell] {
    guard cell.periodic.any, largest > 0, resolution > 0, most > 0 else { return [] }
    let g = reciprocal(cell)
    let h = cell.basis
    // |n_a| ≤ |k| |H_a| / 2π along each row; along a direction that does not repeat only 0.
    func reach(_ axis: Int, _ row: Vector3) -> Int32 {
      cell.periodic[axis] ? Int32(min(1000, largest * row.length / (2 * Double.pi))) : 0
    }
    let (na, nb, nc) = (reach(0, h.a), reach(1, h.b), reach(2, h.c))
    var bins: [Int: [(length: Double, vector: SIMD3<Int32>)]] = [:]
    for a in 0...na {
      for b in -nb...nb {
        for c in -nc...nc {
          // Of a vector and its opposite the one whose first number that is not 0 is positive.
          guard a > 0 || b > 0 || b == 0 && c > 0 else { continue }
          let k = (Double(a) * g.a + Double(b) * g.b + Double(c) * g.c).length
          if k <= largest { bins[Int((k / resolution).rounded()), default: []].append((k, SIMD3(a, b, c))) }
        }
      }
    }
    return bins.keys.sorted().map { key in
      var members = bins[key] ?? []
      if members.count > most { members = (0..<most).map { members[$0 * members.count / most] } }
      return Shell(
        length: members.reduce(0) { $0 + $1.length } / Double(members.count), vectors: members.map(\.vector))
    }
  }

  mutating func add(_ frame: Frame) {
    let inverse = frame.cell.basis.inverse
    fractions.fill(frame.positions.map { $0 * inverse }, packing)
    let vectors = shells.flatMap(\.vectors)
    let densities = packing.groups.map { density(of: $0, vectors) }
    var index = 0
    for (place, shell) in shells.enumerated() {
      var values = [Double](repeating: 0, count: pairs.count + (pairs.count > 1 ? 1 : 0))
      for _ in shell.vectors {
        for (k, pair) in pairs.enumerated() {
          let (a, b) = (densities[pair.0][index], densities[pair.1][index])
          let norm = (Double(packing.groups[pair.0].count) * Double(packing.groups[pair.1].count)).squareRoot()
          values[k] += (a.x * b.x + a.y * b.y) / norm
        }
        if pairs.count > 1 {
          let sum = densities.reduce(SIMD2<Double>.zero) { $0 + $1[index] }
          values[pairs.count] += (sum.x * sum.x + sum.y * sum.y) / Double(packing.count)
        }
        index += 1
      }
      means.add(values.map { $0 / Double(shell.vectors.count) }, lag: place)
    }
  }

  /// Σ exp(i k·r) over the atoms of a group, for each vector; real and imaginary part.
  ///
  /// Powers of exp(2πi s) are made for some atoms at a time, so that they stay in the cache; a vector's phase is then two multiplications.
  private func density(of group: Packing.Group, _ vectors: [SIMD3<Int32>]) -> [SIMD2<Double>] {
    let reach = vectors.reduce(SIMD3<Int32>.zero) { most, v in
      SIMD3(max(most.x, abs(v.x)), max(most.y, abs(v.y)), max(most.z, abs(v.z)))
    }
    let block = 8
    var sums = [SIMD2<Double>](repeating: .zero, count: vectors.count)
    var (px, py, pz) = (Powers(Int(reach.x), block), Powers(Int(reach.y), block), Powers(Int(reach.z), block))
    for start in stride(from: group.packs.lowerBound, to: group.packs.upperBound, by: block) {
      let width = min(block, group.packs.upperBound - start)
      for k in 0..<width {
        px.fill(fractions.x[start + k], k)
        py.fill(fractions.y[start + k], k)
        pz.fill(fractions.z[start + k], k)
      }
      for (index, v) in vectors.enumerated() {
        let (ax, ay, az) = (Int(abs(v.x)) * block, Int(abs(v.y)) * block, Int(abs(v.z)) * block)
        // The power of a negative number is the conjugate of that of the positive one.
        let (fx, fy, fz) = (v.x < 0 ? -1.0 : 1, v.y < 0 ? -1.0 : 1, v.z < 0 ? -1.0 : 1)
        var real = SIMD4<Double>.zero
        var imaginary = SIMD4<Double>.zero
        for k in 0..<width {
          let (cx, sx) = (px.cosines[ax + k], fx * px.sines[ax + k])
          let (cy, sy) = (py.cosines[ay + k], fy * py.sines[ay + k])
          let (cz, sz) = (pz.cosines[az + k], fz * pz.sines[az + k])
          let c = cx * cy - sx * sy
          let s = sx * cy + cx * sy
          real += c * cz - s * sz
          imaginary += s * cz + c * sz
        }
        sums[index] += SIMD2(
          (real[0] + real[1]) + (real[2] + real[3]), (imaginary[0] + imaginary[1]) + (imaginary[2] + imaginary[3]))
      }
    }
    // Places without an atom are at the origin.
    return sums.map { SIMD2($0.x - Double(group.padding), $0.y) }
  }

  /// cos(2πns) and sin(2πns) of n from 0 up, for a block of packs: [n][pack].
  private struct Powers {
    var cosines: [SIMD4<Double>]
    var sines: [SIMD4<Double>]
    private let last: Int
    private let block: Int

    init(_ last: Int, _ block: Int) {
      self.last = last
      self.block = block
      cosines = [SIMD4<Double>](repeating: .zero, count: (last + 1) * block)
      sines = cosines
    }

    mutating func fill(_ s: SIMD4<Double>, _ pack: Int) {
      var (c1, s1) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
      for lane in 0..<4 {
        let angle = 2 * Double.pi * (s[lane] - s[lane].rounded())
        c1[lane] = cos(angle)
        s1[lane] = sin(angle)
      }
      var (c, s) = (SIMD4<Double>(repeating: 1), SIMD4<Double>.zero)
      for n in 0...last {
        cosines[n * block + pack] = c
        sines[n * block + pack] = s
        (c, s) = (c * c1 - s * s1, s * c1 + c * s1)
      }
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let unit = setting.units == .lj ? "" : "1/\(setting.units.lengthName)"
    var table = ObservableTable(
      kind: "structure-factor", title: "Static structure factors", file: file,
      definition:
        "ρ_a(k)ρ_b(−k)/√(N_a N_b) over the vectors that fit the cell, at most \(shells.map(\.vectors.count).max() ?? 0) of each length; 'all' is "
        + "|ρ(k)|²/N; one standard error from blocks of frames.",
      parameters: ["shells": "\(shells.count)"],
      x: .init(column: "k", label: "k", unit: unit), y: .init(column: "S", label: "S(k)"),
      abscissas: shells.map(\.length),
      curves: packing.pairLabels.enumerated().map { k, label in
        .init(column: label, label: label, values: means.values(k), errors: means.means.map { $0[k].error() })
      }, samples: means.samples)
    for curve in table.curves {
      guard let peak = curve.peak, curve.values[peak] > 0 else { continue }
      table.findings.append(
        .init(
          name: "k_max \(curve.label)", value: table.abscissas[peak], unit: unit,
          definition: "where S is largest, \(brief(curve.values[peak])) there"))
    }
    return [table]
  }
}
