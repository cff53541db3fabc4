import Foundation
import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteTrajectories

/// Feeds damaged copies of good files to a reader. A trap ends the test process, so calling the reader is the test; besides, no other error than
/// `InputError` may come, memory must stay bounded, and nothing on disk may change.
struct ReaderFuzz {
  /// Damaged inputs for each format: `TEKTITE_FUZZ` in the environment, 2,000 without it.
  static let count = ProcessInfo.processInfo.environment["TEKTITE_FUZZ"].flatMap { Int($0) } ?? 2000
  /// Room that a reader of files of some kilobytes may take at its worst, with what the tests beside it take: one gigabyte. An allocation that
  /// follows a count in a damaged header would be far larger.
  static let memory = 1 << 30

  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("tektite-fuzz-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  func file(_ name: String) -> String { folder + "/" + name }
  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

  private static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// Runs a reader on damaged copies of the files of `names`, all of which it must be able to read undamaged.
  /// - Parameter repair: what makes a damaged file pass the first gate (a checksum), applied to every second input.
  func run(
    _ names: [String], seed: UInt64, repair: ((inout [UInt8]) -> Void)? = nil, _ read: (String) throws -> Void
  ) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let corpus = try names.map { try bytes($0) }
    for name in names { try read(file(name)) }
    let before = Self.peakMemory()
    var refused = 0
    let input = file("input")
    for k in 0..<Self.count {
      var mutator = Mutator(seed: seed &+ UInt64(k))
      let which = mutator.below(corpus.count)
      var damaged = mutator.mutate(corpus[which], splicing: corpus[mutator.below(corpus.count)])
      if k % 2 == 0 { repair?(&damaged) }
      try Data(damaged).write(to: URL(fileURLWithPath: input))
      do { try read(input) } catch let error as InputError {
        refused += 1
        if !error.description.hasPrefix(input) || error.message.isEmpty || error.description.utf8.count > 4000 {
          Issue.record("seed \(seed &+ UInt64(k)): \(error)")
        }
      } catch { Issue.record("seed \(seed &+ UInt64(k)): \(type(of: error)) \(error)") }
      if k % 50 == 0 {
        #expect(try Array(Data(contentsOf: URL(fileURLWithPath: input))) == damaged, "the reader changed its input")
      }
    }
    #expect(Self.peakMemory() - before < Self.memory, "memory grew by \(Self.peakMemory() - before) bytes")
    // Damage that never shows would mean that the mutations are too tame, or that nothing is checked.
    #expect(refused > Self.count / 10, "only \(refused) of \(Self.count) damaged inputs were refused")
    for (name, original) in zip(names, corpus) { #expect(try bytes(name) == original) }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(Set(left).isSubset(of: Set(names + ["input"])), "left behind: \(left)")
  }

  /// A small structure with everything that files can hold.
  static func structure(cell: Cell, seed: UInt64) -> Structure {
    var random = Mutator(seed: seed)
    func vector() -> Vector3 {
      func number() -> Double { Double(random.below(20_001) - 10_000) / 700 }
      return Vector3(number(), number(), number())
    }
    var frame = Frame()
    frame.cell = cell
    frame.positions = (0..<9).map { _ in vector() }
    frame.velocities = (0..<9).map { _ in vector() }
    frame.forces = (0..<9).map { _ in vector() }
    frame.energies = (0..<9).map { _ in vector().x }
    frame.energy = -12.5
    frame.stress = .identity
    frame.time = 12.5
    let table = [Species("A", mass: 1), Species("B", mass: 2)]
    return Structure(topology: Topology(table: table, species: [0, 1, 0, 0, 1, 0, 1, 1, 0]), frame: frame)
  }
  static let cells: [Cell] = [
    .open, .cubic(7), Cell(Matrix3(Vector3(1, 10, 0.5), Vector3(9, -1, 0.3), Vector3(0.4, 0.2, 11))),
  ]
}
