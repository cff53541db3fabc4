import Foundation
import TektiteCore
import TektiteDecks
import Testing

/// Damages decks the way people and editors do: letters, lines, tokens and indentation, so that most results are still nearly YAML.
private struct DeckDamage {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func word() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
  mutating func below(_ bound: Int) -> Int { bound <= 1 ? 0 : Int(word() % UInt64(bound)) }

  private static let tokens = [
    "0", "-1", "1e400", "9223372036854775808", "18446744073709551616", "-0", "nan", ".inf", "1_0_0", "0x10", "~",
    "null", "true", "[]", "{}", "[", "]",
    "{", "}", ":", ": ", ",", "- ", "? ", "&a ", "*a", "!!int ", "!t ", "|\n", ">\n", "\"", "'", "#", "%YAML 1.1\n",
    "---\n", "...\n", "\t", "\r\n", "\r",
    "\u{0}", "\u{1}", "\u{85}", "\u{2028}", "\u{FEFF}", "é", "Å", "𝟙", "\\", "fs", " K", " eV/Å^-9", "sigma",
    "2.5 sigma", "lj", "real", "random", "sc",
    "kob-andersen", "argon", "wca", "none", "auto", "keep", "..", "/", "../", ".nc", "<<: ", "@", "`", "1e-320",
    "2147483647", "4294967296", "1e15",
    "langevin", "csvr", "nose-hoover", "brownian", "chain", "per-decade", "block", "every", "at", "points", "from",
    "to", "cell", "density", "counts",
  ]

  /// A damaged copy, by one to five changes.
  mutating func damage(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(below(3) == 0 ? 5 : 1) {
      guard !bytes.isEmpty else { return bytes }
      let at = below(bytes.count)
      let end = min(bytes.count, at + 1 + below(below(4) == 0 ? 200 : 8))
      switch below(10) {
      case 0: bytes[at] = UInt8(truncatingIfNeeded: word())
      case 1: bytes.removeSubrange(at..<end)
      case 2: bytes.insert(contentsOf: bytes[at..<end], at: below(bytes.count))
      case 3, 4:
        bytes.replaceSubrange(at..<min(end, at + below(6)), with: Array(Self.tokens[below(Self.tokens.count)].utf8))
      case 5:
        // A whole word or number.
        var (low, high) = (at, at)
        func isWord(_ byte: UInt8) -> Bool {
          byte > 0x2C && byte != 0x3A && byte != 0x7B && byte != 0x7D && byte != 0x5B && byte != 0x5D
        }
        while low > 0, isWord(bytes[low - 1]) { low -= 1 }
        while high < bytes.count, isWord(bytes[high]) { high += 1 }
        bytes.replaceSubrange(low..<high, with: Array(Self.tokens[below(Self.tokens.count)].utf8))
      case 6:
        // Two lines change places, or one is repeated or lost.
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
        let (a, b) = (below(lines.count), below(lines.count))
        switch below(3) {
        case 0: lines.swapAt(a, b)
        case 1: lines.insert(lines[a], at: b)
        default: lines.remove(at: a)
        }
        bytes = Array(lines.joined(separator: [10]))
      case 7:
        bytes.insert(contentsOf: repeatElement(0x20, count: 1 + below(4)), at: at)
      case 8:
        let from = below(max(1, other.count))
        bytes.insert(contentsOf: other[from..<min(other.count, from + 1 + below(80))], at: at)
      default: bytes.removeSubrange(at...)
      }
    }
    return bytes
  }
}

@Suite("Damaged decks")
struct FuzzDeck {
  private static var originals: [(path: String, bytes: [UInt8])] {
    let root = (((#filePath as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent as NSString)
    let folder = root.appendingPathComponent("TektiteDecksTests/good")
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yaml") }
      .sorted()
    return names.compactMap { name in
      let path = folder + "/" + name
      return FileManager.default.contents(atPath: path).map { (path, Array($0)) }
    }
  }

  /// Reads and plans a deck: whether its spelled-out form is equal, or the error.
  private static func outcome(_ text: String, path: String) -> Result<Bool, InputError> {
    do {
      let deck = try Deck(text: text, path: path)
      let again = try Deck(text: deck.spelledOut, path: "/elsewhere/deck.yaml")
      if deck.atomsToBuild ?? 0 < 20_000 { _ = try deck.plan() }
      return .success(again == deck)
    } catch {
      // The spelled-out form of what was accepted must be accepted.
      if error.file == "/elsewhere/deck.yaml" { return .success(false) }
      return .failure(error)
    }
  }

  @Test("A damaged deck is an error with a sentence or a plan, never a trap")
  func survives() throws {
    let count = ProcessInfo.processInfo.environment["TEKTITE_FUZZ"].flatMap { Int($0) } ?? 2000
    let originals = Self.originals
    #expect(originals.count >= 5)
    var (plans, errors) = (0, 0)
    for seed in 0..<count {
      var damage = DeckDamage(seed: UInt64(seed) + 1)
      let original = originals[damage.below(originals.count)]
      let bytes = damage.damage(original.bytes, with: originals[damage.below(originals.count)].bytes)
      // Bytes that are not UTF-8 are refused when a file is read, which other tests see; here the rest is of interest.
      let text = String(decoding: bytes, as: UTF8.self)
      switch Self.outcome(text, path: original.path) {
      case .success(let isEqual):
        plans += 1
        #expect(isEqual, "seed \(seed): the spelled-out deck differs\n\(text)")
      case .failure(let error):
        errors += 1
        #expect(!error.message.isEmpty && !error.message.contains("\n"), "seed \(seed): \(error)")
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).count
        // A file that a deck names has its own lines.
        #expect(
          error.file != original.path || (error.line ?? 1) <= lines + 1,
          "seed \(seed): line \(error.line ?? 0) of \(lines)")
        #expect((error.line ?? 1) >= 1 && (error.column ?? 1) >= 1, "seed \(seed): \(error)")
      }
    }
    print("\(count) damaged decks: \(plans) plans, \(errors) errors")
    // Both outcomes must occur, or the damage is too weak or too strong to test anything.
    if count >= 1000 { #expect(plans > count / 50 && errors > count / 5) }
  }
}
