import Foundation
import Tektite
import TektiteEquivariant
import TektiteModelFiles

/// What a learned model's file holds: what the archive says, and for MACE models what the network is.
struct LearnedModelDescription: Described {
  let lines: [String]
  let json: String

  init(_ path: String) throws(InputError) {
    do throws(ModelFileError) {
      let file = try ModelFile(path: path)
      var lines = file.summary.split(separator: "\n").map(String.init)
      lines[0] = "\(path): \(lines[0])"
      var members: [JSONValue.Member] = [.init("file", .string(path))]
      if case .object(let card) = file.card { members += card }
      if file.kind == .mace {
        let (words, data) = Self.network(file)
        lines += words
        members.append(.init("network", data))
      }
      self.lines = lines
      json = JSONValue.object(members).text
    } catch {
      throw InputError(error.message, file: error.file)
    }
  }

  /// The network in words and as data, or why it cannot be evaluated.
  private static func network(_ file: ModelFile) -> ([String], JSONValue) {
    do throws(ModelFileError) {
      let model = try MACEDescription(file)
      let elements = model.atomicNumbers.map { Element(number: $0)?.symbol ?? "\($0)" }
      let kinds = model.interactions.map(\.kind.rawValue)
      let precision = model.isSinglePrecision ? "float32" : "float64"
      var words = [
        "  elements: \(elements.joined(separator: " "))", "  cutoff: \(model.cutoff) Å",
        "  harmonics: to degree \(model.largestDegree)",
        "  layers: \(kinds.count) (\(kinds.joined(separator: ", ")))",
        "  stored in: \(precision)",
      ]
      if model.heads.count > 1 { words.append("  heads: \(model.heads.joined(separator: ", "))") }
      if model.repulsion != nil { words.append("  pair repulsion: ZBL") }
      return (
        words,
        .object([
          .init("elements", .array(elements.map(JSONValue.string))), .init("cutoff", .number(model.cutoff)),
          .init("largest_degree", .integer(model.largestDegree)),
          .init("layers", .array(kinds.map(JSONValue.string))),
          .init("heads", .array(model.heads.map(JSONValue.string))),
          .init("zbl", .bool(model.repulsion != nil)), .init("stored_in", .string(precision)),
        ])
      )
    } catch {
      return (["  cannot be evaluated: \(error.message)"], .object([.init("unsupported", .string(error.message))]))
    }
  }
}
