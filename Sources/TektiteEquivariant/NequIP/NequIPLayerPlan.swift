import TektiteIrreps

/// The irreps and paths of a layer as NequIP and SevenNet work them out from what arrives and what is to leave. Files of SevenNet, and checkpoints of NequIP, hold weights without
/// them.
struct NequIPLayerPlan {
  /// What arrives.
  let input: Irreps
  /// The gate, with what leaves.
  let gate: Gate
  /// The convolution; its paths stand in the order of their weights.
  let convolution: TensorProduct
  /// The convolution's output as the map after it takes it.
  let sum: Irreps

  /// The order of the weights of paths.
  enum PathOrder {
    /// By input block, harmonic and output irrep: NequIP, and SevenNet before version 0.11.
    case loops
    /// By output block: SevenNet since.
    case outputs
  }

  /// A function for scalars of each parity.
  struct Functions {
    var even: ActivationFunction, odd: ActivationFunction
    subscript(_ parity: Parity) -> ActivationFunction { parity == .even ? even : odd }
  }

  /// - Parameters:
  ///   - output: what shall leave; irreps without a path may be left out by the caller before.
  ///   - keep: irreps of the convolution's output; nil for those that the gate takes.
  init(
    _ input: Irreps, _ harmonics: Irreps, to output: Irreps, keep: Irreps?, scalars: Functions, gates: Functions,
    gateParity: Parity, order: PathOrder
  ) throws(IrrepsError) {
    self.input = input
    let (own, gated) = (output.filtered { $0.irrep.degree == 0 }, output.filtered { $0.irrep.degree > 0 })
    let gateIrreps = Irreps(gated.map { .init($0.multiplicity, Irrep(0, gateParity)) })
    gate = try Gate(
      scalars: own, own.map { scalars[$0.irrep.parity] }, gates: gateIrreps,
      gateIrreps.map { gates[$0.irrep.parity] }, gated: gated)
    let irreps = (keep ?? gate.input).map(\.irrep)
    switch order {
    case .outputs: convolution = try .convolution(input, harmonics, keep: irreps, convention: .e3nn06)
    case .loops: convolution = try .unsortedConvolution(input, harmonics, keep: irreps, convention: .e3nn06)
    }
    sum = convolution.output.simplified()
  }

  /// Every irrep that the product of two sums of irreps holds, as often as it holds it, sorted: e3nn's `FullTensorProduct`.
  static func full(_ first: Irreps, _ second: Irreps) -> Irreps {
    var blocks: [Irreps.Block] = []
    for a in first {
      for b in second {
        for irrep in a.irrep * b.irrep { blocks.append(.init(a.multiplicity * b.multiplicity, irrep)) }
      }
    }
    return Irreps(blocks).sorted().irreps.simplified()
  }

  /// The paths of the program, with coupling tensors that the caller knows.
  func paths<Failure: Error>(
    _ coupling: (Int, Int, Int) throws(Failure) -> [Convolution.Coupling]
  ) throws(Failure) -> [Convolution.Path] {
    var known: [[Int]: [Convolution.Coupling]] = [:]
    var paths: [Convolution.Path] = []
    for path in convolution.paths {
      let i = path.instruction
      let l = [
        input[i.first].irrep.degree, convolution.second[i.second].irrep.degree,
        convolution.output[i.output].irrep.degree,
      ]
      if known[l] == nil { known[l] = try coupling(l[0], l[1], l[2]) }
      paths.append(
        .init(
          inputBlock: i.first, degree: l[1], outputBlock: i.output, coefficient: path.coefficient,
          firstWeight: path.weights.lowerBound, coupling: known[l] ?? []))
    }
    return paths
  }
}
