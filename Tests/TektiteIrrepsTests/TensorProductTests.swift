import Testing

@testable import TektiteIrreps

@Suite("Tensor products")
struct TensorProductTests {
  static let names = [
    "fully connected", "fully connected, norm, path", "convolution", "elementwise, kept", "elementwise", "full", "uvv",
    "uuw", "uuu", "uvuv", "pairs", "variances",
  ]

  /// The plan of a fixture, made the way its maker made it.
  static func plan(_ name: String, _ convention: SignConvention) throws -> TensorProduct {
    typealias I = TensorProduct.Instruction
    func irreps(_ text: String) throws -> Irreps { try Irreps(text) }
    switch name {
    case "fully connected":
      return try .fullyConnected(
        irreps("4x0e+3x1o+2x2e"), irreps("2x0e+1x1o"), to: irreps("3x0e+2x1o+2x1e+1x2e"), convention: convention)
    case "fully connected, norm, path":
      return try .fullyConnected(
        irreps("2x1o+2x2e"), irreps("1x1o+2x2e"), to: irreps("2x0e+2x2e+1x1e+2x3o"), irrepNormalization: .norm,
        pathNormalization: .path, convention: convention)
    case "convolution":
      return try .convolution(
        irreps("3x0e+3x1o"), irreps("0e+1o+2e+3o"), keep: Irreps.list("0e,1o,2e,3o"), convention: convention)
    case "elementwise, kept":
      return try .elementwise(
        irreps("5x1o+5x1e"), irreps("10x1e"), keep: Irreps.list("0e,0o"), convention: convention)
    case "elementwise":
      return try .elementwise(irreps("3x2e+2x1o"), irreps("2x1o+3x2o"), convention: convention)
    case "full":
      return try .full(irreps("2x1o+1x2e"), irreps("2x1e+1x0o"), convention: convention)
    case "uvv":
      return try TensorProduct(
        irreps("3x1o+2x2e"), irreps("2x2e+3x1o"), to: irreps("2x1o+3x2o+2x2e"),
        [
          I(0, 0, 0, .uvv, hasWeight: true), I(1, 1, 1, .uvv, hasWeight: false),
          I(1, 0, 2, .uvv, hasWeight: true, pathWeight: 0.5),
        ], convention: convention)
    case "uuw":
      return try TensorProduct(
        irreps("3x0e+2x1o+2x2e"), irreps("3x0e+2x1o+2x2e"), to: irreps("1x0e+3x1e+2x2e"),
        (0..<3).map { I($0, $0, 0, .uuw, hasWeight: false) }
          + [I(1, 1, 1, .uuw, hasWeight: true), I(2, 2, 2, .uuw, hasWeight: true)], convention: convention)
    case "uuu":
      return try TensorProduct(
        irreps("3x1o+2x2e"), irreps("3x1o+2x2e"), to: irreps("3x1e+2x1e+2x3e"),
        [
          I(0, 0, 0, .uuu, hasWeight: true), I(1, 1, 1, .uuu, hasWeight: false), I(1, 1, 2, .uuu, hasWeight: true),
        ], convention: convention)
    case "uvuv":
      return try TensorProduct(
        irreps("2x1o+1x3o"), irreps("2x2e+2x3o"), to: irreps("4x2o+2x3e"),
        [I(0, 0, 0, .uvuv, hasWeight: true), I(1, 1, 1, .uvuv, hasWeight: false)], irrepNormalization: .norm,
        convention: convention)
    case "pairs":
      return try TensorProduct(
        irreps("4x2e"), irreps("4x2e"), to: irreps("6x1e+3x2e+6x0e"),
        [
          I(0, 0, 0, .uvuLessV, hasWeight: true), I(0, 0, 1, .uLessVW, hasWeight: true),
          I(0, 0, 2, .uvuLessV, hasWeight: false),
        ], irrepNormalization: .none, convention: convention)
    default:
      return try TensorProduct(
        irreps("2x3o+1x4e+1x5o"), irreps("2x4e+1x5o"), to: irreps("3x6o+2x5e+1x5o"),
        [
          I(0, 0, 0, .uvw, hasWeight: true, pathWeight: 2), I(1, 0, 1, .uvw, hasWeight: true),
          I(2, 1, 1, .uvw, hasWeight: true, pathWeight: 0.25), I(2, 0, 2, .uvw, hasWeight: true),
          I(0, 0, 2, .uvw, hasWeight: true),
        ], pathNormalization: .none,
        variances: .init(first: [1, 2, 0.5], second: [0.25, 3], output: [1, 4, 0.1]), convention: convention)
    }
  }

  @Test("Plans, values and gradients agree with both versions of e3nn", arguments: SignConvention.allCases, names)
  func againstE3NN(_ convention: SignConvention, _ name: String) throws {
    let fixture = try #require(try Fixtures.e3nn(convention).products[name])
    let plan = try Self.plan(name, convention)
    #expect(plan.first.description == fixture.first)
    #expect(plan.second.description == fixture.second)
    #expect(plan.output.description == fixture.output)
    #expect(plan.paths.count == fixture.instructions.count)
    for (path, expected) in zip(plan.paths, fixture.instructions) {
      #expect([path.instruction.first, path.instruction.second, path.instruction.output] == expected[..<3].map(\.int))
      #expect(path.instruction.mode.rawValue == expected[3].string)
    }
    #expect(plan.paths.map(\.instruction.hasWeight) == fixture.weighted)
    #expect(difference(plan.paths.map(\.coefficient), fixture.coefficients) < 1e-15)
    #expect(plan.weightCount == fixture.gradientW.count)
    let seed = UInt64(try #require(Self.names.firstIndex(of: name)))
    let (x, y) = (Fixtures.draw(100 + seed, plan.first.dimension), Fixtures.draw(200 + seed, plan.second.dimension))
    let w = Fixtures.draw(300 + seed, plan.weightCount)
    #expect(difference(try plan.evaluate(x, y, weights: w), fixture.values) < 1e-13)
    let g = try plan.gradients(x, y, weights: w, output: Fixtures.draw(400 + seed, plan.output.dimension))
    #expect(difference(g.first, fixture.gradient1) < 1e-13)
    #expect(difference(g.second, fixture.gradient2) < 1e-13)
    #expect(difference(g.weights, fixture.gradientW) < 1e-13)
  }

  @Test("Gradients agree with finite differences", arguments: names)
  func gradients(_ name: String) throws {
    let plan = try Self.plan(name, .e3nn04)
    let (x, y) = (Fixtures.draw(1, plan.first.dimension), Fixtures.draw(2, plan.second.dimension))
    let (w, a) = (Fixtures.draw(3, plan.weightCount), Fixtures.draw(4, plan.output.dimension))
    let g = try plan.gradients(x, y, weights: w, output: a)
    // The map is linear in each argument, so differences have no truncation error.
    #expect(difference(g.first, try finiteDifferences(x, 0.5) { dot(a, try plan.evaluate($0, y, weights: w)) }) < 1e-12)
    #expect(
      difference(g.second, try finiteDifferences(y, 0.5) { dot(a, try plan.evaluate(x, $0, weights: w)) }) < 1e-12)
    #expect(
      difference(g.weights, try finiteDifferences(w, 0.5) { dot(a, try plan.evaluate(x, y, weights: $0)) }) < 1e-12)
  }

  @Test("Turned inputs give turned outputs, inversion included", arguments: SignConvention.allCases, names)
  func equivariance(_ convention: SignConvention, _ name: String) throws {
    let plan = try Self.plan(name, convention)
    let wigner = try WignerD(upTo: 6)
    var random = SplitMix(seed: 8)
    let (x, y) = (Fixtures.draw(1, plan.first.dimension), Fixtures.draw(2, plan.second.dimension))
    let w = Fixtures.draw(3, plan.weightCount)
    let z = try plan.evaluate(x, y, weights: w)
    #expect(z.contains { abs($0) > 0.01 })
    for turn in [random.rotation(), random.rotation() * .inversion] {
      let turned = try plan.evaluate(
        wigner.rotate(x, of: plan.first, by: turn), wigner.rotate(y, of: plan.second, by: turn), weights: w)
      #expect(difference(turned, try wigner.rotate(z, of: plan.output, by: turn)) < 1e-13)
    }
  }

  @Test("Given coefficients are taken as they are, and blocks that nothing reaches are known")
  func storedCoefficients() throws {
    let made = try Self.plan("convolution", .e3nn04)
    let stored = try TensorProduct(
      made.first, made.second, to: made.output, made.paths.map(\.instruction),
      coefficients: made.paths.map(\.coefficient),
      convention: .e3nn04)
    #expect(made == stored)
    let partial = try TensorProduct(
      try Irreps("2x0e"), try Irreps("1x0e"), to: try Irreps("2x0e+1x1o+2x0e"),
      [.init(0, 0, 0, .uvu, hasWeight: true), .init(0, 0, 2, .uvu, hasWeight: true, pathWeight: 0)], convention: .e3nn04
    )
    #expect(partial.reachedBlocks == [true, false, false])
  }

  @Test("Impossible plans are refused with a reason")
  func refusals() throws {
    typealias I = TensorProduct.Instruction
    let (a, b) = (try Irreps("3x1o+2x0e"), try Irreps("2x1o"))
    func refused(_ output: String, _ i: I, _ word: String) throws {
      let output = try Irreps(output)
      let result = Result { () throws(IrrepsError) in
        try TensorProduct(a, b, to: output, [i], convention: .e3nn06)
      }
      switch result {
      case .success: Issue.record("accepted \(i)")
      case .failure(let error): #expect(error.message.contains(word), "\(error)")
      }
    }
    try refused("1x0e", I(2, 0, 0, .uvw, hasWeight: true), "first input")
    try refused("1x0e", I(0, -1, 0, .uvw, hasWeight: true), "second input")
    try refused("1x0e", I(0, 0, 9, .uvw, hasWeight: true), "output")
    try refused("1x3e", I(0, 0, 0, .uvw, hasWeight: true), "not in")
    try refused("1x0o", I(0, 0, 0, .uvw, hasWeight: true), "not in")
    try refused("1x0e", I(0, 0, 0, .uvw, hasWeight: false), "needs weights")
    try refused("1x0e", I(0, 0, 0, .uuu, hasWeight: true), "equal multiplicities")
    try refused("1x0e", I(0, 0, 0, .uvu, hasWeight: true), "needs multiplicity 3")
    try refused("1x0e", I(0, 0, 0, .uvuv, hasWeight: true), "needs multiplicity 6")
    try refused("1x0e", I(0, 0, 0, .uvw, hasWeight: true, pathWeight: -1), "path weight")
    try refused("1x0e", I(0, 0, 0, .uvw, hasWeight: true, pathWeight: .nan), "path weight")
    #expect(throws: IrrepsError.self) { try TensorProduct.elementwise(a, b, convention: .e3nn06) }
    let huge = try Irreps("1000000000x0e")
    #expect(throws: IrrepsError.self) { try TensorProduct.full(huge, huge, convention: .e3nn06) }
    #expect(throws: IrrepsError.self) { try TensorProduct.fullyConnected(huge, huge, to: huge, convention: .e3nn06) }
    #expect(throws: IrrepsError.self) {
      try TensorProduct(a, b, to: a, [], variances: .init(first: [1]), convention: .e3nn06)
    }
    let steep = try Irreps("1000000e")
    #expect(throws: IrrepsError.self) { try TensorProduct.full(steep, steep, convention: .e3nn06) }
    #expect(throws: IrrepsError.self) { try TensorProduct.elementwise(steep, steep, convention: .e3nn06) }
    #expect(throws: IrrepsError.self) { try TensorProduct.convolution(steep, steep, keep: [], convention: .e3nn06) }
    // A plan without paths may have an output that no memory holds; it is not evaluated.
    let hollow = try TensorProduct(a, b, to: huge, [], convention: .e3nn06)
    #expect(throws: IrrepsError.self) {
      try hollow.evaluate(Fixtures.draw(1, a.dimension), Fixtures.draw(2, b.dimension))
    }
    #expect(throws: IrrepsError.self) {
      try Linear(a, to: huge, []).evaluate(Fixtures.draw(1, a.dimension), weights: [])
    }
    let plan = try TensorProduct.fullyConnected(a, b, to: b, convention: .e3nn06)
    let (x, y) = (Fixtures.draw(1, a.dimension), Fixtures.draw(2, b.dimension))
    #expect(throws: IrrepsError.self) { try plan.evaluate(x, y, weights: []) }
    #expect(throws: IrrepsError.self) { try plan.evaluate(y, x, weights: Fixtures.draw(3, plan.weightCount)) }
    #expect(throws: IrrepsError.self) {
      try plan.gradients(x, y, weights: Fixtures.draw(3, plan.weightCount), output: [])
    }
  }
}
