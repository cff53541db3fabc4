import Foundation
import Testing

@testable import TektiteModelFiles

@Suite("Archives")
struct ArchiveTests {
  private static let names = ["protocol2.pth", "zip64.pth", "mace.model", "weights.safetensors"]

  /// Opens a file and reads all of it; true if it could be read.
  static func readWhole(_ path: String) throws {
    let file = try ModelFile(path: path)
    for entry in file.checkpoint.entries { _ = try entry.tensor.doubles() }
    _ = file.card.text
  }

  @Test("A file that is cut off anywhere is refused", arguments: names)
  func truncation(name: String) throws {
    let bytes = try Fixtures.bytes(Fixtures.path(name))
    try Fixtures.withFile(bytes) { path in
      try Self.readWhole(path)
      for length in stride(from: bytes.count - 1, through: 0, by: -1) {
        #expect(truncate(path, off_t(length)) == 0)
        _ = Fixtures.refusal(of: path) { try Self.readWhole(path) }
      }
    }
  }

  @Test("A file that becomes shorter after it was opened is an error, and not the end of the program")
  func shrinking() throws {
    try Fixtures.withFile(try Fixtures.bytes(Fixtures.path("types.pth"))) { path in
      let file = try ModelFile(path: path)
      #expect(truncate(path, 100) == 0)
      let message = Fixtures.refusal(of: path) { _ = try file.checkpoint.tensor("whole").doubles() }
      #expect(message.contains("became shorter"))
    }
  }

  @Test("A bit that is wrong in the weights is found by the checksum", arguments: ["whole", "strided", "bool"])
  func checksum(name: String) throws {
    var bytes = try Fixtures.bytes(Fixtures.path("types.pth"))
    let tensor = try ModelFile(path: Fixtures.path("types.pth")).checkpoint.tensor(name)
    let data = try tensor.storage.bytes(0..<tensor.storage.count)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: data) })
    bytes[place] ^= 1
    try Fixtures.withFile(bytes) { path in
      let message = Fixtures.refusal(of: path) { _ = try ModelFile(path: path).checkpoint.tensor(name).doubles() }
      #expect(message.contains("another checksum"))
    }
  }

  @Test("Lying sizes, members in each other, and names that are there twice are refused")
  func lies() throws {
    let good = TestZip([("a", [1, 2, 3, 4]), ("b", [5])])
    let bytes = good.bytes
    func members(_ bytes: [UInt8]) throws -> [String: [UInt8]] {
      try Fixtures.withFile(bytes) { path in
        let zip = try ZipArchive(try FileReader(path: path))
        return Dictionary(uniqueKeysWithValues: try zip.members.map { ($0.name, try zip.read($0)) })
      }
    }
    #expect(try members(bytes) == ["a": [1, 2, 3, 4], "b": [5]])
    var padded = good
    padded.padding = 64
    #expect(try members(padded.bytes) == ["a": [1, 2, 3, 4], "b": [5]])
    #expect(try members(TestZip().bytes) == [:])
    // The first entry of the directory: sizes at 20 and 24, the header's place at 42; two members of 31 + 4 and 31 + 1 bytes lie before.
    let directory = 35 + 32
    func changed(_ changes: [(Int, UInt8)]) -> [UInt8] {
      var copy = bytes
      for (at, value) in changes { copy[at] = value }
      return copy
    }
    let lies: [([UInt8], String)] = [
      (changed([(directory + 20, 5)]), "is stored, and yet"),
      (changed([(directory + 20, 200), (directory + 24, 200)]), "which the file has not"),
      (changed([(directory + 20, 8), (directory + 24, 8)]), "share the bytes"),
      (changed([(directory + 23, 0xFF), (directory + 27, 0xFF)]), "which the file has not"),
      (changed([(directory + 20, 1), (directory + 24, 1), (directory + 42, 35)]), "share the bytes"),
      (changed([(directory + 42, 1)]), "does not begin"),
      (changed([(directory + 46, UInt8(ascii: "b"))]), "two members"),
      (changed([(directory + 46, 0xFF)]), "not UTF-8"), (changed([(directory + 8, 1)]), "encrypted"),
      (changed([(directory + 10, 8)]), "compressed"),
      (changed([(directory + 28, 0xFF)]), "cut off"), (changed([(26, 0xFF)]), "which the file has not"),
      (changed([(bytes.count - 12, 1)]), "members"), (changed([(bytes.count - 10, 0xFF)]), "out of range"),
      (changed([(bytes.count - 6, 0xFF)]), "out of range"), (changed([(directory + 16, 0x11)]), "another checksum"),
      (changed((20..<28).map { (directory + $0, 0xFF) }), "64-bit sizes"),
    ]
    for (k, (lie, word)) in lies.enumerated() {
      do {
        _ = try members(lie)
        Issue.record("lie \(k) was believed")
      } catch let error as ModelFileError {
        #expect(error.message.contains(word), "lie \(k): \(error.message)")
      }
    }
  }

  @Test("A storage that is missing, or has another size than was written, is refused by its name")
  func storages() throws {
    var zip = try TestZip(reading: Fixtures.path("protocol2.pth"))
    let k = try #require(zip.members.firstIndex { $0.name.hasSuffix("data/1") })
    for bytes in [zip.members[k].bytes + [0], Array(zip.members[k].bytes.dropLast()), []] {
      zip.members[k].bytes = bytes
      let message = try Fixtures.withFile(zip.bytes) { path in
        Fixtures.refusal(of: path) { _ = try ModelFile(path: path) }
      }
      #expect(message.contains("storage '1' has \(bytes.count) bytes"), "\(message)")
    }
    zip.members.remove(at: k)
    let message = try Fixtures.withFile(zip.bytes) { path in
      Fixtures.refusal(of: path) { _ = try ModelFile(path: path) }
    }
    #expect(message.contains("lacks the storage '1'"))
  }

  @Test("Big-endian archives have the same values")
  func bigEndian() throws {
    var zip = try TestZip(reading: Fixtures.path("protocol4.pth"))
    let right = try ModelFile(path: Fixtures.path("protocol4.pth")).checkpoint
    for k in zip.members.indices {
      if zip.members[k].name.hasSuffix("byteorder") { zip.members[k].bytes = Array("big".utf8) }
      guard zip.members[k].name.contains("/data/") else { continue }
      let little = zip.members[k].bytes
      zip.members[k].bytes = little.indices.map { little[$0 / 4 * 4 + 3 - $0 % 4] }
    }
    try Fixtures.withFile(zip.bytes) { path in
      let checkpoint = try ModelFile(path: path).checkpoint
      for name in right.names { #expect(try checkpoint.tensor(name).doubles() == right.tensor(name).doubles()) }
    }
  }

  @Test("A weight that is no number is refused by its name and place")
  func notANumber() throws {
    var zip = try TestZip(reading: Fixtures.path("protocol2.pth"))
    let k = try #require(zip.members.firstIndex { $0.name.hasSuffix("data/0") })
    zip.members[k].bytes.replaceSubrange(8..<12, with: [0, 0, 0xC0, 0x7F])
    try Fixtures.withFile(zip.bytes) { path in
      let checkpoint = try ModelFile(path: path).checkpoint
      let message = Fixtures.refusal(of: path) { try checkpoint.requireFinite() }
      #expect(message.contains("element 2 of tensor 'weight' is nan"), "\(message)")
    }
  }

  @Test("Modules that contain themselves, or each other many times, are refused in time")
  func endlessModules() throws {
    // m = Module(); m._modules = {'a': m}
    let module =
      "ctorch.nn.modules.container\nSequential\nq\u{1})\u{81}q\u{2}}(X\u{B}\0\0\0_parameters}X\u{8}\0\0\0_modules}"
    let circular = "\u{80}\u{2}" + module + "X\u{1}\0\0\0ah\u{2}sub."
    // m0 = Module(); m_k has m_(k−1) twice: 2⁵⁰ paths.
    var doubled = "\u{80}\u{2}ctorch.nn.modules.container\nSequential\nq\u{1}0"
    for k in 0..<50 {
      let (own, last) = (Character(Unicode.Scalar(UInt8(k + 10))), Character(Unicode.Scalar(UInt8(k + 9))))
      let children = k == 0 ? "" : "X\u{1}\0\0\0ah\(last)sX\u{1}\0\0\0bh\(last)s"
      doubled += "h\u{1})\u{81}q\(own)}(X\u{B}\0\0\0_parameters}X\u{8}\0\0\0_modules}\(children)ub0"
    }
    doubled += "h\(Character(Unicode.Scalar(UInt8(59))))."
    for text in [circular, doubled] {
      let pickle = text.unicodeScalars.map { UInt8($0.value) }
      let message = try Fixtures.withFile(TestZip.torch(pickle).bytes) { path in
        Fixtures.refusal(of: path) { _ = try ModelFile(path: path) }
      }
      #expect(message.contains("beyond reason"), "\(message)")
    }
  }
}
