import TektiteCore
import TektiteDynamics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bins of distances from 0 on.
struct DistanceBins: Hashable, Sendable {
  let range: Double
  let count: Int
  /// The number of dimensions of the shells, which are rings in a plane.
  var dimensions = 3

  var centers: [Double] { (0..<count).map { (Double($0) + 0.5) * range / Double(count) } }
  /// The volumes of the shells.
  var volumes: [Double] {
    (0..<count).map { bin in
      let (inner, outer) = (range * Double(bin) / Double(count), range * Double(bin + 1) / Double(count))
      return Dimensions.shell(inner, outer, in: dimensions)
    }
  }
}

/// A lag of a table whose abscissa is something else.
extension TableSetting {
  /// What the curves of a lag are called, e.g. `t10`.
  func column(_ lag: Int) -> String { "t\(brief(times[lag]))" }
  /// What they are called in a plot.
  func label(_ lag: Int) -> String { "t = \(brief(times[lag]))\(units == .lj ? "" : " " + units.timeName)" }
}

/// G_s(r, t): the density of probability that an atom is at a distance r from where it was (Van Hove 1954, doi:10.1103/PhysRev.95.249), and
/// P(log₁₀ Δr; t) = ln 10 · 4πr³ G_s (in a plane 2πr² in place of 4πr³), in which hopping shows as a second peak.
struct SelfVanHove: PairObservable {
  let files: (density: String, logarithmic: String)
  let choice: GroupChoice
  let bins: DistanceBins
  /// Quantities: the bins of the first curve, then of the next: the fraction of atoms in each.
  var means: LagMeans

  init(files: (density: String, logarithmic: String), choice: GroupChoice, bins: DistanceBins, lags: Int) {
    self.files = files
    self.choice = choice
    self.bins = bins
    means = LagMeans(lags: lags, quantities: choice.count * bins.count)
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    let found = choice.groups.map {
      DisplacementSums.histogram(bins, from: origin.positions, to: later.positions, $0)
    }
    for bin in 0..<bins.count {
      let values = choice.means(of: found.map { Double($0[bin]) })
      for (curve, value) in values.enumerated() { means.add([value], lag: lag, first: curve * bins.count + bin) }
    }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    let (centers, volumes) = (bins.centers, bins.volumes)
    var curves: [ObservableTable.Curve] = []
    var logarithmic: [ObservableTable.Curve] = []
    for lag in setting.lags.indices {
      for (place, label) in choice.labels.enumerated() {
        let means = self.means.means[lag][place * bins.count..<(place + 1) * bins.count]
        let values = zip(means, volumes).map { $0.mean / $1 }
        let errors = zip(means, volumes).map { $0.error(span: setting.overlaps[lag]) / $1 }
        let column = "\(label)_\(setting.column(lag))"
        let name = choice.count == 1 ? setting.label(lag) : "\(label), \(setting.label(lag))"
        curves.append(.init(column: column, label: name, values: values, errors: errors))
        func scaled(_ values: [Double]) -> [Double] {
          zip(values, centers).map {
            bins.dimensions == 2 ? $0 * log(10) * 2 * Double.pi * $1 * $1 : $0 * log(10) * 4 * Double.pi * $1 * $1 * $1
          }
        }
        logarithmic.append(.init(column: column, label: name, values: scaled(values), errors: scaled(errors)))
      }
    }
    let parameters = [
      "bins": "\(bins.count)", "range": brief(bins.range), "species": choice.words,
      "pairs of frames": means.samples.map(String.init).joined(separator: ", "),
    ]
    let least = [Int](repeating: means.samples.min() ?? 0, count: bins.count)
    let density = ObservableTable(
      kind: "van-hove-self", title: "Self part of the van Hove function", file: files.density,
      definition:
        "Atoms whose displacement is within a \(bins.dimensions == 2 ? "ring, over all atoms and the area of the ring" : "shell, over all atoms and the volume of the shell"), over origins; what moved beyond "
        + "the range is left out but counted; one standard error from blocks of origins.", parameters: parameters,
      x: .init(column: "r", label: "r", unit: setting.length("")),
      y: .init(
        column: "G_s", label: "G_s(r, t)",
        unit: setting.units == .lj ? "" : "1/\(setting.units.lengthName)^\(bins.dimensions)",
        scale: .log),
      abscissas: centers, curves: curves, samples: least)
    let table = ObservableTable(
      kind: "displacement-distribution", title: "Distribution of logarithms of displacements", file: files.logarithmic,
      definition:
        bins.dimensions == 2
        ? "P(log₁₀ Δr; t) = ln 10 · 2πr² G_s(r, t) at the middle of each ring; 1.69 at its peak where displacements are Gaussian."
        : "P(log₁₀ Δr; t) = ln 10 · 4πr³ G_s(r, t) at the middle of each shell; 2.13 at its peak where displacements are Gaussian.",
      parameters: parameters, x: .init(column: "r", label: "Δr", unit: setting.length(""), scale: .log),
      y: .init(column: "P", label: "P(log_{10} Δr)"), abscissas: centers, curves: logarithmic, samples: least)
    return [density, table]
  }
}

/// G_d(r, t) over the density: where other atoms are, seen from where an atom was a time before; g(r) at t = 0.
///
/// All pairs are looked at, as for g(r): N² distances for each pair of frames.
struct DistinctVanHove: PairObservable {
  let file: String
  let packing: Packing
  let bins: DistanceBins
  private let pairs: [(Int, Int)]
  /// Quantities: the bins of the first pair of species, then of the next, those of all atoms last.
  var means: LagMeans

  init(file: String, packing: Packing, bins: DistanceBins, lags: Int) {
    self.file = file
    self.packing = packing
    self.bins = bins
    pairs = packing.pairs
    means = LagMeans(lags: lags, quantities: packing.pairLabels.count * bins.count)
  }

  var needsCell: Bool { true }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    guard let volume = origin.cell.volume, volume > 0 else { return }
    let before = origin.positions.fractions(of: origin.cell)
    let after = later.positions.fractions(of: origin.cell)
    let shells = bins.volumes
    var total = [Double](repeating: 0, count: bins.count)
    for (index, pair) in pairs.enumerated() {
      var found = count(pair, before, after, origin.cell)
      if pair.0 != pair.1 {
        let back = count((pair.1, pair.0), before, after, origin.cell)
        for bin in found.indices { found[bin] += back[bin] }
      }
      let (a, b) = (Double(packing.groups[pair.0].count), Double(packing.groups[pair.1].count))
      let possible = pair.0 == pair.1 ? a * (a - 1) : 2 * a * b
      for bin in 0..<bins.count {
        total[bin] += Double(found[bin])
        let value = possible > 0 ? Double(found[bin]) * volume / (possible * shells[bin]) : 0
        means.add([value], lag: lag, first: index * bins.count + bin)
      }
    }
    guard pairs.count > 1 else { return }
    let possible = Double(packing.count) * Double(packing.count - 1)
    for bin in 0..<bins.count {
      means.add([total[bin] * volume / (possible * shells[bin])], lag: lag, first: pairs.count * bins.count + bin)
    }
  }

  /// Pairs of different atoms, one of the first group before and one of the second after, by distance.
  private func count(_ pair: (Int, Int), _ before: PackedVectors, _ after: PackedVectors, _ cell: Cell) -> [Int] {
    let (first, second) = (packing.groups[pair.0], packing.groups[pair.1])
    let h = cell.basis
    let repeats = (0..<3).map { cell.periodic[$0] ? 1.0 : 0 }
    let rounder = SIMD4<Double>(repeating: 0x1.8p52)
    let scale = Double(bins.count) / bins.range
    let beyond = Double(bins.count)
    var found = [Int](repeating: 0, count: 4 * (bins.count + 1))
    for place in 0..<first.count {
      let (own, lane) = (first.packs.lowerBound + place / 4, place % 4)
      let x = SIMD4<Double>(repeating: before.x[own][lane])
      let y = SIMD4<Double>(repeating: before.y[own][lane])
      let z = SIMD4<Double>(repeating: before.z[own][lane])
      for pack in second.packs {
        var dx = after.x[pack] - x
        var dy = after.y[pack] - y
        var dz = after.z[pack] - z
        dx -= repeats[0] * ((dx + rounder) - rounder)
        dy -= repeats[1] * ((dy + rounder) - rounder)
        dz -= repeats[2] * ((dz + rounder) - rounder)
        let rx = dx * h.a.x + dy * h.b.x + dz * h.c.x
        let ry = dx * h.a.y + dy * h.b.y + dz * h.c.y
        let rz = dx * h.a.z + dy * h.b.z + dz * h.c.z
        let bin = (rx * rx + ry * ry + rz * rz).squareRoot() * scale
        let live = pack == second.packs.upperBound - 1 ? 4 - second.padding : 4
        // What is not a number stays beyond.
        for k in 0..<live where pack != own || k != lane { found[4 * Int(min(beyond, bin[k])) + k] += 1 }
      }
    }
    return (0..<bins.count).map { found[4 * $0] + found[4 * $0 + 1] + found[4 * $0 + 2] + found[4 * $0 + 3] }
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    var curves: [ObservableTable.Curve] = []
    let labels = packing.pairLabels
    for lag in setting.lags.indices {
      for (place, label) in labels.enumerated() {
        let means = self.means.means[lag][place * bins.count..<(place + 1) * bins.count]
        curves.append(
          .init(
            column: "\(label)_\(setting.column(lag))",
            label: labels.count == 1 ? setting.label(lag) : "\(label), \(setting.label(lag))",
            values: means.map(\.mean), errors: means.map { $0.error(span: setting.overlaps[lag]) }))
      }
    }
    return [
      ObservableTable(
        kind: "van-hove-distinct", title: "Distinct part of the van Hove function", file: file,
        definition:
          "Pairs of different atoms, one at time 0 and the other at t, at a distance within a bin over the number expected without "
          + "correlations: G_d(r, t)/ρ, which is g(r) at t = 0; one standard error from blocks of origins.",
        parameters: [
          "bins": "\(bins.count)", "range": brief(bins.range),
          "pairs of frames": means.samples.map(String.init).joined(separator: ", "),
        ], x: .init(column: "r", label: "r", unit: setting.length("")), y: .init(column: "G_d", label: "G_d(r, t)/ρ"),
        abscissas: bins.centers, curves: curves,
        samples: [Int](repeating: means.samples.min() ?? 0, count: bins.count))
    ]
  }
}
