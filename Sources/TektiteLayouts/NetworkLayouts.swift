/// The grain of the layouts that network kernels share: a row of 64 bytes, at every processor level, so that no buffer depends on the level.
public enum NetworkGrain {
  /// Scalars in 64 bytes: 16 floats or 8 doubles. Channels are padded to multiples of it with zeros, and edges come in chunks of as many.
  @inlinable public static func lanes(isDouble: Bool) -> Int { isDouble ? 8 : 16 }
  /// A number of channels with its padding.
  @inlinable public static func padded(_ channels: Int, isDouble: Bool) -> Int {
    let lanes = lanes(isDouble: isDouble)
    return (channels + lanes - 1) / lanes * lanes
  }
}

/// C = A·B or C += A·B for row-major matrices. The number of columns must be a multiple of the grain (pad B with zero columns); rows and depth may be
/// anything. The adjoint of A is the same product with a transposed copy of B, which whoever owns the weights makes once.
@frozen
public struct MatrixProduct {
  /// A, of shape [rows, depth].
  public var a: UnsafeRawPointer
  /// B, of shape [depth, columns].
  public var b: UnsafeRawPointer
  /// C, of shape [rows, columns]; must not overlap A or B.
  public var c: UnsafeMutableRawPointer
  /// Sizes.
  public var rows: Int, depth: Int, columns: Int
  /// Scalars from one row to the next.
  public var strideA: Int, strideB: Int, strideC: Int
  /// Whether the product is added to what C holds.
  public var accumulates: Bool

  /// Makes a product; strides are those of dense matrices unless given.
  @inlinable public init(
    a: UnsafeRawPointer, b: UnsafeRawPointer, c: UnsafeMutableRawPointer, rows: Int, depth: Int, columns: Int,
    strideA: Int? = nil, strideB: Int? = nil, strideC: Int? = nil, accumulates: Bool = false
  ) {
    (self.a, self.b, self.c) = (a, b, c)
    (self.rows, self.depth, self.columns) = (rows, depth, columns)
    self.strideA = strideA ?? depth
    self.strideB = strideB ?? columns
    self.strideC = strideC ?? columns
    self.accumulates = accumulates
  }
}

/// Edges in chunks of one grain, lanes = edges. A chunk is a run of rows of one grain each, so that the number of edge e in row r sits at
/// `base[e / lanes · chunkStride + r · lanes + e % lanes]`: kernels over edges load rows as vectors, kernels over channels read single numbers at constant
/// distances. Which row holds what is the caller's choice, told by the row numbers here and in the passes that read edges. The
/// last chunk must be filled up with any finite displacements.
@frozen
public struct EdgeRows {
  /// First chunk, aligned to 64 bytes.
  public var base: UnsafeMutableRawPointer
  /// Scalars from one chunk to the next.
  public var chunkStride: Int
  /// Number of edges; the last chunk may be filled in part.
  public var count: Int
  /// First of three rows x, y, z: receiver to sender.
  public var displacement = 0
  /// Row of |r|.
  public var length = 3
  /// First of (degree+1)² rows Y_lm, l ascending, m = −l … l.
  public var harmonics = 4
  /// First of degree + 1 rows of spline weights (the splines' degree: four or six rows), followed by as many of dw/dr.
  public var weights = 20
  /// Row of ∂E/∂|r| at fixed direction.
  public var lengthAdjoint = 28
  /// First of (degree+1)² rows ∂E/∂Y_lm.
  public var harmonicsAdjoint = 29
  /// First of three rows ∂E/∂r; may be the displacement's rows.
  public var gradient = 45
  /// Largest degree l, at most 4.
  public var degree = 3

  /// Describes rows at the default places, which need 48 rows and suit harmonics and splines of degrees to 3.
  @inlinable public init(base: UnsafeMutableRawPointer, chunkStride: Int, count: Int) {
    (self.base, self.chunkStride, self.count) = (base, chunkStride, count)
  }
}

/// Where a spline table begins and how fine it is.
@frozen
public struct SplineGrid: BitwiseCopyable, Sendable {
  /// The coordinate of the first sample and the distance between samples in it.
  public var start: Double, spacing: Double
  /// b of the coordinate u = r/(r + b), in which short distances have more samples than long ones; 0 for u = r.
  public var bend: Double
  /// Intervals between samples; the table has `degree` rows more.
  public var intervals: Int
  /// Scalars from one row of the table to the next.
  public var rowStride: Int
  /// Degree of the splines, 3 or 5; an edge reads degree + 1 rows.
  public var degree: Int
  /// Makes a grid.
  @inlinable public init(
    start: Double, spacing: Double, bend: Double = 0, intervals: Int, rowStride: Int, degree: Int = 3
  ) {
    (self.start, self.spacing, self.intervals, self.rowStride) = (start, spacing, intervals, rowStride)
    (self.bend, self.degree) = (bend, degree)
  }

  /// u of a distance.
  @inlinable public static func coordinate(_ r: Double, bend: Double) -> Double { bend > 0 ? r / (r + bend) : r }
  /// The distance of u.
  @inlinable public static func distance(_ u: Double, bend: Double) -> Double { bend > 0 ? bend * u / (1 - u) : u }
  /// du/dr at a distance.
  @inlinable public static func slope(_ r: Double, bend: Double) -> Double {
    bend > 0 ? bend / ((r + bend) * (r + bend)) : 1
  }
}

/// Rows of a chunk as sums of other rows: row[target] = Σ value · row[source]. Coupling matrices K[m₁][m₃] = Σ C Y_m₂ are made by it, and its transpose
/// carries their adjoints back.
@frozen
public struct RowCombination {
  /// One target and where its terms end; they begin where those of the target before end.
  @frozen public struct Target: BitwiseCopyable, Sendable {
    /// Row that is written.
    public var row: Int32
    /// One past its last term.
    public var end: Int32
    /// Makes a target.
    @inlinable public init(row: Int32, end: Int32) { (self.row, self.end) = (row, end) }
  }
  /// One term.
  @frozen public struct Term: BitwiseCopyable, Sendable {
    /// The factor.
    public var value: Double
    /// Row that is read.
    public var row: Int32
    /// Makes a term.
    @inlinable public init(row: Int32, value: Double) { (self.row, self.value) = (row, value) }
  }
  /// What is written; no target may be another's source.
  public var targets: UnsafePointer<Target>
  /// How many.
  public var targetCount: Int
  /// All terms, target after target.
  public var terms: UnsafePointer<Term>
  /// Makes a combination.
  @inlinable public init(targets: UnsafePointer<Target>, targetCount: Int, terms: UnsafePointer<Term>) {
    (self.targets, self.targetCount, self.terms) = (targets, targetCount, terms)
  }
}
