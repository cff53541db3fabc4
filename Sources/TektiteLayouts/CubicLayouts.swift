/// Polynomials of order 1 to 3 in the components of a vector, the same for all atoms and channels, with coefficients by channel: symmetric contractions and
/// their gradients, arranged by pairs of factors,
///
///     B_M = Σ_i w_i A_i + Σ_(pairs x ≤ y) A_x A_y s_xy,      s_xy = w_xy + Σ_z w_xyz A_z
///
/// where each w is a row of coefficients by channel. The gradient needs the same numbers: s_xy A_y goes to A_x, s_xy A_x to A_y and w_xyz A_x A_y to each A_z.
/// Paths appear nowhere: a row is the sum of all paths' weights times what they contribute to a monomial.
@frozen
public struct CubicProgram {
  /// A row of coefficients and the factor it belongs to.
  @frozen public struct Term: BitwiseCopyable, Sendable {
    /// Row of coefficients; the component of A.
    public var row: Int32, factor: Int32
    /// Makes a term.
    @inlinable public init(row: Int, factor: Int) { (self.row, self.factor) = (Int32(row), Int32(factor)) }
  }
  /// Two factors and where the terms end that they are multiplied with; those begin where the pair before ends.
  @frozen public struct Pair: BitwiseCopyable, Sendable {
    /// Components of A.
    public var first: Int32, second: Int32
    /// Row of w_xy, and one past the last term.
    public var row: Int32, end: Int32
    /// Makes a pair.
    @inlinable public init(first: Int, second: Int, row: Int, end: Int) {
      (self.first, self.second, self.row, self.end) = (Int32(first), Int32(second), Int32(row), Int32(end))
    }
  }
  /// The linear terms and pairs of one polynomial.
  @frozen public struct Polynomial: BitwiseCopyable, Sendable {
    /// One past the last linear term and the last pair; the first follow those of the polynomial before.
    public var linearEnd: Int32, pairEnd: Int32
    /// Makes a polynomial.
    @inlinable public init(linearEnd: Int, pairEnd: Int) {
      (self.linearEnd, self.pairEnd) = (Int32(linearEnd), Int32(pairEnd))
    }
  }
  /// A row of the sum Σ_M B̄_M B_M as a sum of B̄ times rows: `factor` is the component M.
  @frozen public struct RowSum: BitwiseCopyable, Sendable {
    /// One past the last of its terms.
    public var end: Int32
    /// Makes a sum.
    @inlinable public init(end: Int) { self.end = Int32(end) }
  }

  /// Polynomials one after another.
  @frozen public struct List {
    /// Polynomials, and how many.
    public var polynomials: UnsafePointer<Polynomial>, count: Int
    /// Linear terms, pairs, and the terms of pairs.
    public var linear: UnsafePointer<Term>, pairs: UnsafePointer<Pair>, terms: UnsafePointer<Term>
    /// Makes a list.
    @inlinable public init(
      polynomials: UnsafePointer<Polynomial>, count: Int, linear: UnsafePointer<Term>, pairs: UnsafePointer<Pair>,
      terms: UnsafePointer<Term>
    ) {
      (self.polynomials, self.count) = (polynomials, count)
      (self.linear, self.pairs, self.terms) = (linear, pairs, terms)
    }
  }
  /// Components of A.
  public var inputCount: Int
  /// B_M for all M, with rows of the weights.
  public var values: List
  /// Σ_M B̄_M B_M as one polynomial, with rows that `rowSums` make; those are the weights' own where there is one component and no B̄.
  public var sum: List
  /// Rows of the sum, and the terms of each: row of the weights and component M.
  public var rowSums: UnsafePointer<RowSum>, rowSumCount: Int
  /// Terms of `rowSums`.
  public var rowTerms: UnsafePointer<Term>

  /// Makes a program.
  @inlinable public init(
    inputCount: Int, values: List, sum: List, rowSums: UnsafePointer<RowSum>, rowSumCount: Int,
    rowTerms: UnsafePointer<Term>
  ) {
    self.inputCount = inputCount
    (self.values, self.sum) = (values, sum)
    (self.rowSums, self.rowSumCount, self.rowTerms) = (rowSums, rowSumCount, rowTerms)
  }
}

/// A program applied to atoms and channels: values B_M alone, or the gradient ∂/∂A of Σ_M B̄_M B_M. With one component and no B̄ the gradient is that of B, and B
/// comes along.
@frozen
public struct CubicPass {
  /// The program.
  public var program: CubicProgram
  /// Atoms of the tile, all of one species.
  public var atoms: Int
  /// Padded channels.
  public var channels: Int
  /// A: [component][atom][channel], components `inputStride` scalars apart.
  public var input: UnsafeRawPointer, inputStride: Int
  /// Coefficients [row][channel].
  public var weights: UnsafeRawPointer
  /// B: [component M][atom][channel], components `valueStride` scalars apart; nil where it is not wanted. Not written when B̄ is given.
  public var values: UnsafeMutableRawPointer?, valueStride: Int
  /// The gradient, [component][atom][channel], components `gradientStride` scalars apart, all written; nil for values alone.
  public var gradient: UnsafeMutableRawPointer?, gradientStride: Int
  /// B̄: [component M][atom][channel], components `adjointStride` scalars apart. Nil only for values, or where there is one component.
  public var adjoint: UnsafeRawPointer?, adjointStride: Int
  /// Room of the tables' `scratchBytes`, aligned to 64 bytes.
  public var scratch: UnsafeMutableRawPointer

  /// Makes a pass.
  @inlinable public init(
    program: CubicProgram, atoms: Int, channels: Int, input: UnsafeRawPointer, inputStride: Int,
    weights: UnsafeRawPointer, values: UnsafeMutableRawPointer? = nil, valueStride: Int = 0,
    gradient: UnsafeMutableRawPointer? = nil, gradientStride: Int = 0, adjoint: UnsafeRawPointer? = nil,
    adjointStride: Int = 0, scratch: UnsafeMutableRawPointer
  ) {
    self.program = program
    (self.atoms, self.channels) = (atoms, channels)
    (self.input, self.inputStride, self.weights) = (input, inputStride, weights)
    (self.values, self.valueStride) = (values, valueStride)
    (self.gradient, self.gradientStride) = (gradient, gradientStride)
    (self.adjoint, self.adjointStride) = (adjoint, adjointStride)
    self.scratch = scratch
  }
}
