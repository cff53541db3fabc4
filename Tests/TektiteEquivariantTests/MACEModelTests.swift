import Foundation
import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteEquivariant
@testable import TektiteModelFiles

@Suite("MACE as a potential, and files that are none")
struct MACEModelTests {
  private static let sample = Sample(
    table: [Species("O"), Species("H"), Species("C")], minimumDistance: 1.0, density: 0.08)

  @Test("What every potential promises, allocating nothing included", arguments: ["edges", "repulsion"])
  func conformance(_ name: String) throws {
    let file = try ModelFile(path: Fixtures.path(name + ".model"))
    let head = try MACEDescription(file).heads.last
    let suite = PotentialConformance(
      try MACEModel(file, head: head), sample: Self.sample, smoothness: .curvature, units: .real)
    for check in suite.checks { if let failure = check.failure() { Issue.record("\(failure)") } }
    #expect(suite.checks.count > 10)
  }

  @Test("The same in single precision, against double")
  func single() throws {
    let file = try ModelFile(path: Fixtures.path("edges.model"))
    var suite = PotentialConformance(
      try MACEModel(file, options: NetworkOptions(isSinglePrecision: true)), sample: Self.sample,
      tolerances: .mixed, smoothness: .none, units: .real)
    suite.reference = try MACEModel(file)
    for check in suite.checks { if let failure = check.failure() { Issue.record("\(failure)") } }
  }

  @Test("Species and heads by name")
  func names() throws {
    let model = try MACEModel(ModelFile(path: Fixtures.path("plain.model")))
    #expect(model.name == "mace (plain.model)" && model.head == "Default")
    #expect(throws: PotentialError.unknownSpecies("Fe", known: ["H", "C", "O"], model: model.name)) {
      _ = try model.makePotential(for: [Species("H"), Species("Fe")])
    }
    #expect(throws: PotentialError.unknownSpecies("A", known: ["H", "C", "O"], model: model.name)) {
      _ = try model.makePotential(for: [Species("A")])
    }
    let heads = try ModelFile(path: Fixtures.path("heads.model"))
    #expect(try MACEModel(heads, head: "b").name == "mace (heads.model, head b)")
    #expect(
      throws: ModelFileError("holds a model with 3 heads, one of which must be chosen: 'a', 'b', 'c'", file: heads.path)
    ) {
      _ = try MACEModel(heads)
    }
    #expect(throws: ModelFileError.self) { _ = try MACEModel(heads, head: "d") }
  }

  @Test("A file of another kind is refused")
  func otherKind() throws {
    let path = NSTemporaryDirectory() + "tektite-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    bytes += Array(header.utf8) + [0, 0, 0, 0]
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let file = try ModelFile(path: path)
    #expect(
      throws: ModelFileError(
        "holds a safetensors file; expected a whole MACE model as mace_run_train saves it", file: path)
    ) {
      _ = try MACEModel(file)
    }
  }

  /// Replaces the first occurrence of a text in the file by another of the same length, and gives the message of the error.
  private func message(_ model: String, _ old: String, _ new: String) throws -> String {
    try #require(old.utf8.count == new.utf8.count)
    var archive = try StoredPickle(Fixtures.path(model + ".model"))
    let range = try #require(Data(archive.pickle).range(of: Data(old.utf8)))
    archive.pickle.replaceSubrange(range, with: Array(new.utf8))
    let bytes = archive.bytes
    let path = NSTemporaryDirectory() + "tektite-\(UUID().uuidString).model"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do {
      _ = try MACEModel(ModelFile(path: path))
      return "no error"
    } catch {
      return error.message
    }
  }

  @Test("What is missing or not supported is named with its place")
  func damaged() throws {
    // Names of the same length, so that the rest of the pickle stays what it was.
    let cases = [
      ("plain", "linear_up", "linear_no", "has no submodule 'linear_up'; the nearest is 'linear_no'"),
      ("plain", "weights_max", "weights_mix", "has no parameter or buffer 'weights_max'; the nearest is 'weights_mix'"),
      ("plain", "U_matrix_2", "U_matrix_9", "has no parameter or buffer 'U_matrix_2'"),
      (
        "plain", "avg_num_neighbors", "avg_num_neighbirs",
        "has no 'avg_num_neighbors'; the nearest is 'avg_num_neighbirs'"
      ),
      (
        "plain", "node_embedding", "mode_embedding",
        "has no submodule 'node_embedding'; the nearest is 'mode_embedding'"
      ),
      ("plain", "bessel_weights", "bessel_weighty", "has no parameter or buffer 'bessel_weights'"),
      ("density", "covalent_radii", "covalent_radio", "has no parameter or buffer 'covalent_radii'"),
      ("plain", "uvu", "uvw", "module 'interactions.0.conv_tp' has an instruction that is not understood"),
      ("plain", "component", "componont", "module 'spherical_harmonics' has another normalisation"),
      (
        "plain", "RealAgnosticResidualInteractionBlock", "RealAgnosticAttResidualInteractionBl",
        "holds objects of class"
      ),
    ]
    for (model, old, new, expected) in cases {
      let found = try message(model, old, new)
      #expect(found.contains(expected), "\(old): \(found)")
    }
  }

  @Test("Damaged files never trap")
  func fuzz() throws {
    let files = ["edges", "nonlinear"].map { Fixtures.path($0 + ".model") }
    let originals = try files.map { try StoredPickle($0) }
    var mutator = Mutator(seed: 11)
    let path = NSTemporaryDirectory() + "tektite-\(UUID().uuidString).model"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let edges = [
      Interpreter.Edge(center: 0, neighbor: 1, vector: Vector3(1, 0.2, 0)),
      Interpreter.Edge(center: 1, neighbor: 0, vector: Vector3(-1, -0.2, 0)),
    ]
    var (accepted, refused) = (0, 0)
    for k in 0..<600 {
      // Changes outside the pickle are only other weights.
      var archive = originals[k % 2]
      for _ in 0...mutator.below(3) {
        let at = mutator.below(archive.pickle.count)
        let bit = archive.pickle[at] ^ (1 << UInt8(mutator.below(8)))
        archive.pickle[at] = mutator.below(2) == 0 ? bit : UInt8(truncatingIfNeeded: mutator.word())
      }
      try Data(archive.bytes).write(to: URL(fileURLWithPath: path))
      do {
        let file = try ModelFile(path: path)
        let heads = try MACEDescription(file).heads
        let model = try MACEModel(file, head: heads[0])
        _ = Interpreter(model.program).evaluate(species: [0, model.program.speciesCount - 1], edges: edges)
        accepted += 1
      } catch {
        #expect(!error.message.isEmpty)
        refused += 1
      }
    }
    #expect(accepted > 20 && refused > 100, "\(accepted) accepted, \(refused) refused")
  }
}

/// A torch archive of which the pickle can be changed, with the checksum that belongs to it.
private struct StoredPickle {
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
    // The pickle is the first member: a local header, a name, padding, and what is stored.
    let start = 30 + number(26, 2) + number(28, 2)
    let name = try #require(String(bytes: bytes[30..<(30 + number(26, 2))], encoding: .utf8))
    try #require(number(0, 4) == 0x0403_4B50 && name.hasSuffix("data.pkl"))
    // Its length is in the central directory, whose first entry it is.
    let entry = try #require(Data(bytes).range(of: Data([0x50, 0x4B, 1, 2]))).lowerBound
    let range = start..<(start + number(entry + 24, 4))
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
}
