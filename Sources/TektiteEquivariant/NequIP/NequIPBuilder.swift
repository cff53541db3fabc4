import TektiteIrreps

/// Writes a network of the NequIP type as a program.
///
/// For each layer, with h the features that arrive and z the species:
///
///     A = down(convolve(up(h))) [+ self[z](h)],   h' = gate(A) [+ h]
///
/// and at the end e = readout(h').
struct NequIPBuilder {
  let model: NequIPDescription
  let modality: Int
  private var buffers: [NetworkProgram.Buffer] = []
  private var steps: [Primitive] = []

  /// - Precondition: the modality exists.
  init(_ model: NequIPDescription, modality: Int) { (self.model, self.modality) = (model, modality) }

  mutating func build() throws(ProgramError) -> NetworkProgram {
    let width = model.embedding.first?.count ?? 0
    var features = add("embedding", Irreps([.init(width, Irrep(0, .even))]))
    var rows = model.embedding
    if model.modalEmbedding.indices.contains(modality) {
      rows = rows.map { row in zip(row, model.modalEmbedding[modality]).map { $0 + $1 } }
    }
    steps.append(.embed(Embedding(output: features, rows: rows)))
    for (k, layer) in model.layers.enumerated() { features = try self.layer(layer, features, "\(k)") }
    for (k, map) in model.readout.enumerated() {
      let isLast = k == model.readout.count - 1
      features = try apply(map, to: features, isLast ? "energy" : "hidden \(k)")
      guard !isLast else { break }
      let output = add("activated \(k)", map.layer.plan.output)
      steps.append(
        .gate(
          GateLayer(scalars: 0..<map.layer.plan.output.dimension, model.readoutFunctions[k]), input: features,
          output: output))
      features = output
    }
    steps.append(.readout(features))
    return try NetworkProgram(
      cutoff: model.cutoff, speciesCount: model.typeNames.count, buffers: buffers, steps: steps,
      scale: model.scale[modality], shift: model.shift[modality], pairs: model.repulsion.map { [$0] } ?? [])
  }

  private mutating func add(_ name: String, _ irreps: Irreps) -> BufferIndex {
    buffers.append(.init(name, irreps))
    return buffers.count - 1
  }

  private mutating func apply(
    _ map: NequIPDescription.Map, to input: BufferIndex, _ name: String
  ) throws(ProgramError) -> BufferIndex {
    let layer = map.modalBiases.isEmpty ? map.layer : try map.layer.adding(map.modalBiases[modality])
    let output = add(name, layer.plan.output)
    steps.append(.linear(LinearMap(input: input, output: output, layer)))
    return output
  }

  private mutating func layer(
    _ layer: NequIPDescription.Layer, _ features: BufferIndex, _ k: String
  ) throws(ProgramError) -> BufferIndex {
    let up = try apply(layer.up, to: features, "up \(k)")
    steps.append(.exchange(up))
    let sum = add("convolution \(k)", layer.middle)
    var powers: [Int] = []
    if !model.harmonics.isNormalized {
      powers = [Int](repeating: 0, count: layer.network.outputs)
      for path in layer.paths {
        for c in 0..<layer.input[path.inputBlock].multiplicity { powers[path.firstWeight + c] = path.degree }
      }
    }
    let radial = try RadialFunction(
      basis: model.radial.basis, transform: .identity, envelope: model.radial.envelope, envelopePlace: .basis,
      network: layer.network, pairCutoffs: model.radial.pairCutoffs, powers: powers)
    steps.append(
      .convolve(
        Convolution(
          input: up, output: sum, largestDegree: model.harmonics.irreps.largestDegree ?? 0, paths: layer.paths,
          radial: radial, normalization: .constant(layer.division), direction: .towardsNeighbor)))
    var before = try apply(layer.down, to: sum, "down \(k)")
    if let connection = layer.selfConnection {
      let own = try apply(.init(connection), to: features, "self \(k)")
      let both = add("ungated \(k)", buffers[before].irreps)
      steps.append(.add([before, own], output: both))
      before = both
    }
    let gated = add(layer.isResidual ? "gated \(k)" : "layer \(k)", layer.output)
    steps.append(.gate(layer.gate, input: before, output: gated))
    guard layer.isResidual else { return gated }
    let output = add("layer \(k)", layer.output)
    steps.append(.add([gated, features], output: output))
    return output
  }
}

extension LinearLayer {
  /// The same with numbers added to the scalars of the output.
  /// - Parameter row: as many numbers as the output has components; zero but for scalars.
  fileprivate func adding(_ row: [Double]) throws(ProgramError) -> LinearLayer {
    let hasBias = zip(plan.output, plan.output.slices).enumerated().map { k, member in
      !plan.biases[k].isEmpty || member.0.irrep.isScalar && row[member.1].contains { $0 != 0 }
    }
    var all: [Double] = []
    for (k, slice) in plan.output.slices.enumerated() where hasBias[k] {
      let old = plan.biases[k].isEmpty ? [Double](repeating: 0, count: slice.count) : Array(biases[plan.biases[k]])
      all += zip(old, row[slice]).map { $0 + $1 }
    }
    do throws(IrrepsError) {
      let wider = try Linear(
        plan.input, to: plan.output, plan.paths.map(\.instruction), coefficients: plan.paths.map(\.coefficient),
        biases: hasBias)
      return LinearLayer(plan: wider, weights: weights, biases: all)
    } catch {
      throw ProgramError("a linear map cannot have the biases of a modality: \(error)")
    }
  }
}

extension GateLayer {
  /// e3nn's gate, with its normalised functions.
  init(_ gate: Gate) {
    func scaled(_ function: ActivationFunction?) -> ScaledFunction? {
      function.map { ScaledFunction($0, factor: $0.secondMomentFactor) }
    }
    var scalars: [Scalars] = []
    var at = 0
    for (block, function) in zip(gate.scalars.input, gate.scalars.functions) where block.multiplicity > 0 {
      // What is one block of scalars is one run of the input.
      let first = gate.scalarSources[at]
      scalars.append(Scalars(first..<(first + block.multiplicity), scaled(function)))
      at += block.multiplicity
    }
    // Cut where either the copies or the gates begin another block.
    var groups: [Gated] = []
    var (copy, component) = (0, 0)
    var gateEnds: [(end: Int, function: ActivationFunction?)] = []
    for (block, function) in zip(gate.gates.input, gate.gates.functions) {
      gateEnds.append(((gateEnds.last?.end ?? 0) + block.multiplicity, function))
    }
    for block in gate.gated {
      let end = copy + block.multiplicity
      while copy < end {
        guard let own = gateEnds.first(where: { $0.end > copy }) else { break }
        let count = min(end, own.end) - copy
        groups.append(
          Gated(
            start: gate.gatedSources[component], copies: count, dimension: block.irrep.dimension,
            firstGate: gate.gateSources[copy], scaled(own.function)))
        copy += count
        component += count * block.irrep.dimension
      }
    }
    self.init(scalars: scalars, gated: groups)
  }
}
