import Foundation
import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("CheckpointFile")
struct CheckpointFileTests {
  let folder = TemporaryFolder()

  static func example() -> CheckpointFile {
    var checkpoint = CheckpointFile()
    checkpoint.set("positions", [Vector3(1, 2, 3), Vector3(-0.0, .nan, .infinity)])
    checkpoint.set("images", [ImageCount(1, -2, 3)])
    checkpoint.set("species", [Int32](0..<5))
    checkpoint.set("step", [123_456_789_012, -1])
    checkpoint.set("seed", [UInt64.max])
    checkpoint.set("time", [0.1])
    checkpoint.set("deck", "title: ä\n")
    checkpoint.set("empty", [Double]())
    return checkpoint
  }

  @Test("Every section comes back, bit for bit, and equal states give equal bytes")
  func roundTrip() throws {
    let original = Self.example()
    try original.write(to: folder.file("c"))
    let back = try CheckpointFile(contentsOf: folder.file("c"))
    #expect(back == original)
    #expect(try back.vectors("positions")[0] == Vector3(1, 2, 3))
    #expect(try back.vectors("positions")[1].x.sign == .minus)
    #expect(try back.vectors("positions")[1].y.isNaN)
    #expect(try back.imageCounts("images") == [ImageCount(1, -2, 3)])
    #expect(try back.int32s("species") == [0, 1, 2, 3, 4])
    #expect(try back.integers("step") == [123_456_789_012, -1])
    #expect(try back.uint64s("seed") == [.max])
    #expect(try back.doubles("time") == [0.1])
    #expect(try back.text("deck") == "title: ä\n")
    #expect(try back.doubles("empty").isEmpty)
    try Self.example().write(to: folder.file("d"))
    #expect(try folder.bytes("c") == folder.bytes("d"))
    #expect(folder.names == ["c", "d"])
    var replaced = original
    replaced.set("time", [0.2])
    #expect(try replaced.doubles("time") == [0.2])
    #expect(replaced.sections.count == original.sections.count)
  }

  @Test("What is missing or of another kind is named")
  func missing() throws {
    let checkpoint = Self.example()
    #expect(message { _ = try checkpoint.doubles("tme") }.contains("nearest is 'time'"))
    #expect(message { _ = try checkpoint.doubles("seed") }.contains("'seed'"))
    #expect(message { _ = try checkpoint.vectors("time") }.contains("'time'"))
  }

  @Test("Each single flipped bit and each truncation is found")
  func damage() throws {
    let bytes = Self.example().encoded()
    for k in bytes.indices {
      var damaged = bytes
      damaged[k] ^= 1 << UInt8(k % 8)
      try folder.write(damaged, to: "x")
      #expect(throws: InputError.self) { _ = try CheckpointFile(contentsOf: folder.file("x")) }
      try folder.write(Array(bytes[..<k]), to: "x")
      #expect(throws: InputError.self) { _ = try CheckpointFile(contentsOf: folder.file("x")) }
    }
  }

  @Test("On a full disk the old checkpoint stays")
  func diskFull() throws {
    let path = folder.file("checkpoint.tektite")
    try Self.example().write(to: path)
    let before = try folder.bytes("checkpoint.tektite")
    // The temporary file leads to a device that is always full.
    try FileManager.default.createSymbolicLink(atPath: path + ".partial", withDestinationPath: "/dev/full")
    var larger = Self.example()
    larger.set("more", [Double](repeating: 1, count: 10_000))
    let error = message { try larger.write(to: path) }
    #expect(error.contains("checkpoint.tektite: error: cannot write: No space left on device"))
    #expect(try folder.bytes("checkpoint.tektite") == before)
    #expect(folder.names == ["checkpoint.tektite"])
    #expect(message { try larger.write(to: folder.file("none/c")) }.contains("No such file or directory"))
  }

  @Test("Speed of checksum and copy")
  func cost() throws {
    var checkpoint = CheckpointFile()
    checkpoint.set("positions", [Vector3](repeating: Vector3(1, 2, 3), count: 300_000))
    let start = Files.monotonicSeconds()
    let count = checkpoint.encoded().count
    print("checkpoint: \(Double(count) / (Files.monotonicSeconds() - start) / 1e6) MB/s to encode")
    #expect(count > 7_200_000)
  }
}
