/// Runs a plan, forward and back, tile by tile of receivers of one species. What lives on edges exists for a batch of edges at a time.
///
/// Atoms are numbered anew: by species, and within a species as they come, which is along a path through space. Tiles are gathered in chunks, the pieces of
/// work of the threads. What a chunk adds to atoms of others it adds to a list of its own, and the lists are added in the order of chunks, so
/// results have the same bits for any number of threads.
final class NetworkExecutor<S: NetworkScalar> {
  /// Steps with their weights.
  enum Step {
    case constant(ConstantRows<S>)
    case convolve(ConvolutionTables<S>)
    case linear(LinearWeights<S>)
    case contract(ContractionWeights<S>)
    case gate(NetworkPlan.Gate)
    case add([Int], Int)
    case readout(Int)
  }

  /// Atoms in a tile.
  static var tileSize: Int { 8 }

  let plan: NetworkPlan
  let kernels = NetworkKernels(isDouble: S.isDouble)
  let layouts: [FeatureLayout]
  let schedule: NetworkSchedule
  let steps: [Step]
  /// For each segment the buffers that a chunk's list of adjoints is cleared for when the way back comes to it, and those that are complete before it.
  let cleared: [[Int]], merged: [[Int]]
  /// For each buffer its place in the scratch of a tile, in scalars of one atom.
  let valuePlaces: [Int], adjointPlaces: [Int]
  /// Scalars of one atom that a tile's scratch holds.
  let scratchSize: Int

  let graph = TiledGraph<S>()
  /// For all atoms, where buffers are kept: features and their adjoints.
  let values: [Scratch], adjoints: [Scratch]
  /// For each buffer that senders are read from, the chunks' lists of adjoints.
  let lists: [Scratch]
  /// For each step that divides by a density, the denominators.
  let denominators: [Scratch]
  /// Sums of readouts.
  let readouts = Scratch()
  /// The chunks' lists of forces and of virials, and the chunks' sums of virials.
  let listForces = Scratch(), listVirials = Scratch(), chunkVirials = Scratch()
  var threads: [ThreadScratch<S>] = []
  /// What this evaluation computes.
  var wantsAtomicVirials = false

  init(_ plan: NetworkPlan) {
    self.plan = plan
    let layouts = plan.buffers.map { FeatureLayout($0, isDouble: S.isDouble) }
    self.layouts = layouts
    let schedule = NetworkSchedule(plan)
    self.schedule = schedule
    steps = plan.steps.map { step in
      switch step {
      case .constant(let step): .constant(ConstantRows(step, layouts))
      case .convolve(let step): .convolve(ConvolutionTables(step, layouts, speciesCount: plan.speciesCount))
      case .linear(let step): .linear(LinearWeights(step, layouts))
      case .contract(let step): .contract(ContractionWeights(step, layouts))
      case .gate(let step): .gate(step)
      case .add(let inputs, let output): .add(inputs, output)
      case .readout(let buffer): .readout(buffer)
      }
    }
    // The last segment that reads a buffer is the first on the way back to write its list.
    let exchanged = layouts.indices.filter { schedule.values[$0] == .atoms }
    var lastReader = [Int](repeating: -1, count: layouts.count)
    for (s, range) in schedule.segments.enumerated() {
      for step in plan.steps[range] {
        for input in step.inputs where schedule.home[input] != s { lastReader[input] = s }
        if let senders = step.senders { lastReader[senders] = s }
      }
    }
    cleared = schedule.segments.indices.map { s in exchanged.filter { lastReader[$0] == s } }
    merged = schedule.segments.indices.map { s in exchanged.filter { schedule.home[$0] == s } }
    // Buffers of different segments share the scratch, constants have places of their own.
    var (places, adjointPlaces) = ([Int](repeating: 0, count: layouts.count), [Int](repeating: 0, count: layouts.count))
    var constants = 0
    for (k, layout) in layouts.enumerated() where schedule.isConstant[k] {
      places[k] = constants
      constants += layout.size
    }
    var largest = constants
    for s in schedule.segments.indices {
      var used = constants
      for (k, layout) in layouts.enumerated() where schedule.home[k] == s && !schedule.isConstant[k] {
        if schedule.values[k] == .scratch {
          places[k] = used
          used += layout.size
        }
        if schedule.adjoints[k] == .scratch {
          adjointPlaces[k] = used
          used += layout.size
        }
      }
      largest = max(largest, used)
    }
    (valuePlaces, self.adjointPlaces, scratchSize) = (places, adjointPlaces, largest)
    values = layouts.map { _ in Scratch() }
    adjoints = layouts.map { _ in Scratch() }
    lists = layouts.map { _ in Scratch() }
    denominators = plan.steps.map { _ in Scratch() }
  }

  /// Makes room for atoms and edges.
  func reserve(atoms: Int, edges: Int, threads count: Int) {
    graph.reserve(atoms: atoms, edges: edges, species: plan.speciesCount)
    let atoms = max(1, atoms)
    for (k, layout) in layouts.enumerated() {
      let bytes = atoms * layout.size * MemoryLayout<S>.stride
      if schedule.values[k] != .scratch { values[k].reserve(bytes) }
      if schedule.adjoints[k] != .scratch { adjoints[k].reserve(bytes) }
    }
    for (step, place) in zip(steps, denominators) {
      if case .convolve(let tables) = step, tables.step.density != nil {
        place.reserve(atoms * MemoryLayout<Double>.stride)
      }
    }
    readouts.reserve(atoms * 8)
    while threads.count < count { threads.append(ThreadScratch()) }
    for thread in threads { thread.reserve(self, atoms: atoms) }
  }

  /// Energies of atoms (readouts, scale and shift) and forces, by slot, added to what the driver's storage holds.
  func evaluate(_ input: NetworkInput, _ output: inout NetworkOutput, team: ThreadTeam) {
    wantsAtomicVirials = output.atomicVirials != nil
    graph.number(input, plan, tileSize: Self.tileSize)
    reserve(atoms: input.count, edges: input.edgeCount, threads: team.count)
    let chunks = graph.chunkCount
    let cutoff = plan.cutoff
    team.forEachChunk(chunks) { [graph, threads] chunk, thread in
      graph.findEdges(of: chunk, input, cutoff: cutoff, stamps: threads[thread].stamps)
    }
    graph.placeLists()
    let touched = graph.touchedCount
    let forces = listForces.numbers(Vector3.self, touched)
    let virials = listVirials.numbers(Matrix3.self, wantsAtomicVirials ? touched : 0)
    let sums = chunkVirials.numbers(Matrix3.self, chunks)
    for (k, list) in lists.enumerated() where schedule.values[k] == .atoms {
      list.reserve(touched * layouts[k].size * MemoryLayout<S>.stride)
    }
    let energies = readouts.numbers(Double.self)

    let last = schedule.segments.count - 1
    for segment in 0...last {
      team.forEachChunk(chunks) { chunk, thread in
        let scratch = threads[thread]
        let range = graph.tiles(of: chunk)
        if segment == 0 {
          let (from, to) = (graph.lists[chunk], graph.lists[chunk + 1])
          (forces + from).update(repeating: .zero, count: to - from)
          if wantsAtomicVirials { (virials + from).update(repeating: .zero, count: to - from) }
          sums[chunk] = .zero
          for tile in range {
            let tile = graph.tiles[tile]
            for a in 0..<tile.count { energies[tile.first + a] = 0 }
          }
        }
        if segment == last { clearLists(chunk, segment) }
        for tile in range {
          forward(segment, graph.tiles[tile], scratch)
          if segment == last { backward(segment, graph.tiles[tile], chunk, scratch) }
        }
      }
    }
    for segment in (0..<last).reversed() {
      mergeLists(segment, team)
      team.forEachChunk(chunks) { chunk, thread in
        clearLists(chunk, segment)
        for tile in graph.tiles(of: chunk) { backward(segment, graph.tiles[tile], chunk, threads[thread]) }
      }
    }
    collect(input, &output, team)
  }

  /// Forces and shares of atoms from the chunks' lists, in the order of chunks.
  private func collect(_ input: NetworkInput, _ output: inout NetworkOutput, _ team: ThreadTeam) {
    let forces = listForces.numbers(Vector3.self)
    let virials = listVirials.numbers(Matrix3.self)
    let energies = readouts.numbers(Double.self)
    let (slots, species) = (graph.slots.numbers(Int32.self), graph.species.numbers(Int32.self))
    let (ends, places) = (graph.visitEnds.numbers(Int32.self), graph.visits.numbers(Int32.self))
    let target = output
    let (scale, shift, wantsVirials) = (plan.scale, plan.shift, wantsAtomicVirials)
    let count = input.count
    team.forEachChunk((count + 255) / 256) { block in
      for i in (block * 256)..<min(count, block * 256 + 256) {
        let slot = Int(slots[i])
        var force = Vector3.zero
        let (from, to) = (i == 0 ? 0 : Int(ends[i - 1]), Int(ends[i]))
        for k in from..<to { force += forces[Int(places[k])] }
        target.forces[slot] += force
        if wantsVirials, let shares = target.atomicVirials {
          for k in from..<to { shares[slot] += virials[Int(places[k])] }
        }
        let z = Int(species[i])
        energies[i] = shift[z] + scale[z] * energies[i]
        if let shares = target.atomicEnergies { shares[slot] += energies[i] }
      }
    }
    // A sum in the order of numbers, by blocks, so that a million terms keep their digits.
    var total = 0.0
    for first in stride(from: 0, to: count, by: 256) {
      var part = 0.0
      for i in first..<min(count, first + 256) { part += energies[i] }
      total += part
    }
    output.energy += total
    let sums = chunkVirials.numbers(Matrix3.self)
    for chunk in 0..<graph.chunkCount { output.virial += sums[chunk] }
  }

  private func clearLists(_ chunk: Int, _ segment: Int) {
    let (from, to) = (graph.lists[chunk], graph.lists[chunk + 1])
    for buffer in cleared[segment] {
      let size = layouts[buffer].size
      (lists[buffer].numbers(S.self) + from * size).update(repeating: 0, count: (to - from) * size)
    }
  }

  /// Adjoints of what senders carry, from the chunks' lists.
  private func mergeLists(_ segment: Int, _ team: ThreadTeam) {
    let (ends, places) = (graph.visitEnds.numbers(Int32.self), graph.visits.numbers(Int32.self))
    let count = graph.count
    for buffer in merged[segment] {
      let size = layouts[buffer].size
      let list = lists[buffer].numbers(S.self)
      let sums = adjoints[buffer].numbers(S.self)
      team.forEachChunk((count + 63) / 64) { block in
        for i in (block * 64)..<min(count, block * 64 + 64) {
          let (from, to) = (i == 0 ? 0 : Int(ends[i - 1]), Int(ends[i]))
          let sum = sums + i * size
          guard from < to else {
            sum.update(repeating: 0, count: size)
            continue
          }
          sum.update(from: list + Int(places[from]) * size, count: size)
          for k in (from + 1)..<max(from + 1, to) {
            let part = list + Int(places[k]) * size
            for c in 0..<size { sum[c] += part[c] }
          }
        }
      }
    }
  }

  // MARK: Where numbers are

  func value(_ buffer: Int, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) -> FeatureView<S> {
    let size = layouts[buffer].size
    switch schedule.values[buffer] {
    case .scratch:
      return FeatureView(
        base: scratch.features.numbers(S.self) + valuePlaces[buffer] * Self.tileSize, count: tile.count, atomStride: 0)
    case .tiles:
      return FeatureView(
        base: values[buffer].numbers(S.self) + tile.first * size, count: tile.count, atomStride: 0)
    case .atoms:
      return FeatureView(
        base: values[buffer].numbers(S.self) + tile.first * size, count: tile.count, atomStride: size)
    }
  }

  /// The adjoint of a buffer for an atom itself. What senders carry is added to the chunk's list until its own segment comes.
  func adjoint(
    _ buffer: Int, _ segment: Int, _ tile: TiledGraph<S>.Tile, _ chunk: Int, _ scratch: ThreadScratch<S>
  ) -> FeatureView<S> {
    let size = layouts[buffer].size
    switch schedule.adjoints[buffer] {
    case .scratch:
      return FeatureView(
        base: scratch.features.numbers(S.self) + adjointPlaces[buffer] * Self.tileSize, count: tile.count,
        atomStride: 0)
    case .tiles:
      return FeatureView(
        base: adjoints[buffer].numbers(S.self) + tile.first * size, count: tile.count, atomStride: 0)
    case .atoms:
      if schedule.home[buffer] == segment {
        return FeatureView(
          base: adjoints[buffer].numbers(S.self) + tile.first * size, count: tile.count, atomStride: size)
      }
      // The chunk's own atoms come first in its list.
      let place = graph.lists[chunk] + tile.first - graph.firstAtom(of: chunk)
      return FeatureView(base: lists[buffer].numbers(S.self) + place * size, count: tile.count, atomStride: size)
    }
  }
}

/// What an evaluation reads: positions and species by slot, and a full list of neighbours by centre.
struct NetworkInput {
  let count: Int, edgeCount: Int
  let positions: UnsafePointer<Vector3>
  /// Species of the system, and the plan's species of each.
  let species: UnsafePointer<Int32>
  let map: UnsafePointer<Int32>
  let basis: Matrix3
  let offsets: UnsafePointer<Int>
  let neighbors: UnsafePointer<Int32>
  let shifts: UnsafePointer<LatticeShift>
}

/// What an evaluation adds to, by slot.
struct NetworkOutput {
  var energy = 0.0
  var virial = Matrix3.zero
  let forces: UnsafeMutablePointer<Vector3>
  let atomicEnergies: UnsafeMutablePointer<Double>?
  let atomicVirials: UnsafeMutablePointer<Matrix3>?
}

/// Memory of one thread.
final class ThreadScratch<S: NetworkScalar> {
  let features = Scratch(), rows = Scratch(), knots = Scratch(), senders = Scratch(), targets = Scratch()
  let starts = Scratch(), convolution = Scratch(), polynomials = Scratch(), weights = Scratch(), sums = Scratch()
  /// Gates and their slopes.
  let gates = Scratch()
  let exact = Scratch(), stampMemory = Scratch(), dummy = Scratch()
  var stamps: UnsafeMutablePointer<UInt64> { stampMemory.numbers(UInt64.self) }

  func reserve(_ executor: NetworkExecutor<S>, atoms: Int) {
    let size = MemoryLayout<S>.stride
    let tile = NetworkExecutor<S>.tileSize
    features.reserve(executor.scratchSize * tile * size)
    stampMemory.reserve(atoms * 8)
    for step in executor.steps {
      switch step {
      case .convolve(let tables):
        let widest = tables.groups.reduce(0) { max($0, $1.width) }
        dummy.reserve(max(1, executor.plan.speciesCount) * max(tables.speciesStride, widest) * size)
        starts.reserve((tile * max(1, executor.plan.speciesCount) + 1) * 4)
      case .contract(let contraction):
        polynomials.reserve(contraction.scratchBytes)
        let rows = contraction.outputRows * max(1, contraction.pathCount)
        if !contraction.isScalar, contraction.cubic == nil {
          weights.reserve(tile * rows * contraction.width * size)
        }
        sums.reserve(tile * max(contraction.inputRows, contraction.outputRows) * contraction.width * size)
      default: break
      }
    }
  }
}
