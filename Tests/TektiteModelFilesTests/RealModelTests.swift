import Foundation
import Testing

@testable import TektiteModelFiles

@Suite("Trained models", .enabled(if: ProcessInfo.processInfo.environment["TEKTITE_DATA"] != nil))
struct RealModelTests {
  @Test("Published models of MACE have the tensors that torch says")
  func mace() throws {
    let folder = (ProcessInfo.processInfo.environment["TEKTITE_DATA"] ?? "") + "/models/"
    guard case .object(let models) = try JSONValue.parse(Fixtures.bytes(Fixtures.tests + "/real.json")).get() else {
      Issue.record("real.json is no object")
      return
    }
    for model in models where FileManager.default.fileExists(atPath: folder + model.key) {
      let file = try ModelFile(path: folder + model.key)
      #expect(file.kind == .mace)
      let tensors = Fixtures.array(model.value).map(Fixtures.array)
      #expect(file.checkpoint.names == tensors.map { Fixtures.string($0[0]) })
      for tensor in tensors {
        let found = try file.checkpoint.tensor(
          Fixtures.string(tensor[0]), shape: Fixtures.numbers(tensor[2]).map { Int($0) })
        #expect(found.type.rawValue == Fixtures.string(tensor[1]))
        let values = try file.checkpoint.finiteValues(Fixtures.string(tensor[0]))
        let (sum, squares) = (values.reduce(0, +), values.reduce(0) { $0 + $1 * $1 })
        // Sums in another order: rounding in proportion to the sum of magnitudes.
        let magnitude = values.reduce(1) { $0 + abs($1) }
        #expect(abs(sum - Fixtures.number(tensor[3])) < 1e-12 * magnitude, "\(model.key) \(tensor[0])")
        #expect(abs(squares - Fixtures.number(tensor[4])) < 1e-12 * (1 + squares), "\(model.key) \(tensor[0])")
      }
      let root = try #require(file.module)
      #expect(root.className.hasSuffix("ScaleShiftMACE") && root.hasModule("interactions.0.linear_up"))
      #expect(try root.module("interactions.0").requiredAttribute("target_irreps").elements?.isEmpty == false)
    }
  }
}
