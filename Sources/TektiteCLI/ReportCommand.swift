import ArgumentParser
import Foundation
import Tektite

/// `tektite report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make a page about a run: stages, courses, and what was observed.",
    discussion: """
      Reads the folder of a run and writes one HTML file with everything in it:

        tektite report kob-andersen-run

      Who computed what on which machine; the stages and where their time went; temperature, energy, drift and pressure in the course of each stage; \
      every observable as a plot with its errors, its definition and what was read off it; the deck. It opens in any browser without a network, \
      and every plot and table can be saved from it. A run that still goes on or that failed has a page too. What cannot be read is left out \
      with a note.
      """)

  @Argument(help: "The folder of a run.", completion: .directory)
  var folder: String
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The page, or - for standard output. (default: report.html in the folder, which is replaced)", valueName: "file"))
  var output: String?
  @Flag(help: "Replace the file of --output if it is there.")
  var overwrite = false
  @Flag(name: [.short, .long], help: "Say nothing but errors.")
  var quiet = false

  func run() throws {
    if let output, output.isEmpty { throw InputError("the name of the file is empty", file: "--output") }
    let contents = try RunContents(folder: folder)
    let path = output ?? (folder as NSString).appendingPathComponent("report.html")
    if path == "-" {
      let page = ReportPage(contents, file: nil).html
      try FileHandle.standardOutput.write(contentsOf: Data(page.utf8))
      return
    }
    // A page that the program made before, under the name that is kept for it, is no loss.
    let target = try WholeFile(path, overwrite: overwrite || output == nil)
    for name in contents.files where target.isSame(as: (folder as NSString).appendingPathComponent(name)) {
      throw InputError("is a file of the run, which would be lost; choose another name", file: path)
    }
    let page = Data(ReportPage(contents, file: path).html.utf8)
    do {
      try target.write(page)
      try target.finish()
    } catch {
      target.discard()
      throw error
    }
    if quiet { return }
    for note in contents.notes { say("note: \(note)") }
    say("written to \(path), \(Wording.bytes(Double(page.count)))")
  }
}
