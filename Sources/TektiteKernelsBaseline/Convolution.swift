import TektiteLayouts

/// The pointers of a pass with their types.
private struct Streams<S> {
  let edges: UnsafeMutablePointer<S>, table: UnsafePointer<S>, features: UnsafePointer<S>
  let messages: UnsafeMutablePointer<S>
  let featureAdjoint: UnsafeMutablePointer<S>?
  let starts: UnsafePointer<Int32>, senders: UnsafePointer<Int32>, knots: UnsafePointer<Int32>
  /// Scalars in 64 bytes, log₂ of it, and scalars from one table row to the next.
  let grain: Int, shift: Int, knotStride: Int

  @inline(__always) init(_ p: borrowing ConvolutionPass) {
    edges = p.edges.assumingMemoryBound(to: S.self)
    table = p.table.assumingMemoryBound(to: S.self)
    features = p.features.assumingMemoryBound(to: S.self)
    messages = p.messages.assumingMemoryBound(to: S.self)
    featureAdjoint = p.featureAdjoint?.assumingMemoryBound(to: S.self)
    (starts, senders, knots) = (p.starts, p.senders, p.knots)
    grain = 64 / MemoryLayout<S>.stride
    shift = MemoryLayout<S>.stride == 4 ? 4 : 3
    knotStride = p.channels * p.functionCount
  }
}

/// One path of one receiver, forward: blocks of channels outside, edges inside, the path's 2l₃+1 accumulators in registers for one or two vectors of
/// channels. The radial functions never exist in memory. Their number is a type and `vectors` a literal where this is called, and so is `isScalar`, which
/// says that senders have one component.
@inline(__always)
private func forward<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ components: N.Type, vectors: Int, isScalar: Bool, _ p: borrowing ConvolutionPass,
  _ path: ConvolutionPath,
  _ receiver: Int
) {
  typealias S = L.Scalar
  let n = N.count
  let s = Streams<S>(p)
  let (grain, channels) = (s.grain, p.channels)
  let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
  let senderCount = isScalar ? 1 : Int(path.senderCount)
  let blockStride = p.functionCount * grain
  let (featureStride, knotStride, chunkStride) = (p.featureStride, s.knotStride, p.chunkStride)
  let weightRow = p.weights * grain
  let coefficientRow = Int(path.coefficientRow) * grain
  var channel = 0
  while channel < channels {
    // The table's block of these channels, and the place within it.
    let table = s.table + (channel >> s.shift) * blockStride + Int(path.function) * grain + (channel & (grain - 1))
    let features = s.features + Int(path.senderRow) * channels + channel
    var a0 = L.zero, a1 = L.zero, a2 = L.zero, a3 = L.zero, a4 = L.zero, a5 = L.zero, a6 = L.zero, a7 = L.zero,
      a8 = L.zero
    var b0 = L.zero, b1 = L.zero, b2 = L.zero, b3 = L.zero, b4 = L.zero, b5 = L.zero, b6 = L.zero, b7 = L.zero,
      b8 = L.zero
    for e in lower..<max(lower, upper) {
      let row = UnsafePointer(s.edges + (e >> s.shift) * chunkStride + (e & (grain - 1)))
      let w = row + weightRow
      let t0 = table + Int(s.knots[e])
      let t1 = t0 + knotStride
      let t2 = t1 + knotStride
      let t3 = t2 + knotStride
      let w0 = L.constant(w[0])
      let w1 = L.constant(w[grain])
      let w2 = L.constant(w[2 * grain])
      let w3 = L.constant(w[3 * grain])
      let u = L.fma(w0, L.load(t0), L.fma(w1, L.load(t1), L.fma(w2, L.load(t2), w3 * L.load(t3))))
      let x =
        vectors < 2
        ? L.zero
        : L.fma(
          w0, L.load(t0 + L.count),
          L.fma(w1, L.load(t1 + L.count), L.fma(w2, L.load(t2 + L.count), w3 * L.load(t3 + L.count))))
      var h = features + Int(s.senders[e]) * featureStride
      var k = row + coefficientRow
      var m = 0
      repeat {
        let v = L.load(h) * u
        let y = vectors < 2 ? L.zero : L.load(h + L.count) * x
        @inline(__always) func add(_ index: Int, _ a: inout L, _ b: inout L) {
          if index >= n { return }
          let c = L.constant(k[index * grain])
          a = L.fma(c, v, a)
          if vectors > 1 { b = L.fma(c, y, b) }
        }
        add(0, &a0, &b0)
        add(1, &a1, &b1)
        add(2, &a2, &b2)
        add(3, &a3, &b3)
        add(4, &a4, &b4)
        add(5, &a5, &b5)
        add(6, &a6, &b6)
        add(7, &a7, &b7)
        add(8, &a8, &b8)
        if isScalar { break }
        m += 1
        h += channels
        k += n * grain
      } while m < senderCount
    }
    let out = s.messages + Int(path.messageRow) * p.messageStride + receiver * channels + channel
    let messageStride = p.messageStride
    @inline(__always) func store(_ index: Int, _ a: L, _ b: L) {
      if index >= n { return }
      a.store(out + index * messageStride)
      if vectors > 1 { b.store(out + index * messageStride + L.count) }
    }
    store(0, a0, b0)
    store(1, a1, b1)
    store(2, a2, b2)
    store(3, a3, b3)
    store(4, a4, b4)
    store(5, a5, b5)
    store(6, a6, b6)
    store(7, a7, b7)
    store(8, a8, b8)
    channel += vectors * L.count
  }
}

/// One path of one receiver, back: edges outside, channels inside. With M = ∂E/∂A, per edge and sender component m₁
///
///     T = Σ K_m₁m₃ M_m₃,    ∂E/∂h_m₁ += R T,    ∂E/∂K_m₁m₃ = Σ_c R h_m₁ M_m₃,    ∂E/∂|r| += Σ_c R′ h_m₁ T
///
/// The last sum is taken knot by knot, S_k = Σ_c t_k h T, and met with the derivatives of the weights after it, which
/// spares the evaluation of R′.
@inline(__always)
private func backward<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ components: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int
) {
  typealias S = L.Scalar
  let n = N.count
  let s = Streams<S>(p)
  let (grain, channels) = (s.grain, p.channels)
  let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
  let blockStride = p.functionCount * grain
  let (featureStride, knotStride, messageStride) = (p.featureStride, s.knotStride, p.messageStride)
  let messages = UnsafePointer(s.messages + Int(path.messageRow) * messageStride + receiver * channels)
  for e in lower..<max(lower, upper) {
    let row = s.edges + (e >> s.shift) * p.chunkStride + (e & (grain - 1))
    let w = row + p.weights * grain
    var slope: S = 0
    for m in 0..<Int(path.senderCount) {
      let c = UnsafePointer(row + (Int(path.coefficientRow) + m * n) * grain)
      var block = s.table + Int(path.function) * grain + Int(s.knots[e])
      let place = Int(s.senders[e]) * featureStride + (Int(path.senderRow) + m) * channels
      let features = s.features + place
      let adjoint = s.featureAdjoint.map { $0 + place }
      var s0 = L.zero, s1 = L.zero, s2 = L.zero, s3 = L.zero
      var d0 = L.zero, d1 = L.zero, d2 = L.zero, d3 = L.zero, d4 = L.zero, d5 = L.zero, d6 = L.zero, d7 = L.zero,
        d8 = L.zero
      // One vector of channels.
      @inline(__always) func step(_ channel: Int, _ t0: UnsafePointer<S>) {
        let r0 = L.load(t0)
        let r1 = L.load(t0 + knotStride)
        let r2 = L.load(t0 + 2 * knotStride)
        let r3 = L.load(t0 + 3 * knotStride)
        let u = L.fma(
          L.constant(w[0]), r0,
          L.fma(
            L.constant(w[grain]), r1, L.fma(L.constant(w[2 * grain]), r2, L.constant(w[3 * grain]) * r3)))
        let h = L.load(features + channel)
        let v = u * h
        let message = messages + channel
        var t = L.zero
        @inline(__always) func take(_ index: Int, _ d: inout L) {
          if index >= n { return }
          let x = L.load(message + index * messageStride)
          t = L.fma(L.constant(c[index * grain]), x, t)
          d = L.fma(v, x, d)
        }
        take(0, &d0)
        take(1, &d1)
        take(2, &d2)
        take(3, &d3)
        take(4, &d4)
        take(5, &d5)
        take(6, &d6)
        take(7, &d7)
        take(8, &d8)
        if let adjoint {
          L.fma(u, t, L.load(adjoint + channel)).store(adjoint + channel)
        }
        let q = h * t
        s0 = L.fma(r0, q, s0)
        s1 = L.fma(r1, q, s1)
        s2 = L.fma(r2, q, s2)
        s3 = L.fma(r3, q, s3)
      }
      var channel = 0
      while channel < channels {
        var lane = 0
        while lane < grain {
          step(channel + lane, block + lane)
          lane += L.count
        }
        block += blockStride
        channel += grain
      }
      let combined = L.fma(
        L.constant(w[4 * grain]), s0,
        L.fma(
          L.constant(w[5 * grain]), s1,
          L.fma(L.constant(w[6 * grain]), s2, L.constant(w[7 * grain]) * s3)))
      slope += combined.sum
      let out = row + (Int(path.coefficientAdjointRow) + m * n) * grain
      out[0 * grain] = d0.sum
      if n > 1 { out[1 * grain] = d1.sum }
      if n > 2 { out[2 * grain] = d2.sum }
      if n > 3 { out[3 * grain] = d3.sum }
      if n > 4 { out[4 * grain] = d4.sum }
      if n > 5 { out[5 * grain] = d5.sum }
      if n > 6 { out[6 * grain] = d6.sum }
      if n > 7 { out[7 * grain] = d7.sum }
      if n > 8 { out[8 * grain] = d8.sum }
    }
    row[p.lengthAdjoint * grain] += slope
  }
}

@inline(__always)
private func convolve<L: PairLanes>(_ lanes: L.Type, _ p: borrowing ConvolutionPass) {
  // Two vectors share each broadcast where registers suffice and a block of channels is not a single vector.
  let isPaired = L.count * MemoryLayout<L.Scalar>.stride < 64
  for receiver in 0..<p.receivers {
    for index in 0..<p.pathCount {
      let path = p.paths[index]
      let isScalar = path.senderCount == 1
      switch (path.messageCount, isScalar, isPaired) {
      case (1, true, true):
        forward(lanes, One.self, vectors: 2, isScalar: true, p, path, receiver)
      case (1, true, false):
        forward(lanes, One.self, vectors: 1, isScalar: true, p, path, receiver)
      case (1, false, true):
        forward(lanes, One.self, vectors: 2, isScalar: false, p, path, receiver)
      case (1, false, false):
        forward(lanes, One.self, vectors: 1, isScalar: false, p, path, receiver)
      case (3, true, true):
        forward(lanes, Three.self, vectors: 2, isScalar: true, p, path, receiver)
      case (3, true, false):
        forward(lanes, Three.self, vectors: 1, isScalar: true, p, path, receiver)
      case (3, false, true):
        forward(lanes, Three.self, vectors: 2, isScalar: false, p, path, receiver)
      case (3, false, false):
        forward(lanes, Three.self, vectors: 1, isScalar: false, p, path, receiver)
      case (5, true, true):
        forward(lanes, Five.self, vectors: 2, isScalar: true, p, path, receiver)
      case (5, true, false):
        forward(lanes, Five.self, vectors: 1, isScalar: true, p, path, receiver)
      case (5, false, true):
        forward(lanes, Five.self, vectors: 2, isScalar: false, p, path, receiver)
      case (5, false, false):
        forward(lanes, Five.self, vectors: 1, isScalar: false, p, path, receiver)
      case (7, true, _): forward(lanes, Seven.self, vectors: 1, isScalar: true, p, path, receiver)
      case (7, false, _): forward(lanes, Seven.self, vectors: 1, isScalar: false, p, path, receiver)
      case (9, true, _): forward(lanes, Nine.self, vectors: 1, isScalar: true, p, path, receiver)
      case (9, false, _): forward(lanes, Nine.self, vectors: 1, isScalar: false, p, path, receiver)
      default: break
      }
    }
  }
}

@inline(__always)
private func convolveAdjoint<L: PairLanes>(_ lanes: L.Type, _ p: borrowing ConvolutionPass) {
  let s = Streams<L.Scalar>(p)
  for e in Int(s.starts[0])..<max(Int(s.starts[0]), Int(s.starts[p.receivers])) {
    s.edges[(e >> s.shift) * p.chunkStride + p.lengthAdjoint * s.grain + (e & (s.grain - 1))] = 0
  }
  for receiver in 0..<p.receivers {
    for index in 0..<p.pathCount {
      let path = p.paths[index]
      switch path.messageCount {
      case 1: backward(lanes, One.self, p, path, receiver)
      case 3: backward(lanes, Three.self, p, path, receiver)
      case 5: backward(lanes, Five.self, p, path, receiver)
      case 7: backward(lanes, Seven.self, p, path, receiver)
      case 9: backward(lanes, Nine.self, p, path, receiver)
      default: break
      }
    }
  }
}

@inline(never) private func convolveFloats(_ p: borrowing ConvolutionPass) { convolve(WideFloats.self, p) }
@inline(never) private func convolveDoubles(_ p: borrowing ConvolutionPass) { convolve(WideDoubles.self, p) }
@inline(never) private func adjointOfFloats(_ p: borrowing ConvolutionPass) { convolveAdjoint(WideFloats.self, p) }
@inline(never) private func adjointOfDoubles(_ p: borrowing ConvolutionPass) { convolveAdjoint(WideDoubles.self, p) }

/// Writes the messages of a tile's receivers.
public func convolution(isDouble: Bool, _ p: borrowing ConvolutionPass) {
  isDouble ? convolveDoubles(p) : convolveFloats(p)
}

/// Reads the adjoint of the messages; writes ∂E/∂K of every path and ∂E/∂|r| into the tile's rows of edges, and adds to ∂E/∂h.
public func convolutionAdjoint(isDouble: Bool, _ p: borrowing ConvolutionPass) {
  isDouble ? adjointOfDoubles(p) : adjointOfFloats(p)
}
