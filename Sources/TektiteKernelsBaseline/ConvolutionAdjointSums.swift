import TektiteLayouts

// What one edge of one path contributes going back; `ConvolutionAdjoint` has the equations and calls these.

/// Pointers of one path of one receiver.
struct AdjointPath<S> {
  let rows: UnsafePointer<S>, radial: UnsafePointer<S>
  let senderCount: Int, channels: Int, grain: Int
}

/// What one edge of a path brings: its coefficients, one in each grain; its sender's features and their adjoint; and where its sums go.
struct AdjointEdge<S> {
  let coefficients: UnsafePointer<S>, features: UnsafePointer<S>
  let adjoint: UnsafeMutablePointer<S>, sums: UnsafeMutablePointer<S>
}

/// R and R′ of one function and edge in all channels. The rows of the next edge, `ahead` of these in the table, are asked for meanwhile: they are too far
/// from each other for the processor to guess.
@inline(__always)
func interpolate<L: PairLanes, K: StaticCount>(
  _ lanes: L.Type, _ knotCount: K.Type, weights w: UnsafePointer<L.Scalar>, table: UnsafePointer<L.Scalar>,
  knotStride: Int, blockStride: Int, channels: Int, ahead: Int, to out: UnsafeMutablePointer<L.Scalar>
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
    let next = block + ahead
    L.prefetch(next)
    L.prefetch(next + knotStride)
    L.prefetch(next + 2 * knotStride)
    L.prefetch(next + knotStride3)
    if K.count > 4 {
      L.prefetch(next + 4 * knotStride)
      L.prefetch(next + knotStride5)
    }
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

/// Writes the first n of nine vectors side by side.
@inline(__always)
private func store<L: PairLanes>(
  _ n: Int, _ g0: L, _ g1: L, _ g2: L, _ g3: L, _ g4: L, _ g5: L, _ g6: L, _ g7: L, _ g8: L,
  to sums: UnsafeMutablePointer<L.Scalar>
) {
  @inline(__always) func put(_ index: Int, _ g: L) { if index < n { g.store(sums + index * L.count) } }
  put(0, g0)
  put(1, g1)
  put(2, g2)
  put(3, g3)
  put(4, g4)
  put(5, g5)
  put(6, g6)
  put(7, g7)
  put(8, g8)
}

/// One edge, T first. Sums over channels of the N coefficients go to memory; returns those of ∂E/∂|r|.
@inline(__always)
func addRows<L: PairLanes, M: StaticCount, N: StaticCount>(
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
  store(n, g0, g1, g2, g3, g4, g5, g6, g7, g8, to: edge.sums)
  return slope
}

/// The same with the sums D_k = Σ_m₁ h_m₁ X_m₁k first, which takes fewer products where senders have at least as many components as there are
/// coefficients: ∂E/∂c_k = Σ_c R D_k, ∂E/∂|r| = Σ_c R′ Σ_k c_k D_k, ∂E/∂h_m₁ += Σ_k (R c_k) X_m₁k. One coefficient or three.
@inline(__always)
func addColumns<L: PairLanes, M: StaticCount, N: StaticCount>(
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
func addColumn<L: PairLanes, N: StaticCount>(
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
  store(n, g0, g1, g2, g3, g4, g5, g6, g7, g8, to: edge.sums)
  return slope
}
