import Foundation
import TektiteCore
import TektiteTestSupport

@testable import TektiteTrajectories

/// A folder of its own for a test, removed when the test is over.
final class TemporaryFolder {
  let path: String
  init() {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("tektite-\(UUID().uuidString)").path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func file(_ name: String) -> String { path + "/" + name }
  func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: file(name), atomically: false, encoding: .utf8)
    return file(name)
  }
  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }
  func write(_ bytes: [UInt8], to name: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: file(name))) }
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// Random numbers and configurations from a seed.
struct Sample {
  var random: Mutator
  init(seed: UInt64) { random = Mutator(seed: seed) }

  mutating func number(_ range: Range<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * Double(random.word() >> 11) * 0x1p-53
  }
  mutating func vector(_ range: Range<Double>) -> Vector3 { Vector3(number(range), number(range), number(range)) }

  mutating func structure(
    atoms: Int, labels: [String] = ["A", "B"], units: Units = .lj, cell: Cell = .cubic(10), velocities: Bool = true,
    forces: Bool = true
  ) -> Structure {
    let table = labels.enumerated().map { k, label in Species(label, mass: units == .lj ? 1 + Double(k) : nil) }
    let kinds = (0..<atoms).map { Int32($0 % labels.count) }
    var frame = Frame()
    frame.cell = cell
    frame.positions = (0..<atoms).map { _ in vector(-25..<30) }
    if velocities { frame.velocities = (0..<atoms).map { _ in vector(-3..<3) } }
    if forces { frame.forces = (0..<atoms).map { _ in vector(-40..<40) } }
    return Structure(topology: Topology(table: table, species: kinds), frame: frame)
  }

  static let triclinic = Cell(Matrix3(Vector3(10, 0, 0), Vector3(2.5, 9, 0), Vector3(-1, 1.5, 11)))
  /// Right-handed, in no special orientation.
  static let general = Cell(Matrix3(Vector3(9, 1, -0.5), Vector3(-1, 10, 2), Vector3(0.5, -2, 8)))
  static let leftHanded = Cell(Matrix3(Vector3(1, 10, 0.5), Vector3(9, -1, 0.3), Vector3(0.4, 0.2, 11)))
}

func header(
  _ structure: Structure, units: Units, unwrapped: Bool = true, evenlySpaced: Bool = true
) -> AmberTrajectory.Header {
  var fields: AmberTrajectory.Fields = []
  if !structure.frame.velocities.isEmpty { fields.insert(.velocities) }
  if !structure.frame.forces.isEmpty { fields.insert(.forces) }
  return AmberTrajectory.Header(
    topology: structure.topology, units: units, cell: structure.frame.cell, fields: fields, unwrapped: unwrapped,
    evenlySpaced: evenlySpaced, title: "test", potential: "lennard-jones (cut-and-shift)",
    attributes: ["tektite_deck_sha256": String(repeating: "0f", count: 32)])
}

/// The largest distance between corresponding vectors, relative to the size of the largest component where that exceeds 1.
func deviation(_ a: [Vector3], _ b: [Vector3]) -> Double {
  guard a.count == b.count else { return .infinity }
  var worst = 0.0
  for (u, v) in zip(a, b) {
    let scale = max(1, abs(v.x), abs(v.y), abs(v.z))
    worst = max(worst, (u - v).length / scale)
  }
  return worst
}

/// Rounding a vector to single precision and turning it back moves it by at most √3 · 2⁻²⁴ of its length, and turning twice in double adds
/// nothing that counts.
let singlePrecision = 2.5e-7

/// The error that a call throws, as text; empty if it throws none.
func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch { return "\(error)" }
}
