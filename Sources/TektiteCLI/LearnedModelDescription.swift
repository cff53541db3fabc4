import Foundation
import Tektite
import TektiteEquivariant
import TektiteModelFiles

/// What a learned model's file holds: what the archive says, and what the network is.
struct LearnedModelDescription: Described {
  let lines: [String]
  let json: String

  init(_ path: String) throws(InputError) {
    let file: ModelFile
    do throws(ModelFileError) {
      file = try ModelFile(path: path)
    } catch {
      throw InputError(error.message, file: error.file)
    }
    let digest = try LearnedModel.digest(path: path)
    var lines = file.summary.split(separator: "\n").enumerated().map { ($0 == 0 ? "\(path): " : "  ") + $1 }
    lines.append("  SHA-256: \(digest)")
    var members: [JSONValue.Member] = [.init("file", .string(path)), .init("sha256", .string(digest))]
    if case .object(let card) = file.card { members += card }
    let (words, data) = Self.network(file)
    lines += words.map { "  " + $0 }
    if let data { members.append(.init("network", data)) }
    self.lines = lines
    json = JSONValue.object(members).text
  }

  /// The network in words and as data, or why it cannot be evaluated.
  private static func network(_ file: ModelFile) -> ([String], JSONValue?) {
    func unsupported(_ why: String) -> ([String], JSONValue?) {
      (["cannot be evaluated: \(why)"], .object([.init("unsupported", .string(why))]))
    }
    do throws(ModelFileError) {
      let model = try file.network()
      for variant in 0..<max(1, model.variants.count) {
        do throws(ProgramError) {
          _ = try model.program(variant: variant)
        } catch {
          return unsupported("its parts do not fit together: \(error)")
        }
      }
      return (model.summary, model.card)
    } catch {
      return unsupported(error.message)
    }
  }
}
