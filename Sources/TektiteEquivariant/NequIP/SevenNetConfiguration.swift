import TektiteCore
import TektiteIrreps
import TektiteModelFiles

/// The settings of a SevenNet model, out of the configuration that its checkpoints carry. What older versions did not write has the value that sevenn gives it.
struct SevenNetConfiguration {
  private let root: PickleValue
  let file: String
  /// The first three numbers of the version of sevenn that wrote the file.
  let version: [Int]
  let cutoff: Double
  /// Symbols of the elements by species.
  let symbols: [String]
  let modalities: [String]
  let layerCount: Int
  let channels: Int
  let largestNodeDegree: Int
  /// Irreps of the harmonics.
  let harmonics: Irreps
  let hasNormalizedHarmonics: Bool
  /// The irreps before the first layer and after each, where a user has given them.
  let manualIrreps: [Irreps]?
  /// The number of Bessel functions.
  let basisCount: Int
  let envelope: RadialEnvelope
  let radialFunction: ActivationFunction
  let scalarFunctions: NequIPLayerPlan.Functions, gateFunctions: NequIPLayerPlan.Functions
  let selfConnections: [SelfConnection]
  let hasBiases: Bool
  /// The function of a readout by layers; nil for a readout of two linear maps.
  let readoutFunction: ActivationFunction?

  /// How an atom's own features go around the sum.
  enum SelfConnection: String, CaseIterable {
    case nequip, linear, none
  }

  /// Whether radial weights stand in the order of loops.
  var pathOrder: NequIPLayerPlan.PathOrder { isBefore(0, 11) ? .loops : .outputs }

  func isBefore(_ major: Int, _ minor: Int) -> Bool { (version[0], version[1]) < (major, minor) }
  /// Whether a map has inputs that name the modality.
  func isModal(_ key: String) -> Bool { !modalities.isEmpty && root[key]?.bool == true }

  init(_ root: PickleValue, file: String) throws(ModelFileError) {
    (self.root, self.file) = (root, file)
    func wrong(_ message: String) -> ModelFileError { ModelFileError("has a configuration \(message)", file: file) }
    func required(_ key: String) throws(ModelFileError) -> PickleValue {
      guard let value = root[key] else {
        throw wrong("without '\(key)'\(ModelFileError.suggestion(for: key, among: root.keys))")
      }
      return value
    }
    func integer(_ key: String, _ range: ClosedRange<Int>) throws(ModelFileError) -> Int {
      let value = try required(key)
      guard let number = value.integer, range.contains(number) else {
        throw wrong("in which '\(key)' is no whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    func function(_ value: PickleValue?, _ key: String) throws(ModelFileError) -> ActivationFunction {
      guard let name = value?.string, let function = ActivationFunction(rawValue: name) else {
        let known = ActivationFunction.allCases.map(\.rawValue).joined(separator: ", ")
        throw wrong("in which '\(key)' is \(value?.string.map { "'\($0)'" } ?? "missing"); supported are \(known)")
      }
      return function
    }
    func functions(_ key: String) throws(ModelFileError) -> NequIPLayerPlan.Functions {
      let value = try required(key)
      return .init(even: try function(value["e"], key), odd: try function(value["o"], key))
    }
    let text = (root["version"]?.string ?? "").split(separator: ".").map(String.init)
    version = text.prefix(3).map { Int($0) ?? 0 } + [Int](repeating: 0, count: max(0, 3 - text.count))
    guard text.count >= 2, version[0] > 0 || version[1] > 0 else { throw wrong("without the version of sevenn") }
    if let kind = root["interaction_type"]?.string, kind != "nequip" {
      throw wrong("with the interaction type '\(kind)', which is not supported; supported is nequip")
    }
    if root["cuequivariance_config"]?["use"]?.bool == true || root["use_flash_tp"]?.bool == true
      || root["use_oeq"]?.bool == true
    {
      throw wrong("of a model with accelerated layers; convert it with 'sevenn checkpoint --disable-cueq' first")
    }
    guard let cutoff = try required("cutoff").number, cutoff > 0, cutoff < 1000 else {
      throw wrong("in which 'cutoff' is no distance")
    }
    self.cutoff = cutoff
    layerCount = try integer("num_convolution_layer", 1...64)
    channels = try integer("channel", 1...100_000)
    let degree = try integer("lmax", 0...Wigner3j.largestDegree)
    func other(_ key: String) throws(ModelFileError) -> Int {
      guard let value = root[key] else { return degree }
      guard let number = value.integer, number <= Wigner3j.largestDegree else {
        throw wrong("in which '\(key)' is no degree to \(Wigner3j.largestDegree)")
      }
      return number > 0 ? number : degree
    }
    largestNodeDegree = try other("lmax_node")
    guard let hasParity = try required("is_parity").bool else { throw wrong("in which 'is_parity' is no truth value") }
    harmonics = .sphericalHarmonics(upTo: try other("lmax_edge"), argument: hasParity ? .odd : .even)
    // Before version 0.10 the key was not always there, and then vectors were not brought to length one.
    let isOld = (version[0], version[1]) < (0, 10)
    hasNormalizedHarmonics = root["_normalize_sph"]?.bool ?? !isOld

    // The elements, by species from 0.
    var symbols: [Int: String] = [:]
    for (key, value) in try required("_type_map").entries ?? [] {
      guard let number = key.integer, let place = value.integer, let element = Element(number: number),
        symbols[place] == nil
      else { throw wrong("in which '_type_map' is no table of elements") }
      symbols[place] = element.symbol
    }
    let elementCount = symbols.count
    guard elementCount > 0, (0..<elementCount).allSatisfy({ symbols[$0] != nil }) else {
      throw wrong("in which '_type_map' does not number the elements from 0")
    }
    self.symbols = (0..<elementCount).compactMap { symbols[$0] }
    var modalities: [Int: String] = [:]
    if root["use_modality"]?.bool == true {
      for (key, value) in try required("_modal_map").entries ?? [] {
        guard let name = key.string, let place = value.integer, modalities[place] == nil else {
          throw wrong("in which '_modal_map' is no table of modalities")
        }
        modalities[place] = name
      }
      guard !modalities.isEmpty, (0..<modalities.count).allSatisfy({ modalities[$0] != nil }) else {
        throw wrong("in which '_modal_map' does not number the modalities from 0")
      }
    }
    self.modalities = (0..<modalities.count).compactMap { modalities[$0] }

    let basis = try required("radial_basis")
    guard basis["radial_basis_name"]?.string == "bessel" else {
      throw wrong("with another radial basis than Bessel functions, which is not supported")
    }
    // Not written, there are eight.
    guard let count = basis["bessel_basis_num"] == nil ? 8 : basis["bessel_basis_num"]?.integer,
      (1...1000).contains(count)
    else { throw wrong("in which 'bessel_basis_num' is no number of functions") }
    basisCount = count
    let cut = try required("cutoff_function")
    switch cut["cutoff_function_name"]?.string {
    case "poly_cut":
      guard let p = cut["poly_cut_p_value"] == nil ? 6 : cut["poly_cut_p_value"]?.integer, (1...1000).contains(p) else {
        throw wrong("in which 'poly_cut_p_value' is no exponent")
      }
      envelope = .polynomial(.init(exponent: p, cutoff: cutoff))
    case "XPLOR":
      guard let start = cut["cutoff_on"]?.number, start >= 0, start < cutoff else {
        throw wrong("in which 'cutoff_on' is no distance below the cutoff")
      }
      envelope = .xplor(.init(start: start, cutoff: cutoff))
    case let name:
      throw wrong("with the cutoff function '\(name ?? "")'; supported are poly_cut and XPLOR")
    }
    radialFunction = try function(try required("act_radial"), "act_radial")
    (scalarFunctions, gateFunctions) = (try functions("act_scalar"), try functions("act_gate"))

    func connection(_ value: PickleValue) throws(ModelFileError) -> SelfConnection {
      guard let kind = value.string.flatMap({ SelfConnection(rawValue: $0) }) else {
        throw wrong(
          "with the self-connection '\(value.string ?? value.kindName)'; supported are nequip, linear and none")
      }
      return kind
    }
    if let value = root["self_connection_type"], let all = value.elements {
      var kinds: [SelfConnection] = []
      for member in all { kinds.append(try connection(member)) }
      selfConnections = kinds
    } else {
      let kind = try root["self_connection_type"].map { value throws(ModelFileError) in try connection(value) }
      selfConnections = [SelfConnection](repeating: kind ?? .nequip, count: layerCount)
    }
    guard selfConnections.count == layerCount else {
      throw wrong("with \(selfConnections.count) self-connections for \(layerCount) layers")
    }
    hasBiases = root["use_bias_in_linear"]?.bool ?? false
    readoutFunction =
      root["readout_as_fcn"]?.bool == true
      ? try function(root["readout_fcn_activation"], "readout_fcn_activation") : nil

    guard let manual = root["irreps_manual"], let texts = manual.elements else {
      manualIrreps = nil
      return
    }
    var irreps: [Irreps] = []
    for text in texts {
      guard let text = text.string, let sum = try? Irreps(text) else {
        throw wrong("in which 'irreps_manual' is no list of irreps")
      }
      irreps.append(sum)
    }
    guard irreps.count == layerCount + 1 else {
      throw wrong(
        "with \(irreps.count) irreps in 'irreps_manual'; expected \(layerCount + 1), for \(layerCount) layers")
    }
    manualIrreps = irreps
  }

  /// What leaves a layer for what arrives, before irreps are left out to which no path leads.
  func output(of layer: Int, _ input: Irreps) -> Irreps {
    if let manualIrreps { return manualIrreps[layer + 1] }
    return restricted(
      NequIPLayerPlan.full(input, harmonics), isLast: layer == layerCount - 1,
      to: layer == layerCount - 1 ? 0 : largestNodeDegree, multiplicity: channels)
  }

  /// What the convolution of a layer makes.
  func sum(of layer: Int, _ input: Irreps, to output: Irreps) -> Irreps {
    restricted(
      NequIPLayerPlan.full(input, harmonics), isLast: layer == layerCount - 1, to: output.largestDegree ?? 0,
      multiplicity: nil)
  }

  /// The last layer has no odd irreps.
  private func restricted(_ irreps: Irreps, isLast: Bool, to degree: Int, multiplicity: Int?) -> Irreps {
    Irreps(
      irreps.filter { $0.irrep.degree <= degree && !(isLast && $0.irrep.parity == .odd) }
        .map { .init(multiplicity ?? $0.multiplicity, $0.irrep) })
  }
}
