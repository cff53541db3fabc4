import TektiteLayouts

/// Where an edge's numbers begin, in scalars: its place in the chunks of edges, its first table row, its sender's features and their adjoint. Found once for
/// a tile, since in the inner loops there would be as many integer instructions as sums.
struct EdgePlace {
  let row: Int, table: Int, features: Int, adjoint: Int
}

/// The pointers of a pass with their types, which has features.
struct Streams<S> {
  let edges: UnsafeMutablePointer<S>, table: UnsafePointer<S>, features: UnsafePointer<S>
  let messages: UnsafeMutablePointer<S>
  let starts: UnsafePointer<Int32>, senders: UnsafePointer<Int32>, knots: UnsafePointer<Int32>
  let adjointSenders: UnsafePointer<Int32>
  let featureStride: Int, chunkStride: Int
  /// Scalars from one table row to the next.
  let knotStride: Int

  @inline(__always) init(_ p: borrowing ConvolutionPass) {
    edges = p.edges.assumingMemoryBound(to: S.self)
    table = p.table.assumingMemoryBound(to: S.self)
    features = p.features.unsafelyUnwrapped.assumingMemoryBound(to: S.self)
    messages = p.messages.assumingMemoryBound(to: S.self)
    (starts, senders, knots) = (p.starts, p.senders, p.knots)
    adjointSenders = p.adjointSenders
    (featureStride, chunkStride) = (p.featureStride, p.chunkStride)
    knotStride = p.rowStride
  }
  /// Scalars in 64 bytes and log₂ of it.
  @inline(__always) var grain: Int { 64 / MemoryLayout<S>.stride }
  @inline(__always) var shift: Int { MemoryLayout<S>.stride == 4 ? 4 : 3 }
  @inline(__always) func place(_ e: Int) -> EdgePlace {
    EdgePlace(
      row: (e >> shift) * chunkStride + (e & (grain - 1)), table: Int(knots[e]),
      features: Int(senders[e]) * featureStride, adjoint: Int(adjointSenders[e]) * featureStride)
  }
  /// Places of all edges, which scratch begins with.
  @inline(__always) func fillPlaces(_ p: borrowing ConvolutionPass) {
    let places = p.scratch.assumingMemoryBound(to: EdgePlace.self)
    for e in Int(starts[0])..<max(Int(starts[0]), Int(starts[p.receivers])) { places[e] = place(e) }
  }
  /// Scratch behind the places.
  @inline(__always) func scratch(_ p: borrowing ConvolutionPass) -> UnsafeMutablePointer<S> {
    (p.scratch + (Int(starts[p.receivers]) + 1) / 2 * 64).assumingMemoryBound(to: S.self)
  }
}

@inline(never) private func convolveFloats(_ p: borrowing ConvolutionPass) {
  p.knotCount == 4 ? convolve(WideFloats.self, Four.self, p) : convolve(WideFloats.self, Six.self, p)
}
@inline(never) private func convolveDoubles(_ p: borrowing ConvolutionPass) {
  p.knotCount == 4 ? convolve(WideDoubles.self, Four.self, p) : convolve(WideDoubles.self, Six.self, p)
}
@inline(never) private func adjointOfFloats(_ p: borrowing ConvolutionPass) {
  convolveAdjoint(WideFloats.self, p)
}
@inline(never) private func adjointOfDoubles(_ p: borrowing ConvolutionPass) {
  convolveAdjoint(WideDoubles.self, p)
}

/// Writes the messages of a tile's receivers.
public func convolution(isDouble: Bool, _ p: borrowing ConvolutionPass) {
  if p.features == nil {
    featurelessConvolution(isDouble: isDouble, p)
  } else {
    isDouble ? convolveDoubles(p) : convolveFloats(p)
  }
}

/// Reads the adjoint of the messages; writes ∂E/∂K of every path and ∂E/∂|r| into the tile's rows of edges, and adds to ∂E/∂h.
public func convolutionAdjoint(isDouble: Bool, _ p: borrowing ConvolutionPass) {
  if p.features == nil {
    featurelessConvolutionAdjoint(isDouble: isDouble, p)
  } else {
    isDouble ? adjointOfDoubles(p) : adjointOfFloats(p)
  }
}
