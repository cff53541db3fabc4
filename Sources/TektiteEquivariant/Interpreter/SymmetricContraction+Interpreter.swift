import TektiteIrreps

extension Interpreter {
  /// Where component k of A, counted through all blocks for one channel, lies: place of channel 0, and distance to the next channel.
  private func places(_ irreps: Irreps) -> [(first: Int, step: Int)] {
    zip(irreps, irreps.slices).flatMap { block, slice in
      (0..<block.irrep.dimension).map { (slice.lowerBound + $0, block.irrep.dimension) }
    }
  }

  func forward(_ step: SymmetricContraction, _ work: inout Workspace) {
    let (input, output) = (program.buffers[step.input].irreps, program.buffers[step.output].irreps)
    let (n, m, channels) = (input.dimension, output.dimension, input.first?.multiplicity ?? 0)
    let components = places(input)
    let starts = output.slices.map(\.lowerBound)
    let x = work.features[step.input]
    var z = work.features[step.output]
    for term in step.terms {
      let dimension = output[term.outputBlock].irrep.dimension
      for (p, elements) in term.basis.paths.enumerated() {
        for element in elements {
          let factors = term.basis.indices(of: element).map { components[$0] }
          for (i, species) in work.species.enumerated() {
            let weights = term.weights[term.weights.count == 1 ? 0 : species]
            for c in 0..<channels {
              var product = element.value * weights[p * channels + c]
              for f in factors { product *= x[i * n + f.first + c * f.step] }
              z[i * m + starts[term.outputBlock] + c * dimension + element.component] += product
            }
          }
        }
      }
    }
    work.features[step.output] = z
  }

  func adjoint(_ step: SymmetricContraction, _ work: inout Workspace) {
    let (input, output) = (program.buffers[step.input].irreps, program.buffers[step.output].irreps)
    let (n, m, channels) = (input.dimension, output.dimension, input.first?.multiplicity ?? 0)
    let components = places(input)
    let starts = output.slices.map(\.lowerBound)
    let (x, dz) = (work.features[step.input], work.adjoints[step.output])
    var dx = work.adjoints[step.input]
    for term in step.terms {
      let dimension = output[term.outputBlock].irrep.dimension
      for (p, elements) in term.basis.paths.enumerated() {
        for element in elements {
          let factors = term.basis.indices(of: element).map { components[$0] }
          for (i, species) in work.species.enumerated() {
            let weights = term.weights[term.weights.count == 1 ? 0 : species]
            for c in 0..<channels {
              let scale =
                element.value * weights[p * channels + c]
                * dz[i * m + starts[term.outputBlock] + c * dimension + element.component]
              // One factor left out at a time.
              for (a, left) in factors.enumerated() {
                var product = scale
                for (b, f) in factors.enumerated() where a != b { product *= x[i * n + f.first + c * f.step] }
                dx[i * n + left.first + c * left.step] += product
              }
            }
          }
        }
      }
    }
    work.adjoints[step.input] = dx
  }
}
