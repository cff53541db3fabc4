import TektiteIrreps
import TektiteModelFiles

// Functions of scalars and the networks of edges.
extension MACEReader {
  /// The network that makes weights of edges: e3nn's FullyConnectedNet, or MACE's RadialMLP.
  func network(_ module: TorchModule) throws(ModelFileError) -> RadialNetwork {
    if Self.shortName(module.className, in: "mace") == "RadialMLP" { return try layeredNetwork(module) }
    guard Self.shortName(module.className, in: "e3nn") == "FullyConnectedNet" else {
      throw Self.error(
        module,
        "is of class '\(module.className)', which is not supported; supported are FullyConnectedNet and RadialMLP")
    }
    var layers: [RadialNetwork.Layer] = []
    var inputs = 0
    let count = module.children.count
    for k in 0..<count {
      let layer = try module.module("layer\(k)")
      let shape = try layer.tensor("weight").shape
      guard shape.count == 2 else { throw Self.error(layer, "has weights of shape \(shape); expected two axes") }
      if k == 0 { inputs = shape[0] }
      let (width, before) = (try number(layer, "h_in"), try number(layer, "var_in"))
      let after = try number(layer, "var_out")
      guard width == Double(shape[0]), before > 0, after > 0 else {
        throw Self.error(layer, "takes \(width) numbers of variance \(before) to variance \(after), which does not fit")
      }
      var function: ScaledFunction?
      if layer.hasModule("act") {
        let stored = try normalizedFunction(try layer.module("act"))
        function = ScaledFunction(stored.function, factor: stored.factor * after.squareRoot())
      }
      let scale = 1 / (width * before / (function == nil ? after : 1)).squareRoot()
      layers.append(
        .init(
          weights: try values(layer, "weight").map { $0 * scale }, activation: function, outputs: shape[1]))
    }
    let first = inputs
    return try located(module) { [layers] in try RadialNetwork(inputs: first, layers: layers) }
  }

  /// Linear, LayerNorm, SiLU, Linear, …
  private func layeredNetwork(_ module: TorchModule) throws(ModelFileError) -> RadialNetwork {
    let net = try module.module("net")
    var layers: [RadialNetwork.Layer] = []
    var inputs: Int?
    for (_, child) in net.children {
      switch Self.shortName(child.className, in: "torch.nn") {
      case "Linear":
        let shape = try child.tensor("weight").shape
        guard shape.count == 2 else { throw Self.error(child, "has weights of shape \(shape); expected two axes") }
        inputs = inputs ?? shape[1]
        // torch keeps [outputs, inputs].
        let stored = try values(child, "weight")
        let weights = (0..<shape[1]).flatMap { i in (0..<shape[0]).map { stored[$0 * shape[1] + i] } }
        let biases = child.hasTensor("bias") ? try values(child, "bias", shape: [shape[0]]) : []
        layers.append(.init(weights: weights, biases: biases, outputs: shape[0]))
      case "LayerNorm":
        guard let last = layers.last, last.normalization == nil, last.activation == nil else {
          throw Self.error(child, "normalises where a linear layer should come first")
        }
        let norm = RadialNetwork.LayerNormalization(
          scale: try values(child, "weight", shape: [last.outputs]),
          shift: try values(child, "bias", shape: [last.outputs]),
          epsilon: try number(child, "eps"))
        layers[layers.count - 1] = .init(
          weights: last.weights, biases: last.biases, normalization: norm, outputs: last.outputs)
      default:
        let function = try function(child.value, in: child)
        guard let last = layers.last, last.activation == nil else {
          throw Self.error(child, "applies a function where a linear layer should come first")
        }
        layers[layers.count - 1] = .init(
          weights: last.weights, biases: last.biases, normalization: last.normalization,
          activation: ScaledFunction(function), outputs: last.outputs)
      }
    }
    return try located(module) { [inputs, layers] in try RadialNetwork(inputs: inputs ?? 0, layers: layers) }
  }

  /// MACE's gate, whose tables the file keeps.
  func gate(_ module: TorchModule) throws(ModelFileError) -> (input: Irreps, layer: GateLayer) {
    guard Self.shortName(module.className, in: "mace") == "GatedEquivariantBlock" else {
      throw Self.error(
        module,
        "is of class '\(module.className)', which is not supported; save the model again with mace-torch 0.3.15 or later"
      )
    }
    guard try module.requiredAttribute("_layout_is_ir_mul").bool == false else {
      throw Self.error(
        module, "keeps its features in the layout of cuequivariance; convert the model with mace_cueq_to_e3nn")
    }
    let input = try irreps(module, "_irreps_in")
    func range(_ start: String, _ length: String) throws(ModelFileError) -> Range<Int> {
      let first = try integer(module, start, 0...NetworkProgram.largestDimension)
      return first..<(first + (try integer(module, length, 0...NetworkProgram.largestDimension)))
    }
    func scaled(_ name: String, _ constant: String) throws(ModelFileError) -> ScaledFunction? {
      // A function is an attribute; a module would be among the modules.
      guard let value = module.attribute(name), !value.isNone else {
        guard module.hasModule(name) else { return nil }
        return ScaledFunction(
          try function(try module.module(name).value, in: module), factor: try number(module, constant))
      }
      return ScaledFunction(try function(value, in: module), factor: try number(module, constant))
    }
    let scalars = try range("_s_start", "_s_len")
    let gates = try range("_g_start", "_g_len")
    let gateFunction = try scaled("_act_gate", "_gate_cst")
    var gated: [GateLayer.Gated] = []
    for entry in try module.requiredAttribute("_gated_info").elements ?? [] {
      let fields = (entry.elements ?? []).compactMap(\.integer)
      guard fields.count == 5, fields.allSatisfy({ (0...NetworkProgram.largestDimension).contains($0) }),
        fields[1] == fields[2] * fields[3]
      else { throw Self.error(module, "has something in '_gated_info' that is not understood") }
      guard fields[4] + fields[3] <= gates.count else {
        throw Self.error(module, "has more copies in '_gated_info' than gates")
      }
      gated.append(
        .init(
          start: fields[0], copies: fields[3], dimension: fields[2], firstGate: gates.lowerBound + fields[4],
          gateFunction))
    }
    return (
      input,
      GateLayer(scalars: [.init(scalars, try scaled("_act_scalar", "_scalar_cst"))], gated: gated)
    )
  }
}
