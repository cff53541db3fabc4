import TektiteIrreps
import TektiteKernels

/// Writes a program as a plan of numbers for the species that occur.
struct Lowering {
  /// The largest degree of harmonics and messages that kernels know.
  static let largestDegree = 4

  /// What is written, of the species that occur alone.
  let program: NetworkProgram
  /// Its species, by the numbers that the plan gives them.
  let species: [Int]
  let isDouble: Bool
  let usesExactRadial: Bool
  private var buffers: [[NetworkPlan.Block]]
  private var steps: [NetworkPlan.Step] = []
  /// Rows by species of buffers that embeddings write.
  private let embeddings: [BufferIndex: Embedding]
  /// Messages that are kept as sums of few functions, by buffer.
  private var reduced: [BufferIndex: ReducedMessages] = [:]

  /// - Parameter species: species of the program that occur; the plan numbers them anew in this order.
  init(_ program: NetworkProgram, species: [Int], isDouble: Bool, usesExactRadial: Bool) throws(ProgramError) {
    let program = try program.restricted(to: species).simplified()
    (self.program, self.species) = (program, Array(species.indices))
    var embeddings: [BufferIndex: Embedding] = [:]
    for case .embed(let step) in program.steps { embeddings[step.output] = step }
    self.embeddings = embeddings
    (self.isDouble, self.usesExactRadial) = (isDouble, usesExactRadial)
    buffers = program.buffers.map { buffer in
      buffer.irreps.map { NetworkPlan.Block(rows: $0.irrep.dimension, channels: $0.multiplicity) }
    }
  }

  /// - Throws: `ProgramError` where a step is beyond what kernels know (harmonics above degree 4, say); the interpreter still runs such a program.
  mutating func plan() throws(ProgramError) -> NetworkPlan {
    for step in program.steps {
      switch step {
      case .exchange: break
      case .embed(let step):
        // Scalars that only convolutions read, they know.
        let isRead = program.steps.contains { other in
          if case .convolve = other { return carried(step.output) == nil && other.inputs.contains(step.output) }
          if case .exchange = other { return false }
          return other.inputs.contains(step.output)
        }
        if isRead { steps.append(.constant(constant(step))) }
      case .convolve(let step): steps.append(.convolve(try convolution(step)))
      case .linear(let step):
        let map = linear(step)
        steps.append(.linear(reduced[step.input].map { $0.expand(map, buffers[step.output]) } ?? map))
      case .contract(let step): try contract(step)
      case .gate(let gate, let input, let output): steps.append(.gate(self.gate(gate, input, output)))
      case .add(let inputs, let output): try add(inputs, output)
      case .readout(let buffer): steps.append(.readout(buffer))
      }
    }
    return NetworkPlan(
      cutoff: program.cutoff, speciesCount: species.count, buffers: buffers, steps: steps,
      scale: species.map { program.scale[$0] }, shift: species.map { program.shift[$0] })
  }

  /// Block and channel of each copy, in the order in which copies are stored.
  private func copies(_ irreps: Irreps) -> [(block: Int, channel: Int)] {
    irreps.enumerated().flatMap { block, member in (0..<member.multiplicity).map { (block, $0) } }
  }

  private func constant(_ step: Embedding) -> NetworkPlan.Constant {
    let irreps = program.buffers[step.output].irreps
    let rows = species.map { z in
      zip(irreps, irreps.slices).map { block, slice in
        block.irrep.dimension == 1 ? Array(step.rows[z][slice]) : []
      }
    }
    return NetworkPlan.Constant(output: step.output, rows: rows)
  }

  // MARK: Linear maps

  private func linear(_ step: LinearMap) -> NetworkPlan.Linear {
    let (input, output) = (program.buffers[step.input].irreps, program.buffers[step.output].irreps)
    // The map may cut its irreps into other blocks than the buffers do.
    let (from, to) = (copies(input), copies(output))
    func firsts(_ irreps: Irreps) -> [Int] {
      var next = 0
      return irreps.map { block in
        defer { next += block.multiplicity }
        return next
      }
    }
    let (firstInputs, firstOutputs) = (firsts(step.plan.input), firsts(step.plan.output))
    let sets = step.weights.count == 1 ? [0] : species
    struct Pair: Hashable, Comparable {
      let output: Int, input: Int
      static func < (a: Pair, b: Pair) -> Bool { (a.output, a.input) < (b.output, b.input) }
    }
    // Runs of copies that lie in one block of a buffer.
    struct Run {
      let block: Int, channel: Int
      let copies: Range<Int>
    }
    func runs(_ places: ArraySlice<(block: Int, channel: Int)>) -> [Run] {
      var runs: [Run] = []
      for (k, place) in places.enumerated() {
        if let last = runs.last, last.block == place.block {
          runs[runs.count - 1] = Run(block: last.block, channel: last.channel, copies: last.copies.lowerBound..<(k + 1))
        } else {
          runs.append(Run(block: place.block, channel: place.channel, copies: k..<(k + 1)))
        }
      }
      return runs
    }
    var matrices: [Pair: [[Double]]] = [:]
    for path in step.plan.paths {
      let (i, o) = (path.instruction.input, path.instruction.output)
      let (n, m) = (step.plan.input[i].multiplicity, step.plan.output[o].multiplicity)
      for a in runs(from[firstInputs[i]..<(firstInputs[i] + n)]) {
        for b in runs(to[firstOutputs[o]..<(firstOutputs[o] + m)]) {
          let (pair, width) = (Pair(output: b.block, input: a.block), output[b.block].multiplicity)
          let zeros = [Double](repeating: 0, count: input[a.block].multiplicity * width)
          // Taken out while it is changed, so that it is not copied.
          var members = matrices.removeValue(forKey: pair) ?? sets.map { _ in zeros }
          for (k, set) in sets.enumerated() {
            let (stored, first) = (step.weights[set], path.weights.lowerBound)
            for u in a.copies {
              let row = (a.channel + u - a.copies.lowerBound) * width + b.channel - b.copies.lowerBound
              for w in b.copies { members[k][row + w] += path.coefficient * stored[first + u * m + w] }
            }
          }
          matrices[pair] = members
        }
      }
    }
    var biases = output.map { _ in [Double]() }
    for (o, range) in step.plan.biases.enumerated() where !range.isEmpty {
      for (w, bias) in step.biases[range].enumerated() {
        let b = to[firstOutputs[o] + w]
        if biases[b.block].isEmpty {
          biases[b.block] = [Double](repeating: 0, count: output[b.block].multiplicity)
        }
        biases[b.block][b.channel] = bias
      }
    }
    let paths = matrices.sorted { $0.key < $1.key }.map {
      NetworkPlan.Linear.Path(inputBlock: $0.key.input, outputBlock: $0.key.output, weights: $0.value)
    }
    return NetworkPlan.Linear(input: step.input, output: step.output, paths: paths, biases: biases)
  }

  // MARK: Contractions

  private mutating func contract(_ step: SymmetricContraction) throws(ProgramError) {
    let (input, output) = (program.buffers[step.input].irreps, program.buffers[step.output].irreps)
    let channels = input.first?.multiplicity ?? 0
    var firstComponents: [Int] = []
    var next = 0
    for block in output {
      firstComponents.append(next)
      next += block.irrep.dimension
    }
    // Weight rows are shared by nothing, so each term has its own.
    var monomials: [PolynomialTables.Monomial] = []
    var rows = 0
    var weights = species.map { _ in [Double]() }
    var isBySpecies = false
    for term in step.terms {
      let reduced = SymmetrizedContraction(term.basis)
      for t in reduced.terms {
        monomials.append(
          .init(
            component: firstComponents[term.outputBlock] + t.component, path: rows + t.path, indices: t.indices,
            value: t.value))
      }
      for (k, z) in species.enumerated() {
        let set = term.weights[term.weights.count == 1 ? 0 : z]
        guard let folded = try? reduced.fold(set, channels: channels) else {
          throw ProgramError("the weights of a contraction do not fit its tensors")
        }
        weights[k] += folded
      }
      isBySpecies = isBySpecies || term.weights.count > 1
      rows += reduced.keptPaths.count
    }
    if !isBySpecies, let first = weights.first { weights = [first] }
    // The executor overwrites the input of a contraction to a scalar, so it must be nobody else's; and what senders carry is laid out in another way.
    let readers = program.steps.reduce(0) { $0 + $1.inputs.count { $0 == step.input } }
    var (source, target) = (step.input, step.output)
    if readers > 1 || embeddings[source] != nil || isDividedByDensity(source) {
      source = add(like: step.input)
      steps.append(.add([step.input], output: source))
    }
    if isSent(target) { target = add(like: step.output) }
    steps.append(
      .contract(
        NetworkPlan.Contraction(
          input: source, output: target, monomials: monomials, pathCount: rows, weights: weights)))
    if target != step.output { steps.append(.add([target], output: step.output)) }
  }

  /// A new buffer of the shape of another.
  private mutating func add(like buffer: BufferIndex) -> BufferIndex {
    buffers.append(buffers[buffer])
    return buffers.count - 1
  }

  private func isSent(_ buffer: BufferIndex) -> Bool {
    program.steps.contains { if case .convolve(let step) = $0 { step.input == buffer } else { false } }
  }

  private func isDividedByDensity(_ buffer: BufferIndex) -> Bool {
    program.steps.contains {
      guard case .convolve(let step) = $0, step.output == buffer, case .density = step.normalization else {
        return false
      }
      return true
    }
  }

  // MARK: Gates and sums

  private func gate(_ gate: GateLayer, _ input: BufferIndex, _ output: BufferIndex) -> NetworkPlan.Gate {
    // The copy that starts at each component, if one does.
    func starts(_ irreps: Irreps) -> [Int: NetworkPlan.Gate.Place] {
      var places: [Int: NetworkPlan.Gate.Place] = [:]
      for (b, (block, slice)) in zip(irreps, irreps.slices).enumerated() {
        for c in 0..<block.multiplicity {
          places[slice.lowerBound + c * block.irrep.dimension] = .init(block: b, channel: c)
        }
      }
      return places
    }
    let (from, to) = (starts(program.buffers[input].irreps), starts(program.buffers[output].irreps))
    var runs: [NetworkPlan.Gate.Run] = []
    func append(_ x: Int, _ z: Int, gate: Int?, _ function: ScaledFunction?, _ kind: Int, _ last: inout Int) {
      guard let a = from[x], let b = to[z] else { return }
      let g = gate.flatMap { from[$0] }
      if kind == last, let run = runs.last, run.input.block == a.block, run.input.channel + run.count == a.channel,
        run.output.block == b.block, run.output.channel + run.count == b.channel, run.gate?.block == g?.block,
        run.gate.map({ $0.channel + run.count }) == g?.channel
      {
        runs[runs.count - 1].count += 1
        return
      }
      last = kind
      let lowered = function.map { f in
        NetworkPlan.Gate.Function(known: f.function.known, factor: f.factor) { x in (f.value(x), f.derivative(x)) }
      }
      runs.append(.init(input: a, output: b, gate: g, count: 1, function: lowered))
    }
    var at = 0
    var last = -1
    for (number, group) in gate.scalars.enumerated() {
      for k in group.input {
        append(k, at, gate: nil, group.function, number, &last)
        at += 1
      }
    }
    for (number, group) in gate.gated.enumerated() {
      for u in 0..<group.copies {
        append(
          group.start + u * group.dimension, at, gate: group.firstGate + u, group.function, gate.scalars.count + number,
          &last)
        at += group.dimension
      }
    }
    return NetworkPlan.Gate(input: input, output: output, runs: runs)
  }

  private mutating func add(_ inputs: [BufferIndex], _ output: BufferIndex) throws(ProgramError) {
    // Blocks must agree; where irreps agree only after they are simplified, a copy with the output's blocks comes first.
    var same: [BufferIndex] = []
    for input in inputs {
      guard buffers[input] != buffers[output] else {
        same.append(input)
        continue
      }
      let (a, b) = (program.buffers[input].irreps, program.buffers[output].irreps)
      guard let plan = try? Linear(a.simplified(), to: b.simplified()) else {
        throw ProgramError("\(a) cannot be added to \(b)")
      }
      // The unit matrix for each pair of blocks that stand for the same copies.
      var weights = [Double](repeating: 0, count: plan.weightCount)
      for path in plan.paths where path.instruction.input == path.instruction.output {
        let n = plan.output[path.instruction.output].multiplicity
        for u in 0..<n { weights[path.weights.lowerBound + u * n + u] = 1 / path.coefficient }
      }
      buffers.append(buffers[output])
      let map = LinearMap(input: input, output: output, LinearLayer(plan: plan, weights: [weights]))
      var lowered = linear(map)
      lowered.output = buffers.count - 1
      steps.append(.linear(lowered))
      same.append(buffers.count - 1)
    }
    steps.append(.add(same, output: output))
  }

  // MARK: Convolutions

  /// What senders carry if it is scalars known by their species.
  private func carried(_ buffer: BufferIndex) -> Embedding? {
    let irreps = program.buffers[buffer].irreps
    return irreps.count == 1 && irreps[0].irrep.degree == 0 ? embeddings[buffer] : nil
  }

  private mutating func convolution(_ step: Convolution) throws(ProgramError) -> NetworkPlan.Convolution {
    let (input, output) = (program.buffers[step.input].irreps, program.buffers[step.output].irreps)
    guard step.largestDegree <= Self.largestDegree else {
      throw ProgramError("kernels know harmonics to degree \(Self.largestDegree), not to \(step.largestDegree)")
    }
    var division = 1.0
    if case .constant(let number) = step.normalization { division = 1 / number }
    var paths: [NetworkPlan.Convolution.Path] = []
    for path in step.paths where input[path.inputBlock].multiplicity > 0 {
      guard output[path.outputBlock].irrep.degree <= Self.largestDegree else {
        throw ProgramError(
          "kernels know messages to degree \(Self.largestDegree), not \(output[path.outputBlock].irrep)")
      }
      var factor = path.coefficient * division
      var coupling: [NetworkPlan.Convolution.Coupling]? = path.coupling.map {
        .init(first: $0.first, second: $0.second, output: $0.output, value: $0.value)
      }
      // A scalar's coupling is the unit matrix times a number, but for rounding.
      if input[path.inputBlock].irrep.degree == 0, let value = path.coupling.first?.value,
        path.coupling.count == 2 * path.degree + 1,
        path.coupling.allSatisfy({
          $0.first == 0 && $0.second == $0.output && abs($0.value - value) < 1e-13 * abs(value)
        })
      {
        factor *= value
        coupling = nil
      }
      paths.append(
        .init(
          inputBlock: path.inputBlock, outputBlock: path.outputBlock, degree: path.degree,
          firstFunction: path.firstWeight, factor: factor, coupling: coupling))
    }
    let pairs = species.flatMap { a in species.map { RadialTabulation.Pair(center: a, neighbor: $0) } }
    let choice = RadialChoice(step.radial, pairs: pairs, isDouble: isDouble, wantsExact: usesExactRadial)
    let tabulation = choice.tabulation
    let convolution = NetworkPlan.Convolution(
      senders: .atoms(step.input), output: step.output, degree: step.largestDegree,
      pointsToReceiver: step.direction == .towardsCenter, paths: paths,
      radial: NetworkPlan.RadialFunctions(
        count: step.radial.count, start: tabulation.start, spacing: tabulation.spacing, bend: tabulation.bend,
        degree: tabulation.degree, joint: tabulation.joint,
        samples: tabulation.tables, slopes: tabulation.slopes, table: pairs.map { tabulation.tableOfPair[$0] ?? 0 },
        isAlwaysExact: choice.isExact, exact: exact(step.radial)),
      density: density(step, tabulation))
    guard let embedding = carried(step.input) else { return convolution }
    return reduce(convolution, step, embedding, tabulation) ?? bySpecies(convolution, embedding)
  }

  private func exact(
    _ radial: RadialFunction
  ) -> @Sendable (Double, Int, Int) -> (values: [Double], derivatives: [Double]) {
    let species = species
    return { r, a, b in radial.evaluate(r, center: species[a], neighbor: species[b]) }
  }

  private func density(_ step: Convolution, _ tabulation: RadialTabulation) -> NetworkPlan.Convolution.Density? {
    guard case .density(let function, let alpha, let beta) = step.normalization else { return nil }
    let exact = exact(function)
    return NetworkPlan.Convolution.Density(
      alpha: alpha, beta: beta,
      samples: tabulation.representatives.map {
        function.samples(at: tabulation.distances, center: $0.center, neighbor: $0.neighbor).values
      },
      slopes: tabulation.representatives.map { tabulation.slopes(of: function, $0) }
    ) { r, a, b in
      let (values, derivatives) = exact(r, a, b)
      return (values[0], derivatives[0])
    }
  }

  /// Senders known by their species.
  private func bySpecies(
    _ convolution: NetworkPlan.Convolution, _ embedding: Embedding
  ) -> NetworkPlan.Convolution {
    var result = convolution
    result.senders = .species(species.map { embedding.rows[$0] })
    return result
  }

  /// Senders known by their species, with messages kept as sums over the few functions that span all radial ones, where that is cheaper and all
  /// that is done with the messages is linear.
  private mutating func reduce(
    _ convolution: NetworkPlan.Convolution, _ step: Convolution, _ embedding: Embedding, _ tabulation: RadialTabulation
  ) -> NetworkPlan.Convolution? {
    let maps = program.steps.compactMap { other -> LinearMap? in
      if case .linear(let map) = other, map.input == step.output { return map }
      return nil
    }
    let readers = program.steps.reduce(0) { $0 + $1.inputs.count { $0 == step.output } }
    guard !convolution.radial.isAlwaysExact, tabulation.representatives.count == 1, readers == maps.count,
      !maps.isEmpty,
      convolution.paths.allSatisfy({ $0.coupling == nil })
    else { return nil }
    let pair = tabulation.representatives[0]
    let functions = LowRankRadial(
      step.radial.factors(at: tabulation.distances, center: pair.center, neighbor: pair.neighbor),
      tolerance: isDouble ? 1e-12 : 1e-6)
    let messages = ReducedMessages(
      functions, convolution.paths, features: species.map { embedding.rows[$0] },
      blocks: buffers[step.output], isDouble: isDouble)
    guard messages.isCheaper(than: convolution.paths, buffers[step.output], maps.map { buffers[$0.output] }) else {
      return nil
    }
    reduced[step.output] = messages
    buffers[step.output] = messages.blocks
    var result = convolution
    result.senders = .functions
    result.paths = convolution.paths.map {
      .init(inputBlock: 0, outputBlock: $0.outputBlock, degree: $0.degree, firstFunction: 0, coupling: nil)
    }
    let exact = convolution.radial.exact
    result.radial.count = functions.rank
    result.radial.samples = [functions.samples]
    result.radial.slopes = convolution.radial.slopes.map {
      .init(
        first: messages.project($0.first), last: messages.project($0.last), joint: $0.joint.map { messages.project($0) }
      )
    }
    result.radial.exact = { r, a, b in
      let (values, derivatives) = exact(r, a, b)
      return (messages.project(values), messages.project(derivatives))
    }
    return result
  }
}
