import Foundation
import TektiteCore
import TektiteEquivariant
import TektiteModelFiles
import TektitePotentials

/// Learned models: files that training programs save.
public enum LearnedModel {
  /// Whether a file is one by its first bytes (a zip archive) or its name.
  public static func isOne(_ path: String) -> Bool {
    if [".model", ".pth", ".pt", ".pt2", ".ckpt", ".safetensors"].contains(where: path.lowercased().hasSuffix) {
      return true
    }
    // Opening a pipe would wait for somebody to write to it.
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let kind = (try? FileManager.default.attributesOfItem(atPath: target))?[.type] as? FileAttributeType
    guard kind == .typeRegular, let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 4)) == Data([0x50, 0x4B, 3, 4])
  }

  /// Reads a model. It runs through the plain interpreter, in double precision.
  static func resolve(_ path: String, head: String?) throws(InputError) -> ResolvedModel {
    let model = try InputError.from { () throws(ModelFileError) -> MACEModel in
      let file = try ModelFile(path: path)
      guard file.kind == .mace else {
        throw ModelFileError("holds a \(file.kind.rawValue); this version evaluates MACE models only", file: path)
      }
      return try MACEModel(file, head: head)
    }
    var digests: [ResolvedModel.File] = []
    let name = (path as NSString).lastPathComponent
    if let data = FileManager.default.contents(atPath: path) {
      digests = [ResolvedModel.File(name: name, path: path, digest: SHA256.digest(data))]
    }
    return ResolvedModel(
      name: name, model: model, units: .real,
      labels: model.description.atomicNumbers.map { Element(number: $0)?.symbol ?? "\($0)" }, precision: .double,
      files: digests, notes: ["Evaluated by the plain interpreter: exact and slow, on one thread."])
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
