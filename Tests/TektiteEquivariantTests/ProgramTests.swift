import TektiteIrreps
import Testing

@testable import TektiteEquivariant

@Suite("Programs")
struct ProgramTests {
  static func program(_ buffers: [String], _ steps: [Primitive], species: Int = 1) throws -> NetworkProgram {
    try NetworkProgram(
      cutoff: 3, speciesCount: species, buffers: try buffers.map { .init($0, try Irreps($0)) }, steps: steps,
      scale: Array(repeating: 1, count: species), shift: Array(repeating: 0, count: species))
  }

  @Test("Programs that do not fit are refused")
  func refusals() throws {
    let embed = Primitive.embed(Embedding(output: 0, rows: [[1, 2]]))
    #expect(throws: Never.self) { try Self.program(["2x0e"], [embed, .exchange(0)]) }
    // Read before written, written twice, a wrong number of species, a buffer that is not there.
    #expect(throws: ProgramError.self) { try Self.program(["1x0e"], [.readout(0)]) }
    #expect(throws: ProgramError.self) { try Self.program(["2x0e"], [embed, embed]) }
    #expect(throws: ProgramError.self) { try Self.program(["2x0e"], [embed], species: 2) }
    #expect(throws: ProgramError.self) { try Self.program(["2x0e"], [.exchange(3)]) }
    // An energy of two components; sums of different irreps; a gate that reaches too far; irreps beyond reason.
    #expect(throws: ProgramError.self) { try Self.program(["2x0e"], [embed, .readout(0)]) }
    #expect(throws: ProgramError.self) { try Self.program(["2x0e", "2x0o"], [embed, .add([0], output: 1)]) }
    #expect(throws: ProgramError.self) {
      try Self.program(["2x0e", "3x0e"], [embed, .gate(GateLayer(scalars: 0..<3, nil), input: 0, output: 1)])
    }
    #expect(throws: ProgramError.self) { try Self.program(["2000000x0e"], []) }
    let plan = try Linear(Irreps("2x0e"), to: Irreps("1x0e"))
    let layer = LinearLayer(plan: plan, weights: [[1]])
    #expect(throws: ProgramError.self) {
      try Self.program(["2x0e", "1x0e"], [embed, .linear(LinearMap(input: 0, output: 1, layer))])
    }
  }

  @Test("A program by hand: an embedding, a linear map, a function, a readout")
  func byHand() throws {
    let plan = try Linear(Irreps("2x0e"), to: Irreps("1x0e"), biases: [true])
    let program = try NetworkProgram(
      cutoff: 3, speciesCount: 2,
      buffers: [.init("h", Irreps("2x0e")), .init("x", Irreps("1x0e")), .init("e", Irreps("1x0e"))],
      steps: [
        .embed(Embedding(output: 0, rows: [[1, 2], [3, -1]])),
        .linear(LinearMap(input: 0, output: 1, LinearLayer(plan: plan, weights: [[1, 1], [2, 0]], biases: [0.5]))),
        .gate(GateLayer(scalars: 0..<1, .init(.tanh, factor: 2)), input: 1, output: 2), .readout(2),
      ], scale: [2, 3], shift: [10, 20])
    let found = Interpreter(program).evaluate(species: [1, 0, 1], edges: [])
    let half = 0.5.squareRoot()
    let (a, b) = (hyperbolicTangent(3 * half + 0.5), hyperbolicTangent(6 * half + 0.5))
    #expect(discrepancy(found.atomicEnergies, [20 + 6 * b, 10 + 4 * a, 20 + 6 * b]) < 1e-15)
    #expect(program.layerCount == 0 && found.forces.allSatisfy { $0 == .zero })
  }

  @Test("Every model has one program for each head, and none beyond")
  func heads() throws {
    let model = try Fixtures.description("heads")
    let programs = try (0..<3).map { try NetworkProgram(model, head: $0) }
    #expect(programs[0] != programs[1] && programs[0].layerCount == 2 && programs[0].cutoff == model.cutoff)
    #expect(throws: ProgramError.self) { try NetworkProgram(model, head: 3) }
    #expect(throws: ProgramError.self) { try NetworkProgram(model, head: -1) }
  }
}
