/// The tensors of a model file by name, in the order of the file, with where they came from. Values are read when they are asked for.
public struct Checkpoint: Sendable {
  /// A name with its tensor.
  public struct Entry: Sendable {
    /// The name, with dots between modules: `interactions.0.linear_up.weight`.
    public let name: String
    /// The tensor.
    public let tensor: Tensor
  }

  /// Where a checkpoint came from.
  public struct Provenance: Hashable, Sendable {
    /// The path of the file.
    public var file: String
    /// The format in words: `torch archive, version 3`.
    public var format: String
    /// The class of the object at the root, or `dict`.
    public var root: String
  }

  /// All tensors, in the order of the file.
  public let entries: [Entry]
  /// Where they came from.
  public let provenance: Provenance
  private let indices: [String: Int]

  /// Makes a checkpoint. If a name is there twice, the last one counts, as in Python.
  init(_ entries: [Entry], provenance: Provenance) {
    var indices: [String: Int] = [:]
    var kept: [Entry] = []
    for entry in entries {
      if let k = indices[entry.name] {
        kept[k] = entry
      } else {
        indices[entry.name] = kept.count
        kept.append(entry)
      }
    }
    self.entries = kept
    self.indices = indices
    self.provenance = provenance
  }

  /// The names, in the order of the file.
  public var names: [String] { entries.map(\.name) }

  /// Whether there is a tensor of a name.
  public func contains(_ name: String) -> Bool { indices[name] != nil }

  /// The tensor of a name.
  /// - Parameters:
  ///   - name: the name.
  ///   - shape: the shape that it must have, if given.
  /// - Throws: `ModelFileError` that names the nearest tensor if it is missing, or both shapes if it has another one.
  public func tensor(_ name: String, shape: [Int]? = nil) throws(ModelFileError) -> Tensor {
    guard let k = indices[name] else {
      let near = ModelFileError.suggestion(for: name, among: names)
      throw ModelFileError("has no tensor \(ModelFileError.quoted(name))\(near)", file: provenance.file)
    }
    let tensor = entries[k].tensor
    guard shape == nil || shape == tensor.shape else {
      throw ModelFileError(
        "tensor \(ModelFileError.quoted(name)) has the shape \(tensor.shape); expected \(shape ?? [])",
        file: provenance.file)
    }
    return tensor
  }

  /// The values of a tensor, which must be finite.
  /// - Throws: `ModelFileError` if the tensor is missing, has another shape, or holds a value that is infinite or not a number.
  public func finiteValues(_ name: String, shape: [Int]? = nil) throws(ModelFileError) -> [Double] {
    try tensor(name, shape: shape).finiteValues(named: name, file: provenance.file)
  }

  /// Reads all tensors and refuses those that hold values which are infinite or not numbers.
  public func requireFinite() throws(ModelFileError) {
    for entry in entries where entry.tensor.type.isFloatingPoint { _ = try finiteValues(entry.name) }
  }

  /// The tensors of a dictionary of names and tensors, as `state_dict()` returns it. Values that are no tensors (extra state) are left out.
  init(stateDictionary value: PickleValue, provenance: Provenance) throws(ModelFileError) {
    guard let entries = value.entries else {
      throw ModelFileError("has \(value.kindName) where a dictionary of tensors was expected", file: provenance.file)
    }
    var found: [Entry] = []
    for (key, value) in entries {
      guard let tensor = value.tensor else { continue }
      // Long names are refused because one string can stand for thousands of keys, each of which is compared whole.
      guard let name = key.string, name.utf8.count <= 1024 else {
        throw ModelFileError(
          "has \(key.string == nil ? key.kindName : "a name of more than 1024 bytes") where the name of a tensor was expected",
          file: provenance.file)
      }
      found.append(Entry(name: name, tensor: tensor))
    }
    self.init(found, provenance: provenance)
  }
}
