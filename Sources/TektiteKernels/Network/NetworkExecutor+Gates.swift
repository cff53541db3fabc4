// Functions of scalars, and copies that are multiplied by them.
extension NetworkExecutor {
  /// f and f′ of channels that follow each other; the identity where there is no function.
  private func evaluate(
    _ function: NetworkPlan.Gate.Function?, _ x: UnsafePointer<S>, _ values: UnsafeMutablePointer<S>?,
    _ slopes: UnsafeMutablePointer<S>?, count: Int
  ) {
    guard let function else {
      values?.update(from: x, count: count)
      slopes?.update(repeating: 1, count: count)
      return
    }
    if let known = function.known {
      kernels.activate(
        ActivationPass(
          known, factor: function.factor, input: x, values: values.map { UnsafeMutableRawPointer($0) },
          slopes: slopes.map { UnsafeMutableRawPointer($0) }, count: count))
      return
    }
    for k in 0..<count {
      let y = function.evaluate(Double(x[k]))
      values?[k] = S(y.value)
      slopes?[k] = S(y.derivative)
    }
  }

  func gate(_ step: NetworkPlan.Gate, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) {
    let (x, z) = (value(step.input, tile, scratch), value(step.output, tile, scratch))
    let (from, to) = (layouts[step.input].blocks, layouts[step.output].blocks)
    for block in to where block.channels < block.width { clear(z, block) }
    for run in step.runs {
      let block = from[run.input.block]
      let (a, b) = (x.block(block), z.block(to[run.output.block]))
      let factors = scratch.gates.numbers(S.self, 2 * run.count)
      for atom in 0..<tile.count {
        let source = a.base + atom * a.atom + run.input.channel
        let target = b.base + atom * b.atom + run.output.channel
        guard let place = run.gate else {
          evaluate(run.function, source, target, nil, count: run.count)
          continue
        }
        let g = x.block(from[place.block])
        evaluate(run.function, g.base + atom * g.atom + place.channel, factors, nil, count: run.count)
        for m in 0..<block.rows {
          let (row, out) = (source + m * a.row, target + m * b.row)
          for k in 0..<run.count { out[k] = factors[k] * row[k] }
        }
      }
    }
  }

  func gateAdjoint(
    _ step: NetworkPlan.Gate, _ x: FeatureView<S>, _ given: FeatureView<S>, _ found: FeatureView<S>,
    _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>
  ) {
    let (from, to) = (layouts[step.input].blocks, layouts[step.output].blocks)
    for run in step.runs {
      let block = from[run.input.block]
      let (a, b) = (x.block(block), given.block(to[run.output.block]))
      let into = found.block(block)
      let factors = scratch.gates.numbers(S.self, 2 * run.count)
      let slopes = factors + run.count
      for atom in 0..<tile.count {
        let source = a.base + atom * a.atom + run.input.channel
        let adjoint = b.base + atom * b.atom + run.output.channel
        let target = into.base + atom * into.atom + run.input.channel
        guard let place = run.gate else {
          evaluate(run.function, source, nil, slopes, count: run.count)
          for k in 0..<run.count { target[k] += adjoint[k] * slopes[k] }
          continue
        }
        let g = x.block(from[place.block])
        evaluate(run.function, g.base + atom * g.atom + place.channel, factors, slopes, count: run.count)
        let gates = found.block(from[place.block])
        let gate = gates.base + atom * gates.atom + place.channel
        for m in 0..<block.rows {
          let (row, change, out) = (source + m * a.row, adjoint + m * b.row, target + m * into.row)
          for k in 0..<run.count {
            out[k] += factors[k] * change[k]
            gate[k] += slopes[k] * row[k] * change[k]
          }
        }
      }
    }
  }
}
