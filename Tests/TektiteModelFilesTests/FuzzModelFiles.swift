import Foundation
import TektiteTestSupport
import Testing

@testable import TektiteModelFiles

/// Feeds damaged copies of good files to the reader. A trap ends the test process, so calling it is the test; besides, no other error than
/// `ModelFileError` may come, and memory must stay bounded.
@Suite("Fuzz: model files")
struct FuzzModelFiles {
  private static let count = ProcessInfo.processInfo.environment["TEKTITE_FUZZ"].flatMap { Int($0) } ?? 500
  private static let memory = 1 << 30

  private static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// Reads damaged inputs that `make` gives for the numbers of the seeds; says how many were refused.
  private func run(seed: UInt64, _ make: (inout Mutator) throws -> [UInt8]) throws -> Int {
    let before = Self.peakMemory()
    var refused = 0
    for k in 0..<Self.count {
      var mutator = Mutator(seed: seed &+ UInt64(k))
      let bytes = try make(&mutator)
      try Fixtures.withFile(bytes) { path in
        do {
          try ArchiveTests.readWhole(path)
          try ModelFile(path: path).checkpoint.requireFinite()
        } catch let error as ModelFileError {
          refused += 1
          if error.file != path || error.message.isEmpty || error.message.contains("\n")
            || error.message.utf8.count > 2000
          {
            Issue.record("seed \(seed &+ UInt64(k)): \(error)")
          }
        }
      }
    }
    #expect(Self.peakMemory() - before < Self.memory, "memory grew by \(Self.peakMemory() - before) bytes")
    return refused
  }

  @Test("Damaged files are refused or read, never more")
  func files() throws {
    let corpus = try Fixtures.files.map { try Fixtures.bytes(Fixtures.path($0.name)) }
    let refused = try run(seed: 11_000_000) { mutator in
      let which = mutator.below(corpus.count)
      return mutator.mutate(corpus[which], splicing: corpus[mutator.below(corpus.count)])
    }
    #expect(refused > Self.count / 3, "only \(refused) of \(Self.count) were refused")
  }

  @Test("Damaged pickles in sound archives are refused or read, never more")
  func pickles() throws {
    // Checksums and sizes hide the unpickler from damage to the file, so the archive is made anew around the damaged pickle.
    let corpus = try [
      "types.pth", "module.pt", "mace.model", "sevennet.pth", "lightning.ckpt", "package.nequip.zip", "protocol5.pth",
    ]
    .map { try TestZip(reading: Fixtures.path($0)) }
    let pickles = try corpus.map { zip in
      try #require(zip.members.firstIndex { $0.name.hasSuffix("data.pkl") || $0.name.hasSuffix("eager_model.pkl") })
    }
    let refused = try run(seed: 12_000_000) { mutator in
      let which = mutator.below(corpus.count)
      let other = mutator.below(corpus.count)
      var zip = corpus[which]
      let k = pickles[which]
      zip.members[k].bytes = mutator.mutate(zip.members[k].bytes, splicing: corpus[other].members[pickles[other]].bytes)
      return zip.bytes
    }
    #expect(refused > Self.count / 3, "only \(refused) of \(Self.count) were refused")
  }

  @Test("Damaged headers of safetensors are refused or read, never more")
  func headers() throws {
    let bytes = try Fixtures.bytes(Fixtures.path("weights.safetensors"))
    let length = Int(bytes.little(0, 8))
    let refused = try run(seed: 13_000_000) { mutator in
      let header = mutator.mutate(Array(bytes[8..<(8 + length)]))
      return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + bytes[(8 + length)...]
    }
    #expect(refused > Self.count / 3, "only \(refused) of \(Self.count) were refused")
  }

  @Test("Any bytes as a pickle are refused or read, never more")
  func noise() throws {
    // Nothing but opcodes that exist, in any order: what damage to a file seldom gives.
    let opcodes =
      Array("(012NJKMGXBC]}ltdaesucRbQqrhj)".utf8) + [
        0x80, 0x88, 0x89, 0x8A, 0x8C, 0x8F, 0x81, 0x85, 0x86, 0x87, 0x90, 0x91, 0x92, 0x93, 0x94,
      ]
    let snippets = [
      "ctorch._utils\n_rebuild_tensor_v2\n", "ccollections\nOrderedDict\n", "cnumpy\ndtype\n",
      "cnumpy.core.multiarray\nscalar\n", "c_codecs\nencode\n", "cbuiltins\nlist\n",
    ]
    .map { Array($0.utf8) }
    _ = try run(seed: 14_000_000) { mutator in
      var pickle: [UInt8] = [0x80, 2]
      for _ in 0..<mutator.below(60) {
        if mutator.below(6) == 0 {
          pickle += snippets[mutator.below(snippets.count)]
        } else {
          pickle.append(opcodes[mutator.below(opcodes.count)])
          if mutator.below(3) == 0 { pickle.append(UInt8(mutator.below(4))) }
        }
      }
      return TestZip.torch(pickle + [UInt8(ascii: ".")]).bytes
    }
  }
}
