import TektiteLayouts

/// One path of one receiver and block of channels, forward: edges inside, the path's 2l₃+1 accumulators in registers for one or two vectors of
/// channels. The radial functions never exist in memory. The numbers of components and of knots are types.
@inline(never)
private func forward<L: PairLanes, K: StaticCount, M: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ senders: M.Type, _ components: N.Type, _ p: borrowing ConvolutionPass,
  _ path: ConvolutionPath, _ receiver: Int, _ block: Int
) {
  typealias S = L.Scalar
  let n = N.count
  let s = Streams<S>(p)
  let (grain, channels) = (s.grain, p.channels)
  // Two vectors share each broadcast where registers suffice and a block of channels is not a single vector.
  let vectors = n <= 5 && L.count < grain ? 2 : 1
  let isScalar = M.count == 1
  let places = UnsafePointer(p.scratch.assumingMemoryBound(to: EdgePlace.self))
  let begin = places + Int(s.starts[receiver])
  let end = max(begin, places + Int(s.starts[receiver + 1]))
  let senderCount = M.count > 0 ? M.count : Int(path.senderCount)
  let blockStride = p.functionCount * grain
  let knotStride = s.knotStride
  let knotStride3 = 3 * knotStride
  let knotStride5 = 5 * knotStride
  let weights = UnsafePointer(s.edges + p.weights * grain)
  let coefficients = UnsafePointer(s.edges + Int(path.coefficientRow) * grain)
  let messageStride = p.messageStride
  var channel = block * grain
  let limit = channel + grain
  while channel < limit {
    // The table's block of these channels, and the place within it.
    let table = s.table + (channel >> s.shift) * blockStride + Int(path.function) * grain + (channel & (grain - 1))
    let features = s.features + Int(path.senderRow) * channels + channel
    var a0 = L.zero, a1 = L.zero, a2 = L.zero, a3 = L.zero, a4 = L.zero, a5 = L.zero, a6 = L.zero, a7 = L.zero,
      a8 = L.zero
    var b0 = L.zero, b1 = L.zero, b2 = L.zero, b3 = L.zero, b4 = L.zero, b5 = L.zero, b6 = L.zero, b7 = L.zero,
      b8 = L.zero
    var edge = begin
    while edge < end {
      let w = weights + edge.pointee.row
      let t = table + edge.pointee.table
      let w0 = L.constant(w[0])
      var u = w0 * L.load(t)
      var x = vectors < 2 ? L.zero : w0 * L.load(t + L.count)
      @inline(__always) func knot(_ k: Int, _ distance: Int) {
        let wk = L.constant(w[k * grain])
        u = L.fma(wk, L.load(t + distance), u)
        if vectors > 1 { x = L.fma(wk, L.load(t + distance + L.count), x) }
      }
      knot(1, knotStride)
      knot(2, 2 * knotStride)
      knot(3, knotStride3)
      if K.count > 4 {
        knot(4, 4 * knotStride)
        knot(5, knotStride5)
      }
      var h = features + edge.pointee.features
      var k = coefficients + edge.pointee.row
      var m = 0
      if n == 1 && !isScalar {
        // A single message component: R is common to all m₁.
        var sum = L.zero, other = L.zero
        repeat {
          let c = L.constant(k[0])
          sum = L.fma(c, L.load(h), sum)
          if vectors > 1 { other = L.fma(c, L.load(h + L.count), other) }
          m += 1
          h += channels
          k += grain
        } while m < senderCount
        a0 = L.fma(u, sum, a0)
        if vectors > 1 { b0 = L.fma(x, other, b0) }
        edge += 1
        continue
      }
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
      edge += 1
    }
    let out = s.messages + Int(path.messageRow) * messageStride + receiver * channels + channel
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

/// The same with as many components of senders as are common known.
@inline(__always)
private func forward<L: PairLanes, K: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ components: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath,
  _ receiver: Int, _ block: Int
) {
  switch path.senderCount {
  case 1: forward(lanes, knotCount, One.self, components, p, path, receiver, block)
  case 3: forward(lanes, knotCount, Three.self, components, p, path, receiver, block)
  case 5: forward(lanes, knotCount, Five.self, components, p, path, receiver, block)
  default: forward(lanes, knotCount, Several.self, components, p, path, receiver, block)
  }
}

@inline(__always)
func convolve<L: PairLanes, K: StaticCount>(_ lanes: L.Type, _ knotCount: K.Type, _ p: borrowing ConvolutionPass) {
  let s = Streams<L.Scalar>(p)
  s.fillPlaces(p)
  // Blocks of channels outside and receivers inside, so that the part of the table that is in use stays in the first-level cache over the tile.
  for block in 0..<(p.channels / s.grain) {
    for index in 0..<p.pathCount {
      let path = p.paths[index]
      for receiver in 0..<p.receivers {
        switch (path.coefficientRow < 0 ? path.harmonicCount : 0, path.messageCount) {
        case (1, _): forwardThroughTensor(lanes, knotCount, One.self, p, path, receiver, block)
        case (3, _): forwardThroughTensor(lanes, knotCount, Three.self, p, path, receiver, block)
        case (5, _): forwardThroughTensor(lanes, knotCount, Five.self, p, path, receiver, block)
        case (7, _): forwardThroughTensor(lanes, knotCount, Seven.self, p, path, receiver, block)
        case (9, _): forwardThroughTensor(lanes, knotCount, Nine.self, p, path, receiver, block)
        case (_, 1): forward(lanes, knotCount, One.self, p, path, receiver, block)
        case (_, 3): forward(lanes, knotCount, Three.self, p, path, receiver, block)
        case (_, 5): forward(lanes, knotCount, Five.self, p, path, receiver, block)
        case (_, 7): forward(lanes, knotCount, Seven.self, p, path, receiver, block)
        case (_, 9): forward(lanes, knotCount, Nine.self, p, path, receiver, block)
        default: break
        }
      }
    }
  }
}
