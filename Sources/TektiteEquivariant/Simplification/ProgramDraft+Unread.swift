import TektiteIrreps

extension ProgramDraft {
  /// Blocks and whole buffers that no energy depends on are dropped, with the steps, paths and radial functions that only they need. Whether something changed.
  mutating func dropUnread() throws(ProgramError) -> Bool {
    let live = LiveFeatures(self)
    let lastConvolutions = lastConvolutions
    let isComplete = live.blocks.allSatisfy { $0.allSatisfy { $0 } && !$0.isEmpty }
    let hasIdleExchange = steps.enumerated().contains { k, step in
      if case .exchange(let buffer) = step { lastConvolutions[buffer] < k } else { false }
    }
    guard !isComplete || hasIdleExchange else { return false }

    let numbers = buffers.indices.map { live.contains($0) }.counted
    var kept: [Primitive] = []
    for (k, step) in steps.enumerated() {
      switch step {
      case .exchange(let buffer) where !live.contains(buffer) || lastConvolutions[buffer] < k: continue
      case .exchange, .readout: kept.append(step)
      default:
        guard let output = step.output, live.contains(output) else { continue }
        kept.append(try step.restricted(to: live, buffers, speciesCount))
      }
    }
    // A step that is left reads only what is left.
    steps = kept.map { step in
      step.renumbered { numbers[$0] ?? 0 }
    }
    buffers = buffers.indices.filter { live.contains($0) }.map { .init(buffers[$0].name, live.irreps($0)) }
    return true
  }

  /// For each buffer the place of the last convolution that reads it; −1 where there is none.
  private var lastConvolutions: [Int] {
    var last = [Int](repeating: -1, count: buffers.count)
    for (k, step) in steps.enumerated() {
      if case .convolve(let convolution) = step { last[convolution.input] = k }
    }
    return last
  }
}

// MARK: Steps on what is left of their buffers

extension Primitive {
  fileprivate func restricted(
    to live: LiveFeatures, _ buffers: [NetworkProgram.Buffer], _ speciesCount: Int
  ) throws(ProgramError) -> Primitive {
    guard let output, (inputs + [output]).contains(where: { live.blocks[$0].contains(false) }) else { return self }
    let isLive = live.components(output)
    let places = isLive.indices.filter { isLive[$0] }
    if !inputs.isEmpty, !inputs.contains(where: live.contains) {
      // No path leads to what is needed, so it is a bias or zero.
      var row = isLive.map { _ in 0.0 }
      if case .linear(let step) = self { row = step.biasFeatures }
      let rows = [[Double]](repeating: places.map { row[$0] }, count: speciesCount)
      return .embed(Embedding(output: output, rows: rows))
    }
    switch self {
    case .exchange, .readout: return self
    case .embed(let step):
      return .embed(Embedding(output: output, rows: step.rows.map { row in places.map { row[$0] } }))
    case .add(let inputs, let output):
      return .add(inputs.filter { live.contains($0) }, output: output)
    case .linear(let step):
      let layer = try step.layer.restricted(inputs: live.copies(step.input), outputs: live.copies(step.output))
      return .linear(LinearMap(input: step.input, output: step.output, layer))
    case .convolve(let step):
      return .convolve(
        try step.restricted(
          from: buffers[step.input].irreps, inputs: live.newBlocks(step.input), outputs: live.newBlocks(step.output)))
    case .contract(let step):
      return .contract(
        try step.restricted(
          from: buffers[step.input].irreps, inputs: live.blocks[step.input], outputs: live.newBlocks(step.output)))
    case .gate(let gate, let input, let output):
      return .gate(
        gate.restricted(inputs: live.components(input), outputs: live.components(output)), input: input, output: output)
    }
  }
}

extension LinearLayer {
  /// The map between some of the copies of its input and some of its output, both counted through all blocks.
  fileprivate func restricted(inputs: [Bool], outputs: [Bool]) throws(ProgramError) -> LinearLayer {
    let rows = plan.input.copyRanges.map { range in (0..<range.count).filter { inputs[range.lowerBound + $0] } }
    let columns = plan.output.copyRanges.map { range in (0..<range.count).filter { outputs[range.lowerBound + $0] } }
    let paths = plan.paths.filter {
      !rows[$0.instruction.input].isEmpty && !columns[$0.instruction.output].isEmpty
    }
    func irreps(_ old: Irreps, _ kept: [[Int]]) -> Irreps {
      Irreps(zip(old, kept).filter { !$1.isEmpty }.map { .init($1.count, $0.irrep) })
    }
    let (newInputs, newOutputs) = (rows.map { !$0.isEmpty }.counted, columns.map { !$0.isEmpty }.counted)
    let instructions = paths.map { path in
      Linear.Instruction(newInputs[path.instruction.input] ?? 0, newOutputs[path.instruction.output] ?? 0)
    }
    let left = columns.indices.filter { !columns[$0].isEmpty }
    do throws(IrrepsError) {
      let smaller = try Linear(
        irreps(plan.input, rows), to: irreps(plan.output, columns), instructions,
        coefficients: paths.map(\.coefficient), biases: left.map { !plan.biases[$0].isEmpty })
      let kept = weights.map { set in
        paths.flatMap { path in
          let width = plan.output[path.instruction.output].multiplicity
          return rows[path.instruction.input].flatMap { row in
            columns[path.instruction.output].map { set[path.weights.lowerBound + row * width + $0] }
          }
        }
      }
      let keptBiases = left.flatMap { block in
        plan.biases[block].isEmpty ? [] : columns[block].map { biases[plan.biases[block].lowerBound + $0] }
      }
      return LinearLayer(plan: smaller, weights: kept, biases: keptBiases)
    } catch {
      throw ProgramError("a linear map cannot be cut down: \(error)")
    }
  }
}

extension Convolution {
  /// The paths between blocks that are left, by their new numbers, and the radial functions that they need.
  fileprivate func restricted(
    from irreps: Irreps, inputs: [Int?], outputs: [Int?]
  ) throws(ProgramError) -> Convolution {
    var isUsed = [Bool](repeating: false, count: radial.count)
    var left: [(path: Path, from: Int, to: Int)] = []
    for path in paths {
      guard let from = inputs[path.inputBlock], let to = outputs[path.outputBlock] else { continue }
      left.append((path, from, to))
      for k in 0..<irreps[path.inputBlock].multiplicity { isUsed[path.firstWeight + k] = true }
    }
    let smaller = try radial.restricted(to: isUsed)
    let places = smaller.count == radial.count ? isUsed.indices.map { $0 } : isUsed.counted
    let paths = left.map { path, from, to in
      Path(
        inputBlock: from, degree: path.degree, outputBlock: to, coefficient: path.coefficient,
        firstWeight: places[path.firstWeight] ?? 0, coupling: path.coupling)
    }
    return Convolution(
      input: input, output: output, largestDegree: paths.map(\.degree).max() ?? 0, paths: paths, radial: smaller,
      normalization: normalization, direction: direction)
  }
}

extension RadialFunction {
  /// Some of the outputs. All of them are kept where the last layer mixes its outputs.
  fileprivate func restricted(to kept: [Bool]) throws(ProgramError) -> RadialFunction {
    guard kept.contains(false), let last = network.layers.last, last.normalization == nil else { return self }
    let columns = kept.indices.filter { kept[$0] }
    let inputs = last.weights.count / max(1, last.outputs)
    let layer = RadialNetwork.Layer(
      weights: (0..<inputs).flatMap { row in columns.map { last.weights[row * last.outputs + $0] } },
      biases: last.biases.isEmpty ? [] : columns.map { last.biases[$0] }, activation: last.activation,
      outputs: columns.count)
    return try RadialFunction(
      basis: basis, transform: transform, envelope: envelope, envelopePlace: envelopePlace,
      neighborRows: neighborRows, centerRows: centerRows,
      network: RadialNetwork(inputs: network.inputs, layers: network.layers.dropLast() + [layer]),
      isDensity: isDensity, pairCutoffs: pairCutoffs, powers: powers.isEmpty ? [] : columns.map { powers[$0] })
  }
}

extension SymmetricContraction {
  /// The terms of the output blocks that are left, on the input blocks that are left.
  fileprivate func restricted(
    from irreps: Irreps, inputs: [Bool], outputs: [Int?]
  ) throws(ProgramError) -> SymmetricContraction {
    let single = Irreps(irreps.map { .init(1, $0.irrep) })
    let components = zip(irreps, inputs).flatMap { [Bool](repeating: $1, count: $0.irrep.dimension) }
    var left: [Term] = []
    for term in terms {
      guard let block = outputs[term.outputBlock] else { continue }
      var basis = term.basis
      if components.contains(false) {
        basis = basis.restricted(
          to: Irreps(zip(single, inputs).filter { $0.1 }.map { $0.0 }), components: components)
      }
      left.append(Term(outputBlock: block, basis: basis, weights: term.weights))
    }
    return SymmetricContraction(input: input, output: output, terms: left)
  }
}

extension GateLayer {
  /// The parts whose outputs are left. What a part reads is then left as a whole.
  fileprivate func restricted(inputs: [Bool], outputs: [Bool]) -> GateLayer {
    let places = inputs.counted
    func moved(_ range: Range<Int>) -> Range<Int> {
      guard let first = range.first, let place = places[first] else { return 0..<0 }
      return place..<(place + range.count)
    }
    let left = parts.filter { !$0.output.isEmpty && outputs[$0.output.lowerBound] }
    return GateLayer(
      scalars: left.filter { $0.group == nil }.map { Scalars(moved($0.input), $0.function) },
      gated: left.compactMap { part in
        part.group.map {
          Gated(
            start: moved(part.input).lowerBound, copies: $0.copies, dimension: $0.dimension,
            firstGate: moved($0.gates).lowerBound, $0.function)
        }
      })
  }
}
