/// A program while it is changed: what the passes of a simplification work on. Nothing is checked before `program` makes it one again.
struct ProgramDraft {
  private let original: NetworkProgram
  /// The buffers; some may have neither writer nor reader.
  var buffers: [NetworkProgram.Buffer]
  /// The steps in order.
  var steps: [Primitive]
  /// Energy added for each atom, by species.
  var shift: [Double]

  init(_ program: NetworkProgram) {
    original = program
    (buffers, steps, shift) = (program.buffers, program.steps, program.shift)
  }

  var speciesCount: Int { original.speciesCount }
  var scale: [Double] { original.scale }

  /// The program.
  func program() throws(ProgramError) -> NetworkProgram {
    try NetworkProgram(
      cutoff: original.cutoff, speciesCount: original.speciesCount, buffers: buffers, steps: steps,
      scale: original.scale, shift: shift, pairs: original.pairs)
  }

  /// A program of some of the steps that gives no energy.
  func part(_ steps: [Primitive]) throws(ProgramError) -> NetworkProgram {
    let zeros = [Double](repeating: 0, count: speciesCount)
    return try NetworkProgram(
      cutoff: original.cutoff, speciesCount: speciesCount, buffers: buffers, steps: steps, scale: zeros, shift: zeros)
  }

  /// For each buffer the places of the steps that read it, exchanges too; a place twice where a step reads twice.
  var readers: [[Int]] {
    var readers = [[Int]](repeating: [], count: buffers.count)
    for (k, step) in steps.enumerated() {
      for input in step.inputs { readers[input].append(k) }
    }
    return readers
  }

  /// For each buffer the step that writes it.
  var writers: [Primitive?] {
    var writers = [Primitive?](repeating: nil, count: buffers.count)
    for step in steps {
      if let output = step.output { writers[output] = step }
    }
    return writers
  }

  /// A new buffer.
  mutating func addBuffer(like other: BufferIndex, _ name: String) -> BufferIndex {
    buffers.append(.init(name, buffers[other].irreps))
    return buffers.count - 1
  }
}

extension Primitive {
  /// The same step on buffers with other numbers.
  func renumbered(_ number: (BufferIndex) -> BufferIndex) -> Primitive {
    switch self {
    case .embed(let step): .embed(Embedding(output: number(step.output), rows: step.rows))
    case .exchange(let buffer): .exchange(number(buffer))
    case .readout(let buffer): .readout(number(buffer))
    case .linear(let step):
      .linear(LinearMap(input: number(step.input), output: number(step.output), step.layer))
    case .contract(let step):
      .contract(SymmetricContraction(input: number(step.input), output: number(step.output), terms: step.terms))
    case .gate(let gate, let input, let output): .gate(gate, input: number(input), output: number(output))
    case .add(let inputs, let output): .add(inputs.map(number), output: number(output))
    case .convolve(let step):
      .convolve(
        Convolution(
          input: number(step.input), output: number(step.output), largestDegree: step.largestDegree, paths: step.paths,
          radial: step.radial, normalization: step.normalization, direction: step.direction))
    }
  }
}

extension LinearMap {
  /// The weights without a place.
  var layer: LinearLayer { LinearLayer(plan: plan, weights: weights, biases: biases) }
}
