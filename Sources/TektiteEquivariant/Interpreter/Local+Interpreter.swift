import TektiteIrreps

// Steps that see one atom at a time.
extension Interpreter {
  // MARK: Linear maps

  /// Calls with (input component, output component, weight) for each pair that a weight joins.
  private func forEachWeight(_ step: LinearMap, species: Int, _ body: (Int, Int, Double) -> Void) {
    let weights = step.weights[step.weights.count == 1 ? 0 : species]
    let (from, to) = (step.plan.input.slices, step.plan.output.slices)
    for path in step.plan.paths {
      let (a, b) = (step.plan.input[path.instruction.input], step.plan.output[path.instruction.output])
      let n = a.irrep.dimension
      for u in 0..<a.multiplicity {
        for w in 0..<b.multiplicity {
          let weight = path.coefficient * weights[path.weights.lowerBound + u * b.multiplicity + w]
          for k in 0..<n {
            body(
              from[path.instruction.input].lowerBound + u * n + k, to[path.instruction.output].lowerBound + w * n + k,
              weight)
          }
        }
      }
    }
  }

  func forward(_ step: LinearMap, _ work: inout Workspace) {
    let (n, m) = (step.plan.input.dimension, step.plan.output.dimension)
    let x = work.features[step.input]
    var z = work.features[step.output]
    for (i, species) in work.species.enumerated() {
      for (range, slice) in zip(step.plan.biases, step.plan.output.slices) where !range.isEmpty {
        for k in 0..<range.count { z[i * m + slice.lowerBound + k] = step.biases[range.lowerBound + k] }
      }
      forEachWeight(step, species: species) { from, to, weight in z[i * m + to] += weight * x[i * n + from] }
    }
    work.features[step.output] = z
  }

  func adjoint(_ step: LinearMap, _ work: inout Workspace) {
    let (n, m) = (step.plan.input.dimension, step.plan.output.dimension)
    let dz = work.adjoints[step.output]
    var dx = work.adjoints[step.input]
    for (i, species) in work.species.enumerated() {
      forEachWeight(step, species: species) { from, to, weight in dx[i * n + from] += weight * dz[i * m + to] }
    }
    work.adjoints[step.input] = dx
  }

  // MARK: Gates

  func forward(_ gate: GateLayer, _ input: BufferIndex, _ output: BufferIndex, _ work: inout Workspace) {
    let (n, m) = (program.buffers[input].irreps.dimension, gate.outputDimension)
    let x = work.features[input]
    for i in work.species.indices {
      var at = i * m
      for group in gate.scalars {
        for k in group.input {
          work.features[output][at] = group.function?.value(x[i * n + k]) ?? x[i * n + k]
          at += 1
        }
      }
      for group in gate.gated {
        for u in 0..<group.copies {
          let t = x[i * n + group.firstGate + u]
          let factor = group.function?.value(t) ?? t
          for k in 0..<group.dimension {
            work.features[output][at] = factor * x[i * n + group.start + u * group.dimension + k]
            at += 1
          }
        }
      }
    }
  }

  func adjoint(_ gate: GateLayer, _ input: BufferIndex, _ output: BufferIndex, _ work: inout Workspace) {
    let (n, m) = (program.buffers[input].irreps.dimension, gate.outputDimension)
    let (x, dz) = (work.features[input], work.adjoints[output])
    for i in work.species.indices {
      var at = i * m
      for group in gate.scalars {
        for k in group.input {
          work.adjoints[input][i * n + k] += (group.function?.derivative(x[i * n + k]) ?? 1) * dz[at]
          at += 1
        }
      }
      for group in gate.gated {
        for u in 0..<group.copies {
          let place = i * n + group.firstGate + u
          let factor = group.function?.value(x[place]) ?? x[place]
          let slope = group.function?.derivative(x[place]) ?? 1
          for k in 0..<group.dimension {
            let from = i * n + group.start + u * group.dimension + k
            work.adjoints[input][from] += factor * dz[at]
            work.adjoints[input][place] += slope * x[from] * dz[at]
            at += 1
          }
        }
      }
    }
  }
}
