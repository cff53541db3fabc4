import TektiteCore

/// Lays numbers out as little-endian bytes: the sections of a checkpoint.
public struct ByteWriter: Sendable {
  /// What was written.
  public private(set) var bytes: [UInt8] = []

  /// Starts empty.
  public init() {}

  /// Appends 8 bytes.
  public mutating func put(_ value: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
  }

  /// Appends 8 bytes.
  public mutating func put(_ value: Int) { put(UInt64(bitPattern: Int64(value))) }

  /// Appends the 8 bytes of the bit pattern.
  public mutating func put(_ value: Double) { put(value.bitPattern) }

  /// Appends 4 bytes.
  public mutating func put(_ value: Int32) {
    let word = UInt32(bitPattern: value)
    for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  /// Appends three doubles.
  public mutating func put(_ value: Vector3) {
    put(value.x)
    put(value.y)
    put(value.z)
  }

  /// Appends nine doubles by rows.
  public mutating func put(_ value: Matrix3) {
    put(value.a)
    put(value.b)
    put(value.c)
  }

  /// Appends a count and the vectors.
  public mutating func put(_ values: [Vector3]) {
    bytes.reserveCapacity(bytes.count + 8 + 24 * values.count)
    put(values.count)
    for value in values { put(value) }
  }

  /// Appends a count and the doubles.
  public mutating func put(_ values: [Double]) {
    bytes.reserveCapacity(bytes.count + 8 + 8 * values.count)
    put(values.count)
    for value in values { put(value) }
  }

  /// Appends a count and the integers.
  public mutating func put(_ values: [Int32]) {
    bytes.reserveCapacity(bytes.count + 8 + 4 * values.count)
    put(values.count)
    for value in values { put(value) }
  }

  /// Appends the number of UTF-8 bytes and these.
  public mutating func put(_ text: String) {
    let utf8 = Array(text.utf8)
    put(utf8.count)
    bytes.append(contentsOf: utf8)
  }
}

/// Reads what a `ByteWriter` wrote. It never reads past the end and never believes a count that the bytes cannot hold.
public struct ByteReader: Sendable {
  private let bytes: [UInt8]
  private let file: String
  private let section: String
  private var offset = 0

  /// Makes a reader; file and section are for error messages.
  public init(_ bytes: [UInt8], file: String, section: String) {
    self.bytes = bytes
    self.file = file
    self.section = section
  }

  /// The number of bytes not yet read.
  public var remaining: Int { bytes.count - offset }

  /// The error for content that makes no sense.
  public func malformed(_ what: String) -> InputError {
    InputError(
      "the checkpoint is damaged or not one of this program's: section '\(section)' holds \(what). "
        + "Start the run anew with --overwrite, or put back an intact copy of the file.", file: file)
  }

  /// Throws unless everything was read.
  public func expectEnd() throws(InputError) {
    if remaining > 0 { throw malformed("\(remaining) bytes more than expected") }
  }

  private mutating func word(_ size: Int) throws(InputError) -> UInt64 {
    guard remaining >= size else { throw malformed("\(bytes.count) bytes, fewer than expected") }
    var value: UInt64 = 0
    for k in 0..<size { value |= UInt64(bytes[offset + k]) << UInt64(8 * k) }
    offset += size
    return value
  }

  /// Reads 8 bytes.
  public mutating func int() throws(InputError) -> Int { Int(Int64(bitPattern: try word(8))) }

  /// Reads 8 bytes.
  public mutating func double() throws(InputError) -> Double { Double(bitPattern: try word(8)) }

  /// Reads 4 bytes.
  public mutating func int32() throws(InputError) -> Int32 {
    Int32(bitPattern: UInt32(truncatingIfNeeded: try word(4)))
  }

  /// Reads three doubles.
  public mutating func vector() throws(InputError) -> Vector3 {
    Vector3(try double(), try double(), try double())
  }

  /// Reads nine doubles.
  public mutating func matrix() throws(InputError) -> Matrix3 {
    Matrix3(try vector(), try vector(), try vector())
  }

  private mutating func count(ofSize size: Int) throws(InputError) -> Int {
    let count = try int()
    guard count >= 0, count <= remaining / size else { throw malformed("a count of \(count) where it cannot be") }
    return count
  }

  /// Reads a count and vectors.
  public mutating func vectors() throws(InputError) -> [Vector3] {
    let count = try count(ofSize: 24)
    var values: [Vector3] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try vector()) }
    return values
  }

  /// Reads a count and doubles.
  public mutating func doubles() throws(InputError) -> [Double] {
    let count = try count(ofSize: 8)
    var values: [Double] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try double()) }
    return values
  }

  /// Reads a count and integers.
  public mutating func int32s() throws(InputError) -> [Int32] {
    let count = try count(ofSize: 4)
    var values: [Int32] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try int32()) }
    return values
  }

  /// Reads a count and text.
  public mutating func text() throws(InputError) -> String {
    let count = try count(ofSize: 1)
    defer { offset += count }
    guard let text = String(validating: bytes[offset..<offset + count], as: UTF8.self) else {
      throw malformed("text that is not UTF-8")
    }
    return text
  }
}
