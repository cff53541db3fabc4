import TektiteIrreps

extension NetworkProgram {
  /// Everything that an executor relies on, so that it need not look again.
  func validate() throws(ProgramError) {
    guard cutoff > 0, cutoff.isFinite, speciesCount > 0 else {
      throw ProgramError("a program needs a cutoff above 0 and a species; it has \(cutoff) and \(speciesCount)")
    }
    guard scale.count == speciesCount, shift.count == speciesCount else {
      throw ProgramError(
        "\(speciesCount) species need as many scales and shifts, not \(scale.count) and \(shift.count)")
    }
    for buffer in buffers {
      // Block by block, since a sum of large blocks might overflow.
      var dimension = 0
      for block in buffer.irreps where dimension <= Self.largestDimension { dimension += block.dimension }
      guard dimension <= Self.largestDimension, (buffer.irreps.largestDegree ?? 0) <= Wigner3j.largestDegree else {
        throw ProgramError(
          "\(buffer.name) would have features beyond reason: more than \(Self.largestDimension) components, or degrees above \(Wigner3j.largestDegree)"
        )
      }
    }
    var isWritten = [Bool](repeating: false, count: buffers.count)
    for (k, step) in steps.enumerated() {
      for input in step.inputs {
        guard isWritten.indices.contains(input), isWritten[input] else {
          throw ProgramError("step \(k) reads buffer \(input), which is not written before")
        }
      }
      if let output = step.output {
        guard isWritten.indices.contains(output), !isWritten[output] else {
          throw ProgramError("step \(k) writes buffer \(output), which is written already or does not exist")
        }
        isWritten[output] = true
      }
      try check(step)
    }
    for pair in pairs {
      guard pair.charges.count == speciesCount, pair.cutoffs.count == speciesCount,
        pair.cutoffs.allSatisfy({ $0.count == speciesCount }),
        pair.weights.count == pair.decays.count
      else { throw ProgramError("a term of pairs does not know all \(speciesCount) species") }
    }
  }

  private func check(_ step: Primitive) throws(ProgramError) {
    switch step {
    case .exchange, .embed, .linear, .gate: try checkLocal(step)
    case .convolve(let step): try check(step)
    case .contract(let step): try check(step)
    case .add(let inputs, let output):
      for input in inputs where buffers[input].irreps.simplified() != buffers[output].irreps.simplified() {
        throw ProgramError(
          "\(buffers[input].name) of \(buffers[input].irreps) cannot be added to \(buffers[output].irreps)")
      }
    case .readout(let buffer):
      guard buffers[buffer].irreps.simplified() == Irreps(Irrep(0, .even)) else {
        throw ProgramError("an energy is one scalar, \(buffers[buffer].name) is \(buffers[buffer].irreps)")
      }
    }
  }

  private func checkLocal(_ step: Primitive) throws(ProgramError) {
    switch step {
    case .embed(let step):
      let n = buffers[step.output].irreps.dimension
      guard step.rows.count == speciesCount, step.rows.allSatisfy({ $0.count == n }) else {
        throw ProgramError("\(buffers[step.output].name) needs \(n) numbers for each of \(speciesCount) species")
      }
    case .linear(let step):
      try fit(step.plan.input, step.input, "takes")
      try fit(step.plan.output, step.output, "gives")
      guard [1, speciesCount].contains(step.weights.count),
        step.weights.allSatisfy({ $0.count == step.plan.weightCount }),
        step.biases.count == step.plan.biasCount
      else { throw ProgramError("the weights of the linear map to \(buffers[step.output].name) do not fit") }
    case .gate(let gate, let input, let output):
      let (n, m) = (buffers[input].irreps.dimension, buffers[output].irreps.dimension)
      var fits = gate.scalars.allSatisfy { $0.input.lowerBound >= 0 && $0.input.upperBound <= n }
      for group in gate.gated {
        let sizes = [group.start, group.copies, group.dimension, group.firstGate]
        fits = fits && sizes.allSatisfy { $0 >= 0 && $0 <= n }
        fits = fits && group.start + group.copies * group.dimension <= n && group.firstGate + group.copies <= n
      }
      guard fits, gate.outputDimension == m else {
        throw ProgramError("the gate between \(buffers[input].name) and \(buffers[output].name) does not fit them")
      }
    default: break
    }
  }

  private func fit(_ irreps: Irreps, _ buffer: BufferIndex, _ verb: String) throws(ProgramError) {
    guard irreps.simplified() == buffers[buffer].irreps.simplified() else {
      throw ProgramError("a map \(verb) \(irreps), but \(buffers[buffer].name) holds \(buffers[buffer].irreps)")
    }
  }

  private func check(_ step: Convolution) throws(ProgramError) {
    let (input, output) = (buffers[step.input].irreps, buffers[step.output].irreps)
    guard step.largestDegree >= 0, step.largestDegree <= Wigner3j.largestDegree else {
      throw ProgramError(
        "harmonics are evaluated to degree \(Wigner3j.largestDegree), not to \(step.largestDegree)")
    }
    for path in step.paths {
      guard input.indices.contains(path.inputBlock), output.indices.contains(path.outputBlock),
        (0...step.largestDegree).contains(path.degree),
        input[path.inputBlock].multiplicity == output[path.outputBlock].multiplicity,
        path.firstWeight >= 0, path.firstWeight <= step.radial.count,
        path.firstWeight + input[path.inputBlock].multiplicity <= step.radial.count
      else { throw ProgramError("a path of the convolution to \(buffers[step.output].name) does not fit its blocks") }
      for c in path.coupling {
        guard (0..<input[path.inputBlock].irrep.dimension).contains(c.first),
          (0...(2 * path.degree)).contains(c.second),
          (0..<output[path.outputBlock].irrep.dimension).contains(c.output)
        else { throw ProgramError("a coupling of the convolution to \(buffers[step.output].name) is too large") }
      }
    }
    var functions = [step.radial]
    if case .density(let density, _, _) = step.normalization {
      functions.append(density)
      guard density.count == 1 else { throw ProgramError("a density is one number, not \(density.count)") }
    }
    guard functions.allSatisfy({ $0.covers(speciesCount) }) else {
      throw ProgramError("a radial function of \(buffers[step.output].name) does not know all \(speciesCount) species")
    }
  }

  private func check(_ step: SymmetricContraction) throws(ProgramError) {
    let (input, output) = (buffers[step.input].irreps, buffers[step.output].irreps)
    let channels = input.first?.multiplicity ?? 0
    guard channels > 0, (input.blocks + output.blocks).allSatisfy({ $0.multiplicity == channels }) else {
      throw ProgramError("a contraction of \(input) to \(output) needs equally many copies of all irreps")
    }
    let components = input.reduce(0) { $0 + $1.irrep.dimension }
    for term in step.terms {
      guard output.indices.contains(term.outputBlock), term.basis.dimension == components,
        term.basis.output == output[term.outputBlock].irrep, [1, speciesCount].contains(term.weights.count),
        term.weights.allSatisfy({ $0.count == term.basis.paths.count * channels })
      else { throw ProgramError("a term of the contraction to \(buffers[step.output].name) does not fit") }
    }
  }
}
