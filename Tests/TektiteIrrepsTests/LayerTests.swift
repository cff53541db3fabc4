import Foundation
import Testing

@testable import TektiteIrreps

@Suite("Linear maps, functions and gates")
struct LayerTests {
  static func linear(_ k: Int) throws -> Linear {
    switch k {
    case 0: try Linear(try Irreps("4x0e+3x1o+2x0e"), to: try Irreps("3x0e+2x1o+1x2e"))
    case 1:
      try Linear(
        try Irreps("4x0e+3x1o+2x0e"), to: try Irreps("3x0e+2x1o+2x0o+2x0e"), biases: [true, false, false, true])
    default:
      try Linear(
        try Irreps("2x0e+1x0e+2x1o"), to: try Irreps("2x1o+3x0e"), [.init(2, 0), .init(1, 1), .init(0, 1)],
        pathNormalization: .path)
    }
  }

  @Test("Linear maps agree with e3nn and with finite differences, and turn", arguments: 0..<3)
  func linears(_ k: Int) throws {
    let fixture = try #require(try Fixtures.e3nn().linears)[k]
    let plan = try Self.linear(k)
    let seed = UInt64(k)
    #expect(plan.output.description == fixture.output)
    #expect(difference(plan.paths.map(\.coefficient), fixture.coefficients) < 1e-15)
    let (x, w) = (Fixtures.draw(500 + seed, plan.input.dimension), Fixtures.draw(510 + seed, plan.weightCount))
    let (b, a) = (Fixtures.draw(520 + seed, plan.biasCount), Fixtures.draw(530 + seed, plan.output.dimension))
    let z = try plan.evaluate(x, weights: w, biases: b)
    #expect(difference(z, fixture.values) < 1e-14)
    let g = try plan.gradients(x, weights: w, output: a)
    #expect(difference(g.input, fixture.gradient) < 1e-14)
    #expect(difference(g.weights, fixture.gradientW) < 1e-14)
    #expect(difference(g.biases, fixture.gradientB) < 1e-14)
    #expect(
      difference(g.input, try finiteDifferences(x, 0.5) { dot(a, try plan.evaluate($0, weights: w, biases: b)) })
        < 1e-12)
    #expect(
      difference(g.weights, try finiteDifferences(w, 0.5) { dot(a, try plan.evaluate(x, weights: $0, biases: b)) })
        < 1e-12)
    let wigner = try WignerD(upTo: 2)
    var random = SplitMix(seed: 1)
    let turn = random.rotation() * .inversion
    let turned = try plan.evaluate(wigner.rotate(x, of: plan.input, by: turn), weights: w, biases: b)
    #expect(difference(turned, try wigner.rotate(z, of: plan.output, by: turn)) < 1e-14)
  }

  @Test("Impossible linear maps are refused")
  func linearRefusals() throws {
    let (a, b) = (try Irreps("2x0e+1x1o"), try Irreps("2x1o"))
    #expect(throws: IrrepsError.self) { try Linear(a, to: b, [.init(0, 0)]) }
    #expect(throws: IrrepsError.self) { try Linear(a, to: b, [.init(2, 0)]) }
    #expect(throws: IrrepsError.self) { try Linear(a, to: b, [.init(1, -1)]) }
    #expect(throws: IrrepsError.self) { try Linear(a, to: b, biases: [true]) }
    #expect(throws: IrrepsError.self) { try Linear(a, to: b, biases: []) }
    #expect(throws: IrrepsError.self) { try Linear(a, to: b, [.init(1, 0)], coefficients: []) }
    let plan = try Linear(a, to: b)
    #expect(throws: IrrepsError.self) { try plan.evaluate([1], weights: [1, 2]) }
    #expect(throws: IrrepsError.self) { try plan.evaluate([1, 2, 3, 4, 5], weights: [1]) }
    #expect(throws: IrrepsError.self) { try plan.evaluate([1, 2, 3, 4, 5], weights: [1, 2], biases: [1]) }
    #expect(throws: IrrepsError.self) { try plan.gradients([1, 2, 3, 4, 5], weights: [1, 2], output: []) }
  }

  @Test(
    "Functions and their factors agree with e3nn; slopes with finite differences",
    arguments: ActivationFunction.allCases)
  func functions(_ function: ActivationFunction) throws {
    let expected = try #require(try Fixtures.e3nn().moments?[function.rawValue])
    #expect(function.secondMomentFactor == expected[0])
    let x = Fixtures.draw(700, 20).map { 8 * $0 }
    #expect(difference(x.map { function.secondMomentFactor * function($0) }, Array(expected[1...])) < 2e-15 * 8)
    for p in x where abs(p) > 0.01 {
      let slope = (function(p + 1e-5) - function(p - 1e-5)) / 2e-5
      #expect(abs(slope - function.derivative(p)) < 1e-9)
      if function.parity == .even { #expect(function(-p) == function(p)) }
      if function.parity == .odd { #expect(function(-p) == -function(p)) }
      if function.parity == nil { #expect(abs(abs(function(-p)) - abs(function(p))) > 1e-12) }
    }
    for big in [800.0, -800, 1e300, -1e300] {
      #expect(function(big).isFinite && function.derivative(big).isFinite)
    }
    #expect(function(.nan).isNaN || function == .relu)
    // The factor is the inverse root of the second moment: within Monte-Carlo error of the integral.
    var moment = 0.0
    let step = 1e-3
    for k in -10_000...10_000 {
      let t = Double(k) * step
      moment += function(t) * function(t) * exp(-t * t / 2)
    }
    moment *= step / (2 * Double.pi).squareRoot()
    #expect(abs(function.secondMomentFactor * moment.squareRoot() - 1) < 3e-3)
  }

  static func gate(_ case: Fixtures.GateCase) throws -> Gate {
    try Gate(
      scalars: Irreps(`case`.scalars), `case`.scalarFunctions.map { ActivationFunction(rawValue: $0) },
      gates: Irreps(`case`.gates), `case`.gateFunctions.map { ActivationFunction(rawValue: $0) },
      gated: Irreps(`case`.gated))
  }

  @Test("Gates agree with e3nn and with finite differences, and turn", arguments: 0..<4)
  func gates(_ k: Int) throws {
    let fixture = try #require(try Fixtures.e3nn().gates)[k]
    let gate = try Self.gate(fixture)
    #expect(gate.input.description == fixture.input)
    #expect(gate.output.description == fixture.output)
    let x = Fixtures.draw(600 + UInt64(k), gate.input.dimension)
    let a = Fixtures.draw(610 + UInt64(k), gate.output.dimension)
    let z = try gate.evaluate(x)
    #expect(difference(z, fixture.values) < 2e-15)
    let g = try gate.gradient(x, output: a)
    #expect(difference(g, fixture.gradient) < 1e-14)
    #expect(difference(g, try finiteDifferences(x) { dot(a, try gate.evaluate($0)) }) < 1e-9)
    let wigner = try WignerD(upTo: 2)
    var random = SplitMix(seed: 2)
    for turn in [random.rotation(), random.rotation() * .inversion] {
      let turned = try gate.evaluate(wigner.rotate(x, of: gate.input, by: turn))
      #expect(difference(turned, try wigner.rotate(z, of: gate.output, by: turn)) < 1e-13)
    }
    #expect(throws: IrrepsError.self) { try gate.evaluate(x + [0]) }
    #expect(throws: IrrepsError.self) { try gate.gradient(x, output: a + [0]) }
  }

  @Test("Functions of lengths agree with e3nn and with finite differences, and turn", arguments: 0..<2)
  func norms(_ k: Int) throws {
    let fixture = try #require(try Fixtures.e3nn().norms)[k]
    let plan = try NormActivation(Irreps(fixture.irreps), .silu, hasBiases: k == 0)
    let x = Fixtures.draw(620 + UInt64(k), plan.irreps.dimension)
    let b = Fixtures.draw(630 + UInt64(k), plan.biasCount)
    let a = Fixtures.draw(640 + UInt64(k), x.count)
    let z = try plan.evaluate(x, biases: b)
    #expect(difference(z, fixture.values) < 1e-14)
    let g = try plan.gradients(x, biases: b, output: a)
    #expect(difference(g.input, fixture.gradient) < 1e-14)
    #expect(difference(g.biases, fixture.gradientB) < 1e-14)
    #expect(difference(g.input, try finiteDifferences(x) { dot(a, try plan.evaluate($0, biases: b)) }) < 1e-9)
    let wigner = try WignerD(upTo: 2)
    var random = SplitMix(seed: 4)
    let turn = random.rotation() * .inversion
    // An odd scalar is a length with a sign, so inversion turns it as well.
    let turned = try plan.evaluate(wigner.rotate(x, of: plan.irreps, by: turn), biases: b)
    #expect(difference(turned, try wigner.rotate(z, of: plan.irreps, by: turn)) < 1e-14)
    let still = [Double](repeating: 0, count: x.count)
    #expect(try plan.evaluate(still, biases: b) == still)
    #expect(try plan.gradients(still, biases: b, output: a).input.allSatisfy { $0.isFinite })
    #expect(throws: IrrepsError.self) { try plan.evaluate([], biases: b) }
    #expect(throws: IrrepsError.self) { try plan.gradients(x, biases: b, output: []) }
    #expect(throws: IrrepsError.self) { try NormActivation(plan.irreps, .tanh, shortest: 0) }
  }

  @Test("Parity decides which functions may act")
  func parities() throws {
    let even = try Activation(try Irreps("2x0o+1x0e+1x1o"), [.abs, .silu, nil])
    #expect(even.output.description == "2x0e+1x0e+1x1o")
    #expect(try Activation(try Irreps("2x0o"), [.tanh]).output.description == "2x0o")
    #expect(try even.evaluate([-1, 2, 0, 5, 6, 7])[3...] == [5, 6, 7])
    #expect(try even.derivatives([-1, 2, 0, 5, 6, 7])[3...] == [1, 1, 1])
    #expect(throws: IrrepsError.self) { try Activation(try Irreps("2x0o"), [.silu]) }
    #expect(throws: IrrepsError.self) { try Activation(try Irreps("2x1o"), [.tanh]) }
    #expect(throws: IrrepsError.self) { try Activation(try Irreps("2x0e"), []) }
    #expect(throws: IrrepsError.self) { try even.evaluate([1]) }
    #expect(throws: IrrepsError.self) {
      try Gate(scalars: Irreps("1x1o"), [nil], gates: [], [], gated: [])
    }
    #expect(throws: IrrepsError.self) {
      try Gate(scalars: [], [], gates: Irreps("2x0e"), [.silu], gated: Irreps("3x1o"))
    }
    #expect(throws: IrrepsError.self) {
      try Gate(scalars: Irreps("1000000000x0e"), [.silu], gates: [], [], gated: [])
    }
  }
}
