/// An array of a model file: type, shape, and where its elements are. Values are read when they are asked for.
public struct Tensor: Sendable {
  /// The type of the elements.
  public let type: ScalarType
  /// The number of elements along each axis, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The distance between neighbouring elements along each axis, in elements of the storage.
  public let strides: [Int]
  /// The first element in the storage.
  public let offset: Int
  /// Whether the file calls it a trained parameter (and not a buffer or a plain array).
  public internal(set) var isParameter = false
  /// The number of elements.
  public let count: Int
  let storage: TensorStorage
  /// The elements of the storage from the first to the last one that is used.
  private let span: Range<Int>

  /// The most axes; torch and numpy have 64, networks a handful.
  static let mostAxes = 16

  /// Makes a tensor, or says in words why the numbers cannot be right.
  static func checked(
    storage: TensorStorage, offset: Int, shape: [Int], strides: [Int]
  ) -> Result<Tensor, PickleRefusal> {
    guard shape.count == strides.count, shape.count <= mostAxes else {
      return .failure(.init("a tensor has \(shape.count) sizes and \(strides.count) strides"))
    }
    guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
      return .failure(.init("a tensor has a negative size, stride or offset"))
    }
    var (count, last) = (1, offset)
    var overflows = false
    if shape.contains(0) {
      count = 0
    } else {
      for (size, stride) in zip(shape, strides) {
        let (product, a) = count.multipliedReportingOverflow(by: size)
        let (step, b) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, c) = last.addingReportingOverflow(step)
        (count, last, overflows) = (product, sum, overflows || a || b || c)
      }
    }
    guard !overflows, count == 0 ? offset <= storage.count : last < storage.count else {
      return .failure(
        .init(
          "a tensor of shape \(shape), strides \(strides) and offset \(offset) reaches beyond its \(storage.count) elements"
        ))
    }
    // A stride of 0 repeats elements, which torch calls an expanded tensor; it may repeat them up to the size of the file.
    guard count <= max(storage.fileLength, 1 << 16) / storage.type.size else {
      return .failure(.init("a tensor of shape \(shape) would be larger than the file; save it with .contiguous()"))
    }
    let span = count == 0 ? 0..<0 : offset..<(last + 1)
    return .success(
      Tensor(storage: storage, offset: offset, shape: shape, strides: strides, count: count, span: span))
  }

  private init(storage: TensorStorage, offset: Int, shape: [Int], strides: [Int], count: Int, span: Range<Int>) {
    self.type = storage.type
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.strides = strides
    self.count = count
    self.span = span
  }

  /// The strides of a dense array with the last axis fastest (or the first, as Fortran has it).
  static func denseStrides(_ shape: [Int], isFortran: Bool = false) -> [Int] {
    var strides = shape
    var step = 1
    for k in isFortran ? Array(shape.indices) : shape.indices.reversed() {
      strides[k] = step
      step = step.multipliedReportingOverflow(by: max(1, shape[k])).partialValue
    }
    return strides
  }

  /// Whether elements lie densely in the order of the indices, the last axis fastest.
  public var isContiguous: Bool {
    zip(zip(shape, strides), Self.denseStrides(shape)).allSatisfy { $0.0 == 1 || $0.1 == $1 }
  }

  // MARK: Values

  /// The elements in the order of the indices, the last axis fastest: little-endian, `count × type.size` bytes.
  /// - Throws: `ModelFileError` if the file was changed or is damaged.
  public func littleEndianBytes() throws(ModelFileError) -> [UInt8] {
    guard count > 0 else { return [] }
    let source = try storage.bytes(span)
    let size = type.size
    if isContiguous {
      guard storage.isBigEndian, size > 1 else { return source }
      var bytes = source
      for k in stride(from: 0, to: bytes.count, by: size) { bytes[k..<(k + size)].reverse() }
      return bytes
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * size)
    var index = [Int](repeating: 0, count: shape.count)
    var at = 0
    for _ in 0..<count {
      let element = source[(at * size)..<((at + 1) * size)]
      if storage.isBigEndian { bytes.append(contentsOf: element.reversed()) } else { bytes.append(contentsOf: element) }
      // The next index, as an odometer counts.
      for k in shape.indices.reversed() {
        index[k] += 1
        at += strides[k]
        if index[k] < shape[k] { break }
        at -= strides[k] * shape[k]
        index[k] = 0
      }
    }
    return bytes
  }

  /// The elements as doubles, the last axis fastest. Whole numbers beyond 2⁵³ are rounded; truth values are 0 and 1.
  /// - Throws: `ModelFileError` if the file was changed or is damaged.
  public func doubles() throws(ModelFileError) -> [Double] {
    let bytes = try littleEndianBytes()
    switch type {
    case .float64: return Self.load(bytes, UInt64.self) { Double(bitPattern: $0) }
    case .float32: return Self.load(bytes, UInt32.self) { Double(Float(bitPattern: $0)) }
    default: return (0..<count).map { type.double(bytes.little($0 * type.size, type.size)) }
    }
  }

  /// The elements as doubles, which must be finite.
  /// - Parameters:
  ///   - name: what the tensor is called, for the message.
  ///   - file: the path of the file, for the message.
  /// - Throws: `ModelFileError` if the file was changed or is damaged, or an element is infinite or not a number.
  public func finiteValues(named name: String, file: String) throws(ModelFileError) -> [Double] {
    let values = try doubles()
    if let k = values.firstIndex(where: { !$0.isFinite }) {
      throw ModelFileError(
        "element \(k) of tensor \(ModelFileError.quoted(name)) is \(values[k]); expected finite numbers: the training diverged, or "
          + "the file is damaged", file: file)
    }
    return values
  }

  /// The elements as single-precision numbers, the last axis fastest; doubles are rounded.
  /// - Throws: `ModelFileError` if the file was changed or is damaged.
  public func floats() throws(ModelFileError) -> [Float] {
    let bytes = try littleEndianBytes()
    switch type {
    case .float64: return Self.load(bytes, UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float32: return Self.load(bytes, UInt32.self) { Float(bitPattern: $0) }
    default: return (0..<count).map { Float(type.double(bytes.little($0 * type.size, type.size))) }
    }
  }

  /// The elements as whole numbers, the last axis fastest; truth values are 0 and 1.
  /// - Throws: `ModelFileError` if the elements are floating-point numbers, or unsigned beyond 2⁶³.
  public func integers() throws(ModelFileError) -> [Int] {
    guard !type.isFloatingPoint else {
      throw ModelFileError("holds an array of \(type.rawValue) where whole numbers were expected", file: storage.path)
    }
    let bytes = try littleEndianBytes()
    let values = (0..<count).map { type.integer(bytes.little($0 * type.size, type.size)) }
    guard type != .uint64 || values.allSatisfy({ $0 >= 0 }) else {
      throw ModelFileError("holds a whole number beyond 9223372036854775807", file: storage.path)
    }
    return values
  }

  private static func load<Bits: FixedWidthInteger & BitwiseCopyable, Value>(
    _ bytes: [UInt8], _: Bits.Type, _ convert: (Bits) -> Value
  ) -> [Value] {
    let size = MemoryLayout<Bits>.size
    return bytes.withUnsafeBytes { raw in
      [Value](unsafeUninitializedCapacity: raw.count / size) { values, count in
        count = raw.count / size
        for k in 0..<count {
          let bits = Bits(littleEndian: raw.loadUnaligned(fromByteOffset: k * size, as: Bits.self))
          values.initializeElement(at: k, to: convert(bits))
        }
      }
    }
  }
}
