import TektiteLayouts

// Convolutions whose senders are all 1. With one radial function φ for a group of components, messages of a receiver are a small product of matrices,
// A[lm][c] = Σ_e Y[lm][e] φ[e][c], and so are the adjoints, with M = ∂E/∂A:
//
//     ∂E/∂Y[lm][e] = Σ_c M[lm][c] φ[c][e],      ∂E/∂|r_e| = Σ_lm Y[lm][e] U[lm][e],      U[lm][e] = Σ_c M[lm][c] φ′[c][e]
//
// so φ is evaluated once for an edge and channel and left in scratch, for φ′ and the adjoint transposed: lanes are edges there, and no
// sum runs across lanes.

/// Consecutive paths with one function and consecutive message rows.
private struct PathGroup {
  var first: Int, end: Int, components: Int

  /// The group that begins at a path.
  @inline(__always) init(_ p: borrowing ConvolutionPass, from index: Int) {
    first = index
    end = index + 1
    let start = p.paths[index]
    components = Int(start.messageCount)
    while end < p.pathCount {
      let next = p.paths[end]
      if next.function != start.function || Int(next.messageRow) != Int(start.messageRow) + components
        || components + Int(next.messageCount) > ConvolutionPass.batch.components
      {
        break
      }
      components += Int(next.messageCount)
      end += 1
    }
  }
}

/// Pointers and sizes of one group of paths.
private struct GroupStreams<S> {
  let edges: UnsafeMutablePointer<S>, table: UnsafePointer<S>, messages: UnsafeMutablePointer<S>
  let scratch: UnsafeMutablePointer<S>
  let starts: UnsafePointer<Int32>, knots: UnsafePointer<Int32>
  let paths: UnsafePointer<ConvolutionPath>
  let group: PathGroup
  let channels: Int, chunkStride: Int, messageStride: Int, blockStride: Int, knotStride: Int
  let weightRow: Int, lengthRow: Int

  @inline(__always) init(_ p: borrowing ConvolutionPass, _ group: PathGroup) {
    let grain = 64 / MemoryLayout<S>.stride
    let path = p.paths[group.first]
    edges = p.edges.assumingMemoryBound(to: S.self)
    table = p.table.assumingMemoryBound(to: S.self) + Int(path.function) * grain
    messages = p.messages.assumingMemoryBound(to: S.self) + Int(path.messageRow) * p.messageStride
    scratch = p.scratch.assumingMemoryBound(to: S.self)
    (starts, knots, paths) = (p.starts, p.knots, p.paths)
    self.group = group
    (channels, chunkStride, messageStride) = (p.channels, p.chunkStride, p.messageStride)
    blockStride = p.functionCount * grain
    knotStride = p.rowStride
    (weightRow, lengthRow) = (p.weights * grain, p.lengthAdjoint * grain)
  }
  @inline(__always) var grain: Int { 64 / MemoryLayout<S>.stride }
  @inline(__always) var shift: Int { MemoryLayout<S>.stride == 4 ? 4 : 3 }
  /// Where an edge's column begins in the chunks.
  @inline(__always) func column(_ e: Int) -> UnsafeMutablePointer<S> {
    edges + (e >> shift) * chunkStride + (e & (grain - 1))
  }

  /// Copies Y of the chunks that hold some edges to [component][edge]; returns the first edge's place and the length of rows.
  @inline(__always) func copyHarmonics<L: PairLanes>(
    _ lanes: L.Type, _ range: Range<Int>, to out: UnsafeMutablePointer<S>
  ) -> (first: UnsafePointer<S>, stride: Int) where L.Scalar == S {
    let (firstChunk, lastChunk) = (range.lowerBound >> shift, (range.upperBound - 1) >> shift)
    let stride = (lastChunk - firstChunk + 1) * grain
    for chunk in firstChunk...max(firstChunk, lastChunk) {
      var to = out + (chunk - firstChunk) * grain
      for index in group.first..<max(group.first, group.end) {
        var from = UnsafePointer(edges + chunk * chunkStride + Int(paths[index].coefficientRow) * grain)
        for _ in 0..<paths[index].messageCount {
          var lane = 0
          while lane < grain {
            L.load(from + lane).store(to + lane)
            lane += L.count
          }
          from += grain
          to += stride
        }
      }
    }
    return (UnsafePointer(out + (range.lowerBound & (grain - 1))), stride)
  }

  /// φ of an edge in all channels, and φ′ behind it where `slopes` says so.
  @inline(__always) func evaluate<L: PairLanes, K: StaticCount>(
    _ lanes: L.Type, _ knotCount: K.Type, slopes: Bool, _ e: Int, to out: UnsafeMutablePointer<S>
  ) where L.Scalar == S {
    let w = UnsafePointer(column(e) + weightRow)
    var line = table + Int(knots[e])
    let (stride, stride3, stride5) = (knotStride, 3 * knotStride, 5 * knotStride)
    var channel = 0
    while channel < channels {
      var lane = 0
      while lane < grain {
        var u = L.zero, du = L.zero, x = L.zero, dx = L.zero
        let t = line + lane
        // A grain is at least two vectors, or one that leaves the second unused.
        let isPaired = L.count < grain
        @inline(__always) func knot(_ k: Int, _ distance: Int) {
          let value = L.constant(w[k * grain])
          let t0 = L.load(t + distance)
          let t1 = isPaired ? L.load(t + distance + L.count) : L.zero
          u = k == 0 ? value * t0 : L.fma(value, t0, u)
          if isPaired { x = k == 0 ? value * t1 : L.fma(value, t1, x) }
          if slopes {
            let slope = L.constant(w[(k + K.count) * grain])
            du = k == 0 ? slope * t0 : L.fma(slope, t0, du)
            if isPaired { dx = k == 0 ? slope * t1 : L.fma(slope, t1, dx) }
          }
        }
        knot(0, 0)
        knot(1, stride)
        knot(2, 2 * stride)
        knot(3, stride3)
        if K.count > 4 {
          knot(4, 4 * stride)
          knot(5, stride5)
        }
        let at = out + channel + lane
        u.store(at)
        if isPaired { x.store(at + L.count) }
        if slopes {
          du.store(at + channels)
          if isPaired { dx.store(at + channels + L.count) }
        }
        lane += isPaired ? 2 * L.count : L.count
      }
      line += blockStride
      channel += grain
    }
  }
}

@inline(never)
private func forward<L: PairLanes, K: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ p: borrowing ConvolutionPass, _ group: PathGroup
) {
  typealias S = L.Scalar
  let s = GroupStreams<S>(p, group)
  let (channels, limit) = (s.channels, ConvolutionPass.batch.edges)
  let radial = s.scratch
  let harmonics = radial + limit * channels
  for receiver in 0..<p.receivers {
    let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
    let out = s.messages + receiver * channels
    if lower >= upper {
      for row in 0..<group.components {
        for channel in 0..<channels { out[row * s.messageStride + channel] = 0 }
      }
    }
    var first = lower
    while first < upper {
      let end = min(upper, first + limit)
      for e in first..<end { s.evaluate(lanes, knotCount, slopes: false, e, to: radial + (e - first) * channels) }
      let y = s.copyHarmonics(lanes, first..<end, to: harmonics)
      multiplyMatrices(
        isDouble: MemoryLayout<S>.stride == 8,
        MatrixProduct(
          a: y.first, b: radial, c: out, rows: group.components, depth: end - first, columns: channels,
          strideA: y.stride, strideC: s.messageStride, accumulates: first > lower))
      first = end
    }
  }
}

@inline(never)
private func backward<L: PairLanes, K: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ p: borrowing ConvolutionPass, _ group: PathGroup
) {
  typealias S = L.Scalar
  let s = GroupStreams<S>(p, group)
  let (grain, channels, limit) = (s.grain, s.channels, ConvolutionPass.batch.edges)
  // φ and φ′ of a vector of edges [edge][φ, φ′][channel], then of a batch [channel][vector of edges][φ, φ′][lane]; Y [lm][edge]; sums over
  // channels laid out as the batch.
  let radial = s.scratch
  let transposed = radial + 2 * L.count * channels
  let harmonics = transposed + channels * 2 * (limit + 16)
  let products = harmonics + ConvolutionPass.batch.components * (limit + 16)
  // Columns of the product come in whole grains.
  let step = max(1, grain / (2 * L.count))
  for receiver in 0..<p.receivers {
    let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
    var first = lower
    while first < upper {
      let end = min(upper, first + limit)
      let vectors = ((end - first + L.count - 1) / L.count + step - 1) / step * step
      let columns = 2 * L.count * vectors
      for vector in 0..<max(0, vectors) {
        // Lanes past the end repeat the last edge; nobody reads them.
        for lane in 0..<L.count {
          let e = min(first + vector * L.count + lane, end - 1)
          s.evaluate(lanes, knotCount, slopes: true, e, to: radial + 2 * lane * channels)
        }
        var channel = 0
        let out = transposed + vector * 2 * L.count
        while channel < channels {
          L.transpose(radial + channel, 2 * channels, to: out + channel * columns, columns)
          L.transpose(radial + channels + channel, 2 * channels, to: out + channel * columns + L.count, columns)
          channel += L.count
        }
      }
      let y = s.copyHarmonics(lanes, first..<end, to: harmonics)
      multiplyMatrices(
        isDouble: MemoryLayout<S>.stride == 8,
        MatrixProduct(
          a: s.messages + receiver * channels, b: transposed, c: products, rows: group.components, depth: channels,
          columns: columns, strideA: s.messageStride))

      var e = first
      while e < end {
        let sums = UnsafePointer(products + 2 * (e - first))
        let harmonic = y.first + (e - first)
        var slope = L.zero
        for row in 0..<group.components {
          slope = L.fma(L.load(harmonic + row * y.stride), L.load(sums + row * columns + L.count), slope)
        }
        let column = s.column(e)
        // A whole vector in one chunk is written at once; one that ends earlier or goes on in the next chunk, lane by lane.
        let isWhole = e + L.count <= end && (e & (grain - 1)) + L.count <= grain
        if isWhole {
          (slope + L.load(column + s.lengthRow)).store(column + s.lengthRow)
        } else {
          // The products' first columns of φ′ are not needed any more.
          let slopes = products + 2 * (e - first) + L.count
          slope.store(slopes)
          for lane in 0..<min(L.count, end - e) { s.column(e + lane)[s.lengthRow] += slopes[lane] }
        }
        var from = sums
        for index in group.first..<max(group.first, group.end) {
          var row = Int(s.paths[index].coefficientAdjointRow) * grain
          for _ in 0..<s.paths[index].messageCount {
            if isWhole {
              L.load(from).store(column + row)
            } else {
              for lane in 0..<min(L.count, end - e) { s.column(e + lane)[row] = from[lane] }
            }
            from += columns
            row += grain
          }
        }
        e += L.count
      }
      first = end
    }
  }
}

@inline(__always)
private func forwardAll<L: PairLanes>(_ lanes: L.Type, _ p: borrowing ConvolutionPass) {
  var index = 0
  while index < p.pathCount {
    let group = PathGroup(p, from: index)
    p.knotCount == 4 ? forward(lanes, Four.self, p, group) : forward(lanes, Six.self, p, group)
    index = group.end
  }
}

@inline(__always)
private func backwardAll<L: PairLanes>(_ lanes: L.Type, _ p: borrowing ConvolutionPass) {
  let s = GroupStreams<L.Scalar>(p, PathGroup(p, from: 0))
  for e in Int(s.starts[0])..<max(Int(s.starts[0]), Int(s.starts[p.receivers])) { s.column(e)[s.lengthRow] = 0 }
  var index = 0
  while index < p.pathCount {
    let group = PathGroup(p, from: index)
    p.knotCount == 4 ? backward(lanes, Four.self, p, group) : backward(lanes, Six.self, p, group)
    index = group.end
  }
}

@inline(never) private func forwardOfFloats(_ p: borrowing ConvolutionPass) { forwardAll(WideFloats.self, p) }
@inline(never) private func forwardOfDoubles(_ p: borrowing ConvolutionPass) { forwardAll(WideDoubles.self, p) }
@inline(never) private func backwardOfFloats(_ p: borrowing ConvolutionPass) { backwardAll(WideFloats.self, p) }
@inline(never) private func backwardOfDoubles(_ p: borrowing ConvolutionPass) { backwardAll(WideDoubles.self, p) }

/// Writes the messages of a tile's receivers from senders of 1.
func featurelessConvolution(isDouble: Bool, _ p: borrowing ConvolutionPass) {
  isDouble ? forwardOfDoubles(p) : forwardOfFloats(p)
}

/// Reads the adjoint of the messages of senders of 1; writes ∂E/∂K of every path and ∂E/∂|r| into the tile's rows of edges.
func featurelessConvolutionAdjoint(isDouble: Bool, _ p: borrowing ConvolutionPass) {
  isDouble ? backwardOfDoubles(p) : backwardOfFloats(p)
}
