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
    try Self.compare(try Fixtures.description(name), try Fixtures.expected(name), name)
  }

  static func compare(_ model: MACEDescription, _ expected: Fixtures.Expected, _ name: String) throws {
    let structures = try Fixtures.structures()
    #expect(model.heads.count == expected.heads)
    let programs = try (0..<expected.heads).map { try Interpreter(NetworkProgram(model, head: $0)) }
    #expect(expected.results.count == 9)
    for result in expected.results {
      let structure = try #require(structures[result.structure])
      let atoms = try Atoms(structure, numbers: expected.numbers, model: model)
      // A margin beyond the cutoff, as lists have.
      let found = programs[result.head].evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff + 0.3))
      let place = "\(name), \(result.structure)"
      let size = result.nodeEnergies.reduce(1) { $0 + abs($1) }
      #expect(abs(found.energy - result.energy) < 1e-11 * size, "energy of \(place)")
      #expect(discrepancy(found.atomicEnergies, result.nodeEnergies) < 1e-11, "energies of atoms of \(place)")
      if let forces = result.forces {
        #expect(discrepancy(flat(found.forces), forces) < 1e-11, "forces of \(place)")
      }
      if let virial = result.virial {
        // mace-torch takes the derivative under symmetric strain. With couplings that were rounded to single precision energies change a little when
        // turned, and then the virial is not quite symmetric.
        let symmetric = 0.5 * (found.virial + found.virial.transposed)
        #expect(discrepancy(flat(symmetric), virial) < 1e-11, "virial of \(place)")
      }
      if let virials = result.atomicVirials {
        // mace-torch symmetrises its shares.
        let ours = found.atomicVirials.flatMap { flat(0.5 * ($0 + $0.transposed)) }
        #expect(discrepancy(ours, virials) < 1e-11, "virials of atoms of \(place)")
      }
    }
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
      try Self.compare(try MACEDescription(ModelFile(path: folder + name)), expected, name)
    }
  }
}
