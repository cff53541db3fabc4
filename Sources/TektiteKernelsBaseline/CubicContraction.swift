import TektiteLayouts

/// Up to four vectors of channels, side by side. The count is a literal where functions with it are called, so the rest disappears.
private struct Quad<L: PairLanes> {
  var a: L, b: L, c: L, d: L
  @inline(__always) static var zero: Self { Self(a: L.zero, b: L.zero, c: L.zero, d: L.zero) }
  @inline(__always) static func load(_ n: Int, _ p: UnsafePointer<L.Scalar>) -> Self {
    Self(
      a: L.load(p), b: n > 1 ? L.load(p + L.count) : L.zero, c: n > 2 ? L.load(p + 2 * L.count) : L.zero,
      d: n > 2 ? L.load(p + 3 * L.count) : L.zero)
  }
  @inline(__always) func store(_ n: Int, _ p: UnsafeMutablePointer<L.Scalar>) {
    a.store(p)
    if n > 1 { b.store(p + L.count) }
    if n > 2 { c.store(p + 2 * L.count) }
    if n > 2 { d.store(p + 3 * L.count) }
  }
  @inline(__always) func times(_ n: Int, _ o: Self) -> Self {
    Self(a: a * o.a, b: n > 1 ? b * o.b : b, c: n > 2 ? c * o.c : c, d: n > 2 ? d * o.d : d)
  }
  /// x·y + self.
  @inline(__always) func adding(_ n: Int, _ x: Self, _ y: Self) -> Self {
    Self(
      a: L.fma(x.a, y.a, a), b: n > 1 ? L.fma(x.b, y.b, b) : b, c: n > 2 ? L.fma(x.c, y.c, c) : c,
      d: n > 2 ? L.fma(x.d, y.d, d) : d)
  }
  @inline(__always) func plus(_ n: Int, _ o: Self) -> Self {
    Self(a: a + o.a, b: n > 1 ? b + o.b : b, c: n > 2 ? c + o.c : c, d: n > 2 ? d + o.d : d)
  }
}

@inline(__always)
private func evaluate<L: PairLanes>(_ lanes: L.Type, isGradient: Bool, _ p: borrowing CubicPass) {
  typealias S = L.Scalar
  let program = p.program
  let inputCount = program.inputCount
  let list = isGradient ? program.sum : program.values
  let (linear, pairs, terms) = (list.linear, list.pairs, list.terms)
  let channels = p.channels
  let scratch = p.scratch.assumingMemoryBound(to: S.self)

  @inline(__always) func evaluate(_ n: Int, _ atom: Int, _ channel: Int) {
    let width = n * L.count
    let place = atom * channels + channel
    let input = p.input.assumingMemoryBound(to: S.self) + place
    var rows = p.weights.assumingMemoryBound(to: S.self) + channel
    var rowStride = channels
    // Of each component A and, for gradients, the sum that becomes ∂/∂A.
    let stride = isGradient ? 2 * width : width
    for i in 0..<inputCount {
      let slot = scratch + i * stride
      Quad<L>.load(n, input + i * p.inputStride).store(n, slot)
      if isGradient { Quad<L>.zero.store(n, slot + width) }
    }
    if isGradient, let adjoint = p.adjoint {
      let bar = adjoint.assumingMemoryBound(to: S.self) + place
      let out = scratch + inputCount * stride
      var term = 0
      for k in 0..<program.rowSumCount {
        var sum = Quad<L>.zero
        let end = Int(program.rowSums[k].end)
        while term < end {
          let t = program.rowTerms[term]
          sum = sum.adding(
            n, Quad<L>.load(n, rows + Int(t.row) * rowStride), Quad<L>.load(n, bar + Int(t.factor) * p.adjointStride))
          term += 1
        }
        sum.store(n, out + k * width)
      }
      rows = UnsafePointer(out)
      rowStride = width
    }

    var (line, pair, term) = (0, 0, 0)
    for polynomial in 0..<list.count {
      var value = Quad<L>.zero
      let (linearEnd, pairEnd) = (
        Int(list.polynomials[polynomial].linearEnd), Int(list.polynomials[polynomial].pairEnd)
      )
      while line < linearEnd {
        let w = Quad<L>.load(n, rows + Int(linear[line].row) * rowStride)
        let slot = scratch + Int(linear[line].factor) * stride
        value = value.adding(n, w, Quad<L>.load(n, slot))
        if isGradient { Quad<L>.load(n, slot + width).plus(n, w).store(n, slot + width) }
        line += 1
      }
      while pair < pairEnd {
        let this = pairs[pair]
        let first = scratch + Int(this.first) * stride
        let second = scratch + Int(this.second) * stride
        let product = Quad<L>.load(n, first).times(n, Quad<L>.load(n, second))
        var sum = Quad<L>.load(n, rows + Int(this.row) * rowStride)
        let end = Int(this.end)
        while term < end {
          let w = Quad<L>.load(n, rows + Int(terms[term].row) * rowStride)
          let slot = scratch + Int(terms[term].factor) * stride
          sum = sum.adding(n, w, Quad<L>.load(n, slot))
          if isGradient { Quad<L>.load(n, slot + width).adding(n, w, product).store(n, slot + width) }
          term += 1
        }
        value = value.adding(n, product, sum)
        if isGradient {
          // Settled, so that the factors are loaded again rather than kept on the stack over the terms.
          sum.a = sum.a.settled
          // One after the other, since both may be the same.
          Quad<L>.load(n, first + width).adding(n, sum, Quad<L>.load(n, second)).store(n, first + width)
          Quad<L>.load(n, second + width).adding(n, sum, Quad<L>.load(n, first)).store(n, second + width)
        }
        pair += 1
      }
      if let values = p.values, !isGradient || p.adjoint == nil {
        value.store(n, values.assumingMemoryBound(to: S.self) + polynomial * p.valueStride + place)
      }
    }
    if isGradient, let gradient = p.gradient {
      let out = gradient.assumingMemoryBound(to: S.self) + place
      for i in 0..<inputCount {
        Quad<L>.load(n, scratch + i * stride + width).store(n, out + i * p.gradientStride)
      }
    }
  }

  // Blocks of channels outside, so that their rows of weights stay in the first-level cache.
  var channel = 0
  #if !TEKTITE_AVX512
    while channel + 4 * L.count <= channels {
      for atom in 0..<p.atoms { evaluate(4, atom, channel) }
      channel += 4 * L.count
    }
  #endif
  while channel + 2 * L.count <= channels {
    for atom in 0..<p.atoms { evaluate(2, atom, channel) }
    channel += 2 * L.count
  }
  if channel < channels {
    for atom in 0..<p.atoms { evaluate(1, atom, channel) }
  }
}

@inline(never) private func valuesOfFloats(_ p: borrowing CubicPass) { evaluate(WideFloats.self, isGradient: false, p) }
@inline(never) private func valuesOfDoubles(_ p: borrowing CubicPass) {
  evaluate(WideDoubles.self, isGradient: false, p)
}
@inline(never) private func gradientOfFloats(_ p: borrowing CubicPass) {
  evaluate(WideFloats.self, isGradient: true, p)
}
@inline(never) private func gradientOfDoubles(_ p: borrowing CubicPass) {
  evaluate(WideDoubles.self, isGradient: true, p)
}

/// Writes values, or the gradient where it is asked for, of all atoms of the pass.
public func evaluateCubics(isDouble: Bool, _ p: borrowing CubicPass) {
  if p.gradient == nil {
    isDouble ? valuesOfDoubles(p) : valuesOfFloats(p)
  } else {
    isDouble ? gradientOfDoubles(p) : gradientOfFloats(p)
  }
}
