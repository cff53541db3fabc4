import Foundation
import TektiteCore
import TektiteEquivariant
import TektiteModelFiles
import TektitePotentials

/// Learned models: files that training programs save.
public enum LearnedModel {
  /// Whether a file is one by its first bytes (a zip archive) or its name.
  public static func isOne(_ path: String) -> Bool {
    if [".model", ".pth", ".pt", ".pt2", ".ckpt", ".safetensors", ".nequip.zip"].contains(
      where: path.lowercased().hasSuffix)
    {
      return true
    }
    // Opening a pipe would wait for somebody to write to it.
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let kind = (try? FileManager.default.attributesOfItem(atPath: target))?[.type] as? FileAttributeType
    guard kind == .typeRegular, let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 4)) == Data([0x50, 0x4B, 3, 4])
  }

  /// The SHA-256 digest of a file, in hexadecimal digits.
  public static func digest(path: String) throws(InputError) -> String { try InputFile.digest(path: path) }

  /// What a model is told to be that the fast executor cannot run; commands repeat it where they name the precision.
  public static let notes = [
    "Evaluated by the plain interpreter, since the model has irreps of degree above 4: exact and slow, on one thread, in double precision, without tables."
  ]

  /// Reads a model.
  /// - Parameters:
  ///   - section: the file, and what is to be done with it.
  ///   - precision: the arithmetic.
  ///   - variant: the head or modality, which may be left out where there is one.
  static func resolve(
    _ section: NetworkSection, precision: Precision, variant: String?
  ) throws(InputError) -> ResolvedModel {
    let path = section.file
    let elements = Dictionary(section.species.map { ($0.label, $0.value.number) }) { first, _ in first }
    let options = NetworkOptions(isSinglePrecision: precision == .single, usesExactRadial: section.usesExactRadial)
    let (file, network) = try InputError.from { () throws(ModelFileError) in
      let file = try ModelFile(path: path)
      return (file, try file.network())
    }
    let name = (path as NSString).lastPathComponent
    let found = NetworkKind(rawValue: network.kind.lowercased())
    if let kind = section.kind, let found, found != kind {
      throw section.marks["kind"].error(
        "'\(name)' is a model of \(found.title), and not of \(kind.title); write 'kind: \(found.rawValue)'")
    }
    // What a deck asks for is wrong in the deck.
    if section.kind != nil, variant == section.variant, let problem = network.problem(withVariant: variant) {
      throw section.marks[network.variantWord].error("'\(name)' \(problem)")
    }
    let model = try InputError.from { () throws(ModelFileError) in
      try NetworkModel(file, network, variant: variant, elements: elements, options: options)
    }
    // A converted model is two files.
    let paths = file.source == nil ? [path] : [path, ModelCard.path(besideWeights: path)]
    var files: [ResolvedModel.File] = []
    for path in paths {
      files.append(.init(name: (path as NSString).lastPathComponent, path: path, digest: try digest(path: path)))
    }
    return ResolvedModel(
      name: name, model: model, units: section.units, labels: model.labels, masses: masses(model, section),
      precision: precision, files: files,
      notes: model.program.needsInterpreter ? notes : [])
  }

  /// Masses of labels that stand for elements: those of the elements; in reduced units 1 for every species.
  private static func masses(_ model: NetworkModel, _ section: NetworkSection) -> [String: Double] {
    guard section.units == .real else { return Dictionary(uniqueKeysWithValues: model.labels.map { ($0, 1) }) }
    return Dictionary(section.species.map { ($0.label, $0.value.mass) }) { first, _ in first }
  }
}

extension InputError {
  /// Runs something that reads a model file; what is wrong with it is wrong input.
  static func from<T>(_ body: () throws(ModelFileError) -> T) throws(InputError) -> T {
    do throws(ModelFileError) {
      return try body()
    } catch {
      throw InputError(error.message, file: error.file)
    }
  }
}

extension Precision {
  /// Why a learned potential does not take `mixed`.
  static let mixedIsForPairs =
    "a learned potential has the precisions single and double; 'mixed' belongs to pair potentials"
}
