import TektiteIrreps

/// An equivariant network as a short list of steps over the features of atoms.
///
/// Positions r_i, species z_i and edges go in; out come energies
///
///     E = Σ_i E_i,   E_i = shift[z_i] + scale[z_i] Σ_readouts e_i + Σ_terms ½ Σ_j v(r_ij; z_i, z_j)
///
/// A buffer holds one feature vector for each atom, in e3nn's layout (block after block, copy after copy, m fastest). What lives on edges exists only within
/// a step. A program is a value without state: builders make it once from a model file, executors run it forward and back.
public struct NetworkProgram: Hashable, Sendable {
  /// Features of atoms.
  public struct Buffer: Hashable, Sendable {
    /// What it holds, for messages and tests: `interaction 0`.
    public let name: String
    /// Its type.
    public let irreps: Irreps
    /// Makes a buffer.
    public init(_ name: String, _ irreps: Irreps) { (self.name, self.irreps) = (name, irreps) }
  }

  /// The most components that a buffer may have.
  public static let largestDimension = 1 << 20

  /// Distance from which on atoms do not see each other.
  public let cutoff: Double
  /// The number of species; they are numbered from 0.
  public let speciesCount: Int
  /// The buffers.
  public let buffers: [Buffer]
  /// The steps in order.
  public let steps: [Primitive]
  /// Factor on the sum of readouts, by species.
  public let scale: [Double]
  /// Energy added for each atom, by species.
  public let shift: [Double]
  /// Terms of pairs, which are not part of the network.
  public let pairs: [PairRepulsion]

  /// Makes a program.
  /// - Throws: `ProgramError` when a step reads what is not written yet or writes what is written already, or when irreps, weights or species do not fit.
  public init(
    cutoff: Double, speciesCount: Int, buffers: [Buffer], steps: [Primitive], scale: [Double], shift: [Double],
    pairs: [PairRepulsion] = []
  ) throws(ProgramError) {
    (self.cutoff, self.speciesCount, self.buffers, self.steps) = (cutoff, speciesCount, buffers, steps)
    (self.scale, self.shift, self.pairs) = (scale, shift, pairs)
    try validate()
  }

  /// How many convolutions follow each other, and so how many cutoffs far an atom's energy reaches.
  public var layerCount: Int {
    steps.reduce(0) { if case .convolve = $1 { $0 + 1 } else { $0 } }
  }
}

extension Primitive {
  /// The buffers that the step reads.
  public var inputs: [BufferIndex] {
    switch self {
    case .embed: []
    case .exchange(let buffer), .readout(let buffer): [buffer]
    case .convolve(let step): [step.input]
    case .linear(let step): [step.input]
    case .contract(let step): [step.input]
    case .gate(_, let input, _): [input]
    case .add(let inputs, _): inputs
    }
  }

  /// The buffer that the step writes.
  public var output: BufferIndex? {
    switch self {
    case .embed(let step): step.output
    case .exchange, .readout: nil
    case .convolve(let step): step.output
    case .linear(let step): step.output
    case .contract(let step): step.output
    case .gate(_, _, let output): output
    case .add(_, let output): output
    }
  }
}
