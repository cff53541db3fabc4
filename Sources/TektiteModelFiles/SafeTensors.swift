/// Safetensors: 8 bytes length of the header, the header in JSON (for each tensor `dtype`, `shape` and `data_offsets`; `__metadata__` with
/// strings), and the data, little-endian, without gaps. The format of huggingface/safetensors 0.4, which forbids overlaps and holes.
public enum SafeTensors {
  /// The longest header that is read, as in the original.
  static let longestHeader = 100_000_000

  /// Whether bytes could begin such a file: a length, and an opening brace.
  static func isLikely(_ head: [UInt8], length: Int) -> Bool {
    head.count >= 10 && head[8] == UInt8(ascii: "{") && head.little(0, 8) <= UInt64(min(longestHeader, length - 8))
  }

  /// Reads a file.
  /// - Returns: the tensors, whose values are read when they are asked for, and the metadata, sorted by key.
  /// - Throws: `ModelFileError` for a header that is damaged, or that places tensors out of range or over each other.
  public static func read(path: String) throws(ModelFileError) -> (
    checkpoint: Checkpoint, metadata: [(key: String, value: String)]
  ) {
    try read(try FileReader(path: path))
  }

  static func read(_ file: FileReader) throws(ModelFileError) -> (
    checkpoint: Checkpoint, metadata: [(key: String, value: String)]
  ) {
    func wrong(_ what: String) -> ModelFileError {
      ModelFileError("is a damaged safetensors file: \(what); get the file anew", file: file.path)
    }
    guard file.length >= 8 else { throw wrong("it is only \(file.length) bytes long") }
    let length = try file.read(0..<8).little(0, 8)
    guard length <= UInt64(min(longestHeader, file.length - 8)) else {
      throw wrong("its header is said to have \(length) bytes, and the file has \(file.length)")
    }
    let start = 8 + Int(length)
    let members: [JSONValue.Member]
    switch JSONValue.parse(try file.read(8..<start)) {
    case .success(.object(let found)): members = found
    case .success: throw wrong("its header is no JSON object")
    case .failure(let why): throw wrong(why.message)
    }
    var metadata: [(key: String, value: String)] = []
    var entries: [(begin: Int, end: Int, entry: Checkpoint.Entry)] = []
    for member in members {
      let quoted = ModelFileError.quoted(member.key)
      if member.key == "__metadata__" {
        guard case .object(let pairs) = member.value else { throw wrong("its metadata are no JSON object") }
        for pair in pairs {
          guard case .string(let text) = pair.value else { throw wrong("its metadata hold what is no string") }
          metadata.append((pair.key, text))
        }
        continue
      }
      guard case .string(let typeName) = member.value["dtype"], let shape = integers(member.value["shape"]),
        let offsets = integers(member.value["data_offsets"]), offsets.count == 2
      else { throw wrong("tensor \(quoted) lacks dtype, shape or data_offsets") }
      guard let type = ScalarType(safeTensorsName: typeName) else {
        throw ModelFileError(
          "holds tensor \(quoted) of type \(ModelFileError.quoted(typeName)), which is not supported; convert it to F32 or F64",
          file: file.path)
      }
      let (begin, end) = (offsets[0], offsets[1])
      guard begin <= end, end <= file.length - start, (end - begin).isMultiple(of: type.size) else {
        throw wrong("tensor \(quoted) is said to have the bytes \(begin) to \(end) of \(file.length - start)")
      }
      let storage = TensorStorage(type, file: file, range: (start + begin)..<(start + end))
      let tensor: Tensor
      switch Tensor.checked(storage: storage, offset: 0, shape: shape, strides: Tensor.denseStrides(shape)) {
      case .success(let made): tensor = made
      case .failure(let why): throw wrong("of \(quoted), \(why.message)")
      }
      guard tensor.count * type.size == end - begin else {
        throw wrong("tensor \(quoted) of shape \(shape) and type \(typeName) has \(end - begin) bytes")
      }
      entries.append((begin, end, .init(name: member.key, tensor: tensor)))
    }
    entries.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var at = 0
    for entry in entries {
      guard entry.begin == at else {
        throw wrong(
          "tensor \(ModelFileError.quoted(entry.entry.name)) begins at byte \(entry.begin), and the one before ends at \(at)"
        )
      }
      at = entry.end
    }
    guard at == file.length - start else {
      throw wrong("\(file.length - start - at) bytes after the last tensor belong to none")
    }
    let provenance = Checkpoint.Provenance(file: file.path, format: "safetensors", root: "dict")
    return (Checkpoint(entries.map(\.entry), provenance: provenance), metadata.sorted { $0.key < $1.key })
  }

  /// Sizes or offsets: whole numbers that are not negative, as many as a tensor has axes.
  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard case .array(let values) = value, values.count <= Tensor.mostAxes else { return nil }
    var numbers: [Int] = []
    for value in values {
      guard case .integer(let number) = value, number >= 0 else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  /// The bytes of a file that holds some tensors. Equal tensors and metadata give equal bytes, whatever their order: data are sorted by the size
  /// of elements, widest first, then by name, so that every tensor is aligned to its elements.
  /// - Throws: `ModelFileError` if a tensor cannot be read.
  public static func encoded(
    _ entries: [Checkpoint.Entry], metadata: [(key: String, value: String)] = []
  ) throws(ModelFileError) -> [UInt8] {
    let sorted = entries.sorted { (-$0.tensor.type.size, $0.name) < (-$1.tensor.type.size, $1.name) }
    var data: [UInt8] = []
    var members: [JSONValue.Member] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }
      members.append(.init("__metadata__", .object(pairs)))
    }
    for entry in sorted {
      let begin = data.count
      data += try entry.tensor.littleEndianBytes()
      members.append(
        .init(
          entry.name,
          .object([
            .init("dtype", .string(entry.tensor.type.safeTensorsName)),
            .init("shape", .array(entry.tensor.shape.map(JSONValue.integer))),
            .init("data_offsets", .array([.integer(begin), .integer(data.count)])),
          ])))
    }
    var header = Array(JSONValue.object(members).text.utf8)
    // Spaces up to a multiple of 8, as the original does.
    header += [UInt8](repeating: 32, count: (8 - header.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
  }
}
