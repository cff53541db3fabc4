import TektiteLayouts

/// Where an edge's numbers begin, in scalars: its place in the chunks of edges, its first table row, its sender's features and their adjoint. Found once for
/// a tile, since in the inner loops there would be as many integer instructions as sums.
private struct EdgePlace {
  let row: Int, table: Int, features: Int, adjoint: Int
}

/// The pointers of a pass with their types, which has features.
private struct Streams<S> {
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
    knotStride = p.channels * p.functionCount
  }
  /// Scalars in 64 bytes and log₂ of it.
  @inline(__always) var grain: Int { 64 / MemoryLayout<S>.stride }
  @inline(__always) var shift: Int { MemoryLayout<S>.stride == 4 ? 4 : 3 }
  @inline(__always) func place(_ e: Int) -> EdgePlace {
    EdgePlace(
      row: (e >> shift) * chunkStride + (e & (grain - 1)), table: Int(knots[e]),
      features: Int(senders[e]) * featureStride, adjoint: Int(adjointSenders[e]) * featureStride)
  }
}

/// One path of one receiver and block of channels, forward: edges inside, the path's 2l₃+1 accumulators in registers for one or two vectors of
/// channels. The radial functions never exist in memory. The numbers of components and of knots are types, and `vectors` a literal where this is called; so is
/// `isScalar`, which says that senders have one component.
@inline(__always)
private func forward<L: PairLanes, K: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ components: N.Type, vectors: Int, isScalar: Bool,
  _ p: borrowing ConvolutionPass,
  _ path: ConvolutionPath, _ receiver: Int, _ block: Int
) {
  typealias S = L.Scalar
  let n = N.count
  let s = Streams<S>(p)
  let (grain, channels) = (s.grain, p.channels)
  let places = UnsafePointer(p.scratch.assumingMemoryBound(to: EdgePlace.self))
  let begin = places + Int(s.starts[receiver])
  let end = max(begin, places + Int(s.starts[receiver + 1]))
  let senderCount = isScalar ? 1 : Int(path.senderCount)
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

/// One path of one receiver, back. With M = ∂E/∂A, per edge and sender component m₁
///
///     T = Σ K_m₁m₃ M_m₃,    ∂E/∂h_m₁ += R T,    ∂E/∂|r| += Σ_c R′ h_m₁ T,    ∂E/∂K_m₁m₃ = Σ_c R h_m₁ M_m₃
///
/// Edges of scalars are taken by two. The first three sums go channel by channel, leaving R h_m₁ in scratch; the last is a small matrix product of both edges,
/// done apart because its accumulators and the rest do not fit into registers together. With several m₁ the radial functions
/// are evaluated once, to scratch.
@inline(never)
private func backward<L: PairLanes, K: StaticCount, M: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ senderComponents: M.Type, _ components: N.Type,
  _ p: borrowing ConvolutionPass,
  _ path: ConvolutionPath,
  _ receiver: Int
) {
  typealias S = L.Scalar
  let n = N.count
  let isScalar = M.count == 1
  let s = Streams<S>(p)
  let (grain, channels) = (s.grain, p.channels)
  let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
  let blockStride = p.functionCount * grain
  let messageStride = p.messageStride
  let knotStride = s.knotStride
  let knotStride3 = 3 * knotStride
  let knotStride5 = 5 * knotStride
  let messages = UnsafePointer(s.messages + Int(path.messageRow) * messageStride + receiver * channels)
  guard let adjoints = p.featureAdjoint?.assumingMemoryBound(to: S.self) else { return }
  // R h for two edges, then R and R′ of one.
  let products = p.scratch.assumingMemoryBound(to: S.self)
  let radial = products + 2 * channels
  let weightRow = p.weights * grain
  let lengthRow = p.lengthAdjoint * grain
  let senderCount = isScalar ? 1 : Int(path.senderCount)

  // R and R′ of two vectors or one.
  @inline(__always) func interpolate(_ vectors: Int, _ w: UnsafePointer<S>, _ t: UnsafePointer<S>) -> (L, L, L, L) {
    var u = L.zero, x = L.zero, du = L.zero, dx = L.zero
    @inline(__always) func knot(_ k: Int, _ distance: Int) {
      let value = L.constant(w[k * grain])
      let slope = L.constant(w[(k + K.count) * grain])
      let t0 = L.load(t + distance)
      u = k == 0 ? value * t0 : L.fma(value, t0, u)
      du = k == 0 ? slope * t0 : L.fma(slope, t0, du)
      if vectors > 1 {
        let t1 = L.load(t + distance + L.count)
        x = k == 0 ? value * t1 : L.fma(value, t1, x)
        dx = k == 0 ? slope * t1 : L.fma(slope, t1, dx)
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
    return (u, du, x, dx)
  }

  // Everything but ∂E/∂K for one or two edges and m₁; returns each edge's ∂E/∂|r|.
  @inline(__always) func channelwise(
    _ vectors: Int, _ edges: Int, _ first: EdgePlace, _ second: EdgePlace, _ m: Int
  ) -> (L, L) {
    let coefficientRow = (Int(path.coefficientRow) + m * n) * grain
    let senderRow = (Int(path.senderRow) + m) * channels
    let tableColumn = Int(path.function) * grain
    let c0 = UnsafePointer(s.edges + first.row + coefficientRow)
    let c1 = UnsafePointer(s.edges + second.row + coefficientRow)
    var a0 = L.zero, a1 = L.zero, b0 = L.zero, b1 = L.zero
    var block = 0
    var channel = 0
    while channel < channels {
      var lane = 0
      while lane < grain {
        let at = channel + lane
        let message = messages + at
        // T of the first edge, then of the second.
        var t0 = L.zero, t1 = L.zero, t2 = L.zero, t3 = L.zero
        @inline(__always) func take(_ index: Int) {
          if index >= n { return }
          let x0 = L.load(message + index * messageStride)
          let x1 = vectors < 2 ? L.zero : L.load(message + index * messageStride + L.count)
          let k0 = L.constant(c0[index * grain])
          t0 = index == 0 ? k0 * x0 : L.fma(k0, x0, t0)
          if vectors > 1 { t1 = index == 0 ? k0 * x1 : L.fma(k0, x1, t1) }
          if edges > 1 {
            let k1 = L.constant(c1[index * grain])
            t2 = index == 0 ? k1 * x0 : L.fma(k1, x0, t2)
            if vectors > 1 { t3 = index == 0 ? k1 * x1 : L.fma(k1, x1, t3) }
          }
        }
        take(0)
        take(1)
        take(2)
        take(3)
        take(4)
        take(5)
        take(6)
        take(7)
        take(8)
        @inline(__always) func finish(
          _ edge: EdgePlace, _ product: UnsafeMutablePointer<S>, _ t: L, _ tt: L, _ slope: inout L, _ slope1: inout L
        ) {
          let place = edge.features + senderRow + at
          let h = L.load(s.features + place)
          let hh = vectors < 2 ? L.zero : L.load(s.features + place + L.count)
          let adjoint = adjoints + edge.adjoint + senderRow + at
          var u: L, du: L, x: L, dx: L
          if isScalar {
            (u, du, x, dx) = interpolate(
              vectors, UnsafePointer(s.edges + edge.row + weightRow), s.table + edge.table + tableColumn + block + lane)
          } else {
            (u, du) = (L.load(radial + at), L.load(radial + channels + at))
            (x, dx) =
              vectors < 2
              ? (L.zero, L.zero) : (L.load(radial + at + L.count), L.load(radial + channels + at + L.count))
          }
          slope = L.fma(du, h * t, slope).settled
          if vectors > 1 { slope1 = L.fma(dx, hh * tt, slope1).settled }
          let sum = L.fma(u, t, L.load(adjoint))
          let sum1 = vectors < 2 ? L.zero : L.fma(x, tt, L.load(adjoint + L.count))
          (u * h).store(product + at)
          sum.store(adjoint)
          if vectors > 1 {
            (x * hh).store(product + at + L.count)
            sum1.store(adjoint + L.count)
          }
        }
        finish(first, products, t0, t1, &a0, &a1)
        if edges > 1 { finish(second, products + channels, t2, t3, &b0, &b1) }
        lane += vectors * L.count
      }
      block += blockStride
      channel += grain
    }
    return vectors > 1 ? (a0 + a1, b0 + b1) : (a0, b0)
  }

  // Sums over channels of R h M for up to five components from `first` on, and one or two edges.
  @inline(__always) func reduce(
    _ first: Int, _ count: Int, _ edges: Int, _ out0: UnsafeMutablePointer<S>, _ out1: UnsafeMutablePointer<S>
  ) {
    var a0 = L.zero, a1 = L.zero, a2 = L.zero, a3 = L.zero, a4 = L.zero
    var b0 = L.zero, b1 = L.zero, b2 = L.zero, b3 = L.zero, b4 = L.zero
    var at = 0
    let rows = messages + first * messageStride
    while at < channels {
      let x = L.load(products + at)
      let y = edges > 1 ? L.load(products + channels + at) : L.zero
      @inline(__always) func add(_ k: Int, _ a: inout L, _ b: inout L) {
        if k >= count { return }
        let message = L.load(rows + at + k * messageStride)
        a = L.fma(x, message, a)
        if edges > 1 { b = L.fma(y, message, b) }
      }
      add(0, &a0, &b0)
      add(1, &a1, &b1)
      add(2, &a2, &b2)
      add(3, &a3, &b3)
      add(4, &a4, &b4)
      at += L.count
    }
    @inline(__always) func store(_ k: Int, _ a: L, _ b: L) {
      if k >= count { return }
      out0[(first + k) * grain] = a.sum
      if edges > 1 { out1[(first + k) * grain] = b.sum }
    }
    store(0, a0, b0)
    store(1, a1, b1)
    store(2, a2, b2)
    store(3, a3, b3)
    store(4, a4, b4)
  }

  @inline(__always) func process(_ vectors: Int, _ edges: Int, _ e: Int) {
    let first = s.place(e)
    let second = edges > 1 ? s.place(e + 1) : first
    @inline(__always) func prepare(_ edge: EdgePlace) {
      if isScalar { return }
      let w = UnsafePointer(s.edges + edge.row + weightRow)
      var block = s.table + edge.table + Int(path.function) * grain
      var channel = 0
      while channel < channels {
        var lane = 0
        while lane < grain {
          let (u, du, x, dx) = interpolate(vectors, w, block + lane)
          let at = radial + channel + lane
          u.store(at)
          du.store(at + channels)
          if vectors > 1 {
            x.store(at + L.count)
            dx.store(at + channels + L.count)
          }
          lane += vectors * L.count
        }
        block += blockStride
        channel += grain
      }
    }
    @inline(__always) func reduceAll(_ m: Int, _ edges: Int, _ a: EdgePlace, _ b: EdgePlace) {
      let row = (Int(path.coefficientAdjointRow) + m * n) * grain
      let out0 = s.edges + a.row + row
      let out1 = s.edges + b.row + row
      if n <= 5 {
        reduce(0, n, edges, out0, out1)
      } else {
        reduce(0, (n + 1) / 2, edges, out0, out1)
        reduce((n + 1) / 2, n / 2, edges, out0, out1)
      }
    }
    if isScalar {
      let (slope, slope1) = channelwise(vectors, edges, first, second, 0)
      s.edges[first.row + lengthRow] += slope.sum
      if edges > 1 { s.edges[second.row + lengthRow] += slope1.sum }
      reduceAll(0, edges, first, second)
    } else {
      prepare(first)
      var slope = L.zero
      for m in 0..<senderCount {
        slope = slope + channelwise(vectors, 1, first, first, m).0
        reduceAll(m, 1, first, first)
      }
      s.edges[first.row + lengthRow] += slope.sum
    }
  }
  // Two vectors share each broadcast where a block of channels is not a single vector.
  let isPaired = L.count < grain
  var e = lower
  if isScalar {
    while e + 2 <= upper {
      if isPaired { process(2, 2, e) } else { process(1, 2, e) }
      e += 2
    }
  }
  while e < upper {
    if isPaired { process(2, 1, e) } else { process(1, 1, e) }
    e += 1
  }
}

@inline(__always)
private func convolve<L: PairLanes, K: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ p: borrowing ConvolutionPass
) {
  // Two vectors share each broadcast where registers suffice and a block of channels is not a single vector.
  let isPaired = L.count * MemoryLayout<L.Scalar>.stride < 64
  let s = Streams<L.Scalar>(p)
  let places = p.scratch.assumingMemoryBound(to: EdgePlace.self)
  for e in Int(s.starts[0])..<max(Int(s.starts[0]), Int(s.starts[p.receivers])) { places[e] = s.place(e) }
  // Blocks of channels outside, so that the part of the table that is in use stays in the second-level cache over the tile.
  for block in 0..<(p.channels / s.grain) {
    for receiver in 0..<p.receivers {
      for index in 0..<p.pathCount {
        let path = p.paths[index]
        let isScalar = path.senderCount == 1
        switch (path.messageCount, isScalar, isPaired) {
        case (1, true, true):
          forward(lanes, knotCount, One.self, vectors: 2, isScalar: true, p, path, receiver, block)
        case (1, true, false):
          forward(lanes, knotCount, One.self, vectors: 1, isScalar: true, p, path, receiver, block)
        case (1, false, true):
          forward(lanes, knotCount, One.self, vectors: 2, isScalar: false, p, path, receiver, block)
        case (1, false, false):
          forward(lanes, knotCount, One.self, vectors: 1, isScalar: false, p, path, receiver, block)
        case (3, true, true):
          forward(lanes, knotCount, Three.self, vectors: 2, isScalar: true, p, path, receiver, block)
        case (3, true, false):
          forward(lanes, knotCount, Three.self, vectors: 1, isScalar: true, p, path, receiver, block)
        case (3, false, true):
          forward(lanes, knotCount, Three.self, vectors: 2, isScalar: false, p, path, receiver, block)
        case (3, false, false):
          forward(lanes, knotCount, Three.self, vectors: 1, isScalar: false, p, path, receiver, block)
        case (5, true, true):
          forward(lanes, knotCount, Five.self, vectors: 2, isScalar: true, p, path, receiver, block)
        case (5, true, false):
          forward(lanes, knotCount, Five.self, vectors: 1, isScalar: true, p, path, receiver, block)
        case (5, false, true):
          forward(lanes, knotCount, Five.self, vectors: 2, isScalar: false, p, path, receiver, block)
        case (5, false, false):
          forward(lanes, knotCount, Five.self, vectors: 1, isScalar: false, p, path, receiver, block)
        case (7, true, _): forward(lanes, knotCount, Seven.self, vectors: 1, isScalar: true, p, path, receiver, block)
        case (7, false, _): forward(lanes, knotCount, Seven.self, vectors: 1, isScalar: false, p, path, receiver, block)
        case (9, true, _): forward(lanes, knotCount, Nine.self, vectors: 1, isScalar: true, p, path, receiver, block)
        case (9, false, _): forward(lanes, knotCount, Nine.self, vectors: 1, isScalar: false, p, path, receiver, block)
        default: break
        }
      }
    }
  }
}

@inline(__always)
private func convolveAdjoint<L: PairLanes, K: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, _ p: borrowing ConvolutionPass
) {
  let s = Streams<L.Scalar>(p)
  for e in Int(s.starts[0])..<max(Int(s.starts[0]), Int(s.starts[p.receivers])) {
    s.edges[s.place(e).row + p.lengthAdjoint * s.grain] = 0
  }
  for receiver in 0..<p.receivers {
    for index in 0..<p.pathCount {
      let path = p.paths[index]
      switch (path.messageCount, path.senderCount == 1) {
      case (1, true): backward(lanes, knotCount, One.self, One.self, p, path, receiver)
      case (1, false): backward(lanes, knotCount, Several.self, One.self, p, path, receiver)
      case (3, true): backward(lanes, knotCount, One.self, Three.self, p, path, receiver)
      case (3, false): backward(lanes, knotCount, Several.self, Three.self, p, path, receiver)
      case (5, true): backward(lanes, knotCount, One.self, Five.self, p, path, receiver)
      case (5, false): backward(lanes, knotCount, Several.self, Five.self, p, path, receiver)
      case (7, true): backward(lanes, knotCount, One.self, Seven.self, p, path, receiver)
      case (7, false): backward(lanes, knotCount, Several.self, Seven.self, p, path, receiver)
      case (9, true): backward(lanes, knotCount, One.self, Nine.self, p, path, receiver)
      case (9, false): backward(lanes, knotCount, Several.self, Nine.self, p, path, receiver)
      default: break
      }
    }
  }
}

@inline(never) private func convolveFloats(_ p: borrowing ConvolutionPass) {
  p.knotCount == 4 ? convolve(WideFloats.self, Four.self, p) : convolve(WideFloats.self, Six.self, p)
}
@inline(never) private func convolveDoubles(_ p: borrowing ConvolutionPass) {
  p.knotCount == 4 ? convolve(WideDoubles.self, Four.self, p) : convolve(WideDoubles.self, Six.self, p)
}
@inline(never) private func adjointOfFloats(_ p: borrowing ConvolutionPass) {
  p.knotCount == 4 ? convolveAdjoint(WideFloats.self, Four.self, p) : convolveAdjoint(WideFloats.self, Six.self, p)
}
@inline(never) private func adjointOfDoubles(_ p: borrowing ConvolutionPass) {
  p.knotCount == 4 ? convolveAdjoint(WideDoubles.self, Four.self, p) : convolveAdjoint(WideDoubles.self, Six.self, p)
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
