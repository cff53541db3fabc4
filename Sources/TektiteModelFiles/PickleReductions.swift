// What calls in a pickle stand for: containers and arrays become values, everything else a name with arguments.

extension Unpickler {
  private func kind(_ index: UInt32) -> PickleGraph.Node.Kind { nodes[Int(index)].kind }
  private func integer(_ index: UInt32) -> Int? {
    let node = nodes[Int(index)]
    return node.kind == .integer ? Int(truncatingIfNeeded: node.bits) : nil
  }
  private func integers(_ index: UInt32) -> [Int]? {
    let node = nodes[Int(index)]
    guard node.kind == .tuple || node.kind == .list, node.items.count <= Tensor.mostAxes else { return nil }
    let values = node.items.compactMap { integer($0) }
    return values.count == node.items.count ? values : nil
  }

  /// REDUCE and NEWOBJ: what comes out when `callee` is given `arguments`.
  mutating func reduce(_ callee: UInt32, _ arguments: UInt32) throws(ModelFileError) -> UInt32 {
    guard kind(callee) == .global else { throw damaged("it calls what is no class") }
    let name = nodes[Int(callee)].text
    guard kind(arguments) == .tuple else {
      throw damaged("the arguments of \(ModelFileError.quoted(name)) are no tuple")
    }
    let items = nodes[Int(arguments)].items
    switch name {
    case "collections.OrderedDict", "builtins.dict", "collections.defaultdict":
      let made = try make(.init(kind: .dictionary))
      // OrderedDict([[key, value], ...]), the way of Python 2.
      guard let pairs = items.last, kind(pairs) == .list || kind(pairs) == .tuple else { return made }
      try charge(nodes[Int(pairs)].items.count)
      for pair in nodes[Int(pairs)].items {
        let pair = nodes[Int(pair)]
        guard pair.kind == .list || pair.kind == .tuple, pair.items.count == 2 else {
          throw damaged("a dictionary is made of what are no pairs")
        }
        try set(pair.items, in: Int(made))
      }
      return made
    case "builtins.set", "builtins.frozenset": return try container(.set, of: items)
    case "builtins.list": return try container(.list, of: items)
    case "builtins.tuple", "torch.Size": return try container(.tuple, of: items)
    case "builtins.bytes", "builtins.bytearray":
      guard let first = items.first else { return try make(.init(kind: .bytes)) }
      if kind(first) == .bytes || kind(first) == .encoded { return first }
      guard kind(first) == .string else { throw damaged("bytes are made of what is no string") }
      return try make(.init(kind: .encoded, arguments: first))
    case "_codecs.encode":
      guard items.count == 2, kind(items[0]) == .string, nodes[Int(items[1])].text == "latin1" else {
        throw damaged("bytes are written in another way than Latin-1")
      }
      return try make(.init(kind: .encoded, arguments: items[0]))
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
      return try rebuildTensor(items, isVersion3: name.hasSuffix("3"))
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
      "torch.nn.parameter.Parameter":
      guard let first = items.first, kind(first) == .tensor else { throw damaged("a parameter is no tensor") }
      var tensor = tensors[Int(nodes[Int(first)].bits)]
      tensor.isParameter = true
      return try add(tensor)
    case "torch._tensor._rebuild_from_type_v2":
      // (function, type, arguments, state): a subclass of tensor, of which the tensor is wanted.
      guard items.count >= 3, kind(items[0]) == .global, nodes[Int(items[0])].text != name else {
        throw damaged("a tensor's class is not described as torch does")
      }
      return try reduce(items[0], items[2])
    case "builtins.getattr":
      // How functions such as torch.tanh, which are members of a class, are named. Nothing is looked up.
      guard items.count == 2, kind(items[0]) == .global, kind(items[1]) == .string,
        nodes[Int(items[0])].text == "torch._C._VariableFunctionsClass"
      else {
        let object = nodes[Int(items.first ?? callee)]
        throw refusal(
          "asks for an attribute of \(ModelFileError.quoted(object.kind == .global ? object.text : "an object")), which no model needs"
        )
      }
      return try global(module: "torch", name: nodes[Int(items[1])].text)
    case "numpy.core.multiarray.scalar": return try scalar(items, callee, arguments)
    case "numpy.core.numeric._frombuffer":
      guard items.count == 4,
        let array = try array(items[0], items[1], items[2], isFortran: nodes[Int(items[3])].text == "F")
      else { throw damaged("an array of numpy is not described as numpy does") }
      return try add(array)
    default:
      return try make(
        .init(kind: .object, isForeign: nodes[Int(callee)].isForeign, head: callee, arguments: arguments))
    }
  }

  private mutating func container(_ kind: PickleGraph.Node.Kind, of items: [UInt32]) throws(ModelFileError) -> UInt32 {
    guard let first = items.first else { return try make(.init(kind: kind)) }
    let source = nodes[Int(first)]
    guard items.count == 1, source.kind == .list || source.kind == .tuple || source.kind == .set else {
      throw damaged("a container is made of what has no members")
    }
    try charge(source.items.count)
    return try make(.init(kind: kind, items: source.items))
  }

  /// Counts references that a call copies: it could do so again and again with a list of thousands for a few bytes of pickle.
  private mutating func charge(_ count: Int) throws(ModelFileError) {
    copiedReferences += count
    guard copiedReferences <= Self.mostNodes else {
      throw refusal("copies lists with more than \(Self.mostNodes) members where a model has some hundreds")
    }
  }

  private mutating func add(_ tensor: Tensor) throws(ModelFileError) -> UInt32 {
    tensors.append(tensor)
    return try make(.init(kind: .tensor, bits: UInt64(tensors.count - 1)))
  }

  private func checked(_ result: Result<Tensor, PickleRefusal>) throws(ModelFileError) -> Tensor {
    switch result {
    case .success(let tensor): return tensor
    case .failure(let why): throw damaged(why.message)
    }
  }

  /// (storage, offset, sizes, strides, ...); version 3 has its element type as the seventh argument.
  private mutating func rebuildTensor(_ items: [UInt32], isVersion3: Bool) throws(ModelFileError) -> UInt32 {
    guard items.count >= (isVersion3 ? 7 : 4), kind(items[0]) == .storage, let offset = integer(items[1]),
      let shape = integers(items[2]), let strides = integers(items[3])
    else {
      throw damaged("a tensor is described in another way than torch does, or has more than \(Tensor.mostAxes) axes")
    }
    var storage = storages[Int(nodes[Int(items[0])].bits)]
    if isVersion3 {
      let type = nodes[Int(items[6])].text
      guard type.hasPrefix("torch."), let scalar = ScalarType(rawValue: String(type.dropFirst(6))) else {
        throw refusal(
          "holds a tensor of type \(ModelFileError.quoted(type)), which is not supported; convert it to float32 or float64"
        )
      }
      storage = storage.viewed(as: scalar)
    }
    return try add(try checked(Tensor.checked(storage: storage, offset: offset, shape: shape, strides: strides)))
  }

  // MARK: numpy

  /// The element type and byte order of a `numpy.dtype`, whose state is (version, order, ...); nil for types that are no numbers.
  private func numpyType(_ index: UInt32) -> (type: ScalarType, isBigEndian: Bool)? {
    let node = nodes[Int(index)]
    guard node.kind == .object, nodes[Int(node.head)].text == "numpy.dtype",
      let code = nodes[Int(node.arguments)].items.first, let type = ScalarType(numpyCode: nodes[Int(code)].text)
    else { return nil }
    guard node.state != .max else { return (type, false) }
    let state = nodes[Int(node.state)].items
    return (type, state.count > 1 && nodes[Int(state[1])].text == ">")
  }

  private mutating func rawBytes(_ index: UInt32) -> [UInt8]? {
    let node = nodes[Int(index)]
    guard node.kind == .encoded else { return node.kind == .bytes ? node.bytes : nil }
    if let known = decoded[node.arguments] { return known }
    let scalars = nodes[Int(node.arguments)].text.unicodeScalars
    guard scalars.allSatisfy({ $0.value < 256 }) else { return nil }
    let bytes = scalars.map { UInt8($0.value) }
    decoded[node.arguments] = bytes
    return bytes
  }

  /// A numpy scalar, (type, bytes), becomes a plain number; one that is no number stays an object.
  private mutating func scalar(_ items: [UInt32], _ callee: UInt32, _ arguments: UInt32) throws(ModelFileError)
    -> UInt32
  {
    guard items.count == 2 else { throw damaged("a number of numpy is not described as numpy does") }
    guard let (type, isBigEndian) = numpyType(items[0]) else {
      return try make(.init(kind: .object, head: callee, arguments: arguments))
    }
    guard var bytes = rawBytes(items[1]), bytes.count == type.size else {
      throw damaged("a number of numpy of type \(type.rawValue) has another number of bytes")
    }
    if isBigEndian { bytes.reverse() }
    let bits = bytes.little(0, type.size)
    if type == .bool { return bits & 0xFF == 0 ? no : yes }
    if type.isFloatingPoint { return try make(.init(kind: .float, bits: type.double(bits).bitPattern)) }
    return try make(.init(kind: .integer, bits: UInt64(bitPattern: Int64(type.integer(bits)))))
  }

  private mutating func array(
    _ data: UInt32, _ type: UInt32, _ shape: UInt32, isFortran: Bool
  ) throws(ModelFileError) -> Tensor? {
    guard let (type, isBigEndian) = numpyType(type), let bytes = rawBytes(data), let shape = integers(shape) else {
      return nil
    }
    let storage = TensorStorage(type, bytes: bytes, isBigEndian: isBigEndian, file: file)
    let strides = Tensor.denseStrides(shape, isFortran: isFortran)
    let tensor = try checked(Tensor.checked(storage: storage, offset: 0, shape: shape, strides: strides))
    guard tensor.count * type.size == bytes.count else {
      throw damaged("an array of numpy of shape \(shape) and type \(type.rawValue) has \(bytes.count) bytes")
    }
    return tensor
  }

  // MARK: State

  /// BUILD: gives a value its state.
  mutating func build(_ target: Int, _ state: UInt32) throws(ModelFileError) {
    switch nodes[target].kind {
    case .object:
      let head = nodes[Int(nodes[target].head)].text
      let items = nodes[Int(state)].items
      // numpy's (version, shape, type, Fortran order, data); arrays of objects have a list for data and stay objects.
      if head == "numpy.core.multiarray._reconstruct", items.count == 5,
        let array = try array(items[4], items[2], items[1], isFortran: nodes[Int(items[3])].bits != 0)
      {
        let made = Int(try add(array))
        nodes[target] = nodes[made]
        return
      }
      nodes[target].state = state
    case .dictionary, .list, .set, .tensor: nodes[target].state = state
    default: throw damaged("it gives a state to what has none")
    }
  }
}
