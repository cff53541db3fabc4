/// The plan of an equivariant linear map: copies of equal irreps are mixed, nothing else. e3nn's `Linear`.
///
///     z_w,k = Σ_paths coefficient · Σ_u W_uw x_u,k + bias_w (scalars only)
public struct Linear: Hashable, Sendable {
  /// Which input block goes to which output block.
  public struct Instruction: Hashable, Sendable {
    /// Block of the input.
    public var input: Int
    /// Block of the output.
    public var output: Int
    /// Makes an instruction.
    public init(_ input: Int, _ output: Int) { (self.input, self.output) = (input, output) }
  }

  /// How paths into the same output block share its variance.
  public enum PathNormalization: String, Hashable, Sendable, CaseIterable {
    /// Each input copy counts the same (default).
    case element
    /// Each path counts the same.
    case path
  }

  /// A path with everything settled.
  public struct Path: Hashable, Sendable {
    /// Its blocks.
    public let instruction: Instruction
    /// The factor before the sum.
    public let coefficient: Double
    /// Its weights among all: row-major [input copies, output copies].
    public let weights: Range<Int>
  }

  /// Irreps of the input.
  public let input: Irreps
  /// Irreps of the output.
  public let output: Irreps
  /// The paths, in the order of the instructions.
  public let paths: [Path]
  /// The number of weights of all paths.
  public let weightCount: Int
  /// The biases of each output block among all biases; empty where a block has none.
  public let biases: [Range<Int>]
  /// The number of biases.
  public var biasCount: Int { biases.last?.upperBound ?? 0 }

  /// Makes a plan. Without instructions every pair of equal irreps is connected, input blocks in the outer loop. `biases` says for each output block whether
  /// it has one; nil stands for none. Throws when blocks are missing or their irreps differ, or when a block that is not `0e` shall have a bias.
  public init(
    _ input: Irreps, to output: Irreps, _ instructions: [Instruction]? = nil, biases: [Bool]? = nil,
    pathNormalization: PathNormalization = .element
  ) throws(IrrepsError) {
    let instructions = instructions ?? Self.allConnections(input, output)
    for i in instructions {
      guard input.indices.contains(i.input), output.indices.contains(i.output) else {
        throw IrrepsError(
          "path \(i.input) → \(i.output): '\(input)' has \(input.count) blocks and '\(output)' \(output.count), counted from 0"
        )
      }
    }
    let coefficients = instructions.map { i in
      var sum = 0.0
      for other in instructions where other.output == i.output {
        sum += Double(input[pathNormalization == .element ? other.input : i.input].multiplicity)
      }
      return sum == 0 ? 1 : 1 / sum.squareRoot()
    }
    try self.init(input, to: output, instructions, coefficients: coefficients, biases: biases)
  }

  /// Makes a plan with given coefficients, as model files store them. Throws like the other initialiser.
  public init(
    _ input: Irreps, to output: Irreps, _ instructions: [Instruction], coefficients: [Double], biases: [Bool]? = nil
  ) throws(IrrepsError) {
    guard coefficients.count == instructions.count else {
      throw IrrepsError("\(coefficients.count) coefficients were given for \(instructions.count) instructions")
    }
    var paths: [Path] = []
    var offset = 0
    for (i, coefficient) in zip(instructions, coefficients) {
      guard input.indices.contains(i.input), output.indices.contains(i.output),
        input[i.input].irrep == output[i.output].irrep
      else {
        throw IrrepsError("path \(i.input) → \(i.output) of '\(input)' → '\(output)' does not join equal irreps")
      }
      // At most 10¹⁸ a path.
      let end = offset + input[i.input].multiplicity * output[i.output].multiplicity
      guard end <= 1 << 60 else { throw IrrepsError("the plan has too many weights") }
      paths.append(Path(instruction: i, coefficient: coefficient, weights: offset..<end))
      offset = end
    }
    if let biases, biases.count != output.count {
      throw IrrepsError("\(biases.count) biases were given for the \(output.count) blocks of the output")
    }
    var ranges: [Range<Int>] = []
    var biasEnd = 0
    for (k, block) in output.enumerated() {
      let start = biasEnd
      if biases?[k] ?? false {
        guard block.irrep.isScalar else {
          throw IrrepsError("\(block) cannot have a bias: only 0e does not change when turned")
        }
        biasEnd += block.multiplicity
      }
      ranges.append(start..<biasEnd)
    }
    (self.input, self.output, self.paths, self.weightCount) = (input, output, paths, offset)
    self.biases = ranges
  }

  /// All pairs of equal irreps, in e3nn's order.
  private static func allConnections(_ input: Irreps, _ output: Irreps) -> [Instruction] {
    var all: [Instruction] = []
    for (i, a) in input.enumerated() {
      for (j, b) in output.enumerated() where a.irrep == b.irrep { all.append(Instruction(i, j)) }
    }
    return all
  }

  /// The output for one input. Throws on a wrong length.
  public func evaluate(_ x: [Double], weights: [Double], biases: [Double] = []) throws(IrrepsError) -> [Double] {
    try check(x, weights)
    guard biases.count == biasCount else {
      throw IrrepsError("the plan has \(biasCount) biases, \(biases.count) were given")
    }
    var z = [Double](repeating: 0, count: output.dimension)
    let (from, to) = (input.slices, output.slices)
    for (range, slice) in zip(self.biases, to) where !range.isEmpty { z.replaceSubrange(slice, with: biases[range]) }
    forEachWeight { i, u, w, n, coefficient, weight in
      for k in 0..<n {
        z[to[i.output].lowerBound + w * n + k] +=
          coefficient * weights[weight] * x[from[i.input].lowerBound + u * n + k]
      }
    }
    return z
  }

  /// Derivatives of Σ_k z_k ḡ_k for a given ḡ: with respect to the input, the weights and the biases. Throws on a wrong length.
  public func gradients(
    _ x: [Double], weights: [Double], output adjoint: [Double]
  ) throws(IrrepsError) -> (input: [Double], weights: [Double], biases: [Double]) {
    try check(x, weights)
    guard adjoint.count == output.dimension else {
      throw IrrepsError("an adjoint of \(output) has \(output.dimension) components, this one \(adjoint.count)")
    }
    var (dx, dw) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: weights.count))
    var db = [Double](repeating: 0, count: biasCount)
    let (from, to) = (input.slices, output.slices)
    for (range, slice) in zip(biases, to) where !range.isEmpty { db.replaceSubrange(range, with: adjoint[slice]) }
    forEachWeight { i, u, w, n, coefficient, weight in
      for k in 0..<n {
        let g = coefficient * adjoint[to[i.output].lowerBound + w * n + k]
        dx[from[i.input].lowerBound + u * n + k] += weights[weight] * g
        dw[weight] += g * x[from[i.input].lowerBound + u * n + k]
      }
    }
    return (dx, dw, db)
  }

  private func check(_ x: [Double], _ weights: [Double]) throws(IrrepsError) {
    guard x.count == input.dimension else {
      throw IrrepsError("an input of \(input) has \(input.dimension) components, this one \(x.count)")
    }
    guard output.dimension <= Irreps.largestVector else {
      throw IrrepsError("an output of \(output.dimension) components is too large")
    }
    guard weights.count == weightCount else {
      throw IrrepsError("the plan has \(weightCount) weights, \(weights.count) were given")
    }
  }

  private func forEachWeight(_ body: (Instruction, Int, Int, Int, Double, Int) -> Void) {
    for path in paths {
      let i = path.instruction
      let (nu, nw) = (input[i.input].multiplicity, output[i.output].multiplicity)
      for u in 0..<nu {
        for w in 0..<nw {
          body(i, u, w, input[i.input].irrep.dimension, path.coefficient, path.weights.lowerBound + u * nw + w)
        }
      }
    }
  }
}
