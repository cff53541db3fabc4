import TektiteIrreps
import TektiteModelFiles

// Interactions, products and readouts.
extension MACEReader {
  /// An interaction block.
  func interaction(_ module: TorchModule, species: Int) throws(ModelFileError) -> MACEDescription.Interaction {
    let name = Self.shortName(module.className, in: "mace") ?? module.className
    guard let kind = MACEDescription.Interaction.Kind(rawValue: name) else {
      let known = MACEDescription.Interaction.Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.error(module, "is of class '\(module.className)', which is not supported; supported are \(known)")
    }
    for name in ["cueq_config", "oeq_config"] where !(module.attribute(name)?.isNone ?? true) {
      throw Self.error(module, "was saved with accelerated layers; convert the model with mace_cueq_to_e3nn")
    }
    let product = try module.module("conv_tp")
    let convolution = try convolution(product)
    let network = try network(try module.module("conv_tp_weights"))
    guard network.outputs == convolution.weights else {
      throw Self.error(
        module, "makes \(network.outputs) weights of paths for each edge, but its paths need \(convolution.weights)")
    }
    var density: RadialNetwork?
    if [.density, .densityResidual, .nonLinear].contains(kind) {
      density = try self.network(try module.module("density_fn"))
      guard density?.outputs == 1 else { throw Self.error(module, "has a density that is not one number") }
    }
    var nonLinear: MACEDescription.NonLinear?
    if kind == .nonLinear { nonLinear = try self.nonLinear(module, species: species) }
    let average = try number(module, "avg_num_neighbors")
    guard average != 0 else { throw Self.error(module, "divides by 'avg_num_neighbors' = 0") }
    return .init(
      kind: kind, linearUp: try linear(try module.module("linear_up")), middle: convolution.output,
      paths: convolution.paths, network: network, density: density, averageNeighbors: average,
      linear: try linear(try module.module(kind == .nonLinear ? "linear_1" : "linear")),
      skip: kind == .nonLinear
        ? try linear(try module.module("skip_tp")) : try speciesLinear(try module.module("skip_tp"), species: species),
      nonLinear: nonLinear)
  }

  private func nonLinear(_ module: TorchModule, species: Int) throws(ModelFileError) -> MACEDescription.NonLinear {
    let gateModule = try module.module("equivariant_nonlin")
    let gate = try gate(gateModule)
    let first = try irreps(try module.module("linear_1"), "irreps_out")
    guard gate.input == first else {
      throw Self.error(gateModule, "takes \(gate.input), but \(first) arrives")
    }
    return .init(
      source: try rows(try module.module("source_embedding"), species: species),
      target: try rows(try module.module("target_embedding"), species: species),
      residual: try linear(try module.module("linear_res")), gate: gate.layer,
      linear: try linear(try module.module("linear_2")), alpha: try number(module, "alpha"),
      beta: try number(module, "beta"))
  }

  /// A product basis.
  func product(_ module: TorchModule, species: Int) throws(ModelFileError) -> MACEDescription.Product {
    guard Self.shortName(module.className, in: "mace") == "EquivariantProductBasisBlock" else {
      throw Self.error(
        module, "is of class '\(module.className)', which is not supported; supported is EquivariantProductBasisBlock")
    }
    let linear = try linear(try module.module("linear"))
    let block = try module.module("symmetric_contractions")
    guard Self.shortName(block.className, in: "mace") == "SymmetricContraction" else {
      throw Self.error(
        block,
        "is of class '\(block.className)'; models with accelerated layers must be converted back first (mace_cueq_to_e3nn)"
      )
    }
    let contractions = try block.module("contractions").children.map(\.module)
    guard contractions.count == linear.plan.input.count else {
      throw Self.error(
        block,
        "has \(contractions.count) contractions where '\(linear.plan.input)' has \(linear.plan.input.count) irreps")
    }
    let isAgnostic = module.attribute("use_agnostic_product")?.bool ?? false
    var terms: [SymmetricContraction.Term] = []
    for (k, contraction) in contractions.enumerated() {
      terms += try self.terms(contraction, linear.plan.input[k], block: k, species: isAgnostic ? 1 : species)
    }
    return .init(terms: terms, linear: linear, usesSkip: try module.requiredAttribute("use_sc").bool ?? false)
  }

  /// The orders of one contraction. Weights of the highest order are apart, and the others follow in falling order.
  private func terms(
    _ module: TorchModule, _ output: Irreps.Block, block: Int, species: Int
  ) throws(ModelFileError) -> [SymmetricContraction.Term] {
    let input = try irreps(module, "coupling_irreps")
    let correlation = try integer(module, "correlation", 1...SymmetricContractionBasis.largestOrder)
    let components = input.reduce(0) { $0 + min($1.dimension, 1 << 20) }
    guard components <= 4096 else { throw Self.error(module, "contracts \(input), which is beyond reason") }
    var terms: [SymmetricContraction.Term] = []
    for order in 1...correlation {
      let name = "U_matrix_\(order)"
      let shape = try module.tensor(name).shape
      let paths = shape.last ?? 0
      let leading = output.irrep.degree == 0 ? [] : [output.irrep.dimension]
      let expected = leading + [Int](repeating: components, count: order) + [paths]
      guard shape == expected else {
        throw Self.error(module, "has '\(name)' of shape \(shape); expected \(expected), where the last number is free")
      }
      let stored = try values(module, name)
      let basis = try located(module) {
        try SymmetricContractionBasis(input, to: output.irrep, order: order, stored: stored, paths: paths)
      }
      let weights = try values(
        module, order == correlation ? "weights_max" : "weights.\(correlation - 1 - order)",
        shape: [species, paths, output.multiplicity])
      let size = paths * output.multiplicity
      terms.append(
        .init(
          outputBlock: block, basis: basis,
          weights: (0..<species).map { Array(weights[($0 * size)..<(($0 + 1) * size)]) }))
    }
    return terms
  }

  /// A readout.
  func readout(_ module: TorchModule, heads: Int) throws(ModelFileError) -> MACEDescription.Readout {
    var names: [String]
    switch Self.shortName(module.className, in: "mace") {
    case "LinearReadoutBlock": names = ["linear"]
    case "NonLinearReadoutBlock": names = ["linear_1", "linear_2"]
    case "NonLinearBiasReadoutBlock": names = ["linear_1", "linear_mid", "linear_2"]
    default:
      throw Self.error(
        module,
        "is of class '\(module.className)', which is not supported; supported are LinearReadoutBlock, NonLinearReadoutBlock and NonLinearBiasReadoutBlock"
      )
    }
    var layers: [LinearLayer] = []
    for name in names { layers.append(try linear(try module.module(name))) }
    guard let last = layers.last, last.plan.output == Irreps([.init(heads, Irrep(0, .even))]) else {
      throw Self.error(
        module, "gives '\(layers.last?.plan.output.description ?? "")'; expected one scalar for each of \(heads) heads")
    }
    var functions: [ScaledFunction?] = []
    if layers.count > 1 {
      let function = try activation(try module.module("non_linearity"))
      functions = [ScaledFunction?](repeating: function, count: layers.count - 1)
    }
    let stored = module.attribute("num_heads")?.integer ?? 1
    guard stored == 1 || stored == heads else {
      throw Self.error(module, "has num_heads = \(stored), the model has \(heads) heads")
    }
    for (layer, next) in zip(layers, layers.dropFirst()) {
      // One block, as many copies for each head, and the next layer takes just that.
      guard let hidden = layer.plan.output.first, layer.plan.output.count == 1, hidden.irrep.isScalar,
        hidden.multiplicity % stored == 0, next.plan.input == layer.plan.output
      else {
        throw Self.error(
          module,
          "has hidden features '\(layer.plan.output)'; expected scalars, equally many for each of \(stored) heads")
      }
    }
    return .init(layers: layers, functions: functions, hasHiddenHeads: stored > 1)
  }

  /// e3nn's Activation with one function or none.
  private func activation(_ module: TorchModule) throws(ModelFileError) -> ScaledFunction? {
    guard Self.shortName(module.className, in: "e3nn") == "Activation" else {
      throw Self.error(module, "is of class '\(module.className)' where e3nn's Activation was expected")
    }
    let functions = try module.module("acts").children
    guard functions.count <= 1 else {
      throw Self.error(module, "has \(functions.count) functions where one was expected")
    }
    guard let only = functions.first else { return nil }
    return try normalizedFunction(only.module)
  }
}
