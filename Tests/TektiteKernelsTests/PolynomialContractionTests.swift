import TektiteIrreps
import TektiteKernels
import Testing

@Suite("Symmetric contractions by tables")
struct PolynomialContractionTests {
  /// Monomials of orders 1 … `order` to one irrep, with the paths of the orders numbered through.
  static func monomials(_ input: String, to output: String, order: Int) throws -> (
    list: [PolynomialTables.Monomial], paths: Int, inputs: Int, components: Int, parts: [SymmetrizedContraction]
  ) {
    let irreps = try Irreps(input)
    let target = try Irrep(output)
    var list: [PolynomialTables.Monomial] = []
    var parts: [SymmetrizedContraction] = []
    var paths = 0
    for nu in 1...order {
      let part = SymmetrizedContraction(try SymmetricContractionBasis(irreps, to: target, order: nu))
      list += part.terms.map {
        .init(component: $0.component, path: paths + $0.path, indices: $0.indices, value: $0.value)
      }
      paths += part.keptPaths.count
      parts.append(part)
    }
    return (list, paths, irreps.dimension, target.dimension, parts)
  }

  static let setups = [
    ("0e+1o+2e+3o", "0e", 3), ("0e+1o+2e", "0e", 4), ("0e+1o+2e+3o", "1o", 3), ("0e+1o", "2e", 2), ("0e", "0e", 1),
    ("0e+1o", "0e", 1),
  ]

  @Test("values and gradients are those of TektiteIrreps", arguments: KernelCase.all)
  func contraction(_ c: KernelCase) throws {
    for (setup, (input, output, order)) in Self.setups.enumerated() {
      let (list, paths, inputs, components, parts) = try Self.monomials(input, to: output, order: order)
      let atoms = 3
      let channels = NetworkGrain.padded(c.isDouble ? 20 : 40, isDouble: c.isDouble)
      var random = SmallGenerator(UInt64(setup + 3))
      let a = Scalars(random.array(inputs * atoms * channels), isDouble: c.isDouble)
      let weights = Scalars(random.array(paths * channels), isDouble: c.isDouble)
      let adjoint = Scalars(random.array(components * atoms * channels), isDouble: c.isDouble)
      let stride = atoms * channels

      let values = PolynomialTables.values(list, inputs: inputs)
      let gradients = PolynomialTables.gradients(list, inputs: inputs, paths: paths)
      let scratch = Scalars(max(values.scratchBytes, gradients.scratchBytes) / 8, isDouble: true)
      let b = Scalars(components * stride, isDouble: c.isDouble)
      c.kernels.evaluate(
        PolynomialPass(
          program: values.program, atoms: atoms, channels: channels, input: a.base, inputStride: stride,
          weights: weights.base, output: b.base, outputStride: stride, values: nil, scratch: scratch.base))
      // Weights times the adjoint of each component, by atom.
      let weighted = Scalars(atoms * components * paths * channels, isDouble: c.isDouble)
      for i in 0..<atoms {
        for m in 0..<components {
          for p in 0..<paths {
            for k in 0..<channels {
              weighted[((i * components + m) * paths + p) * channels + k] =
                weights[p * channels + k] * adjoint[m * stride + i * channels + k]
            }
          }
        }
      }
      let g = Scalars(inputs * stride, isDouble: c.isDouble)
      let sums = Scalars(stride, isDouble: c.isDouble)
      c.kernels.evaluate(
        PolynomialPass(
          program: gradients.program, atoms: atoms, channels: channels, input: a.base, inputStride: stride,
          weights: weighted.base, weightAtomStride: components * paths * channels, output: g.base, outputStride: stride,
          values: sums.base, scratch: scratch.base))

      var expected = [Double](repeating: 0, count: b.count)
      var expectedGradients = [Double](repeating: 0, count: g.count)
      var expectedSums = [Double](repeating: 0, count: stride)
      for i in 0..<atoms {
        for k in 0..<channels {
          let place = i * channels + k
          let vector = (0..<inputs).map { a[$0 * stride + place] }
          var first = 0
          for part in parts {
            let w = (0..<part.keptPaths.count).map { weights[(first + $0) * channels + k] }
            first += part.keptPaths.count
            let (value, gradient) = try part.evaluate(vector, weights: w)
            for m in 0..<components {
              expected[m * stride + place] += value[m]
              expectedSums[place] += value[m] * adjoint[m * stride + place]
              for n in 0..<inputs {
                expectedGradients[n * stride + place] += adjoint[m * stride + place] * gradient[m * inputs + n]
              }
            }
          }
        }
      }
      #expect(relativeError(b.values, expected) < 3 * c.tolerance, "\(input) to \(output)")
      #expect(relativeError(g.values, expectedGradients) < 3 * c.tolerance, "\(input) to \(output)")
      #expect(relativeError(sums.values, expectedSums) < 3 * c.tolerance, "\(input) to \(output)")
    }
  }
}
