import TektiteCore
import TektiteKernels

/// Runs a program through the executor, as a potential.
struct NetworkPotential: Potential, ~Copyable {
  let requirements: PotentialRequirements
  private var engine: NetworkEngine
  private let name: String
  private let pairs: [PairRepulsion]
  /// For each species of the system, its number in the program.
  private let map: [Int]

  /// - Throws: `ProgramError` where a step is beyond the executor.
  init(_ program: NetworkProgram, map: [Int], name: String, options: NetworkOptions) throws(ProgramError) {
    let species = Set(map).sorted()
    var lowering = try Lowering(
      program, species: species.isEmpty ? [0] : species, isDouble: !options.isSinglePrecision,
      usesExactRadial: options.usesExactRadial)
    engine = NetworkEngine(
      try lowering.plan(), isDouble: !options.isSinglePrecision,
      species: map.map { z in species.firstIndex(of: z) ?? 0 })
    (self.map, self.name, pairs) = (map, name, program.pairs)
    requirements = PotentialRequirements(
      cutoff: program.cutoff, interactionRange: program.cutoff * Double(max(1, program.layerCount)), lists: .edges)
  }

  mutating func reserveCapacity(atoms: Int, edges: Int) { engine.reserve(atoms: atoms, edges: edges, threads: 1) }

  mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    // The features of ghosts would have to come from their owners between layers.
    guard configuration.ownedCount == configuration.positions.count else {
      throw .unavailable("forces with ghost atoms", model: name)
    }
    let sums = engine.add(
      positions: configuration.positions, species: configuration.species, basis: configuration.cell.basis,
      offsets: neighbors.edges.offsets, neighbors: neighbors.edges.neighbors, shifts: neighbors.edges.shifts,
      forces: &evaluation.forces, energies: &evaluation.atomicEnergies, virials: &evaluation.atomicVirials,
      team: context.team)
    evaluation.energy += sums.energy
    evaluation.virial += sums.virial
    for pair in pairs { add(pair, configuration, neighbors, &evaluation) }
  }

  /// A term of pairs. A pair is seen from both atoms, so each adds its own half and its own force.
  private func add(
    _ pair: PairRepulsion, _ configuration: borrowing Configuration, _ neighbors: borrowing Neighborhood,
    _ evaluation: inout Evaluation
  ) {
    let basis = configuration.cell.basis
    let reach = pair.cutoffs.joined().reduce(0, max)
    let hasEnergies = evaluation.atomicEnergies.count > 0
    let hasVirials = evaluation.atomicVirials.count > 0
    for i in 0..<configuration.positions.count {
      let center = configuration.positions[i]
      let a = map[Int(configuration.species[i])]
      var (energy, force, virial) = (0.0, Vector3.zero, Matrix3.zero)
      for e in neighbors.edges.offsets[i]..<neighbors.edges.offsets[i + 1] {
        let (j, s) = (Int(neighbors.edges.neighbors[e]), neighbors.edges.shifts[e])
        var r = configuration.positions[j] - center
        if s != .zero { r += Vector3(Double(s.a), Double(s.b), Double(s.c)) * basis }
        guard r.dot(r) < reach * reach, r.dot(r) < requirements.cutoff * requirements.cutoff else { continue }
        let length = r.length
        let (v, dv) = pair.evaluate(length, a, map[Int(configuration.species[j])])
        energy += 0.5 * v
        let gradient = (dv / length) * r
        force += gradient
        virial += -0.5 * Matrix3.outer(r, gradient)
      }
      evaluation.energy += energy
      evaluation.virial += virial
      evaluation.forces[i] += force
      if hasEnergies { evaluation.atomicEnergies[i] += energy }
      if hasVirials { evaluation.atomicVirials[i] += virial }
    }
  }
}

extension NetworkProgram {
  /// Whether some convolution has harmonics or messages of a degree that kernels do not know, so that only the interpreter can run the program.
  public var needsInterpreter: Bool {
    steps.contains {
      guard case .convolve(let step) = $0 else { return false }
      return step.largestDegree > Lowering.largestDegree
        || step.paths.contains { buffers[step.output].irreps[$0.outputBlock].irrep.degree > Lowering.largestDegree }
    }
  }

  /// A worker that runs the program for species of a system with these numbers in the program: through the executor, or, where a step is beyond that,
  /// through the interpreter.
  func potential(map: [Int], name: String, options: NetworkOptions) throws(PotentialError) -> AnyPotential {
    do throws(ProgramError) {
      return AnyPotential(try NetworkPotential(self, map: map, name: name, options: options))
    } catch {
      return AnyPotential(InterpretedPotential(self, map: map, name: name))
    }
  }
}
