import TektiteIrreps

/// Which features of a program an energy depends on: for each buffer and each block whether anybody needs it. Found backwards from the readouts.
struct LiveFeatures {
  /// For each buffer and each block whether it is needed.
  private(set) var blocks: [[Bool]]
  private let buffers: [NetworkProgram.Buffer]

  init(_ draft: ProgramDraft) {
    buffers = draft.buffers
    blocks = draft.buffers.map { [Bool](repeating: false, count: $0.irreps.count) }
    // Sums and gates mark their outputs too, so once is not always enough.
    var (before, after) = (-1, 0)
    while before != after {
      before = after
      for step in draft.steps.reversed() { mark(step) }
      after = blocks.reduce(0) { $0 + $1.count { $0 } }
    }
  }

  /// Whether anything of a buffer is needed.
  func contains(_ buffer: BufferIndex) -> Bool { blocks[buffer].contains(true) }

  /// Whether the copies of a buffer are needed, one by one.
  func copies(_ buffer: BufferIndex) -> [Bool] {
    zip(buffers[buffer].irreps, blocks[buffer]).flatMap { [Bool](repeating: $1, count: $0.multiplicity) }
  }

  /// Whether the components of a buffer are needed, one by one.
  func components(_ buffer: BufferIndex) -> [Bool] {
    zip(buffers[buffer].irreps, blocks[buffer]).flatMap { [Bool](repeating: $1, count: $0.dimension) }
  }

  /// What is left of a buffer.
  func irreps(_ buffer: BufferIndex) -> Irreps {
    Irreps(zip(buffers[buffer].irreps, blocks[buffer]).filter { $0.1 }.map { $0.0 })
  }

  /// The new numbers of blocks; nil for those that nobody needs.
  func newBlocks(_ buffer: BufferIndex) -> [Int?] { blocks[buffer].counted }

  // MARK: What steps need

  private mutating func mark(_ step: Primitive) {
    switch step {
    case .embed, .exchange: break
    case .readout(let buffer): markComponents(buffer, 0..<buffers[buffer].irreps.dimension)
    case .add(let inputs, let output):
      // All of them have the same features, or they could not be added. A sum that nobody reads asks for nothing.
      guard contains(output) else { break }
      let all = [output] + inputs
      for from in all {
        let live = components(from)
        for to in all where to != from {
          for k in live.indices where live[k] { markComponents(to, k..<(k + 1)) }
        }
      }
    case .linear(let step): mark(step)
    case .convolve(let step):
      for path in step.paths where blocks[step.output][path.outputBlock] { blocks[step.input][path.inputBlock] = true }
    case .contract(let step): mark(step)
    case .gate(let gate, let input, let output): mark(gate, input, output)
    }
  }

  private mutating func mark(_ step: LinearMap) {
    let (from, to) = (step.plan.input.slices, step.plan.output.slices)
    let live = components(step.output)
    for path in step.plan.paths where live[to[path.instruction.output]].contains(true) {
      markComponents(step.input, from[path.instruction.input])
    }
  }

  private mutating func mark(_ step: SymmetricContraction) {
    let owners = buffers[step.input].irreps.enumerated().flatMap { k, block in
      [Int](repeating: k, count: block.irrep.dimension)
    }
    for term in step.terms where blocks[step.output][term.outputBlock] {
      for elements in term.basis.paths {
        for element in elements {
          for component in term.basis.indices(of: element) { blocks[step.input][owners[component]] = true }
        }
      }
    }
  }

  /// Scalars of a gate that pass one function are needed together, and so are all copies of a group, and their gates.
  private mutating func mark(_ gate: GateLayer, _ input: BufferIndex, _ output: BufferIndex) {
    for part in gate.parts where components(output)[part.output].contains(true) {
      markComponents(output, part.output)
      markComponents(input, part.input)
      if let group = part.group { markComponents(input, group.gates) }
    }
  }

  private mutating func markComponents(_ buffer: BufferIndex, _ range: Range<Int>) {
    for (k, slice) in buffers[buffer].irreps.slices.enumerated() where slice.overlaps(range) {
      blocks[buffer][k] = true
    }
  }
}

extension [Bool] {
  /// The number of each true place among the true places; nil for the others.
  var counted: [Int?] {
    var next = 0
    return map { isTrue in
      guard isTrue else { return nil }
      next += 1
      return next - 1
    }
  }
}

extension GateLayer {
  /// A run of components that go from input to output together.
  struct Part {
    let input, output: Range<Int>
    /// The function of scalars.
    let function: ScaledFunction?
    /// The group; nil for scalars.
    let group: Gated?
  }

  /// The groups of scalars and of gated copies, in the order of the output.
  var parts: [Part] {
    var end = 0
    func next(_ input: Range<Int>, _ function: ScaledFunction?, _ group: Gated?) -> Part {
      defer { end += input.count }
      return Part(input: input, output: end..<(end + input.count), function: function, group: group)
    }
    return scalars.map { next($0.input, $0.function, nil) } + gated.map { next($0.input, nil, $0) }
  }
}
