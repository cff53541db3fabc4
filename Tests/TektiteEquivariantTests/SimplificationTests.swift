import TektiteCore
import TektiteIrreps
import Testing

@testable import TektiteEquivariant

@Suite("Simplified programs")
struct SimplificationTests {
  @Test("The same energies, forces and virials for no more multiplications", arguments: Fixtures.models)
  func equivalence(_ name: String) throws {
    let (model, expected) = (try Fixtures.description(name), try Fixtures.expected(name))
    let structures = try Fixtures.structures()
    for head in 0..<expected.heads {
      let program = try NetworkProgram(model, head: head)
      let simple = try program.simplified()
      #expect(simple.cost.perAtom < program.cost.perAtom && simple.cost.perEdge <= program.cost.perEdge)
      #expect(try simple.simplified() == simple, "simplified twice")
      #expect(simple.layerCount == program.layerCount)
      let (slow, fast) = (Interpreter(program), Interpreter(simple))
      for structure in structures.values {
        let atoms = try Atoms(structure, numbers: expected.numbers, model: model)
        let edges = atoms.edges(within: model.cutoff)
        let before = slow.evaluate(species: atoms.species, edges: edges)
        let after = fast.evaluate(species: atoms.species, edges: edges)
        // Sums in another order: a few units of the last place of their largest terms.
        let size = before.atomicEnergies.reduce(1) { max($0, abs($1)) }
        #expect(abs(before.energy - after.energy) < 1e-12 * size * Double(atoms.species.count))
        #expect(discrepancy(after.atomicEnergies, before.atomicEnergies) < 1e-12)
        #expect(discrepancy(flat(after.forces), flat(before.forces)) < 1e-12)
        #expect(discrepancy(flat(after.virial), flat(before.virial)) < 1e-12)
      }
    }
  }

  @Test("Of a plain model's first layer nothing is left to compute before the sum over neighbours")
  func firstLayer() throws {
    let simple = try NetworkProgram(try Fixtures.description("plain")).simplified()
    let names = simple.steps.map { step in step.output.map { simple.buffers[$0].name } ?? "" }
    // Up is an embedding, linear and skip are one map; product 0 is not made: its readers take the contraction.
    #expect(names.first == "up 0" && !names.contains("embedding") && !names.contains("linear 0"))
    #expect(!names.contains("product 0") && names.contains("up 1"))
    guard case .embed = simple.steps[0], case .exchange(0) = simple.steps[1], case .convolve = simple.steps[2] else {
      Issue.record("\(names)")
      return
    }
  }
}

/// Programs by hand for what no model has.
@Suite("Simplified programs by hand")
struct SimplificationByHandTests {
  /// Three atoms of two species.
  static let species = [0, 1, 1]
  static let edges: [Interpreter.Edge] = {
    let positions = [Vector3(0, 0, 0), Vector3(1.1, 0.3, -0.2), Vector3(-0.4, 1.2, 0.7)]
    return positions.indices.flatMap { i in
      positions.indices.filter { $0 != i }.map { j in
        Interpreter.Edge(center: i, neighbor: j, vector: positions[j] - positions[i])
      }
    }
  }()

  static func program(_ buffers: [(String, String)], _ steps: [Primitive]) throws -> NetworkProgram {
    try NetworkProgram(
      cutoff: 3, speciesCount: 2, buffers: try buffers.map { .init($0.0, try Irreps($0.1)) }, steps: steps,
      scale: [1.5, 0.7], shift: [-2, 3])
  }

  /// Compares with the interpreter, and gives the simplified program.
  static func simplify(_ program: NetworkProgram) throws -> NetworkProgram {
    let simple = try program.simplified()
    #expect(try simple.simplified() == simple)
    #expect(simple.cost.perAtom <= program.cost.perAtom && simple.cost.perEdge <= program.cost.perEdge)
    let before = Interpreter(program).evaluate(species: species, edges: edges)
    let after = Interpreter(simple).evaluate(species: species, edges: edges)
    #expect(discrepancy(after.atomicEnergies, before.atomicEnergies) < 1e-13)
    #expect(discrepancy(flat(after.forces), flat(before.forces)) < 1e-13)
    #expect(flat(before.forces).contains { abs($0) > 1e-3 }, "forces that would show a mistake")
    return simple
  }

  /// Numbers that are not round.
  static func numbers(_ count: Int, _ seed: Double = 1) -> [Double] {
    (0..<count).map { cosine(1.7 * Double($0) + seed) }
  }

  static func map(
    _ input: BufferIndex, _ output: BufferIndex, _ from: String, _ to: String, sets: Int = 1, biases: [Bool]? = nil
  ) throws -> Primitive {
    let plan = try Linear(Irreps(from), to: Irreps(to), biases: biases)
    let weights = (0..<sets).map { numbers(plan.weightCount, Double($0 + 3 * output)) }
    return .linear(
      LinearMap(
        input: input, output: output,
        LinearLayer(plan: plan, weights: weights, biases: numbers(plan.biasCount, Double(output)))))
  }

  /// From scalars to scalars and vectors, with a function for each channel and degree.
  static func convolution(_ input: BufferIndex, _ output: BufferIndex, copies: Int, degrees: [Int]) throws -> Primitive
  {
    let width = copies * degrees.count
    let radial = try RadialFunction(
      basis: .bessel(frequencies: [1.05, 2.1], prefactor: 0.8), transform: .identity,
      envelope: .polynomial(.init(exponent: 5, cutoff: 3)), envelopePlace: .basis,
      network: RadialNetwork(
        inputs: 2,
        layers: [
          .init(weights: numbers(10), activation: .init(.silu), outputs: 5),
          .init(weights: numbers(5 * width, 2), biases: numbers(width, 4), outputs: width),
        ]))
    let paths = degrees.enumerated().map { k, l in
      Convolution.Path(
        inputBlock: 0, degree: l, outputBlock: k, coefficient: 0.9, firstWeight: k * copies,
        coupling: (0...(2 * l)).map { .init(0, $0, $0, 1) })
    }
    return .convolve(
      Convolution(
        input: input, output: output, largestDegree: degrees.max() ?? 0, paths: paths, radial: radial,
        normalization: .constant(1.3), direction: .towardsCenter))
  }

  static let embed = Primitive.embed(Embedding(output: 0, rows: [numbers(4, 1), numbers(4, 2)]))

  @Test("Maps with biases and weights of species, cut into other blocks, become one")
  func composition() throws {
    for sets in [1, 2] {
      let simple = try Self.simplify(
        try Self.program(
          [("h", "4x0e"), ("a", "4x0e"), ("b", "6x0e"), ("c", "1x0e"), ("d", "2x0e"), ("e", "2x0e"), ("f", "1x0e")],
          [
            Self.embed, .exchange(0), try Self.convolution(0, 1, copies: 4, degrees: [0]),
            try Self.map(1, 2, "3x0e+1x0e", "2x0e+4x0e", sets: 3 - sets, biases: [false, true]),
            try Self.map(2, 3, "5x0e+1x0e", "1x0e", sets: sets), .readout(3),
            try Self.map(2, 4, "6x0e", "2x0e", sets: sets, biases: [true]),
            .gate(GateLayer(scalars: 0..<2, .init(.tanh)), input: 4, output: 5), try Self.map(5, 6, "2x0e", "1x0e"),
            .readout(6),
          ]))
      #expect(!simple.buffers.contains { $0.name == "b" })
      // 4 × 6 + 6 + 12 + 2 before, 4 + 8 + 2 after.
      #expect(simple.cost.perAtom == 14)
    }
  }

  @Test("A map is not composed where that costs more, nor where others read what is between")
  func noComposition() throws {
    // 4 → 1 → 4: the narrow place is worth keeping.
    let narrow = try Self.simplify(
      try Self.program(
        [("h", "4x0e"), ("a", "4x0e"), ("b", "1x0e"), ("c", "4x0e"), ("d", "4x0e"), ("e", "1x0e")],
        [
          Self.embed, .exchange(0), try Self.convolution(0, 1, copies: 4, degrees: [0]),
          try Self.map(1, 2, "4x0e", "1x0e"), try Self.map(2, 3, "1x0e", "4x0e"),
          .gate(GateLayer(scalars: 0..<4, .init(.silu)), input: 3, output: 4), try Self.map(4, 5, "4x0e", "1x0e"),
          .readout(5),
        ]))
    #expect(narrow.cost.perAtom == 12 && narrow.buffers.count == 6)
    // Read by a readout too.
    let shared = try Self.simplify(
      try Self.program(
        [("h", "4x0e"), ("a", "4x0e"), ("b", "1x0e"), ("c", "1x0e")],
        [
          Self.embed, .exchange(0), try Self.convolution(0, 1, copies: 4, degrees: [0]),
          try Self.map(1, 2, "4x0e", "1x0e"), try Self.map(2, 3, "1x0e", "1x0e"), .readout(2), .readout(3),
        ]))
    #expect(shared.buffers.count == 4)
  }

  @Test("Sums: nested, of embeddings, of maps, and read out")
  func sums() throws {
    let simple = try Self.simplify(
      try Self.program(
        [
          ("h", "4x0e"), ("a", "4x0e"), ("b", "4x0e"), ("c", "4x0e"), ("s", "4x0e"), ("t", "4x0e"), ("u", "4x0e"),
          ("d", "1x0e"), ("e", "1x0e"), ("f", "4x0e"), ("g", "1x0e"),
        ],
        [
          Self.embed, .exchange(0), try Self.convolution(0, 1, copies: 4, degrees: [0]),
          try Self.map(1, 2, "4x0e", "4x0e", biases: [true]), try Self.map(1, 3, "4x0e", "4x0e", sets: 2),
          .add([2, 0], output: 4), .add([4, 3, 0], output: 5), .add([5], output: 6),
          try Self.map(6, 7, "4x0e", "1x0e", sets: 2), .add([7, 7], output: 8), .readout(8),
          .gate(GateLayer(scalars: 0..<4, .init(.silu)), input: 0, output: 9), try Self.map(9, 10, "4x0e", "1x0e"),
          .readout(10),
        ]))
    // Everything after the sum over neighbours is a map to one number, from each of two maps; the rest is in the shift.
    #expect(simple.cost.perAtom == 8 && simple.buffers.count == 4)
    #expect(simple.steps.filter { if case .readout = $0 { true } else { false } }.count == 4)
  }

  @Test("Blocks, paths, radial functions, gates and products that nobody needs are dropped")
  func unread() throws {
    let irreps = try Irreps("1x0e+1x1o+1x2e")
    let terms = try [(0, Irrep(0, .even), 1), (0, Irrep(0, .even), 2), (1, Irrep(1, .odd), 2)].map {
      block, irrep, order in
      let basis = try SymmetricContractionBasis(irreps, to: irrep, order: order)
      return SymmetricContraction.Term(
        outputBlock: block, basis: basis, weights: [Self.numbers(basis.paths.count * 4)])
    }
    let simple = try Self.simplify(
      try Self.program(
        [
          ("h", "4x0e"), ("a", "4x0e+4x1o+4x2e+4x3o"), ("b", "4x0e+4x1o+4x2e"), ("c", "4x0e+4x1o"),
          ("d", "4x0e+4x0e+4x1o"), ("g", "2x0e+2x0e+4x1o"), ("e", "1x0e"), ("x", "7x0e"),
        ],
        [
          Self.embed, .exchange(0), try Self.convolution(0, 1, copies: 4, degrees: [0, 1, 2, 3]),
          try Self.map(1, 2, "4x0e+4x1o+4x2e+4x3o", "4x0e+4x1o+4x2e"), .exchange(2),
          .contract(SymmetricContraction(input: 2, output: 3, terms: terms)),
          try Self.map(3, 4, "4x0e+4x1o", "8x0e+4x1o"),
          .gate(
            GateLayer(
              scalars: [.init(0..<4, .init(.silu))],
              gated: [.init(start: 8, copies: 4, dimension: 3, firstGate: 4, .init(.sigmoid))]), input: 4, output: 5),
          try Self.map(5, 6, "4x0e+4x1o", "1x0e"), .readout(6), try Self.map(1, 7, "4x0e+4x1o+4x2e+4x3o", "7x0e"),
        ]))
    let found = Dictionary(uniqueKeysWithValues: simple.buffers.map { ($0.name, $0.irreps.description) })
    #expect(found["x"] == nil && found["a"] == "4x0e+4x1o+4x2e")
    #expect(found["c"] == "4x0e" && found["d"] == "4x0e" && found["g"] == "2x0e+2x0e")
    for case .convolve(let step) in simple.steps {
      #expect(step.radial.count == 12 && step.largestDegree == 2 && step.paths.count == 3)
    }
    #expect(simple.steps.filter { if case .exchange = $0 { true } else { false } }.count == 1)
  }

  @Test("Products of order 1 need scalars only, and then so does everything before")
  func lowOrder() throws {
    let irreps = try Irreps("1x0e+1x1o+1x2e")
    let basis = try SymmetricContractionBasis(irreps, to: Irrep(0, .even), order: 1)
    let term = SymmetricContraction.Term(outputBlock: 0, basis: basis, weights: [Self.numbers(4), Self.numbers(4, 2)])
    let simple = try Self.simplify(
      try Self.program(
        [("h", "4x0e"), ("a", "4x0e+4x1o+4x2e"), ("c", "4x0e"), ("e", "1x0e")],
        [
          Self.embed, .exchange(0), try Self.convolution(0, 1, copies: 4, degrees: [0, 1, 2]),
          .contract(SymmetricContraction(input: 1, output: 2, terms: [term])), try Self.map(2, 3, "4x0e", "1x0e"),
          .readout(3),
        ]))
    #expect(simple.buffers[1].irreps.description == "4x0e" && simple.cost.perEdge == 1 + 4 * (4 + 1 + 1))
  }

  @Test("A program that sees no neighbours is a shift")
  func constant() throws {
    let program = try Self.program(
      [("h", "4x0e"), ("a", "3x0e"), ("b", "3x0e"), ("c", "1x0e")],
      [
        Self.embed, try Self.map(0, 1, "4x0e", "3x0e", sets: 2, biases: [true]),
        .gate(GateLayer(scalars: 0..<3, .init(.tanh)), input: 1, output: 2), try Self.map(2, 3, "3x0e", "1x0e"),
        .readout(3),
      ])
    let simple = try program.simplified()
    #expect(simple.steps.isEmpty && simple.buffers.isEmpty)
    let energies = Interpreter(simple).evaluate(species: [0, 1], edges: []).atomicEnergies
    #expect(discrepancy(energies, Interpreter(program).evaluate(species: [0, 1], edges: []).atomicEnergies) < 1e-15)
  }
}
