import TektiteIrreps

extension ProgramDraft {
  /// Linear maps whose input is a linear map's output, or a sum of such outputs, are composed with those maps, where all readers of the features between them together
  /// then need fewer multiplications. Whether something changed.
  mutating func composeMaps() throws(ProgramError) -> Bool {
    var hasChanged = false
    // From the end, since the last layers are narrow, and their maps make those before narrow too.
    var k = steps.count - 1
    while k >= 0 {
      if let bypass = Bypass(of: k, in: self) {
        try apply(bypass)
        hasChanged = true
        k = steps.count
      }
      k -= 1
    }
    return hasChanged
  }

  /// Features that need not be made because each of their readers can be made from what they are made of.
  private struct Bypass {
    enum Term {
      /// A map whose output nobody else reads.
      case map(LinearMap)
      /// Features that are needed otherwise too.
      case features(BufferIndex)
    }

    /// Places of the readers.
    let readers: [Int]
    /// What the features are the sum of.
    var terms: [Term] = []
    /// Rows by species that are added, each for one term.
    var constants: [[[Double]]] = []
    /// Buffers that are not written any more.
    var dropped: Set<BufferIndex>

    /// The bypass of the features that a step writes; nil where there is none or where it does not pay.
    init?(of place: Int, in draft: ProgramDraft) {
      guard let middle = draft.steps[place].output else { return nil }
      let (allReaders, writers) = (draft.readers, draft.writers)
      readers = allReaders[middle]
      dropped = [middle]
      let outers = readers.compactMap { reader -> LinearMap? in
        if case .linear(let map) = draft.steps[reader] { map } else { nil }
      }
      guard !outers.isEmpty, outers.count == readers.count else { return nil }
      switch draft.steps[place] {
      case .linear(let map): terms = [.map(map)]
      case .add(let inputs, _):
        for input in inputs {
          if case .embed(let embedding) = writers[input] {
            constants.append(embedding.rows)
          } else if case .linear(let map) = writers[input], allReaders[input].count == 1 {
            terms.append(.map(map))
            dropped.insert(input)
          } else {
            terms.append(.features(input))
          }
        }
      default: return nil
      }
      var (before, after) = (outers.reduce(0) { $0 + $1.plan.multiplications }, 0)
      for case .map(let inner) in terms { before += inner.plan.multiplications }
      for outer in outers {
        for term in terms {
          switch term {
          case .map(let inner): after += LinearComposition(outer, after: inner).multiplications
          case .features: after += outer.plan.multiplications
          }
        }
      }
      guard after < before else { return nil }
    }
  }

  private mutating func apply(_ bypass: Bypass) throws(ProgramError) {
    var changed: [Primitive] = []
    for (k, step) in steps.enumerated() {
      if bypass.readers.contains(k), case .linear(let outer) = step {
        changed += try compose(outer, bypass)
      } else if !(step.output.map(bypass.dropped.contains) ?? false) {
        changed.append(step)
      }
    }
    steps = changed
  }

  /// The steps that take the place of a reader.
  private mutating func compose(_ outer: LinearMap, _ bypass: Bypass) throws(ProgramError) -> [Primitive] {
    // What does not depend on positions: rows of the sum, biases of its terms, and the reader's own.
    var rows = [[Double]](
      repeating: [Double](repeating: 0, count: outer.plan.input.dimension), count: speciesCount)
    var hasBiases = outer.plan.biasCount > 0
    for case .map(let inner) in bypass.terms where inner.plan.biasCount > 0 {
      hasBiases = true
      for z in rows.indices { rows[z] = zip(rows[z], inner.biasFeatures).map(+) }
    }
    for constant in bypass.constants {
      for z in rows.indices { rows[z] = zip(rows[z], constant[z]).map(+) }
    }
    // Biases are the same for all species; rows that are not make an embedding.
    let isEmbedded = !bypass.constants.isEmpty || (hasBiases && outer.weights.count > 1)
    var rest: [[Double]] = []
    if isEmbedded || hasBiases {
      for z in 0..<(isEmbedded ? speciesCount : 1) { rest.append(try outer.apply(rows[z], species: z)) }
    }
    var bias = isEmbedded ? nil : rest.first

    var steps: [Primitive] = []
    var outputs: [BufferIndex] = []
    let isAlone = bypass.terms.count == 1 && !isEmbedded
    let name = buffers[outer.output].name
    func output(_ source: String, _ draft: inout ProgramDraft) -> BufferIndex {
      isAlone ? outer.output : draft.addBuffer(like: outer.output, "\(name) of \(source)")
    }
    for term in bypass.terms {
      switch term {
      case .map(let inner):
        outputs.append(output(buffers[inner.output].name, &self))
        let layer = try LinearComposition(outer, after: inner).layer(adding: bias)
        steps.append(.linear(LinearMap(input: inner.input, output: outputs[outputs.count - 1], layer)))
      case .features(let input):
        outputs.append(output(buffers[input].name, &self))
        let layer = try outer.layer(adding: bias)
        steps.append(.linear(LinearMap(input: input, output: outputs[outputs.count - 1], layer)))
      }
      bias = nil
    }
    if isEmbedded {
      outputs.append(output("species", &self))
      steps.append(.embed(Embedding(output: outputs[outputs.count - 1], rows: rest)))
    }
    if !isAlone { steps.append(.add(outputs, output: outer.output)) }
    return steps
  }
}
