/// A file that holds a learned model, opened, its kind told by what is in it and not by its name.
public struct ModelFile: Sendable {
  /// What a file holds.
  public enum Kind: String, Sendable, CaseIterable {
    /// A whole MACE model, `torch.save(model)`: `NAME.model`.
    case mace = "MACE model"
    /// A SevenNet checkpoint with its configuration: `checkpoint_best.pth`.
    case sevenNet = "SevenNet checkpoint"
    /// A Lightning checkpoint with hyperparameters, as NequIP trains: `best.ckpt`.
    case lightning = "Lightning checkpoint"
    /// A NequIP model packed with `nequip-package`: `NAME.nequip.zip`.
    case nequIPPackage = "NequIP package"
    /// Another whole `torch.nn.Module`.
    case module = "torch module"
    /// Names and tensors, without the architecture.
    case stateDictionary = "state dictionary"
    /// A safetensors file: names and tensors, and metadata.
    case safeTensors = "safetensors file"
  }

  /// The kind.
  public let kind: Kind
  /// The path as the user gave it.
  public let path: String
  /// The length of the file in bytes.
  public let length: Int
  /// All tensors by name.
  public let checkpoint: Checkpoint
  /// The whole model, for kinds that have it.
  public let module: TorchModule?
  /// The configuration (SevenNet) or the hyperparameters (Lightning), for kinds that have them.
  public let configuration: PickleValue?
  /// The metadata of a safetensors file, sorted by key; empty for others.
  public let metadata: [(key: String, value: String)]
  /// Everything that was pickled, for kinds that were.
  public let root: PickleValue?
  /// The file from which a model was converted, for those that were.
  public let source: ModelCard.Source?

  /// Opens a file and finds out what it is. Tensors are not read yet.
  /// - Throws: `ModelFileError`, in one paragraph, for files that are damaged, that hold programs, or that lack what a model needs.
  public init(path: String) throws(ModelFileError) {
    let file = try FileReader(path: path)
    let head = try file.read(0..<min(16, file.length))
    self.path = path
    length = file.length
    guard ZipArchive.isLikely(head) else {
      guard SafeTensors.isLikely(head, length: file.length) else { throw Self.unknown(head, file: path) }
      let weights: Checkpoint
      (weights, metadata) = try SafeTensors.read(file)
      guard ModelCard.isExpected(metadata) else {
        (kind, checkpoint, module, root, source, configuration) = (.safeTensors, weights, nil, nil, nil, nil)
        return
      }
      let card = try ModelCard.read(weights, metadata: metadata)
      (root, source) = (card.root, card.source)
      let provenance = Checkpoint.Provenance(
        file: path, format: "safetensors with a card, version \(card.version)",
        root: card.root.className ?? card.root.kindName)
      guard let module = TorchModule(card.root) else {
        guard let (kind, configuration, state) = try Self.checkpoint(card.root, file: path) else {
          throw ModelFileError("has a card of a checkpoint that is neither SevenNet's nor Lightning's", file: path)
        }
        (self.kind, self.configuration, self.module) = (kind, configuration, nil)
        checkpoint = try Checkpoint(stateDictionary: state, provenance: provenance)
        return
      }
      let found = Self.kind(of: module)
      // Packages bring classes of their own.
      if found != .nequIPPackage { try Self.requireKnownClasses(card.root, file: path) }
      (kind, self.module, configuration) = (found, module, nil)
      checkpoint = Checkpoint(
        try module.allTensors().map { .init(name: $0.name, tensor: $0.tensor) }, provenance: provenance)
      return
    }
    source = nil
    let archive = try TorchArchive(try ZipArchive(file))
    metadata = []
    func provenance(_ root: PickleValue) -> Checkpoint.Provenance {
      let writer = archive.writer == .save ? "torch archive" : "torch package"
      return .init(file: path, format: "\(writer), version \(archive.version)", root: root.className ?? root.kindName)
    }
    if archive.writer == .package {
      let root = try archive.unpickle("model/eager_model.pkl")
      // Packages bring classes of their own, which stay names.
      guard let module = TorchModule(root) else {
        throw ModelFileError("holds \(root.kindName); expected a model of NequIP", file: path)
      }
      (kind, self.module, configuration, self.root) = (.nequIPPackage, module, nil, root)
      checkpoint = Checkpoint(
        try module.allTensors().map { .init(name: $0.name, tensor: $0.tensor) }, provenance: provenance(root))
      return
    }
    let root = try archive.unpickle("data.pkl")
    self.root = root
    guard root.entries != nil else {
      let module = try Self.wholeModule(root, file: path)
      (kind, self.module, configuration) = (Self.kind(of: module), module, nil)
      checkpoint = Checkpoint(
        try module.allTensors().map { .init(name: $0.name, tensor: $0.tensor) }, provenance: provenance(root))
      return
    }
    module = nil
    if let (kind, configuration, state) = try Self.checkpoint(root, file: path) {
      (self.kind, self.configuration) = (kind, configuration)
      checkpoint = try Checkpoint(stateDictionary: state, provenance: provenance(root))
      return
    }
    try Self.requireKnownClasses(root, file: path)
    if root["optimizer"] != nil || root["optimizer_state_dict"] != nil {
      throw ModelFileError(
        "is a training checkpoint: it holds weights and the state of the optimizer, and not the architecture; give the model that the training "
          + "wrote at its end (for MACE NAME.model in its models folder), or run mace_run_train with the same settings and --restart_latest to write it",
        file: path)
    }
    (kind, configuration) = (.stateDictionary, nil)
    checkpoint = try Checkpoint(stateDictionary: root, provenance: provenance(root))
    guard !checkpoint.entries.isEmpty else {
      let keys = root.keys.prefix(5).map { ModelFileError.quoted($0) }.joined(separator: ", ")
      throw ModelFileError(
        "holds a dictionary without tensors\(keys.isEmpty ? "" : " (its first keys are \(keys))"); expected a model",
        file: path)
    }
  }

  /// What a dictionary with settings and tensors holds, if it is a checkpoint of a kind that is known.
  private static func checkpoint(
    _ root: PickleValue, file: String
  ) throws(ModelFileError) -> (kind: Kind, configuration: PickleValue, state: PickleValue)? {
    if root["pytorch-lightning_version"] != nil, let state = root["state_dict"] {
      guard let configuration = root["hyper_parameters"] else {
        throw ModelFileError(
          "is a Lightning checkpoint without hyper_parameters, so its architecture is not known; expected one that NequIP 0.7 or later wrote",
          file: file)
      }
      // Hyperparameters may hold values of any class, which stay names.
      return (.lightning, configuration, state)
    }
    guard let state = root["model_state_dict"], let configuration = root["config"] else { return nil }
    try requireKnownClasses(root, file: file)
    guard configuration.entries != nil else {
      throw ModelFileError("has \(configuration.kindName) as its config; expected a dictionary", file: file)
    }
    return (.sevenNet, configuration, state)
  }

  private static func kind(of module: TorchModule) -> Kind {
    let isMACE = ["mace.modules.models.MACE", "mace.modules.models.ScaleShiftMACE"].contains(module.className)
    if isMACE { return .mace }
    return module.hasModule("sole_model.model.func") ? .nequIPPackage : .module
  }

  private static func wholeModule(_ root: PickleValue, file: String) throws(ModelFileError) -> TorchModule {
    try requireKnownClasses(root, file: file)
    guard let module = TorchModule(root) else {
      throw ModelFileError("holds \(root.kindName); expected a model or a dictionary of weights", file: file)
    }
    return module
  }

  private static func requireKnownClasses(_ root: PickleValue, file: String) throws(ModelFileError) {
    guard let name = root.graph.foreignNames.first else { return }
    let others = root.graph.foreignNames.count - 1
    let near = ModelFileError.suggestion(for: name, among: KnownClasses.names.sorted())
    throw ModelFileError(
      "holds objects of class \(ModelFileError.quoted(name))\(others > 0 ? " and \(others) more" : ""), which this program does not know\(near); "
        + "expected a model of MACE, SevenNet or NequIP as their own tools save it", file: file)
  }

  /// The error for a file that is none of the formats, with a word on those that are often met.
  private static func unknown(_ head: [UInt8], file: String) -> ModelFileError {
    let kinds =
      "expected a model that was saved with torch.save (.model, .pth, .ckpt), a NequIP package or a safetensors file"
    // The magic number 0x1950a86a20f9469cfc6c that torch pickled first until version 1.5.
    if head.starts(with: [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]) {
      return ModelFileError(
        "is in the format that torch wrote before version 1.6; load it in Python and save it again with torch.save",
        file: file)
    }
    if head.isEmpty { return ModelFileError("is empty; \(kinds)", file: file) }
    if head.starts(with: [0x1F, 0x8B]) {
      return ModelFileError("is compressed with gzip; unpack it first", file: file)
    }
    if head.starts(with: [0x89, 0x48, 0x44, 0x46]) { return ModelFileError("is an HDF5 file; \(kinds)", file: file) }
    if head[0] == 0x80 { return ModelFileError("is a bare pickle, and not a file of torch; \(kinds)", file: file) }
    if head.starts(with: "version https://".utf8.prefix(16)) {
      return ModelFileError("is a pointer of Git LFS, and not the model itself; run 'git lfs pull'", file: file)
    }
    return ModelFileError("is no model file; \(kinds)", file: file)
  }
}
