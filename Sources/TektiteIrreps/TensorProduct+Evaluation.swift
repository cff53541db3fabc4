// The plan carried out term by term: slow, plain, and the measure of faster kernels.

extension TensorProduct {
  /// The output for one pair of inputs. Lengths: `first.dimension`, `second.dimension`, `weightCount`; the result `output.dimension`. Throws on a wrong length.
  public func evaluate(_ x: [Double], _ y: [Double], weights: [Double] = []) throws(IrrepsError) -> [Double] {
    try check(x, y, weights)
    var z = [Double](repeating: 0, count: output.dimension)
    let starts = (first.slices, second.slices, output.slices)
    for path in paths {
      let (i, n) = (path.instruction, sizes(path))
      forEachCopy(path) { u, v, w, weight in
        let factor = path.coefficient * (weight.map { weights[$0] } ?? 1)
        let xs = starts.0[i.first].lowerBound + u * n.0
        let ys = starts.1[i.second].lowerBound + v * n.1
        let zs = starts.2[i.output].lowerBound + w * n.2
        for e in path.coupling.elements { z[zs + e.i3] += factor * e.value * x[xs + e.i1] * y[ys + e.i2] }
      }
    }
    return z
  }

  /// Derivatives of Σ_k z_k ḡ_k for a given ḡ (the gradient with respect to the output): with respect to both inputs and the weights. Throws on a wrong length.
  public func gradients(
    _ x: [Double], _ y: [Double], weights: [Double] = [], output adjoint: [Double]
  ) throws(IrrepsError) -> (first: [Double], second: [Double], weights: [Double]) {
    try check(x, y, weights)
    guard adjoint.count == output.dimension else {
      throw IrrepsError("an adjoint of \(output) has \(output.dimension) components, this one \(adjoint.count)")
    }
    var (dx, dy) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: y.count))
    var dw = [Double](repeating: 0, count: weights.count)
    let starts = (first.slices, second.slices, output.slices)
    for path in paths {
      let (i, n) = (path.instruction, sizes(path))
      forEachCopy(path) { u, v, w, weight in
        let strength = weight.map { weights[$0] } ?? 1
        let xs = starts.0[i.first].lowerBound + u * n.0
        let ys = starts.1[i.second].lowerBound + v * n.1
        let zs = starts.2[i.output].lowerBound + w * n.2
        for e in path.coupling.elements {
          let g = path.coefficient * e.value * adjoint[zs + e.i3]
          dx[xs + e.i1] += strength * g * y[ys + e.i2]
          dy[ys + e.i2] += strength * g * x[xs + e.i1]
          if let weight { dw[weight] += g * x[xs + e.i1] * y[ys + e.i2] }
        }
      }
    }
    return (dx, dy, dw)
  }

  private func check(_ x: [Double], _ y: [Double], _ weights: [Double]) throws(IrrepsError) {
    guard x.count == first.dimension, y.count == second.dimension else {
      throw IrrepsError(
        "inputs of \(first) and \(second) have \(first.dimension) and \(second.dimension) components, these have \(x.count) and \(y.count)"
      )
    }
    guard output.dimension <= Irreps.largestVector else {
      throw IrrepsError("an output of \(output.dimension) components is too large")
    }
    guard weights.count == weightCount else {
      throw IrrepsError("the plan has \(weightCount) weights, \(weights.count) were given")
    }
  }

  private func sizes(_ path: Path) -> (Int, Int, Int) {
    (2 * path.coupling.l1 + 1, 2 * path.coupling.l2 + 1, 2 * path.coupling.l3 + 1)
  }

  /// Calls for each product of copies: copy of the first input, of the second, of the output, and the place of the weight.
  private func forEachCopy(_ path: Path, _ body: (Int, Int, Int, Int?) -> Void) {
    let i = path.instruction
    let (nu, nv) = (first[i.first].multiplicity, second[i.second].multiplicity)
    let nw = output[i.output].multiplicity
    func weight(_ k: Int) -> Int? { i.hasWeight ? path.weights.lowerBound + k : nil }
    switch i.mode {
    case .uvw:
      for u in 0..<nu { for v in 0..<nv { for w in 0..<nw { body(u, v, w, weight((u * nv + v) * nw + w)) } } }
    case .uvu:
      for u in 0..<nu { for v in 0..<nv { body(u, v, u, weight(u * nv + v)) } }
    case .uvv:
      for u in 0..<nu { for v in 0..<nv { body(u, v, v, weight(u * nv + v)) } }
    case .uuw:
      for u in 0..<nu { for w in 0..<nw { body(u, u, w, weight(u * nw + w)) } }
    case .uuu:
      for u in 0..<nu { body(u, u, u, weight(u)) }
    case .uvuv:
      for u in 0..<nu { for v in 0..<nv { body(u, v, u * nv + v, weight(u * nv + v)) } }
    case .uvuLessV, .uLessVW:
      var pair = 0
      for u in 0..<nu {
        for v in 0..<nv where v > u {
          if i.mode == .uvuLessV {
            body(u, v, pair, weight(pair))
          } else {
            for w in 0..<nw { body(u, v, w, weight(pair * nw + w)) }
          }
          pair += 1
        }
      }
    }
  }
}
