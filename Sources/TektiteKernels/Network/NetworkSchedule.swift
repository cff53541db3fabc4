/// Where each buffer of a plan lives and when, and which steps of the way back are the first to write an adjoint: all that can be known before a number is seen.
///
/// - A buffer used in one segment lives in the scratch of a tile, unless the way back needs its value and its segment is not the last.
/// - A buffer that later segments read for the atom itself is kept for all atoms, tile after tile, and so is its adjoint.
/// - A buffer that senders are read from is kept for all atoms, atom after atom.
struct NetworkSchedule {
  /// Where a value or an adjoint is.
  enum Storage { case scratch, tiles, atoms }

  /// The steps of each segment. A segment begins with a convolution; what comes before the first belongs to the first, unless neighbours carry it there.
  let segments: [Range<Int>]
  /// The segment in which each buffer is written.
  let home: [Int]
  /// Whether a buffer depends on the species alone. It is then written anew in each segment that reads it.
  let isConstant: [Bool]
  /// Where values and adjoints are.
  let values: [Storage], adjoints: [Storage]
  /// For each step, for each of its inputs and each block: whether its adjoint holds something already when the way back comes to the step.
  let accumulates: [[[Bool]]]
  /// For each step, blocks of its output whose adjoint nobody writes.
  let unread: [[Int]]

  init(_ plan: NetworkPlan) {
    let steps = plan.steps
    let convolutions = steps.indices.filter { if case .convolve = steps[$0] { true } else { false } }
    // What neighbours carry into the first convolution makes a segment of its own, if it is not known from their species.
    let carried = Set(steps.compactMap(\.senders))
    let isPrepared = steps[..<(convolutions.first ?? 0)].contains { $0.output.map(carried.contains) ?? false }
    let starts = (isPrepared ? [0] : []) + convolutions
    var segments: [Range<Int>] = []
    for (k, start) in starts.enumerated() {
      segments.append((k == 0 ? 0 : start)..<(k + 1 < starts.count ? starts[k + 1] : steps.count))
    }
    if segments.isEmpty { segments = [0..<steps.count] }

    var home = [Int](repeating: 0, count: plan.buffers.count)
    var isConstant = [Bool](repeating: false, count: plan.buffers.count)
    var values = [Storage](repeating: .scratch, count: plan.buffers.count)
    var adjoints = values
    for (s, range) in segments.enumerated() {
      for step in steps[range] {
        guard let output = step.output else { continue }
        home[output] = s
        if case .constant = step { isConstant[output] = true }
      }
    }
    let last = segments.count - 1
    for (s, range) in segments.enumerated() {
      for step in steps[range] {
        for input in step.inputs where !isConstant[input] {
          if home[input] != s, values[input] != .atoms { (values[input], adjoints[input]) = (.tiles, .tiles) }
          // What polynomials and gates read is read again on the way back.
          switch step {
          case .contract, .gate: if home[input] != last, values[input] == .scratch { values[input] = .tiles }
          default: break
          }
        }
        if let senders = step.senders { (values[senders], adjoints[senders]) = (.atoms, .atoms) }
        // Of messages that are divided by a density the quotient is needed again.
        if case .convolve(let step) = step, step.density != nil, s != last { values[step.output] = .tiles }
      }
    }

    var isWritten = plan.buffers.map { $0.map { _ in false } }
    for (buffer, storage) in adjoints.enumerated() where storage == .atoms {
      isWritten[buffer] = isWritten[buffer].map { _ in true }
    }
    var accumulates = [[[Bool]]](repeating: [], count: steps.count)
    var unread = [[Int]](repeating: [], count: steps.count)
    for k in steps.indices.reversed() {
      if let output = steps[k].output {
        unread[k] = isWritten[output].indices.filter { !isWritten[output][$0] }
      }
      for input in steps[k].inputs {
        accumulates[k].append(isWritten[input])
        var touched = Array(isWritten[input].indices)
        switch steps[k] {
        case .linear(let map): touched = map.paths.map(\.inputBlock)
        case .readout: touched = [0]
        default: break
        }
        for block in touched { isWritten[input][block] = true }
      }
    }
    (self.segments, self.home, self.isConstant) = (segments, home, isConstant)
    (self.values, self.adjoints, self.accumulates, self.unread) = (values, adjoints, accumulates, unread)
  }
}

/// The blocks of a buffer with their padding.
struct FeatureLayout {
  /// Rows, channels without and with padding, and where a block begins, in scalars of one atom.
  struct Block {
    let rows: Int, channels: Int, width: Int, offset: Int
  }
  let blocks: [Block]
  /// Scalars of one atom.
  let size: Int

  init(_ blocks: [NetworkPlan.Block], isDouble: Bool) {
    var offset = 0
    var made: [Block] = []
    for block in blocks {
      let width = NetworkGrain.padded(block.channels, isDouble: isDouble)
      made.append(Block(rows: block.rows, channels: block.channels, width: width, offset: offset))
      offset += block.rows * width
    }
    (self.blocks, size) = (made, offset)
  }
}

/// Where the numbers of some atoms' buffer are. Within a tile blocks come first, then rows, then atoms, so that the rows of a block are
/// one matrix; otherwise each atom's numbers are together.
struct FeatureView<S> {
  let base: UnsafeMutablePointer<S>
  /// Atoms of the tile.
  let count: Int
  /// Scalars from one atom to the next, or 0 within a tile.
  let atomStride: Int

  /// The first number of a block, and scalars from row to row and from atom to atom.
  @inline(__always)
  func block(_ b: FeatureLayout.Block) -> (base: UnsafeMutablePointer<S>, row: Int, atom: Int) {
    atomStride == 0
      ? (base + b.offset * count, count * b.width, b.width) : (base + b.offset, b.width, atomStride)
  }
}
