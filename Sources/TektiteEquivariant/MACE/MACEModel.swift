import TektiteCore
import TektiteModelFiles

/// A MACE model as a potential: energies in eV and lengths in Å, if it was trained so.
///
/// It runs through the interpreter, which is right and slow.
public struct MACEModel: PotentialModel {
  /// What the file holds.
  public let description: MACEDescription
  /// The head that is evaluated.
  public let head: String
  /// Its program.
  public let program: NetworkProgram
  /// `mace (NAME.model)`, with the head where there are several.
  public let name: String
  /// How the network is evaluated.
  public let options: NetworkOptions

  /// Makes a model from a file that is open.
  /// - Parameter head: the name of a head; may be left out where there is one.
  /// - Throws: `ModelFileError`, a paragraph that names the module of the file at fault, or the heads there are.
  public init(
    _ file: ModelFile, head: String? = nil, options: NetworkOptions = NetworkOptions()
  ) throws(ModelFileError) {
    description = try MACEDescription(file)
    self.options = options
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

  /// Makes a worker.
  /// - Throws: `unknownSpecies` for a species that is no element, or none of the model's.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    var map: [Int] = []
    for species in table {
      guard let number = species.element?.number, let index = description.atomicNumbers.firstIndex(of: number) else {
        let known = description.atomicNumbers.map { Element(number: $0)?.symbol ?? "\($0)" }
        throw .unknownSpecies(species.label, known: known, model: name)
      }
      map.append(index)
    }
    return try program.potential(map: map, name: name, options: options)
  }
}
