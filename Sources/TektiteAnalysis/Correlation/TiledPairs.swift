import TektiteCore

/// Pairs of frames for averages that are made of sums over displacements: frames come in batches, and all pairs that end in a batch are summed tile by tile,
/// the tiles spread over threads.
struct TiledPairs {
  private let plan: LagPlan
  private let tiles: DisplacementTiles
  /// Each sum that somebody needs, once.
  private let wanted: [DisplacementSum]
  /// For each observable that is served: its index, its sums by their places in `wanted`, its groups by theirs in the packing.
  private let served: [(index: Int, sums: [Int], groups: [Int])]
  private let groupCount: Int
  /// The slot of each step that is kept, and those that nobody uses.
  private var slots: [Int: Int] = [:]
  private var free: [Int]

  init(plan: LagPlan, packing: Packing, _ observables: [any PairObservable], _ indices: [Int]) {
    self.plan = plan
    var wanted: [DisplacementSum] = []
    var served: [(index: Int, sums: [Int], groups: [Int])] = []
    for index in indices {
      guard let observable = observables[index] as? any DisplacementAverage else { continue }
      let sums = observable.displacementSums.map { sum in
        if let known = wanted.firstIndex(of: sum) { return known }
        wanted.append(sum)
        return wanted.count - 1
      }
      served.append((index, sums, observable.choice.groups.compactMap { packing.groups.firstIndex(of: $0) }))
    }
    self.wanted = wanted
    self.served = served
    groupCount = packing.groups.count
    tiles = DisplacementTiles(
      order: packing.order, groups: packing.groups.map { 4 * $0.packs.lowerBound..<4 * $0.packs.upperBound }, slots: 8)
    free = Array(0..<8)
  }

  /// Forgets all frames.
  mutating func restart() {
    slots = [:]
    free = Array(0..<tiles.slots)
  }

  /// Takes frames whose steps increase.
  mutating func add(_ frames: [Frame], to observables: inout [any PairObservable], team: ThreadTeam) {
    guard let first = frames.first else { return }
    for (step, slot) in slots where plan.lastUse(of: step) < first.step {
      slots[step] = nil
      free.append(slot)
    }
    if free.count < frames.count {
      let old = tiles.slots
      tiles.grow(to: max(old + frames.count, 2 * old))
      free += old..<tiles.slots
    }
    var passing: [Int] = []
    var pairs: [(origin: Int, later: Int)] = []
    var lags: [Int] = []
    let places = frames.map { _ in free.removeLast() }
    for (frame, slot) in zip(frames, places) {
      if plan.isOrigin(frame.step) { slots[frame.step] = slot } else { passing.append(slot) }
      for level in plan.levels {
        for (k, lag) in level.lags.enumerated() {
          let start = frame.step - lag
          guard start >= 0, start % level.spacing == 0, let origin = lag == 0 ? slot : slots[start] else { continue }
          pairs.append((origin, slot))
          lags.append(level.first + k)
        }
      }
    }
    let tiles = self.tiles
    team.forEachChunk(frames.count) { tiles.fill(places[$0], frames[$0].positions) }
    let sums = tiles.sums(wanted, of: pairs, team: team)
    for (index, places, groups) in served {
      guard var observable = observables[index] as? any DisplacementAverage else { continue }
      for (pair, lag) in lags.enumerated() {
        let base = pair * wanted.count
        observable.add(places.map { place in groups.map { sums[(base + place) * groupCount + $0] } }, lag: lag)
      }
      observables[index] = observable
    }
    free += passing
  }
}
