import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads a page or a drawing as XML, which both are, and keeps what tests ask for.
final class MarkupReader: NSObject, XMLParserDelegate {
  /// An element with its attributes.
  struct Element {
    var name: String
    var attributes: [String: String]
  }

  private(set) var elements: [Element] = []
  /// All text, one element after the other.
  private(set) var text = ""
  /// What is wrong with the document, if anything.
  private(set) var complaint: String?

  init(_ document: String) {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    if !parser.parse() {
      complaint =
        "line \(parser.lineNumber), column \(parser.columnNumber): \(parser.parserError.map { "\($0)" } ?? "")"
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) { elements.append(Element(name: name, attributes: attributes)) }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  /// How many elements have a class.
  func count(class name: String) -> Int {
    elements.count { ($0.attributes["class"] ?? "").split(separator: " ").contains { $0 == name } }
  }
}
