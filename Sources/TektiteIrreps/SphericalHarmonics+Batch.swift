// The same harmonics for many vectors at once, each coordinate in an array of its own, so that a compiler can give each vector a lane.

extension SphericalHarmonics where Scalar: SIMDScalar {
  /// Vectors that are worked on together, one a lane.
  typealias Lanes = SIMD8<Scalar>

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
    let n = x.count
    var q = [Lanes](repeating: .zero, count: (largestDegree + 1) * (largestDegree + 2) / 2)
    for start in stride(from: 0, to: n, by: Lanes.scalarCount) {
      let used = min(Lanes.scalarCount, n - start)
      var block = LaneBlock()
      for i in 0..<used {
        var (a, b, c) = (x[start + i], y[start + i], z[start + i])
        block.inverse[i] = normalizesVectors ? Self.normalize(&a, &b, &c) : 1
        (block.x[i], block.y[i], block.z[i]) = (a, b, c)
      }
      let place = Place(start: start, used: used, stride: n, withGradients: withGradients)
      if largestDegree <= 4 {
        writeLow(block, place, &values, &gradients)
      } else {
        fillPolar(block, &q)
        write(block, q, place, &values, &gradients)
      }
    }
  }

  /// Coordinates of one block and 1/r.
  struct LaneBlock {
    var x = Lanes.zero
    var y = Lanes.zero
    var z = Lanes.zero
    var inverse = Lanes.zero
  }

  /// Where a block goes in the arrays, and whether derivatives are wanted.
  struct Place {
    let start, used, stride: Int
    let withGradients: Bool
  }

  /// q_l^m of the vectors of a block, by l(l+1)/2 + m.
  @inline(__always)
  private func fillPolar(_ block: LaneBlock, _ q: inout [Lanes]) {
    let square = block.x * block.x + block.y * block.y + block.z * block.z
    for l in 0...largestDegree {
      for m in 0...l {
        let t = l * (l + 1) / 2 + m
        guard m < l else {
          q[t] = Lanes(repeating: diagonal[l])
          continue
        }
        var next = stepFactors[t] * block.y * q[t - l]
        if m + 2 <= l { next -= backFactors[t] * square * q[t - 2 * l + 1] }
        q[t] = next
      }
    }
  }

  @inline(__always)
  private func write(
    _ block: LaneBlock, _ q: [Lanes], _ place: Place, _ values: inout MutableSpan<Scalar>,
    _ gradients: inout MutableSpan<Scalar>
  ) {
    var turn = Azimuth(a: Lanes(repeating: 1), b: .zero, previousA: .zero, previousB: .zero)
    for m in 0...largestDegree {
      if m > 0 { turn = turn.next(block) }
      for l in m...largestDegree {
        let t = l * (l + 1) / 2 + m
        let polar = m < l ? polarFactors[t] * q[t - l] : .zero
        let planar = m + 2 <= l ? planarFactors[t] * q[t - l + 1] : .zero
        emit(l, m, q[t], polar, planar, turn, block, place, &values, &gradients)
      }
    }
  }

  /// a + ib = (z + ix)^m and the power before.
  struct Azimuth {
    var a, b, previousA, previousB: Lanes

    @inline(__always)
    func next(_ block: LaneBlock) -> Azimuth {
      Azimuth(a: a * block.z - b * block.x, b: a * block.x + b * block.z, previousA: a, previousB: b)
    }
  }

  /// Stores components m and −m of degree l, from q_l^m, ∂q/∂y and −∂q/∂(x, z) / (x, z).
  @inline(__always)
  func emit(
    _ l: Int, _ m: Int, _ q: Lanes, _ polar: Lanes, _ planar: Lanes, _ turn: Azimuth, _ block: LaneBlock,
    _ place: Place, _ values: inout MutableSpan<Scalar>, _ gradients: inout MutableSpan<Scalar>
  ) {
    let (x, y, z, inverse) = (block.x, block.y, block.z, block.inverse)
    let (plus, minus) = (l * l + l + m, l * l + l - m)
    let scale = scales[l]
    let (even, odd) = (scale * q * turn.a, scale * q * turn.b)
    store(even, plus, place, &values)
    if m > 0 { store(odd, minus, place, &values) }
    guard place.withGradients else { return }
    let (below, across, around) = (scale * polar, scale * planar, Scalar(m) * scale * q)
    let along: Scalar = normalizesVectors ? Scalar(l) : 0
    let (a, b) = (turn.a, turn.b)
    var radial = along * even
    store((around * -turn.previousB - x * across * a - radial * x) * inverse, 3 * plus, place, &gradients)
    store((below * a - radial * y) * inverse, 3 * plus + 1, place, &gradients)
    store((around * turn.previousA - z * across * a - radial * z) * inverse, 3 * plus + 2, place, &gradients)
    guard m > 0 else { return }
    radial = along * odd
    store((around * turn.previousA - x * across * b - radial * x) * inverse, 3 * minus, place, &gradients)
    store((below * b - radial * y) * inverse, 3 * minus + 1, place, &gradients)
    store((around * turn.previousB - z * across * b - radial * z) * inverse, 3 * minus + 2, place, &gradients)
  }

  @inline(__always)
  private func store(_ lanes: Lanes, _ row: Int, _ place: Place, _ array: inout MutableSpan<Scalar>) {
    let first = row * place.stride + place.start
    guard place.used == Lanes.scalarCount, first >= 0, first + 8 <= array.count else {
      for i in 0..<place.used { array[first + i] = lanes[i] }
      return
    }
    for i in 0..<8 { array[first &+ i] = lanes[i] }
  }
}
