import Foundation
import TektiteCore
import TektiteIrreps
import TektiteModelFiles
import Testing

@testable import TektiteEquivariant

@Suite("MACE models against mace-torch")
struct MACEFixtureTests {
  @Test("Energy, energies of atoms, forces and virials", arguments: Fixtures.models)
  func values(_ name: String) throws {
    try InterpreterCheck.compare(try Fixtures.description(name), try Fixtures.expected(name), name)
  }

  @Test("Features after each block", arguments: ["plain", "odd"])
  func ladder(_ name: String) throws {
    let (model, expected) = (try Fixtures.description(name), try Fixtures.expected(name))
    let ladder = try #require(expected.ladder)
    let structure = try #require(try Fixtures.structures()[ladder.structure])
    let atoms = try Atoms(structure, numbers: expected.numbers, model: model)
    let program = try NetworkProgram(model)
    let found = Interpreter(program).evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff))
    for (k, features) in ladder.features.enumerated() {
      let buffer = k % 2 == 0 ? "interaction \(k / 2)" : "product \(k / 2)"
      let index = try #require(program.buffers.firstIndex { $0.name == buffer })
      #expect(discrepancy(found.features[index], features) < 1e-12, "\(buffer) of \(name)")
    }
    #expect(ladder.features.count == 2 * model.interactions.count)
  }

  @Test("Files say what they are")
  func descriptions() throws {
    let plain = try Fixtures.description("plain")
    #expect(
      !plain.isSinglePrecision && plain.atomicNumbers == [1, 6, 8] && plain.heads == ["Default"] && plain.cutoff == 3.5)
    #expect(plain.interactions.map(\.kind) == [.plain, .residual] && plain.repulsion == nil)
    #expect(plain.scale == [0.83] && plain.shift == [0.17] && plain.radial.envelope.exponent == 5)
    #expect(plain.products[0].terms.map(\.basis.order) == [1, 2, 3] && !plain.products[0].usesSkip)
    let heads = try Fixtures.description("heads")
    #expect(heads.isSinglePrecision && heads.heads == ["a", "b", "c"] && heads.atomicEnergies.count == 3)
    #expect(heads.products.map { $0.terms.map(\.basis.order).max() } == [3, 1])
    let nonLinear = try Fixtures.description("nonlinear")
    #expect(nonLinear.radial.envelopePlace == .result && nonLinear.readouts.count == 1)
    #expect(nonLinear.products[0].terms[0].weights.count == 1 && nonLinear.readouts[0].layers.count == 3)
    let density = try Fixtures.description("density")
    #expect(density.repulsion != nil && density.interactions.map(\.kind) == [.density, .densityResidual])
    guard case .agnesi = density.radial.transform else {
      Issue.record("no Agnesi transform")
      return
    }
  }

  @Test(
    "Published models", .enabled(if: ProcessInfo.processInfo.environment["TEKTITE_DATA"] != nil))
  func published() throws {
    let folder = (ProcessInfo.processInfo.environment["TEKTITE_DATA"] ?? "") + "/models/"
    let all: [String: Fixtures.Expected] = try Fixtures.decode(Fixtures.tests + "/real.json")
    for (name, expected) in all where FileManager.default.fileExists(atPath: folder + name) {
      try InterpreterCheck.compare(try MACEDescription(ModelFile(path: folder + name)), expected, name)
    }
  }
}
