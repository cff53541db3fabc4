extension NetworkExecutor {
  /// The receivers of a tile whose edges are worked on together, and how many edges there are.
  private struct Batch {
    var first: Int, count: Int, edgeCount: Int
  }

  /// Calls `body` with batches of receivers, of at most so many edges unless a single receiver has more.
  private func forEachBatch(_ tables: ConvolutionTables<S>, _ tile: TiledGraph<S>.Tile, _ body: (Batch) -> Void) {
    let width = graph.speciesCount + 1
    let starts = graph.starts.numbers(Int32.self) + tile.first * width
    func edges(_ a: Int) -> Int { Int(starts[(a + 1) * width - 1] - starts[a * width]) }
    var first = 0
    while first < tile.count {
      var batch = Batch(first: first, count: 1, edgeCount: edges(first))
      while first + batch.count < tile.count, batch.edgeCount + edges(first + batch.count) <= tables.batchEdges {
        batch.edgeCount += edges(first + batch.count)
        batch.count += 1
      }
      body(batch)
      first += batch.count
    }
  }

  /// Fills rows with displacements, and lists senders and where each receiver (and species) begins.
  /// - Returns: the smallest squared length.
  private func fill(
    _ tables: ConvolutionTables<S>, _ tile: TiledGraph<S>.Tile, _ batch: Batch, _ scratch: ThreadScratch<S>
  ) -> S {
    let lanes = S.lanes
    let width = graph.speciesCount + 1
    let kinds = graph.species.numbers(Int32.self)
    let chunks = (batch.edgeCount + lanes - 1) / lanes
    let stride = tables.rowCount * lanes
    let rows = scratch.rows.numbers(S.self, max(1, chunks) * stride)
    let senders = scratch.senders.numbers(Int32.self, max(1, chunks) * lanes)
    let targets = scratch.targets.numbers(Int32.self, max(1, chunks) * lanes)
    let starts = scratch.starts.numbers(Int32.self)
    let from = graph.starts.numbers(Int32.self) + (tile.first + batch.first) * width
    let (x, y, z) = (graph.x.numbers(S.self), graph.y.numbers(S.self), graph.z.numbers(S.self))
    let (all, lists) = (graph.senders.numbers(Int32.self), graph.targets.numbers(Int32.self))
    let sign: S = tables.step.pointsToReceiver ? -1 : 1
    var shortest = S.infinity
    var edge = 0
    var start = 0
    starts[0] = 0
    for a in 0..<batch.count {
      let own = from + a * width
      let (lower, upper) = (Int(own[0]), Int(own[width - 1]))
      for e in lower..<upper {
        let row = rows + (edge / lanes) * stride + edge % lanes
        let (dx, dy, dz) = (x[e], y[e], z[e])
        row[0] = sign * dx
        row[lanes] = sign * dy
        row[2 * lanes] = sign * dz
        shortest = min(shortest, dx * dx + dy * dy + dz * dz)
        senders[edge] = all[e]
        targets[edge] = lists[e]
        edge += 1
      }
      if tables.splitsSpecies {
        for s in 1..<width {
          start += 1
          starts[start] = Int32(edge - (upper - Int(own[s])))
        }
      } else {
        start += 1
        starts[start] = Int32(edge)
      }
    }
    // Lanes that stand for no edge are beyond the cutoff.
    for k in edge..<max(edge, chunks * lanes) {
      let row = rows + (k / lanes) * stride + k % lanes
      row[0] = S(2 * plan.cutoff)
      row[lanes] = 0
      row[2 * lanes] = 0
    }
    switch tables.step.senders {
    case .atoms: break
    case .species:
      for e in 0..<edge {
        senders[e] = kinds[Int(senders[e])]
        targets[e] = senders[e]
      }
    case .functions:
      // Which species it was is kept in the targets, for tables of pairs.
      for e in 0..<edge {
        targets[e] = kinds[Int(senders[e])]
        senders[e] = 0
      }
    }
    return shortest
  }

  /// The pass of a group over a batch, with the table or with exact functions of this batch's edges.
  private func pass(
    _ tables: ConvolutionTables<S>, _ group: ConvolutionTables<S>.Group, _ tile: TiledGraph<S>.Tile, _ batch: Batch,
    _ isExact: Bool, messages: FeatureView<S>, _ scratch: ThreadScratch<S>
  ) -> ConvolutionPass {
    let lanes = S.lanes
    var rows = tables.rows(UnsafeMutableRawPointer(scratch.rows.numbers(S.self)), count: batch.edgeCount)
    rows.lengthAdjoint = group.lengthAdjoint
    let capacity = (batch.edgeCount + lanes - 1) / lanes * lanes
    let knots = scratch.knots.numbers(Int32.self, max(lanes, capacity))
    let kinds = graph.species.numbers(Int32.self)
    let (senders, targets) = (scratch.senders.numbers(Int32.self), scratch.targets.numbers(Int32.self))
    var table = UnsafeRawPointer(group.table.base)
    let receiver = tile.species
    func sender(_ e: Int) -> Int {
      switch tables.step.senders {
      case .atoms: Int(kinds[Int(senders[e])])
      case .species: Int(senders[e])
      case .functions: Int(targets[e])
      }
    }
    if isExact {
      // Two rows for each edge hold values and derivatives; the weights choose between them.
      let stride = group.rowStride
      let knotCount = tables.step.radial.degree + 1
      let exact = scratch.exact.numbers(S.self, (2 * batch.edgeCount + knotCount) * stride)
      exact.update(repeating: 0, count: (2 * batch.edgeCount + knotCount) * stride)
      for e in 0..<batch.edgeCount {
        let row = rows.base.assumingMemoryBound(to: S.self) + (e / lanes) * rows.chunkStride + e % lanes
        let r = Double(row[rows.length * lanes])
        let (values, derivatives) = tables.step.radial.exact(r, receiver, sender(e))
        for (f, column) in group.columns.enumerated() {
          for c in 0..<column.channels {
            let place = 2 * e * stride + (c / lanes * group.functionCount + f) * lanes + c % lanes
            exact[place] = S(column.factor * values[column.first + c])
            exact[place + stride] = S(column.factor * derivatives[column.first + c])
          }
        }
        for k in 0..<(2 * knotCount) { row[(rows.weights + k) * lanes] = k == 0 || k == knotCount + 1 ? 1 : 0 }
        knots[e] = Int32(2 * e * stride)
      }
      table = UnsafeRawPointer(exact)
    } else {
      kernels.splineWeights(rows, group.grid, knots: knots)
      if let joint = tables.step.radial.joint {
        // The second spline's rows lie further on.
        let (first, shift) = (Int32(joint * group.rowStride), Int32(tables.step.radial.jointRows * group.rowStride))
        for e in 0..<batch.edgeCount where knots[e] >= first { knots[e] += shift }
      }
      if group.tableStarts.count > 1 {
        let first = receiver * plan.speciesCount
        for e in 0..<batch.edgeCount { knots[e] += group.tableStarts[tables.step.radial.table[first + sender(e)]] }
      }
    }
    let features: UnsafeRawPointer?
    let stride: Int
    switch tables.step.senders {
    case .atoms(let buffer):
      features = UnsafeRawPointer(values[buffer].numbers(S.self) + group.inputOffset)
      stride = layouts[buffer].size
    case .species:
      features = UnsafeRawPointer(tables.speciesRows.base)
      stride = tables.speciesStride
    case .functions: (features, stride) = (nil, 0)
    }
    let copies = tables.splitsSpecies ? plan.speciesCount : 1
    let size = ConvolutionPass.scratchBytes(
      edges: batch.edgeCount, channels: group.width, hasFeatures: features != nil)
    scratch.convolution.reserve(size)
    // Rows of messages of the whole tile lie one after the other; a batch writes some of each.
    let output = messages.base + group.outputOffset * messages.count + batch.first * copies * group.width
    return ConvolutionPass(
      receivers: batch.count * copies, starts: scratch.starts.numbers(Int32.self),
      senders: UnsafePointer(senders), knots: UnsafePointer(knots), edges: rows, channels: group.width,
      paths: UnsafePointer(group.paths.base), pathCount: group.pathCount, table: table,
      functionCount: group.functionCount, features: features, featureStride: stride, messages: output,
      messageStride: messages.count * copies * group.width, scratch: scratch.convolution.base,
      knotCount: tables.step.radial.degree + 1, terms: UnsafePointer(tables.terms.base), rowStride: group.rowStride)
  }

  /// Harmonics and couplings of a batch, and whether its radial functions must be exact.
  private func prepare(
    _ tables: ConvolutionTables<S>, _ tile: TiledGraph<S>.Tile, _ batch: Batch, forward: Bool,
    _ scratch: ThreadScratch<S>
  ) -> Bool {
    let shortest = fill(tables, tile, batch, scratch)
    let rows = tables.rows(UnsafeMutableRawPointer(scratch.rows.numbers(S.self)), count: batch.edgeCount)
    kernels.harmonics(rows)
    if let combination = tables.matrices(forward: forward) { kernels.combineRows(rows, combination) }
    // A rounding away from the first sample is far enough.
    let start = tables.step.radial.firstDistance * 1.000001
    return tables.step.radial.isAlwaysExact || Double(shortest) < start * start
  }

  func convolve(_ tables: ConvolutionTables<S>, _ step: Int, _ tile: TiledGraph<S>.Tile, _ scratch: ThreadScratch<S>) {
    let messages = value(tables.step.output, tile, scratch)
    forEachBatch(tables, tile) { batch in
      let isExact = prepare(tables, tile, batch, forward: true, scratch)
      for group in tables.groups {
        kernels.convolve(pass(tables, group, tile, batch, isExact, messages: messages, scratch))
      }
      if let density = tables.step.density {
        let sums = denominators[step].numbers(Double.self) + tile.first + batch.first
        let starts = scratch.starts.numbers(Int32.self)
        let copies = tables.splitsSpecies ? plan.speciesCount : 1
        for a in 0..<batch.count {
          var sum = 0.0
          for e in Int(starts[a * copies])..<Int(starts[(a + 1) * copies]) {
            sum += evaluate(density, tables, tile, e, isExact, scratch).value
          }
          sums[a] = density.alpha + density.beta * sum
        }
      }
    }
    if tables.step.density != nil {
      let sums = denominators[step].numbers(Double.self) + tile.first
      for block in layouts[tables.step.output].blocks {
        let (base, row, atom) = messages.block(block)
        for a in 0..<tile.count {
          let factor = S(1 / sums[a])
          for m in 0..<block.rows {
            let line = base + m * row + a * atom
            for c in 0..<block.width { line[c] *= factor }
          }
        }
      }
    }
  }

  /// D and D′ of an edge, from the table with the weights of the last group, or without.
  private func evaluate(
    _ density: NetworkPlan.Convolution.Density, _ tables: ConvolutionTables<S>, _ tile: TiledGraph<S>.Tile, _ e: Int,
    _ isExact: Bool, _ scratch: ThreadScratch<S>
  ) -> (value: Double, derivative: Double) {
    let lanes = S.lanes
    let row = scratch.rows.numbers(S.self) + (e / lanes) * tables.rowCount * lanes + e % lanes
    let senders = scratch.senders.numbers(Int32.self)
    let sender: Int
    switch tables.step.senders {
    case .atoms: sender = Int(graph.species.numbers(Int32.self)[Int(senders[e])])
    case .species: sender = Int(senders[e])
    case .functions: sender = Int(scratch.targets.numbers(Int32.self)[e])
    }
    if isExact { return density.exact(Double(row[3 * lanes]), tile.species, sender) }
    guard let group = tables.groups.last else { return (0, 0) }
    let table = tables.step.radial.table[tile.species * plan.speciesCount + sender]
    let start = group.tableStarts.isEmpty ? 0 : group.tableStarts[table]
    let interval = Int(scratch.knots.numbers(Int32.self)[e] - start) / group.rowStride
    let coefficients = tables.densityTables[table].base + interval
    let knots = tables.step.radial.degree + 1
    let weights = row + tables.weightsRow * lanes
    var (value, derivative): (S, S) = (0, 0)
    for k in 0..<knots {
      value += weights[k * lanes] * coefficients[k]
      derivative += weights[(k + knots) * lanes] * coefficients[k]
    }
    return (Double(value), Double(derivative))
  }

  /// Back through the convolution: forces of its edges, and adjoints of what senders carry.
  func convolveAdjoint(
    _ tables: ConvolutionTables<S>, _ step: Int, _ segment: Int, _ tile: TiledGraph<S>.Tile, _ chunk: Int,
    _ scratch: ThreadScratch<S>
  ) {
    let output = tables.step.output
    let messages = adjoint(output, segment, tile, chunk, scratch)
    let blocks = layouts[output].blocks
    let slopes = scratch.sums.numbers(Double.self, tile.count)
    if let density = tables.step.density {
      // z = a/n: ā = z̄/n and n̄ = −z̄·z/n.
      let quotients = value(output, tile, scratch)
      let sums = denominators[step].numbers(Double.self) + tile.first
      for a in 0..<tile.count {
        var inner = 0.0
        let factor = S(1 / sums[a])
        for block in blocks {
          let (base, row, atom) = messages.block(block)
          let given = quotients.block(block)
          for m in 0..<block.rows {
            let line = base + m * row + a * atom
            let other = given.base + m * given.row + a * given.atom
            var part: S = 0
            for c in 0..<block.width {
              part += line[c] * other[c]
              line[c] *= factor
            }
            inner += Double(part)
          }
        }
        slopes[a] = -density.beta * inner / sums[a]
      }
    }
    forEachBatch(tables, tile) { batch in
      let isExact = prepare(tables, tile, batch, forward: false, scratch)
      let rows = tables.rows(UnsafeMutableRawPointer(scratch.rows.numbers(S.self)), count: batch.edgeCount)
      for group in tables.groups {
        var pass = pass(tables, group, tile, batch, isExact, messages: messages, scratch)
        switch tables.step.senders {
        case .atoms(let buffer):
          let list = lists[buffer].numbers(S.self) + graph.lists[chunk] * layouts[buffer].size
          pass.featureAdjoint = UnsafeMutableRawPointer(list + group.inputOffset)
          pass.adjointSenders = UnsafePointer(scratch.targets.numbers(Int32.self))
        case .functions: break
        case .species:
          // Nobody reads it.
          pass.featureAdjoint = UnsafeMutableRawPointer(scratch.dummy.numbers(S.self))
          pass.adjointSenders = pass.senders
        }
        kernels.convolveAdjoint(pass)
      }
      if let combination = tables.backwardCombination { kernels.combineRows(rows, combination) }
      if let density = tables.step.density {
        let lanes = S.lanes
        let starts = scratch.starts.numbers(Int32.self)
        let copies = tables.splitsSpecies ? plan.speciesCount : 1
        for a in 0..<batch.count {
          for e in Int(starts[a * copies])..<Int(starts[(a + 1) * copies]) {
            let row = scratch.rows.numbers(S.self) + (e / lanes) * rows.chunkStride + e % lanes
            let slope = evaluate(density, tables, tile, e, isExact, scratch).derivative
            row[tables.lengthAdjointRow * lanes] += S(slopes[batch.first + a] * slope)
          }
        }
      }
      kernels.harmonicsAdjoint(rows)
      addForces(tables, tile, batch, chunk, scratch)
    }
  }

  /// Adds the gradients of a batch's edges to forces and virials.
  private func addForces(
    _ tables: ConvolutionTables<S>, _ tile: TiledGraph<S>.Tile, _ batch: Batch, _ chunk: Int,
    _ scratch: ThreadScratch<S>
  ) {
    let lanes = S.lanes
    let width = graph.speciesCount + 1
    let from = graph.starts.numbers(Int32.self) + (tile.first + batch.first) * width
    let targets = graph.targets.numbers(Int32.self)
    let rows = scratch.rows.numbers(S.self)
    let stride = tables.rowCount * lanes
    let forces = listForces.numbers(Vector3.self) + graph.lists[chunk]
    let virials = listVirials.numbers(Matrix3.self) + graph.lists[chunk]
    let ownPlace = tile.first + batch.first - graph.firstAtom(of: chunk)
    let sign: Double = tables.step.pointsToReceiver ? -1 : 1
    var total = Matrix3.zero
    var edge = 0
    for a in 0..<batch.count {
      let (lower, upper) = (Int(from[a * width]), Int(from[a * width + width - 1]))
      var own = Vector3.zero
      for e in lower..<upper {
        let row = rows + (edge / lanes) * stride + edge % lanes
        let gradient = row + tables.gradientRow * lanes
        // Rows hold v = ±r, and so ∂E/∂r = ±∂E/∂v.
        let g = sign * Vector3(Double(gradient[0]), Double(gradient[lanes]), Double(gradient[2 * lanes]))
        let r = sign * Vector3(Double(row[0]), Double(row[lanes]), Double(row[2 * lanes]))
        own += g
        let place = Int(targets[e])
        forces[place] -= g
        let share = Matrix3.outer(r, g)
        total += -1.0 * share
        if wantsAtomicVirials {
          virials[place] += -0.5 * share
          virials[ownPlace + a] += -0.5 * share
        }
        edge += 1
      }
      forces[ownPlace + a] += own
    }
    chunkVirials.numbers(Matrix3.self)[chunk] += total
  }
}
