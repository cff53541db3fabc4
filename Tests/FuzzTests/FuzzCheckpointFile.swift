import TektiteCore
import Testing

@testable import TektiteTrajectories

@Suite("Fuzz: checkpoint")
struct FuzzCheckpointFile {
  @Test("Damaged checkpoints are refused or read, never more")
  func files() throws {
    let fuzz = try ReaderFuzz()
    var checkpoint = CheckpointFile()
    checkpoint.set("positions", ReaderFuzz.structure(cell: .open, seed: 1).frame.positions)
    checkpoint.set("species", [Int32](0..<9))
    checkpoint.set("step", [1, 2])
    checkpoint.set("deck", "title: x\n")
    try checkpoint.write(to: fuzz.file("a"))
    var other = CheckpointFile()
    for k in 0..<40 { other.set("section-\(k)", [Double](repeating: 1, count: k)) }
    try other.write(to: fuzz.file("b"))
    // The checksum hides the code behind it from random damage: every second input gets a right length and a right checksum.
    try fuzz.run(["a", "b"], seed: 7_000_000, repair: Self.repair) { path in
      let found = try CheckpointFile(contentsOf: path)
      for section in found.sections {
        switch section.kind {
        case .bytes: _ = try found.bytes(section.name)
        case .int32: _ = try found.int32s(section.name)
        case .int64: _ = try found.integers(section.name)
        case .uint64: _ = try found.uint64s(section.name)
        case .double: _ = try found.doubles(section.name)
        }
      }
      _ = try StructureFile.describe(path)
    }
  }

  private static func repair(_ bytes: inout [UInt8]) {
    guard bytes.count >= 32 else { return }
    bytes.replaceSubrange(0..<8, with: CheckpointFile.magic)
    for k in 0..<8 { bytes[16 + k] = UInt8(truncatingIfNeeded: bytes.count >> (8 * k)) }
    let checksum = CRC64.checksum(bytes, 0..<(bytes.count - 8))
    for k in 0..<8 { bytes[bytes.count - 8 + k] = UInt8(truncatingIfNeeded: checksum >> UInt64(8 * k)) }
  }
}
