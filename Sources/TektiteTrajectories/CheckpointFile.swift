import TektiteCore

#if _endian(big)
  #error("checkpoints are little-endian")
#endif

/// A container of named arrays with a checksum, for the complete state of a run.
///
/// The file is replaced in one step: it is written beside, synced, renamed, and the folder synced, so at every moment the name holds a
/// complete checkpoint, the old or the new. Equal sections give equal bytes: there is no clock, path or host in it.
///
/// Layout, little-endian: 8 bytes magic, version (UInt32), number of sections (UInt32), length of the file (UInt64); for each section its
/// element kind (UInt32), length of its name (UInt32), bytes of data (UInt64), name and data, each padded with zeros to 8 bytes;
/// finally the CRC-64/XZ of all before.
public struct CheckpointFile: Hashable, Sendable {
  /// What a section's bytes are.
  public enum Kind: UInt32, Sendable, Codable {
    /// Raw bytes or text.
    case bytes = 1
    /// 32-bit whole numbers.
    case int32 = 2
    /// 64-bit whole numbers.
    case int64 = 3
    /// 64-bit whole numbers without a sign.
    case uint64 = 4
    /// 64-bit floating-point numbers.
    case double = 5
    /// The bytes of one element.
    public var size: Int {
      switch self {
      case .bytes: 1
      case .int32: 4
      case .int64, .uint64, .double: 8
      }
    }
  }
  /// A named array.
  public struct Section: Hashable, Sendable {
    /// The name.
    public let name: String
    /// What the bytes are.
    public let kind: Kind
    /// The bytes, little-endian.
    public let bytes: [UInt8]
    /// The number of elements.
    public var count: Int { bytes.count / kind.size }
  }

  /// The version of the layout that this code writes and reads.
  public static let version: UInt32 = 1
  static let magic: [UInt8] = [0x89, 0x54, 0x45, 0x4B, 0x54, 0x49, 0x54, 0x0A]  // \x89 TEKTIT \n
  private static let longestName = 255
  private static let mostSections = 65_536

  /// The sections in the order in which they were set.
  public private(set) var sections: [Section] = []
  /// The file it was read from, for errors; empty for a new one.
  private var path = ""

  /// Makes an empty container.
  public init() {}

  /// Two containers are equal when their sections are, wherever they came from.
  public static func == (a: CheckpointFile, b: CheckpointFile) -> Bool { a.sections == b.sections }
  /// Hashes the sections.
  public func hash(into hasher: inout Hasher) { hasher.combine(sections) }

  // MARK: Sections

  private mutating func set(_ name: String, _ kind: Kind, _ bytes: [UInt8]) {
    precondition(!name.isEmpty && name.utf8.count <= Self.longestName, "a section name of \(name.utf8.count) bytes")
    let section = Section(name: name, kind: kind, bytes: bytes)
    if let k = sections.firstIndex(where: { $0.name == name }) {
      sections[k] = section
    } else {
      sections.append(section)
    }
  }

  /// Sets a section of bytes.
  public mutating func set(_ name: String, _ values: [UInt8]) { set(name, .bytes, values) }
  /// Sets a section of text.
  public mutating func set(_ name: String, _ text: String) { set(name, .bytes, Array(text.utf8)) }
  /// Sets a section of 32-bit whole numbers.
  public mutating func set(_ name: String, _ values: [Int32]) { set(name, .int32, Self.raw(values)) }
  /// Sets a section of whole numbers.
  public mutating func set(_ name: String, _ values: [Int]) { set(name, .int64, Self.raw(values.map(Int64.init))) }
  /// Sets a section of whole numbers without sign.
  public mutating func set(_ name: String, _ values: [UInt64]) { set(name, .uint64, Self.raw(values)) }
  /// Sets a section of doubles.
  public mutating func set(_ name: String, _ values: [Double]) { set(name, .double, Self.raw(values)) }
  /// Sets a section of vectors: three doubles each.
  public mutating func set(_ name: String, _ values: [Vector3]) { set(name, .double, Self.raw(values)) }
  /// Sets a section of image counts: three 32-bit numbers each.
  public mutating func set(_ name: String, _ values: [ImageCount]) { set(name, .int32, Self.raw(values)) }

  /// Whether there is a section of this name.
  public func contains(_ name: String) -> Bool { sections.contains { $0.name == name } }

  private func section(_ name: String, _ kind: Kind, multipleOf group: Int = 1) throws(InputError) -> Section {
    guard let section = sections.first(where: { $0.name == name }) else {
      let near = InputError.nearest(to: name, among: sections.map(\.name)).map { "; the nearest is '\($0)'" } ?? ""
      throw InputError("the checkpoint has no section '\(name)'\(near)", file: path)
    }
    guard section.kind == kind, section.count % group == 0 else {
      throw InputError(
        "section '\(name)' of the checkpoint holds \(section.count) \(section.kind), not what was expected",
        file: path)
    }
    return section
  }

  /// The bytes of a section.
  public func bytes(_ name: String) throws(InputError) -> [UInt8] { try section(name, .bytes).bytes }
  /// The text of a section.
  public func text(_ name: String) throws(InputError) -> String {
    String(decoding: try section(name, .bytes).bytes, as: UTF8.self)
  }
  /// The 32-bit numbers of a section.
  public func int32s(_ name: String) throws(InputError) -> [Int32] { Self.values(try section(name, .int32).bytes) }
  /// The whole numbers of a section.
  public func integers(_ name: String) throws(InputError) -> [Int] {
    let values: [Int64] = Self.values(try section(name, .int64).bytes)
    return values.map(Int.init)
  }
  /// The whole numbers without sign of a section.
  public func uint64s(_ name: String) throws(InputError) -> [UInt64] { Self.values(try section(name, .uint64).bytes) }
  /// The doubles of a section.
  public func doubles(_ name: String) throws(InputError) -> [Double] { Self.values(try section(name, .double).bytes) }
  /// The vectors of a section.
  public func vectors(_ name: String) throws(InputError) -> [Vector3] {
    Self.values(try section(name, .double, multipleOf: 3).bytes)
  }
  /// The image counts of a section.
  public func imageCounts(_ name: String) throws(InputError) -> [ImageCount] {
    Self.values(try section(name, .int32, multipleOf: 3).bytes)
  }

  /// The memory of plain elements, which on a little-endian machine is the file's.
  private static func raw<T: BitwiseCopyable>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  private static func values<T: BitwiseCopyable>(_ bytes: [UInt8]) -> [T] {
    let count = bytes.count / MemoryLayout<T>.stride
    return [T](unsafeUninitializedCapacity: count) { buffer, initialized in
      bytes.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: .init(rebasing: $0.prefix(count * MemoryLayout<T>.stride)))
      }
      initialized = count
    }
  }

  // MARK: Files

  /// The bytes of the file.
  public func encoded() -> [UInt8] {
    func padding(_ count: Int) -> Int { (8 - count % 8) % 8 }
    var bytes = Self.magic
    func put<T: FixedWidthInteger>(_ value: T) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    var length = 24 + 8
    for section in sections {
      let name = section.name.utf8.count
      length += 16 + name + padding(name) + section.bytes.count + padding(section.bytes.count)
    }
    bytes.reserveCapacity(length)
    put(Self.version)
    put(UInt32(sections.count))
    put(UInt64(length))
    for section in sections {
      put(section.kind.rawValue)
      put(UInt32(section.name.utf8.count))
      put(UInt64(section.bytes.count))
      bytes.append(contentsOf: section.name.utf8)
      bytes.append(contentsOf: repeatElement(0, count: padding(section.name.utf8.count)))
      bytes.append(contentsOf: section.bytes)
      bytes.append(contentsOf: repeatElement(0, count: padding(section.bytes.count)))
    }
    put(CRC64.checksum(bytes, 0..<bytes.count))
    return bytes
  }

  /// Writes the file in one step: after a failure (a full disk, say) the one that was there is intact.
  public func write(to path: String) throws(OutputError) { try Files.replace(path, with: encoded()) }

  /// Reads a file.
  /// - Throws: `InputError` if it is no checkpoint, was cut off, is damaged, or is of another version.
  public init(contentsOf path: String) throws(InputError) {
    self.path = path
    let file = try InputFile(path: path)
    func wrong(_ why: String) -> InputError {
      InputError("\(why); use an older checkpoint or start the run anew", file: path)
    }
    var bytes: [UInt8] = []
    guard file.length >= 32 else { throw wrong("is too short for a checkpoint") }
    // The head first: what is no checkpoint is not read whole.
    try file.readExactly(at: 0, count: 24, into: &bytes)
    guard bytes.prefix(8).elementsEqual(Self.magic) else { throw InputError("is not a Tektite checkpoint", file: path) }
    let version = UInt32(Self.little(bytes, 8, 4))
    guard version == Self.version else {
      throw InputError("is a checkpoint of version \(version); this program reads version \(Self.version)", file: path)
    }
    let count = Self.little(bytes, 12, 4)
    guard Self.little(bytes, 16, 8) == UInt64(file.length) else {
      throw wrong("has \(file.length) bytes where \(Self.little(bytes, 16, 8)) were written")
    }
    guard count <= UInt64(Self.mostSections) else { throw wrong("is damaged (\(count) sections)") }
    try file.readExactly(at: 0, count: file.length, into: &bytes)
    let end = file.length - 8
    guard CRC64.checksum(bytes, 0..<end) == Self.little(bytes, end, 8) else {
      throw wrong("is damaged (wrong checksum)")
    }
    var i = 24
    for _ in 0..<count {
      guard end - i >= 16, let kind = Kind(rawValue: UInt32(Self.little(bytes, i, 4))) else {
        throw wrong("is damaged (section head)")
      }
      let nameLength = Int(Self.little(bytes, i + 4, 4))
      let dataLength = Self.little(bytes, i + 8, 8)
      i += 16
      let dataStart = i + (nameLength + 7) / 8 * 8
      guard (1...Self.longestName).contains(nameLength), dataStart <= end, dataLength <= UInt64(end - dataStart),
        dataLength % UInt64(kind.size) == 0
      else { throw wrong("is damaged (section size)") }
      let dataEnd = dataStart + Int(dataLength)
      let name = String(decoding: bytes[i..<(i + nameLength)], as: UTF8.self)
      sections.append(Section(name: name, kind: kind, bytes: Array(bytes[dataStart..<dataEnd])))
      i = min(end, (dataEnd + 7) / 8 * 8)
    }
    guard i == end else { throw wrong("is damaged (bytes between the last section and the checksum)") }
  }

  private static func little(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for k in (0..<count).reversed() { value = value << 8 | UInt64(bytes[offset + k]) }
    return value
  }
}
