/// Functions on the scalars of a direct sum, one for each block. e3nn's `Activation`, with functions normalised to second moment one.
///
/// Even scalars may pass any function. An odd scalar (`0o`) needs an even function, which makes it even, or an odd one, which leaves it odd.
public struct Activation: Hashable, Sendable {
  /// Irreps of the input.
  public let input: Irreps
  /// Irreps of the output.
  public let output: Irreps
  /// The function on each block; nil leaves a block as it is, without a factor.
  public let functions: [ActivationFunction?]

  /// Makes a plan. Throws when a block that is not scalar has a function, when the parities do not fit, or when the numbers of blocks and functions differ.
  public init(_ input: Irreps, _ functions: [ActivationFunction?]) throws(IrrepsError) {
    guard functions.count == input.count else {
      throw IrrepsError("\(functions.count) functions were given for the \(input.count) blocks of '\(input)'")
    }
    var output: [Irreps.Block] = []
    for (block, function) in zip(input, functions) {
      guard let function else {
        output.append(block)
        continue
      }
      guard block.irrep.degree == 0 else {
        throw IrrepsError(
          "\(function.rawValue) cannot act on \(block): only on scalars does a function commute with rotations")
      }
      guard block.irrep.parity == .odd else {
        output.append(block)
        continue
      }
      guard let parity = function.parity else {
        throw IrrepsError(
          "\(function.rawValue) cannot act on \(block): an odd scalar needs a function that is even or odd")
      }
      output.append(Irreps.Block(block.multiplicity, Irrep(0, parity)))
    }
    (self.input, self.output, self.functions) = (input, Irreps(output), functions)
  }

  /// The output for one input. Throws on a wrong length.
  public func evaluate(_ x: [Double]) throws(IrrepsError) -> [Double] {
    try check(x)
    var z = x
    for (slice, function) in zip(input.slices, functions) {
      guard let function else { continue }
      for k in slice { z[k] = function.secondMomentFactor * function(x[k]) }
    }
    return z
  }

  /// dz_k/dx_k; the matrix of derivatives is diagonal. Throws on a wrong length.
  public func derivatives(_ x: [Double]) throws(IrrepsError) -> [Double] {
    try check(x)
    var d = [Double](repeating: 1, count: x.count)
    for (slice, function) in zip(input.slices, functions) {
      guard let function else { continue }
      for k in slice { d[k] = function.secondMomentFactor * function.derivative(x[k]) }
    }
    return d
  }

  private func check(_ x: [Double]) throws(IrrepsError) {
    guard x.count == input.dimension else {
      throw IrrepsError("an input of \(input) has \(input.dimension) components, this one \(x.count)")
    }
  }
}
