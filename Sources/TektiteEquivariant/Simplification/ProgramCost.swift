import TektiteIrreps

/// Multiplications of a program, step by step: what two programs for one model are compared by.
///
/// Counted are linear maps, the products of a contraction as its tensors are stored (kernels that use the symmetry of the tensors need fewer), gates, and for each edge the
/// radial functions as cubic splines read from a table (four a value), coupling matrices (one an element), and what messages need: R·h, and a product for each pair of components that a
/// coupling joins. Not counted are additions, harmonics, densities and derivatives.
public struct ProgramCost: Hashable, Sendable {
  /// A step.
  public struct Step: Hashable, Sendable {
    /// Its output: `interaction 0`.
    public let name: String
    /// What it does: `linear`.
    public let kind: String
    /// Multiplications for an atom, neighbours apart.
    public let perAtom: Int
    /// Multiplications for an edge.
    public let perEdge: Int
  }

  /// The steps that write something, in order.
  public let steps: [Step]
  /// Multiplications for an atom, neighbours apart.
  public var perAtom: Int { steps.reduce(0) { $0 + $1.perAtom } }
  /// Multiplications for an edge.
  public var perEdge: Int { steps.reduce(0) { $0 + $1.perEdge } }
}

extension NetworkProgram {
  /// Multiplications by step.
  public var cost: ProgramCost {
    ProgramCost(
      steps: steps.compactMap { step in
        guard let output = step.output else { return nil }
        let name = buffers[output].name
        switch step {
        case .embed: return .init(name: name, kind: "embed", perAtom: 0, perEdge: 0)
        case .exchange, .readout: return nil
        case .linear(let map): return .init(name: name, kind: "linear", perAtom: map.plan.multiplications, perEdge: 0)
        case .gate(let gate, _, _):
          let products = gate.gated.reduce(0) { $0 + $1.copies * $1.dimension }
          return .init(name: name, kind: "gate", perAtom: products, perEdge: 0)
        case .add: return .init(name: name, kind: "add", perAtom: 0, perEdge: 0)
        case .contract(let step):
          let channels = buffers[step.input].irreps.first?.multiplicity ?? 0
          let products = step.terms.reduce(0) { $0 + $1.basis.elementCount * $1.basis.order * channels }
          return .init(name: name, kind: "contract", perAtom: products, perEdge: 0)
        case .convolve(let step):
          let irreps = buffers[step.input].irreps
          let products = step.paths.reduce(0) { $0 + $1.multiplications(irreps[$1.inputBlock]) }
          return .init(name: name, kind: "convolve", perAtom: 0, perEdge: products)
        }
      })
  }
}

extension Linear {
  /// Multiplications for one input.
  var multiplications: Int {
    paths.reduce(0) { $0 + $1.weights.count * input[$1.instruction.input].irrep.dimension }
  }
}

extension Convolution.Path {
  /// Multiplications for one edge.
  fileprivate func multiplications(_ block: Irreps.Block) -> Int {
    let pairs = Set(coupling.map { [$0.first, $0.output] }).count
    return coupling.count + block.multiplicity * (4 + block.irrep.dimension + pairs)
  }
}
