extension NetworkExecutor {
  /// A segment of a tile: features of its atoms from those of their neighbours.
  func forward(_ segment: Int, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) {
    if segment > 0 { writeConstants(of: segment, tile, scratch) }
    for k in schedule.segments[segment] {
      switch steps[k] {
      case .constant(let rows): write(rows, tile, scratch)
      case .convolve(let tables): convolve(tables, k, tile, scratch)
      case .linear(let weights): multiply(weights, tile, scratch)
      case .contract(let weights): contract(weights, tile, scratch)
      case .gate(let gate): self.gate(gate, tile, scratch)
      case .add(let inputs, let output):
        for (n, input) in inputs.enumerated() {
          copy(value(input, tile, scratch), to: value(output, tile, scratch), layouts[output], adds: n > 0)
        }
      case .readout(let buffer):
        let (base, _, atom) = value(buffer, tile, scratch).block(layouts[buffer].blocks[0])
        let energies = readouts.numbers(Double.self) + tile.first
        for a in 0..<tile.count { energies[a] += Double(base[a * atom]) }
      }
    }
  }

  /// The same back: adjoints of what its atoms got from neighbours, and forces.
  func backward(_ segment: Int, _ tile: TiledGraph<S>.Tile, _ chunk: Int, _ scratch: ThreadScratch<S>) {
    let last = schedule.segments.count - 1
    if segment < last, schedule.isConstant.contains(true) { writeConstants(of: segment, tile, scratch) }
    func adjoint(_ buffer: Int) -> FeatureView<S> { self.adjoint(buffer, segment, tile, chunk, scratch) }
    for k in schedule.segments[segment].reversed() {
      if let output = plan.steps[k].output, !schedule.isConstant[output] {
        for block in schedule.unread[k] { clear(adjoint(output), layouts[output].blocks[block]) }
      }
      let adds = schedule.accumulates[k]
      switch steps[k] {
      case .constant: break
      case .convolve(let tables): convolveAdjoint(tables, k, segment, tile, chunk, scratch)
      case .linear(let weights):
        guard !schedule.isConstant[weights.input] else { break }
        multiplyAdjoint(weights, tile, adjoint(weights.output), adjoint(weights.input), adds: adds[0])
      case .contract(let weights):
        guard !schedule.isConstant[weights.input] else { break }
        contractAdjoint(
          weights, tile, adjoint(weights.output), adjoint(weights.input), adds: adds[0].contains(true), scratch)
      case .gate(let gate):
        guard !schedule.isConstant[gate.input] else { break }
        let (given, found) = (adjoint(gate.output), adjoint(gate.input))
        for (block, isWritten) in adds[0].enumerated() where !isWritten {
          clear(found, layouts[gate.input].blocks[block])
        }
        gateAdjoint(gate, value(gate.input, tile, scratch), given, found, tile, scratch)
      case .add(let inputs, let output):
        for (n, input) in inputs.enumerated() where !schedule.isConstant[input] {
          // A buffer that is added twice gets its adjoint twice.
          let isLater = inputs[..<n].contains(input)
          copy(adjoint(output), to: adjoint(input), layouts[output], adds: isLater || adds[n].contains(true))
        }
      case .readout(let buffer):
        guard !schedule.isConstant[buffer] else { break }
        let block = layouts[buffer].blocks[0]
        let (base, _, atom) = adjoint(buffer).block(block)
        let scale = S(plan.scale[tile.species])
        for a in 0..<tile.count {
          if adds[0][0] {
            base[a * atom] += scale
          } else {
            (base + a * atom).update(repeating: 0, count: block.width)
            base[a * atom] = scale
          }
        }
      }
    }
  }

  /// Constants of other segments that this one reads.
  private func writeConstants(of segment: Int, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) {
    for k in 0..<schedule.segments[segment].lowerBound {
      if case .constant(let rows) = steps[k] { write(rows, tile, scratch) }
    }
  }

  private func write(_ rows: ConstantRows<S>, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) {
    let layout = layouts[rows.output]
    let view = value(rows.output, tile, scratch)
    let own = rows.rows.base + tile.species * layout.size
    for block in layout.blocks {
      let (base, row, atom) = view.block(block)
      for m in 0..<block.rows {
        for a in 0..<tile.count {
          (base + m * row + a * atom).update(from: own + block.offset + m * block.width, count: block.width)
        }
      }
    }
  }

  func clear(_ view: FeatureView<S>, _ block: FeatureLayout.Block) {
    let (base, row, atom) = view.block(block)
    for m in 0..<block.rows {
      for a in 0..<view.count { (base + m * row + a * atom).update(repeating: 0, count: block.width) }
    }
  }

  private func copy(_ from: FeatureView<S>, to: FeatureView<S>, _ layout: FeatureLayout, adds: Bool) {
    for block in layout.blocks {
      let (x, z) = (from.block(block), to.block(block))
      for m in 0..<block.rows {
        for a in 0..<from.count {
          let (source, target) = (x.base + m * x.row + a * x.atom, z.base + m * z.row + a * z.atom)
          if adds {
            for c in 0..<block.width { target[c] += source[c] }
          } else {
            target.update(from: source, count: block.width)
          }
        }
      }
    }
  }

  // MARK: Linear maps

  /// C (+)= A·B for the rows of two blocks.
  private func product(
    _ a: FeatureView<S>, _ from: FeatureLayout.Block, _ matrix: AlignedNumbers<S>, _ stride: Int,
    _ c: FeatureView<S>, _ to: FeatureLayout.Block, adds: Bool
  ) {
    let (x, z) = (a.block(from), c.block(to))
    // Rows of a block are one matrix where its atoms follow each other.
    let isWhole = from.rows == 1 || (x.row == a.count * x.atom && z.row == c.count * z.atom)
    let count = isWhole ? from.rows * a.count : a.count
    for m in 0..<(isWhole ? 1 : from.rows) {
      kernels.multiply(
        MatrixProduct(
          a: x.base + m * x.row, b: matrix.base, c: z.base + m * z.row, rows: count, depth: from.channels,
          columns: to.width, strideA: x.atom, strideB: stride, strideC: z.atom, accumulates: adds))
    }
  }

  private func multiply(_ weights: LinearWeights<S>, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) {
    let (x, z) = (value(weights.input, tile, scratch), value(weights.output, tile, scratch))
    let (from, to) = (layouts[weights.input].blocks, layouts[weights.output].blocks)
    for path in weights.paths {
      let matrix = path.forward[path.forward.count == 1 ? 0 : tile.species]
      product(
        x, from[path.inputBlock], matrix, path.forwardStride, z, to[path.outputBlock], adds: path.isLater)
    }
    for block in weights.empty { clear(z, to[block]) }
    for (block, bias) in zip(to, weights.biases) {
      guard let bias else { continue }
      let (base, _, atom) = z.block(block)
      for a in 0..<tile.count { for c in 0..<bias.count { base[a * atom + c] += bias.base[c] } }
    }
  }

  private func multiplyAdjoint(
    _ weights: LinearWeights<S>, _ tile: TiledGraph<S>.Tile, _ given: FeatureView<S>, _ found: FeatureView<S>,
    adds: [Bool]
  ) {
    let (from, to) = (layouts[weights.input].blocks, layouts[weights.output].blocks)
    for (k, path) in weights.paths.enumerated() {
      let matrix = path.backward[path.backward.count == 1 ? 0 : tile.species]
      let isLater = weights.paths[..<k].contains { $0.inputBlock == path.inputBlock }
      product(
        given, to[path.outputBlock], matrix, path.backwardStride, found, from[path.inputBlock],
        adds: isLater || adds[path.inputBlock])
    }
  }

  // MARK: Contractions

  private func contract(_ weights: ContractionWeights<S>, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) {
    let (x, z) = (value(weights.input, tile, scratch), value(weights.output, tile, scratch))
    let set = weights.weights[weights.weights.count == 1 ? 0 : tile.species].base
    let stride = tile.count * weights.width
    if weights.hasGaps { for block in layouts[weights.output].blocks { clear(z, block) } }
    if let cubic = weights.cubic {
      // The gradient takes the place of the components, which nobody needs any more.
      kernels.evaluate(
        CubicPass(
          program: cubic.program, atoms: tile.count, channels: weights.width, input: x.base, inputStride: stride,
          weights: set, values: z.base, valueStride: stride, gradient: weights.isScalar ? x.base : nil,
          gradientStride: stride, scratch: scratch.polynomials.base))
      return
    }
    var pass = PolynomialPass(
      program: weights.isScalar ? weights.gradients.program : weights.values.program, atoms: tile.count,
      channels: weights.width, input: x.base, inputStride: stride, weights: set, output: z.base, outputStride: stride,
      values: nil, scratch: scratch.polynomials.base)
    if weights.isScalar {
      (pass.output, pass.values) = (UnsafeMutableRawPointer(x.base), UnsafeMutableRawPointer(z.base))
    }
    kernels.evaluate(pass)
  }

  private func contractAdjoint(
    _ weights: ContractionWeights<S>, _ tile: TiledGraph<S>.Tile, _ given: FeatureView<S>, _ found: FeatureView<S>,
    adds: Bool, _ scratch: ThreadScratch<S>
  ) {
    let x = value(weights.input, tile, scratch)
    let stride = tile.count * weights.width
    if weights.isScalar {
      for row in 0..<weights.inputRows {
        let (gradient, target) = (x.base + row * stride, found.base + row * stride)
        if adds {
          for k in 0..<stride { target[k] += gradient[k] * given.base[k] }
        } else {
          for k in 0..<stride { target[k] = gradient[k] * given.base[k] }
        }
      }
      return
    }
    let set = weights.weights[weights.weights.count == 1 ? 0 : tile.species].base
    let width = weights.width
    let target = adds ? scratch.sums.numbers(S.self) : found.base
    defer { if adds { for k in 0..<(weights.inputRows * stride) { found.base[k] += target[k] } } }
    if let cubic = weights.cubic {
      kernels.evaluate(
        CubicPass(
          program: cubic.program, atoms: tile.count, channels: width, input: x.base, inputStride: stride,
          weights: set, gradient: target, gradientStride: stride, adjoint: given.base, adjointStride: stride,
          scratch: scratch.polynomials.base))
      return
    }
    // Weights of each atom times the adjoint of each component.
    let rows = weights.outputRows * weights.pathCount
    let products = scratch.weights.numbers(S.self)
    for a in 0..<tile.count {
      for component in 0..<weights.outputRows {
        let factor = given.base + component * stride + a * width
        for p in 0..<weights.pathCount {
          let (w, out) = (set + p * width, products + (a * rows + component * weights.pathCount + p) * width)
          for c in 0..<width { out[c] = w[c] * factor[c] }
        }
      }
    }
    kernels.evaluate(
      PolynomialPass(
        program: weights.gradients.program, atoms: tile.count, channels: width, input: x.base, inputStride: stride,
        weights: products, weightAtomStride: rows * width, output: target, outputStride: stride, values: nil,
        scratch: scratch.polynomials.base))
  }
}
