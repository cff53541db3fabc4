import TektiteCore
import TektiteKernels
import TektiteModelFiles
import TektiteTestSupport
import Testing

@testable import TektiteEquivariant

@Suite("The executor against the interpreter")
struct ExecutorTests {
  /// A structure of the fixtures as the driver takes it.
  static func structure(_ atoms: Atoms, _ numbers: [Int]) -> Structure {
    let labels = atoms.species.map { Element(number: numbers[$0])?.symbol ?? "X" }
    var table: [Species] = []
    for label in labels where !table.contains(where: { $0.label == label }) { table.append(Species(label)) }
    let basis = Matrix3(atoms.cell[0], atoms.cell[1], atoms.cell[2])
    var frame = Frame()
    frame.positions = atoms.positions
    let periodic = Periodicity(atoms.isPeriodic[0], atoms.isPeriodic[1], atoms.isPeriodic[2])
    frame.cell = atoms.isPeriodic.contains(true) ? Cell(basis, periodic: periodic) : .open
    let species = labels.map { label in Int32(table.firstIndex { $0.label == label } ?? 0) }
    return Structure(topology: Topology(table: table, species: species), frame: frame)
  }

  /// A program behind the protocol, for species by element.
  struct Model: PotentialModel {
    let program: NetworkProgram
    let numbers: [Int]
    let options: NetworkOptions
    var name: String { "program" }
    func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
      let map = table.map { species in numbers.firstIndex { $0 == species.element?.number } ?? 0 }
      do throws(ProgramError) {
        return AnyPotential(try NetworkPotential(program, map: map, name: name, options: options))
      } catch {
        throw .invalidParameters(error.message)
      }
    }
  }

  /// Relative differences of energy, forces and virial from those of the interpreter.
  static func compare(
    _ name: String, _ options: NetworkOptions, _ energyBound: Double, _ forceBound: Double, threads: Int = 1
  ) throws {
    // Files of MACE are named without their ending.
    let isMACE = !name.contains(".")
    let model = try ModelFile(path: Fixtures.path(isMACE ? name + ".model" : name)).network()
    let expected = try Fixtures.expected(String(name.prefix { $0 != "." }))
    let numbers = model.typeNames.map { Element(symbol: $0)?.number ?? 0 }
    let structures = try Fixtures.structures()
    for head in 0..<expected.heads {
      let program = try model.program(variant: head)
      let interpreter = Interpreter(program)
      for (place, fixture) in structures.sorted(by: { $0.key < $1.key }) {
        guard let atoms = try? Atoms(fixture, numbers: expected.numbers, model: model) else { continue }
        let oracle = interpreter.evaluate(species: atoms.species, edges: atoms.edges(within: model.cutoff))
        let found = try Measurement(
          Model(program: program, numbers: numbers, options: options),
          of: structure(atoms, numbers), skin: 0.3, threads: threads, units: .real)
        let size = oracle.atomicEnergies.reduce(1) { $0 + abs($1) }
        let text = "\(name), head \(head), \(place)"
        #expect(abs(found.energy - oracle.energy) < energyBound * size, "energy of \(text)")
        #expect(discrepancy(found.atomicEnergies, oracle.atomicEnergies) < energyBound, "energies of atoms of \(text)")
        #expect(discrepancy(flat(found.forces), flat(oracle.forces)) < forceBound, "forces of \(text)")
        // As energies, virials are sums of terms of both signs, of whose sizes the error is a part: 2.1e-5 of the largest element itself was measured once
        // in single precision (sevennet-ranges, slab).
        let terms = oracle.atomicVirials.reduce(1) { $0 + (flat($1).map(abs).max() ?? 0) }
        let difference = flat(found.virial - oracle.virial).map(abs).max() ?? .infinity
        #expect(difference < forceBound * terms, "virial of \(text)")
        #expect(
          discrepancy(found.atomicVirials.flatMap(flat), oracle.atomicVirials.flatMap(flat)) < forceBound,
          "virials of atoms of \(text)")
      }
    }
  }

  // The same sums in another order.
  @Test(
    "Double precision, radial functions without tables",
    arguments: Fixtures.models + Fixtures.sevenNets + Fixtures.nequIPs)
  func exact(_ name: String) throws {
    try Self.compare(name, NetworkOptions(usesExactRadial: true), 1e-12, 1e-11)
  }

  // The tables are made for this.
  @Test("Double precision", arguments: Fixtures.models + Fixtures.sevenNets + Fixtures.nequIPs)
  func double(_ name: String) throws { try Self.compare(name, NetworkOptions(), 1e-9, 1e-9, threads: 2) }

  @Test("Single precision, exact", arguments: Fixtures.models + Fixtures.sevenNets + Fixtures.nequIPs)
  func singleExact(_ name: String) throws {
    try Self.compare(name, NetworkOptions(isSinglePrecision: true, usesExactRadial: true), 2e-5, 2e-5, threads: 2)
  }

  @Test("Single precision", arguments: Fixtures.models + Fixtures.sevenNets + Fixtures.nequIPs)
  func single(_ name: String) throws {
    try Self.compare(name, NetworkOptions(isSinglePrecision: true), 2e-5, 2e-5, threads: 2)
  }
}
