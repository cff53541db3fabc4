#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A regular file, opened once and read at any offset. Closed when the last reference goes, which the tensors of a checkpoint hold.
///
/// Reads are positioned reads, not a memory map: a map of a file that somebody cuts short ends the program with a bus error, while a
/// read comes back short and becomes a sentence. Weights are converted when they are read, so a map would not save a copy.
final class FileReader: Sendable {
  /// The path as the user gave it.
  let path: String
  /// The length in bytes when the file was opened; later growth is not seen.
  let length: Int
  private let descriptor: Int32

  /// Opens a file. Folders, pipes and devices are refused: their length is not known, so memory could not be bounded.
  init(path: String) throws(ModelFileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ModelFileError("cannot open: \(Self.reason(errno))", file: path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw ModelFileError("cannot open: \(Self.reason(code))", file: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let what = status.st_mode & S_IFMT == S_IFDIR ? "is a folder" : "is not a regular file"
      throw ModelFileError("\(what); expected a model file", file: path)
    }
    self.path = path
    self.descriptor = descriptor
    self.length = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Reads exactly the bytes of a range.
  func read(_ range: Range<Int>) throws(ModelFileError) -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= length else {
      throw ModelFileError("ends after \(length) bytes where bytes up to \(range.upperBound) were expected", file: path)
    }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, done in
      guard let base = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      while done < range.count {
        let n = pread(descriptor, base + done, range.count - done, off_t(range.lowerBound + done))
        if n > 0 {
          done += n
        } else if n == 0 {
          break
        } else if errno != EINTR {
          code = errno
          break
        }
      }
    }
    guard code == 0 else { throw ModelFileError("cannot read: \(Self.reason(code))", file: path) }
    guard bytes.count == range.count else { throw ModelFileError("became shorter while it was being read", file: path) }
    return bytes
  }

  private static func reason(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
  }
}

extension [UInt8] {
  /// A whole number of `count` bytes, little-endian, at an offset that the caller has checked.
  func little(_ offset: Int, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for k in (0..<count).reversed() { value = value << 8 | UInt64(self[offset + k]) }
    return value
  }
}
