import Synchronization

/// The elements that one or more tensors look into: a range of a file, read when asked for, or bytes that came in a pickle.
final class TensorStorage: Sendable {
  private enum Source: Sendable {
    case file(FileReader, start: Int, length: Int)
    case bytes([UInt8], file: String)
  }

  /// The type of the elements.
  let type: ScalarType
  /// The number of elements.
  let count: Int
  /// Whether bytes of elements run from high to low.
  let isBigEndian: Bool
  private let source: Source
  /// The checksum that a ZIP archive gives for the whole, and the name of its member.
  private let checksum: (value: UInt32, member: String)?
  /// Whether the checksum was compared. It is once, when the first elements are read.
  private let isVerified = Mutex(false)

  /// A range of a file, which must be a whole number of elements.
  init(
    _ type: ScalarType, file: FileReader, range: Range<Int>, isBigEndian: Bool = false,
    checksum: (UInt32, String)? = nil
  ) {
    self.type = type
    self.count = range.count / type.size
    self.isBigEndian = isBigEndian
    self.source = .file(file, start: range.lowerBound, length: range.count)
    self.checksum = checksum.map { (value: $0.0, member: $0.1) }
  }

  /// Bytes in memory.
  init(_ type: ScalarType, bytes: [UInt8], isBigEndian: Bool, file: String) {
    self.type = type
    self.count = bytes.count / type.size
    self.isBigEndian = isBigEndian
    self.source = .bytes(bytes, file: file)
    self.checksum = nil
  }

  /// The same bytes as elements of another type.
  private init(_ other: TensorStorage, as type: ScalarType) {
    self.type = type
    self.count = other.count * other.type.size / type.size
    self.isBigEndian = other.isBigEndian
    self.source = other.source
    self.checksum = other.checksum
  }

  /// The same bytes as elements of another type.
  func viewed(as type: ScalarType) -> TensorStorage { TensorStorage(self, as: type) }

  /// The path of the file it came from.
  var path: String {
    switch source {
    case .file(let file, _, _): file.path
    case .bytes(_, let file): file
    }
  }

  /// What the elements' bytes could be at most, in memory or in the file.
  var fileLength: Int {
    switch source {
    case .file(let file, _, _): file.length
    case .bytes(let bytes, _): bytes.count
    }
  }

  /// The bytes of a range of elements, which the caller has checked.
  func bytes(_ elements: Range<Int>) throws(ModelFileError) -> [UInt8] {
    let range = (elements.lowerBound * type.size)..<(elements.upperBound * type.size)
    switch source {
    case .bytes(let bytes, _): return Array(bytes[range])
    case .file(let file, let start, let length):
      if let checksum, !isVerified.withLock({ $0 }) {
        if range == 0..<length {
          // The usual case, a tensor that is the whole of its storage: one pass serves both.
          let bytes = try file.read(start..<(start + length))
          guard CRC32.checksum(bytes) == checksum.value else {
            throw ZipArchive.wrongChecksum(checksum.member, in: file)
          }
          isVerified.withLock { $0 = true }
          return bytes
        }
        var crc = CRC32()
        let step = 1 << 20
        for at in stride(from: start, to: start + length, by: step) {
          crc.update(try file.read(at..<min(start + length, at + step)))
        }
        guard crc.value == checksum.value else { throw ZipArchive.wrongChecksum(checksum.member, in: file) }
        isVerified.withLock { $0 = true }
      }
      return try file.read((start + range.lowerBound)..<(start + range.upperBound))
    }
  }
}
