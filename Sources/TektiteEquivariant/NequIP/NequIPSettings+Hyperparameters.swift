import TektiteCore
import TektiteIrreps
import TektiteModelFiles

extension NequIPSettings {
  /// Reads the hyperparameters that nequip-train saves: the arguments of `NequIPGNNModel`, of its presets, or of `FullNequIPGNNModel`.
  /// - Parameter root: what a Lightning checkpoint holds as `hyper_parameters`.
  init(hyperparameters root: PickleValue, file: String) throws(ModelFileError) {
    guard let model = root["model"], let target = model["_target_"]?.string else {
      throw ModelFileError(
        "has hyperparameters without a 'model'; expected a checkpoint of nequip-train, version 0.7 or later", file: file
      )
    }
    let values = HyperparameterReader(root: model, file: file)
    let kind = target.split(separator: ".").last.map(String.init) ?? target
    guard ["NequIPGNNModel", "PresetNequIPGNNModel", "FullNequIPGNNModel"].contains(kind) else {
      throw ModelFileError(
        "is a checkpoint of a model made by '\(target)'; expected NequIPGNNModel. What nequip-package makes of the checkpoint can be read if it is a NequIP model",
        file: file)
    }
    isSinglePrecision = try values.text("model_dtype") == "float32"
    cutoff = try values.number("r_max")
    typeNames = try values.texts("type_names")
    exponent = Int(try values.number("polynomial_cutoff_p", 6))
    isBesselTrained = try values.truth("bessel_trainable", false)
    areScalesTrained = try values.truth("per_type_energy_scales_trainable", false)
    areShiftsTrained = try values.truth("per_type_energy_shifts_trainable", false)
    readoutFunction = try values.function(try values.text("readout_mlp_nonlinearity", "silu"))
    if let list = values.root["categorical_graph_field_embed"], !list.isNone {
      throw values.error("with 'categorical_graph_field_embed', which is not supported")
    }
    guard try values.text("convnet_nonlinearity_type", "gate") == "gate" else {
      throw values.error("with another 'convnet_nonlinearity_type' than gate, which is not supported")
    }
    try readLayers(values, isFull: kind == "FullNequIPGNNModel", isPreset: kind == "PresetNequIPGNNModel")
    let (shifts, isOwn) = (try values.truth("learnable_shift", false), try values.truth("convnet_sc", true))
    let adds = try values.truth("convnet_resnet", false)
    hasSelfConnection = layers.indices.map { ($0 > 0 || shifts) && isOwn }
    isResidual = layers.indices.map { ($0 > 0 || shifts) && adds }
    (scalarFunctions, gateFunctions) = (
      try values.functions("convnet_nonlinearity_scalars"), try values.functions("convnet_nonlinearity_gates")
    )
    // In the arithmetic of the model.
    let neighbors = try values.perType("avg_num_neighbors", typeNames)
    guard neighbors.allSatisfy({ $0 > 0 }) else { throw values.error("in which 'avg_num_neighbors' is not positive") }
    normalization = neighbors.map { 1 / $0.squareRoot() }.map { isSinglePrecision ? Double(Float($0)) : $0 }
    guard let pair = values.root["pair_potential"], !pair.isNone else { return }
    let potential = HyperparameterReader(root: pair, file: file)
    guard try potential.text("_target_").hasSuffix(".ZBL") else {
      throw values.error("with the pair potential '\(try potential.text("_target_"))'; supported is ZBL")
    }
    let species = try potential.texts("chemical_species").compactMap { Element(symbol: $0)?.number }
    guard let half = Self.halfCoulomb(try potential.text("units")), species.count == typeNames.count else {
      throw values.error("with a ZBL term that does not name units (metal, real) and the elements of all types")
    }
    repulsion = Repulsion(
      half: half, exponent: Int(try potential.number("polynomial_cutoff_p", 6)), atomicNumbers: species)
  }

  private mutating func readLayers(
    _ values: HyperparameterReader, isFull: Bool, isPreset: Bool
  ) throws(ModelFileError) {
    guard !isFull else {
      var all: [Irreps] = []
      for text in try values.texts("feature_irreps_hidden") { all.append(try values.irreps(text)) }
      layers = all
      if let degree = values.root["irreps_edge_sh"]?.integer, (0...Wigner3j.largestDegree).contains(degree) {
        harmonics = .sphericalHarmonics(upTo: degree)
      } else {
        harmonics = try values.irreps(try values.text("irreps_edge_sh"))
      }
      return
    }
    // The sizes that nequip 0.19 gives its presets.
    var (count, degree, parity) = (4, 1, true)
    var features: [Int]?
    if isPreset {
      parity = false
      switch try values.text("preset").uppercased() {
      case "S": (count, degree, features) = (2, 1, [128, 64])
      case "M": (count, degree, features) = (4, 2, [128, 64, 32])
      case "L": (count, degree, features) = (6, 3, [128, 64, 32, 32])
      case "XL": (count, degree, features) = (6, 4, [320, 96, 64, 32, 32])
      case let name: throw values.error("with the preset '\(name)'; known are S, M, L and XL")
      }
    }
    count = Int(try values.number("num_layers", Double(count)))
    degree = Int(try values.number("l_max", Double(degree)))
    parity = try values.truth("parity", parity)
    guard (1...64).contains(count), (0...Wigner3j.largestDegree).contains(degree) else {
      throw values.error("with \(count) layers of features to degree \(degree), which is beyond reason")
    }
    if let list = values.root["num_features"], let members = list.elements {
      features = members.compactMap(\.integer)
    } else if values.root["num_features"] != nil || features == nil {
      features = [Int](repeating: Int(try values.number("num_features", 32)), count: degree + 1)
    }
    guard let features, features.count == degree + 1, features.allSatisfy({ (1...100_000).contains($0) }) else {
      throw values.error("in which 'num_features' is no number of features, or list of them for degrees 0 to \(degree)")
    }
    var hidden: [Irreps.Block] = []
    for l in 0...degree {
      for p in parity ? [Parity.even, .odd] : [Parity(ofDegree: l)] { hidden.append(.init(features[l], Irrep(l, p))) }
    }
    harmonics = .sphericalHarmonics(upTo: degree)
    layers =
      [Irreps](repeating: Irreps(hidden), count: count - 1) + [Irreps([.init(features[0], Irrep(0, .even))])]
  }
}

/// Reads plain values out of a dictionary; what is not there has the value that nequip gives it.
private struct HyperparameterReader {
  let root: PickleValue
  let file: String

  func error(_ message: String) -> ModelFileError { ModelFileError("has hyperparameters \(message)", file: file) }
  private func value(_ key: String) -> PickleValue? { root[key].flatMap { $0.isNone ? nil : $0 } }
  private func missing(_ key: String) -> ModelFileError {
    error("without '\(key)'\(ModelFileError.suggestion(for: key, among: root.keys))")
  }

  func number(_ key: String, _ standard: Double? = nil) throws(ModelFileError) -> Double {
    guard let value = value(key) else {
      if let standard { return standard }
      throw missing(key)
    }
    guard let number = value.number, number.isFinite, abs(number) < 1e9 else {
      throw error("in which '\(key)' is no number")
    }
    return number
  }
  func truth(_ key: String, _ standard: Bool) throws(ModelFileError) -> Bool {
    guard let value = value(key) else { return standard }
    guard let truth = value.bool else { throw error("in which '\(key)' is no truth value") }
    return truth
  }
  func text(_ key: String, _ standard: String? = nil) throws(ModelFileError) -> String {
    guard let value = root[key] else {
      if let standard { return standard }
      throw missing(key)
    }
    if value.isNone { return "None" }
    guard let text = value.string else { throw error("in which '\(key)' is no text") }
    return text
  }
  func texts(_ key: String) throws(ModelFileError) -> [String] {
    guard let members = value(key)?.elements else { throw missing(key) }
    let texts = members.compactMap(\.string)
    guard !texts.isEmpty, texts.count == members.count else { throw error("in which '\(key)' is no list of names") }
    return texts
  }
  func irreps(_ text: String) throws(ModelFileError) -> Irreps {
    do throws(IrrepsError) {
      return try Irreps(text)
    } catch {
      throw self.error("in which '\(text.prefix(60))' is no sum of irreps: \(error)")
    }
  }
  /// A function by the name that nequip gives it; nil for the identity.
  func function(_ name: String) throws(ModelFileError) -> ActivationFunction? {
    if ["None", "null"].contains(name) { return nil }
    guard let function = ActivationFunction(rawValue: name) else {
      throw error("with the function '\(name)', which is not known")
    }
    return function
  }
  func functions(_ key: String) throws(ModelFileError) -> NequIPLayerPlan.Functions {
    guard let both = value(key) else { return .init(even: .silu, odd: .tanh) }
    guard let even = both["e"]?.string, let odd = both["o"]?.string, let f = try function(even),
      let g = try function(odd)
    else { throw error("in which '\(key)' has no functions for parities e and o") }
    return .init(even: f, odd: g)
  }
  /// One number for all types, or one for each.
  func perType(_ key: String, _ types: [String]) throws(ModelFileError) -> [Double] {
    guard let value = value(key) else { throw missing(key) }
    if let number = value.number { return [number] }
    var numbers: [Double] = []
    for type in types {
      guard let number = value[type]?.number else {
        throw error("in which '\(key)' has no number for the type '\(type)'")
      }
      numbers.append(number)
    }
    return numbers
  }
}
