import TektiteCore
import TektiteDynamics

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
    // A wave vector takes (2π)ᵈ/V.
    var number = 0.5 * Dimensions.ball(largest, in: cell.dimensions) * (cell.volume ?? 0)
    for _ in 0..<cell.dimensions { number /= 2 * Double.pi }
    return number < 1e18 ? Int(number) : Int.max
  }

  /// Vectors up to a length, grouped by it.
  static func shells(_ cell: Cell, largest: Double, resolution: Double, most: Int) -> [Shell] {
    guard resolution > 0, most > 0 else { return [] }
    var bins: [Int: [(length: Double, vector: SIMD3<Int32>)]] = [:]
    for found in lengths(cell, largest: largest) {
      bins[Int((found.length / resolution).rounded()), default: []].append(found)
    }
    return bins.keys.sorted().map { key in
      var members = bins[key] ?? []
      if members.count > most { members = (0..<most).map { members[$0 * members.count / most] } }
      return Shell(
        length: members.reduce(0) { $0 + $1.length } / Double(members.count), vectors: members.map(\.vector))
    }
  }

  /// All vectors that fit a cell up to a length, of a vector and its opposite only one.
  static func lengths(_ cell: Cell, largest: Double) -> [(length: Double, vector: SIMD3<Int32>)] {
    guard cell.periodic.any, largest > 0 else { return [] }
    let g = DensityModes.reciprocal(cell)
    let h = cell.basis
    // |n_a| ≤ |k| |H_a| / 2π along each row; along a direction that does not repeat only 0.
    func reach(_ axis: Int, _ row: Vector3) -> Int32 {
      cell.periodic[axis] ? Int32(min(1000, largest * row.length / (2 * Double.pi))) : 0
    }
    let (na, nb, nc) = (reach(0, h.a), reach(1, h.b), reach(2, h.c))
    var found: [(length: Double, vector: SIMD3<Int32>)] = []
    for a in 0...na {
      for b in -nb...nb {
        for c in -nc...nc {
          // Of a vector and its opposite the one whose first number that is not 0 is positive.
          guard a > 0 || b > 0 || b == 0 && c > 0 else { continue }
          let k = (Double(a) * g.a + Double(b) * g.b + Double(c) * g.c).length
          if k <= largest { found.append((k, SIMD3(a, b, c))) }
        }
      }
    }
    return found
  }

  mutating func add(_ frame: Frame) {
    let inverse = frame.cell.basis.inverse
    fractions.fill(frame.positions.map { $0 * inverse }, packing)
    let vectors = shells.flatMap(\.vectors)
    let densities = packing.groups.map { DensityModes.sums(of: $0, fractions, vectors) }
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
