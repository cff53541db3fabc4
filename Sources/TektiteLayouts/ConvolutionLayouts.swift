/// One path of a convolution: senders' components m₁ through coefficients K[m₁][m₃] and a radial function to messages' components m₃.
///
/// K is in rows of edges, or is Σ_m₂ C[m₁][m₂][m₃] Y_m₂ with the harmonics in rows of edges and C a list of terms. With terms C is taken out of the sums over
/// edges, so that these cost (2l₁+1)(2l₂+1) instead of (2l₁+1)(2l₃+1) products: choose them for l₂ ≤ l₃ and senders of several components. Paths with
/// terms may have K as well, which is used forward: choose that for l₂ = l₃, where it saves no products but memory.
@frozen
public struct ConvolutionPath: BitwiseCopyable, Sendable {
  /// First of the sender's rows of channels, and how many (2l₁+1).
  public var senderRow: Int32, senderCount: Int32
  /// First of the message's rows of channels, and how many (2l₃+1: 1, 3, 5, 7 or 9). Paths have rows of their own.
  public var messageRow: Int32, messageCount: Int32
  /// First of senderCount · messageCount rows of edges that hold K, or −1 if none do; for scalar senders that is Y_l.
  public var coefficientRow: Int32
  /// First of as many rows that ∂E/∂K is written to; with terms, of harmonicCount rows that ∂E/∂Y_l is written to.
  public var coefficientAdjointRow: Int32
  /// Which function of the table, numbered within a block of channels.
  public var function: Int32
  /// 2l₂+1 (1, 3, 5, 7 or 9) where the path has terms, or 0; and the first of as many rows of edges that hold Y_l.
  public var harmonicCount: Int32, harmonicRow: Int32
  /// The path's terms in those of the pass, in ascending order of `factors`.
  public var firstTerm: Int32, termEnd: Int32

  /// An element of C.
  @frozen public struct Term: BitwiseCopyable, Sendable {
    /// Its value.
    public var value: Double
    /// m₁ · harmonicCount + m₂, and m₃.
    public var factors: Int32, message: Int32
    /// Makes a term.
    @inlinable public init(factors: Int, message: Int, value: Double) {
      (self.factors, self.message, self.value) = (Int32(factors), Int32(message), value)
    }
  }

  /// Makes a path.
  @inlinable public init(
    senderRow: Int, senderCount: Int, messageRow: Int, messageCount: Int, coefficientRow: Int,
    coefficientAdjointRow: Int, function: Int, harmonicRow: Int = -1, harmonicCount: Int = 0, terms: Range<Int> = 0..<0
  ) {
    self.senderRow = Int32(senderRow)
    self.senderCount = Int32(senderCount)
    self.messageRow = Int32(messageRow)
    self.messageCount = Int32(messageCount)
    self.coefficientRow = Int32(coefficientRow)
    self.coefficientAdjointRow = Int32(coefficientAdjointRow)
    self.function = Int32(function)
    (self.harmonicRow, self.harmonicCount) = (Int32(harmonicRow), Int32(harmonicCount))
    (firstTerm, termEnd) = (Int32(terms.lowerBound), Int32(terms.upperBound))
  }
}

/// The message passing of one tile of receivers, with the radial functions read from a spline table on the way:
///
///     A_p,m₃[i] = Σ_(edges e of i) Σ_m₁ K_p,m₁m₃(e) R_p(|r_e|) h_m₁[sender(e)]        for each channel
///
/// | array | layout |
/// |---|---|
/// | features h and their adjoint | [sender][row][channel], rows of `channels`, senders `featureStride` apart |
/// | messages A and their adjoint | [row][receiver][channel], rows `messageStride` apart: the rows of one l are one matrix |
/// | table | [knot][channel block][function][lane], blocks of one grain |
/// | edges | `EdgeRows`; the edges of a receiver follow each other, in the order that sums are taken in |
///
/// Without features every sender is the scalar 1 in every channel, as in a first layer whose senders differ by species only (give each species knots in a
/// table of its own): all paths have one sender component, consecutive paths of one function with consecutive message rows are computed
/// together, and there is no ∂E/∂h.
@frozen
public struct ConvolutionPass {
  /// Receivers of the tile.
  public var receivers: Int
  /// For each receiver its first edge in the tile's rows; one more at the end.
  public var starts: UnsafePointer<Int32>
  /// For each edge the sender; not read without features.
  public var senders: UnsafePointer<Int32>
  /// For each edge the offset of its first table row, in scalars.
  public var knots: UnsafePointer<Int32>
  /// First chunk of edges, and scalars from one to the next.
  public var edges: UnsafeMutableRawPointer, chunkStride: Int
  /// Rows of a chunk: the first of `knotCount` spline weights, which as many derivatives follow, and ∂E/∂|r|.
  public var weights: Int, lengthAdjoint: Int
  /// Table rows that an edge reads, the splines' degree + 1: 4 or 6.
  public var knotCount: Int
  /// Padded channels.
  public var channels: Int
  /// The paths.
  public var paths: UnsafePointer<ConvolutionPath>, pathCount: Int
  /// Elements of C of all paths that have them; nil where none has.
  public var terms: UnsafePointer<ConvolutionPath.Term>?
  /// The spline table, and functions in a block of it.
  public var table: UnsafeRawPointer, functionCount: Int
  /// Scalars from one table row to the next. An odd number of grains spreads the rows of one function and block over all sets of the first-level cache.
  public var rowStride: Int
  /// h, or nil for senders of 1, and scalars from one sender to the next.
  public var features: UnsafeRawPointer?, featureStride: Int
  /// A when going forward, ∂E/∂A when going back; scalars from one row to the next.
  public var messages: UnsafeMutableRawPointer, messageStride: Int
  /// What ∂E/∂h is added to, laid out as h but numbered by `adjointSenders`; the caller clears it. Going back needs it where there are features.
  public var featureAdjoint: UnsafeMutableRawPointer?
  /// For each edge the sender's place in `featureAdjoint`; the same as `senders` unless set.
  public var adjointSenders: UnsafePointer<Int32>
  /// Room of `scratchBytes`, aligned to 64 bytes.
  public var scratch: UnsafeMutableRawPointer

  /// The most edges that passes without features take at once, and the most components.
  @inlinable public static var batch: (edges: Int, components: Int) { (48, 32) }

  /// The most rows of a path: (2l₁+1)(2l₂+1) or (2l₁+1)(2l₃+1) at l = 4.
  @inlinable public static var largestRowCount: Int { 81 }

  /// The scratch that a tile needs.
  @inlinable public static func scratchBytes(edges: Int, channels: Int, hasFeatures: Bool = true) -> Int {
    if hasFeatures {
      // Where edges' numbers are and a grain of R of each; R, R′ and the receiver's rows in all channels; sums of a vector of edges before they are taken across
      // lanes, and of a grain of channels.
      return edges * 96 + 64 + 8 * channels * (largestRowCount + 2)
        + 64 * 17 * (largestRowCount + 1)
    }
    // In doubles: radial functions and derivatives of a batch and of a vector of edges, harmonics, products; with room for lanes that are filled up.
    let edges = batch.edges + 16
    return 8 * (channels * (2 * edges + 32) + 3 * batch.components * edges) + 64
  }

  /// Makes a pass.
  @inlinable public init(
    receivers: Int, starts: UnsafePointer<Int32>, senders: UnsafePointer<Int32>, knots: UnsafePointer<Int32>,
    edges: EdgeRows, channels: Int, paths: UnsafePointer<ConvolutionPath>, pathCount: Int, table: UnsafeRawPointer,
    functionCount: Int, features: UnsafeRawPointer?, featureStride: Int, messages: UnsafeMutableRawPointer,
    messageStride: Int, featureAdjoint: UnsafeMutableRawPointer? = nil, scratch: UnsafeMutableRawPointer,
    knotCount: Int = 4, terms: UnsafePointer<ConvolutionPath.Term>? = nil, rowStride: Int? = nil
  ) {
    self.receivers = receivers
    self.starts = starts
    self.senders = senders
    self.knots = knots
    self.edges = edges.base
    chunkStride = edges.chunkStride
    weights = edges.weights
    lengthAdjoint = edges.lengthAdjoint
    self.channels = channels
    self.paths = paths
    self.pathCount = pathCount
    self.table = table
    self.functionCount = functionCount
    self.features = features
    self.featureStride = featureStride
    self.messages = messages
    self.messageStride = messageStride
    self.featureAdjoint = featureAdjoint
    adjointSenders = senders
    self.scratch = scratch
    self.knotCount = knotCount
    self.terms = terms
    self.rowStride = rowStride ?? channels * functionCount
  }
}
