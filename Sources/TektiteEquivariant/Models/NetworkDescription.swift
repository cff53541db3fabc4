import TektiteCore
import TektiteModelFiles

/// What the file of an equivariant network says, as typed values that a program is made of.
public protocol NetworkDescription: Sendable {
  /// The architecture in a word: `MACE`, `NequIP`, `SevenNet`.
  var kind: String { get }
  /// What the models within one file are called: `head`, `modality`.
  var variantWord: String { get }
  /// The names of the models within the file; empty where it holds one without a name.
  var variants: [String] { get }
  /// Names of the species, mostly symbols of elements.
  var typeNames: [String] { get }
  /// The distance up to which atoms see each other, Å.
  var cutoff: Double { get }
  /// The type of the weights: `float32` or `float64`.
  var storedIn: String { get }
  /// The network in words, a line for each thing that one may want to know.
  var summary: [String] { get }
  /// The same as data.
  var card: JSONValue { get }
  /// The program of one of the models within the file, counted from 0.
  /// - Throws: `ProgramError` when there is no such model, or parts do not fit together.
  func program(variant: Int) throws(ProgramError) -> NetworkProgram
}

extension ModelFile.Kind {
  /// Whether files of this kind hold a network that can be evaluated.
  public var isNetwork: Bool {
    switch self {
    case .mace, .sevenNet, .lightning, .nequIPPackage: true
    case .module, .stateDictionary, .safeTensors: false
    }
  }
}

extension ModelFile {
  /// The network that the file holds.
  /// - Throws: `ModelFileError` for files that hold none, and for what is missing or not supported.
  public func network() throws(ModelFileError) -> any NetworkDescription {
    switch kind {
    case .mace: return try MACEDescription(self)
    case .sevenNet: return try NequIPDescription(sevenNet: self)
    case .lightning, .nequIPPackage: return try NequIPDescription(nequIP: self)
    case .module, .stateDictionary, .safeTensors:
      let advice = kind == .module ? "" : ", and it has weights without an architecture"
      throw ModelFileError(
        "holds a \(kind.rawValue)\(advice); expected a model of MACE, NequIP or SevenNet as their own tools save it",
        file: path)
    }
  }
}
