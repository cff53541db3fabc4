import Foundation
import Tektite

/// A folder to which a command writes tables, plots and a summary of them all.
struct ResultFolder {
  private let path: String
  private let overwrite: Bool
  private var folder: URL { URL(fileURLWithPath: path, isDirectory: true) }

  /// Names a folder, which need not be there.
  init(_ path: String, overwrite: Bool) {
    self.path = path
    self.overwrite = overwrite
  }

  /// The plot of a table.
  static func drawing(_ table: String) -> String { (table as NSString).deletingPathExtension + ".svg" }

  /// Nothing of an earlier result is replaced unasked.
  func check(_ names: [String]) throws(InputError) {
    if path.isEmpty { throw InputError("the name of the folder is empty", file: "--output") }
    let manager = FileManager.default
    if !overwrite, let old = names.first(where: { manager.fileExists(atPath: folder.appendingPathComponent($0).path) })
    {
      throw InputError("already holds '\(old)'; choose another folder, or replace it by --overwrite", file: path)
    }
  }

  private func make() throws(InputError) {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw InputError("the folder cannot be made: \(error.localizedDescription)", file: path)
    }
  }

  /// Makes the folder and writes each table, its plot, and the summary by which `tektite report` knows them.
  func write(_ report: ObservableReport, summary: String) throws {
    try make()
    for table in report.tables {
      try write(table.csv, to: table.file)
      let plot = Plot(table)
      if !plot.isEmpty { try write(plot.svg(), to: Self.drawing(table.file)) }
    }
    try write(report.json, to: summary)
  }

  /// Writes one file as a whole.
  func write(_ text: String, to name: String) throws {
    let file = try WholeFile(folder.appendingPathComponent(name).path, overwrite: true)
    do {
      try file.write(Data(text.utf8))
      try file.finish()
    } catch {
      file.discard()
      throw error
    }
  }
}
