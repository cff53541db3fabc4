import TektiteCore
import TektiteDynamics

/// A frame as correlations need it: packed unwrapped positions, and what else somebody asked for.
struct PackedFrame {
  var step = 0
  var positions = PackedVectors()
  var velocities = PackedVectors()
  /// The cell, for observables that need one.
  var cell = Cell.open
  /// What `StressAutocorrelation` keeps, for it alone.
  var stress: [Double] = []
  /// What observables made of the frame, by the names of their files. It is made anew from a checkpoint.
  var prepared: [String: PreparedFrame] = [:]
}

/// What an observable makes of a frame once, since the frame is looked at many times.
enum PreparedFrame {
  /// Σ exp(i k·r) of each group, for each vector.
  case modes([[SIMD2<Double>]])
  /// Which atoms are near each other.
  case neighbors(PlaceNeighbors)
}

/// What tables say about times and lengths.
struct TableSetting {
  /// The lags, in steps.
  var lags: [Int]
  /// For each lag, how many successive origins reach over it.
  var overlaps: [Int]
  /// The timestep in the unit of tables.
  var timestep: Double
  /// Units of the run.
  var units: Units
  /// What the dynamics keep constant, empty when unknown.
  var ensemble: String

  var times: [Double] { lags.map { Double($0) * timestep } }
  var timeAxis: ObservableTable.Axis {
    ObservableTable.Axis(column: "time", label: "t", unit: units == .lj ? "" : units.timeName, scale: .log)
  }
  /// The unit of a power of length, e.g. `Å²`; empty in reduced units.
  func length(_ power: String) -> String { units == .lj ? "" : units.lengthName + power }
}

/// Something that is averaged, with what it has added up so far.
protocol Averaging {
  /// Its sums, all that a checkpoint needs.
  var means: LagMeans { get set }
  /// What was found.
  func tables(_ setting: TableSetting) -> [ObservableTable]
}

/// An average over pairs of frames that are a lag apart.
protocol PairObservable: Averaging {
  /// Whether it needs positions; by default it does.
  var needsPositions: Bool { get }
  /// Whether it needs velocities; by default it does not.
  var needsVelocities: Bool { get }
  /// Whether it needs the cell; by default it does not.
  var needsCell: Bool { get }
  /// Whether it needs the stress; by default it does not.
  var needsStress: Bool { get }
  /// Adds what it keeps of a frame, a function of positions and cell alone; by default nothing.
  /// - Parameter isOrigin: whether the frame will be an origin.
  func prepare(_ frame: inout PackedFrame, isOrigin: Bool)
  /// Adds the pair of an origin and a later frame.
  /// - Parameter lag: index of the lag.
  mutating func add(_ origin: PackedFrame, _ later: PackedFrame, lag: Int)
}

extension PairObservable {
  var needsPositions: Bool { true }
  var needsVelocities: Bool { false }
  var needsCell: Bool { false }
  var needsStress: Bool { false }
  func prepare(_ frame: inout PackedFrame, isOrigin: Bool) {}
}

/// An average that is made of sums over displacements alone, so that it can be had from tiles.
protocol DisplacementAverage: PairObservable {
  /// The atoms it is about.
  var choice: GroupChoice { get }
  /// The sums that it needs; none where it is not made of such.
  var displacementSums: [DisplacementSum] { get }
  /// Adds a pair of frames by those sums: `[sum][group of its choice]`.
  mutating func add(_ sums: [[Double]], lag: Int)
}

/// For each lag, the means of several quantities over origins.
struct LagMeans: Hashable, Sendable {
  /// `[lag][quantity]`
  private(set) var means: [[BlockedMean]]

  init(lags: Int, quantities: Int) {
    means = [[BlockedMean]](repeating: [BlockedMean](repeating: BlockedMean(), count: quantities), count: lags)
  }

  /// Adds the values that several quantities have at one origin, the first of them to quantity `first`.
  mutating func add(_ values: [Double], lag: Int, first: Int = 0) {
    for (k, value) in values.enumerated() { means[lag][first + k].add(value) }
  }

  /// The number of pairs of each lag.
  var samples: [Int] { means.map { $0.first?.count ?? 0 } }

  /// The means of a quantity over the lags.
  func values(_ quantity: Int) -> [Double] { means.map { $0[quantity].mean } }

  /// Their errors.
  func errors(_ quantity: Int, _ setting: TableSetting) -> [Double] {
    means.indices.map { means[$0][quantity].error(span: setting.overlaps[$0]) }
  }

  func save(to writer: inout ByteWriter) {
    for lag in means { for mean in lag { mean.save(to: &writer) } }
  }

  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    for lag in means.indices {
      for quantity in means[lag].indices { means[lag][quantity] = try BlockedMean(from: &reader) }
    }
  }
}

/// Which atoms an observable is about: all, or those of some species, each on its own.
struct GroupChoice: Hashable, Sendable {
  /// The groups of the packing, each a curve of its own.
  let groups: [Packing.Group]
  /// Whether there is a curve of all atoms together, before the others.
  let includesAll: Bool

  /// - Parameter species: labels; empty for all together and, when there are several, each.
  init(_ packing: Packing, species: [String]) {
    groups = species.isEmpty ? packing.groups : species.compactMap { s in packing.groups.first { $0.label == s } }
    includesAll = species.isEmpty
  }

  /// The number of curves.
  var count: Int { labels.count }
  /// Their labels.
  var labels: [String] {
    if includesAll && groups.count == 1 { return ["all"] }
    return (includesAll ? ["all"] : []) + groups.map(\.label)
  }

  /// The mean over the atoms of each curve of a quantity that `sum` adds up over a group.
  func means(_ sum: (Packing.Group) -> Double) -> [Double] { means(of: groups.map(sum)) }

  /// The mean over the atoms of each curve of a quantity whose sums over the groups are known.
  func means(of sums: [Double]) -> [Double] {
    let each = zip(sums, groups).map { $0 / Double($1.count) }
    guard includesAll else { return each }
    let all = sums.reduce(0, +) / Double(groups.reduce(0) { $0 + $1.count })
    return groups.count == 1 ? [all] : [all] + each
  }

  /// The number of atoms of each curve.
  var atoms: [Int] {
    let each = groups.map(\.count)
    guard includesAll else { return each }
    return groups.count == 1 ? each : [each.reduce(0, +)] + each
  }

  /// In words, for tables.
  var words: String { includesAll ? "all atoms" : groups.map(\.label).joined(separator: ", ") }
}
