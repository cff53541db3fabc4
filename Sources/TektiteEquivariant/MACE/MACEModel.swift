import TektiteCore
import TektiteModelFiles

/// A MACE model as a potential: energies in eV and lengths in Å, if it was trained so.
public struct MACEModel: PotentialModel {
  /// What the file holds.
  public let description: MACEDescription
  /// The head that is evaluated.
  public let head: String
  /// Its program.
  public let program: NetworkProgram
  /// `mace (NAME.model)`, with the head where there are several.
  public let name: String
  /// Labels of species that stand for elements, as atomic numbers. Every other species is the element of its label.
  public let elements: [String: Int]
  /// How the network is evaluated.
  public let options: NetworkOptions

  /// Makes a model from a file that is open.
  /// - Parameters:
  ///   - head: the name of a head; may be left out where there is one.
  ///   - elements: atomic numbers for labels of species that are not to be what their labels say, such as `["A": 32]`.
  ///   - options: how the network is evaluated.
  /// - Throws: `ModelFileError`, a paragraph that names the module of the file at fault, the heads there are, or the elements.
  public init(
    _ file: ModelFile, head: String? = nil, elements: [String: Int] = [:], options: NetworkOptions = NetworkOptions()
  ) throws(ModelFileError) {
    description = try MACEDescription(file)
    for (label, number) in elements.sorted(by: { $0.key < $1.key }) where !description.atomicNumbers.contains(number) {
      let known = description.elementSymbols.joined(separator: ", ")
      throw ModelFileError(
        "holds a model without the element \(Element(number: number)?.symbol ?? "\(number)"), which the species '\(label)' is to be; "
          + "it knows \(known)", file: file.path)
    }
    (self.elements, self.options) = (elements, options)
    let heads = description.heads
    let known = heads.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
    guard let chosen = head ?? (heads.count == 1 ? heads.first : nil) else {
      throw ModelFileError(
        "holds a model with \(heads.count) heads, one of which must be chosen: \(known)", file: file.path)
    }
    guard let index = heads.firstIndex(of: chosen) else {
      let near = InputError.nearest(to: chosen, among: heads).map { "; the nearest is '\($0)'" } ?? ""
      throw ModelFileError("holds a model without a head '\(chosen)'; it has \(known)\(near)", file: file.path)
    }
    self.head = chosen
    let base = file.path.split(separator: "/").last.map(String.init) ?? file.path
    name = heads.count == 1 ? "mace (\(base))" : "mace (\(base), head \(chosen))"
    do {
      program = try NetworkProgram(description, head: index)
    } catch {
      throw ModelFileError("holds a model whose parts do not fit together: \(error)", file: file.path)
    }
  }

  /// The labels of species that it knows: those of `elements`, then the symbols of its elements that no label has taken.
  public var labels: [String] {
    elements.keys.sorted() + description.elementSymbols.filter { elements[$0] == nil }
  }

  /// Makes a worker.
  /// - Throws: `unknownSpecies` for a species that is neither in `elements` nor an element of the model.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    var map: [Int] = []
    for species in table {
      let number = elements[species.label] ?? species.element?.number
      guard let number, let index = description.atomicNumbers.firstIndex(of: number) else {
        throw .unknownSpecies(species.label, known: labels, model: name)
      }
      map.append(index)
    }
    return try program.potential(map: map, name: name, options: options)
  }
}
