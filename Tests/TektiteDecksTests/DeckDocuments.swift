import Foundation
import TektiteCore
import Testing

@testable import TektiteDecks

/// The YAML documents in `good` and `bad` beside this file.
enum DeckDocuments {
  static let folder = (#filePath as NSString).deletingLastPathComponent

  /// The decks that must be accepted.
  static let good: [String] = files(in: "good")

  /// A deck with what must be said about it.
  struct Bad: Sendable, CustomTestStringConvertible {
    var text: String
    var path: String
    var line: Int
    var column: Int
    var message: String
    var testDescription: String { "\(path.split(separator: "/").last ?? ""): \(message)" }
  }

  /// The decks that must be refused. In each file `---` splits documents. Below the offending line of each stands
  /// `#   ^ expected message` with the caret under the offending column, or `#< expected message` for column 1.
  static let bad: [Bad] = files(in: "bad").flatMap { path -> [Bad] in
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n---\n").map { document in
      var bad = Bad(text: "", path: path, line: 0, column: 0, message: "a document without an expectation")
      var kept: [Substring] = []
      for line in document.split(separator: "\n", omittingEmptySubsequences: false) {
        let marker = line.dropFirst().drop { $0 == " " }
        if line.hasPrefix("#<") {
          (bad.line, bad.column, bad.message) = (kept.count, 1, String(line.dropFirst(3)))
        } else if line.hasPrefix("#") && marker.hasPrefix("^") {
          bad.line = kept.count
          bad.column = line.count - marker.count + 1
          bad.message = String(marker.dropFirst(2))
        } else {
          kept.append(line)
        }
      }
      bad.text = kept.joined(separator: "\n") + "\n"
      return bad
    }
  }

  private static func files(in name: String) -> [String] {
    let place = folder + "/" + name
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { place + "/" + $0 }
  }

  /// Reads and plans a deck.
  static func plan(_ text: String, path: String) throws(InputError) {
    _ = try Deck(text: text, path: path).plan()
  }
}
