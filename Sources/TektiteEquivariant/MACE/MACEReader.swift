import TektiteIrreps
import TektiteModelFiles

/// Reads the parts of a MACE model out of the modules of a file. All errors name the file and the place in it.
struct MACEReader: ModuleReader {
  let root: TorchModule
  let isSinglePrecision: Bool

  /// The fields of each instruction of a map.
  private func instructions(_ module: TorchModule, fields: Int) throws(ModelFileError) -> [[PickleValue]] {
    let value = try module.requiredAttribute("instructions")
    guard let all = value.elements else {
      throw Self.error(module, "has \(value.kindName) as 'instructions' where a list was expected")
    }
    var found: [[PickleValue]] = []
    for instruction in all {
      guard let parts = instruction.elements, parts.count == fields else {
        throw Self.error(module, "has an instruction that has not \(fields) fields")
      }
      found.append(parts)
    }
    return found
  }

  private func require(_ module: TorchModule, _ name: String) throws(ModelFileError) {
    guard Self.shortName(module.className, in: "e3nn") == name else {
      throw Self.error(
        module,
        "is of class '\(module.className)' where e3nn's \(name) was expected; models with accelerated layers must be converted back first (mace_cueq_to_e3nn)"
      )
    }
  }

  // MARK: Maps

  /// e3nn's Linear.
  func linear(_ module: TorchModule) throws(ModelFileError) -> LinearLayer {
    try require(module, "Linear")
    let (input, output) = (try irreps(module, "irreps_in"), try irreps(module, "irreps_out"))
    var paths: [Linear.Instruction] = []
    var coefficients: [Double] = []
    var biases = [Bool](repeating: false, count: output.count)
    for parts in try instructions(module, fields: 4) {
      guard let from = parts[0].integer, let to = parts[1].integer, let weight = parts[3].number, weight.isFinite else {
        throw Self.error(module, "has an instruction that is none of a linear map")
      }
      guard from == -1 else {
        paths.append(.init(from, to))
        coefficients.append(weight)
        continue
      }
      guard biases.indices.contains(to), weight == 1, !biases[to...].contains(true) else {
        throw Self.error(module, "has an instruction for a bias that is not understood")
      }
      biases[to] = true
    }
    let plan = try located(module) { [paths, coefficients, biases] in
      try Linear(input, to: output, paths, coefficients: coefficients, biases: biases)
    }
    let weights = try values(module, "weight", shape: [plan.weightCount])
    let shifts = plan.biasCount > 0 ? try values(module, "bias", shape: [plan.biasCount]) : []
    return LinearLayer(plan: plan, weights: [weights], biases: shifts)
  }

  /// Rows of a linear map that is applied to one-hot species.
  func rows(_ module: TorchModule, species: Int) throws(ModelFileError) -> [[Double]] {
    let layer = try linear(module)
    guard layer.plan.input == Irreps([.init(species, Irrep(0, .even))]), layer.plan.output.count == 1,
      layer.plan.paths.count == 1, layer.biases.isEmpty
    else {
      throw Self.error(
        module, "maps '\(layer.plan.input)' to '\(layer.plan.output)'; expected \(species) species to scalars")
    }
    let n = layer.plan.output.dimension
    return (0..<species).map { z in
      layer.weights[0][(z * n)..<((z + 1) * n)].map { layer.plan.paths[0].coefficient * $0 }
    }
  }

  /// A fully connected tensor product with one-hot species: a linear map for each of them.
  func speciesLinear(_ module: TorchModule, species: Int) throws(ModelFileError) -> LinearLayer {
    try require(module, "FullyConnectedTensorProduct")
    let (input, output) = (try irreps(module, "irreps_in1"), try irreps(module, "irreps_out"))
    guard try irreps(module, "irreps_in2") == Irreps([.init(species, Irrep(0, .even))]) else {
      throw Self.error(module, "has a second input that is not the \(species) species")
    }
    var paths: [Linear.Instruction] = []
    var coefficients: [Double] = []
    for parts in try instructions(module, fields: 7) {
      guard let from = parts[0].integer, parts[1].integer == 0, let to = parts[2].integer, parts[3].string == "uvw",
        parts[4].bool == true, let weight = parts[5].number, weight.isFinite, output.indices.contains(to)
      else { throw Self.error(module, "has an instruction that is not understood") }
      paths.append(.init(from, to))
      // The coupling tensor (l, 0, l) is 1/√(2l+1) times the unit matrix.
      coefficients.append(weight / Double(output[to].irrep.dimension).squareRoot())
    }
    let plan = try located(module) { [paths, coefficients] in
      try Linear(input, to: output, paths, coefficients: coefficients)
    }
    let (total, overflow) = plan.weightCount.multipliedReportingOverflow(by: species)
    guard !overflow else { throw Self.error(module, "has more weights than there can be") }
    let stored = try values(module, "weight", shape: [total])
    return LinearLayer(plan: plan, stored: stored, attributes: LinearLayer.oneHot(species))
  }

  /// The tensor product of features with harmonics.
  func convolution(
    _ module: TorchModule
  ) throws(ModelFileError) -> (input: Irreps, output: Irreps, weights: Int, paths: [Convolution.Path]) {
    try require(module, "TensorProduct")
    let (input, harmonics) = (try irreps(module, "irreps_in1"), try irreps(module, "irreps_in2"))
    let output = try irreps(module, "irreps_out")
    guard harmonics.enumerated().allSatisfy({ $1.multiplicity == 1 && $1.irrep.degree == $0 }) else {
      throw Self.error(
        module, "has '\(harmonics)' as its second input; expected the spherical harmonics of degrees 0, 1, …")
    }
    var paths: [Convolution.Path] = []
    var firstWeight = 0
    var tensors: [[Int]: [Convolution.Coupling]] = [:]
    for parts in try instructions(module, fields: 7) {
      guard let from = parts[0].integer, let degree = parts[1].integer, let to = parts[2].integer,
        parts[3].string == "uvu", parts[4].bool == true, let weight = parts[5].number, weight.isFinite,
        input.indices.contains(from), harmonics.indices.contains(degree), output.indices.contains(to),
        input[from].multiplicity == output[to].multiplicity, firstWeight < 1 << 40
      else { throw Self.error(module, "has an instruction that is not understood; expected mode 'uvu' with weights") }
      let (l1, l3) = (input[from].irrep.degree, output[to].irrep.degree)
      var coupling = tensors[[l1, degree, l3]] ?? []
      if coupling.isEmpty { coupling = try self.coupling(l1, degree, l3, module) }
      tensors[[l1, degree, l3]] = coupling
      paths.append(
        .init(
          inputBlock: from, degree: degree, outputBlock: to, coefficient: weight, firstWeight: firstWeight,
          coupling: coupling))
      firstWeight += input[from].multiplicity
    }
    return (input, output, firstWeight, paths)
  }

  /// The tensor of e3nn 0.4.4. Files keep it within compiled programs, which are not read; in files of single precision it has been rounded, except where a degree
  /// is 0 and e3nn has no tensor, but divides by √(2l+1).
  private func coupling(
    _ l1: Int, _ l2: Int, _ l3: Int, _ module: TorchModule
  ) throws(ModelFileError) -> [Convolution.Coupling] {
    let tensor = try located(module) { try Wigner3j(l1, l2, l3, convention: .e3nn04) }
    let isRounded = isSinglePrecision && l1 > 0 && l2 > 0 && l3 > 0
    return tensor.elements.map { .init($0.i1, $0.i2, $0.i3, isRounded ? Double(Float($0.value)) : $0.value) }
  }
}
