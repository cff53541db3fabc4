extension ModelCard {
  /// Whether the metadata of a safetensors file say that a card belongs to it.
  static func isExpected(_ metadata: [(key: String, value: String)]) -> Bool { metadata.contains { $0.key == mark } }

  /// Reads the card beside a safetensors file.
  /// - Throws: `ModelFileError` for a card that is missing, damaged, of a later version, or belongs to other weights.
  static func read(
    _ weights: Checkpoint, metadata: [(key: String, value: String)]
  ) throws(ModelFileError) -> (root: PickleValue, source: Source, version: Int) {
    let path = path(besideWeights: weights.provenance.file)
    let file: FileReader
    do throws(ModelFileError) {
      file = try FileReader(path: path)
    } catch {
      throw ModelFileError(
        "holds the weights of a model whose card \(ModelFileError.quoted(path)) \(error.message); the two files belong together: copy both, or convert the model again",
        file: weights.provenance.file)
    }
    func wrong(_ what: String) -> ModelFileError {
      ModelFileError("is a damaged model card: \(what); convert the model again", file: path)
    }
    guard file.length <= mostBytes else {
      throw wrong("it has \(file.length) bytes, and no card has more than \(mostBytes)")
    }
    let root: JSONValue
    switch JSONValue.parse(try file.read(0..<file.length)) {
    case .success(let value): root = value
    case .failure(let why): throw wrong(why.message)
    }
    guard root["format"] == .string(format), case .integer(let version)? = root["version"] else {
      throw wrong("its 'format' is not \(ModelFileError.quoted(format)), or it has no 'version'")
    }
    guard version == Self.version else {
      throw ModelFileError(
        "is a model card of version \(version), and this program knows version \(Self.version); convert the model again, or take a newer program",
        file: path)
    }
    guard let stated = root["source"], case .string(let name)? = stated["name"],
      case .string(let digest)? = stated["sha256"],
      case .integer(let bytes)? = stated["bytes"]
    else { throw wrong("its 'source' lacks name, sha256 or bytes") }
    guard let marked = metadata.first(where: { $0.key == sourceMark })?.value, marked == digest else {
      throw ModelFileError(
        "is the card of another model than the one whose weights \(ModelFileError.quoted(weights.provenance.file)) holds; convert the model again",
        file: path)
    }
    var builder = CardReader(weights, file: path)
    do throws(PickleRefusal) {
      let content =
        if let state = root["state"] {
          try builder.state(state)
        } else {
          try builder.module(root["modules"]).value
        }
      return (content, Source(name: name, digest: digest, bytes: bytes), version)
    } catch {
      throw wrong(error.message)
    }
  }
}

/// Makes the values of a pickle anew from a card.
private struct CardReader {
  private let weights: Checkpoint
  private let file: String
  private var nodes: [PickleGraph.Node] = []
  private var tensors: [Tensor] = []
  private var foreignNames: [String] = []
  private var globals: [String: UInt32] = [:]

  private static let mostLevels = 64
  private static let longestPath = 1024

  init(_ weights: Checkpoint, file: String) {
    self.weights = weights
    self.file = file
  }

  private mutating func make(_ node: PickleGraph.Node) throws(PickleRefusal) -> UInt32 {
    guard nodes.count < Unpickler.mostNodes else {
      throw PickleRefusal("it has more than \(Unpickler.mostNodes) values")
    }
    nodes.append(node)
    return UInt32(nodes.count - 1)
  }
  private mutating func text(_ text: String) throws(PickleRefusal) -> UInt32 {
    try make(.init(kind: .string, text: text))
  }

  /// A dictionary to which entries are added; a dictionary of attributes is also the state of its module.
  private mutating func set(_ key: String, _ value: UInt32, in dictionary: UInt32) throws(PickleRefusal) {
    let key = try text(key)
    nodes[Int(dictionary)].items += [key, value]
  }

  /// The dictionary of a checkpoint: its settings, and a dictionary of tensors and what else stood beside them.
  mutating func state(_ json: JSONValue) throws(PickleRefusal) -> PickleValue {
    guard case .string(let key)? = json["key"], key.utf8.count <= Self.longestPath else {
      throw PickleRefusal("its 'state' lacks the key of the tensors")
    }
    let state = try make(.init(kind: .dictionary))
    for name in try strings(json["tensors"], "the tensors of 'state'") {
      let tensor = try tensor(name)
      try set(name, tensor, in: state)
    }
    nodes[Int(state)].items += try pairs(json["extra"] ?? .array([]))
    let settings = try pairs(json["settings"] ?? .array([]))
    let root = try make(.init(kind: .dictionary, items: settings))
    try set(key, state, in: root)
    let graph = PickleGraph(nodes: nodes, tensors: tensors, file: weights.provenance.file, foreignNames: foreignNames)
    return PickleValue(graph: graph, index: root)
  }

  /// The root of the modules of a card.
  mutating func module(_ list: JSONValue?) throws(PickleRefusal) -> TorchModule {
    guard case .array(let all)? = list, !all.isEmpty else { throw PickleRefusal("it has no list of modules") }
    var children: [String: UInt32] = [:]
    var root = UInt32.max
    for (k, entry) in all.enumerated() {
      guard case .string(let path)? = entry["path"], case .string(let name)? = entry["class"] else {
        throw PickleRefusal("module \(k) lacks path or class")
      }
      let quoted = ModelFileError.quoted(path)
      let parts = path.split(separator: ".", omittingEmptySubsequences: false)
      guard path.utf8.count <= Self.longestPath, parts.count <= Self.mostLevels, (k == 0) == path.isEmpty,
        children[path] == nil
      else { throw PickleRefusal("module \(k), \(quoted), is out of place") }
      let holder = children[parts.dropLast().joined(separator: ".")]
      guard k == 0 || holder != nil else {
        throw PickleRefusal("module \(quoted) stands before the one that holds it")
      }
      let own = try make(.init(kind: .dictionary))
      children[path] = own
      let state = try make(.init(kind: .dictionary))
      for (kind, isParameter) in [("parameters", true), ("buffers", false)] {
        let dictionary = try make(.init(kind: .dictionary))
        for name in try strings(entry[kind], "the \(kind) of \(quoted)") {
          let tensor = try tensor(path.isEmpty ? name : path + "." + name, isParameter: isParameter)
          try set(name, tensor, in: dictionary)
        }
        try set("_" + kind, dictionary, in: state)
      }
      try set("_modules", own, in: state)
      if let attributes = entry["attributes"] {
        guard case .object(let members) = attributes else {
          throw PickleRefusal("the attributes of \(quoted) are no object")
        }
        for member in members where !ModelCard.isInternal(member.key) {
          let made = try value(member.value)
          try set(member.key, made, in: state)
        }
      }
      let head = try global(name)
      let arguments = try make(.init(kind: .tuple))
      let made = try make(
        .init(kind: .object, isForeign: nodes[Int(head)].isForeign, head: head, arguments: arguments, state: state))
      if let holder, k > 0 {
        try set(String(parts[parts.count - 1]), made, in: holder)
      } else {
        root = made
      }
    }
    let graph = PickleGraph(nodes: nodes, tensors: tensors, file: weights.provenance.file, foreignNames: foreignNames)
    guard let module = TorchModule(PickleValue(graph: graph, index: root)) else {
      throw PickleRefusal("its first module is none")
    }
    return module
  }

  private func strings(_ value: JSONValue?, _ what: String) throws(PickleRefusal) -> [String] {
    guard let value else { return [] }
    guard case .array(let values) = value else { throw PickleRefusal("\(what) are no list") }
    var found: [String] = []
    for value in values {
      guard case .string(let text) = value, text.utf8.count <= Self.longestPath else {
        throw PickleRefusal("\(what) are no list of names")
      }
      found.append(text)
    }
    return found
  }

  private mutating func tensor(_ name: String, isParameter: Bool = false) throws(PickleRefusal) -> UInt32 {
    guard weights.contains(name), var tensor = try? weights.tensor(name) else {
      let near = ModelFileError.suggestion(for: name, among: weights.names)
      throw PickleRefusal("it names a tensor \(ModelFileError.quoted(name)), which the weights have not\(near)")
    }
    tensor.isParameter = isParameter
    tensors.append(tensor)
    return try make(.init(kind: .tensor, bits: UInt64(tensors.count - 1)))
  }

  /// A class or function by name.
  private mutating func global(_ name: String) throws(PickleRefusal) -> UInt32 {
    if let known = globals[name] { return known }
    let verdict = KnownClasses.verdict(name)
    if verdict != .known, foreignNames.count < 50 { foreignNames.append(name) }
    let made = try make(.init(kind: .global, isForeign: verdict != .known, text: name))
    globals[name] = made
    return made
  }

  /// A value of an attribute. How deep it is nested is bounded by what the parser reads.
  private mutating func value(_ json: JSONValue) throws(PickleRefusal) -> UInt32 {
    switch json {
    case .null: return try make(.init(kind: .none))
    case .bool(let value): return try make(.init(kind: .bool, bits: value ? 1 : 0))
    case .integer(let value): return try make(.init(kind: .integer, bits: UInt64(bitPattern: Int64(value))))
    case .number(let value): return try make(.init(kind: .float, bits: value.bitPattern))
    case .string(let value): return try text(value)
    case .array(let values): return try make(.init(kind: .list, items: try self.values(values)))
    case .object(let members):
      guard let first = members.first else { throw PickleRefusal("an attribute is an empty object") }
      if first.key == "class" { return try object(first.value, json) }
      switch (first.key, first.value) {
      case ("tuple", .array(let values)): return try make(.init(kind: .tuple, items: try self.values(values)))
      case ("set", .array(let values)): return try make(.init(kind: .set, items: try self.values(values)))
      case ("dictionary", let pairs): return try make(.init(kind: .dictionary, items: try self.pairs(pairs)))
      case ("name", .string(let name)): return try global(name)
      case ("tensor", .string(let name)): return try tensor(name)
      case ("float", .string(let text)):
        guard let value = Double(text) else { break }
        return try make(.init(kind: .float, bits: value.bitPattern))
      default: break
      }
      throw PickleRefusal("an attribute has \(ModelFileError.quoted(first.key)) with a value that is not understood")
    }
  }

  private mutating func values(_ all: [JSONValue]) throws(PickleRefusal) -> [UInt32] {
    var items: [UInt32] = []
    for json in all { items.append(try value(json)) }
    return items
  }

  private mutating func pairs(_ json: JSONValue) throws(PickleRefusal) -> [UInt32] {
    guard case .array(let all) = json else { throw PickleRefusal("a dictionary is no list of pairs") }
    var items: [UInt32] = []
    for pair in all {
      guard case .array(let two) = pair, two.count == 2 else { throw PickleRefusal("a dictionary is no list of pairs") }
      items += try values(two)
    }
    return items
  }

  private mutating func object(_ name: JSONValue, _ json: JSONValue) throws(PickleRefusal) -> UInt32 {
    guard case .string(let name) = name else { throw PickleRefusal("a class is not named") }
    let head = try global(name)
    let arguments = if let given = json["arguments"] { try value(given) } else { try make(.init(kind: .tuple)) }
    var node = PickleGraph.Node(
      kind: .object, isForeign: nodes[Int(head)].isForeign, head: head, arguments: arguments)
    if case .array(let members)? = json["members"] { (node.bits, node.items) = (1, try values(members)) }
    if let entries = json["entries"] { (node.bits, node.items) = (2, try pairs(entries)) }
    if let state = json["state"] { node.state = try value(state) }
    return try make(node)
  }
}
