extension ModelCard {
  /// The two files of a model. Equal models from equal sources give equal bytes.
  /// - Throws: `ModelFileError` if the file holds no whole model, or a tensor cannot be read.
  public static func encoded(
    _ file: ModelFile, source: Source
  ) throws(ModelFileError) -> (weights: [UInt8], card: String) {
    guard let value = file.root, file.module != nil || file.configuration != nil else {
      throw ModelFileError(
        "holds a \(file.kind.rawValue); only whole models can be converted, since the architecture is needed too",
        file: file.path)
    }
    var writer = CardWriter(value, file: file.path)
    let content: JSONValue.Member =
      if let root = file.module {
        .init("modules", .array(try writer.modules(root)))
      } else {
        .init("state", try writer.state(file, value))
      }
    let card = JSONValue.object([
      .init("format", .string(format)), .init("version", .integer(version)), .init("kind", .string(file.kind.rawValue)),
      .init(
        "source",
        .object([
          .init("name", .string(source.name)), .init("sha256", .string(source.digest)),
          .init("bytes", .integer(source.bytes)), .init("format", .string(file.checkpoint.provenance.format)),
        ])), .init("parameters", file.parameterCount.map(JSONValue.integer) ?? .null),
      content,
    ])
    let metadata = [(key: mark, value: String(version)), (key: sourceMark, value: source.digest)]
    return (try SafeTensors.encoded(writer.entries, metadata: metadata), card.text(openLevels: 4) + "\n")
  }
}

/// Turns modules into JSON and collects their tensors.
private struct CardWriter {
  private let file: String
  /// How many values the file has, which bounds the work.
  private let valueCount: Int
  private(set) var entries: [Checkpoint.Entry] = []
  private var names: Set<String> = []
  private var work = 0

  /// Deeper values are not plain settings.
  private static let mostLevels = 12
  private static let mostNames = 10_000

  init(_ root: PickleValue, file: String) { (self.file, valueCount) = (file, root.graph.nodes.count) }

  /// What a checkpoint needs besides its tensors: under which key they stood, their names, settings, and what else stood beside the tensors.
  mutating func state(_ file: ModelFile, _ root: PickleValue) throws(ModelFileError) -> JSONValue {
    let (key, settings) =
      file.kind == .lightning
      ? ("state_dict", ["pytorch-lightning_version", "hyper_parameters"]) : ("model_state_dict", ["config"])
    entries = file.checkpoint.entries
    names = Set(file.checkpoint.names)
    let tensors = entries.map { JSONValue.string($0.name) }
    var (kept, extra) = ([JSONValue](), [JSONValue]())
    for name in settings {
      guard let value = root[name] else { continue }
      // A setting that is no plain value, such as one of a foreign class, is left out: readers ask for what they need.
      let plain: JSONValue? =
        value.entries == nil
        ? plain(value, at: name, level: 0) : .object([.init("dictionary", plainPairs(value, at: name))])
      if let plain { kept.append(.array([.string(name), plain])) }
    }
    for (name, value) in root[key]?.entries ?? [] where value.tensor == nil {
      guard let name = name.string, name.hasPrefix("ema."), let plain = plain(value, at: name, level: 0) else {
        continue
      }
      extra.append(.array([.string(name), plain]))
    }
    guard work <= 8 * valueCount + 1000 else { throw tooDeep() }
    return .object([
      .init("key", .string(key)), .init("tensors", .array(tensors)), .init("settings", .array(kept)),
      .init("extra", .array(extra)),
    ])
  }

  /// The entries of a dictionary that are plain values.
  private mutating func plainPairs(_ value: PickleValue, at place: String) -> JSONValue {
    var pairs: [JSONValue] = []
    for (k, entry) in (value.entries ?? []).enumerated() {
      let count = entries.count
      guard let key = plain(entry.key, at: "\(place).key\(k)", level: 1),
        let value = plain(entry.value, at: "\(place).\(entry.key.string ?? "\(k)")", level: 1)
      else {
        for entry in entries[count...] { names.remove(entry.name) }
        entries.removeLast(entries.count - count)
        continue
      }
      pairs.append(.array([key, value]))
    }
    return .array(pairs)
  }

  private func tooDeep() -> ModelFileError {
    ModelFileError("holds values that are nested beyond reason; the file is damaged, or no model", file: file)
  }

  /// All modules, each after the one that holds it.
  mutating func modules(_ root: TorchModule) throws(ModelFileError) -> [JSONValue] {
    // Refuses modules that contain themselves.
    let tensors = try root.allTensors()
    names = Set(tensors.map(\.name))
    entries =
      Checkpoint(
        tensors.map { .init(name: $0.name, tensor: $0.tensor) },
        provenance: .init(file: file, format: "", root: "")
      ).entries
    var found: [JSONValue] = []
    var pending = [root]
    while let module = pending.popLast() {
      found.append(try describe(module))
      pending += module.children.map(\.module).reversed()
    }
    return found
  }

  private mutating func describe(_ module: TorchModule) throws(ModelFileError) -> JSONValue {
    // Names are looked up one by one, so a module with very many would keep us busy.
    guard max(module.attributeNames.count, module.parameters.count, module.buffers.count) <= Self.mostNames else {
      throw ModelFileError(
        "has more than \(Self.mostNames) values in module \(ModelFileError.quoted(module.path)), which no model has",
        file: file)
    }
    var members: [JSONValue.Member] = [
      .init("path", .string(module.path)), .init("class", .string(module.className)),
    ]
    let lists = [("parameters", module.parameters.map(\.name)), ("buffers", module.buffers.map(\.name))]
    for (key, names) in lists where !names.isEmpty {
      var unique: [String] = []
      for name in names where !unique.contains(name) { unique.append(name) }
      members.append(.init(key, .array(unique.map(JSONValue.string))))
    }
    var attributes: [JSONValue.Member] = []
    var omitted: [String] = []
    for name in module.attributeNames where !ModelCard.isInternal(name) {
      guard let value = module.attribute(name), !attributes.contains(where: { $0.key == name }) else { continue }
      let place = module.path.isEmpty ? name : module.path + "." + name
      let kept = entries.count
      if let plain = plain(value, at: place, level: 0) {
        attributes.append(.init(name, plain))
      } else {
        for entry in entries[kept...] { names.remove(entry.name) }
        entries.removeLast(entries.count - kept)
        omitted.append(name)
      }
      guard work <= 8 * valueCount + 1000 else { throw tooDeep() }
    }
    if !attributes.isEmpty { members.append(.init("attributes", .object(attributes))) }
    // Compiled programs, bytes and the like.
    if !omitted.isEmpty { members.append(.init("omitted", .array(omitted.map(JSONValue.string)))) }
    return .object(members)
  }

  /// A value as JSON, or nil for what is no plain value.
  private mutating func plain(_ value: PickleValue, at place: String, level: Int) -> JSONValue? {
    work += 1
    guard level < Self.mostLevels, work <= 8 * valueCount + 1000 else { return nil }
    if value.isNone { return .null }
    if let bool = value.bool { return .bool(bool) }
    if let integer = value.integer { return .integer(integer) }
    if let number = value.number {
      return number.isFinite ? .number(number) : .object([.init("float", .string("\(number)"))])
    }
    if let string = value.string { return .string(string) }
    if let tensor = value.tensor { return .object([.init("tensor", .string(keep(tensor, as: place)))]) }
    if value.isGlobal { return value.className.map { .object([.init("name", .string($0))]) } }
    if let name = value.className { return object(value, name, at: place, level: level) }
    if value.entries != nil {
      return pairs(value, at: place, level: level).map { .object([.init("dictionary", $0)]) }
    }
    guard let list = list(value, at: place, level: level) else { return nil }
    switch value.kindName {
    case "list": return list
    case "tuple": return .object([.init("tuple", list)])
    case "set": return .object([.init("set", list)])
    default: return nil
    }
  }

  private mutating func list(_ value: PickleValue, at place: String, level: Int) -> JSONValue? {
    guard let elements = value.elements else { return nil }
    var members: [JSONValue] = []
    for (k, element) in elements.enumerated() {
      guard let member = plain(element, at: "\(place).\(k)", level: level + 1) else { return nil }
      members.append(member)
    }
    return .array(members)
  }

  private mutating func pairs(_ value: PickleValue, at place: String, level: Int) -> JSONValue? {
    var pairs: [JSONValue] = []
    for (k, entry) in (value.entries ?? []).enumerated() {
      guard let key = plain(entry.key, at: "\(place).key\(k)", level: level + 1),
        let value = plain(entry.value, at: "\(place).\(entry.key.string ?? "\(k)")", level: level + 1)
      else { return nil }
      pairs.append(.array([key, value]))
    }
    return .array(pairs)
  }

  private mutating func object(_ value: PickleValue, _ name: String, at place: String, level: Int) -> JSONValue? {
    var members: [JSONValue.Member] = [.init("class", .string(name))]
    // A module within an attribute, such as a function, is its class: what it holds stands among the modules where it matters.
    let isModule = TorchModule(value) != nil
    if let arguments = value.arguments, !(arguments.elements?.isEmpty ?? true) {
      guard let plain = plain(arguments, at: place + ".arguments", level: level + 1) else { return nil }
      members.append(.init("arguments", plain))
    }
    if value.isListLike {
      guard let list = list(value, at: place, level: level) else { return nil }
      members.append(.init("members", list))
    }
    if value.entries != nil {
      guard let pairs = pairs(value, at: place, level: level) else { return nil }
      members.append(.init("entries", pairs))
    }
    if let state = value.state, !isModule {
      guard let plain = plain(state, at: place + ".state", level: level + 1) else { return nil }
      members.append(.init("state", plain))
    }
    return .object(members)
  }

  /// Keeps a tensor of an attribute under a name that no other has.
  private mutating func keep(_ tensor: Tensor, as place: String) -> String {
    var name = place
    var number = 1
    while !names.insert(name).inserted {
      number += 1
      name = "\(place)#\(number)"
    }
    entries.append(.init(name: name, tensor: tensor))
    return name
  }
}
