import TektiteCore

/// Runs a program through the interpreter, as a potential: correct, slow, on one thread, and with allocations in every evaluation.
struct InterpretedPotential: Potential, ~Copyable {
  let requirements: PotentialRequirements
  private let interpreter: Interpreter
  private let name: String
  /// For each species of the system, its number in the program.
  private let map: [Int]

  init(_ program: NetworkProgram, map: [Int], name: String) {
    interpreter = Interpreter(program)
    self.map = map
    self.name = name
    requirements = PotentialRequirements(
      cutoff: program.cutoff, interactionRange: program.cutoff * Double(max(1, program.layerCount)), lists: .edges)
  }

  mutating func reserveCapacity(atoms: Int, edges: Int) {}

  mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    let count = configuration.positions.count
    // The features of ghosts would have to come from their owners between layers.
    guard configuration.ownedCount == count else { throw .unavailable("forces with ghost atoms", model: name) }
    let basis = configuration.cell.basis
    var species: [Int] = []
    var edges: [Interpreter.Edge] = []
    species.reserveCapacity(count)
    edges.reserveCapacity(neighbors.edges.count)
    for i in 0..<count {
      species.append(map[Int(configuration.species[i])])
      for e in neighbors.edges.offsets[i]..<neighbors.edges.offsets[i + 1] {
        let (j, s) = (Int(neighbors.edges.neighbors[e]), neighbors.edges.shifts[e])
        let shift = Vector3(Double(s.a), Double(s.b), Double(s.c)) * basis
        edges.append(
          .init(center: i, neighbor: j, vector: configuration.positions[j] - configuration.positions[i] + shift))
      }
    }
    let result = interpreter.evaluate(species: species, edges: edges)
    evaluation.energy += result.energy
    evaluation.virial += result.virial
    for i in 0..<count { evaluation.forces[i] += result.forces[i] }
    if quantities.contains(.atomicEnergies) {
      for i in 0..<count { evaluation.atomicEnergies[i] += result.atomicEnergies[i] }
    }
    if quantities.contains(.atomicVirials) {
      for i in 0..<count { evaluation.atomicVirials[i] += result.atomicVirials[i] }
    }
  }
}
