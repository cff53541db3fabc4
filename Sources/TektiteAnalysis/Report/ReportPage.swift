import Foundation
import TektiteDynamics

/// One page about a run: who computed what, the stages with their courses, and what was observed. It holds all that it shows; nothing is
/// loaded from anywhere, and it needs no program.
public struct ReportPage {
  let contents: RunContents
  /// The way from the page to the folder of the run; nil where there is none.
  let way: String?

  /// Files up to this size are within the page too.
  static let mostEmbedded = 1_000_000

  /// - Parameters:
  ///   - contents: what the folder of the run holds.
  ///   - file: where the page will be, for its links to the files of the run; nil for a page that goes elsewhere.
  public init(_ contents: RunContents, file: String?) {
    self.contents = contents
    way = file.map { Self.way(fromPage: $0, to: contents.folder) }
  }

  /// The relative path from the folder of a page to another folder; empty if they are the same.
  static func way(fromPage page: String, to folder: String) -> String {
    func parts(_ path: String) -> [String] {
      URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().pathComponents
    }
    let start = Array(
      parts((page as NSString).deletingLastPathComponent.isEmpty ? "." : (page as NSString).deletingLastPathComponent))
    let end = parts(folder)
    let shared = zip(start, end).prefix { $0 == $1 }.count
    return (Array(repeating: "..", count: start.count - shared) + end[shared...]).joined(separator: "/")
  }

  /// The title of the run, or the name of its folder.
  var title: String {
    let title = contents.record?.title ?? ""
    if !title.isEmpty { return title }
    return URL(fileURLWithPath: contents.folder).standardizedFileURL.lastPathComponent
  }

  /// The page.
  public var html: String {
    var text = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <meta name="color-scheme" content="light dark"/>
      <title>\(Markup.escaped(title))</title>
      <style>\(ReportStyle.text)</style>
      </head>
      <body>
      <main>

      """
    text += header
    if !contents.notes.isEmpty {
      text += "<section class=\"notes\" aria-label=\"Notes\">\n\(warnings(contents.notes))</section>\n"
    }
    text += stages
    for (file, certificate) in contents.certificates { text += self.certificate(certificate, file: file) }
    for table in contents.tables { text += course(of: table) }
    for (file, report) in contents.reports { text += observables(report, file: file) }
    text += deck
    let version = contents.record.map { "\($0.program) \($0.version)" } ?? "tektite \(RunRecord.version)"
    text +=
      "</main>\n<footer><p>Run by \(Markup.escaped(version)); page by tektite \(RunRecord.version).</p></footer>\n"
    return text + "</body>\n</html>\n"
  }

  /// What a reader should be warned of.
  func warnings(_ notes: [String]) -> String {
    notes.map { "<p class=\"warning\">\(Markup.escaped($0))</p>\n" }.joined()
  }

  private var deck: String {
    guard let deck = contents.deck else { return "" }
    return """
      <section class="deck">
      <h2>Deck</h2>
      <details><summary>The deck as it was run, every default spelled out</summary>
      <pre>\(Markup.escaped(deck))</pre>
      </details>
      <p class="links">\(link(to: "deck.yaml", text: deck, type: "application/yaml"))</p>
      </section>

      """
  }

  /// Links to a file: the one beside the page, and a copy within it where that is small.
  func link(to name: String, text: String?, type: String, isThere: Bool = true) -> String {
    var links: [String] = []
    let shown = Markup.escaped(name)
    if let text, text.utf8.count <= Self.mostEmbedded {
      links.append(
        "<a download=\"\(Markup.fileName(name))\" href=\"\(Markup.dataURI(text, type: type))\">\(shown)</a>")
    }
    if isThere, let way {
      let address = Markup.address(way.isEmpty ? name : "\(way)/\(name)")
      links.append("<a href=\"\(address)\">\(links.isEmpty ? shown : "in the folder")</a>")
    }
    return links.isEmpty ? shown : links.joined(separator: ", ")
  }

  /// A figure with a link to the plot as a file.
  func figure(_ plot: Plot, name: String, caption: String) -> String {
    let file = Markup.fileName(name) + ".svg"
    let address = Markup.dataURI(plot.svg(), type: "image/svg+xml")
    return """
      <figure>
      \(plot.inline)
      <figcaption>\(caption) <a class="svg" download="\(file)" href="\(address)">SVG</a></figcaption>
      </figure>

      """
  }
}
