import TektiteLayouts

// One path of one receiver, back. With M = ∂E/∂A, per edge and sender component m₁
//
//     T_m₁ = Σ_k c_k X_m₁k,    ∂E/∂h_m₁ += R T_m₁,    ∂E/∂|r| += Σ_c R′ Σ_m₁ h_m₁ T_m₁,    ∂E/∂c_k = Σ_c R Σ_m₁ h_m₁ X_m₁k
//
// where c = Y and X_m₁m₂ = Σ C M_m₃ if the path has terms; that sum is taken once for a receiver. If it has none, every m₁ is a run of its own with c = K_m₁ and
// X = M. X is kept as [vector of channels][row][lane], R and R′ of an edge as [vector of channels][R, R′][lane], so that the loops over channels read them one
// after the other. Sums over channels stay vectors until a vector of edges is done, and then go across lanes together.

extension ConvolutionPath {
  /// Rows of X.
  fileprivate var rowCount: Int { Int(harmonicCount > 0 ? senderCount * harmonicCount : messageCount) }
}

/// X of a receiver: its messages' adjoints, or their sums with the path's terms.
@inline(never)
private func gatherRows<L: PairLanes>(
  _ lanes: L.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int,
  to rows: UnsafeMutablePointer<L.Scalar>
) {
  typealias S = L.Scalar
  let channels = p.channels
  let messages = UnsafePointer(
    p.messages.assumingMemoryBound(to: S.self) + Int(path.messageRow) * p.messageStride + receiver * channels)
  let hasTerms = path.harmonicCount > 0
  let count = path.rowCount
  @inline(__always) func forEachVector(_ message: Int, _ row: Int, _ body: (L, UnsafeMutablePointer<S>) -> Void) {
    var (from, to) = (messages + message * p.messageStride, rows + row * L.count)
    let end = from + channels
    while from < end {
      body(L.load(from), to)
      from += L.count
      to += count * L.count
    }
  }
  guard hasTerms, let terms = p.terms else {
    for row in 0..<count { forEachVector(row, row) { $0.store($1) } }
    return
  }
  // Terms are in the order of rows: the first of a row writes it, the others add to it.
  var next = 0
  for index in Int(path.firstTerm)..<max(Int(path.firstTerm), Int(path.termEnd)) {
    let term = terms[index]
    let row = Int(term.factors)
    while next < row {
      forEachVector(0, next) { L.zero.store($1) }
      next += 1
    }
    let value = L.constant(L.either(term.value, Float(term.value)))
    if next == row {
      forEachVector(Int(term.message), row) { x, to in (value * x).store(to) }
      next += 1
    } else {
      forEachVector(Int(term.message), row) { x, to in L.fma(value, x, L.load(to)).store(to) }
    }
  }
  while next < count {
    forEachVector(0, next) { L.zero.store($1) }
    next += 1
  }
}

/// All edges of a receiver, by vectors of edges; `body` takes one run of one edge.
@inline(__always)
private func backward<L: PairLanes>(
  _ lanes: L.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int, coefficients n: Int,
  runs: Int, _ body: (AdjointPath<L.Scalar>, AdjointEdge<L.Scalar>) -> L
) {
  typealias S = L.Scalar
  let s = Streams<S>(p)
  let (grain, channels) = (s.grain, p.channels)
  let (lower, upper) = (Int(s.starts[receiver]), Int(s.starts[receiver + 1]))
  guard lower < upper, let adjoints = p.featureAdjoint?.assumingMemoryBound(to: S.self) else { return }
  let places = UnsafePointer(p.scratch.assumingMemoryBound(to: EdgePlace.self))
  let radial = s.scratch(p)
  let rows = radial + 2 * channels
  let sums = rows + ConvolutionPass.largestRowCount * channels
  gatherRows(lanes, p, path, receiver, to: rows)
  let own = AdjointPath(
    rows: UnsafePointer(rows), radial: UnsafePointer(radial), senderCount: Int(path.senderCount), channels: channels,
    grain: grain)
  let weights = UnsafePointer(s.edges + p.weights * grain)
  let table = s.table + Int(path.function) * grain
  let coefficients = UnsafePointer(
    s.edges + Int(path.harmonicCount > 0 ? path.harmonicRow : path.coefficientRow) * grain)
  let senderRow = Int(path.senderRow) * channels
  let blockStride = p.functionCount * grain
  // The last row is ∂E/∂|r|.
  let stride = (n * runs + 1) * L.count
  var first = lower
  while first < upper {
    // Vectors of edges begin at multiples of their length, and so never go over the end of a chunk.
    let lane = first & (L.count - 1)
    let end = min(upper, first - lane + L.count)
    var out = sums + lane * stride
    for e in first..<end {
      let place = places[e]
      let ahead = places[min(e + 1, upper - 1)].table - place.table
      if p.knotCount == 4 {
        interpolate(
          lanes, Four.self, weights: weights + place.row, table: table + place.table, knotStride: s.knotStride,
          blockStride: blockStride, channels: channels, ahead: ahead, to: radial)
      } else {
        interpolate(
          lanes, Six.self, weights: weights + place.row, table: table + place.table, knotStride: s.knotStride,
          blockStride: blockStride, channels: channels, ahead: ahead, to: radial)
      }
      var slope = L.zero
      for run in 0..<runs {
        let from = senderRow + run * channels
        slope =
          slope
          + body(
            own,
            AdjointEdge(
              coefficients: coefficients + place.row + run * n * grain, features: s.features + place.features + from,
              adjoint: adjoints + place.adjoint + from, sums: out + run * n * L.count))
      }
      slope.store(out + n * runs * L.count)
      out += stride
    }
    finish(lanes, p, path, first..<end, rows: n * runs, UnsafePointer(sums))
    first = end
  }
}

/// Sums across lanes, of all edges of a vector together. Where the receiver has only some of its edges, the others keep what they have.
@inline(never)
private func finish<L: PairLanes>(
  _ lanes: L.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ edges: Range<Int>, rows: Int,
  _ sums: UnsafePointer<L.Scalar>
) {
  let s = Streams<L.Scalar>(p)
  let stride = (rows + 1) * L.count
  let totals = UnsafeMutablePointer(mutating: sums) + L.count * stride
  let lane = edges.lowerBound & (L.count - 1)
  let column = s.edges + s.place(edges.lowerBound).row - lane
  for k in 0..<L.count { totals[k] = k < lane || k >= lane + edges.count ? 0 : 1 }
  let (isOwn, half) = (L.load(totals), L.constant(0.5))
  var to = column + Int(path.coefficientAdjointRow) * s.grain
  var from = sums
  if edges.count == L.count {
    for _ in 0..<rows {
      L.sums(from, stride, to: to)
      from += L.count
      to += s.grain
    }
  } else {
    for _ in 0..<rows {
      L.sums(from, stride, to: totals)
      (L.select(L.load(totals), where: half, lessThan: isOwn) + L.select(L.load(to), where: isOwn, lessThan: half))
        .store(to)
      from += L.count
      to += s.grain
    }
  }
  L.sums(from, stride, to: totals)
  to = column + p.lengthAdjoint * s.grain
  (L.load(to) + L.select(L.load(totals), where: half, lessThan: isOwn)).store(to)
}

/// Paths that have a coupling matrix for each edge, one run for each component of the sender.
@inline(never)
private func matrices<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int
) {
  backward(lanes, p, path, receiver, coefficients: N.count, runs: Int(path.senderCount)) {
    N.count == 1 ? addColumns(lanes, One.self, count, $0, $1) : addRows(lanes, One.self, count, $0, $1)
  }
}

/// Those of them whose messages have one component.
@inline(never)
private func columns<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int
) {
  backward(lanes, p, path, receiver, coefficients: N.count, runs: 1) { addColumn(lanes, count, $0, $1) }
}

/// Paths that have terms.
@inline(never)
private func tensors<L: PairLanes, M: StaticCount, N: StaticCount>(
  _ lanes: L.Type, _ senders: M.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath,
  _ receiver: Int
) {
  backward(lanes, p, path, receiver, coefficients: N.count, runs: 1) {
    N.count <= 3 ? addColumns(lanes, senders, count, $0, $1) : addRows(lanes, senders, count, $0, $1)
  }
}

/// The same with as many components of senders as are common known.
@inline(__always)
private func tensors<L: PairLanes, N: StaticCount>(
  _ lanes: L.Type, _ count: N.Type, _ p: borrowing ConvolutionPass, _ path: ConvolutionPath, _ receiver: Int
) {
  switch path.senderCount {
  case 3: tensors(lanes, Three.self, count, p, path, receiver)
  case 5: tensors(lanes, Five.self, count, p, path, receiver)
  case 7: tensors(lanes, Seven.self, count, p, path, receiver)
  default: tensors(lanes, Several.self, count, p, path, receiver)
  }
}

@inline(__always)
func convolveAdjoint<L: PairLanes>(_ lanes: L.Type, _ p: borrowing ConvolutionPass) {
  let s = Streams<L.Scalar>(p)
  s.fillPlaces(p)
  let places = UnsafePointer(p.scratch.assumingMemoryBound(to: EdgePlace.self))
  for e in Int(s.starts[0])..<max(Int(s.starts[0]), Int(s.starts[p.receivers])) {
    s.edges[places[e].row + p.lengthAdjoint * s.grain] = 0
  }
  for receiver in 0..<p.receivers {
    for index in 0..<p.pathCount {
      let path = p.paths[index]
      switch (path.harmonicCount, path.senderCount, path.messageCount) {
      case (1, _, _): tensors(lanes, One.self, p, path, receiver)
      case (3, _, _): tensors(lanes, Three.self, p, path, receiver)
      case (5, _, _): tensors(lanes, Five.self, p, path, receiver)
      case (7, _, _): tensors(lanes, Seven.self, p, path, receiver)
      case (9, _, _): tensors(lanes, Nine.self, p, path, receiver)
      case (_, 3, 1): columns(lanes, Three.self, p, path, receiver)
      case (_, 5, 1): columns(lanes, Five.self, p, path, receiver)
      case (_, 7, 1): columns(lanes, Seven.self, p, path, receiver)
      case (_, 9, 1): columns(lanes, Nine.self, p, path, receiver)
      case (_, _, 1): matrices(lanes, One.self, p, path, receiver)
      case (_, _, 3): matrices(lanes, Three.self, p, path, receiver)
      case (_, _, 5): matrices(lanes, Five.self, p, path, receiver)
      case (_, _, 7): matrices(lanes, Seven.self, p, path, receiver)
      case (_, _, 9): matrices(lanes, Nine.self, p, path, receiver)
      default: break
      }
    }
  }
}
