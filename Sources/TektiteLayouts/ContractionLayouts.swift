/// Polynomials in the components of a vector, the same for all atoms and channels, with weights by channel: symmetric contractions and their gradients.
/// Slots are vectors of channels: slot 0 is one, 1 … `inputCount` are A, and then come products of earlier slots. Each sum is
///
///     t = Σ coefficient · slot,      out[target] += weight[weightRow] · t,      value += share · weight[weightRow] · t · slot[factor]
///
/// so that a gradient ∂B/∂A_i of degree d − 1 gives B along with it, by a share of 1/d and the factor A_i.
@frozen
public struct PolynomialProgram {
  /// A product of two earlier slots.
  @frozen public struct Product: BitwiseCopyable, Sendable {
    /// The factors.
    public var first: Int32, second: Int32
    /// Makes a product.
    @inlinable public init(first: Int32, second: Int32) { (self.first, self.second) = (first, second) }
  }
  /// A sum over slots. Sums with equal targets must follow each other.
  @frozen public struct Sum: BitwiseCopyable, Sendable {
    /// Row of the output.
    public var target: Int32
    /// Row of the weights.
    public var weight: Int32
    /// One past its last term; the first follows the sum before.
    public var end: Int32
    /// Slot whose product with the sum goes to the value, with `share`.
    public var factor: Int32
    /// 1/d, or 0 for no value.
    public var share: Double, singleShare: Float
    /// Makes a sum.
    @inlinable public init(target: Int32, weight: Int32, end: Int32, factor: Int32 = 0, share: Double = 0) {
      (self.target, self.weight, self.end, self.factor, self.share) = (target, weight, end, factor, share)
      singleShare = Float(share)
    }
  }
  /// A coefficient and a slot.
  @frozen public struct Term: BitwiseCopyable, Sendable {
    /// The coefficient in both precisions, so that neither is converted in a loop.
    public var value: Double, single: Float
    /// The slot.
    public var slot: Int32
    /// Makes a term.
    @inlinable public init(slot: Int32, value: Double) {
      (self.slot, self.value, single) = (slot, value, Float(value))
    }
  }
  /// Components of A.
  public var inputCount: Int
  /// Products in order; slot inputCount + 1 + k is product k.
  public var products: UnsafePointer<Product>, productCount: Int
  /// Sums.
  public var sums: UnsafePointer<Sum>, sumCount: Int
  /// Terms, sum after sum.
  public var terms: UnsafePointer<Term>
  /// Makes a program.
  @inlinable public init(
    inputCount: Int, products: UnsafePointer<Product>, productCount: Int, sums: UnsafePointer<Sum>, sumCount: Int,
    terms: UnsafePointer<Term>
  ) {
    self.inputCount = inputCount
    (self.products, self.productCount) = (products, productCount)
    (self.sums, self.sumCount, self.terms) = (sums, sumCount, terms)
  }
}

/// A program applied to atoms and channels.
@frozen
public struct PolynomialPass {
  /// The program.
  public var program: PolynomialProgram
  /// Atoms of the tile, all of one species.
  public var atoms: Int
  /// Padded channels.
  public var channels: Int
  /// A: [component][atom][channel], components `inputStride` scalars apart.
  public var input: UnsafeRawPointer, inputStride: Int
  /// Weights [row][channel], the same for all atoms, or by atom when `weightAtomStride` is not 0: [atom][row][channel] for weights times an output's adjoint.
  public var weights: UnsafeRawPointer, weightAtomStride: Int
  /// Outputs, [target][atom][channel], targets `outputStride` scalars apart. Targets without sums are not touched.
  public var output: UnsafeMutableRawPointer, outputStride: Int
  /// Values, [atom][channel], or nil.
  public var values: UnsafeMutableRawPointer?
  /// Room for slots: (inputCount + 1 + productCount) · 64 bytes · 2, aligned to 64 bytes.
  public var scratch: UnsafeMutableRawPointer

  /// Makes a pass.
  @inlinable public init(
    program: PolynomialProgram, atoms: Int, channels: Int, input: UnsafeRawPointer, inputStride: Int,
    weights: UnsafeRawPointer, weightAtomStride: Int = 0, output: UnsafeMutableRawPointer, outputStride: Int,
    values: UnsafeMutableRawPointer?, scratch: UnsafeMutableRawPointer
  ) {
    self.program = program
    (self.atoms, self.channels) = (atoms, channels)
    (self.input, self.inputStride) = (input, inputStride)
    (self.weights, self.weightAtomStride) = (weights, weightAtomStride)
    (self.output, self.outputStride) = (output, outputStride)
    (self.values, self.scratch) = (values, scratch)
  }
}
