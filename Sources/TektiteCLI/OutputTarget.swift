import Foundation
import Tektite

/// The file that a command writes its result to, or standard output. The name appears only when the file is complete: until then it is
/// written beside, so that nothing is lost when something goes wrong half way, even if the input is to be replaced.
struct OutputTarget {
  private let path: String
  /// The file itself, where the name is a link.
  private var place = ""
  private var partial: String { place + ".partial" }
  private var isStandardOutput: Bool { path == "-" }

  /// - Throws: `InputError` for a name that cannot be written, or a file that is there already and is not to be replaced.
  init(_ path: String, overwrite: Bool) throws(InputError) {
    self.path = path
    if path == "-" { return }
    if path.isEmpty { throw InputError("the name of the file is empty", file: "--output") }
    let manager = FileManager.default
    place = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    if let type = (try? manager.attributesOfItem(atPath: place))?[.type] as? FileAttributeType {
      guard type == .typeRegular else {
        let what = type == .typeDirectory ? "a folder" : "not a regular file"
        throw InputError("is \(what); give the name of a file, or '-' for standard output", file: path)
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

  /// Opens the file.
  func open(units: Units) throws(OutputError) -> ExtendedXYZ.Writer {
    if isStandardOutput { return try ExtendedXYZ.Writer(standardOutputIn: units) }
    return try ExtendedXYZ.Writer(path: partial, units: units)
  }

  /// Brings the file to the disk and gives it its name.
  func finish(_ writer: ExtendedXYZ.Writer) throws(OutputError) {
    if !isStandardOutput { try writer.flush() }
    try writer.close()
    if isStandardOutput { return }
    guard rename(partial, place) == 0 else {
      throw OutputError("cannot be given its name: \(String(cString: strerror(errno)))", file: path, code: errno)
    }
  }

  /// Removes what was written so far.
  func discard() {
    if !isStandardOutput { unlink(partial) }
  }
}
