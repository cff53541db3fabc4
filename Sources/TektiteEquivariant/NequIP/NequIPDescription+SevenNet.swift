import TektiteIrreps
import TektiteModelFiles

extension NequIPDescription {
  /// Reads a SevenNet checkpoint that is open.
  /// - Throws: `ModelFileError` that names the setting or the tensor that is missing, has the wrong shape, or is not supported.
  init(sevenNet file: ModelFile) throws(ModelFileError) {
    guard file.kind == .sevenNet, let root = file.configuration else {
      throw ModelFileError("holds a \(file.kind.rawValue); expected a SevenNet checkpoint", file: file.path)
    }
    let settings = try SevenNetConfiguration(root, file: file.path)
    let isOld = settings.isBefore(0, 10)
    let state = StateReader(file.checkpoint) { isOld ? SevenNetNames.current($0) : $0 }
    let reader = SevenNetReader(settings: settings, state: state)
    let count = settings.symbols.count

    origin = .sevenNet
    isSinglePrecision = try state.tensor("onehot_to_feature_x.linear.weight").type == .float32
    (cutoff, typeNames, modalities) = (settings.cutoff, settings.symbols, settings.modalities)
    harmonics = .init(irreps: settings.harmonics, isNormalized: settings.hasNormalizedHarmonics)
    // Not trained, they are n π/r_c, as single precision has it, and not in the file.
    let trained = "edge_embedding.basis_function.coeffs"
    let frequencies =
      state.contains(trained)
      ? try state.values(trained)
      : (1...settings.basisCount).map { Double(Float(Double($0) * Double.pi / settings.cutoff)) }
    radial = .init(
      basis: .bessel(frequencies: frequencies, prefactor: 2 / settings.cutoff), envelope: settings.envelope,
      pairCutoffs: [])

    // The first features: one-hot species through a map.
    var features = settings.manualIrreps?[0] ?? Irreps([.init(settings.channels, Irrep(0, .even))])
    guard features.allSatisfy({ $0.irrep.isScalar }) else {
      throw state.error("has '\(features)' before the first layer; expected scalars")
    }
    let species = Irreps([.init(count, Irrep(0, .even))])
    let map = try reader.linear("onehot_to_feature_x.linear", species, to: features, "use_modal_node_embedding")
    embedding = (0..<count).map { z in
      let input = (0..<count).map { $0 == z ? 1.0 : 0 }
      return (try? map.layer.plan.evaluate(input, weights: map.layer.weights[0], biases: map.layer.biases)) ?? []
    }
    modalEmbedding = map.modalBiases

    var layers: [Layer] = []
    for k in 0..<settings.layerCount {
      let layer = try reader.layer(k, features)
      layers.append(layer)
      features = layer.output
    }
    self.layers = layers
    (readout, readoutFunctions) = try reader.readout(features)
    scale = try reader.perSpecies("rescale_atomic_energy.scale")
    shift = try reader.perSpecies("rescale_atomic_energy.shift")
    repulsion = nil
  }
}

/// Reads the parts of a SevenNet model.
private struct SevenNetReader {
  let settings: SevenNetConfiguration
  let state: StateReader

  func linear(
    _ name: String, _ input: Irreps, to output: Irreps, _ modalKey: String
  ) throws(ModelFileError) -> NequIPDescription.Map {
    try state.linear(
      name, input, to: output, hasBiases: settings.hasBiases,
      modalities: settings.isModal(modalKey) ? settings.modalities.count : 0)
  }

  func layer(_ k: Int, _ input: Irreps) throws(ModelFileError) -> NequIPDescription.Layer {
    let output = settings.output(of: k, input)
    let sum = settings.sum(of: k, input, to: output)
    let plan = try state.located("layer \(k)") {
      // Gates are even where there are even scalars to stand beside them.
      let hasEven = output.contains { $0.irrep.isScalar }
      return try NequIPLayerPlan(
        input, settings.harmonics, to: output, keep: sum, scalars: settings.scalarFunctions,
        gates: settings.gateFunctions, gateParity: hasEven ? .even : .odd, order: settings.pathOrder)
    }
    guard plan.sum == sum else {
      throw state.error("layer \(k) has a convolution to '\(plan.sum)' where '\(sum)' was expected")
    }
    // A function may change the parity of scalars. SevenNet goes on with what was declared; the features are in that order only where scalars come first.
    guard plan.gate.output.map(\.irrep.degree) == output.map(\.irrep.degree) else {
      throw state.error("layer \(k) leaves '\(output)', in which scalars do not come first; this is not supported")
    }
    let ungated = plan.gate.input
    var connection: LinearLayer?
    switch settings.selfConnections[k] {
    case .none: break
    case .linear: connection = try state.linear("\(k)_self_connection_intro.linear", input, to: ungated).layer
    case .nequip:
      connection = try state.speciesLinear(
        "\(k)_self_connection_intro.fc_tensor_product", input, to: ungated,
        attributes: LinearLayer.oneHot(settings.symbols.count))
    }
    let division = try state.values("\(k)_convolution.denominator", count: 1)[0]
    guard division != 0 else {
      throw state.error("tensor '\(k)_convolution.denominator' is 0, by which nothing can be divided")
    }
    let paths = try plan.paths { (l1, l2, l3) throws(ModelFileError) in try coupling(l1, l2, l3, layer: k) }
    return .init(
      input: input, selfConnection: connection,
      up: try linear("\(k)_self_interaction_1.linear", input, to: input, "use_modal_self_inter_intro"),
      middle: plan.convolution.output, paths: paths,
      network: try state.network(
        "\(k)_convolution.weight_nn", inputs: settings.basisCount, outputs: plan.convolution.weightCount,
        settings.radialFunction), division: division,
      down: try linear("\(k)_self_interaction_2.linear", sum, to: ungated, "use_modal_self_inter_outro"),
      gate: GateLayer(plan.gate), output: output, isResidual: false)
  }

  /// The coupling tensor that the file holds, with the signs of the e3nn that made it. Where a degree is 0 there is none, and e3nn divides by √(2l+1).
  private func coupling(
    _ l1: Int, _ l2: Int, _ l3: Int, layer: Int
  ) throws(ModelFileError) -> [Convolution.Coupling] {
    let exact = try state.located("layer \(layer)") { try Wigner3j(l1, l2, l3, convention: .e3nn06) }
    let name = "\(layer)_convolution.convolution._compiled_main_left_right._w3j_\(l1)_\(l2)_\(l3)"
    guard l1 > 0, l2 > 0, l3 > 0, state.contains(name) else {
      return exact.elements.map { .init($0.i1, $0.i2, $0.i3, $0.value) }
    }
    let stored = try state.values(name, count: (2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1))
    // Noise of single precision where the tensor is zero would cost as much as its elements.
    let dense = exact.dense
    let sign = stored.enumerated().reduce(0) { $0 + $1.element * dense[$1.offset] } < 0 ? -1.0 : 1.0
    for (found, expected) in zip(stored, dense) where abs(found - sign * expected) > 1e-6 {
      throw state.error("tensor '\(name)' is not the coupling tensor of its name")
    }
    return exact.elements.map {
      let place = ($0.i1 * (2 * l2 + 1) + $0.i2) * (2 * l3 + 1) + $0.i3
      return .init($0.i1, $0.i2, $0.i3, stored[place])
    }
  }

  func readout(
    _ features: Irreps
  ) throws(ModelFileError) -> (maps: [NequIPDescription.Map], functions: [ScaledFunction?]) {
    let energy = Irreps(Irrep(0, .even))
    guard let function = settings.readoutFunction else {
      let hidden = Irreps([.init(features.dimension / 2, Irrep(0, .even))])
      return (
        [
          try linear("reduce_input_to_hidden.linear", features, to: hidden, "use_modal_output_block"),
          try state.linear("reduce_hidden_to_energy.linear", hidden, to: energy, hasBiases: settings.hasBiases),
        ], [nil]
      )
    }
    let network = try state.network("readout_FCN.fcn", inputs: features.dimension, outputs: 1, function)
    var maps: [NequIPDescription.Map] = []
    var from = Irreps([.init(features.dimension, Irrep(0, .even))])
    for layer in network.layers {
      let to = Irreps([.init(layer.outputs, Irrep(0, .even))])
      let plan = try state.located("readout_FCN") { [from] in
        try Linear(from, to: to, [.init(0, 0)], coefficients: [1])
      }
      maps.append(.init(LinearLayer(plan: plan, weights: [layer.weights])))
      from = to
    }
    return (maps, network.layers.dropLast().map(\.activation))
  }

  /// Numbers kept as one for all, one for each species, or one for each modality and species.
  func perSpecies(_ name: String) throws(ModelFileError) -> [[Double]] {
    let values = try state.values(name)
    let (species, modalities) = (settings.symbols.count, max(1, settings.modalities.count))
    switch values.count {
    case modalities * species: return (0..<modalities).map { Array(values[($0 * species)..<(($0 + 1) * species)]) }
    case species: return [[Double]](repeating: values, count: modalities)
    case 1: return [[Double]](repeating: [Double](repeating: values[0], count: species), count: modalities)
    default:
      throw state.error(
        "tensor '\(name)' has \(values.count) numbers; expected one, or one for each of \(species) elements\(modalities > 1 ? " and \(modalities) modalities" : "")"
      )
    }
  }
}

/// Names of tensors before version 0.10 of sevenn.
enum SevenNetNames {
  /// The name as newer versions have it.
  static func current(_ name: String) -> String {
    guard let dot = name.firstIndex(of: ".") else { return name }
    var module = String(name[..<dot])
    let rest = name[dot...].replacing("denumerator", with: "denominator")
    switch module {
    case "EdgeEmbedding": module = "edge_embedding"
    case "reducing nn input to hidden": module = "reduce_input_to_hidden"
    case "reducing nn hidden to energy": module = "reduce_hidden_to_energy"
    default: module = module.replacing(" ", with: "_")
    }
    return module + rest
  }
}
