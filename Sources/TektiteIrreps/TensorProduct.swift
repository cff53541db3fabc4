/// The plan of a bilinear equivariant map: which blocks of two inputs are coupled into which blocks of the output, with which weights.
///
/// One path from block 1 (copies u, degree l₁) and block 2 (copies v, l₂) to the output block (copies w, l₃) adds
///
///     z_w,k += coefficient · Σ_uv W_uvw Σ_ij C_ijk x_u,i y_v,j        C = Wigner3j(l₁, l₂, l₃)
///
/// or its diagonal variants (`Mode`). Plans, coefficients and the order of weights are those of e3nn's `TensorProduct` (same in 0.4.4 and 0.6);
/// only the signs of C depend on the convention.
public struct TensorProduct: Hashable, Sendable {
  /// How copies u of the first input, v of the second and w of the output are connected.
  public enum Mode: String, Hashable, Sendable, CaseIterable {
    /// All with all; always weighted. Weights [u, v, w].
    case uvw
    /// Output copies follow the first input; summed over v. Weights [u, v].
    case uvu
    /// Output copies follow the second input; summed over u. Weights [u, v].
    case uvv
    /// Equal copies of the inputs meet; all outputs. Weights [u, w]; without weights the output has one copy, the sum.
    case uuw
    /// Copy by copy. Weights [u].
    case uuu
    /// One output copy for each pair. Weights [u, v].
    case uvuv
    /// One output copy for each pair u < v. Weights [pair].
    case uvuLessV = "uvu<v"
    /// Pairs u < v to all outputs; always weighted. Weights [pair, w].
    case uLessVW = "u<vw"

    /// Whether it couples equal copies, and so needs inputs of equal multiplicity.
    var pairsCopies: Bool { self == .uuw || self == .uuu || self == .uvuLessV || self == .uLessVW }
  }

  /// What makes the components of the output of size one.
  public enum IrrepNormalization: String, Hashable, Sendable, CaseIterable {
    /// Inputs have components of variance 1 (default).
    case component
    /// Inputs have vectors of norm 1.
    case norm
    /// Nothing: C keeps its Frobenius norm of 1.
    case none
  }

  /// How paths into the same output block share its variance.
  public enum PathNormalization: String, Hashable, Sendable, CaseIterable {
    /// Each summed product of copies counts the same (default).
    case element
    /// Each path counts the same.
    case path
    /// Nothing is divided.
    case none
  }

  /// A request for a path.
  public struct Instruction: Hashable, Sendable {
    /// Block of the first input.
    public var first: Int
    /// Block of the second input.
    public var second: Int
    /// Block of the output.
    public var output: Int
    /// Connection of copies.
    public var mode: Mode
    /// Whether the path has weights.
    public var hasWeight: Bool
    /// A factor on the *variance* of the path: the coefficient gets its square root. Not negative.
    public var pathWeight: Double

    /// Makes an instruction.
    public init(_ first: Int, _ second: Int, _ output: Int, _ mode: Mode, hasWeight: Bool, pathWeight: Double = 1) {
      (self.first, self.second, self.output) = (first, second, output)
      (self.mode, self.hasWeight, self.pathWeight) = (mode, hasWeight, pathWeight)
    }
  }

  /// A path with everything settled.
  public struct Path: Hashable, Sendable {
    /// What was asked for.
    public let instruction: Instruction
    /// The factor before the sum (e3nn stores it as `path_weight` of the finished instruction).
    public let coefficient: Double
    /// Shape of the weights, row-major (meaningful also where the path has none).
    public let weightShape: [Int]
    /// Where its weights lie among all weights; empty where it has none.
    public let weights: Range<Int>
    /// The coupling tensor.
    public let coupling: Wigner3j
  }

  /// Irreps of the first input.
  public let first: Irreps
  /// Irreps of the second input.
  public let second: Irreps
  /// Irreps of the output.
  public let output: Irreps
  /// The paths, in the order of the instructions.
  public let paths: [Path]
  /// The number of weights of all paths.
  public let weightCount: Int
  /// The sign convention of the coupling tensors.
  public let convention: SignConvention

  /// Variances that the inputs have and the output shall have, block by block; nil stands for ones.
  public struct Variances: Hashable, Sendable {
    /// Of the blocks of the first input.
    public var first: [Double]?
    /// Of the blocks of the second input.
    public var second: [Double]?
    /// Of the blocks of the output.
    public var output: [Double]?
    /// Makes variances.
    public init(first: [Double]? = nil, second: [Double]? = nil, output: [Double]? = nil) {
      (self.first, self.second, self.output) = (first, second, output)
    }
  }

  /// Makes a plan and works out the coefficients. Throws when an instruction names a block that is not there, couples irreps that do not
  /// couple, or joins multiplicities that its mode cannot join.
  public init(
    _ first: Irreps, _ second: Irreps, to output: Irreps, _ instructions: [Instruction],
    irrepNormalization: IrrepNormalization = .component, pathNormalization: PathNormalization = .element,
    variances: Variances = Variances(), convention: SignConvention
  ) throws(IrrepsError) {
    for i in instructions { try Self.check(i, first, second, output) }
    let given = [("first input", variances.first, first), ("second input", variances.second, second)]
    for (name, values, irreps) in given + [("output", variances.output, output)] {
      if let values, values.count != irreps.count {
        throw IrrepsError("\(values.count) variances were given for the \(irreps.count) blocks of the \(name)")
      }
    }
    func terms(_ i: Instruction) -> Double {
      (variances.first?[i.first] ?? 1) * (variances.second?[i.second] ?? 1)
        * Self.summedProducts(i.mode, Double(first[i.first].multiplicity), Double(second[i.second].multiplicity))
    }
    let coefficients = instructions.map { i in
      var variance: Double =
        switch irrepNormalization {
        case .component: Double(output[i.output].irrep.dimension)
        case .norm: Double(first[i.first].irrep.dimension * second[i.second].irrep.dimension)
        case .none: 1
        }
      let rivals = instructions.filter { $0.output == i.output }
      let share: Double =
        switch pathNormalization {
        case .element: rivals.reduce(0) { $0 + terms($1) }
        case .path: terms(i) * Double(rivals.count)
        case .none: 1
        }
      if share > 0 { variance /= share }
      return (variance * (variances.output?[i.output] ?? 1) * i.pathWeight).squareRoot()
    }
    try self.init(first, second, to: output, instructions, coefficients: coefficients, convention: convention)
  }

  /// Makes a plan with given coefficients, as model files store them. Throws like the other initialiser.
  public init(
    _ first: Irreps, _ second: Irreps, to output: Irreps, _ instructions: [Instruction], coefficients: [Double],
    convention: SignConvention
  ) throws(IrrepsError) {
    guard coefficients.count == instructions.count else {
      throw IrrepsError("\(coefficients.count) coefficients were given for \(instructions.count) instructions")
    }
    var couplings: [[Int]: Wigner3j] = [:]
    var paths: [Path] = []
    var offset = 0
    for (i, coefficient) in zip(instructions, coefficients) {
      try Self.check(i, first, second, output)
      let l = [first[i.first].irrep.degree, second[i.second].irrep.degree, output[i.output].irrep.degree]
      let coupling =
        if let known = couplings[l] { known } else { try Wigner3j(l[0], l[1], l[2], convention: convention) }
      couplings[l] = coupling
      let shape = try Self.weightShape(
        i.mode, first[i.first].multiplicity, second[i.second].multiplicity, output[i.output].multiplicity)
      let end = offset + (i.hasWeight ? shape.reduce(1, *) : 0)
      guard end <= 1 << 60 else { throw IrrepsError("the plan has too many weights") }
      paths.append(
        Path(
          instruction: i, coefficient: coefficient, weightShape: shape, weights: offset..<end, coupling: coupling))
      offset = end
    }
    (self.first, self.second, self.output) = (first, second, output)
    (self.paths, self.weightCount, self.convention) = (paths, offset, convention)
  }

  /// Output blocks that some path reaches with a coefficient that is not zero; the others stay zero.
  public var reachedBlocks: [Bool] {
    output.indices.map { block in
      paths.contains { $0.instruction.output == block && $0.coefficient != 0 && !$0.weightShape.contains(0) }
    }
  }

  // MARK: Rules

  private static func check(
    _ i: Instruction, _ first: Irreps, _ second: Irreps, _ output: Irreps
  ) throws(IrrepsError) {
    let text = "path \(i.first) × \(i.second) → \(i.output) (\(i.mode.rawValue))"
    for (name, k, irreps) in [
      ("first input", i.first, first), ("second input", i.second, second), ("output", i.output, output),
    ] where !irreps.indices.contains(k) {
      throw IrrepsError("\(text): the \(name) '\(irreps)' has \(irreps.count) blocks, counted from 0")
    }
    let (a, b, c) = (first[i.first], second[i.second], output[i.output])
    guard c.irrep.isInProduct(a.irrep, b.irrep) else {
      throw IrrepsError("\(text): \(c.irrep) is not in \(a.irrep) × \(b.irrep)")
    }
    guard i.pathWeight >= 0, i.pathWeight.isFinite else {
      throw IrrepsError("\(text): a path weight is a variance and cannot be \(i.pathWeight)")
    }
    guard i.hasWeight || (i.mode != .uvw && i.mode != .uLessVW) else {
      throw IrrepsError("\(text): this mode needs weights")
    }
    guard !i.mode.pairsCopies || a.multiplicity == b.multiplicity else {
      throw IrrepsError(
        "\(text): the inputs need equal multiplicities, they have \(a.multiplicity) and \(b.multiplicity)")
    }
    let (u, v) = (a.multiplicity, b.multiplicity)
    let needed: Int? =
      switch i.mode {
      case .uvw, .uLessVW: nil
      case .uvu, .uuu: u
      case .uvv: v
      case .uuw: i.hasWeight ? nil : 1
      case .uvuv: u * v
      case .uvuLessV: u * (u - 1) / 2
      }
    guard needed == nil || needed == c.multiplicity else {
      throw IrrepsError("\(text): the output needs multiplicity \(needed ?? 0), it has \(c.multiplicity)")
    }
  }

  /// How many products of copies add up in one output copy.
  private static func summedProducts(_ mode: Mode, _ u: Double, _ v: Double) -> Double {
    switch mode {
    case .uvw: u * v
    case .uvu: v
    case .uvv, .uuw: u
    case .uuu, .uvuv, .uvuLessV: 1
    case .uLessVW: (u * (v - 1) / 2).rounded(.down)
    }
  }

  private static func weightShape(_ mode: Mode, _ u: Int, _ v: Int, _ w: Int) throws(IrrepsError) -> [Int] {
    let shape =
      switch mode {
      case .uvw: [u, v, w]
      case .uvu, .uvv, .uvuv: [u, v]
      case .uuw: [u, w]
      case .uuu: [u]
      case .uvuLessV: [u * max(0, v - 1) / 2]
      case .uLessVW: [u * max(0, v - 1) / 2, w]
      }
    var product = 1
    for n in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: n)
      guard !overflow, next <= 1 << 59 else { throw IrrepsError("a path of shape \(shape) has too many weights") }
      product = next
    }
    return shape
  }
}
