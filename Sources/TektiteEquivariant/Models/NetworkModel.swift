import TektiteCore
import TektiteModelFiles

/// A model file as a potential: energies in eV and lengths in Å, if it was trained so.
public struct NetworkModel: PotentialModel {
  /// What the file holds.
  public let description: any NetworkDescription
  /// The name of the head or modality that is evaluated; nil where there is one without a name.
  public let variant: String?
  /// Its program.
  public let program: NetworkProgram
  /// `mace (NAME.model)`, with the head or modality where there are several.
  public let name: String
  /// Labels of species that stand for elements, as atomic numbers. Every other species is what its label says.
  public let elements: [String: Int]
  /// How the network is evaluated.
  public let options: NetworkOptions

  /// Makes a model from a file that is open.
  /// - Parameters:
  ///   - variant: the name of a head or modality; may be left out where there is one.
  ///   - elements: atomic numbers for labels of species that are not to be what their labels say, such as `["A": 32]`.
  ///   - options: how the network is evaluated.
  /// - Throws: `ModelFileError`, a paragraph that names the module of the file at fault, the variants there are, or the elements.
  public init(
    _ file: ModelFile, variant: String? = nil, elements: [String: Int] = [:], options: NetworkOptions = NetworkOptions()
  ) throws(ModelFileError) {
    try self.init(file, try file.network(), variant: variant, elements: elements, options: options)
  }

  /// The same for a network that has been read from the file.
  public init(
    _ file: ModelFile, _ network: any NetworkDescription, variant: String? = nil, elements: [String: Int] = [:],
    options: NetworkOptions = NetworkOptions()
  ) throws(ModelFileError) {
    description = network
    let symbols = elements.mapValues { Element(number: $0)?.symbol ?? "\($0)" }
    for (label, symbol) in symbols.sorted(by: { $0.key < $1.key }) where !description.typeNames.contains(symbol) {
      let known = description.typeNames.joined(separator: ", ")
      throw ModelFileError(
        "holds a model without the element \(symbol), which the species '\(label)' is to be; it knows \(known)",
        file: file.path)
    }
    (self.elements, self.options) = (elements, options)
    let (variants, word) = (description.variants, description.variantWord)
    if let problem = description.problem(withVariant: variant) { throw ModelFileError(problem, file: file.path) }
    let index = variant.flatMap { variants.firstIndex(of: $0) } ?? 0
    self.variant = variants.indices.contains(index) ? variants[index] : nil
    let base = file.path.split(separator: "/").last.map(String.init) ?? file.path
    let kind = description.kind.lowercased()
    name = variants.count < 2 ? "\(kind) (\(base))" : "\(kind) (\(base), \(word) \(variants[index]))"
    do {
      program = try description.program(variant: index)
    } catch {
      throw ModelFileError("holds a model whose parts do not fit together: \(error)", file: file.path)
    }
  }

  /// The labels of species that it knows: those of `elements`, then the names of its own species that no label has taken.
  public var labels: [String] { elements.keys.sorted() + description.typeNames.filter { elements[$0] == nil } }

  /// Makes a worker.
  /// - Throws: `unknownSpecies` for a species that is neither in `elements` nor one of the model.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    var map: [Int] = []
    for species in table {
      let names = description.typeNames
      let symbol = (elements[species.label] ?? species.element?.number).flatMap { Element(number: $0)?.symbol }
      // A label may be a name that is no element's.
      let own = elements[species.label] == nil ? names.firstIndex(of: species.label) : nil
      guard let index = own ?? symbol.flatMap({ names.firstIndex(of: $0) }) else {
        throw .unknownSpecies(species.label, known: labels, model: name)
      }
      map.append(index)
    }
    return try program.potential(map: map, name: name, options: options)
  }
}

extension NetworkDescription {
  /// Why a head or modality cannot be had, nil standing for none chosen; nil if it can.
  public func problem(withVariant variant: String?) -> String? {
    let word = variantWord
    let known = variants.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
    guard let variant else {
      return variants.count < 2
        ? nil
        : "holds a model with \(variants.count) \(word.plural), one of which must be chosen (with '\(word)' in a deck, with --head in a command): \(known)"
    }
    if variants.isEmpty { return "holds a model without \(word.plural), so '\(variant)' cannot be chosen" }
    guard !variants.contains(variant) else { return nil }
    let near = InputError.nearest(to: variant, among: variants).map { "; the nearest is '\($0)'" } ?? ""
    return "holds a model without a \(word) '\(variant)'; it has \(known)\(near)"
  }
}

extension String {
  /// The plural of `head` or `modality`.
  fileprivate var plural: String { hasSuffix("y") ? dropLast() + "ies" : self + "s" }
}
