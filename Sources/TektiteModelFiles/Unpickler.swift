/// Reads a pickle (Python's protocols 2 to 5) into plain values, and executes nothing: a class is its name, an object is that name with
/// arguments and state.
///
/// Memory stays in proportion to the pickle: every opcode makes at most one node of fixed size and its own bytes, and what is shared is
/// referred to, not copied. The opcodes are those of Python's `pickletools`.
struct Unpickler {
  /// Finds the storage of a persistent id: its key, type, number of elements.
  typealias StorageSource = (_ key: String, _ type: ScalarType, _ count: Int) throws(ModelFileError) -> TensorStorage

  /// How many values are made at most: 64 bytes each. The models of MACE, SevenNet and NequIP that were looked at need about ten thousand.
  static let mostNodes = 2_000_000
  private static let longestName = 256

  let bytes: [UInt8]
  let file: String
  /// The member of the archive, for messages.
  let member: String
  let source: StorageSource

  private var position = 0
  var nodes: [PickleGraph.Node] = []
  var tensors: [Tensor] = []
  var storages: [TensorStorage] = []
  var foreignNames: [String] = []
  /// Strings that turned out to hold the bytes of arrays, taken apart once each.
  var decoded: [UInt32: [UInt8]] = [:]
  var copiedReferences = 0
  private var stack: [UInt32] = []
  private var marks: [Int] = []
  private var memo: [UInt64: UInt32] = [:]
  private var globals: [String: UInt32] = [:]

  // Values without identity, made once.
  let none: UInt32 = 0
  let no: UInt32 = 1
  let yes: UInt32 = 2
  let emptyTuple: UInt32 = 3

  /// Prepares to read.
  /// - Parameters:
  ///   - bytes: the whole pickle.
  ///   - file: the path, for errors.
  ///   - member: the member of the archive, for errors.
  init(_ bytes: [UInt8], file: String, member: String, source: @escaping StorageSource) {
    self.bytes = bytes
    self.file = file
    self.member = member
    self.source = source
    nodes = [.init(kind: .none), .init(kind: .bool), .init(kind: .bool, bits: 1), .init(kind: .tuple)]
  }

  func refusal(_ what: String) -> ModelFileError {
    ModelFileError("\(what) (byte \(position) of the pickle \(ModelFileError.quoted(member)))", file: file)
  }
  func damaged(_ what: String) -> ModelFileError {
    refusal("is damaged, or no pickle that Python wrote: \(what); get the file anew")
  }

  // MARK: The machine

  mutating func make(_ node: PickleGraph.Node) throws(ModelFileError) -> UInt32 {
    guard nodes.count < Self.mostNodes else {
      throw refusal("holds more than \(Self.mostNodes) values where a model has some thousands")
    }
    nodes.append(node)
    return UInt32(nodes.count - 1)
  }
  private mutating func push(_ node: PickleGraph.Node) throws(ModelFileError) { stack.append(try make(node)) }

  private mutating func pop() throws(ModelFileError) -> UInt32 {
    guard stack.count > marks.last ?? 0 else { throw damaged("it takes a value from an empty stack") }
    return stack.removeLast()
  }
  private mutating func popToMark() throws(ModelFileError) -> [UInt32] {
    guard let mark = marks.popLast() else { throw damaged("it lacks a mark") }
    let items = Array(stack[mark...])
    stack.removeLast(stack.count - mark)
    return items
  }
  private func top() throws(ModelFileError) -> Int {
    guard stack.count > marks.last ?? 0 else { throw damaged("it changes a value where there is none") }
    return Int(stack[stack.count - 1])
  }

  private mutating func take(_ count: UInt64) throws(ModelFileError) -> ArraySlice<UInt8> {
    guard count <= UInt64(bytes.count - position) else {
      throw damaged("\(count) more bytes were expected, and \(bytes.count - position) are there")
    }
    position += Int(count)
    return bytes[(position - Int(count))..<position]
  }
  private mutating func number(_ size: Int) throws(ModelFileError) -> UInt64 {
    _ = try take(UInt64(size))
    return bytes.little(position - size, size)
  }
  private mutating func text(_ count: UInt64) throws(ModelFileError) -> String {
    guard let text = String(validating: try take(count), as: UTF8.self) else { throw damaged("a string is not UTF-8") }
    return text
  }
  private mutating func line() throws(ModelFileError) -> String {
    guard let end = bytes[position...].prefix(Self.longestName + 1).firstIndex(of: 10) else {
      throw damaged("the name of a class does not end")
    }
    let text = try text(UInt64(end - position))
    position += 1
    return text
  }

  /// Reads the pickle to its end.
  /// - Throws: `ModelFileError` for a pickle that is damaged, of another protocol, or wants something executed.
  mutating func load() throws(ModelFileError) -> PickleValue {
    guard bytes.count >= 2, bytes[0] == 0x80 else {
      throw refusal("holds no pickle of protocol 2 to 5, which is what torch.save writes")
    }
    while true {
      let opcode = UInt8(try number(1))
      if opcode == UInt8(ascii: ".") { break }
      try step(opcode)
    }
    let root = try pop()
    let graph = PickleGraph(nodes: nodes, tensors: tensors, file: file, foreignNames: foreignNames)
    return PickleValue(graph: graph, index: root)
  }

  private mutating func step(_ opcode: UInt8) throws(ModelFileError) {
    switch opcode {
    case 0x80:  // PROTO
      let version = try number(1)
      guard (2...5).contains(version) else {
        throw refusal("is a pickle of protocol \(version); protocols 2 to 5 can be read")
      }
    case 0x95:  // FRAME
      let length = try number(8)
      guard length <= UInt64(bytes.count - position) else { throw damaged("a frame is longer than the rest") }
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"):  // POP, which also takes a mark away
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(UInt32(try top()))
    case UInt8(ascii: "N"): stack.append(none)
    case 0x88: stack.append(yes)
    case 0x89: stack.append(no)
    case UInt8(ascii: "J"):
      try push(.init(kind: .integer, bits: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: try number(4))))))
    case UInt8(ascii: "K"): try push(.init(kind: .integer, bits: try number(1)))
    case UInt8(ascii: "M"): try push(.init(kind: .integer, bits: try number(2)))
    case 0x8A: try pushLong(try number(1))
    case 0x8B: try pushLong(try number(4))
    case UInt8(ascii: "G"): try push(.init(kind: .float, bits: UInt64(try number(8)).byteSwapped))
    case UInt8(ascii: "X"): try push(.init(kind: .string, text: try text(try number(4))))
    case 0x8C: try push(.init(kind: .string, text: try text(try number(1))))
    case 0x8D: try push(.init(kind: .string, text: try text(try number(8))))
    case UInt8(ascii: "B"): try push(.init(kind: .bytes, bytes: Array(try take(try number(4)))))
    case UInt8(ascii: "C"): try push(.init(kind: .bytes, bytes: Array(try take(try number(1)))))
    case 0x8E, 0x96: try push(.init(kind: .bytes, bytes: Array(try take(try number(8)))))
    default: try stepContainer(opcode)
    }
  }

  private mutating func stepContainer(_ opcode: UInt8) throws(ModelFileError) {
    switch opcode {
    case UInt8(ascii: "]"): try push(.init(kind: .list))
    case UInt8(ascii: "}"): try push(.init(kind: .dictionary))
    case 0x8F: try push(.init(kind: .set))
    case UInt8(ascii: ")"): stack.append(emptyTuple)
    case UInt8(ascii: "l"): try push(.init(kind: .list, items: try popToMark()))
    case UInt8(ascii: "t"): try push(.init(kind: .tuple, items: try popToMark()))
    case 0x91: try push(.init(kind: .set, items: try popToMark()))
    case UInt8(ascii: "d"): try push(.init(kind: .dictionary, items: try pairs(try popToMark())))
    case 0x85, 0x86, 0x87:
      var items: [UInt32] = []
      for _ in 0..<(opcode - 0x84) { items.append(try pop()) }
      try push(.init(kind: .tuple, items: items.reversed()))
    case UInt8(ascii: "a"):
      let item = try pop()
      try append([item], to: try top())
    case UInt8(ascii: "e"):
      let items = try popToMark()
      try append(items, to: try top())
    case 0x90:
      let items = try popToMark()
      let target = try top()
      guard nodes[target].kind == .set else { throw damaged("it adds members to what is no set") }
      nodes[target].items += items
    case UInt8(ascii: "s"):
      let (value, key) = (try pop(), try pop())
      try set([key, value], in: try top())
    case UInt8(ascii: "u"):
      let items = try pairs(try popToMark())
      try set(items, in: try top())
    default: try stepObject(opcode)
    }
  }

  private mutating func stepObject(_ opcode: UInt8) throws(ModelFileError) {
    switch opcode {
    case UInt8(ascii: "c"):
      let module = try line()
      stack.append(try global(module: module, name: try line()))
    case 0x93:  // STACK_GLOBAL
      let (name, module) = (nodes[Int(try pop())], nodes[Int(try pop())])
      guard name.kind == .string, module.kind == .string else { throw damaged("the name of a class is no string") }
      stack.append(try global(module: module.text, name: name.text))
    case UInt8(ascii: "R"):
      let (arguments, callee) = (try pop(), try pop())
      stack.append(try reduce(callee, arguments))
    case 0x81:  // NEWOBJ
      let (arguments, type) = (try pop(), try pop())
      stack.append(try reduce(type, arguments))
    case 0x92:  // NEWOBJ_EX; arguments by name are kept in the place of a state
      let (named, arguments, type) = (try pop(), try pop(), try pop())
      let made = try reduce(type, arguments)
      if nodes[Int(made)].kind == .object, !nodes[Int(named)].items.isEmpty { nodes[Int(made)].state = named }
      stack.append(made)
    case UInt8(ascii: "b"):
      let state = try pop()
      try build(try top(), state)
    case UInt8(ascii: "Q"): stack.append(try persistent(try pop()))
    case UInt8(ascii: "q"): try remember(try number(1))
    case UInt8(ascii: "r"): try remember(try number(4))
    case 0x94: try remember(UInt64(memo.count))
    case UInt8(ascii: "h"): try recall(try number(1))
    case UInt8(ascii: "j"): try recall(try number(4))
    case 0x97, 0x98:
      throw refusal("keeps arrays outside its pickle (out-of-band buffers); save it with torch.save, which does not")
    default:
      throw damaged("there is no opcode 0x\(String(opcode, radix: 16)) in protocols 2 to 5 as torch writes them")
    }
  }

  private mutating func remember(_ key: UInt64) throws(ModelFileError) {
    guard memo.count < Self.mostNodes else { throw refusal("remembers more than \(Self.mostNodes) values") }
    memo[key] = UInt32(try top())
  }
  private mutating func recall(_ key: UInt64) throws(ModelFileError) {
    guard let value = memo[key] else { throw damaged("it recalls value \(key), which it never remembered") }
    stack.append(value)
  }

  /// LONG1 and LONG4: two's complement, little-endian, of any length. More than 64 bits are kept as bytes.
  private mutating func pushLong(_ count: UInt64) throws(ModelFileError) {
    let digits = try take(count)
    guard let last = digits.last else { return try push(.init(kind: .integer)) }
    guard digits.count <= 8 else { return try push(.init(kind: .largeInteger, bytes: Array(digits))) }
    var bits: UInt64 = last >= 0x80 ? .max : 0
    for digit in digits.reversed() { bits = bits << 8 | UInt64(digit) }
    try push(.init(kind: .integer, bits: bits))
  }

  // MARK: Containers

  private func pairs(_ items: [UInt32]) throws(ModelFileError) -> [UInt32] {
    guard items.count.isMultiple(of: 2) else { throw damaged("a dictionary has a key without a value") }
    return items
  }

  private mutating func append(_ items: [UInt32], to target: Int) throws(ModelFileError) {
    let kind = nodes[target].kind
    guard kind == .list || kind == .object && nodes[target].bits != 2 else {
      throw damaged("it appends to what is no list")
    }
    if kind == .object { nodes[target].bits = 1 }
    nodes[target].items += items
  }

  mutating func set(_ items: [UInt32], in target: Int) throws(ModelFileError) {
    let kind = nodes[target].kind
    guard kind == .dictionary || kind == .object && nodes[target].bits != 1 else {
      throw damaged("it sets an entry of what is no dictionary")
    }
    if kind == .object { nodes[target].bits = 2 }
    nodes[target].items += items
  }

  // MARK: Names

  mutating func global(module: String, name: String) throws(ModelFileError) -> UInt32 {
    guard !module.isEmpty, !name.isEmpty, module.utf8.count + name.utf8.count <= Self.longestName else {
      throw damaged("the name of a class is empty or longer than \(Self.longestName) bytes")
    }
    let full = KnownClasses.normalized(module: module, name: name)
    if let known = globals[full] { return known }
    let verdict = KnownClasses.verdict(full)
    guard verdict != .dangerous else {
      throw refusal(
        "asks for \(ModelFileError.quoted(full)), which no model needs and which would run something on this machine if Python "
          + "loaded it; do not load it with Python, and ask whoever gave it to you")
    }
    if verdict == .foreign, foreignNames.count < 50 { foreignNames.append(full) }
    let made = try make(.init(kind: .global, isForeign: verdict == .foreign, text: full))
    globals[full] = made
    return made
  }

  /// Persistent ids: torch's storages, `('storage', class, key, location, number of elements)`, where torch.package counts keys. Others stay
  /// opaque.
  private mutating func persistent(_ id: UInt32) throws(ModelFileError) -> UInt32 {
    let items = nodes[Int(id)].items
    guard nodes[Int(id)].kind == .tuple, let first = items.first, nodes[Int(first)].text == "storage" else {
      return try make(.init(kind: .persistent, arguments: id))
    }
    guard items.count >= 5,
      case let (type, key, count) = (nodes[Int(items[1])], nodes[Int(items[2])], nodes[Int(items[4])]),
      type.kind == .global, key.kind == .string || key.kind == .integer, count.kind == .integer,
      let numel = Int(exactly: Int64(bitPattern: count.bits)), numel >= 0
    else { throw damaged("a storage is described in another way than torch does") }
    guard let last = type.text.split(separator: ".").last, type.text.hasPrefix("torch."),
      let scalar = ScalarType(storageClass: String(last))
    else {
      throw refusal(
        "holds a storage of type \(ModelFileError.quoted(type.text)), which is not supported; convert it to float32 or float64"
      )
    }
    let name = key.kind == .string ? key.text : String(key.bits)
    guard name.utf8.count <= Self.longestName else { throw damaged("the key of a storage is too long") }
    storages.append(try source(name, scalar, numel))
    return try make(.init(kind: .storage, bits: UInt64(storages.count - 1)))
  }
}
