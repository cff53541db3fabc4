import TektiteCore
import Testing

@testable import TektiteEquivariant

/// The interpreter against numbers of the code that made a model.
enum InterpreterCheck {
  static func compare(_ model: any NetworkDescription, _ expected: Fixtures.Expected, _ name: String) throws {
    let structures = try Fixtures.structures()
    #expect(max(1, model.variants.count) == expected.heads)
    let programs = try (0..<expected.heads).map { Interpreter(try model.program(variant: $0)) }
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
}
