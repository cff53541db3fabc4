// The same harmonics for many vectors at once, each coordinate in an array of its own, so that a compiler can give each vector a lane.

extension SphericalHarmonics {
  /// Vectors that are worked on together.
  private static var lanes: Int { 16 }

  /// Y of n vectors. `values` has shape [count, n]: component k of vector i at k·n + i. Throws when the arrays do not fit together.
  public func evaluate(
    x: Span<Scalar>, y: Span<Scalar>, z: Span<Scalar>, values: inout MutableSpan<Scalar>
  ) throws(IrrepsError) {
    var none: [Scalar] = []
    var gradients = none.mutableSpan
    try checkLengths(x, y, z, values.count)
    run(x, y, z, &values, &gradients, withGradients: false)
  }

  /// Y of n vectors with derivatives with respect to the vectors as given. `values` has shape [count, n], `gradients` [count, 3, n]. Throws when
  /// the arrays do not fit together.
  public func evaluate(
    x: Span<Scalar>, y: Span<Scalar>, z: Span<Scalar>, values: inout MutableSpan<Scalar>,
    gradients: inout MutableSpan<Scalar>
  ) throws(IrrepsError) {
    try checkLengths(x, y, z, values.count)
    guard gradients.count == 3 * count * x.count else {
      throw IrrepsError(
        "gradients of \(count) components at \(x.count) vectors are \(3 * count * x.count) numbers, there is room for \(gradients.count)"
      )
    }
    run(x, y, z, &values, &gradients, withGradients: true)
  }

  private func checkLengths(
    _ x: Span<Scalar>, _ y: Span<Scalar>, _ z: Span<Scalar>, _ room: Int
  ) throws(IrrepsError) {
    guard y.count == x.count, z.count == x.count else {
      throw IrrepsError("coordinates differ in number: \(x.count) x, \(y.count) y, \(z.count) z")
    }
    guard room == count * x.count else {
      throw IrrepsError(
        "values of \(count) components at \(x.count) vectors are \(count * x.count) numbers, there is room for \(room)")
    }
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Float)
  private func run(
    _ x: Span<Scalar>, _ y: Span<Scalar>, _ z: Span<Scalar>, _ values: inout MutableSpan<Scalar>,
    _ gradients: inout MutableSpan<Scalar>, withGradients: Bool
  ) {
    let w = Self.lanes
    var block = LaneBlock(rows: (largestDegree + 1) * (largestDegree + 2) / 2, lanes: w)
    for start in stride(from: 0, to: x.count, by: w) {
      let used = min(w, x.count - start)
      for i in 0..<used {
        var (a, b, c) = (x[start + i], y[start + i], z[start + i])
        block.inverse[i] = normalizesVectors ? Self.normalize(&a, &b, &c) : 1
        (block.x[i], block.y[i], block.z[i]) = (a, b, c)
        block.square[i] = a * a + b * b + c * c
      }
      fillPolar(&block)
      writeBlock(&block, start, used, x.count, &values, &gradients, withGradients)
    }
  }

  /// Scratch of one block: coordinates, (z + ix)^m, and q.
  private struct LaneBlock {
    var x, y, z, square, inverse, a, b, previousA, previousB, q: [Scalar]
    init(rows: Int, lanes: Int) {
      let zeros = [Scalar](repeating: 0, count: lanes)
      (x, y, z, square, inverse) = (zeros, zeros, zeros, zeros, zeros)
      (a, b, previousA, previousB) = (zeros, zeros, zeros, zeros)
      q = [Scalar](repeating: 0, count: rows * lanes)
    }
  }

  @inline(__always)
  private func fillPolar(_ block: inout LaneBlock) {
    let w = Self.lanes
    for l in 0...largestDegree {
      for m in 0...l {
        let t = l * (l + 1) / 2 + m
        if m == l {
          for i in 0..<w { block.q[t * w + i] = diagonal[l] }
        } else if m + 1 == l {
          let step = stepFactors[t]
          for i in 0..<w { block.q[t * w + i] = step * block.y[i] * block.q[(t - l) * w + i] }
        } else {
          let (step, back) = (stepFactors[t], backFactors[t])
          for i in 0..<w {
            block.q[t * w + i] =
              step * block.y[i] * block.q[(t - l) * w + i]
              - back * block.square[i] * block.q[(t - 2 * l + 1) * w + i]
          }
        }
      }
    }
  }

  @inline(__always)
  private func writeBlock(
    _ block: inout LaneBlock, _ start: Int, _ used: Int, _ n: Int, _ values: inout MutableSpan<Scalar>,
    _ gradients: inout MutableSpan<Scalar>, _ withGradients: Bool
  ) {
    let w = Self.lanes
    for i in 0..<w {
      (block.a[i], block.b[i]) = (1, 0)
      (block.previousA[i], block.previousB[i]) = (0, 0)
    }
    for m in 0...largestDegree {
      if m > 0 {
        swap(&block.a, &block.previousA)
        swap(&block.b, &block.previousB)
        for i in 0..<w {
          let (a, b, x, z) = (block.previousA[i], block.previousB[i], block.x[i], block.z[i])
          block.a[i] = a * z - b * x
          block.b[i] = a * x + b * z
        }
      }
      for l in m...largestDegree {
        let t = l * (l + 1) / 2 + m
        let (plus, minus) = (l * l + l + m, l * l + l - m)
        let scale = scales[l]
        for i in 0..<used {
          let q = scale * block.q[t * w + i]
          values[plus * n + start + i] = q * block.a[i]
          if m > 0 { values[minus * n + start + i] = q * block.b[i] }
        }
        guard withGradients else { continue }
        let polar = scale * polarFactors[t]
        let planar = scale * planarFactors[t]
        let turning = Scalar(m) * scale
        let along = normalizesVectors ? Scalar(l) : 0
        for i in 0..<used {
          let (x, y, z, inverse) = (block.x[i], block.y[i], block.z[i], block.inverse[i])
          let below = m < l ? polar * block.q[(t - l) * w + i] : 0
          let across = m + 2 <= l ? planar * block.q[(t - l + 1) * w + i] : 0
          let turn = turning * block.q[t * w + i]
          let (pa, pb) = (block.previousA[i], block.previousB[i])
          var f = block.a[i]
          var radial = along * values[plus * n + start + i]
          var g = 3 * plus * n + start + i
          gradients[g] = (-x * across * f - turn * pb - radial * x) * inverse
          gradients[g + n] = (below * f - radial * y) * inverse
          gradients[g + 2 * n] = (-z * across * f + turn * pa - radial * z) * inverse
          guard m > 0 else { continue }
          f = block.b[i]
          radial = along * values[minus * n + start + i]
          g = 3 * minus * n + start + i
          gradients[g] = (-x * across * f + turn * pa - radial * x) * inverse
          gradients[g + n] = (below * f - radial * y) * inverse
          gradients[g + 2 * n] = (-z * across * f + turn * pb - radial * z) * inverse
        }
      }
    }
  }
}
