/// A function of the length of each copy of any irrep, which keeps its direction: z = x f(r + b) / r with r = max(|x|, ε). e3nn's `NormActivation`; f
/// is taken as it is, without the factor for the second moment.
public struct NormActivation: Hashable, Sendable {
  /// Irreps of input and output.
  public let irreps: Irreps
  /// The function f.
  public let function: ActivationFunction
  /// The length ε below which a copy is shrunk instead of kept in direction.
  public let shortest: Double
  /// Whether each copy has a bias b.
  public let hasBiases: Bool

  /// The number of biases: one a copy, or none.
  public var biasCount: Int { hasBiases ? irreps.copies : 0 }

  /// Makes a plan. Throws when ε is not a positive number.
  public init(
    _ irreps: Irreps, _ function: ActivationFunction, shortest: Double = 1e-8, hasBiases: Bool = false
  ) throws(IrrepsError) {
    guard shortest > 0, shortest.isFinite else {
      throw IrrepsError("the shortest length must be positive, it is \(shortest)")
    }
    (self.irreps, self.function, self.shortest, self.hasBiases) = (irreps, function, shortest, hasBiases)
  }

  /// The output for one input. Throws on a wrong length.
  public func evaluate(_ x: [Double], biases: [Double] = []) throws(IrrepsError) -> [Double] {
    try check(x, biases)
    var z = x
    forEachCopy { copy, range in
      let length = max(Self.length(x[range]), shortest)
      let scale = function(length + (hasBiases ? biases[copy] : 0)) / length
      for k in range { z[k] *= scale }
    }
    return z
  }

  /// Derivatives of Σ_k z_k ḡ_k for a given ḡ: with respect to the input and the biases. Throws on a wrong length.
  public func gradients(
    _ x: [Double], biases: [Double] = [], output adjoint: [Double]
  ) throws(IrrepsError) -> (input: [Double], biases: [Double]) {
    try check(x, biases)
    guard adjoint.count == x.count else {
      throw IrrepsError("an adjoint of \(irreps) has \(x.count) components, this one \(adjoint.count)")
    }
    var dx = [Double](repeating: 0, count: x.count)
    var db = [Double](repeating: 0, count: biases.count)
    forEachCopy { copy, range in
      let norm = Self.length(x[range])
      let length = max(norm, shortest)
      let argument = length + (hasBiases ? biases[copy] : 0)
      let (f, slope) = (function(argument), function.derivative(argument))
      let overlap = range.reduce(0.0) { $0 + adjoint[$1] * x[$1] }
      if hasBiases { db[copy] = overlap * slope / length }
      // Below ε the length no longer changes.
      let radial = norm < shortest ? 0 : overlap * (slope - f / length) / (length * length)
      for k in range { dx[k] = adjoint[k] * f / length + radial * x[k] }
    }
    return (dx, db)
  }

  private func check(_ x: [Double], _ biases: [Double]) throws(IrrepsError) {
    guard x.count == irreps.dimension, biases.count == biasCount else {
      throw IrrepsError(
        "\(irreps) takes \(irreps.dimension) components and \(biasCount) biases, got \(x.count) and \(biases.count)")
    }
  }

  private static func length(_ x: ArraySlice<Double>) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private func forEachCopy(_ body: (Int, Range<Int>) -> Void) {
    var (copy, start) = (0, 0)
    for block in irreps {
      for _ in 0..<block.multiplicity {
        body(copy, start..<(start + block.irrep.dimension))
        copy += 1
        start += block.irrep.dimension
      }
    }
  }
}
