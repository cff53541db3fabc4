import Foundation
import TektiteTestSupport
import Testing

@testable import TektiteModelFiles

/// A torch archive of which the pickle can be changed, with the checksum that belongs to it.
struct StoredPickle {
  private let original: [UInt8]
  private let range: Range<Int>
  /// Where the checksum stands.
  private let places: [Int]
  /// The pickle; its length must stay what it is.
  var pickle: [UInt8]

  init(_ path: String) throws {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    func number(_ at: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
    // Entries of the central directory follow each other.
    var found: Range<Int>?
    var entry = try #require(Data(bytes).range(of: Data([0x50, 0x4B, 1, 2]))).lowerBound
    while number(entry, 4) == 0x0201_4B50 {
      let length = number(entry + 28, 2)
      let name = try #require(String(bytes: bytes[(entry + 46)..<(entry + 46 + length)], encoding: .utf8))
      if name.hasSuffix("/data.pkl") || name.hasSuffix("/eager_model.pkl") {
        // A local header, a name, padding, and what is stored.
        let header = number(entry + 42, 4)
        let start = header + 30 + number(header + 26, 2) + number(header + 28, 2)
        found = start..<(start + number(entry + 24, 4))
      }
      entry += 46 + length + number(entry + 30, 2) + number(entry + 32, 2)
    }
    let range = try #require(found)
    self.range = range
    (original, pickle) = (bytes, Array(bytes[range]))
    let old = Self.little(CRC32.checksum(pickle))
    places = bytes.indices.dropLast(3).filter { at in
      bytes[at] == old[0] && !range.contains(at) && Array(bytes[at..<(at + 4)]) == old
    }
  }

  private static func little(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
  }

  var bytes: [UInt8] {
    var bytes = original
    bytes.replaceSubrange(range, with: pickle)
    for at in places { bytes.replaceSubrange(at..<(at + 4), with: Self.little(CRC32.checksum(pickle))) }
    return bytes
  }

  /// What reading a file makes of it in which the first occurrence of a text is replaced by another of the same length: a message, or nothing.
  static func message<Value>(
    _ path: String, _ old: String, _ new: String, _ read: (ModelFile) throws(ModelFileError) -> Value
  ) throws -> String {
    try #require(old.utf8.count == new.utf8.count)
    var archive = try StoredPickle(path)
    let range = try #require(Data(archive.pickle).range(of: Data(old.utf8)))
    archive.pickle.replaceSubrange(range, with: Array(new.utf8))
    let changed = NSTemporaryDirectory() + "tektite-\(UUID().uuidString).model"
    defer { try? FileManager.default.removeItem(atPath: changed) }
    try Data(archive.bytes).write(to: URL(fileURLWithPath: changed))
    do {
      _ = try read(ModelFile(path: changed))
      return "no error"
    } catch {
      return error.message
    }
  }

  /// Reads many damaged copies of files, and counts those that were accepted and refused.
  static func damage(
    _ paths: [String], times: Int, seed: UInt64, _ read: (ModelFile) throws(ModelFileError) -> Void
  ) throws -> (accepted: Int, refused: Int) {
    let originals = try paths.map { try StoredPickle($0) }
    var mutator = Mutator(seed: seed)
    let path = NSTemporaryDirectory() + "tektite-\(UUID().uuidString).model"
    defer { try? FileManager.default.removeItem(atPath: path) }
    var (accepted, refused) = (0, 0)
    for k in 0..<times {
      // Changes outside the pickle are only other weights.
      var archive = originals[k % originals.count]
      for _ in 0...mutator.below(3) {
        let at = mutator.below(archive.pickle.count)
        let bit = archive.pickle[at] ^ (1 << UInt8(mutator.below(8)))
        archive.pickle[at] = mutator.below(2) == 0 ? bit : UInt8(truncatingIfNeeded: mutator.word())
      }
      try Data(archive.bytes).write(to: URL(fileURLWithPath: path))
      do throws(ModelFileError) {
        try read(try ModelFile(path: path))
        accepted += 1
      } catch {
        #expect(!error.message.isEmpty)
        refused += 1
      }
    }
    return (accepted, refused)
  }
}
