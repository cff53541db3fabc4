import TektiteLayouts

/// The weights of a uniform B-spline at |r|, their derivatives, and which table rows they belong to. With t the position within an interval they come of the
/// recursion of Cox and de Boor, from w₀ = 1 at degree 0,
///
///     w_k of degree d = ((t + d − k) w_(k−1) + (k + 1 − t) w_k)/d of degree d − 1,      dw_k/dt = w_(k−1) − w_k of degree d − 1
///
/// which adds only positive numbers. Edges beyond the table get weights of zero, and those before it stay at its first point.
@inline(__always)
private func weights<L: PairLanes>(
  _ lanes: L.Type, degree: Int, _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) {
  typealias S = L.Scalar
  let grain = 64 / MemoryLayout<S>.stride
  let (lengthRow, weightRow) = (a.length, a.weights)
  let perSpacing = S(1 / grid.spacing)
  let origin = L.constant(S(-grid.start / grid.spacing))
  let intervals = S(grid.intervals)
  let last = Int32(grid.intervals - 1)
  let rowStride = Int32(grid.rowStride)
  let isBent = grid.bend > 0
  let bend = L.constant(S(grid.bend))
  for chunk in 0..<((a.count + grain - 1) / grain) {
    let rows = a.base.assumingMemoryBound(to: S.self) + chunk * a.chunkStride
    let out = knots + chunk * grain
    var lane = 0
    while lane < grain {
      let w = rows + weightRow * grain + lane
      // In u = r/(r + b), with du/dr = b/(r + b)².
      var u = L.load(rows + lengthRow * grain + lane)
      var slope = L.constant(perSpacing)
      if isBent {
        let inverse = L.constant(1) / (u + bend)
        u = u * inverse
        slope = slope * bend * inverse * inverse
      }
      L.fma(u, L.constant(perSpacing), origin).store(w)
      // The interval of each lane; positions that are not numbers count as beyond the table.
      for k in 0..<L.count {
        let u = w[k]
        let inside = u < intervals ? max(u, 0) : intervals
        let interval = min(L.truncated(inside), last)
        out[lane + k] = interval * rowStride
        w[k] = u < intervals ? inside - L.scalar(interval) : 2
      }
      let t = L.load(w)
      var w0 = L.constant(1), w1 = L.zero, w2 = L.zero, w3 = L.zero, w4 = L.zero, w5 = L.zero
      // One degree up, from the largest k on, so that what is read is still the degree before.
      @inline(__always) func raise(_ d: Int) {
        let scale = L.constant(S(1) / S(d))
        @inline(__always) func blend(_ k: Int, _ left: L, _ here: L) -> L {
          let rising = k == d ? t : t + L.constant(S(d - k))
          let falling = L.constant(S(k + 1)) - t
          return scale * (k == 0 ? falling * here : k == d ? rising * left : L.fma(rising, left, falling * here))
        }
        if d > 4 { w5 = blend(5, w4, w5) }
        if d > 3 { w4 = blend(4, w3, w4) }
        if d > 2 { w3 = blend(3, w2, w3) }
        if d > 1 { w2 = blend(2, w1, w2) }
        w1 = blend(1, w0, w1)
        w0 = blend(0, w0, w0)
      }
      @inline(__always) func write(_ row: Int, _ v: L) {
        L.select(v, where: t, lessThan: L.constant(1.5)).store(w + row * grain)
      }
      raise(1)
      raise(2)
      if degree > 3 {
        raise(3)
        raise(4)
      }
      write(degree + 1, L.zero - slope * w0)
      write(degree + 2, slope * (w0 - w1))
      write(degree + 3, slope * (w1 - w2))
      if degree == 3 {
        write(7, slope * w2)
      } else {
        write(9, slope * (w2 - w3))
        write(10, slope * (w3 - w4))
        write(11, slope * w4)
      }
      raise(degree)
      write(0, w0)
      write(1, w1)
      write(2, w2)
      write(3, w3)
      if degree > 3 {
        write(4, w4)
        write(5, w5)
      }
      lane += L.count
    }
  }
}

@inline(never) private func weightsOfFloats(
  _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) {
  if grid.degree == 3 {
    weights(WideFloats.self, degree: 3, a, grid, knots)
  } else {
    weights(WideFloats.self, degree: 5, a, grid, knots)
  }
}
@inline(never) private func weightsOfDoubles(
  _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) {
  if grid.degree == 3 {
    weights(WideDoubles.self, degree: 3, a, grid, knots)
  } else {
    weights(WideDoubles.self, degree: 5, a, grid, knots)
  }
}

/// Writes the rows of spline weights of all edges and their derivatives, degree + 1 rows each, and for each edge the offset of its first table row in scalars;
/// `knots` holds whole chunks.
public func splineWeights(
  isDouble: Bool, _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) {
  isDouble ? weightsOfDoubles(a, grid, knots) : weightsOfFloats(a, grid, knots)
}
