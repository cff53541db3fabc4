import Foundation
import TektiteCore
import Testing

@testable import TektiteDecks

@Suite("Bad decks")
struct BadDeckTests {
  @Test("Every bad deck is refused at the marked place with the expected sentence", arguments: DeckDocuments.bad)
  func refused(_ bad: DeckDocuments.Bad) {
    do {
      try DeckDocuments.plan(bad.text, path: bad.path)
      Issue.record("accepted:\n\(bad.text)")
    } catch {
      #expect(error.message.contains(bad.message), "said instead: \(error)")
      #expect(error.line == bad.line && error.column == bad.column, "expected \(bad.line):\(bad.column), got \(error)")
      #expect(error.file == bad.path)
      #expect(!error.message.contains("\n"), "one paragraph")
    }
  }

  @Test("There are documents for every kind of error")
  func enough() {
    #expect(DeckDocuments.bad.count >= 60)
  }

  @Test("Text that is not UTF-8 is an error with its line")
  func encoding() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/tektite-decks-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/latin.yaml"
    try Data([0x75, 0x3A, 0x0A, 0x78, 0x78, 0xE5, 0x0A]).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: InputError.self) { try Deck(contentsOf: path) }
    #expect(error?.line == 2 && error?.column == 3 && error?.message.contains("UTF-8") == true)
  }

  @Test("Files that are no decks give a sentence")
  func strangeFiles() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/tektite-decks-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func message(_ path: String) -> String {
      do { _ = try Deck(contentsOf: path) } catch { return error.message }
      return "accepted"
    }
    #expect(message(folder).contains("a folder"))
    #expect(message("/dev/zero").contains("not a regular file"))
    let names = [
      "deck.yaml": "", "big.yaml": String(repeating: "# padding\n", count: 200_000),
      "two.yaml": "units: lj\n---\nunits: lj\n",
    ]
    for (name, text) in names { try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8) }
    #expect(message(folder + "/deck.yaml").contains("is empty"))
    #expect(message(folder + "/big.yaml").contains("larger than 1048576 bytes"))
    #expect(message(folder + "/two.yaml").contains("a second document starts here"))
    #expect(message(folder + "/dekc.yaml").contains("did you mean 'deck.yaml'?"))
  }

  @Test(
    "Depth and aliases are bounded, quickly",
    arguments: [
      String(repeating: "[", count: 500_000),
      "units: " + String(repeating: "{a: ", count: 900),
      String(repeating: "- ", count: 300_000),
      "a: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
      "? " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900) + "\n: 1\n",
      "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + (0..<7).map { k in
          "k\(k): &k\(k) [" + Array(repeating: k == 0 ? "*a" : "*k\(k - 1)", count: 4).joined(separator: ", ") + "]\n"
        }.joined(),
    ])
  func bombs(_ text: String) {
    let clock = ContinuousClock()
    let time = clock.measure { #expect(throws: InputError.self) { try Deck(text: text, path: "bomb.yaml") } }
    // Milliseconds on any machine; a bomb that goes off takes minutes.
    #expect(time < .seconds(5))
  }
}
