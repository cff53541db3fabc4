import TektiteLayouts

/// Evaluates a table of polynomials for up to four vectors of channels at a time: products of components first, then sums of them with constant coefficients,
/// each sum times a weight by channel.
@inline(__always)
private func contract<L: PairLanes>(_ lanes: L.Type, _ p: borrowing PolynomialPass) {
  typealias S = L.Scalar
  let program = p.program
  let (inputCount, productCount, sumCount) = (program.inputCount, program.productCount, program.sumCount)
  let (products, sums, terms) = (program.products, program.sums, program.terms)
  let slots = p.scratch.assumingMemoryBound(to: S.self)
  let (channels, inputStride, outputStride) = (p.channels, p.inputStride, p.outputStride)

  @inline(__always) func evaluate(_ vectors: Int, _ atom: Int, _ channel: Int) {
    let width = vectors * L.count
    let place = atom * channels + channel
    let input = p.input.assumingMemoryBound(to: S.self) + place
    let weights = p.weights.assumingMemoryBound(to: S.self) + atom * p.weightAtomStride + channel
    let output = p.output.assumingMemoryBound(to: S.self) + place
    @inline(__always) func each(_ body: (Int) -> Void) {
      body(0)
      if vectors > 1 { body(L.count) }
      if vectors > 2 { body(2 * L.count) }
      if vectors > 2 { body(3 * L.count) }
    }
    each { L.constant(1).store(slots + $0) }
    for k in 0..<inputCount { each { L.load(input + k * inputStride + $0).store(slots + (k + 1) * width + $0) } }
    var next = slots + (inputCount + 1) * width
    for k in 0..<productCount {
      let a = slots + Int(products[k].first) * width
      let b = slots + Int(products[k].second) * width
      each { (L.load(a + $0) * L.load(b + $0)).store(next + $0) }
      next += width
    }
    var v0 = L.zero, v1 = L.zero, v2 = L.zero, v3 = L.zero
    var o0 = L.zero, o1 = L.zero, o2 = L.zero, o3 = L.zero
    var term = 0
    var target = -1
    for k in 0..<sumCount {
      let sum = sums[k]
      var t0 = L.zero, t1 = L.zero, t2 = L.zero, t3 = L.zero
      let end = Int(sum.end)
      while term < end {
        let slot = slots + Int(terms[term].slot) * width
        let c = L.constant(L.either(terms[term].value, terms[term].single))
        t0 = L.fma(c, L.load(slot), t0)
        if vectors > 1 { t1 = L.fma(c, L.load(slot + L.count), t1) }
        if vectors > 2 { t2 = L.fma(c, L.load(slot + 2 * L.count), t2) }
        if vectors > 2 { t3 = L.fma(c, L.load(slot + 3 * L.count), t3) }
        term += 1
      }
      let w = weights + Int(sum.weight) * channels
      t0 = t0 * L.load(w)
      if vectors > 1 { t1 = t1 * L.load(w + L.count) }
      if vectors > 2 { t2 = t2 * L.load(w + 2 * L.count) }
      if vectors > 2 { t3 = t3 * L.load(w + 3 * L.count) }
      let goal = Int(sum.target)
      if goal != target {
        (o0, o1, o2, o3) = (t0, t1, t2, t3)
        target = goal
      } else {
        o0 = o0 + t0
        if vectors > 1 { o1 = o1 + t1 }
        if vectors > 2 { o2 = o2 + t2 }
        if vectors > 2 { o3 = o3 + t3 }
      }
      // Written each time, which costs less than a look at the next sum.
      let row = output + goal * outputStride
      o0.store(row)
      if vectors > 1 { o1.store(row + L.count) }
      if vectors > 2 { o2.store(row + 2 * L.count) }
      if vectors > 2 { o3.store(row + 3 * L.count) }
      if sum.share != 0 {
        let share = L.constant(L.either(sum.share, sum.singleShare))
        let factor = slots + Int(sum.factor) * width
        v0 = L.fma(share * t0, L.load(factor), v0)
        if vectors > 1 { v1 = L.fma(share * t1, L.load(factor + L.count), v1) }
        if vectors > 2 { v2 = L.fma(share * t2, L.load(factor + 2 * L.count), v2) }
        if vectors > 2 { v3 = L.fma(share * t3, L.load(factor + 3 * L.count), v3) }
      }
    }
    if let values = p.values {
      let row = values.assumingMemoryBound(to: S.self) + place
      v0.store(row)
      if vectors > 1 { v1.store(row + L.count) }
      if vectors > 2 { v2.store(row + 2 * L.count) }
      if vectors > 2 { v3.store(row + 3 * L.count) }
    }
  }

  for atom in 0..<p.atoms {
    var channel = 0
    #if !TEKTITE_AVX512
      // Sums need registers of their own only, so four vectors fit, and share each coefficient.
      while channel + 4 * L.count <= channels {
        evaluate(4, atom, channel)
        channel += 4 * L.count
      }
    #endif
    while channel + 2 * L.count <= channels {
      evaluate(2, atom, channel)
      channel += 2 * L.count
    }
    if channel < channels { evaluate(1, atom, channel) }
  }
}

@inline(never) private func contractFloats(_ p: borrowing PolynomialPass) { contract(WideFloats.self, p) }
@inline(never) private func contractDoubles(_ p: borrowing PolynomialPass) { contract(WideDoubles.self, p) }

/// Writes outputs and values of all atoms of the pass.
public func evaluatePolynomials(isDouble: Bool, _ p: borrowing PolynomialPass) {
  isDouble ? contractDoubles(p) : contractFloats(p)
}
