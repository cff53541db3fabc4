import TektiteIrreps

/// Names a buffer of a program by its place in `NetworkProgram.buffers`.
public typealias BufferIndex = Int

/// h_i = W[z_i]: features that depend on the species alone.
public struct Embedding: Hashable, Sendable {
  /// h.
  public let output: BufferIndex
  /// W: a row for each species.
  public let rows: [[Double]]
  /// Makes an embedding.
  public init(output: BufferIndex, rows: [[Double]]) { (self.output, self.rows) = (output, rows) }
}

/// z_i,wk = Σ_paths c Σ_u W[z_i]_uw x_i,uk + b_w: copies of equal irreps are mixed, with weights that may depend on the species.
public struct LinearMap: Hashable, Sendable {
  /// x.
  public let input: BufferIndex
  /// z.
  public let output: BufferIndex
  /// Blocks, paths and c.
  public let plan: Linear
  /// W: one set for all, or one for each species; each as `plan` numbers them.
  public let weights: [[Double]]
  /// b, as `plan` numbers them.
  public let biases: [Double]
  /// Makes a linear map.
  public init(input: BufferIndex, output: BufferIndex, _ layer: LinearLayer) {
    (self.input, self.output, self.plan) = (input, output, layer.plan)
    (weights, biases) = (layer.weights, layer.biases)
  }
}

/// The weights of a linear map before it has a place in a program.
public struct LinearLayer: Hashable, Sendable {
  /// Blocks, paths and coefficients.
  public var plan: Linear
  /// One set of weights for all species, or one for each.
  public var weights: [[Double]]
  /// Biases.
  public var biases: [Double]
  /// Makes a layer.
  public init(plan: Linear, weights: [[Double]], biases: [Double] = []) {
    (self.plan, self.weights, self.biases) = (plan, weights, biases)
  }

  /// e3nn's fully connected product with scalars that belong to the species, which is a map for each of them: W[z]_uw = Σ_v S_uvw a_v(z).
  /// - Parameters:
  ///   - stored: S of each path of `plan`, one path after the other, [u, v, w].
  ///   - attributes: a, a row for each species.
  init(plan: Linear, stored: [Double], attributes: [[Double]]) {
    let width = attributes.first?.count ?? 0
    weights = attributes.map { row in
      let factors = row.enumerated().filter { $0.element != 0 }
      var set: [Double] = []
      set.reserveCapacity(plan.weightCount)
      for path in plan.paths {
        let m = plan.output[path.instruction.output].multiplicity
        for u in 0..<plan.input[path.instruction.input].multiplicity {
          let first = set.count
          set.append(contentsOf: repeatElement(0, count: m))
          for (v, factor) in factors {
            let start = path.weights.lowerBound * width + (u * width + v) * m
            for w in 0..<m { set[first + w] += factor * stored[start + w] }
          }
        }
      }
      return set
    }
    (self.plan, biases) = (plan, [])
  }

  /// One-hot attributes.
  static func oneHot(_ species: Int) -> [[Double]] {
    (0..<species).map { z in (0..<species).map { $0 == z ? 1 : 0 } }
  }
}

/// The sum over neighbours that carries features along edges, radial functions, spherical harmonics and coupling in one:
///
///     z_i,uk = 1/n_i Σ_j Σ_p c_p R_p,u(r_ij; z_i, z_j) Σ_(m₁m₂) C^p_(m₁m₂k) h_j,um₁ Y_m₂(v̂_ij)
///
/// Each path p couples a block of h and a degree of Y to a block of z of as many copies u (mode `uvu`). Several paths may share an output block. Radial values and harmonics exist only here.
public struct Convolution: Hashable, Sendable {
  /// An element of a coupling tensor: C_(m₁m₂k).
  public struct Coupling: Hashable, Sendable {
    /// m₁ + l₁.
    public let first: Int
    /// m₂ + l₂.
    public let second: Int
    /// k.
    public let output: Int
    /// C.
    public let value: Double
    /// Makes an element.
    public init(_ first: Int, _ second: Int, _ output: Int, _ value: Double) {
      (self.first, self.second, self.output, self.value) = (first, second, output, value)
    }
  }

  /// A path.
  public struct Path: Hashable, Sendable {
    /// Block of h.
    public let inputBlock: Int
    /// Degree of Y.
    public let degree: Int
    /// Block of z.
    public let outputBlock: Int
    /// c.
    public let coefficient: Double
    /// The place of R_p,0 among the radial values; the others follow.
    public let firstWeight: Int
    /// C, without zeros.
    public let coupling: [Coupling]
    /// Makes a path.
    public init(
      inputBlock: Int, degree: Int, outputBlock: Int, coefficient: Double, firstWeight: Int, coupling: [Coupling]
    ) {
      (self.inputBlock, self.degree, self.outputBlock) = (inputBlock, degree, outputBlock)
      (self.coefficient, self.firstWeight, self.coupling) = (coefficient, firstWeight, coupling)
    }
  }

  /// n_i.
  public enum Normalization: Hashable, Sendable {
    /// A number.
    case constant(Double)
    /// α + β Σ_j D(r_ij; z_i, z_j), with a radial function D of one output.
    case density(RadialFunction, alpha: Double, beta: Double)
  }

  /// v.
  public enum Direction: Hashable, Sendable {
    /// From the neighbour to the centre, v = −r_ij: MACE.
    case towardsCenter
    /// From the centre to the neighbour, v = r_ij: NequIP.
    case towardsNeighbor
  }

  /// h.
  public let input: BufferIndex
  /// z.
  public let output: BufferIndex
  /// The largest degree of Y (component normalisation, |Y_l|² = 2l+1).
  public let largestDegree: Int
  /// The paths.
  public let paths: [Path]
  /// R.
  public let radial: RadialFunction
  /// n.
  public let normalization: Normalization
  /// v.
  public let direction: Direction

  /// Makes a convolution.
  public init(
    input: BufferIndex, output: BufferIndex, largestDegree: Int, paths: [Path], radial: RadialFunction,
    normalization: Normalization, direction: Direction
  ) {
    (self.input, self.output, self.largestDegree, self.paths) = (input, output, largestDegree, paths)
    (self.radial, self.normalization, self.direction) = (radial, normalization, direction)
  }
}

/// The symmetric contraction of MACE, for each channel c of A:
///
///     z_i,cM = Σ_ν Σ_p W^ν[z_i]_pc Σ_(m₁…m_ν) U^ν_(M m₁…m_ν p) A_i,cm₁ ⋯ A_i,cm_ν
///
/// (Batatia et al. 2022, arXiv:2206.07697, eq. 10 and 11). All blocks of A and z have the same number of copies.
public struct SymmetricContraction: Hashable, Sendable {
  /// One order ν of one output block.
  public struct Term: Hashable, Sendable {
    /// The block of z.
    public let outputBlock: Int
    /// U^ν.
    public let basis: SymmetricContractionBasis
    /// W^ν: one set for all species, or one for each; row-major [paths, channels].
    public let weights: [[Double]]
    /// Makes a term.
    public init(outputBlock: Int, basis: SymmetricContractionBasis, weights: [[Double]]) {
      (self.outputBlock, self.basis, self.weights) = (outputBlock, basis, weights)
    }
  }

  /// A.
  public let input: BufferIndex
  /// z.
  public let output: BufferIndex
  /// All orders of all blocks.
  public let terms: [Term]
  /// Makes a contraction.
  public init(input: BufferIndex, output: BufferIndex, terms: [Term]) {
    (self.input, self.output, self.terms) = (input, output, terms)
  }
}

/// Scalars pass functions, other copies are multiplied by gates, scalars that have passed functions too:
///
///     z = [f(x_s), …, x_g,k · g(x_t), …]
public struct GateLayer: Hashable, Sendable {
  /// Scalars that pass one function.
  public struct Scalars: Hashable, Sendable {
    /// Where they are in x.
    public let input: Range<Int>
    /// f; nil for the identity.
    public let function: ScaledFunction?
    /// Makes a group of scalars.
    public init(_ input: Range<Int>, _ function: ScaledFunction?) { (self.input, self.function) = (input, function) }
  }

  /// Copies that are gated.
  public struct Gated: Hashable, Sendable {
    /// Where they start in x.
    public let start: Int
    /// How many there are.
    public let copies: Int
    /// Components of each.
    public let dimension: Int
    /// Where the gate of the first is in x; the others follow.
    public let firstGate: Int
    /// g; nil for the identity.
    public let function: ScaledFunction?
    /// Makes a group of copies.
    public init(start: Int, copies: Int, dimension: Int, firstGate: Int, _ function: ScaledFunction?) {
      (self.start, self.copies, self.dimension) = (start, copies, dimension)
      (self.firstGate, self.function) = (firstGate, function)
    }
    /// Where its gates are in x.
    public var gates: Range<Int> { firstGate..<(firstGate + copies) }
    /// Where its copies are in x.
    public var input: Range<Int> { start..<(start + copies * dimension) }
  }

  /// The scalars, in the order of the output.
  public let scalars: [Scalars]
  /// The gated copies, in the order of the output, after the scalars.
  public let gated: [Gated]

  /// Makes a gate.
  public init(scalars: [Scalars], gated: [Gated] = []) { (self.scalars, self.gated) = (scalars, gated) }

  /// A function of scalars alone.
  public init(scalars: Range<Int>, _ function: ScaledFunction?) {
    self.init(scalars: [Scalars(scalars, function)])
  }

  /// Components of z.
  public var outputDimension: Int {
    scalars.reduce(0) { $0 + $1.input.count } + gated.reduce(0) { $0 + $1.input.count }
  }
}

/// One step of a program. Every buffer is written by exactly one step, and read by later ones.
public enum Primitive: Hashable, Sendable {
  /// Features from species.
  case embed(Embedding)
  /// From here on the buffer is read for neighbours too: ghosts must get their features before the next step. Does nothing where there are none.
  case exchange(BufferIndex)
  /// The sum over neighbours.
  case convolve(Convolution)
  /// A linear map of each atom's features.
  case linear(LinearMap)
  /// Products of each atom's features with themselves.
  case contract(SymmetricContraction)
  /// Functions of scalars, and gates.
  case gate(GateLayer, input: BufferIndex, output: BufferIndex)
  /// z = Σ_k x_k.
  case add([BufferIndex], output: BufferIndex)
  /// e_i += x_i: the one component of a buffer `1x0e` is a share of the atom's energy.
  case readout(BufferIndex)
}
