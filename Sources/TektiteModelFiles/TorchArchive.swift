/// A file that `torch.save` or `torch.package` wrote: a ZIP archive with pickles, and raw storages that they refer to by key.
struct TorchArchive: Sendable {
  /// Which of torch's writers it comes from.
  enum Writer: Sendable {
    /// `torch.save`: `data.pkl` and `data/<key>`.
    case save
    /// `torch.package`: any number of pickles, and `.data/<key>.storage`.
    case package
  }

  let zip: ZipArchive
  let writer: Writer
  /// The folder in which all members are, with a slash; empty if there is none.
  let folder: String
  /// What the member `version` says.
  let version: String
  private let isBigEndian: Bool

  /// Recognises an archive of torch.
  /// - Throws: `ModelFileError` for archives of torch that hold programs, and for other archives, with what to do instead.
  init(_ zip: ZipArchive) throws(ModelFileError) {
    self.zip = zip
    let path = zip.file.path
    let names = zip.members.map(\.name)
    if names.contains(where: {
      $0.hasSuffix("archive_format") || $0.contains("aotinductor/") || $0.hasSuffix(".so")
        || $0.contains("serialized_exported_program")
    }) {
      throw ModelFileError(
        "is a .pt2 archive, a program compiled for one machine, from which weights cannot be taken; give the file it was compiled from: "
          + "the packaged model (.nequip.zip), the training checkpoint (.ckpt, .pth), or the MACE model (.model)",
        file: path)
    }
    func folder(of suffix: String) -> String? {
      names.first {
        $0 == suffix
          || $0.hasSuffix("/" + suffix) && $0.split(separator: "/").count == suffix.split(separator: "/").count + 1
      }
      .map { String($0.dropLast(suffix.utf8.count)) }
    }
    if let folder = folder(of: ".data/extern_modules") {
      (writer, self.folder) = (.package, folder)
    } else if let folder = folder(of: "data.pkl") {
      (writer, self.folder) = (.save, folder)
      if zip[folder + "constants.pkl"] != nil || names.contains(where: { $0.hasPrefix(folder + "code/") }) {
        throw ModelFileError(
          "is a TorchScript archive (torch.jit.save), a program with its weights; give the model it was made from: for MACE the file that "
            + "was not compiled (NAME.model, not NAME_compiled.model or NAME.model-lammps.pt), for SevenNet checkpoint_best.pth, for NequIP "
            + "the training checkpoint (.ckpt) or the package (.nequip.zip)", file: path)
      }
    } else {
      throw ModelFileError(
        "is a ZIP archive, and not one of torch: it has no data.pkl\(names.first.map { " (its first member is \(ModelFileError.quoted($0)))" } ?? ""); "
          + "expected a model that was saved with torch.save, or a safetensors file", file: path)
    }
    func word(_ name: String) throws(ModelFileError) -> String? {
      guard let member = zip[name], member.range.count <= 64 else { return nil }
      let text = String(decoding: try zip.read(member), as: UTF8.self)
      return String(text.prefix { !$0.isWhitespace })
    }
    let order = try word(self.folder + "byteorder") ?? "little"
    guard order == "little" || order == "big" else {
      throw ModelFileError("has the byte order \(ModelFileError.quoted(order)); expected 'little' or 'big'", file: path)
    }
    isBigEndian = order == "big"
    version = try word(self.folder + (writer == .save ? "version" : ".data/version")) ?? "unknown"
  }

  /// Reads a pickle of the archive.
  /// - Parameter name: the member without its folder.
  func unpickle(_ name: String) throws(ModelFileError) -> PickleValue {
    guard let member = zip[folder + name] else {
      throw ModelFileError("has no member \(ModelFileError.quoted(name))", file: zip.file.path)
    }
    let storages = StorageTable()
    var unpickler = Unpickler(try zip.read(member), file: zip.file.path, member: member.name) {
      key, type, count throws(ModelFileError) in
      try storage(key, type, count, known: storages)
    }
    return try unpickler.load()
  }

  /// Storages by key: tensors that share one in the file share it here.
  private final class StorageTable {
    var storages: [String: TensorStorage] = [:]
  }

  private func storage(
    _ key: String, _ type: ScalarType, _ count: Int, known: StorageTable
  ) throws(ModelFileError) -> TensorStorage {
    let path = zip.file.path
    let quoted = ModelFileError.quoted(key)
    if let storage = known.storages[key] {
      guard storage.type == type, storage.count == count else {
        throw ModelFileError("is damaged: storage \(quoted) is described in two ways; get the file anew", file: path)
      }
      return storage
    }
    let name = writer == .save ? "data/\(key)" : ".data/\(key).storage"
    guard let member = zip[folder + name] else {
      throw ModelFileError(
        "lacks the storage \(quoted) (member \(ModelFileError.quoted(name))): some of its weights are missing",
        file: path)
    }
    try zip.requireStored(member)
    let (size, overflows) = count.multipliedReportingOverflow(by: type.size)
    guard !overflows, size == member.range.count else {
      throw ModelFileError(
        "is damaged: storage \(quoted) has \(member.range.count) bytes, and \(count) elements of \(type.rawValue) were written; get the file anew",
        file: path)
    }
    let storage = TensorStorage(
      type, file: zip.file, range: member.range, isBigEndian: isBigEndian, checksum: (member.crc32, member.name))
    known.storages[key] = storage
    return storage
  }
}
