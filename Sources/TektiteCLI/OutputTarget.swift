import Foundation
import Tektite

/// The file that a command writes its result to, or standard output. The name appears only when the file is complete: until then it is
/// written beside, so that nothing is lost when something goes wrong half way, even if the input is to be replaced.
struct OutputTarget {
  /// Nil for standard output.
  private let file: WholeFile?

  /// - Throws: `InputError` for a name that cannot be written, or a file that is there already and is not to be replaced.
  init(_ path: String, overwrite: Bool) throws(InputError) {
    if path.isEmpty { throw InputError("the name of the file is empty", file: "--output") }
    let advice = "; give the name of a file, or '-' for standard output"
    file = path == "-" ? nil : try WholeFile(path, overwrite: overwrite, advice: advice)
  }

  /// Opens the file.
  func open(units: Units) throws(OutputError) -> ExtendedXYZ.Writer {
    guard let file else { return try ExtendedXYZ.Writer(standardOutputIn: units) }
    return try ExtendedXYZ.Writer(path: file.partial, units: units)
  }

  /// Brings the file to the disk and gives it its name.
  func finish(_ writer: ExtendedXYZ.Writer) throws(OutputError) {
    if file != nil { try writer.flush() }
    try writer.close()
    try file?.finish()
  }

  /// Removes what was written so far.
  func discard() { file?.discard() }
}
