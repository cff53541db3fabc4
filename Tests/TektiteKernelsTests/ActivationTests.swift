import TektiteIrreps
import TektiteKernels
import Testing

@Suite("Functions of many numbers")
struct ActivationTests {
  private static let functions: [(KnownActivation, ActivationFunction)] = [
    (.silu, .silu), (.tanh, .tanh), (.sigmoid, .sigmoid),
  ]

  @Test("Values and slopes are those of the C library, at every level", arguments: KernelCase.all)
  func values(_ c: KernelCase) {
    var random = SmallGenerator(3)
    // Small and large numbers, and every remainder of the vector's width.
    let x =
      (0..<203).map { k in random.next() * (k % 3 == 0 ? 1e-3 : k % 3 == 1 ? 3 : 200) } + [0, 1e30, -1e30, 87, -87]
    for (known, function) in Self.functions {
      let (input, values, slopes) = (
        Scalars(x, isDouble: c.isDouble), Scalars(x.count, isDouble: c.isDouble), Scalars(x.count, isDouble: c.isDouble)
      )
      for count in [0, 1, 3, 7, 8, 9, x.count] {
        c.kernels.activate(
          ActivationPass(known, factor: 1.7, input: input.base, values: values.base, slopes: slopes.base, count: count))
      }
      // Sums of a few roundings; 1 + x for large x has an error of its own, which the slope of silu shows.
      let tolerance = c.isDouble ? 1e-15 : 5e-7
      for k in x.indices {
        let (y, dy) = (1.7 * function(input[k]), 1.7 * function.derivative(input[k]))
        #expect(abs(values[k] - y) <= tolerance * max(1, abs(y)), "\(known) at \(input[k])")
        #expect(abs(slopes[k] - dy) <= tolerance * 4, "slope of \(known) at \(input[k])")
      }
    }
  }

  @Test("Only what is asked for is written", arguments: KernelCase.all)
  func parts(_ c: KernelCase) {
    let input = Scalars([0.5, -0.5, 2], isDouble: c.isDouble)
    let out = Scalars(3, isDouble: c.isDouble)
    c.kernels.activate(ActivationPass(.silu, factor: 1, input: input.base, values: out.base, count: 2))
    #expect(out[2] == 0 && out[0] != 0)
    c.kernels.activate(
      ActivationPass(.tanh, factor: 1, input: input.base, values: nil, slopes: out.base, count: 3))
    #expect(abs(out[2] - 0.070650824853164) < 1e-6)
  }
}
