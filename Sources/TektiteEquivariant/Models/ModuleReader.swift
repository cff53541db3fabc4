import TektiteIrreps
import TektiteModelFiles

/// Reads numbers, irreps and functions out of the modules of a file. All errors name the file and the place in it.
protocol ModuleReader {}

extension ModuleReader {
  /// What messages call a module.
  private static func place(_ module: TorchModule) -> String {
    module.path.isEmpty ? "the model" : "module '\(module.path)'"
  }

  /// An error about a module.
  static func error(_ module: TorchModule, _ message: String) -> ModelFileError {
    ModelFileError("\(place(module)) \(message)", file: module.file)
  }

  /// The last part of the name of a class, if it comes from one of these packages.
  static func shortName(_ name: String, in packages: String...) -> String? {
    for package in packages where name.hasPrefix(package + ".") {
      return String(name.split(separator: ".", omittingEmptySubsequences: false).last ?? "")
    }
    return nil
  }

  /// Does something with irreps or parts of programs, and says where it went wrong.
  func located<Value>(_ module: TorchModule, _ make: () throws -> Value) throws(ModelFileError) -> Value {
    try ModelFileError.located(Self.place(module), file: module.file, make)
  }

  // MARK: Numbers

  /// The numbers of a tensor, all finite.
  func values(_ module: TorchModule, _ name: String, shape: [Int]? = nil) throws(ModelFileError) -> [Double] {
    let values = try module.tensor(name, shape: shape).doubles()
    guard values.allSatisfy(\.isFinite) else {
      throw Self.error(module, "has numbers in '\(name)' that are not finite; the training of this model has failed")
    }
    return values
  }

  /// The numbers that a name stands for, all finite.
  func numbers(_ module: TorchModule, _ name: String) throws(ModelFileError) -> [Double] {
    let values = try module.numbers(name)
    guard values.allSatisfy(\.isFinite) else {
      throw Self.error(module, "has numbers in '\(name)' that are not finite; the training of this model has failed")
    }
    return values
  }

  /// The one number that a name stands for.
  func number(_ module: TorchModule, _ name: String) throws(ModelFileError) -> Double {
    let values = try numbers(module, name)
    guard values.count == 1 else {
      throw Self.error(module, "has \(values.count) numbers as '\(name)' where one was expected")
    }
    return values[0]
  }

  /// A whole number within bounds.
  func integer(_ module: TorchModule, _ name: String, _ range: ClosedRange<Int>) throws(ModelFileError) -> Int {
    let value = try number(module, name)
    // As mace-torch does, what is kept as a float is cut to a whole number.
    guard value >= Double(range.lowerBound), value <= Double(range.upperBound) else {
      throw Self.error(module, "has '\(name)' = \(value); expected \(range.lowerBound) to \(range.upperBound)")
    }
    return Int(value)
  }

  // MARK: Irreps

  /// Irreps as e3nn pickles them, or as text.
  func irreps(_ module: TorchModule, _ name: String) throws(ModelFileError) -> Irreps {
    let value = try module.requiredAttribute(name)
    if let text = value.string { return try located(module) { try Irreps(text) } }
    // The empty sum is a tuple without members.
    guard value.className?.hasSuffix("Irreps") ?? false else {
      throw Self.error(module, "has \(value.kindName) as '\(name)' where irreps were expected")
    }
    var blocks: [Irreps.Block] = []
    for member in value.elements ?? [] {
      guard let parts = member.elements, parts.count == 2, let copies = parts[0].integer,
        let irrep = parts[1].elements, irrep.count == 2, let degree = irrep[0].integer,
        let parity = irrep[1].integer.flatMap({ Parity(rawValue: $0) }), (0...Irrep.largestDegree).contains(degree),
        (0...Irreps.largestMultiplicity).contains(copies)
      else { throw Self.error(module, "has something in '\(name)' that is no irrep") }
      blocks.append(.init(copies, Irrep(degree, parity)))
    }
    return Irreps(blocks)
  }

  // MARK: Functions

  /// A function that a file names: a function of torch by its name, or a module.
  func function(_ value: PickleValue, in module: TorchModule) throws(ModelFileError) -> ActivationFunction {
    let name = String(
      (value.className ?? "").split(separator: ".", omittingEmptySubsequences: false).last ?? "")
    switch name {
    case "silu", "SiLU": return .silu
    case "tanh", "Tanh": return .tanh
    case "sigmoid", "Sigmoid": return .sigmoid
    case "relu", "ReLU": return .relu
    case "abs": return .abs
    case "shifted_softplus", "ShiftedSoftplus", "ShiftedSoftPlus": return .shiftedSoftplus
    case "softplus", "Softplus": return .softplus
    case "elu", "ELU": return .elu
    case "mish", "Mish": return .mish
    case "gelu", "GELU": return .gelu
    default:
      let known = ActivationFunction.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.error(module, "applies \(value.kindName), which is not supported; supported are \(known)")
    }
  }

  /// e3nn's normalised function: the factor is the stored one.
  func normalizedFunction(_ module: TorchModule) throws(ModelFileError) -> ScaledFunction {
    guard Self.shortName(module.className, in: "e3nn") == "normalize2mom" else {
      throw Self.error(module, "is of class '\(module.className)' where e3nn's normalize2mom was expected")
    }
    let inner = module.attribute("f")
    let value: PickleValue
    if let inner { value = inner } else { value = try module.module("f").value }
    let isIdentity = try module.requiredAttribute("_is_id").bool ?? false
    return ScaledFunction(try function(value, in: module), factor: isIdentity ? 1 : try number(module, "cst"))
  }
}

extension ModelFileError {
  /// Does something with irreps or parts of programs, and says where it went wrong.
  static func located<Value>(
    _ place: String, file: String, _ make: () throws -> Value
  ) throws(ModelFileError) -> Value {
    do {
      return try make()
    } catch let error {
      if let error = error as? ModelFileError { throw error }
      throw ModelFileError("\(place) does not make sense: \(error)", file: file)
    }
  }
}
