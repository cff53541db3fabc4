/// A network of messages on atoms as numbers, ready to be executed: what to do with which rows of channels, and nothing about what they mean.
///
/// A buffer holds features of each atom in blocks; a block is a few rows (the 2l+1 components of an irrep) of equally many channels. Every buffer is
/// written by one step and read by later ones. Convolutions cut the steps into segments: what belongs to one atom is computed tile by tile of receivers within a
/// segment, and what neighbours need is complete before the next one begins. Weights are kept in double and narrowed by the executor.
public struct NetworkPlan: Sendable {
  /// Names a buffer by its place in `buffers`.
  public typealias BufferIndex = Int

  /// Rows of channels.
  public struct Block: Hashable, Sendable {
    /// Components.
    public var rows: Int
    /// Channels in each row.
    public var channels: Int
    /// Makes a block.
    public init(rows: Int, channels: Int) { (self.rows, self.channels) = (rows, channels) }
  }

  /// One step.
  public enum Step: Sendable {
    /// Rows that depend on the species alone.
    case constant(Constant)
    /// Sums over neighbours.
    case convolve(Convolution)
    /// Products with matrices.
    case linear(Linear)
    /// Polynomials in the components of each channel.
    case contract(Contraction)
    /// Functions of scalars, and gates.
    case gate(Gate)
    /// The sum of buffers of one shape.
    case add([BufferIndex], output: BufferIndex)
    /// The first channel of the first block is a share of the atom's energy.
    case readout(BufferIndex)
  }

  /// Distance from which on atoms do not see each other.
  public var cutoff: Double
  /// Species, numbered from 0.
  public var speciesCount: Int
  /// The blocks of each buffer.
  public var buffers: [[Block]]
  /// The steps.
  public var steps: [Step]
  /// Factor on the sum of readouts, by species.
  public var scale: [Double]
  /// Energy added for each atom, by species.
  public var shift: [Double]

  /// Makes a plan.
  public init(
    cutoff: Double, speciesCount: Int, buffers: [[Block]], steps: [Step], scale: [Double], shift: [Double]
  ) {
    (self.cutoff, self.speciesCount, self.buffers) = (cutoff, speciesCount, buffers)
    (self.steps, self.scale, self.shift) = (steps, scale, shift)
  }
}

extension NetworkPlan {
  /// Row vectors by species: scalars in the first blocks, one after the other; other components are zero.
  public struct Constant: Sendable {
    /// What is written.
    public var output: BufferIndex
    /// For each species, for each block, its channels; empty for blocks of several rows.
    public var rows: [[[Double]]]
    /// Makes a step.
    public init(output: BufferIndex, rows: [[[Double]]]) { (self.output, self.rows) = (output, rows) }
  }

  /// z_k = Σ over senders j of Σ_paths R_p(|r|) K_p(r̂) h_j, for each channel.
  public struct Convolution: Sendable {
    /// What senders carry.
    public enum Senders: Sendable {
      /// Features of their atoms.
      case atoms(BufferIndex)
      /// One row of scalars for each species.
      case species([[Double]])
      /// Nothing: radial functions themselves are the channels, and senders of different species are summed apart. Channel z·C + c of the
      /// output, with C the padded channels, is function c summed over senders of species z.
      case functions
    }

    /// An element of a coupling: K[first][output] gets value · Y_(degree, second).
    public struct Coupling: Sendable {
      /// Component of the sender, of the harmonic, of the message.
      public var first: Int, second: Int, output: Int
      /// The factor.
      public var value: Double
      /// Makes an element.
      public init(first: Int, second: Int, output: Int, value: Double) {
        (self.first, self.second, self.output, self.value) = (first, second, output, value)
      }
    }

    /// A path.
    public struct Path: Sendable {
      /// Block of the senders.
      public var inputBlock: Int
      /// Block of the messages.
      public var outputBlock: Int
      /// Degree of the harmonics.
      public var degree: Int
      /// The first of the radial functions, one for each channel.
      public var firstFunction: Int
      /// Factor on them.
      public var factor: Double
      /// The coupling; nil for one sender component with K = Y.
      public var coupling: [Coupling]?
      /// Makes a path.
      public init(
        inputBlock: Int, outputBlock: Int, degree: Int, firstFunction: Int, factor: Double = 1, coupling: [Coupling]?
      ) {
        (self.inputBlock, self.outputBlock, self.degree) = (inputBlock, outputBlock, degree)
        (self.firstFunction, self.factor, self.coupling) = (firstFunction, factor, coupling)
      }
    }

    /// Messages are divided by α + β Σ_j D(|r_ij|).
    public struct Density: Sendable {
      /// α and β.
      public var alpha: Double, beta: Double
      /// D at the samples of the table, for each table, and its derivatives by the coordinate at both ends.
      public var samples: [[Double]], slopes: [EndSlopes]
      /// D and its derivative without a table.
      public var exact: @Sendable (_ r: Double, _ receiver: Int, _ sender: Int) -> (value: Double, derivative: Double)
      /// Makes a density.
      public init(
        alpha: Double, beta: Double, samples: [[Double]], slopes: [EndSlopes],
        exact: @escaping @Sendable (Double, Int, Int) -> (value: Double, derivative: Double)
      ) {
        (self.alpha, self.beta, self.samples, self.slopes, self.exact) = (alpha, beta, samples, slopes, exact)
      }
    }

    /// Senders.
    public var senders: Senders
    /// Messages.
    public var output: BufferIndex
    /// Largest degree of the harmonics.
    public var degree: Int
    /// Whether harmonics are those of the vector from the sender to the receiver.
    public var pointsToReceiver: Bool
    /// Paths.
    public var paths: [Path]
    /// The radial functions.
    public var radial: RadialFunctions
    /// What messages are divided by, if anything.
    public var density: Density?

    /// Makes a convolution.
    public init(
      senders: Senders, output: BufferIndex, degree: Int, pointsToReceiver: Bool, paths: [Path],
      radial: RadialFunctions,
      density: Density? = nil
    ) {
      (self.senders, self.output, self.degree) = (senders, output, degree)
      (self.pointsToReceiver, self.paths, self.radial, self.density) = (pointsToReceiver, paths, radial, density)
    }
  }

  /// Derivatives of functions at the first and last sample, and where two splines meet.
  public struct EndSlopes: Hashable, Sendable {
    /// Of each function.
    public var first: [Double], last: [Double]
    /// The same at the joint; nil where there is none.
    public var joint: [Double]?
    /// Makes slopes.
    public init(first: [Double], last: [Double], joint: [Double]? = nil) {
      (self.first, self.last, self.joint) = (first, last, joint)
    }
  }

  /// Radial functions R of all paths and channels, as samples for tables, and without.
  public struct RadialFunctions: Sendable {
    /// How many.
    public var count: Int
    /// The coordinate of the first sample and the distance between samples, with b of the coordinate (see `SplineGrid`).
    public var start: Double, spacing: Double, bend: Double
    /// The distance of the first sample. Edges that are shorter use `exact`.
    public var firstDistance: Double { SplineGrid.distance(start, bend: bend) }
    /// Degree of the splines, 3 or 5.
    public var degree: Int
    /// The sample at which a second spline begins, for functions with a jump in their second derivatives; nil for one spline.
    public var joint: Int?
    /// Tables: [sample][function], row-major.
    public var samples: [[Double]]
    /// For each table the derivatives by the coordinate at both ends and at the joint.
    public var slopes: [EndSlopes]
    /// Which table belongs to receiver species · speciesCount + sender species.
    public var table: [Int]
    /// Values and derivatives at a distance, for a receiver's and a sender's species.
    public var exact:
      @Sendable (_ r: Double, _ receiver: Int, _ sender: Int) -> (values: [Double], derivatives: [Double])
    /// Whether tables are never used.
    public var isAlwaysExact: Bool

    /// How many rows of a table the second spline's lie further on than its samples: each spline has rows of its own beyond its ends.
    public var jointRows: Int { joint == nil ? 0 : degree }
    /// The splines' samples, with the slopes at both ends of each: all of one table.
    func pieces(_ sampleCount: Int, _ slopes: EndSlopes) -> [(
      samples: ClosedRange<Int>, first: [Double], last: [Double]
    )] {
      guard let joint, let middle = slopes.joint else { return [(0...(sampleCount - 1), slopes.first, slopes.last)] }
      return [(0...joint, slopes.first, middle), (joint...(sampleCount - 1), middle, slopes.last)]
    }

    /// Makes radial functions.
    public init(
      count: Int, start: Double, spacing: Double, bend: Double, degree: Int, joint: Int? = nil, samples: [[Double]],
      slopes: [EndSlopes], table: [Int],
      isAlwaysExact: Bool = false,
      exact: @escaping @Sendable (Double, Int, Int) -> (values: [Double], derivatives: [Double])
    ) {
      (self.count, self.start, self.spacing, self.bend) = (count, start, spacing, bend)
      (self.degree, self.joint, self.samples, self.slopes, self.table) = (degree, joint, samples, slopes, table)
      (self.isAlwaysExact, self.exact) = (isAlwaysExact, exact)
    }
  }

  /// z = Σ x·W for pairs of blocks with equally many rows, plus biases.
  public struct Linear: Sendable {
    /// A pair of blocks.
    public struct Path: Sendable {
      /// Block of the input and of the output.
      public var inputBlock: Int, outputBlock: Int
      /// W, row-major [input channels, output channels]: one for all species or one for each.
      public var weights: [[Double]]
      /// Makes a path.
      public init(inputBlock: Int, outputBlock: Int, weights: [[Double]]) {
        (self.inputBlock, self.outputBlock, self.weights) = (inputBlock, outputBlock, weights)
      }
    }
    /// x and z.
    public var input: BufferIndex, output: BufferIndex
    /// The pairs; several may share a block.
    public var paths: [Path]
    /// For each output block what is added to its only row; empty for nothing.
    public var biases: [[Double]]
    /// Makes a map.
    public init(input: BufferIndex, output: BufferIndex, paths: [Path], biases: [[Double]]) {
      (self.input, self.output, self.paths, self.biases) = (input, output, paths, biases)
    }
  }

  /// z_M = Σ_p W_p[species] P_pM(x) for each channel, with polynomials P in all rows of x.
  public struct Contraction: Sendable {
    /// x and z, of as many channels in all blocks.
    public var input: BufferIndex, output: BufferIndex
    /// The polynomials; components are rows of z and paths rows of the weights.
    public var monomials: [PolynomialTables.Monomial]
    /// Rows of the weights.
    public var pathCount: Int
    /// Row-major [path, channel]: one for all species or one for each.
    public var weights: [[Double]]
    /// Makes a contraction.
    public init(
      input: BufferIndex, output: BufferIndex, monomials: [PolynomialTables.Monomial], pathCount: Int,
      weights: [[Double]]
    ) {
      (self.input, self.output, self.monomials) = (input, output, monomials)
      (self.pathCount, self.weights) = (pathCount, weights)
    }
  }

  /// Copies of irreps that pass functions or are multiplied by gates.
  public struct Gate: Sendable {
    /// A function with its derivative.
    public struct Function: Sendable {
      /// Value and derivative at a number.
      public var evaluate: @Sendable (Double) -> (value: Double, derivative: Double)
      /// The same function, but for the factor, as kernels know it; nil for functions that they do not know.
      public var known: KnownActivation?
      /// The factor.
      public var factor: Double
      /// Makes a function.
      public init(
        known: KnownActivation? = nil, factor: Double = 1,
        _ evaluate: @escaping @Sendable (Double) -> (value: Double, derivative: Double)
      ) {
        (self.evaluate, self.known, self.factor) = (evaluate, known, factor)
      }
    }
    /// Channels in a row of a block.
    public struct Place: Sendable {
      /// The block and the first channel.
      public var block: Int, channel: Int
      /// Makes a place.
      public init(block: Int, channel: Int) { (self.block, self.channel) = (block, channel) }
    }
    /// Equally many channels that are treated alike: z = f(x) of scalars, or z = f(x_gate) x with a gate for each channel.
    public struct Run: Sendable {
      /// x, z, and where the gates are; without gates f is applied to x itself.
      public var input: Place, output: Place, gate: Place?
      /// How many channels.
      public var count: Int
      /// f; nil for the identity.
      public var function: Function?
      /// Makes a run.
      public init(input: Place, output: Place, gate: Place?, count: Int, function: Function?) {
        (self.input, self.output, self.gate, self.count, self.function) = (input, output, gate, count, function)
      }
    }
    /// x and z.
    public var input: BufferIndex, output: BufferIndex
    /// All channels of z.
    public var runs: [Run]
    /// Makes a gate.
    public init(input: BufferIndex, output: BufferIndex, runs: [Run]) {
      (self.input, self.output, self.runs) = (input, output, runs)
    }
  }
}

extension NetworkPlan.Step {
  /// The buffers that the step reads for an atom itself; those of senders are not among them.
  var inputs: [NetworkPlan.BufferIndex] {
    switch self {
    case .constant, .convolve: []
    case .linear(let step): [step.input]
    case .contract(let step): [step.input]
    case .gate(let step): [step.input]
    case .add(let inputs, _): inputs
    case .readout(let buffer): [buffer]
    }
  }

  /// The buffer that the step writes.
  var output: NetworkPlan.BufferIndex? {
    switch self {
    case .constant(let step): step.output
    case .convolve(let step): step.output
    case .linear(let step): step.output
    case .contract(let step): step.output
    case .gate(let step): step.output
    case .add(_, let output): output
    case .readout: nil
    }
  }

  /// The buffer that senders are read from.
  var senders: NetworkPlan.BufferIndex? {
    if case .convolve(let step) = self, case .atoms(let buffer) = step.senders { return buffer }
    return nil
  }
}
