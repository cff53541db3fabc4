import CNetCDF
import Synchronization
import TektiteCore

/// libnetcdf for writing. The library keeps tables that all open files share and takes no locks, so each operation runs under one.
enum NetCDFLibrary {
  private static let lock = Mutex(())

  /// Runs calls of the library one after another; the first that fails becomes an `OutputError` that says what was being done.
  static func perform(_ action: String, on path: String, _ calls: (inout Calls) -> Void) throws(OutputError) {
    let status = lock.withLock { _ in
      var chain = Calls()
      calls(&chain)
      return chain.status
    }
    guard status != NC_NOERR else { return }
    // Positive codes are the system's, negative ones the library's.
    if status > 0 { throw writeFailure(action, file: path, code: status) }
    throw OutputError("cannot \(action): \(String(cString: nc_strerror(status)))", file: path)
  }

  /// A chain of library calls that stops at the first failure.
  struct Calls {
    private(set) var status = NC_NOERR

    /// Makes a call unless one before has failed.
    mutating func then(_ call: () -> Int32) { if status == NC_NOERR { status = call() } }

    /// Makes a call in any case: for closing.
    mutating func always(_ call: () -> Int32) {
      let result = call()
      if status == NC_NOERR { status = result }
    }

    mutating func dimension(_ file: Int32, _ name: String, _ length: Int) -> Int32 {
      var id: Int32 = -1
      then { nc_def_dim(file, name, length, &id) }
      return id
    }

    mutating func variable(_ file: Int32, _ name: String, _ type: Int32, _ dimensions: [Int32]) -> Int32 {
      var id: Int32 = -1
      then { nc_def_var(file, name, type, Int32(dimensions.count), dimensions, &id) }
      return id
    }

    mutating func attribute(_ file: Int32, _ variable: Int32, _ name: String, _ text: String) {
      let bytes = Array(text.utf8)
      then { bytes.withUnsafeBytes { nc_put_att_text(file, variable, name, bytes.count, $0.baseAddress) } }
    }

    mutating func attribute(_ file: Int32, _ variable: Int32, _ name: String, _ value: Float) {
      then { [value].withUnsafeBufferPointer { nc_put_att_float(file, variable, name, NC_FLOAT, 1, $0.baseAddress) } }
    }

    mutating func put(_ file: Int32, _ variable: Int32, text: String) {
      let bytes = Array(text.utf8)
      then { bytes.withUnsafeBytes { nc_put_var_text(file, variable, $0.baseAddress) } }
    }
  }

  /// The path as the library must see it: one that begins with neither `/` nor `.` could be taken for an address on the net.
  static func local(_ path: String) -> String { path.hasPrefix("/") || path.hasPrefix(".") ? path : "./" + path }
}
