import TektiteCore
import TektiteDynamics

/// g_ab(r): the density of b at a distance from an a, over that without correlations. Pairs are counted with every image of the cell that a
/// distance below half its narrowest width can meet, which is the nearest one.
///
/// Like pairs are normalised by N_a(N_a − 1), unlike ones by N_a N_b, so that g is 1 for atoms thrown in at random, for any number of them.
struct RadialDistribution: FrameObservable {
  let file: String
  let packing: Packing
  /// The largest distance; nil for half the narrowest width of each frame's cell at the start.
  let range: Double
  let bins: Int
  /// Indices of groups; the second is not before the first.
  private let pairs: [(Int, Int)]
  /// `[pair][bin]`, one value a frame: g.
  var means: LagMeans
  /// `[pair][bin]`: the pairs of the frame that was added last.
  private(set) var counts: [Int]
  private var fractions = PackedVectors()
  private let search = NeighborSearch()
  /// By the user's index of an atom: its group.
  private let groupOfAtom: [Int]

  init(file: String, packing: Packing, range: Double, bins: Int) {
    self.file = file
    self.packing = packing
    self.range = range
    self.bins = bins
    pairs = packing.pairs
    means = LagMeans(lags: bins, quantities: packing.pairLabels.count)
    counts = [Int](repeating: 0, count: bins * pairs.count)
    groupOfAtom = packing.groupOfAtom
  }

  mutating func add(_ frame: Frame) {
    guard let volume = frame.cell.volume, volume > 0 else { return }
    count(frame)
    var shells: [Double] = []
    for bin in 0..<bins {
      let (inner, outer) = (range * Double(bin) / Double(bins), range * Double(bin + 1) / Double(bins))
      shells.append(Dimensions.shell(inner, outer, in: frame.cell.dimensions) / volume)
    }
    for bin in 0..<bins {
      var values: [Double] = []
      var total = 0.0
      for (index, pair) in pairs.enumerated() {
        let (a, b) = (packing.groups[pair.0].count, packing.groups[pair.1].count)
        let found = Double(counts[index * bins + bin])
        let possible = pair.0 == pair.1 ? Double(a) * Double(a - 1) / 2 : Double(a) * Double(b)
        values.append(possible > 0 ? found / (possible * shells[bin]) : 0)
        total += found
      }
      if pairs.count > 1 {
        values.append(total / (Double(packing.count) * Double(packing.count - 1) / 2 * shells[bin]))
      }
      means.add(values, lag: bin)
    }
  }

  /// Counts the pairs of each kind in each bin, by whichever way is shorter. Both compute a distance in the same steps, so that the counts agree.
  private mutating func count(_ frame: Frame) {
    let narrowest = frame.cell.repeatingWidths?.narrowest ?? 0
    // Listing a pair within reach costs some six times as much as looking at one in order (measured at 4096 atoms); and beyond half the narrowest
    // width a pair would be listed with two images.
    let reach = range * (1 + 1e-6)
    let share = Dimensions.ball(reach, in: frame.cell.dimensions) / (frame.cell.volume ?? 0)
    let isShort = share < 0.15 && reach < 0.499 * narrowest && packing.count > 256
    if !(isShort && countNear(frame, reach)) { countAll(frame) }
  }

  /// Counts the pairs that a search for neighbours finds; false where it cannot.
  private mutating func countNear(_ frame: Frame, _ reach: Double) -> Bool {
    guard search.find(frame, radius: reach) else { return false }
    let (h, inverse) = (frame.cell.basis, frame.cell.basis.inverse)
    let order = search.order
    let places = order.map { frame.positions[Int($0)] * inverse }
    let groups = order.map { groupOfAtom[Int($0)] }
    let kinds = packing.groups.count
    // The table of pairs holds each once; here both orders find it.
    var kindOfPair = [Int](repeating: 0, count: kinds * kinds)
    for (index, pair) in pairs.enumerated() {
      kindOfPair[pair.0 * kinds + pair.1] = index * (bins + 1)
      kindOfPair[pair.1 * kinds + pair.0] = index * (bins + 1)
    }
    let periodic = frame.cell.periodic
    let repeats = Vector3(periodic.a ? 1 : 0, periodic.b ? 1 : 0, periodic.c ? 1 : 0)
    let rounder = 0x1.8p52
    let (scale, beyond) = (Double(bins) / range, Double(bins))
    var found = [Int](repeating: 0, count: (bins + 1) * pairs.count)
    search.forEachPair { first, second in
      var d = places[second] - places[first]
      d.x -= repeats.x * ((d.x + rounder) - rounder)
      d.y -= repeats.y * ((d.y + rounder) - rounder)
      d.z -= repeats.z * ((d.z + rounder) - rounder)
      let x = d.x * h.a.x + d.y * h.b.x + d.z * h.c.x
      let y = d.x * h.a.y + d.y * h.b.y + d.z * h.c.y
      let z = d.x * h.a.z + d.y * h.b.z + d.z * h.c.z
      let bin = (x * x + y * y + z * z).squareRoot() * scale
      found[kindOfPair[groups[first] * kinds + groups[second]] + Int(min(beyond, bin))] += 1
    }
    for index in pairs.indices {
      for bin in 0..<bins { counts[index * bins + bin] = found[index * (bins + 1) + bin] }
    }
    return true
  }

  /// Looks at all pairs, in fractions of the cell: a pair is at its nearest image when every fraction along a repeating direction is within half.
  private mutating func countAll(_ frame: Frame) {
    let inverse = frame.cell.basis.inverse
    fractions.fill(frame.positions.map { $0 * inverse }, packing)
    // Places without an atom are nowhere, so that they are near nothing.
    for group in packing.groups where group.padding > 0 {
      for lane in 4 - group.padding..<4 { fractions.x[group.packs.upperBound - 1][lane] = .nan }
    }
    let h = frame.cell.basis
    let isDiagonal = h.a.y == 0 && h.a.z == 0 && h.b.x == 0 && h.b.z == 0 && h.c.x == 0 && h.c.y == 0
    for (index, pair) in pairs.enumerated() {
      let found =
        isDiagonal
        ? countPairs(pair, frame.cell) { dx, dy, dz in
          let (x, y, z) = (dx * h.a.x, dy * h.b.y, dz * h.c.z)
          return x * x + y * y + z * z
        }
        : countPairs(pair, frame.cell) { dx, dy, dz in
          let x = dx * h.a.x + dy * h.b.x + dz * h.c.x
          let y = dx * h.a.y + dy * h.b.y + dz * h.c.y
          let z = dx * h.a.z + dy * h.b.z + dz * h.c.z
          return x * x + y * y + z * z
        }
      for bin in 0..<bins { counts[index * bins + bin] = found[bin] }
    }
  }

  /// The number of pairs of two groups in each bin; `square` is the squared length of a difference of fractions.
  @inline(__always)
  private func countPairs(
    _ pair: (Int, Int), _ cell: Cell,
    _ square: (SIMD4<Double>, SIMD4<Double>, SIMD4<Double>) -> SIMD4<Double>
  ) -> [Int] {
    let (first, second) = (packing.groups[pair.0], packing.groups[pair.1])
    let (repeatsX, repeatsY, repeatsZ) = (
      cell.periodic[0] ? 1.0 : 0, cell.periodic[1] ? 1.0 : 0, cell.periodic[2] ? 1.0 : 0
    )
    let rounder = SIMD4<Double>(repeating: 0x1.8p52)
    let scale = Double(bins) / range
    let isAlike = pair.0 == pair.1
    let beyond = Double(bins)
    // Each lane counts for itself, so that no count waits for the one before. The last place takes what is out of range.
    var found = [Int](repeating: 0, count: 4 * (bins + 1))
    for place in 0..<first.count {
      let (own, lane) = (first.packs.lowerBound + place / 4, place % 4)
      let x = SIMD4<Double>(repeating: fractions.x[own][lane])
      let y = SIMD4<Double>(repeating: fractions.y[own][lane])
      let z = SIMD4<Double>(repeating: fractions.z[own][lane])
      // Pairs of one species are met once: partners behind in the same pack, then the packs behind.
      for pack in (isAlike ? own : second.packs.lowerBound)..<second.packs.upperBound {
        var dx = fractions.x[pack] - x
        var dy = fractions.y[pack] - y
        var dz = fractions.z[pack] - z
        dx -= repeatsX * ((dx + rounder) - rounder)
        dy -= repeatsY * ((dy + rounder) - rounder)
        dz -= repeatsZ * ((dz + rounder) - rounder)
        let bin = square(dx, dy, dz).squareRoot() * scale
        // Compared one by one: masks of vectors become branches, which random distances make expensive. What is not a number stays beyond.
        for k in 0..<4 where !isAlike || pack > own || k > lane { found[4 * Int(min(beyond, bin[k])) + k] += 1 }
      }
    }
    return (0..<bins).map { found[4 * $0] + found[4 * $0 + 1] + found[4 * $0 + 2] + found[4 * $0 + 3] }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let centers = (0..<bins).map { (Double($0) + 0.5) * range / Double(bins) }
    var table = ObservableTable(
      kind: "radial-distribution", title: "Radial distribution functions", file: file,
      definition:
        "Pairs at a distance within a bin over the number expected without correlations, N_a(N_a − 1) or N_a N_b pairs in the volume of the shell (in a plane, the area of the ring); "
        + "one standard error from blocks of frames.",
      parameters: ["bins": "\(bins)", "range": brief(range)],
      x: .init(column: "r", label: "r", unit: setting.length("")), y: .init(column: "g", label: "g(r)"),
      abscissas: centers,
      curves: packing.pairLabels.enumerated().map { k, label in
        .init(column: label, label: label, values: means.values(k), errors: means.means.map { $0[k].error() })
      }, samples: means.samples)
    for curve in table.curves {
      guard let peak = curve.peak, curve.values[peak] > 0 else { continue }
      table.findings.append(
        .init(
          name: "first peak \(curve.label)", value: table.abscissas[peak], unit: setting.length(""),
          definition: "the bin where g is largest, \(brief(curve.values[peak])) there"))
    }
    return [table]
  }
}
