import TektiteIrreps

/// Writes a MACE model as a program.
///
/// For each layer, with h the features that arrive and z the species (Batatia et al. 2022, eq. 8 to 13; the variants are mace-torch's):
///
///     A = linear(convolve(linear_up(h)))                     divided by a number or a density
///     A = skip[z](A)             plain and density           A = linear(gate(A + residual(linear_up(h))))     non-linear
///     h' = linear(contract(A)) [+ skip[z](h)]                the skip for the other kinds
///     e += readout(h')
struct MACEBuilder {
  let model: MACEDescription
  let head: Int
  private var buffers: [NetworkProgram.Buffer] = []
  private var steps: [Primitive] = []

  /// - Precondition: the head exists.
  init(_ model: MACEDescription, head: Int) { (self.model, self.head) = (model, head) }

  mutating func build() throws(ProgramError) -> NetworkProgram {
    let width = model.embedding.first?.count ?? 0
    var features = add("embedding", Irreps([.init(width, Irrep(0, .even))]))
    steps.append(.embed(Embedding(output: features, rows: model.embedding)))
    var layers: [BufferIndex] = []
    for (k, (interaction, product)) in zip(model.interactions, model.products).enumerated() {
      let (message, skip) = try self.interaction(interaction, features, "\(k)")
      features = self.product(product, message, skip, "\(k)")
      layers.append(features)
    }
    // A single readout reads the last layer.
    let first = model.readouts.count == 1 ? layers.count - 1 : 0
    for (k, readout) in model.readouts.enumerated() { self.readout(readout, layers[first + k], "\(first + k)") }
    let (scale, shift) = (model.scale[head], model.shift[head])
    var pairs: [PairRepulsion] = []
    if let term = model.repulsion { pairs = [term.multiplied(by: scale)] }
    return try NetworkProgram(
      cutoff: model.cutoff, speciesCount: model.atomicNumbers.count, buffers: buffers, steps: steps,
      scale: model.atomicNumbers.map { _ in scale }, shift: model.atomicEnergies[head].map { $0 + shift }, pairs: pairs)
  }

  private mutating func add(_ name: String, _ irreps: Irreps) -> BufferIndex {
    buffers.append(.init(name, irreps))
    return buffers.count - 1
  }

  private mutating func apply(_ layer: LinearLayer, to input: BufferIndex, _ name: String) -> BufferIndex {
    let output = add(name, layer.plan.output)
    steps.append(.linear(LinearMap(input: input, output: output, layer)))
    return output
  }

  private mutating func sum(_ inputs: [BufferIndex], _ name: String) -> BufferIndex {
    let output = add(name, buffers[inputs[0]].irreps)
    steps.append(.add(inputs, output: output))
    return output
  }

  private mutating func interaction(
    _ block: MACEDescription.Interaction, _ features: BufferIndex, _ k: String
  ) throws(ProgramError) -> (message: BufferIndex, skip: BufferIndex?) {
    let skipsMessage = block.kind == .plain || block.kind == .density
    let skip = skipsMessage ? nil : apply(block.skip, to: features, "skip \(k)")
    let up = apply(block.linearUp, to: features, "up \(k)")
    steps.append(.exchange(up))
    let sum = add("convolution \(k)", block.middle)
    let normalization: Convolution.Normalization =
      if let density = block.density {
        .density(
          try radial(density, block, isDensity: true), alpha: block.nonLinear?.alpha ?? 1,
          beta: block.nonLinear?.beta ?? 1)
      } else {
        .constant(block.averageNeighbors)
      }
    steps.append(
      .convolve(
        Convolution(
          input: up, output: sum, largestDegree: model.largestDegree, paths: block.paths,
          radial: try radial(block.network, block), normalization: normalization, direction: .towardsCenter)))
    guard let parts = block.nonLinear else {
      let message = apply(block.linear, to: sum, skipsMessage ? "linear \(k)" : "interaction \(k)")
      return (skipsMessage ? apply(block.skip, to: message, "interaction \(k)") : message, skip)
    }
    let before = self.sum(
      [apply(block.linear, to: sum, "linear \(k)"), apply(parts.residual, to: up, "residual \(k)")], "ungated \(k)")
    let gated = add("gated \(k)", parts.linear.plan.input)
    steps.append(.gate(parts.gate, input: before, output: gated))
    return (apply(parts.linear, to: gated, "interaction \(k)"), skip)
  }

  private func radial(
    _ network: RadialNetwork, _ block: MACEDescription.Interaction, isDensity: Bool = false
  ) throws(ProgramError) -> RadialFunction {
    try RadialFunction(
      basis: model.radial.basis, transform: model.radial.transform, envelope: .polynomial(model.radial.envelope),
      envelopePlace: model.radial.envelopePlace, neighborRows: block.nonLinear?.source ?? [],
      centerRows: block.nonLinear?.target ?? [], network: network, isDensity: isDensity)
  }

  private mutating func product(
    _ block: MACEDescription.Product, _ message: BufferIndex, _ skip: BufferIndex?, _ k: String
  ) -> BufferIndex {
    let products = add("contraction \(k)", block.linear.plan.input)
    steps.append(.contract(SymmetricContraction(input: message, output: products, terms: block.terms)))
    guard block.usesSkip, let skip else { return apply(block.linear, to: products, "product \(k)") }
    return sum([apply(block.linear, to: products, "mixed \(k)"), skip], "product \(k)")
  }

  /// A readout for one head: of what the file holds for all heads, the rows and columns of this one.
  private mutating func readout(_ block: MACEDescription.Readout, _ features: BufferIndex, _ k: String) {
    var here = features
    for (n, layer) in block.layers.enumerated() {
      let isLast = n == block.layers.count - 1
      var inputs: Range<Int>?
      if n > 0, block.hasHiddenHeads { inputs = share(layer.plan.input.dimension) }
      var outputs: Range<Int>?
      if isLast {
        outputs = head..<(head + 1)
      } else if block.hasHiddenHeads {
        outputs = share(layer.plan.output.dimension)
      }
      let own = layer.restricted(inputs: inputs, outputs: outputs)
      here = apply(own, to: here, isLast ? "energy \(k)" : "hidden \(k).\(n)")
      guard !isLast else { break }
      let output = add("activated \(k).\(n)", own.plan.output)
      steps.append(
        .gate(
          GateLayer(scalars: 0..<own.plan.output.dimension, block.functions[n]), input: here, output: output))
      here = output
    }
    steps.append(.readout(here))
  }

  private func share(_ width: Int) -> Range<Int> {
    let part = width / model.heads.count
    return (head * part)..<((head + 1) * part)
  }
}

extension LinearLayer {
  /// The part of a map between scalars that takes some inputs (nil: all, of any irreps) to some outputs. Coefficients stay what they were. Only the scalars of a
  /// single output block are restricted.
  func restricted(inputs: Range<Int>?, outputs: Range<Int>?) -> LinearLayer {
    guard plan.output.count == 1, inputs != nil || outputs != nil else { return self }
    let columns = outputs ?? 0..<plan.output[0].multiplicity
    let from = inputs.map { Irreps([.init($0.count, Irrep(0, .even))]) } ?? plan.input
    let to = Irreps([.init(columns.count, plan.output[0].irrep)])
    let kept = weights.map { set in
      plan.paths.flatMap { path -> [Double] in
        let n = plan.output[0].multiplicity
        let rows = inputs ?? 0..<plan.input[path.instruction.input].multiplicity
        return rows.flatMap { row in columns.map { set[path.weights.lowerBound + row * n + $0] } }
      }
    }
    guard
      let smaller = try? Linear(
        from, to: to, plan.paths.map(\.instruction), coefficients: plan.paths.map(\.coefficient),
        biases: biases.isEmpty ? nil : [true])
    else { return self }
    return LinearLayer(plan: smaller, weights: kept, biases: biases.isEmpty ? [] : Array(biases[columns]))
  }
}

extension PairRepulsion {
  /// The same with another factor.
  func multiplied(by number: Double) -> PairRepulsion {
    PairRepulsion(
      coulomb: coulomb, weights: weights, decays: decays, screeningLength: screeningLength,
      screeningExponent: screeningExponent, charges: charges, cutoffs: cutoffs, envelopeExponent: envelopeExponent,
      factor: factor * number)
  }
}

extension NetworkProgram {
  /// The program of a MACE model for one of its heads.
  /// - Throws: `ProgramError` when the head does not exist, or parts of the model do not fit together.
  public init(_ model: MACEDescription, head: Int = 0) throws(ProgramError) {
    guard model.heads.indices.contains(head) else {
      throw ProgramError("head \(head) was asked for, the model has \(model.heads.count), counted from 0")
    }
    var builder = MACEBuilder(model, head: head)
    self = try builder.build()
  }
}
