import TektiteIrreps
import TektiteKernels
import Testing

@Suite("Symmetric contractions by pairs")
struct CubicContractionTests {
  /// Values and gradient of polynomials, term by term: B_M and ∂/∂A of Σ_M B̄_M B_M.
  static func plain(
    _ list: [PolynomialTables.Monomial], _ a: [Double], weights: [Double], adjoint: [Double]
  ) -> (values: [Double], gradient: [Double]) {
    var values = [Double](repeating: 0, count: adjoint.count)
    var gradient = [Double](repeating: 0, count: a.count)
    for m in list {
      let factor = weights[m.path] * m.value
      values[m.component] += m.indices.reduce(factor) { $0 * a[$1] }
      for (k, i) in m.indices.enumerated() {
        var product = factor * adjoint[m.component]
        for (j, other) in m.indices.enumerated() where j != k { product *= a[other] }
        gradient[i] += product
      }
    }
    return (values, gradient)
  }

  static func check(
    _ c: KernelCase, _ list: [PolynomialTables.Monomial], inputs: Int, components: Int, paths: Int, channels: Int,
    _ name: String
  ) throws {
    let tables = try #require(CubicTables(list, inputs: inputs, components: components, paths: paths))
    let atoms = 3
    let padded = NetworkGrain.padded(channels, isDouble: c.isDouble)
    let stride = atoms * padded
    var random = SmallGenerator(11)
    let a = Scalars(random.array(inputs * stride), isDouble: c.isDouble)
    let adjoint = Scalars(random.array(components * stride), isDouble: c.isDouble)
    let weights = random.array(paths * padded)
    let rows = Scalars(tables.weightRows(from: weights, channels: padded), isDouble: c.isDouble)
    let scratch = Scalars(tables.scratchBytes / 8, isDouble: true)
    let nothing = [Double](repeating: .nan, count: max(inputs, components) * stride)
    let values = Scalars(nothing, isDouble: c.isDouble)
    let gradient = Scalars(nothing, isDouble: c.isDouble)
    let single = Scalars(nothing, isDouble: c.isDouble)
    let along = Scalars(nothing, isDouble: c.isDouble)
    var pass = CubicPass(
      program: tables.program, atoms: atoms, channels: padded, input: a.base, inputStride: stride, weights: rows.base,
      values: values.base, valueStride: stride, scratch: scratch.base)
    c.kernels.evaluate(pass)
    (pass.gradient, pass.gradientStride) = (gradient.base, stride)
    (pass.adjoint, pass.adjointStride) = (UnsafeRawPointer(adjoint.base), stride)
    c.kernels.evaluate(pass)
    if components == 1 {
      (pass.gradient, pass.adjoint, pass.values) = (single.base, nil, along.base)
      c.kernels.evaluate(pass)
    }

    var expected = [Double](repeating: 0, count: components * stride)
    var expectedGradient = [Double](repeating: 0, count: inputs * stride)
    var expectedSingle = expectedGradient
    for atom in 0..<atoms {
      for k in 0..<padded {
        let place = atom * padded + k
        let vector = (0..<inputs).map { a[$0 * stride + place] }
        let w = (0..<paths).map { weights[$0 * padded + k] }
        let bar = (0..<components).map { adjoint[$0 * stride + place] }
        let (value, slope) = plain(list, vector, weights: w, adjoint: bar)
        for m in 0..<components { expected[m * stride + place] = value[m] }
        for i in 0..<inputs { expectedGradient[i * stride + place] = slope[i] }
        if components == 1 {
          let slope = plain(list, vector, weights: w, adjoint: [1]).gradient
          for i in 0..<inputs { expectedSingle[i * stride + place] = slope[i] }
        }
      }
    }
    // Weights are rounded once more than in the plain sums.
    let tolerance = 3 * c.tolerance
    #expect(relativeError(Array(values.values.prefix(expected.count)), expected) < tolerance, "\(name): values")
    #expect(
      relativeError(Array(gradient.values.prefix(inputs * stride)), expectedGradient) < tolerance, "\(name): gradient")
    if components == 1 {
      #expect(
        relativeError(Array(single.values.prefix(inputs * stride)), expectedSingle) < tolerance,
        "\(name): gradient of one")
      #expect(relativeError(Array(along.values.prefix(stride)), expected) < tolerance, "\(name): value along with it")
    }
  }

  @Test("values and gradients are the plain sums", arguments: KernelCase.all)
  func contraction(_ c: KernelCase) throws {
    for (input, output, order) in [
      ("0e+1o+2e+3o", "0e", 3), ("0e+1o+2e+3o", "1o", 3), ("0e+1o+2e", "0e", 3), ("0e+1o+2e", "1o", 3),
      ("0e+1o+2e", "2e", 3), ("0e+1o", "0e", 2), ("0e+1o", "1o", 1), ("0e", "0e", 3),
    ] {
      let (list, paths, inputs, components, _) = try PolynomialContractionTests.monomials(
        input, to: output, order: order)
      for channels in [16, 56, 96] {
        try Self.check(
          c, list, inputs: inputs, components: components, paths: paths, channels: channels,
          "\(input) to \(output), order \(order), \(channels) channels")
      }
    }
  }

  @Test("monomials of any kind, added up where they repeat", arguments: KernelCase.all)
  func anything(_ c: KernelCase) throws {
    var random = SmallGenerator(2)
    for components in [1, 2] {
      let list = (0..<120).map { _ in
        PolynomialTables.Monomial(
          component: random.index(below: components), path: random.index(below: 4),
          indices: (0...random.index(below: 3)).map { _ in random.index(below: 5) }, value: random.next())
      }
      try Self.check(
        c, list, inputs: 6, components: components, paths: 4, channels: 24, "random, \(components) components")
      // Nothing but a zero, and nothing at all.
      let zero = PolynomialTables.Monomial(component: 0, path: 1, indices: [2, 0], value: 0)
      for list in [[zero], []] {
        try Self.check(c, list, inputs: 3, components: components, paths: 2, channels: 24, "zero")
      }
    }
  }

  @Test("order 4 is left to tables of products")
  func order() throws {
    let (list, paths, inputs, components, _) = try PolynomialContractionTests.monomials("0e+1o", to: "0e", order: 4)
    #expect(CubicTables(list, inputs: inputs, components: components, paths: paths) == nil)
  }
}
