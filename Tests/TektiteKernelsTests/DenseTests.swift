import Testing

@testable import TektiteKernels

@Suite("Products, functions and fits of arrays")
struct DenseTests {
  private func numbers(_ count: Int, _ seed: Double) -> [Double] {
    (0..<count).map { k in
      let x = Double(k + 1) * 0.754877666 * seed
      return 4 * (x - x.rounded(.down)) - 2
    }
  }

  @Test(
    "The largest magnitudes of a product are those of the product, bit for bit",
    arguments: [(1, 1, 1), (3, 8, 8), (70, 64, 33), (129, 9, 480), (5, 0, 4), (0, 3, 4), (1000, 5, 2000)])
  func magnitudes(_ rows: Int, _ depth: Int, _ columns: Int) {
    let (a, b) = (numbers(rows * depth, 1.1), numbers(depth * columns, 0.7))
    let product = DenseProduct.multiply(a, b, rows: rows, depth: depth, columns: columns)
    var expected = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for k in 0..<columns { expected[k] = max(expected[k], abs(product[row * columns + k])) }
    }
    #expect(DenseProduct.largestMagnitudes(a, b, rows: rows, depth: depth, columns: columns) == expected)
    #expect(DenseProduct.largestMagnitudes(product, columns: columns) == expected)
  }

  // The kernel's polynomial is accurate to a few roundings, which the factor and the slope's sums double.
  @Test("Functions of arrays are those of numbers", arguments: KnownActivation.allCases)
  func functions(_ function: KnownActivation) {
    let x = numbers(101, 1.3).map { 6 * $0 }
    var (values, slopes) = (x, [Double](repeating: 3, count: x.count))
    DenseActivation.apply(function, factor: 1.7, to: &values, slopes: &slopes)
    var (alone, none) = (x, [Double]())
    DenseActivation.apply(function, factor: 1.7, to: &alone, slopes: &none)
    #expect(alone == values)
    for (k, x) in x.enumerated() {
      let logistic = 1 / (1 + exponential(-x))
      let tangent = 2 / (1 + exponential(-2 * x)) - 1
      let (value, slope) =
        switch function {
        case .silu: (x * logistic, logistic + x * logistic * (1 - logistic))
        case .tanh: (tangent, 1 - tangent * tangent)
        case .sigmoid: (logistic, logistic * (1 - logistic))
        }
      #expect(abs(values[k] - 1.7 * value) < 1e-14)
      #expect(abs(slopes[k] - 3 * 1.7 * slope) < 1e-14)
    }
  }

  // eˣ as the square of its half until the series has nothing left to add; good to 10⁻¹⁵ here.
  private func exponential(_ x: Double) -> Double {
    if abs(x) > 0.5 {
      let half = exponential(x / 2)
      return half * half
    }
    var (sum, term) = (1.0, 1.0)
    for k in 1...16 {
      term *= x / Double(k)
      sum += term
    }
    return sum
  }

  @Test("Fits side by side are those one by one, bit for bit", arguments: [3, 5])
  func fits(_ degree: Int) {
    let (samples, columns) = (23, 7)
    let values = numbers(samples * columns, 0.9)
    let (first, last) = (numbers(columns, 0.3), numbers(columns, 0.4))
    let together = SplineFit.coefficients(samples: values, columns: columns, degree: degree, slopes: (first, last))
    for k in 0..<columns {
      let alone = SplineFit(
        samples: (0..<samples).map { values[$0 * columns + k] }, spacing: 1, degree: degree, slopes: (first[k], last[k])
      )
      #expect(alone.coefficients == (0..<alone.coefficients.count).map { together[$0 * columns + k] })
    }
  }
}
