import TektiteCore
import TektiteDynamics

/// A correlation between a few given moments and what follows, each on its own: the two-time functions of a system that ages, which has no origin of time
/// to average over.
struct WaitingSums {
  /// The steps at which one begins to wait, increasing.
  let waiting: [Int]
  /// One for each, whose steps are counted from there.
  private(set) var sums: [CorrelationSums]

  /// - Parameters:
  ///   - lags: for each waiting time, in steps.
  ///   - make: the observable for a number of lags.
  init?(
    waiting: [Int], lags: [[Int]], topology: Topology, cell: Cell, packing: Packing,
    make: (Int) -> (any PairObservable)?
  ) {
    self.waiting = waiting
    sums = []
    for lags in lags {
      // Later origins are out of the reach of any run.
      let plan = LagPlan(lags: lags, origins: Int.max / 4)
      guard let observable = make(plan.lags.count) else { return nil }
      sums.append(
        CorrelationSums(plan: plan, topology: topology, cell: cell, packing: packing, observables: [observable]))
    }
  }

  var needsVelocities: Bool { sums.contains { $0.needsVelocities } }

  /// The first step after `step` at which something is looked at.
  func next(after step: Int) -> Int? {
    zip(waiting, sums).compactMap { wait, sums in sums.plan.next(after: max(-1, step - wait)).map { wait + $0 } }.min()
  }

  /// Takes a frame, if somebody looks at it.
  mutating func add(_ frame: Frame) {
    for index in sums.indices {
      let step = frame.step - waiting[index]
      guard step >= 0, sums[index].plan.next(after: step - 1) == step else { continue }
      var later = frame
      later.step = step
      sums[index].add(later)
    }
  }

  mutating func restart() {
    for index in sums.indices { sums[index].restart() }
  }

  /// The tables of the observable with a curve for each waiting time, where there was one. What is fitted to the averages over origins of other runs is
  /// not to these single samples.
  /// - Parameter limit: how many of its tables make sense without an average.
  func tables(timestep: Double, units: Units, ensemble: String, first limit: Int) -> [ObservableTable] {
    let unit = units == .lj ? "" : " \(units.timeName)"
    let all = zip(waiting, sums).map { wait, sums -> (time: String, tables: [ObservableTable]) in
      let setting = TableSetting(
        lags: sums.plan.lags, overlaps: sums.plan.lags.map { _ in 1 }, timestep: timestep * units.femtoseconds,
        units: units, ensemble: ensemble)
      let time = wait == 0 ? "0" : brief(Double(wait) * timestep * units.femtoseconds)
      return (time, sums.observables[0].tables(setting))
    }
    guard let count = all.first?.tables.count else { return [] }
    return (0..<min(limit, count)).map { index in
      var table = all[0].tables[index]
      // A lag that one waiting time lacks is an empty cell.
      let times = Set(all.flatMap { $0.tables[index].abscissas }).sorted()
      table.abscissas = times
      table.title += ", two times"
      table.definition +=
        " Not averaged over origins: from each waiting time t_w to t_w + t, so that there are no errors."
      table.parameters["waiting times"] = all.map(\.time).joined(separator: ", ") + unit
      table.fits = nil
      table.findings = []
      table.samples = [Int](repeating: 0, count: times.count)
      table.curves = []
      for (time, tables) in all {
        let part = tables[index]
        let places = Dictionary(zip(part.abscissas, part.abscissas.indices), uniquingKeysWith: { first, _ in first })
        for (row, abscissa) in times.enumerated() {
          table.samples[row] += places[abscissa].map { part.samples[$0] } ?? 0
        }
        for curve in part.curves {
          table.curves.append(
            .init(
              column: "\(curve.column)_tw\(time)",
              label: (curve.label.isEmpty ? "" : curve.label + ", ") + "t_w = \(time)",
              values: times.map { t in places[t].map { curve.values[$0] } ?? .nan }, drawn: curve.drawn))
        }
        table.findings += part.findings.map {
          var finding = $0
          finding.name += "(t_w = \(time))"
          finding.error = nil
          return finding
        }
      }
      return table
    }
  }

  func save(to writer: inout ByteWriter) {
    for sums in sums { sums.save(to: &writer) }
  }

  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    for index in sums.indices { try sums[index].restore(from: &reader) }
  }
}
