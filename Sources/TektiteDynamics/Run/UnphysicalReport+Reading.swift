import Foundation

extension UnphysicalReport {
  /// Reads the text of a `forensics.json`; nil for text that is none.
  public init?(json text: String) {
    guard let file = try? JSONDecoder().decode(File.self, from: Data(text.utf8)) else { return nil }
    finding = file.finding
    value = file.value.number
    limit = file.limit?.number
    stage = file.stage
    step = file.step
    lastGoodStep = file.lastGoodStep
    cause = file.cause
    atoms = file.atoms.map {
      Atom(
        index: $0.index, species: $0.species, force: $0.force.number, nearest: $0.nearest?.number,
        neighbor: $0.neighbor)
    }
  }

  /// The file as it is written.
  private struct File: Decodable {
    struct Atom: Decodable {
      var index: Int
      var species: String
      var force: Value
      var nearest: Value?
      var neighbor: Int?
    }
    var finding: Finding
    var value: Value
    var limit: Value?
    var stage: String
    var step: Int
    var lastGoodStep: Int
    var atoms: [Atom]
    var cause: String
  }

  /// A number, or the name of one that is not finite.
  private struct Value: Decodable {
    var number: Double

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Double.self) {
        number = value
      } else {
        number = Double(try container.decode(String.self)) ?? .nan
      }
    }
  }
}
