import TektiteLayouts

/// Evaluates a table of polynomials for two vectors of channels at a time: products of components first, then sums of them with constant coefficients,
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
    var value0 = L.zero, value1 = L.zero
    var out0 = L.zero, out1 = L.zero
    var term = 0
    var target = -1
    for k in 0..<sumCount {
      let sum = sums[k]
      var t0 = L.zero, t1 = L.zero
      let end = Int(sum.end)
      while term < end {
        let slot = slots + Int(terms[term].slot) * width
        let c = L.constant(S(terms[term].value))
        t0 = L.fma(c, L.load(slot), t0)
        if vectors > 1 { t1 = L.fma(c, L.load(slot + L.count), t1) }
        term += 1
      }
      let w = weights + Int(sum.weight) * channels
      t0 = t0 * L.load(w)
      if vectors > 1 { t1 = t1 * L.load(w + L.count) }
      let goal = Int(sum.target)
      if goal != target {
        (out0, out1) = (t0, t1)
        target = goal
      } else {
        out0 = out0 + t0
        if vectors > 1 { out1 = out1 + t1 }
      }
      // Written each time, which costs less than a look at the next sum.
      let row = output + goal * outputStride
      out0.store(row)
      if vectors > 1 { out1.store(row + L.count) }
      if sum.share != 0 {
        let share = L.constant(S(sum.share))
        let factor = slots + Int(sum.factor) * width
        value0 = L.fma(share * t0, L.load(factor), value0)
        if vectors > 1 { value1 = L.fma(share * t1, L.load(factor + L.count), value1) }
      }
    }
    if let values = p.values {
      let row = values.assumingMemoryBound(to: S.self) + place
      value0.store(row)
      if vectors > 1 { value1.store(row + L.count) }
    }
  }

  for atom in 0..<p.atoms {
    var channel = 0
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
