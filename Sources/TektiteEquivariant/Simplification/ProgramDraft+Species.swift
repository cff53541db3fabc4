extension ProgramDraft {
  /// Features that depend on the species alone become embeddings: what is computed from embeddings without a sum over neighbours. Whether something changed.
  mutating func foldSpecies() throws(ProgramError) -> Bool {
    var isKnown = [Bool](repeating: false, count: buffers.count)
    var known: [Primitive] = []
    for step in steps {
      guard let output = step.output else { continue }
      if case .convolve = step { continue }
      guard step.inputs.allSatisfy({ isKnown[$0] }) else { continue }
      isKnown[output] = true
      known.append(step)
    }
    guard known.contains(where: { if case .embed = $0 { false } else { true } }) else { return false }
    // One atom of each species, none of which sees another.
    let features = Interpreter(try part(known)).features(ofLoneAtoms: Array(0..<speciesCount))
    steps = steps.map { step in
      if case .embed = step { return step }
      guard let output = step.output, isKnown[output] else { return step }
      let n = buffers[output].irreps.dimension
      let rows = (0..<speciesCount).map { Array(features[output][($0 * n)..<(($0 + 1) * n)]) }
      return .embed(Embedding(output: output, rows: rows))
    }
    return true
  }
}
