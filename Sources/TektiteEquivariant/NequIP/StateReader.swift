import TektiteIrreps
import TektiteModelFiles

/// Reads the maps of a network out of named tensors. All errors name the file and the tensor.
struct StateReader {
  /// The path of the file.
  let file: String
  /// The tensors by the names that readers ask for.
  private let tensors: [String: Tensor]

  /// - Parameter rename: the name under which readers ask for a tensor; nil for tensors that are of no use.
  init(_ checkpoint: Checkpoint, rename: (String) -> String?) {
    file = checkpoint.provenance.file
    var tensors: [String: Tensor] = [:]
    for entry in checkpoint.entries {
      if let name = rename(entry.name) { tensors[name] = entry.tensor }
    }
    self.tensors = tensors
  }

  /// Makes a reader of other tensors.
  init(file: String, _ tensors: [String: Tensor]) { (self.file, self.tensors) = (file, tensors) }

  func error(_ message: String) -> ModelFileError { ModelFileError(message, file: file) }
  func contains(_ name: String) -> Bool { tensors[name] != nil }
  /// The names that begin so.
  func names(_ prefix: String) -> [String] { tensors.keys.filter { $0.hasPrefix(prefix) }.sorted() }

  /// The tensor of a name.
  func tensor(_ name: String) throws(ModelFileError) -> Tensor {
    guard let tensor = tensors[name] else {
      let near = ModelFileError.suggestion(for: name, among: tensors.keys.sorted())
      throw error("has no tensor '\(name)'\(near)")
    }
    return tensor
  }

  /// The numbers of a tensor, all finite.
  func values(_ name: String, count: Int? = nil) throws(ModelFileError) -> [Double] {
    let tensor = try tensor(name)
    if let count, tensor.count != count {
      throw error("tensor '\(name)' has \(tensor.count) numbers (shape \(tensor.shape)); expected \(count)")
    }
    return try tensor.finiteValues(named: name, file: file)
  }

  /// Does something with irreps or parts of programs, and says where it went wrong.
  func located<Value>(_ place: String, _ make: () throws -> Value) throws(ModelFileError) -> Value {
    try ModelFileError.located(place, file: file, make)
  }

  // MARK: Maps

  /// e3nn's Linear between these irreps, all equal ones joined.
  /// - Parameter modalities: how many inputs that name a modality follow the features.
  func linear(
    _ name: String, _ input: Irreps, to output: Irreps, hasBiases: Bool = false, modalities: Int = 0
  ) throws(ModelFileError) -> NequIPDescription.Map {
    let chosen = Irreps(modalities > 0 ? [.init(modalities, Irrep(0, .even))] : [])
    let plan = try located(name) {
      try Linear(input + chosen, to: output, biases: hasBiases ? output.map(\.irrep.isScalar) : nil)
    }
    let weights = try values(name + ".weight", count: plan.weightCount)
    let biases = plan.biasCount > 0 ? try values(name + ".bias", count: plan.biasCount) : []
    guard modalities > 0 else { return .init(LinearLayer(plan: plan, weights: [weights], biases: biases)) }
    // What a modality adds is a row of weights.
    var rows = [[Double]](repeating: [Double](repeating: 0, count: output.dimension), count: modalities)
    var (instructions, coefficients, own) = ([Linear.Instruction](), [Double](), [Double]())
    for path in plan.paths {
      let block = path.instruction.output
      guard path.instruction.input == input.count else {
        instructions.append(path.instruction)
        coefficients.append(path.coefficient)
        own += weights[path.weights]
        continue
      }
      let width = output[block].multiplicity
      for modality in 0..<modalities {
        for w in 0..<width {
          rows[modality][output.slices[block].lowerBound + w] +=
            path.coefficient * weights[path.weights.lowerBound + modality * width + w]
        }
      }
    }
    let smaller = try located(name) { [instructions, coefficients] in
      try Linear(
        input, to: output, instructions, coefficients: coefficients,
        biases: hasBiases ? output.map(\.irrep.isScalar) : nil)
    }
    return .init(LinearLayer(plan: smaller, weights: [own], biases: biases), modalBiases: rows)
  }

  /// e3nn's fully connected tensor product of features with scalars of each species: a linear map for each of them.
  /// - Parameter attributes: the scalars, a row for each species.
  func speciesLinear(
    _ name: String, _ input: Irreps, to output: Irreps, attributes: [[Double]]
  ) throws(ModelFileError) -> LinearLayer {
    let width = attributes.first?.count ?? 0
    let product = try located(name) {
      try TensorProduct.fullyConnected(
        input, Irreps([.init(width, Irrep(0, .even))]), to: output, convention: .e3nn06)
    }
    // The coupling tensor (l, 0, l) is 1/√(2l+1) times the unit matrix.
    let plan = try located(name) {
      try Linear(
        input, to: output, product.paths.map { .init($0.instruction.first, $0.instruction.output) },
        coefficients: product.paths.map {
          $0.coefficient / Double(output[$0.instruction.output].irrep.dimension).squareRoot()
        })
    }
    let stored = try values(name + ".weight", count: product.weightCount)
    return LinearLayer(plan: plan, stored: stored, attributes: attributes)
  }

  /// e3nn's FullyConnectedNet, with a normalised function after each layer but the last. The stored matrices are those before division by √inputs.
  func network(
    _ name: String, inputs: Int, outputs: Int, _ function: ActivationFunction
  ) throws(ModelFileError) -> RadialNetwork {
    var layers: [RadialNetwork.Layer] = []
    var width = inputs
    while contains("\(name).layer\(layers.count).weight") {
      let tensor = "\(name).layer\(layers.count).weight"
      let shape = try self.tensor(tensor).shape
      guard shape.count == 2, shape[0] == width, shape[0] > 0 else {
        throw error("tensor '\(tensor)' has the shape \(shape); expected [\(width), …]")
      }
      let isLast = !contains("\(name).layer\(layers.count + 1).weight")
      let scale = 1 / Double(width).squareRoot()
      layers.append(
        .init(
          weights: try values(tensor).map { scale * $0 },
          activation: isLast ? nil : ScaledFunction(function, factor: function.secondMomentFactor), outputs: shape[1]))
      width = shape[1]
    }
    guard !layers.isEmpty else { throw error("has no tensor '\(name).layer0.weight'") }
    guard width == outputs else {
      throw error("'\(name)' makes \(width) numbers for each edge, but \(outputs) are needed")
    }
    return try located(name) { [layers] in try RadialNetwork(inputs: inputs, layers: layers) }
  }
}
