/// A model in two files of plain data: its tensors as safetensors, `NAME.safetensors`, and beside them a card, `NAME.json`, that says everything else: modules
/// with their classes and settings, and where the model came from. Together they hold what the pickle of `torch.save` holds, and no program.
///
/// A card is a JSON object with `format` (`tektite model card`), `version`, `source` (name, sha256, bytes) and, for checkpoints of settings and tensors, `state` (the key under
/// which the `tensors` stood, `settings` and `extra` as pairs of key and value), or, for whole modules, `modules`, a list in which each module stands after
/// the one that holds it: `path` with dots, `class`, names of `parameters` and `buffers` (the tensor of a name is `path.name`), and `attributes`. Of
/// attributes, JSON's own values mean None, bool, float, int, str and list; a number with a point or an exponent is a float. Everything else is
/// an object with one of the keys `tuple`, `set`, `dictionary` (pairs of key and value), `float` (what JSON cannot write), `name` (a class or function), `tensor` (a name in
/// the safetensors file) or `class` (an object, with `arguments`, `members`, `entries` and `state` where it has them).
public enum ModelCard {
  /// The version of the format that is written, and the latest that is read.
  public static let version = 1
  static let format = "tektite model card"
  /// The key in the metadata of the safetensors file that says that a card belongs to it, with the version.
  static let mark = "tektite_card"
  /// The key there under which both files name the source, so that a card of another model is noticed.
  static let sourceMark = "source_sha256"
  /// The largest card that is read. That of a large model has some hundreds of kilobytes.
  static let mostBytes = 32 << 20

  /// Where a model came from.
  public struct Source: Hashable, Sendable {
    /// The name of the file, without folders.
    public var name: String
    /// SHA-256 of its bytes, in hexadecimal digits.
    public var digest: String
    /// Its length in bytes.
    public var bytes: Int

    /// Makes a source.
    public init(name: String, digest: String, bytes: Int) {
      self.name = name
      self.digest = digest
      self.bytes = bytes
    }
  }

  /// The path of the card that belongs to a safetensors file: its own with `.json` for `.safetensors`.
  public static func path(besideWeights path: String) -> String {
    let ending = ".safetensors"
    return (path.hasSuffix(ending) ? String(path.dropLast(ending.count)) : path) + ".json"
  }

  /// What torch keeps in every module and no model needs.
  static func isInternal(_ attribute: String) -> Bool {
    ["training", "_non_persistent_buffers_set", "_modules", "_parameters", "_buffers"].contains(attribute)
      || attribute.hasPrefix("_") && attribute.contains("_hook")
  }
}
