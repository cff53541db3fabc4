import TektiteCore
import TektiteIrreps

extension Interpreter {
  private func harmonics(_ step: Convolution, _ edge: Edge) -> (values: [Double], gradients: [Double]) {
    let v = step.direction == .towardsCenter ? -edge.vector : edge.vector
    guard let plan = plans[step.largestDegree] else { return ([], []) }
    return plan.valuesAndGradients(v.x, v.y, v.z)
  }

  func forward(_ step: Convolution, _ index: Int, _ work: inout Workspace) {
    let (input, output) = (program.buffers[step.input].irreps, program.buffers[step.output].irreps)
    let (n, m) = (input.dimension, output.dimension)
    let (from, to) = (input.slices, output.slices)
    var z = work.features[step.output]
    let h = work.features[step.input]
    for (e, edge) in work.edges.enumerated() {
      let (zi, zj) = (work.species[edge.center], work.species[edge.neighbor])
      let radial = step.radial.evaluate(work.lengths[e], center: zi, neighbor: zj).values
      let y = harmonics(step, edge).values
      for path in step.paths {
        let (block, out) = (input[path.inputBlock], output[path.outputBlock])
        let firstHarmonic = path.degree * path.degree
        for u in 0..<block.multiplicity {
          let weight = path.coefficient * radial[path.firstWeight + u]
          let x = edge.neighbor * n + from[path.inputBlock].lowerBound + u * block.irrep.dimension
          let a = edge.center * m + to[path.outputBlock].lowerBound + u * out.irrep.dimension
          for c in path.coupling { z[a + c.output] += weight * c.value * h[x + c.first] * y[firstHarmonic + c.second] }
        }
      }
    }
    var denominators = [Double](repeating: 0, count: work.species.count)
    switch step.normalization {
    case .constant(let number): denominators = denominators.map { _ in number }
    case .density(let density, let alpha, let beta):
      for (e, edge) in work.edges.enumerated() {
        let (zi, zj) = (work.species[edge.center], work.species[edge.neighbor])
        denominators[edge.center] += density.evaluate(work.lengths[e], center: zi, neighbor: zj).values[0]
      }
      denominators = denominators.map { alpha + beta * $0 }
    }
    for k in z.indices { z[k] /= denominators[k / m] }
    work.denominators[index] = denominators
    work.features[step.output] = z
  }

  func adjoint(_ step: Convolution, _ index: Int, _ work: inout Workspace) {
    let (input, output) = (program.buffers[step.input].irreps, program.buffers[step.output].irreps)
    let (n, m) = (input.dimension, output.dimension)
    let (from, to) = (input.slices, output.slices)
    let denominators = work.denominators[index] ?? []
    let (h, z, dz) = (work.features[step.input], work.features[step.output], work.adjoints[step.output])
    // Of the sum before it is divided, and of the density: z = a/n gives ā = z̄/n and n̄ = −z̄·z/n.
    var da = dz
    for k in da.indices { da[k] /= denominators[k / m] }
    var dh = work.adjoints[step.input]
    for (e, edge) in work.edges.enumerated() {
      let (zi, zj) = (work.species[edge.center], work.species[edge.neighbor])
      let r = work.lengths[e]
      let (radial, slopes) = step.radial.evaluate(r, center: zi, neighbor: zj)
      let (y, gradients) = harmonics(step, edge)
      var dy = [Double](repeating: 0, count: y.count)
      var dr = 0.0
      for path in step.paths {
        let (block, out) = (input[path.inputBlock], output[path.outputBlock])
        let firstHarmonic = path.degree * path.degree
        for u in 0..<block.multiplicity {
          let weight = path.coefficient * radial[path.firstWeight + u]
          let x = edge.neighbor * n + from[path.inputBlock].lowerBound + u * block.irrep.dimension
          let a = edge.center * m + to[path.outputBlock].lowerBound + u * out.irrep.dimension
          var sum = 0.0
          for c in path.coupling {
            let g = c.value * da[a + c.output]
            dh[x + c.first] += weight * g * y[firstHarmonic + c.second]
            dy[firstHarmonic + c.second] += weight * g * h[x + c.first]
            sum += g * h[x + c.first] * y[firstHarmonic + c.second]
          }
          dr += path.coefficient * slopes[path.firstWeight + u] * sum
        }
      }
      if case .density(let density, _, let beta) = step.normalization {
        var inner = 0.0
        for k in (edge.center * m)..<((edge.center + 1) * m) { inner += dz[k] * z[k] }
        let slope = density.evaluate(r, center: zi, neighbor: zj).derivatives[0]
        dr -= beta * inner / denominators[edge.center] * slope
      }
      var gradient = Vector3.zero
      for (k, value) in dy.enumerated() {
        gradient += value * Vector3(gradients[3 * k], gradients[3 * k + 1], gradients[3 * k + 2])
      }
      if step.direction == .towardsCenter { gradient = -gradient }
      work.gradients[e] += gradient + (dr / r) * edge.vector
    }
    work.adjoints[step.input] = dh
  }
}
