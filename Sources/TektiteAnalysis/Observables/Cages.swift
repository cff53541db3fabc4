import TektiteCore
import TektiteDynamics

extension NeighborCriterion {
  /// A multiple of the lengths for all pairs of groups, row by row.
  func cutoffs(_ packing: Packing, _ multiple: Double) -> [Double] {
    packing.groups.flatMap { a in packing.groups.map { b in multiple * (sigma(a.label, b.label) ?? 0) } }
  }

  /// The neighbours in a frame.
  func neighbors(_ packing: Packing, _ frame: PackedFrame) -> PlaceNeighbors {
    PlaceNeighbors(packing, frame.positions.fractions(of: frame.cell), frame.cell, cutoffs: cutoffs(packing, formed))
  }

  /// What is wrong with it for some atoms in a cell, or nil.
  func problem(_ packing: Packing, largest multiple: Double, narrowest: Double?, unit: String) -> String? {
    for a in packing.groups {
      for b in packing.groups where sigma(a.label, b.label) == nil {
        return "the pair \(a.label)-\(b.label) has no length; 'sigma' needs one for every pair of species"
      }
    }
    for pair in pairs {
      for label in [pair.first, pair.second] where !packing.groups.contains(where: { $0.label == label }) {
        return "there are no atoms of species '\(label)', for which 'sigma' gives a length. "
          + "The system has \(packing.groups.map(\.label).joined(separator: ", "))"
      }
    }
    let longest = cutoffs(packing, multiple).max() ?? 0
    if let narrowest, longest > narrowest / 2 * (1 + 1e-9) {
      return "neighbours up to \(brief(longest))\(unit) are beyond half the narrowest width of the cell, "
        + "\(brief(narrowest / 2))\(unit), where images of the same atom would be counted; take a larger system"
    }
    return nil
  }

  /// What is wrong with it for a structure, or nil.
  /// - Parameter multiple: the largest multiple of lengths up to which pairs are looked at.
  public func problem(in structure: Structure, largest multiple: Double, _ units: Units) -> String? {
    let cell = structure.frame.cell
    let widths = (0..<3).filter { cell.periodic[$0] }.map { cell.widths[$0] }
    return problem(
      Packing(structure.topology), largest: multiple, narrowest: widths.min(), unit: units == .lj ? "" : " Å")
  }

  /// In words.
  func words(_ packing: Packing) -> String {
    packing.pairs.map { a, b in
      let (a, b) = (packing.groups[a].label, packing.groups[b].label)
      return "\(a)-\(b) \(brief(formed * (sigma(a, b) ?? 0)))"
    }.joined(separator: ", ")
  }
}

/// C_B(t): of the pairs that were nearer than A₁σ_ij, the part that is still nearer than A₂σ_ij (Yamamoto and Onuki 1998,
/// doi:10.1103/PhysRevE.58.3515; A₂ > A₁, so that a vibration breaks nothing).
struct BondBreaking: PairObservable {
  let file: String
  let packing: Packing
  let choice: GroupChoice
  let criterion: NeighborCriterion
  let broken: Double
  let fit: FitWindow
  var means: LagMeans
  private let limits: [Double]
  private let groupOfPlace: [Int]

  init(
    file: String, packing: Packing, choice: GroupChoice, criterion: NeighborCriterion, broken: Double, fit: FitWindow,
    lags: Int
  ) {
    self.file = file
    self.packing = packing
    self.choice = choice
    self.criterion = criterion
    self.broken = broken
    self.fit = fit
    limits = criterion.cutoffs(packing, broken).map { $0 * $0 }
    groupOfPlace = packing.groupOfPlace
    means = LagMeans(lags: lags, quantities: choice.count)
  }

  var needsCell: Bool { true }

  func prepare(_ frame: inout PackedFrame, isOrigin: Bool) {
    guard isOrigin else { return }
    frame.prepared[file] = .neighbors(criterion.neighbors(packing, frame))
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    guard case .neighbors(let table) = origin.prepared[file] else { return }
    let fractions = later.positions.fractions(of: later.cell)
    let image = NearestImage(later.cell)
    var bonds: [Int] = []
    var whole: [Int] = []
    for group in choice.groups {
      var (count, kept) = (0, 0)
      for i in packing.places(of: group) {
        let own = fractions[i]
        let row = groupOfPlace[i] * packing.groups.count
        for j in table.of(i) {
          count += 1
          let limit = limits[row + groupOfPlace[Int(j)]]
          kept += image.squaredDistance(fractions[Int(j)] - own) < limit ? 1 : 0
        }
      }
      bonds.append(count)
      whole.append(kept)
    }
    func share(_ kept: Int, _ count: Int) -> Double { count > 0 ? Double(kept) / Double(count) : 1 }
    var values = zip(whole, bonds).map(share)
    if choice.includesAll {
      let all = share(whole.reduce(0, +), bonds.reduce(0, +))
      values = choice.groups.count == 1 ? [all] : [all] + values
    }
    means.add(values, lag: lag)
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    var table = ObservableTable(
      kind: "bond-breaking", title: "Bond breaking", file: file,
      definition:
        "The part of the pairs within \(brief(criterion.formed)) σ_ij at the start that is within \(brief(broken)) σ_ij later, over "
        + "the neighbours of atoms and origins, 1 without any; one standard error from blocks of origins.",
      parameters: ["neighbours within": criterion.words(packing), "species": choice.words], x: setting.timeAxis,
      y: .init(column: "C_B", label: "C_B(t)"), abscissas: setting.times,
      curves: choice.labels.enumerated().map { k, label in
        .init(column: label, label: label, values: means.values(k), errors: means.errors(k, setting))
      }, samples: means.samples)
    for curve in table.curves {
      if let finding = DecayTime.find(curve, times: table.abscissas, setting, name: "C_B", symbol: "tau_B") {
        table.findings.append(finding)
      }
    }
    RelaxationFit.add(to: &table, window: fit)
    return [table]
  }
}

/// The mean squared displacement relative to the cage: of each atom less the mean over the atoms that were its neighbours at the start (Mazoyer and
/// others 2009, doi:10.1103/PhysRevE.79.011501). Long waves of the whole liquid, which move an atom with its neighbours, are not in it.
struct CageRelativeDisplacement: PairObservable {
  let file: String
  let packing: Packing
  let choice: GroupChoice
  let criterion: NeighborCriterion
  var means: LagMeans

  init(file: String, packing: Packing, choice: GroupChoice, criterion: NeighborCriterion, lags: Int) {
    self.file = file
    self.packing = packing
    self.choice = choice
    self.criterion = criterion
    means = LagMeans(lags: lags, quantities: choice.count)
  }

  var needsCell: Bool { true }

  func prepare(_ frame: inout PackedFrame, isOrigin: Bool) {
    guard isOrigin else { return }
    frame.prepared[file] = .neighbors(criterion.neighbors(packing, frame))
  }

  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int) {
    guard case .neighbors(let table) = origin.prepared[file] else { return }
    let sums = choice.groups.map { group in
      packing.places(of: group).reduce(0.0) { sum, i in
        let near = table.of(i)
        var cage = Vector3.zero
        for j in near { cage += later.positions[Int(j)] - origin.positions[Int(j)] }
        let own = later.positions[i] - origin.positions[i]
        return sum + (near.isEmpty ? own : own - (1 / Double(near.count)) * cage).lengthSquared
      }
    }
    means.add(choice.means(of: sums), lag: lag)
  }

  func tables(_ setting: TableSetting) -> [ObservableTable] {
    [
      ObservableTable(
        kind: "cage-relative-displacement", title: "Cage-relative mean squared displacement", file: file,
        definition:
          "⟨|Δr_i − mean of Δr_j|²⟩ over atoms and origins, j the atoms within \(brief(criterion.formed)) σ_ij of i at the start; "
          + "one standard error from blocks of origins.",
        parameters: ["neighbours within": criterion.words(packing), "species": choice.words], x: setting.timeAxis,
        y: .init(column: "crmsd", label: "⟨Δr_{CR}²⟩", unit: setting.length("²"), scale: .log),
        abscissas: setting.times,
        curves: choice.labels.enumerated().map { k, label in
          .init(column: label, label: label, values: means.values(k), errors: means.errors(k, setting))
        }, samples: means.samples)
    ]
  }
}

extension PackedVectors {
  /// The vector at a place.
  subscript(place: Int) -> Vector3 {
    Vector3(x[place / 4][place % 4], y[place / 4][place % 4], z[place / 4][place % 4])
  }
}
