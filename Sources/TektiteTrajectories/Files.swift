import Glibc
import TektiteCore

// The only file of this module that calls the operating system. Offsets and lengths are bytes.

/// The system's words for an error number.
func systemReason(_ code: Int32) -> String {
  guard let text = strerror(code) else { return "error \(code)" }
  return String(cString: text)
}

/// A sentence for a failed write: the system's reason with advice where there is some.
func writeFailure(_ action: String, file: String, code: Int32) -> OutputError {
  var message = "cannot \(action): \(systemReason(code))"
  switch code {
  case ENOSPC, EDQUOT: message += "; free some space or write elsewhere, then resume from the last checkpoint"
  case EROFS, EACCES, EPERM: message += "; choose a folder you may write to"
  default: break
  }
  return OutputError(message, file: file, code: code)
}

/// A regular file opened for reading at any offset. Closed when the last reference goes.
final class InputFile {
  /// The path as the user gave it.
  let path: String
  /// The length when it was opened; later growth is not seen.
  let length: Int
  private let descriptor: Int32

  /// Opens a file. Folders, pipes and devices are refused: their length is not known, so memory could not be bounded.
  init(path: String) throws(InputError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw InputError("cannot open: \(systemReason(errno))", file: path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw InputError("cannot open: \(systemReason(code))", file: path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let what = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "not a regular file"
      throw InputError("is \(what); expected a file", file: path)
    }
    self.path = path
    self.descriptor = descriptor
    self.length = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Reads up to `count` bytes at an offset to the place `start` of an array that is large enough; says how many came.
  func read(at offset: Int, count: Int, into bytes: inout [UInt8], from start: Int = 0) throws(InputError) -> Int {
    precondition(start >= 0 && count >= 0 && start + count <= bytes.count, "reading past the end of a buffer")
    var done = 0
    var code: Int32 = 0
    bytes.withUnsafeMutableBytes { raw in
      while done < count {
        let n = pread(descriptor, raw.baseAddress.map { $0 + start + done }, count - done, off_t(offset + done))
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
    if code != 0 { throw InputError("cannot read: \(systemReason(code))", file: path) }
    return done
  }

  /// Says that bytes will be read soon; the system may fetch them meanwhile, or not.
  func expect(at offset: Int, count: Int) {
    _ = posix_fadvise(descriptor, off_t(offset), off_t(count), POSIX_FADV_WILLNEED)
  }

  /// Reads exactly `count` bytes at an offset. The array is made longer if it is too short, never shorter.
  func readExactly(at offset: Int, count: Int, into bytes: inout [UInt8]) throws(InputError) {
    guard offset >= 0, count >= 0, offset <= length, count <= length - offset else {
      throw InputError("ends after \(length) bytes where \(count) more were expected at byte \(offset)", file: path)
    }
    if bytes.count < count { bytes = [UInt8](repeating: 0, count: count) }
    guard try read(at: offset, count: count, into: &bytes) == count else {
      throw InputError("became shorter while it was being read", file: path)
    }
  }
}

/// A file opened for writing at its end. Closed when the last reference goes; call `close` to learn of late errors.
final class OutputFile {
  /// The path as the user gave it.
  let path: String
  /// The number of bytes in the file.
  private(set) var length: Int
  private var descriptor: Int32

  /// Creates a file, or empties the one that is there.
  init(creating path: String) throws(OutputError) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw writeFailure("create", file: path, code: errno) }
    self.path = path
    length = 0
  }

  /// Writes to what an open descriptor leads to, at its end.
  init(duplicating other: Int32, named name: String) throws(OutputError) {
    descriptor = fcntl(other, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { throw writeFailure("write", file: name, code: errno) }
    path = name
    length = 0
  }

  /// Opens a file that is there, cuts it to `length` bytes and goes on at its end.
  init(appendingTo path: String, keepingBytes length: Int) throws(OutputError) {
    descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw writeFailure("open for appending", file: path, code: errno) }
    self.path = path
    self.length = length
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw writeFailure("open", file: path, code: errno) }
    guard length >= 0, Int(status.st_size) >= length else {
      throw OutputError(
        "has \(status.st_size) bytes, but the run to be resumed had written \(length); restore the file or start anew",
        file: path)
    }
    guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
      throw writeFailure("cut back", file: path, code: errno)
    }
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// Writes bytes at the end.
  func write(_ bytes: [UInt8]) throws(OutputError) {
    var done = 0
    var code: Int32 = 0
    bytes.withUnsafeBytes { raw in
      while done < raw.count {
        let n = Glibc.write(descriptor, raw.baseAddress.map { $0 + done }, raw.count - done)
        if n >= 0 {
          done += n
        } else if errno != EINTR {
          code = errno
          break
        }
      }
    }
    length += done
    if code != 0 { throw writeFailure("write", file: path, code: code) }
  }

  /// Overwrites bytes within the file, without moving its end.
  func patch(_ bytes: [UInt8], at offset: Int) throws(OutputError) {
    let n = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
    guard n == bytes.count else { throw writeFailure("write", file: path, code: n < 0 ? errno : EIO) }
  }

  /// Waits until the disk has everything.
  func synchronize() throws(OutputError) {
    guard fsync(descriptor) == 0 else { throw writeFailure("write to disk", file: path, code: errno) }
  }

  /// Closes the file and reports errors that show only now (a full disk behind a network, say).
  func close() throws(OutputError) {
    guard descriptor >= 0 else { return }
    let result = Glibc.close(descriptor)
    let code = errno
    descriptor = -1
    guard result == 0 else { throw writeFailure("close", file: path, code: code) }
  }
}

/// Operations on names rather than on open files.
enum Files {
  /// The folder that holds a path, `.` for a bare name.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A name in the folder that holds `path`.
  static func sibling(of path: String, named name: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return name }
    return String(path[...slash]) + name
  }

  /// Whether something is there.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Refuses to let a library create a file in the place of a device, a pipe or a folder: libnetcdf removes what it cannot create.
  static func requireRegular(_ path: String) throws(OutputError) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
    throw OutputError("cannot create: what is there is not a regular file", file: path)
  }

  /// Removes a file; silent when it is not there.
  static func remove(_ path: String) { unlink(path) }

  /// Waits until the disk has what was written to a file through whatever handle.
  static func synchronize(_ path: String) throws(OutputError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw writeFailure("open", file: path, code: errno) }
    let result = fsync(descriptor)
    let code = errno
    close(descriptor)
    guard result == 0 else { throw writeFailure("write to disk", file: path, code: code) }
  }

  /// Gives a finished temporary file its name in one step and waits until the folder remembers it.
  static func rename(_ temporary: String, to path: String) throws(OutputError) {
    guard Glibc.rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw writeFailure("replace", file: path, code: code)
    }
    // Some file systems cannot sync a folder and say EINVAL; the rename itself has succeeded then.
    let descriptor = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let result = fsync(descriptor)
    let code = errno
    close(descriptor)
    if result != 0 && code != EINVAL { throw writeFailure("write to disk", file: path, code: code) }
  }

  /// Writes a whole file so that at every moment the name holds either the old or the new bytes, complete.
  static func replace(_ path: String, with bytes: [UInt8]) throws(OutputError) {
    let temporary = path + ".partial"
    do {
      let file = try OutputFile(creating: temporary)
      try file.write(bytes)
      try file.synchronize()
      try file.close()
    } catch {
      unlink(temporary)
      throw OutputError(error.message, file: path, code: error.code)
    }
    try rename(temporary, to: path)
  }

  /// Seconds on a clock that only goes forward.
  static func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + 1e-9 * Double(now.tv_nsec)
  }
}
