import Foundation
import TektiteCore

/// A reference configuration in extended XYZ with named columns. Read here with a few lines of our own rather than by the engine's reader, so that one
/// mistake cannot hide in both.
struct ReferenceData {
  var structure: Structure
  var columns: [String: [[Double]]]

  /// Reads a file of the folder that the environment variable TEKTITE_DATA names; nil, with a printed sentence, where it is not set.
  static func read(_ name: String) throws -> ReferenceData? {
    guard let folder = ProcessInfo.processInfo.environment["TEKTITE_DATA"] else {
      print("TEKTITE_DATA is not set: the comparison with \(name) is skipped")
      return nil
    }
    return try ReferenceData(parsing: String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8))
  }

  struct Malformed: Error {}

  init(parsing text: String) throws {
    let lines = text.split(separator: "\n")
    guard lines.count > 2, let count = Int(lines[0]), lines.count >= count + 2 else { throw Malformed() }
    func value(_ key: String) -> Substring? {
      guard let start = lines[1].range(of: "\(key)=")?.upperBound else { return nil }
      let rest = lines[1][start...]
      return rest.first == "\"" ? rest.dropFirst().prefix { $0 != "\"" } : rest.prefix { $0 != " " }
    }
    guard let properties = value("Properties")?.split(separator: ":"),
      let lattice = value("Lattice")?.split(separator: " ").compactMap({ Double($0) }), lattice.count == 9
    else { throw Malformed() }
    var frame = Frame()
    frame.cell = Cell(
      Matrix3(
        Vector3(lattice[0], lattice[1], lattice[2]), Vector3(lattice[3], lattice[4], lattice[5]),
        Vector3(lattice[6], lattice[7], lattice[8])))
    var columns: [String: [[Double]]] = [:]
    var labels: [Substring] = []
    for line in lines[2..<count + 2] {
      let words = line.split(separator: " ")
      var at = 0
      for k in stride(from: 0, to: properties.count - 2, by: 3) {
        guard let width = Int(properties[k + 2]), at + width <= words.count else { throw Malformed() }
        let slice = words[at..<at + width]
        at += width
        if properties[k + 1] == "S" {
          labels.append(slice[slice.startIndex])
        } else {
          columns[String(properties[k]), default: []].append(slice.compactMap { Double($0) })
        }
      }
    }
    guard labels.count == count, let positions = columns["pos"], positions.allSatisfy({ $0.count == 3 }) else {
      throw Malformed()
    }
    frame.positions = positions.map { Vector3($0[0], $0[1], $0[2]) }
    let kinds = Array(Set(labels)).sorted()
    let species = labels.map { Int32(kinds.firstIndex(of: $0) ?? 0) }
    structure = Structure(
      topology: Topology(table: kinds.map { Species(String($0)) }, species: species), frame: frame)
    self.columns = columns
  }
}
