import TektiteLayouts

/// The four weights of a uniform cubic B-spline at |r|, their derivatives, and which table rows they belong to. With t the position within an interval,
///
///     w₀ = (1−t)³/6,  w₁ = (3t³ − 6t² + 4)/6,  w₂ = (−3t³ + 3t² + 3t + 1)/6,  w₃ = t³/6
///
/// Edges beyond the table get weights of zero, and those before it stay at its first point.
@inline(__always)
private func weights<L: PairLanes>(
  _ lanes: L.Type, _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) {
  typealias S = L.Scalar
  let grain = 64 / MemoryLayout<S>.stride
  let (lengthRow, weightRow) = (a.length, a.weights)
  let perSpacing = S(1 / grid.spacing)
  let origin = L.constant(S(-grid.start / grid.spacing))
  let intervals = S(grid.intervals)
  let last = Int32(grid.intervals - 1)
  let rowStride = Int32(grid.rowStride)
  let slope = L.constant(S(1 / grid.spacing))
  let slopeSixth = L.constant(S(1 / (6 * grid.spacing)))
  let sixth = L.constant(S(1.0 / 6))
  let one = L.constant(1)
  for chunk in 0..<((a.count + grain - 1) / grain) {
    let rows = a.base.assumingMemoryBound(to: S.self) + chunk * a.chunkStride
    let out = knots + chunk * grain
    var lane = 0
    while lane < grain {
      let w = rows + weightRow * grain + lane
      L.fma(L.load(rows + lengthRow * grain + lane), L.constant(perSpacing), origin).store(w)
      // The interval of each lane; positions that are not numbers count as beyond the table.
      for k in 0..<L.count {
        let u = w[k]
        let inside = u < intervals ? max(u, 0) : intervals
        let interval = min(L.truncated(inside), last)
        out[lane + k] = interval * rowStride
        w[k] = u < intervals ? inside - L.scalar(interval) : 2
      }
      let t = L.load(w)
      let isInside = { (_ v: L) -> L in L.select(v, where: t, lessThan: L.constant(1.5)) }
      let s = one - t
      let t2 = t * t
      let s2 = s * s
      let three = L.constant(3)
      let four = L.constant(4)
      isInside(s2 * s * sixth).store(w)
      isInside(L.fma(three * t - L.constant(6), t2, four) * sixth).store(w + grain)
      isInside(L.fma(three * s - L.constant(6), s2, four) * sixth).store(w + 2 * grain)
      isInside(t2 * t * sixth).store(w + 3 * grain)
      // d/dr: −(1−t)²/2, (9t² − 12t)/6, −(9s² − 12s)/6, t²/2
      let half = L.constant(0.5) * slope
      let nine = L.constant(9)
      let twelve = L.constant(12)
      isInside(L.zero - s2 * half).store(w + 4 * grain)
      isInside((nine * t - twelve) * t * slopeSixth).store(w + 5 * grain)
      isInside((twelve - nine * s) * s * slopeSixth).store(w + 6 * grain)
      isInside(t2 * half).store(w + 7 * grain)
      lane += L.count
    }
  }
}

@inline(never) private func weightsOfFloats(
  _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) { weights(WideFloats.self, a, grid, knots) }
@inline(never) private func weightsOfDoubles(
  _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) { weights(WideDoubles.self, a, grid, knots) }

/// Writes the eight rows of spline weights of all edges, and for each edge the offset of its first table row in scalars; `knots` holds whole chunks.
public func splineWeights(
  isDouble: Bool, _ a: borrowing EdgeRows, _ grid: SplineGrid, _ knots: UnsafeMutablePointer<Int32>
) {
  isDouble ? weightsOfDoubles(a, grid, knots) : weightsOfFloats(a, grid, knots)
}
