import Foundation
import TektiteCore
import TektiteModelFiles
import Testing

@testable import TektiteEquivariant

/// The models and numbers that make-fixtures.py made.
enum Fixtures {
  static let tests = (#filePath as NSString).deletingLastPathComponent
  static let models = [
    "plain", "vectors", "tensors", "density", "density-uncut", "nonlinear", "nonlinear-single", "soft", "chebyshev",
    "order4",
    "odd", "heads", "repulsion", "so3", "edges",
  ]

  /// SevenNet checkpoints and NequIP packages and checkpoints.
  static let sevenNets = [
    "activations", "deep", "lmax3", "lmax4", "manual", "manual-parity", "modal", "modal-some", "old", "old-names",
    "parity", "plain", "ranges", "readout", "solid",
  ].map { "sevennet-\($0).pth" }
  static let nequIPs =
    ["deep", "lmax3", "lmax4", "minimal", "plain", "repulsion", "resnet", "shift", "single"].map {
      "nequip-\($0).nequip.zip"
    } + ["nequip-average.ckpt", "nequip-trained.ckpt"]

  struct Structure: Decodable {
    let positions: [[Double]]
    let kinds: [Int]
    let cell: [[Double]]?
    let periodic: [Int]
  }

  struct Expected: Decodable {
    struct Result: Decodable {
      let structure: String
      let head: Int
      let energy: Double
      let nodeEnergies: [Double]
      let forces: [Double]?
      let virial: [Double]?
      let atomicVirials: [Double]?
    }
    struct Ladder: Decodable {
      let structure: String
      let features: [[Double]]
    }
    let numbers: [Int]
    let heads: Int
    let results: [Result]
    let ladder: Ladder?
  }

  static func path(_ name: String) -> String { tests + "/fixtures/" + name }
  static func decode<Value: Decodable>(_ path: String, _: Value.Type = Value.self) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Value.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }
  static func structures() throws -> [String: Structure] { try decode(path("structures.json")) }
  static func expected(_ model: String) throws -> Expected { try decode(path(model + ".json")) }
  static func description(_ model: String) throws -> MACEDescription {
    try MACEDescription(ModelFile(path: path(model + ".model")))
  }
}

/// Atoms as an interpreter takes them, with positions that can be moved.
struct Atoms {
  var positions: [Vector3]
  var species: [Int]
  var cell: [Vector3]
  var isPeriodic: [Bool]

  init(_ structure: Fixtures.Structure, numbers: [Int], model: any NetworkDescription) throws {
    positions = structure.positions.map { Vector3($0[0], $0[1], $0[2]) }
    let symbols = numbers.map { Element(number: $0)?.symbol ?? "" }
    species = try structure.kinds.map { try #require(model.typeNames.firstIndex(of: symbols[$0])) }
    cell = (structure.cell ?? [[0, 0, 0], [0, 0, 0], [0, 0, 0]]).map { Vector3($0[0], $0[1], $0[2]) }
    isPeriodic = structure.periodic.map { $0 == 1 }
  }

  /// All edges within a distance, by trying images as far as any could matter.
  func edges(within cutoff: Double) -> [Interpreter.Edge] {
    let extent = positions.map { p in positions.map { ($0 - p).length }.max() ?? 0 }.max() ?? 0
    let spans: [ClosedRange<Int>] = (0..<3).map { k in
      guard isPeriodic[k] else { return 0...0 }
      // The height of the cell above the other periodic vectors.
      let others = (0..<3).filter { $0 != k && isPeriodic[$0] }.map { cell[$0] }
      var normal = cell[k]
      if others.count == 2 { normal = others[0].cross(others[1]) }
      if others.count == 1 { normal -= others[0] * (normal.dot(others[0]) / others[0].lengthSquared) }
      let height = abs(cell[k].dot(normal)) / normal.length
      let n = Int((cutoff + extent) / height) + 1
      return -n...n
    }
    var found: [Interpreter.Edge] = []
    for a in spans[0] {
      for b in spans[1] {
        for c in spans[2] {
          let shift = Double(a) * cell[0] + Double(b) * cell[1] + Double(c) * cell[2]
          for i in positions.indices {
            for j in positions.indices where i != j || (a, b, c) != (0, 0, 0) {
              let vector = positions[j] - positions[i] + shift
              if vector.length < cutoff { found.append(.init(center: i, neighbor: j, vector: vector)) }
            }
          }
        }
      }
    }
    return found
  }
}

/// The largest difference of two lists in units of the largest expected magnitude (at least 1).
func discrepancy(_ found: [Double], _ expected: [Double]) -> Double {
  guard found.count == expected.count else { return .infinity }
  let scale = expected.reduce(1) { max($0, abs($1)) }
  return zip(found, expected).reduce(0) { worst, pair in
    let difference = abs(pair.0 - pair.1) / scale
    return difference.isNaN ? .infinity : max(worst, difference)
  }
}

func flat(_ vectors: [Vector3]) -> [Double] { vectors.flatMap { [$0.x, $0.y, $0.z] } }
func flat(_ m: Matrix3) -> [Double] { flat([m.a, m.b, m.c]) }
