import TektiteLayouts

// Forward through paths whose coupling tensor C is taken out of the sum over edges: for one receiver and block of channels
//
//     Q_m₁m₂ = Σ_e Y_m₂ R h_m₁,    A_m₃ = Σ_m₁m₂ C_m₁m₂m₃ Q_m₁m₂

/// Pointers of one path with terms, one receiver and one block of channels.
private struct TensorBlock<S> {
  let places: UnsafePointer<EdgePlace>, edges: Int
  let weights: UnsafePointer<S>, harmonics: UnsafePointer<S>
  let table: UnsafePointer<S>, features: UnsafePointer<S>
  let channels: Int, knotStride: Int
  /// R in [edge][channel of the block], and Q.
  let radial: UnsafeMutablePointer<S>, sums: UnsafeMutablePointer<S>
}

/// Q of M of the sender's components from `first` on, for one or two vectors of channels: edges inside, all accumulators in registers, of which there are
/// up to ten. Number m₂ · M + m₁ is that of m₁ and m₂, so each harmonic is used up before the next is loaded. R is evaluated on the way where this is the
/// only pass, and is read from scratch otherwise. A harmonic that is a single number goes into the weights of the spline.
@inline(__always)
private func gather<L: PairLanes, K: StaticCount, M: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ senderCount: M.Type, _ harmonicCount: N.Type, vectors: Int,
  evaluatesRadial: Bool, _ t: TensorBlock<L.Scalar>, first: Int, lane: Int
) {
  let count = M.count * N.count
  let grain = 64 / MemoryLayout<L.Scalar>.stride
  let (channels, knotStride) = (t.channels, t.knotStride)
  let (knotStride3, knotStride5) = (3 * knotStride, 5 * knotStride)
  var a0 = L.zero, a1 = L.zero, a2 = L.zero, a3 = L.zero, a4 = L.zero
  var a5 = L.zero, a6 = L.zero, a7 = L.zero, a8 = L.zero, a9 = L.zero
  var b0 = L.zero, b1 = L.zero, b2 = L.zero, b3 = L.zero, b4 = L.zero
  let features = t.features + first * channels + lane
  let table = t.table + lane
  var radial = UnsafePointer(t.radial + lane)
  var edge = t.places
  let end = edge + t.edges
  while edge < end {
    let y = t.harmonics + edge.pointee.row
    let h = features + edge.pointee.features
    var r0 = L.zero, r1 = L.zero
    if evaluatesRadial || N.count == 1 {
      let w = t.weights + edge.pointee.row
      let from = table + edge.pointee.table
      @inline(__always) func knot(_ k: Int, _ distance: Int) {
        let c = L.constant(N.count == 1 ? y[0] * w[k * grain] : w[k * grain])
        r0 = k == 0 ? c * L.load(from) : L.fma(c, L.load(from + distance), r0)
        if vectors > 1 {
          r1 = k == 0 ? c * L.load(from + L.count) : L.fma(c, L.load(from + distance + L.count), r1)
        }
      }
      knot(0, 0)
      knot(1, knotStride)
      knot(2, 2 * knotStride)
      knot(3, knotStride3)
      if K.count > 4 {
        knot(4, 4 * knotStride)
        knot(5, knotStride5)
      }
    } else {
      r0 = L.load(radial)
      if vectors > 1 { r1 = L.load(radial + L.count) }
      radial += grain
    }
    let u0 = r0 * L.load(h)
    let v0 = vectors > 1 ? r1 * L.load(h + L.count) : L.zero
    let u1 = M.count > 1 ? r0 * L.load(h + channels) : L.zero
    let u2 = M.count > 2 ? r0 * L.load(h + 2 * channels) : L.zero
    @inline(__always) func add(_ index: Int, _ a: inout L) {
      if index >= count { return }
      let m = index % M.count
      if N.count == 1 {
        a = L.fma(r0, L.load(h + m * channels), a)
      } else {
        a = L.fma(L.constant(y[index / M.count * grain]), m == 0 ? u0 : m == 1 ? u1 : u2, a)
        // Keeps the compiler from loading all harmonics first, which fills the registers.
        if m == M.count - 1 { a = a.settled }
      }
    }
    @inline(__always) func add(_ index: Int, _ a: inout L, _ b: inout L) {
      if vectors > 1 && index < count {
        // Two vectors have one sender's component, or one harmonic.
        b =
          N.count == 1
          ? L.fma(r1, L.load(h + index * channels + L.count), b) : L.fma(L.constant(y[index * grain]), v0, b)
      }
      add(index, &a)
    }
    add(0, &a0, &b0)
    add(1, &a1, &b1)
    add(2, &a2, &b2)
    add(3, &a3, &b3)
    add(4, &a4, &b4)
    add(5, &a5)
    add(6, &a6)
    add(7, &a7)
    add(8, &a8)
    add(9, &a9)
    edge += 1
  }
  let out = t.sums + first * N.count * grain + lane
  @inline(__always) func store(_ index: Int, _ a: L, _ b: L) {
    if index >= count { return }
    let to = out + (index % M.count * N.count + index / M.count) * grain
    a.store(to)
    if vectors > 1 { b.store(to + L.count) }
  }
  store(0, a0, b0)
  store(1, a1, b1)
  store(2, a2, b2)
  store(3, a3, b3)
  store(4, a4, b4)
  store(5, a5, L.zero)
  store(6, a6, L.zero)
  store(7, a7, L.zero)
  store(8, a8, L.zero)
  store(9, a9, L.zero)
}

/// R of all edges in one block of channels.
@inline(__always)
private func interpolate<L: PairLanes, K: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ b: TensorBlock<L.Scalar>
) {
  let grain = 64 / MemoryLayout<L.Scalar>.stride
  let knotStride = b.knotStride
  let (knotStride3, knotStride5) = (3 * knotStride, 5 * knotStride)
  var to = b.radial
  for e in 0..<max(0, b.edges) {
    let w = b.weights + b.places[e].row
    var t = b.table + b.places[e].table
    let w0 = L.constant(w[0]), w1 = L.constant(w[grain]), w2 = L.constant(w[2 * grain]), w3 = L.constant(w[3 * grain])
    let w4 = K.count > 4 ? L.constant(w[4 * grain]) : L.zero, w5 = K.count > 4 ? L.constant(w[5 * grain]) : L.zero
    let end = t + grain
    while t < end {
      var r = w0 * L.load(t)
      r = L.fma(w1, L.load(t + knotStride), r)
      r = L.fma(w2, L.load(t + 2 * knotStride), r)
      r = L.fma(w3, L.load(t + knotStride3), r)
      if K.count > 4 {
        r = L.fma(w4, L.load(t + 4 * knotStride), r)
        r = L.fma(w5, L.load(t + knotStride5), r)
      }
      r.store(to)
      to += L.count
      t += L.count
    }
  }
}

/// Writes A of one path with terms, receiver and block of channels.
@inline(never)
func forwardThroughTensor<L: PairLanes, K: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ harmonicCount: N.Type, _ p: borrowing ConvolutionPass,
  _ path: ConvolutionPath, _ receiver: Int, _ block: Int
) {
  typealias S = L.Scalar
  let s = Streams<S>(p)
  let (grain, channels, n) = (s.grain, p.channels, N.count)
  let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
  let sums = s.scratch(p)
  let own = TensorBlock(
    places: UnsafePointer(p.scratch.assumingMemoryBound(to: EdgePlace.self)) + lower, edges: upper - lower,
    weights: UnsafePointer(s.edges + p.weights * grain),
    harmonics: UnsafePointer(s.edges + Int(path.harmonicRow) * grain),
    table: s.table + (block * p.functionCount + Int(path.function)) * grain,
    features: s.features + Int(path.senderRow) * channels + block * grain, channels: channels,
    knotStride: s.knotStride, radial: sums + ConvolutionPass.largestRowCount * grain, sums: sums)

  @inline(__always) func take<M: StaticCount>(_ count: M.Type, _ m: Int, evaluatesRadial: Bool) {
    let vectors = L.count == grain || (n > 1 && M.count * n > 5) ? 1 : 2
    var lane = 0
    while lane < grain {
      gather(
        lanes, knotCount, count, harmonicCount, vectors: vectors, evaluatesRadial: evaluatesRadial, own, first: m,
        lane: lane)
      lane += vectors * L.count
    }
  }
  let senderCount = Int(path.senderCount)
  if n == 3 && senderCount == 3 {
    take(Three.self, 0, evaluatesRadial: true)
  } else {
    if n > 1 { interpolate(lanes, knotCount, own) }
    var m = 0
    while m < senderCount {
      if n == 1 && senderCount - m >= 5 {
        take(Five.self, m, evaluatesRadial: false)
        m += 5
      } else if n <= 3 && senderCount - m >= 3 {
        take(Three.self, m, evaluatesRadial: false)
        m += 3
      } else if n <= 3 && senderCount - m >= 2 {
        take(Two.self, m, evaluatesRadial: false)
        m += 2
      } else {
        take(One.self, m, evaluatesRadial: false)
        m += 1
      }
    }
  }

  let out = s.messages + Int(path.messageRow) * p.messageStride + receiver * channels + block * grain
  @inline(__always) func forEachVector(_ body: (Int) -> Void) {
    var lane = 0
    while lane < grain {
      body(lane)
      lane += L.count
    }
  }
  let messageStride = p.messageStride
  for row in 0..<Int(path.messageCount) {
    let to = out + row * messageStride
    forEachVector { L.zero.store(to + $0) }
  }
  guard let terms = p.terms else { return }
  for index in Int(path.firstTerm)..<max(Int(path.firstTerm), Int(path.termEnd)) {
    let value = L.constant(L.either(terms[index].value, Float(terms[index].value)))
    let from = sums + Int(terms[index].factors) * grain
    let to = out + Int(terms[index].message) * messageStride
    forEachVector { L.fma(value, L.load(from + $0), L.load(to + $0)).store(to + $0) }
  }
}
