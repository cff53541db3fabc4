extension NetworkProgram {
  /// The program for some of the species, which are numbered anew in the order that is given: what belongs to the others is left out, so that a system of two elements does not pay
  /// for the 89 that a model knows. Terms of pairs, which are no part of the network, are left out too.
  /// - Precondition: species are those of the program, each once and at least one.
  /// - Throws: `ProgramError` if the result does not fit together, which would be a mistake here.
  func restricted(to species: [Int]) throws(ProgramError) -> NetworkProgram {
    guard species != Array(0..<speciesCount) || !pairs.isEmpty else { return self }
    var left: [Primitive] = []
    for step in steps { left.append(try step.restricted(to: species)) }
    return try NetworkProgram(
      cutoff: cutoff, speciesCount: species.count, buffers: buffers, steps: left, scale: species.map { scale[$0] },
      shift: species.map { shift[$0] })
  }
}

extension Primitive {
  fileprivate func restricted(to species: [Int]) throws(ProgramError) -> Primitive {
    switch self {
    case .exchange, .gate, .add, .readout: return self
    case .embed(let step): return .embed(Embedding(output: step.output, rows: species.map { step.rows[$0] }))
    case .linear(let step):
      let layer = LinearLayer(plan: step.plan, weights: step.weights.restricted(to: species), biases: step.biases)
      return .linear(LinearMap(input: step.input, output: step.output, layer))
    case .contract(let step):
      let terms = step.terms.map {
        SymmetricContraction.Term(
          outputBlock: $0.outputBlock, basis: $0.basis, weights: $0.weights.restricted(to: species))
      }
      return .contract(SymmetricContraction(input: step.input, output: step.output, terms: terms))
    case .convolve(let step):
      var normalization = step.normalization
      if case .density(let function, let alpha, let beta) = normalization {
        normalization = .density(try function.restricted(to: species), alpha: alpha, beta: beta)
      }
      return .convolve(
        Convolution(
          input: step.input, output: step.output, largestDegree: step.largestDegree, paths: step.paths,
          radial: try step.radial.restricted(to: species), normalization: normalization, direction: step.direction))
    }
  }
}

extension [[Double]] {
  /// The sets of these species, where there is not one for all.
  fileprivate func restricted(to species: [Int]) -> [[Double]] { count == 1 ? self : species.map { self[$0] } }
}

extension RadialFunction {
  fileprivate func restricted(to species: [Int]) throws(ProgramError) -> RadialFunction {
    let transform: DistanceTransform =
      switch self.transform {
      case .identity: .identity
      case .agnesi(let q, let p, let a, let radii): .agnesi(q: q, p: p, a: a, radii: species.map { radii[$0] })
      case .soft(let alpha, let radii): .soft(alpha: alpha, radii: species.map { radii[$0] })
      }
    return try RadialFunction(
      basis: basis, transform: transform, envelope: envelope, envelopePlace: envelopePlace,
      neighborRows: neighborRows.isEmpty ? [] : species.map { neighborRows[$0] },
      centerRows: centerRows.isEmpty ? [] : species.map { centerRows[$0] }, network: network, isDensity: isDensity,
      pairCutoffs: pairCutoffs.isEmpty ? [] : species.map { a in species.map { pairCutoffs[a][$0] } }, powers: powers)
  }
}
