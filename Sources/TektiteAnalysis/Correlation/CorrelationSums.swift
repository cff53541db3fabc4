import TektiteCore
import TektiteDynamics

/// Correlations in time over one plan of lags: keeps the frames that are origins as long as they are needed, and hands each pair to all
/// observables.
struct CorrelationSums {
  let plan: LagPlan
  let packing: Packing
  var observables: [any PairObservable]
  /// Of the atoms in the user's order.
  private let masses: [Double]
  private let cell: Cell
  private var origins: [PackedFrame] = []
  private var spare: [PackedFrame] = []
  private var current = PackedFrame()
  /// Observables that take frames one by one, by their indices; the others are served by tiles.
  private var direct: [Int]
  private var tiled: TiledPairs?

  init(plan: LagPlan, topology: Topology, cell: Cell, packing: Packing, observables: [any PairObservable]) {
    masses = topology.masses
    self.cell = cell
    self.plan = plan
    self.packing = packing
    self.observables = observables
    direct = Array(observables.indices)
  }

  /// From now on frames come in batches; what is made of displacements alone is summed by tiles. There are no checkpoints then.
  mutating func useTiles() {
    let served = observables.indices.filter {
      (observables[$0] as? any DisplacementAverage)?.displacementSums.isEmpty == false
    }
    guard !served.isEmpty else { return }
    direct.removeAll { served.contains($0) }
    tiled = TiledPairs(plan: plan, packing: packing, observables, served)
  }

  /// Takes frames whose steps increase, on all threads of a team.
  mutating func add(_ frames: [Frame], team: ThreadTeam) {
    let frames = frames.filter { plan.next(after: $0.step - 1) == $0.step }
    tiled?.add(frames, to: &observables, team: team)
    guard !direct.isEmpty else { return }
    for frame in frames { add(frame) }
  }

  /// Whether velocities are kept.
  private var keepsVelocities: Bool { observables.contains { $0.needsVelocities } }
  private var needsPositions: Bool { direct.contains { observables[$0].needsPositions } }
  private var needsCell: Bool { observables.contains { $0.needsCell } }
  var needsStress: Bool { observables.contains { $0.needsStress } }
  /// Whether frames must have velocities; those of the stress are used up at once.
  var needsVelocities: Bool { keepsVelocities || needsStress }

  /// Forgets the origins: what comes next belongs to another run.
  mutating func restart() {
    spare += origins
    origins.removeAll(keepingCapacity: true)
    tiled?.restart()
  }

  /// Takes a frame; steps must increase.
  mutating func add(_ frame: Frame) {
    let step = frame.step
    origins.removeAll { origin in
      guard plan.lastUse(of: origin.step) < step else { return false }
      spare.append(origin)
      return true
    }
    current.step = step
    if needsPositions { current.positions.fill(frame.positions, packing) }
    if keepsVelocities { current.velocities.fill(frame.velocities, packing) }
    if needsStress { current.stress = StressAutocorrelation.sample(frame, masses: masses) }
    current.cell = frame.cell
    prepare(&current, isOrigin: plan.isOrigin(step))
    for level in plan.levels {
      for (k, lag) in level.lags.enumerated() {
        let start = step - lag
        guard start >= 0, start % level.spacing == 0 else { continue }
        if lag == 0 {
          for index in direct { observables[index].add(current, current, lag: level.first + k) }
        } else if let place = place(of: start) {
          for index in direct { observables[index].add(origins[place], current, lag: level.first + k) }
        }
      }
    }
    if plan.isOrigin(step) {
      // The frame itself is kept, and one that is not needed any more takes its place.
      origins.append(current)
      current = spare.popLast() ?? PackedFrame()
    }
  }

  private func prepare(_ frame: inout PackedFrame, isOrigin: Bool) {
    frame.prepared.removeAll(keepingCapacity: true)
    for index in direct { observables[index].prepare(&frame, isOrigin: isOrigin) }
  }

  /// Where the origin of a step is kept; origins are in the order of their steps.
  private func place(of step: Int) -> Int? {
    var (low, high) = (0, origins.count)
    while low < high {
      let middle = (low + high) / 2
      if origins[middle].step < step { low = middle + 1 } else { high = middle }
    }
    return low < origins.count && origins[low].step == step ? low : nil
  }

  // MARK: Checkpoints

  func save(to writer: inout ByteWriter) {
    writer.put(origins.count)
    for origin in origins {
      writer.put(origin.step)
      if needsPositions { writer.put(origin.positions, packing) }
      if keepsVelocities { writer.put(origin.velocities, packing) }
      if needsCell { writer.put(origin.cell.vectors) }
      if needsStress { writer.put(origin.stress) }
    }
    for observable in observables { observable.means.save(to: &writer) }
  }

  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    let count = try reader.int()
    guard count >= 0, count <= reader.remaining / 8 else { throw reader.malformed("\(count) origins of correlations") }
    origins.removeAll()
    for _ in 0..<count {
      var origin = PackedFrame()
      origin.step = try reader.int()
      guard origin.step > origins.last?.step ?? -1 else { throw reader.malformed("origins that are out of order") }
      if needsPositions { origin.positions = try reader.packedVectors(packing) }
      if keepsVelocities { origin.velocities = try reader.packedVectors(packing) }
      if needsCell {
        origin.cell = Cell(
          try reader.matrix(), periodic: cell.periodic, dimensions: cell.dimensions)
        if let problem = origin.cell.validate() { throw reader.malformed("an origin whose cell is wrong: \(problem)") }
      }
      if needsStress {
        origin.stress = try reader.doubles()
        guard origin.stress.count == StressAutocorrelation.components(in: cell.dimensions) + 2 else {
          throw reader.malformed("\(origin.stress.count) components of stress")
        }
      }
      prepare(&origin, isOrigin: true)
      origins.append(origin)
    }
    for index in observables.indices { try observables[index].means.restore(from: &reader) }
  }
}

extension ByteWriter {
  /// Appends the vectors of the atoms, in the user's order.
  mutating func put(_ vectors: PackedVectors, _ packing: Packing) {
    var plain = [Vector3](repeating: .zero, count: packing.count)
    for (place, atom) in packing.order.enumerated() where atom >= 0 {
      let (pack, lane) = (place / 4, place % 4)
      plain[Int(atom)] = Vector3(vectors.x[pack][lane], vectors.y[pack][lane], vectors.z[pack][lane])
    }
    put(plain)
  }
}

extension ByteReader {
  /// Reads the vectors of as many atoms as there are.
  mutating func packedVectors(_ packing: Packing) throws(InputError) -> PackedVectors {
    let plain = try vectors()
    guard plain.count == packing.count else { throw malformed("\(plain.count) atoms where there are \(packing.count)") }
    var packed = PackedVectors()
    packed.fill(plain, packing)
    return packed
  }
}
