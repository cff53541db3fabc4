/// The values of one pickle: nodes that refer to each other by number. Shared and even circular values are just equal numbers, so
/// nothing is copied, and nothing recurses when the whole is released.
final class PickleGraph: Sendable {
  struct Node: Sendable {
    enum Kind: UInt8, Sendable {
      case none, bool, integer, largeInteger, float, string, bytes, encoded
      case list, tuple, set, dictionary, global, object, storage, tensor, persistent
    }
    var kind: Kind
    /// Whether it is a class that is not on the list of known ones, or was made by one.
    var isForeign = false
    /// A number, or the place in `tensors` or in the storages.
    var bits: UInt64 = 0
    /// A string, or the full name of a class or function.
    var text = ""
    var bytes: [UInt8] = []
    /// Members of a list, tuple or set; keys and values in turn of a dictionary; what was added to an object.
    var items: [UInt32] = []
    /// Class, arguments and state of an object; of other values, the state if they were given one.
    var head = UInt32.max
    var arguments = UInt32.max
    var state = UInt32.max
  }

  let nodes: [Node]
  let tensors: [Tensor]
  /// The path of the file.
  let file: String
  /// Names of classes that are not on the list of known ones, in the order in which they came; at most some tens.
  let foreignNames: [String]

  init(nodes: [Node], tensors: [Tensor], file: String, foreignNames: [String]) {
    self.nodes = nodes
    self.tensors = tensors
    self.file = file
    self.foreignNames = foreignNames
  }
}

/// A value that Python pickled: plain values are themselves; an object is the name of its class with arguments and state, for nothing
/// of a file is ever executed.
public struct PickleValue: Sendable, Hashable {
  let graph: PickleGraph
  let index: UInt32

  /// Two values are equal if they are the same object of the same pickle.
  public static func == (a: PickleValue, b: PickleValue) -> Bool { a.graph === b.graph && a.index == b.index }
  /// Hashes the identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(index) }

  private var node: PickleGraph.Node { graph.nodes[Int(index)] }
  private func value(_ index: UInt32) -> PickleValue? {
    index == .max ? nil : PickleValue(graph: graph, index: index)
  }

  /// What it is, in a word or two, for messages.
  public var kindName: String {
    switch node.kind {
    case .none: "None"
    case .bool: "bool"
    case .integer, .largeInteger: "int"
    case .float: "float"
    case .string: "str"
    case .bytes, .encoded: "bytes"
    case .list: "list"
    case .tuple: "tuple"
    case .set: "set"
    case .dictionary: "dict"
    case .global: "class \(ModelFileError.quoted(node.text))"
    case .object: "object of class \(ModelFileError.quoted(className ?? "?"))"
    case .storage: "storage"
    case .tensor: "tensor"
    case .persistent: "persistent id"
    }
  }

  // MARK: Plain values

  /// Whether it is None.
  public var isNone: Bool { node.kind == .none }
  /// A truth value.
  public var bool: Bool? { node.kind == .bool ? node.bits != 0 : nil }
  /// A whole number; truth values are none.
  public var integer: Int? { node.kind == .integer ? Int(truncatingIfNeeded: node.bits) : nil }
  /// A number, whole or not.
  public var number: Double? {
    switch node.kind {
    case .float: Double(bitPattern: node.bits)
    case .integer: Double(Int(truncatingIfNeeded: node.bits))
    default: nil
    }
  }
  /// A string.
  public var string: String? { node.kind == .string ? node.text : nil }
  /// Bytes.
  public var bytes: [UInt8]? {
    switch node.kind {
    case .bytes: node.bytes
    case .encoded:
      value(node.arguments)?.string.flatMap { text in
        let scalars = text.unicodeScalars
        return scalars.allSatisfy { $0.value < 256 } ? scalars.map { UInt8($0.value) } : nil
      }
    default: nil
    }
  }
  /// A tensor or a numpy array.
  public var tensor: Tensor? { node.kind == .tensor ? graph.tensors[Int(node.bits)] : nil }

  // MARK: Containers

  /// The members of a list, tuple or set, and of objects of classes that extend tuple (Irreps, named tuples) or list.
  public var elements: [PickleValue]? {
    switch node.kind {
    case .list, .tuple, .set: return node.items.map { PickleValue(graph: graph, index: $0) }
    case .object:
      if node.bits == 1 { return node.items.map { PickleValue(graph: graph, index: $0) } }
      // tuple.__getnewargs__ gives a tuple of one tuple; a named tuple gives its fields.
      guard let arguments = value(node.arguments), arguments.node.kind == .tuple, let all = arguments.elements else {
        return nil
      }
      if all.count == 1, all[0].node.kind == .tuple { return all[0].elements }
      return all.isEmpty ? nil : all
    default: return nil
    }
  }

  /// Whether it is an object of a class that extends list.
  var isListLike: Bool { node.kind == .object && node.bits == 1 }
  /// The number of entries of a dictionary; 0 for everything else.
  var entryCount: Int { isDictionary ? node.items.count / 2 : 0 }
  private var isDictionary: Bool { node.kind == .dictionary || node.kind == .object && node.bits == 2 }

  /// The entries of a dictionary, or of an object of a class that extends it, in the order in which they were set. A key that was set twice is
  /// there twice; the last counts.
  public var entries: [(key: PickleValue, value: PickleValue)]? {
    guard isDictionary else { return nil }
    let items = node.items
    return stride(from: 0, to: items.count - 1, by: 2).map {
      (PickleValue(graph: graph, index: items[$0]), PickleValue(graph: graph, index: items[$0 + 1]))
    }
  }

  /// The value for a key of a dictionary.
  public subscript(_ key: String) -> PickleValue? {
    guard isDictionary else { return nil }
    let items = node.items
    for k in stride(from: items.count - 2, through: 0, by: -2) {
      let candidate = graph.nodes[Int(items[k])]
      if candidate.kind == .string, candidate.text == key { return PickleValue(graph: graph, index: items[k + 1]) }
    }
    return nil
  }

  /// The keys of a dictionary that are strings.
  public var keys: [String] { entries?.compactMap { $0.key.string } ?? [] }

  // MARK: Objects

  /// The full name of the class of an object, or of the class or function that this value is: `torch.nn.modules.linear.Linear`.
  public var className: String? {
    switch node.kind {
    case .global: node.text
    case .object: node.head == .max ? nil : graph.nodes[Int(node.head)].text
    default: nil
    }
  }
  /// Whether it is a class or a function by name, and not an object.
  public var isGlobal: Bool { node.kind == .global }
  /// Whether it is, or was made by, a class that is not known.
  public var isForeign: Bool { node.isForeign }
  /// The arguments from which an object was made.
  public var arguments: PickleValue? { node.kind == .object ? value(node.arguments) : nil }
  /// The state that an object was given: for most, the dictionary of its attributes.
  public var state: PickleValue? { value(node.state) }
}

/// Why a pickle or a tensor in it cannot be right, in words without the file's name.
struct PickleRefusal: Error {
  let message: String
  init(_ message: String) { self.message = message }
}
