import TektiteCore
import TektiteDynamics

/// The sums of a list of observables. Correlations that share their pairs of steps share the frames that are kept for them.
struct ObservableSums {
  /// Averages over single frames that are taken at the same steps.
  struct Averages {
    let every: Int
    var observables: [any FrameObservable]
  }
  let requests: [ObservableRequest]
  private(set) var correlations: [CorrelationSums] = []
  private(set) var averages: [Averages] = []
  private(set) var waits: [WaitingSums] = []
  /// Where the sums of a request are.
  private enum Place {
    /// The index of the correlation, and the place therein.
    case correlation(Int, Int)
    /// The index of the average, and the place therein.
    case average(Int, Int)
    /// The index of the waiting times.
    case waiting(Int)
  }
  private var places: [Place] = []

  /// - Parameters:
  ///   - plan: the pairs of steps of a request that correlates.
  ///   - lags: the lags of a request from a waiting time.
  init(
    _ requests: [ObservableRequest], topology: Topology, cell: Cell, degreesOfFreedom: Int? = nil,
    plan: (ObservableRequest) -> LagPlan, lags: (ObservableRequest, Int) -> [Int] = { _, _ in [] }
  ) {
    self.requests = requests
    let packing = Packing(topology)
    var plans: [LagPlan] = []
    var members: [[any PairObservable]] = []
    for request in requests {
      let freedom = degreesOfFreedom ?? max(1, cell.dimensions * (topology.count - 1))
      if request.isCorrelation, !request.sampling.waiting.isEmpty {
        let waiting = request.sampling.waiting
        guard
          let sums = WaitingSums(
            waiting: waiting, lags: waiting.map { lags(request, $0) }, topology: topology, cell: cell, packing: packing,
            make: { request.correlation(packing, cell: cell, lags: $0, degreesOfFreedom: freedom) })
        else { continue }
        places.append(.waiting(waits.count))
        waits.append(sums)
      } else if request.isCorrelation {
        let own = plan(request)
        let group = plans.firstIndex(of: own) ?? plans.count
        if group == plans.count {
          plans.append(own)
          members.append([])
        }
        guard
          let observable = request.correlation(packing, cell: cell, lags: own.lags.count, degreesOfFreedom: freedom)
        else { continue }
        places.append(.correlation(group, members[group].count))
        members[group].append(observable)
      } else if let observable = request.average(packing, topology: topology, cell: cell) {
        let group = averages.firstIndex { $0.every == request.every } ?? averages.count
        if group == averages.count { averages.append(Averages(every: request.every, observables: [])) }
        places.append(.average(group, averages[group].observables.count))
        averages[group].observables.append(observable)
      }
    }
    correlations = zip(plans, members).map {
      CorrelationSums(plan: $0, topology: topology, cell: cell, packing: packing, observables: $1)
    }
  }

  /// Whether frames need velocities.
  var needsVelocities: Bool { correlations.contains { $0.needsVelocities } || waits.contains { $0.needsVelocities } }

  /// F_s at the lags that have come so far, of the first curve of the first observable that is one; nil without.
  var scattering: [Double]? {
    for group in correlations {
      guard let found = group.observables.first(where: { $0 is SelfIntermediateScattering }) else { continue }
      return found.means.means.compactMap { ($0.first?.count ?? 0) > 0 ? $0.first?.mean : nil }
    }
    return nil
  }

  /// Whether somebody needs the stress of any frame.
  var needsStress: Bool { correlations.contains { $0.needsStress } }
  /// Whether somebody needs the stress of the frame of a step.
  func needsStress(at step: Int) -> Bool {
    correlations.contains { $0.needsStress && $0.plan.next(after: step - 1) == step }
  }

  /// The first step after `step` at which something is looked at.
  func next(after step: Int) -> Int? {
    let pairs = correlations.compactMap { $0.plan.next(after: step) }
    let frames = averages.map { step < 0 ? 0 : (step / $0.every + 1) * $0.every }
    return (pairs + frames + waits.compactMap { $0.next(after: step) }).min()
  }

  /// Takes a frame; steps must increase.
  /// - Parameter averaging: whether it counts for averages over frames, too, where their interval allows it.
  mutating func add(_ frame: Frame, averaging: Bool = true) {
    for index in correlations.indices where correlations[index].plan.next(after: frame.step - 1) == frame.step {
      correlations[index].add(frame)
    }
    for index in waits.indices { waits[index].add(frame) }
    for index in averages.indices where averaging && frame.step % averages[index].every == 0 {
      for k in averages[index].observables.indices { averages[index].observables[k].add(frame) }
    }
  }

  /// From now on frames come in batches; see `CorrelationSums`.
  mutating func useTiles() {
    for index in correlations.indices { correlations[index].useTiles() }
  }

  /// Takes frames whose steps increase, on all threads of a team.
  /// - Parameter averaging: whether the frame of a step counts for averages over frames, too.
  mutating func add(_ frames: [Frame], team: ThreadTeam, averaging: (Int) -> Bool) {
    for index in correlations.indices { correlations[index].add(frames, team: team) }
    for frame in frames {
      for index in waits.indices { waits[index].add(frame) }
      for index in averages.indices where averaging(frame.step) && frame.step % averages[index].every == 0 {
        for k in averages[index].observables.indices { averages[index].observables[k].add(frame) }
      }
    }
  }

  /// What comes next belongs to another run: its steps start at 0 again.
  mutating func restart() {
    for index in correlations.indices { correlations[index].restart() }
    for index in waits.indices { waits[index].restart() }
  }

  /// What was found, in the order of the requests.
  /// - Parameter timestep: internal units.
  func tables(timestep: Double, units: Units, ensemble: String) -> [ObservableTable] {
    zip(requests, places).flatMap { request, place -> [ObservableTable] in
      var plan: LagPlan?
      if case .correlation(let group, _) = place { plan = correlations[group].plan }
      let setting = TableSetting(
        lags: plan?.lags ?? [], overlaps: plan.map { plan in plan.lags.indices.map(plan.overlap) } ?? [],
        timestep: timestep * units.femtoseconds, units: units, ensemble: ensemble)
      switch place {
      case .correlation(let group, let index): return correlations[group].observables[index].tables(setting)
      case .average(let group, let index): return averages[group].observables[index].tables(setting)
      case .waiting(let index):
        return waits[index].tables(
          timestep: timestep, units: units, ensemble: ensemble, first: request.contents.count)
      }
    }
  }

  /// Writes all sums for a checkpoint.
  func save(to writer: inout ByteWriter) {
    for sums in correlations { sums.save(to: &writer) }
    for sums in waits { sums.save(to: &writer) }
    for group in averages { for observable in group.observables { observable.save(to: &writer) } }
  }

  /// Takes up the sums of a checkpoint.
  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    for index in correlations.indices { try correlations[index].restore(from: &reader) }
    for index in waits.indices { try waits[index].restore(from: &reader) }
    for index in averages.indices {
      for k in averages[index].observables.indices { try averages[index].observables[k].restore(from: &reader) }
    }
  }
}
