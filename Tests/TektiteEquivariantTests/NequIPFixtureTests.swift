import Foundation
import TektiteCore
import TektiteIrreps
import TektiteModelFiles
import Testing

@testable import TektiteEquivariant

@Suite("SevenNet and NequIP models against sevenn and nequip")
struct NequIPFixtureTests {
  static func network(_ file: String) throws -> any NetworkDescription {
    try ModelFile(path: Fixtures.path(file)).network()
  }
  static func expected(_ file: String) throws -> Fixtures.Expected {
    try Fixtures.expected(String(file.prefix { $0 != "." }))
  }

  @Test("SevenNet: energy, energies of atoms, forces and virials", arguments: Fixtures.sevenNets)
  func sevenNet(_ file: String) throws {
    try InterpreterCheck.compare(try Self.network(file), try Self.expected(file), file)
  }

  @Test("NequIP: energy, energies of atoms, forces and virials", arguments: Fixtures.nequIPs)
  func nequIP(_ file: String) throws {
    try InterpreterCheck.compare(try Self.network(file), try Self.expected(file), file)
  }

  @Test("Normalised activations are refused by name")
  func refused() throws {
    #expect {
      _ = try Self.network("nequip-norm.nequip.zip")
    } throws: { error in
      (error as? ModelFileError)?.message.contains("e3nn.nn._normact.NormActivation") == true
    }
  }

  @Test(
    "Features after each layer",
    arguments: ["sevennet-plain.pth", "sevennet-parity.pth", "nequip-plain.nequip.zip", "nequip-single.nequip.zip"])
  func ladder(_ file: String) throws {
    let (model, expected) = (try Self.network(file), try Self.expected(file))
    let ladder = try #require(expected.ladder)
    let structure = try #require(try Fixtures.structures()[ladder.structure])
    let atoms = try Atoms(structure, numbers: expected.numbers, model: model)
    let program = try model.program(variant: 0)
    let found = Interpreter(program).evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff))
    for (k, features) in ladder.features.enumerated() {
      let index = try #require(program.buffers.firstIndex { $0.name == "layer \(k)" })
      #expect(discrepancy(found.features[index], features) < 1e-12, "layer \(k) of \(file)")
    }
    #expect(ladder.features.count == program.layerCount)
  }
}
