import TektiteCore

/// The header of a classic netCDF file (CDF-1, CDF-2 or CDF-5), read and checked by our own code, and the numbers behind it.
///
/// libnetcdf trusts headers: a damaged one can make it allocate without bound or crash. So files that come from outside are read here.
/// Every count is compared with the bytes that could hold it before anything is allocated, and the number of complete records comes from
/// the length of the file, so that what a killed run left opens with the frames that are whole.
/// Layout after the "NetCDF Classic Format Specification" of Unidata.
struct ClassicNetCDF {
  enum Kind: Int {
    case byte = 1
    case character, int16, int32, float, double, uint8, uint16, uint32, int64, uint64
    var size: Int {
      switch self {
      case .byte, .character, .uint8: 1
      case .int16, .uint16: 2
      case .int32, .float, .uint32: 4
      case .double, .int64, .uint64: 8
      }
    }
  }
  struct Dimension {
    let name: String
    /// 0 for the record dimension.
    let length: Int
  }
  struct Attribute {
    let name: String
    let kind: Kind
    let bytes: [UInt8]
    /// Text without the zeros that some programs pad it with.
    var text: String? {
      guard kind == .character || kind == .byte else { return nil }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    var numbers: [Double] { ClassicNetCDF.decode(bytes, count: bytes.count / kind.size, kind: kind) }
  }
  struct Variable {
    let name: String
    let kind: Kind
    /// Lengths without the record dimension.
    let shape: [Int]
    let isRecord: Bool
    let attributes: [Attribute]
    /// Where its first value is.
    let begin: Int
    /// Values (of one record).
    let count: Int
    func attribute(_ name: String) -> Attribute? { attributes.first { $0.name == name } }
    var byteCount: Int { count * kind.size }
  }

  let file: InputFile
  let version: Int
  let dimensions: [Dimension]
  let attributes: [Attribute]
  let variables: [Variable]
  /// What the header says, or nil for "to be counted".
  let declaredRecords: Int?
  /// Bytes from one record to the next.
  let recordSize: Int
  /// Where the first record begins.
  let firstRecord: Int
  /// Records that the header declares and that are whole in the file.
  let records: Int

  private static let longestHeader = 1 << 24

  init(path: String) throws(InputError) {
    file = try InputFile(path: path)
    var bytes: [UInt8] = []
    try file.readExactly(at: 0, count: min(8, file.length), into: &bytes)
    if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      throw InputError(
        "is a netCDF-4 (HDF5) file; AMBER files are classic netCDF: convert it with  nccopy -k cdf2 \(path) OUT.nc",
        file: path)
    }
    guard bytes.count == 8, bytes.starts(with: [0x43, 0x44, 0x46]), [1, 2, 5].contains(bytes[3]) else {
      throw InputError("is not a netCDF file", file: path)
    }
    // Headers are a few kilobytes: read more only when the parser asks for it.
    var window = 1 << 14
    while true {
      let available = min(window, file.length, Self.longestHeader)
      try file.readExactly(at: 0, count: available, into: &bytes)
      var parser = Parser(path: path, limit: available, isComplete: available == min(file.length, Self.longestHeader))
      do {
        let parsed = try parser.parse(bytes.span, fileLength: file.length)
        version = Int(bytes[3])
        dimensions = parsed.dimensions
        attributes = parsed.attributes
        variables = parsed.variables
        declaredRecords = parsed.declaredRecords
        recordSize = parsed.recordSize
        firstRecord = parsed.firstRecord
        records = parsed.records
        return
      } catch {
        switch error {
        case .needsMore: window *= 8
        case .damaged(let why): throw InputError("is damaged: \(why)", file: path)
        }
      }
    }
  }

  func attribute(_ name: String) -> Attribute? { attributes.first { $0.name == name } }
  func variable(_ name: String) -> Variable? { variables.first { $0.name == name } }
  func dimension(_ name: String) -> Dimension? { dimensions.first { $0.name == name } }

  /// Reads the values of a variable (of one record of it) as doubles. `bytes` is scratch memory.
  func read(_ variable: Variable, record: Int = 0, scratch bytes: inout [UInt8]) throws(InputError) -> [Double] {
    try fetch(variable, record: record, scratch: &bytes)
    return Self.decode(bytes, count: variable.count, kind: variable.kind)
  }

  /// Reads the bytes of a variable (of one record of it) to the start of an array, which is made longer where it must.
  func fetch(_ variable: Variable, record: Int = 0, scratch bytes: inout [UInt8]) throws(InputError) {
    let offset = variable.isRecord ? variable.begin + record * recordSize : variable.begin
    try file.readExactly(at: offset, count: variable.byteCount, into: &bytes)
  }

  /// Big-endian numbers as doubles.
  static func decode(_ bytes: [UInt8], count: Int, kind: Kind) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(count)
    let span = bytes.span
    @inline(__always) func word(_ i: Int, _ size: Int) -> UInt64 {
      var w: UInt64 = 0
      for k in 0..<size { w = w << 8 | UInt64(span[i * size + k]) }
      return w
    }
    for i in 0..<count {
      switch kind {
      case .float: values.append(Double(Float(bitPattern: UInt32(truncatingIfNeeded: word(i, 4)))))
      case .double: values.append(Double(bitPattern: word(i, 8)))
      case .byte: values.append(Double(Int8(truncatingIfNeeded: word(i, 1))))
      case .character, .uint8: values.append(Double(word(i, 1)))
      case .int16: values.append(Double(Int16(truncatingIfNeeded: word(i, 2))))
      case .uint16: values.append(Double(word(i, 2)))
      case .int32: values.append(Double(Int32(truncatingIfNeeded: word(i, 4))))
      case .uint32: values.append(Double(word(i, 4)))
      case .int64: values.append(Double(Int64(bitPattern: word(i, 8))))
      case .uint64: values.append(Double(word(i, 8)))
      }
    }
    return values
  }
}

extension ClassicNetCDF {
  private struct Parsed {
    var dimensions: [Dimension] = []
    var attributes: [Attribute] = []
    var variables: [Variable] = []
    var declaredRecords: Int?
    var recordSize = 0, firstRecord = 0, records = 0
  }

  private enum Fault: Error {
    case needsMore
    case damaged(String)
  }

  /// Walks over the header. Lists of everything (dimensions, attributes, variables) have at most as many entries as bytes.
  private struct Parser {
    let path: String
    let limit: Int
    let isComplete: Bool
    private var position = 4
    private var wide = false  // CDF-5: counts of 64 bits
    private var longOffsets = false  // CDF-2 and CDF-5

    init(path: String, limit: Int, isComplete: Bool) {
      self.path = path
      self.limit = limit
      self.isComplete = isComplete
    }

    private mutating func word(_ bytes: Span<UInt8>, _ size: Int) throws(Fault) -> UInt64 {
      try need(size)
      var w: UInt64 = 0
      for k in 0..<size { w = w << 8 | UInt64(bytes[position + k]) }
      position += size
      return w
    }

    private func need(_ count: Int) throws(Fault) {
      guard count <= limit - position else {
        throw isComplete ? .damaged("the header is cut off or names more than the file holds") : .needsMore
      }
    }

    private mutating func count(_ bytes: Span<UInt8>, _ what: String) throws(Fault) -> Int {
      let w = try word(bytes, wide ? 8 : 4)
      guard w <= UInt64(Int32.max) || wide && w <= 1 << 48 else { throw .damaged("\(w) \(what)") }
      return Int(w)
    }

    private mutating func padded(_ bytes: Span<UInt8>, _ count: Int) throws(Fault) -> [UInt8] {
      guard count <= ClassicNetCDF.longestHeader else { throw .damaged("\(count) bytes of text in the header") }
      try need((count + 3) / 4 * 4)
      var copy: [UInt8] = []
      copy.reserveCapacity(count)
      for k in 0..<count { copy.append(bytes[position + k]) }
      position += (count + 3) / 4 * 4
      return copy
    }

    private mutating func name(_ bytes: Span<UInt8>) throws(Fault) -> String {
      let length = try count(bytes, "bytes in a name")
      guard length <= 1024 else { throw .damaged("a name of \(length) bytes") }
      return String(decoding: try padded(bytes, length), as: UTF8.self)
    }

    private mutating func kind(_ bytes: Span<UInt8>) throws(Fault) -> Kind {
      let code = try word(bytes, 4)
      guard code <= 11, let kind = Kind(rawValue: Int(code)), wide || code <= 6 else {
        throw .damaged("type \(code) does not exist")
      }
      return kind
    }

    /// The length of a list with a tag, 0 if it is absent.
    private mutating func list(_ bytes: Span<UInt8>, tag: UInt64, _ what: String) throws(Fault) -> Int {
      let found = try word(bytes, 4)
      let count = try count(bytes, what)
      guard found == tag || found == 0 && count == 0 else { throw .damaged("no list of \(what) where one should be") }
      return count
    }

    private mutating func attributes(_ bytes: Span<UInt8>) throws(Fault) -> [Attribute] {
      var attributes: [Attribute] = []
      for _ in 0..<(try list(bytes, tag: 12, "attributes")) {
        let name = try name(bytes)
        let kind = try kind(bytes)
        let count = try count(bytes, "values in attribute \(Numerals.quoted(name))")
        attributes.append(Attribute(name: name, kind: kind, bytes: try padded(bytes, count * kind.size)))
      }
      return attributes
    }

    mutating func parse(_ bytes: Span<UInt8>, fileLength: Int) throws(Fault) -> Parsed {
      var parsed = Parsed()
      wide = bytes[3] == 5
      longOffsets = bytes[3] != 1
      let declared = try word(bytes, wide ? 8 : 4)
      if declared != (wide ? .max : UInt64(UInt32.max)) {
        parsed.declaredRecords = Int(clamping: declared)
      }
      var recordDimension: Int?
      for k in 0..<(try list(bytes, tag: 10, "dimensions")) {
        let name = try name(bytes)
        let length = try count(bytes, "values along dimension \(Numerals.quoted(name))")
        if length == 0 {
          guard recordDimension == nil else { throw .damaged("two record dimensions") }
          recordDimension = k
        }
        parsed.dimensions.append(Dimension(name: name, length: length))
      }
      parsed.attributes = try attributes(bytes)
      for _ in 0..<(try list(bytes, tag: 11, "variables")) {
        parsed.variables.append(try variable(bytes, parsed.dimensions, recordDimension))
      }
      try layOut(&parsed, fileLength: fileLength)
      return parsed
    }

    private mutating func variable(
      _ bytes: Span<UInt8>, _ dimensions: [Dimension], _ recordDimension: Int?
    ) throws(Fault) -> Variable {
      let name = try name(bytes)
      let rank = try count(bytes, "dimensions of \(Numerals.quoted(name))")
      guard rank <= 1024 else { throw .damaged("variable \(Numerals.quoted(name)) has \(rank) dimensions") }
      var shape: [Int] = []
      var isRecord = false
      var elements = 1
      for k in 0..<rank {
        let index = try count(bytes, "as the index of a dimension")
        guard index < dimensions.count else {
          throw .damaged("variable \(Numerals.quoted(name)) names dimension \(index)")
        }
        if index == recordDimension {
          guard k == 0 else {
            throw .damaged("variable \(Numerals.quoted(name)) has its record dimension in the wrong place")
          }
          isRecord = true
        } else {
          shape.append(dimensions[index].length)
          let (product, overflow) = elements.multipliedReportingOverflow(by: dimensions[index].length)
          guard !overflow, product < 1 << 56 else { throw .damaged("variable \(Numerals.quoted(name)) is too large") }
          elements = product
        }
      }
      let attributes = try attributes(bytes)
      let kind = try kind(bytes)
      _ = try word(bytes, wide ? 8 : 4)  // vsize: redundant, and wrong for large variables
      let begin = try word(bytes, longOffsets ? 8 : 4)
      guard begin <= 1 << 56 else { throw .damaged("variable \(Numerals.quoted(name)) begins at byte \(begin)") }
      return Variable(
        name: name, kind: kind, shape: shape, isRecord: isRecord, attributes: attributes, begin: Int(begin),
        count: elements)
    }

    /// Finds the size of a record and how many are whole.
    private func layOut(_ parsed: inout Parsed, fileLength: Int) throws(Fault) {
      let recordVariables = parsed.variables.filter(\.isRecord)
      guard !recordVariables.isEmpty else { return }
      var size = 0
      var first = Int.max
      var extent = 0
      for variable in recordVariables {
        // A lone record variable is not padded: the format's one exception.
        let bytes = recordVariables.count == 1 ? variable.byteCount : (variable.byteCount + 3) / 4 * 4
        let (sum, overflow) = size.addingReportingOverflow(bytes)
        guard !overflow, sum < 1 << 60 else { throw .damaged("records are too large") }
        size = sum
        first = min(first, variable.begin)
        extent = max(extent, variable.begin + variable.byteCount)
      }
      parsed.recordSize = size
      parsed.firstRecord = first
      guard size > 0, extent <= fileLength else { return }
      let whole = (fileLength - extent) / size + 1
      parsed.records = min(whole, parsed.declaredRecords ?? whole)
    }
  }
}
