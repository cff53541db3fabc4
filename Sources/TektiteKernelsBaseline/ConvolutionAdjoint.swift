import TektiteLayouts

// One path of one receiver, back. With M = ∂E/∂A, per edge and sender component m₁
//
//     T_m₁ = Σ_k c_k X_m₁k,    ∂E/∂h_m₁ += R T_m₁,    ∂E/∂|r| += Σ_c R′ Σ_m₁ h_m₁ T_m₁,    ∂E/∂c_k = Σ_c R Σ_m₁ h_m₁ X_m₁k
//
// where c = Y and X_m₁m₂ = Σ C M_m₃ if the path has terms; that sum is taken once for a receiver. If it has none, every m₁ is a run of its own with c = K_m₁ and
// X = M. X is kept as [vector of channels][row][lane], R and R′ of an edge as [vector of channels][R, R′][lane], so that the loops over channels read them one
// after the other. Sums over channels stay vectors until a vector of edges is done, and then go across lanes together.

/// Pointers of one path of one receiver.
private struct AdjointPath<S> {
  let rows: UnsafePointer<S>, radial: UnsafePointer<S>
  let senderCount: Int, channels: Int, grain: Int
}

/// What one edge of a path brings: its coefficients, one in each grain; its sender's features and their adjoint; and where its sums go.
private struct AdjointEdge<S> {
  let coefficients: UnsafePointer<S>, features: UnsafePointer<S>
  let adjoint: UnsafeMutablePointer<S>, sums: UnsafeMutablePointer<S>
}

/// R and R′ of one function and edge in all channels.
@inline(__always)
private func interpolate<L: PairLanes, K: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, weights w: UnsafePointer<L.Scalar>, table: UnsafePointer<L.Scalar>,
  knotStride: Int, blockStride: Int, channels: Int, to out: UnsafeMutablePointer<L.Scalar>
) {
  let grain = 64 / MemoryLayout<L.Scalar>.stride
  let (knotStride3, knotStride5) = (3 * knotStride, 5 * knotStride)
  let w0 = L.constant(w[0]), w1 = L.constant(w[grain]), w2 = L.constant(w[2 * grain]), w3 = L.constant(w[3 * grain])
  let w4 = K.count > 4 ? L.constant(w[4 * grain]) : L.zero, w5 = K.count > 4 ? L.constant(w[5 * grain]) : L.zero
  let d = w + K.count * grain
  let d0 = L.constant(d[0]), d1 = L.constant(d[grain]), d2 = L.constant(d[2 * grain]), d3 = L.constant(d[3 * grain])
  let d4 = K.count > 4 ? L.constant(d[4 * grain]) : L.zero, d5 = K.count > 4 ? L.constant(d[5 * grain]) : L.zero
  var (block, out, channel) = (table, out, 0)
  while channel < channels {
    var t = block
    let end = block + grain
    while t < end {
      var x = L.load(t)
      var u = w0 * x, v = d0 * x
      @inline(__always) func knot(_ distance: Int, _ w: L, _ d: L) {
        x = L.load(t + distance)
        u = L.fma(w, x, u)
        v = L.fma(d, x, v)
      }
      knot(knotStride, w1, d1)
      knot(2 * knotStride, w2, d2)
      knot(knotStride3, w3, d3)
      if K.count > 4 {
        knot(4 * knotStride, w4, d4)
        knot(knotStride5, w5, d5)
      }
      u.store(out)
      v.store(out + L.count)
      out += 2 * L.count
      t += L.count
    }
    block += blockStride
    channel += grain
  }
}

/// One edge, T first. Sums over channels of the N coefficients go to memory; returns those of ∂E/∂|r|.
@inline(__always)
private func addRows<L: PairLanes, M: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ senders: M.Type, _ count: N.Type, _ path: AdjointPath<L.Scalar>, _ edge: AdjointEdge<L.Scalar>
) -> L {
  let n = N.count
  let isScalar = M.count == 1
  let senderCount = M.count > 0 ? M.count : path.senderCount
  let (k, grain) = (edge.coefficients, path.grain)
  @inline(__always) func coefficient(_ index: Int) -> L { index < n ? L.constant(k[index * grain]) : L.zero }
  let c0 = coefficient(0), c1 = coefficient(1), c2 = coefficient(2), c3 = coefficient(3), c4 = coefficient(4)
  let c5 = coefficient(5), c6 = coefficient(6), c7 = coefficient(7), c8 = coefficient(8)
  var g0 = L.zero, g1 = L.zero, g2 = L.zero, g3 = L.zero, g4 = L.zero
  var g5 = L.zero, g6 = L.zero, g7 = L.zero, g8 = L.zero
  var slope = L.zero
  var (row, radial, channel) = (path.rows, path.radial, 0)
  while channel < path.channels {
    let r = L.load(radial)
    var sum = L.zero
    var (from, to, m) = (edge.features + channel, edge.adjoint + channel, 0)
    repeat {
      let h = L.load(from)
      let product = r * h
      var t = L.zero
      @inline(__always) func add(_ index: Int, _ c: L, _ g: inout L) {
        if index >= n { return }
        let x = L.load(row + index * L.count)
        t = index == 0 ? c * x : L.fma(c, x, t)
        g = L.fma(product, x, g)
      }
      add(0, c0, &g0)
      add(1, c1, &g1)
      add(2, c2, &g2)
      add(3, c3, &g3)
      add(4, c4, &g4)
      add(5, c5, &g5)
      add(6, c6, &g6)
      add(7, c7, &g7)
      add(8, c8, &g8)
      row += n * L.count
      sum = isScalar ? h * t : L.fma(h, t, sum)
      L.fma(r, t, L.load(to)).store(to)
      if isScalar { break }
      from += path.channels
      to += path.channels
      m += 1
    } while m < senderCount
    slope = L.fma(L.load(radial + L.count), sum, slope)
    radial += 2 * L.count
    channel += L.count
  }
  @inline(__always) func store(_ index: Int, _ g: L) { if index < n { g.store(edge.sums + index * L.count) } }
  store(0, g0)
  store(1, g1)
  store(2, g2)
  store(3, g3)
  store(4, g4)
  store(5, g5)
  store(6, g6)
  store(7, g7)
  store(8, g8)
  return slope
}

/// The same with the sums D_k = Σ_m₁ h_m₁ X_m₁k first, which takes fewer products where senders have at least as many components as there are
/// coefficients: ∂E/∂c_k = Σ_c R D_k, ∂E/∂|r| = Σ_c R′ Σ_k c_k D_k, ∂E/∂h_m₁ += Σ_k (R c_k) X_m₁k. One coefficient or three.
@inline(__always)
private func addColumns<L: PairLanes, M: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ senders: M.Type, _ count: N.Type, _ path: AdjointPath<L.Scalar>, _ edge: AdjointEdge<L.Scalar>
) -> L {
  let isSingle = N.count == 1
  let isScalar = M.count == 1
  let senderCount = M.count > 0 ? M.count : path.senderCount
  let (k, grain) = (edge.coefficients, path.grain)
  let c0 = L.constant(k[0])
  let c1 = isSingle ? L.zero : L.constant(k[grain]), c2 = isSingle ? L.zero : L.constant(k[2 * grain])
  var g0 = L.zero, g1 = L.zero, g2 = L.zero, slope = L.zero
  var (row, radial, channel) = (path.rows, path.radial, 0)
  while channel < path.channels {
    let r = L.load(radial)
    let r0 = r * c0
    let r1 = isSingle ? L.zero : r * c1, r2 = isSingle ? L.zero : r * c2
    var d0 = L.zero, d1 = L.zero, d2 = L.zero
    var (from, to, m) = (edge.features + channel, edge.adjoint + channel, 0)
    repeat {
      let h = L.load(from)
      var sum = L.load(to)
      @inline(__always) func add(_ index: Int, _ rc: L, _ d: inout L) {
        let x = L.load(row + index * L.count)
        sum = L.fma(rc, x, sum)
        d = isScalar ? h * x : L.fma(h, x, d)
      }
      add(0, r0, &d0)
      if !isSingle {
        add(1, r1, &d1)
        add(2, r2, &d2)
      }
      sum.store(to)
      row += N.count * L.count
      if isScalar { break }
      from += path.channels
      to += path.channels
      m += 1
    } while m < senderCount
    let slopes = L.load(radial + L.count)
    g0 = L.fma(r, d0, g0)
    if isSingle {
      slope = L.fma(slopes, d0, slope)
    } else {
      g1 = L.fma(r, d1, g1)
      g2 = L.fma(r, d2, g2)
      slope = L.fma(slopes, L.fma(c2, d2, L.fma(c1, d1, c0 * d0)), slope)
    }
    radial += 2 * L.count
    channel += L.count
  }
  g0.store(edge.sums)
  if isSingle { return c0 * slope }
  g1.store(edge.sums + L.count)
  g2.store(edge.sums + 2 * L.count)
  return slope
}

/// Messages of one component from senders of N = 3, 5, 7 or 9, whose coupling matrix is one column: R M is common to all m₁.
@inline(__always)
private func addColumn<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ count: N.Type, _ path: AdjointPath<L.Scalar>, _ edge: AdjointEdge<L.Scalar>
) -> L {
  let n = N.count
  let (k, grain, channels) = (edge.coefficients, path.grain, path.channels)
  @inline(__always) func coefficient(_ index: Int) -> L { index < n ? L.constant(k[index * grain]) : L.zero }
  let c0 = coefficient(0), c1 = coefficient(1), c2 = coefficient(2), c3 = coefficient(3), c4 = coefficient(4)
  let c5 = coefficient(5), c6 = coefficient(6), c7 = coefficient(7), c8 = coefficient(8)
  var g0 = L.zero, g1 = L.zero, g2 = L.zero, g3 = L.zero, g4 = L.zero
  var g5 = L.zero, g6 = L.zero, g7 = L.zero, g8 = L.zero
  var slope = L.zero
  var (row, radial, channel) = (path.rows, path.radial, 0)
  while channel < channels {
    let x = L.load(row)
    let product = L.load(radial) * x
    let slopes = L.load(radial + L.count) * x
    var sum = L.zero
    var (from, to) = (edge.features + channel, edge.adjoint + channel)
    @inline(__always) func add(_ index: Int, _ c: L, _ g: inout L) {
      if index >= n { return }
      let h = L.load(from)
      sum = index == 0 ? c * h : L.fma(c, h, sum)
      g = L.fma(product, h, g)
      L.fma(c, product, L.load(to)).store(to)
      from += channels
      to += channels
    }
    add(0, c0, &g0)
    add(1, c1, &g1)
    add(2, c2, &g2)
    add(3, c3, &g3)
    add(4, c4, &g4)
    add(5, c5, &g5)
    add(6, c6, &g6)
    add(7, c7, &g7)
    add(8, c8, &g8)
    slope = L.fma(slopes, sum, slope)
    row += L.count
    radial += 2 * L.count
    channel += L.count
  }
  @inline(__always) func store(_ index: Int, _ g: L) { if index < n { g.store(edge.sums + index * L.count) } }
  store(0, g0)
  store(1, g1)
  store(2, g2)
  store(3, g3)
  store(4, g4)
  store(5, g5)
  store(6, g6)
  store(7, g7)
  store(8, g8)
  return slope
}

extension ConvolutionPath {
  /// Rows of X.
  fileprivate var rowCount: Int { Int(harmonicCount > 0 ? senderCount * harmonicCount : messageCount) }
}

/// X of a receiver: its messages' adjoints, or their sums with the path's terms.
@inline(never)
private func gatherRows<L: PairLanes>(
  _ lanes: L.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int,
  to rows: UnsafeMutablePointer<L.Scalar>
) {
  typealias S = L.Scalar
  let channels = p.channels
  let messages = UnsafePointer(
    p.messages.assumingMemoryBound(to: S.self) + Int(path.messageRow) * p.messageStride + receiver * channels)
  let hasTerms = path.harmonicCount > 0
  let count = path.rowCount
  @inline(__always) func forEachVector(_ message: Int, _ row: Int, _ body: (L, UnsafeMutablePointer<S>) -> Void) {
    var (from, to) = (messages + message * p.messageStride, rows + row * L.count)
    let end = from + channels
    while from < end {
      body(L.load(from), to)
      from += L.count
      to += count * L.count
    }
  }
  guard hasTerms, let terms = p.terms else {
    for row in 0..<count { forEachVector(row, row) { $0.store($1) } }
    return
  }
  var to = rows
  let end = rows + count * channels
  while to < end {
    L.zero.store(to)
    to += L.count
  }
  for index in Int(path.firstTerm)..<Int(path.termEnd) {
    let term = terms[index]
    let value = L.constant(L.either(term.value, Float(term.value)))
    forEachVector(Int(term.message), Int(term.factors)) { x, to in L.fma(value, x, L.load(to)).store(to) }
  }
}

/// All edges of a receiver, by vectors of edges; `body` takes one run of one edge.
@inline(__always)
private func backward<L: PairLanes>(
  _ lanes: L.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int, coefficients n: Int,
  runs: Int, _ body: (AdjointPath<L.Scalar>, AdjointEdge<L.Scalar>) -> L
) {
  typealias S = L.Scalar
  let s = Streams<S>(p)
  let (grain, channels) = (s.grain, p.channels)
  let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
  guard lower < upper, let adjoints = p.featureAdjoint?.assumingMemoryBound(to: S.self) else { return }
  let places = UnsafePointer(p.scratch.assumingMemoryBound(to: EdgePlace.self))
  let radial = s.scratch(p)
  let rows = radial + 2 * channels
  let sums = rows + ConvolutionPass.largestRowCount * channels
  gatherRows(lanes, p, path, receiver, to: rows)
  let own = AdjointPath(
    rows: UnsafePointer(rows), radial: UnsafePointer(radial), senderCount: Int(path.senderCount), channels: channels,
    grain: grain)
  let weights = UnsafePointer(s.edges + p.weights * grain)
  let table = s.table + Int(path.function) * grain
  let coefficients = UnsafePointer(s.edges + Int(path.coefficientRow) * grain)
  let senderRow = Int(path.senderRow) * channels
  let blockStride = p.functionCount * grain
  // The last row is ∂E/∂|r|.
  let stride = (n * runs + 1) * L.count
  var first = lower
  while first < upper {
    // Vectors of edges begin at multiples of their length, and so never go over the end of a chunk.
    let lane = first & (L.count - 1)
    let end = min(upper, first - lane + L.count)
    var out = sums + lane * stride
    for e in first..<end {
      let place = places[e]
      if p.knotCount == 4 {
        interpolate(
          lanes, Four.self, weights: weights + place.row, table: table + place.table, knotStride: s.knotStride,
          blockStride: blockStride, channels: channels, to: radial)
      } else {
        interpolate(
          lanes, Six.self, weights: weights + place.row, table: table + place.table, knotStride: s.knotStride,
          blockStride: blockStride, channels: channels, to: radial)
      }
      var slope = L.zero
      for run in 0..<runs {
        let from = senderRow + run * channels
        slope =
          slope
          + body(
            own,
            AdjointEdge(
              coefficients: coefficients + place.row + run * n * grain, features: s.features + place.features + from,
              adjoint: adjoints + place.adjoint + from, sums: out + run * n * L.count))
      }
      slope.store(out + n * runs * L.count)
      out += stride
    }
    finish(lanes, p, path, first..<end, rows: n * runs, UnsafePointer(sums))
    first = end
  }
}

/// Sums across lanes, of all edges of a vector together.
@inline(never)
private func finish<L: PairLanes>(
  _ lanes: L.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ edges: Range<Int>, rows: Int,
  _ sums: UnsafePointer<L.Scalar>
) {
  let s = Streams<L.Scalar>(p)
  let stride = (rows + 1) * L.count
  let totals = UnsafeMutablePointer(mutating: sums) + L.count * stride
  let first = edges.lowerBound
  let lane = first & (L.count - 1)
  let column = s.edges + s.place(first).row
  var to = column + Int(path.coefficientAdjointRow) * s.grain
  var from = sums
  for _ in 0..<rows {
    if edges.count == L.count {
      L.sums(from, stride, to: to)
    } else {
      L.sums(from, stride, to: totals)
      for e in 0..<edges.count { to[e] = totals[lane + e] }
    }
    from += L.count
    to += s.grain
  }
  L.sums(from, stride, to: totals)
  to = column + p.lengthAdjoint * s.grain
  for e in 0..<edges.count { to[e] += totals[lane + e] }
}

/// Paths that have a coupling matrix for each edge, one run for each component of the sender.
@inline(never)
private func matrices<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int
) {
  backward(lanes, p, path, receiver, coefficients: N.count, runs: Int(path.senderCount)) {
    N.count == 1 ? addColumns(lanes, One.self, count, $0, $1) : addRows(lanes, One.self, count, $0, $1)
  }
}

/// Those of them whose messages have one component.
@inline(never)
private func columns<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int
) {
  backward(lanes, p, path, receiver, coefficients: N.count, runs: 1) { addColumn(lanes, count, $0, $1) }
}

/// Paths that have terms.
@inline(never)
private func tensors<L: PairLanes, M: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ senders: M.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath,
  _ receiver: Int
) {
  backward(lanes, p, path, receiver, coefficients: N.count, runs: 1) {
    N.count <= 3 ? addColumns(lanes, senders, count, $0, $1) : addRows(lanes, senders, count, $0, $1)
  }
}

/// The same with as many components of senders as are common known.
@inline(__always)
private func tensors<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int
) {
  switch path.senderCount {
  case 3: tensors(lanes, Three.self, count, p, path, receiver)
  case 5: tensors(lanes, Five.self, count, p, path, receiver)
  case 7: tensors(lanes, Seven.self, count, p, path, receiver)
  default: tensors(lanes, Several.self, count, p, path, receiver)
  }
}

@inline(__always)
func convolveAdjoint<L: PairLanes>(_ lanes: L.Type, _ p: borrowing ConvolutionPass) {
  let s = Streams<L.Scalar>(p)
  s.fillPlaces(p)
  let places = UnsafePointer(p.scratch.assumingMemoryBound(to: EdgePlace.self))
  for e in Int(s.starts[0])..<max(Int(s.starts[0]), Int(s.starts[p.receivers])) {
    s.edges[places[e].row + p.lengthAdjoint * s.grain] = 0
  }
  for receiver in 0..<p.receivers {
    for index in 0..<p.pathCount {
      let path = p.paths[index]
      switch (path.harmonicCount, path.senderCount, path.messageCount) {
      case (1, _, _): tensors(lanes, One.self, p, path, receiver)
      case (3, _, _): tensors(lanes, Three.self, p, path, receiver)
      case (5, _, _): tensors(lanes, Five.self, p, path, receiver)
      case (7, _, _): tensors(lanes, Seven.self, p, path, receiver)
      case (9, _, _): tensors(lanes, Nine.self, p, path, receiver)
      case (_, 3, 1): columns(lanes, Three.self, p, path, receiver)
      case (_, 5, 1): columns(lanes, Five.self, p, path, receiver)
      case (_, 7, 1): columns(lanes, Seven.self, p, path, receiver)
      case (_, 9, 1): columns(lanes, Nine.self, p, path, receiver)
      case (_, _, 1): matrices(lanes, One.self, p, path, receiver)
      case (_, _, 3): matrices(lanes, Three.self, p, path, receiver)
      case (_, _, 5): matrices(lanes, Five.self, p, path, receiver)
      case (_, _, 7): matrices(lanes, Seven.self, p, path, receiver)
      case (_, _, 9): matrices(lanes, Nine.self, p, path, receiver)
      default: break
      }
    }
  }
}
