import Foundation
import Tektite

/// A file that is written as a whole: until it is complete it has another name.
struct WholeFile {
  /// The path as the user gave it.
  let path: String
  /// The file itself, where the name is a link.
  private let place: String
  /// Its name until it is complete.
  var partial: String { place + ".partial" }

  /// - Throws: `InputError` for a name that cannot be written, or a file that is there already and is not to be replaced.
  /// - Parameter advice: what to do instead, where the name is that of something else than a file.
  init(_ path: String, overwrite: Bool, advice: String = "") throws(InputError) {
    self.path = path
    place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let manager = FileManager.default
    if let type = (try? manager.attributesOfItem(atPath: place))?[.type] as? FileAttributeType {
      guard type == .typeRegular else {
        throw InputError("is \(type == .typeDirectory ? "a folder" : "not a regular file")\(advice)", file: path)
      }
      if !overwrite {
        throw InputError("is there already; choose another name, or replace it by --overwrite", file: path)
      }
    }
    let folder = (place as NSString).deletingLastPathComponent
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw InputError("there is no folder '\(folder)' to write it to", file: path)
    }
  }

  /// Whether another name means the same file, by itself or by a link.
  func isSame(as other: String) -> Bool {
    let manager = FileManager.default
    let there = URL(fileURLWithPath: other).resolvingSymlinksInPath().path
    if there == place { return true }
    guard let a = try? manager.attributesOfItem(atPath: place), let b = try? manager.attributesOfItem(atPath: there),
      let first = a[.systemFileNumber] as? NSNumber, let second = b[.systemFileNumber] as? NSNumber
    else { return false }
    return first == second && a[.systemNumber] as? NSNumber == b[.systemNumber] as? NSNumber
  }

  /// Writes all of it under the other name.
  func write(_ data: Data) throws(OutputError) {
    do {
      _ = FileManager.default.createFile(atPath: partial, contents: nil)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: partial))
      defer { try? handle.close() }
      try handle.write(contentsOf: data)
      try handle.synchronize()
    } catch {
      throw OutputError("cannot be written: \(error.localizedDescription)", file: path)
    }
  }

  /// Gives it its name.
  func finish() throws(OutputError) {
    guard rename(partial, place) == 0 else {
      throw OutputError("cannot be given its name: \(String(cString: strerror(errno)))", file: path, code: errno)
    }
  }

  /// Removes what was written so far.
  func discard() { unlink(partial) }
}
