import TektiteIrreps
import TektiteModelFiles

extension NequIPDescription {
  /// Reads a NequIP package or a checkpoint of nequip-train that is open.
  /// - Throws: `ModelFileError` that names the module, the setting or the tensor that is missing, has the wrong shape, or is not supported.
  init(nequIP file: ModelFile) throws(ModelFileError) {
    let settings: NequIPSettings
    let state: StateReader
    if let root = file.module, file.kind == .nequIPPackage {
      settings = try NequIPSettings(root)
      state = StateReader(file.checkpoint) { Self.local($0, after: NequIPSettings.place + ".") }
    } else if let parameters = file.configuration, file.kind == .lightning {
      settings = try NequIPSettings(hyperparameters: parameters, file: file.path)
      state = try NequIPAverage.state(file, settings)
    } else {
      throw ModelFileError("holds a \(file.kind.rawValue); expected a NequIP package or checkpoint", file: file.path)
    }
    let reader = NequIPReader(settings: settings, state: state)
    origin = .nequIP
    (isSinglePrecision, cutoff, typeNames) = (settings.isSinglePrecision, settings.cutoff, settings.typeNames)
    (modalities, modalEmbedding) = ([], [])
    guard cutoff > 0, cutoff < 1000, (1...1000).contains(settings.exponent) else {
      throw state.error("has a cutoff of \(cutoff) Å with an envelope of exponent \(settings.exponent)")
    }
    harmonics = .init(irreps: settings.harmonics, isNormalized: true)
    guard settings.harmonics.enumerated().allSatisfy({ $1.multiplicity == 1 && $1.irrep.degree == $0 }) else {
      throw state.error("has harmonics '\(settings.harmonics)'; expected one of each degree 0, 1, …")
    }
    let count = typeNames.count
    let pairCutoffs = try reader.pairCutoffs()
    let roots = try state.values("bessel_encode.bessel_weights")
    // sin(π n x)/(π x) of x = r/r_c, times 2π/r_c².
    radial = .init(
      basis: .bessel(frequencies: roots.map { $0 * Double.pi / settings.cutoff }, prefactor: 2 / settings.cutoff),
      envelope: .polynomial(.init(exponent: settings.exponent, cutoff: settings.cutoff)), pairCutoffs: pairCutoffs)
    let stored = try state.values("type_embed.embed_module.weight")
    guard !stored.isEmpty, stored.count % count == 0 else {
      throw state.error("has \(stored.count) numbers that embed \(count) types")
    }
    let width = stored.count / count
    let embedding = (0..<count).map { Array(stored[($0 * width)..<(($0 + 1) * width)]) }
    self.embedding = embedding
    var features = Irreps([.init(width, Irrep(0, .even))])
    var layers: [Layer] = []
    for k in settings.layers.indices {
      let layer = try reader.layer(k, features, attributes: embedding, bessels: roots.count)
      layers.append(layer)
      features = layer.output
    }
    self.layers = layers
    (readout, readoutFunctions) = try reader.readout(features)
    scale = [try reader.perType("per_type_energy_scale_shift.scales", 1)]
    shift = [try reader.perType("per_type_energy_scale_shift.shifts", 0)]
    repulsion = try reader.repulsion(pairCutoffs)
  }

  /// The name below a module; nil for names elsewhere.
  static func local(_ name: String, after prefix: String) -> String? {
    name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
  }
}

/// Weights of a checkpoint: those of the moving average where there is one, as nequip itself takes them.
private enum NequIPAverage {
  static func state(_ file: ModelFile, _ settings: NequIPSettings) throws(ModelFileError) -> StateReader {
    let place = "model." + NequIPSettings.place + "."
    var tensors: [String: Tensor] = [:]
    var trained: [String] = []
    for entry in file.checkpoint.entries {
      guard let name = NequIPDescription.local(entry.name, after: place) else { continue }
      tensors[name] = entry.tensor
      if isTrained(name, entry.tensor, settings) { trained.append(name) }
    }
    guard !tensors.isEmpty else {
      throw ModelFileError(
        "holds no weights under '\(place)'; expected a checkpoint of a single model that nequip-train wrote",
        file: file.path)
    }
    let state = file.root?["state_dict"]
    guard file.root?["hyper_parameters"]?["ema_decay"] != nil || file.checkpoint.contains("ema.ema_weight_0") else {
      return StateReader(file: file.path, tensors)
    }
    guard let extra = state?["ema._extra_state"], let holds = extra["is_holding_ema_weights"]?.bool else {
      throw ModelFileError(
        "was trained with a moving average of weights and lacks its state 'ema._extra_state'; take a checkpoint that nequip-train wrote, or package the model",
        file: file.path)
    }
    // Where the average is in use, the model itself has its weights.
    guard holds else { return StateReader(file: file.path, tensors) }
    for (k, name) in trained.enumerated() {
      let average = try file.checkpoint.tensor("ema.ema_weight_\(k)")
      guard average.shape == tensors[name]?.shape else {
        throw ModelFileError(
          "has a moving average 'ema.ema_weight_\(k)' of shape \(average.shape) for '\(name)' of shape \(tensors[name]?.shape ?? [])",
          file: file.path)
      }
      tensors[name] = average
    }
    guard !file.checkpoint.contains("ema.ema_weight_\(trained.count)") else {
      throw ModelFileError(
        "has a moving average of more tensors than the \(trained.count) of the model that are trained", file: file.path)
    }
    return StateReader(file: file.path, tensors)
  }

  /// Whether torch counts a tensor among the parameters, which the file does not say.
  private static func isTrained(_ name: String, _ tensor: Tensor, _ settings: NequIPSettings) -> Bool {
    if tensor.count == 0 || name.hasSuffix("output_mask") || name.hasPrefix("edge_norm.") { return false }
    if name.hasPrefix("pair_potential.") { return false }
    switch name {
    case "bessel_encode.bessel_weights": return settings.isBesselTrained
    case "per_type_energy_scale_shift.scales": return settings.areScalesTrained
    case "per_type_energy_scale_shift.shifts": return settings.areShiftsTrained
    default: return true
    }
  }
}

/// Reads the parts of a NequIP model.
private struct NequIPReader {
  let settings: NequIPSettings
  let state: StateReader

  func layer(
    _ k: Int, _ input: Irreps, attributes: [[Double]], bessels: Int
  ) throws(ModelFileError) -> NequIPDescription.Layer {
    func isReached(_ irrep: Irrep) -> Bool {
      input.contains { a in settings.harmonics.contains { irrep.isInProduct(a.irrep, $0.irrep) } }
    }
    let hidden = settings.layers[k].filtered { isReached($0.irrep) }
    let plan = try state.located("layer \(k)") {
      try NequIPLayerPlan(
        input, settings.harmonics, to: hidden, keep: nil, scalars: settings.scalarFunctions,
        gates: settings.gateFunctions, gateParity: isReached(Irrep(0, .even)) ? .even : .odd, order: .loops)
    }
    let ungated = plan.gate.input
    let name = "layer\(k)_convnet.conv."
    let connection =
      settings.hasSelfConnection[k]
      ? try state.speciesLinear(name + "sc", input, to: ungated, attributes: attributes) : nil
    let up = try state.linear(name + "linear_1", input, to: input).layer
    guard [1, settings.typeNames.count].contains(settings.normalization.count) else {
      throw state.error(
        "has \(settings.normalization.count) numbers of neighbours for \(settings.typeNames.count) types")
    }
    let weights = settings.normalization.map { factor in up.weights[0].map { factor * $0 } }
    let paths = try plan.paths { (l1, l2, l3) throws(ModelFileError) in try coupling(l1, l2, l3) }
    return .init(
      input: input, selfConnection: connection, up: .init(LinearLayer(plan: up.plan, weights: weights)),
      middle: plan.convolution.output, paths: paths,
      network: try network(name + "edge_mlp.mlp", inputs: bessels, outputs: plan.convolution.weightCount),
      division: 1, down: try state.linear(name + "linear_2", plan.sum, to: ungated), gate: GateLayer(plan.gate),
      output: plan.gate.output,
      isResidual: settings.isResidual[k] && hidden.simplified() == input)
  }

  /// e3nn 0.6's tensor; in models of single precision it has been rounded, except where a degree is 0 and e3nn divides by √(2l+1).
  private func coupling(_ l1: Int, _ l2: Int, _ l3: Int) throws(ModelFileError) -> [Convolution.Coupling] {
    let tensor = try state.located("a convolution") { try Wigner3j(l1, l2, l3, convention: .e3nn06) }
    let isRounded = settings.isSinglePrecision && l1 > 0 && l2 > 0 && l3 > 0
    return tensor.elements.map { .init($0.i1, $0.i2, $0.i3, isRounded ? Double(Float($0.value)) : $0.value) }
  }

  /// The matrices of a `ScalarMLPFunction`, with their factors; functions stand between them.
  private func matrices(
    _ name: String, isNonlinear: Bool
  ) throws(ModelFileError) -> [(values: [Double], inputs: Int, outputs: Int)] {
    // Layers without functions between them are kept as a list of weights with one factor.
    let isDeep = state.contains(name + ".weights.0")
    var all: [(values: [Double], inputs: Int, outputs: Int)] = []
    while true {
      let k = all.count
      let tensor = isDeep ? "\(name).weights.\(k)" : "\(name).\(isNonlinear ? 2 * k : k).weight"
      guard state.contains(tensor) else { break }
      let shape = try state.tensor(tensor).shape
      guard shape.count == 2, shape[0] > 0, all.last.map({ $0.outputs == shape[0] }) ?? true else {
        throw state.error("tensor '\(tensor)' has the shape \(shape), which does not fit the layer before")
      }
      // Only packages keep factors.
      let stored = isDeep ? "\(name).alpha" : String(tensor.dropLast(6)) + "alpha"
      var factor = (isNonlinear && k > 0 ? 2 : 1).squareRoot() / Double(shape[0]).squareRoot()
      if settings.isSinglePrecision { factor = Double(Float(factor)) }
      if state.contains(stored) { factor = isDeep && k > 0 ? 1 : try state.values(stored, count: 1)[0] }
      all.append((try state.values(tensor).map { factor * $0 }, shape[0], shape[1]))
    }
    guard !all.isEmpty else { throw state.error("has no weights under '\(name)'") }
    return all
  }

  private func network(_ name: String, inputs: Int, outputs: Int) throws(ModelFileError) -> RadialNetwork {
    let all = try matrices(name, isNonlinear: true)
    guard all[0].inputs == inputs, all[all.count - 1].outputs == outputs else {
      throw state.error(
        "'\(name)' takes \(all[0].inputs) numbers to \(all[all.count - 1].outputs); expected \(inputs) to \(outputs)")
    }
    let layers = all.enumerated().map { k, matrix in
      RadialNetwork.Layer(
        weights: matrix.values, activation: k == all.count - 1 ? nil : ScaledFunction(.silu), outputs: matrix.outputs)
    }
    return try state.located(name) { try RadialNetwork(inputs: inputs, layers: layers) }
  }

  func readout(
    _ features: Irreps
  ) throws(ModelFileError) -> (maps: [NequIPDescription.Map], functions: [ScaledFunction?]) {
    let name = "per_atom_energy_readout.mlp_module.mlp"
    let all = try matrices(name, isNonlinear: settings.readoutFunction != nil)
    guard all[0].inputs == features.dimension, all[all.count - 1].outputs == 1 else {
      throw state.error(
        "'\(name)' takes \(all[0].inputs) numbers to \(all[all.count - 1].outputs); expected '\(features)' to one")
    }
    var maps: [NequIPDescription.Map] = []
    var from = features
    for matrix in all {
      let to = Irreps([.init(matrix.outputs, Irrep(0, .even))])
      let plan = try state.located(name) { [from] in try Linear(from, to: to, [.init(0, 0)], coefficients: [1]) }
      maps.append(.init(LinearLayer(plan: plan, weights: [matrix.values])))
      from = to
    }
    return (
      maps, [ScaledFunction?](repeating: settings.readoutFunction.map { ScaledFunction($0) }, count: all.count - 1)
    )
  }

  /// One number for all types, one for each, or none.
  func perType(_ name: String, _ missing: Double) throws(ModelFileError) -> [Double] {
    let count = settings.typeNames.count
    let values = state.contains(name) ? try state.values(name) : []
    switch values.count {
    case 0: return [Double](repeating: missing, count: count)
    case count: return values
    case 1: return [Double](repeating: values[0], count: count)
    default:
      throw state.error("tensor '\(name)' has \(values.count) numbers; expected one, or one for each of \(count) types")
    }
  }

  /// Cutoffs by the types of the centre and of the neighbour; empty for one cutoff.
  func pairCutoffs() throws(ModelFileError) -> [[Double]] {
    let inverse = try state.values("edge_norm._rmax_recip")
    let count = settings.typeNames.count
    guard inverse.count > 1 || count == 1 && inverse.first.map({ abs($0 * settings.cutoff - 1) > 1e-12 }) == true else {
      return []
    }
    guard inverse.count == count * count, inverse.allSatisfy({ $0 > 0 }) else {
      throw state.error(
        "tensor 'edge_norm._rmax_recip' has \(inverse.count) numbers; expected one for each pair of \(count) types")
    }
    return (0..<count).map { a in (0..<count).map { min(settings.cutoff, 1 / inverse[a * count + $0]) } }
  }

  /// ZBL with the constants of LAMMPS, as nequip has it.
  func repulsion(_ pairCutoffs: [[Double]]) throws(ModelFileError) -> PairRepulsion? {
    guard let term = settings.repulsion else { return nil }
    let count = settings.typeNames.count
    guard term.atomicNumbers.count == count, term.atomicNumbers.allSatisfy({ (1...118).contains($0) }) else {
      throw state.error(
        "has a ZBL term for \(term.atomicNumbers.count) elements; expected one for each of \(count) types")
    }
    let cutoffs =
      pairCutoffs.isEmpty
      ? [[Double]](repeating: [Double](repeating: settings.cutoff, count: count), count: count) : pairCutoffs
    for a in 0..<count {
      for b in 0..<a where cutoffs[a][b] != cutoffs[b][a] {
        throw state.error(
          "has a ZBL term with another cutoff for \(settings.typeNames[a])-\(settings.typeNames[b]) than for the reverse, which is not supported"
        )
      }
    }
    return PairRepulsion(
      coulomb: 2 * term.half, weights: [0.02817, 0.28022, 0.50986, 0.18175],
      decays: [0.20162, 0.40290, 0.94229, 3.19980], screeningLength: 0.46850, screeningExponent: 0.23,
      charges: term.atomicNumbers.map { Double($0) }, cutoffs: cutoffs, envelopeExponent: term.exponent, factor: 1)
  }
}
