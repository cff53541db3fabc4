import TektiteKernels
import Testing

/// A small tile with random numbers everywhere, and the plain loops that the kernels are held against.
struct ConvolutionTile {
  let c: KernelCase
  let channels: Int, padded: Int, rowsPerSender: Int, messageRows: Int, chunkRows: Int
  let starts: [Int32], senders: [Int32]
  let paths: [ConvolutionPath]
  let edges: Scalars, features: Scalars, messages: Scalars, featureAdjoint: Scalars, table: Scalars, scratch: Scalars
  let knots: UnsafeMutablePointer<Int32>
  let grid: SplineGrid
  let senderCount: Int
  var receivers: Int { starts.count - 1 }
  var edgeCount: Int { Int(starts[receivers]) }

  /// `shapes`: components of senders and messages of each path.
  init(
    _ c: KernelCase, channels: Int, shapes: [(Int, Int)], counts: [Int], seed: UInt64,
    senderCount nine: Int = 9, intervals: Int = 20
  ) {
    var random = SmallGenerator(seed)
    self.c = c
    self.channels = channels
    padded = NetworkGrain.padded(channels, isDouble: c.isDouble)
    rowsPerSender = 4  // one scalar row, three vector rows
    var starts: [Int32] = [0]
    for n in counts { starts.append((starts.last ?? 0) + Int32(n)) }
    self.starts = starts
    let count = Int(starts.last ?? 0)
    senderCount = nine
    senders = (0..<count).map { _ in Int32(random.index(below: nine)) }
    var row = 13
    var message = 0
    let total = shapes.reduce(0) { $0 + $1.0 * $1.1 }
    paths = shapes.enumerated().map { index, shape in
      defer {
        row += shape.0 * shape.1
        message += shape.1
      }
      return ConvolutionPath(
        senderRow: shape.0 == 1 ? 0 : 1, senderCount: shape.0, messageRow: message, messageCount: shape.1,
        coefficientRow: row, coefficientAdjointRow: row + total, function: index)
    }
    messageRows = message
    chunkRows = 13 + 2 * total
    let chunks = (count + c.lanes - 1) / c.lanes
    edges = Scalars(random.array(chunks * chunkRows * c.lanes), isDouble: c.isDouble)
    features = Scalars(random.array(nine * rowsPerSender * padded), isDouble: c.isDouble)
    featureAdjoint = Scalars(nine * rowsPerSender * padded, isDouble: c.isDouble)
    messages = Scalars(messageRows * counts.count * padded, isDouble: c.isDouble)
    grid = SplineGrid(start: 0, spacing: 5 / Double(intervals), intervals: intervals, rowStride: padded * shapes.count)
    table = Scalars(random.array((intervals + 3) * grid.rowStride), isDouble: c.isDouble)
    scratch = Scalars(ConvolutionPass.scratchBytes(edges: count, channels: padded) / 8, isDouble: true)
    knots = .allocate(capacity: chunks * c.lanes)
    knots.initialize(repeating: 0, count: chunks * c.lanes)
    for e in 0..<(chunks * c.lanes) { edges[place(e, 3)] = 2.5 + 2.4 * random.next() }
    c.kernels.splineWeights(rows, grid, knots: knots)
  }

  var rows: EdgeRows {
    var rows = EdgeRows(base: edges.base, chunkStride: chunkRows * c.lanes, count: edgeCount)
    rows.weights = 4
    rows.lengthAdjoint = 12
    return rows
  }
  func place(_ e: Int, _ row: Int) -> Int { e / c.lanes * chunkRows * c.lanes + row * c.lanes + e % c.lanes }

  func withPass(_ body: (borrowing ConvolutionPass) -> Void) {
    starts.withUnsafeBufferPointer { starts in
      senders.withUnsafeBufferPointer { senders in
        paths.withUnsafeBufferPointer { paths in
          guard let a = starts.baseAddress, let b = senders.baseAddress, let p = paths.baseAddress else { return }
          body(
            ConvolutionPass(
              receivers: receivers, starts: a, senders: b, knots: knots, edges: rows, channels: padded, paths: p,
              pathCount: paths.count, table: table.base, functionCount: paths.count, features: features.base,
              featureStride: rowsPerSender * padded, messages: messages.base, messageStride: receivers * padded,
              featureAdjoint: featureAdjoint.base, scratch: scratch.base))
        }
      }
    }
  }

  /// R of a path, edge and channel, and its derivative.
  func radial(_ path: ConvolutionPath, _ e: Int, _ channel: Int) -> (Double, Double) {
    let place0 = (channel / c.lanes * paths.count + Int(path.function)) * c.lanes + channel % c.lanes
    let t = (0..<4).map { table[Int(knots[e]) + $0 * grid.rowStride + place0] }
    return (
      (0..<4).reduce(0) { $0 + edges[place(e, 4 + $1)] * t[$1] },
      (0..<4).reduce(0) { $0 + edges[place(e, 8 + $1)] * t[$1] }
    )
  }
  func featurePlace(_ e: Int, _ path: ConvolutionPath, _ m: Int, _ channel: Int) -> Int {
    (Int(senders[e]) * rowsPerSender + Int(path.senderRow) + m) * padded + channel
  }
  /// Calls `body` with every product: path, receiver, edge, m₁, m₃, channel.
  func forEach(_ body: (ConvolutionPath, Int, Int, Int, Int, Int) -> Void) {
    for path in paths {
      for i in 0..<receivers {
        for e in Int(starts[i])..<Int(starts[i + 1]) {
          for m1 in 0..<Int(path.senderCount) {
            for m3 in 0..<Int(path.messageCount) {
              for k in 0..<padded { body(path, i, e, m1, m3, k) }
            }
          }
        }
      }
    }
  }
}

@Suite("Convolution over receivers' edges")
struct ConvolutionTests {
  static let shapes: [[(Int, Int)]] = [
    [(1, 1)], [(1, 1), (1, 3)], [(1, 1), (1, 3), (1, 5), (1, 7), (1, 9)],
    [(1, 1), (1, 3), (3, 1), (3, 3), (3, 5), (3, 7), (3, 9), (1, 7)],
  ]

  @Test("messages are the plain sums", arguments: KernelCase.all)
  func forward(_ c: KernelCase) {
    for (k, shapes) in Self.shapes.enumerated() {
      for channels in [16, 40] {
        let t = ConvolutionTile(c, channels: channels, shapes: shapes, counts: [3, 0, 17, 8, 11], seed: UInt64(k + 7))
        t.withPass { c.kernels.convolve($0) }
        var expected = [Double](repeating: 0, count: t.messages.count)
        t.forEach { path, i, e, m1, m3, k in
          let row = Int(path.messageRow) + m3
          let coefficient = t.edges[t.place(e, Int(path.coefficientRow) + m1 * Int(path.messageCount) + m3)]
          expected[(row * t.receivers + i) * t.padded + k] +=
            coefficient * t.radial(path, e, k).0 * t.features[t.featurePlace(e, path, m1, k)]
        }
        #expect(relativeError(t.messages.values, expected) < c.tolerance, "shapes \(k), \(channels) channels")
      }
    }
  }

  @Test("adjoints are the plain sums", arguments: KernelCase.all)
  func backward(_ c: KernelCase) {
    for (k, shapes) in Self.shapes.enumerated() {
      for channels in [16, 40] {
        let t = ConvolutionTile(c, channels: channels, shapes: shapes, counts: [3, 0, 17, 8, 11], seed: UInt64(k + 70))
        var random = SmallGenerator(4)
        for i in 0..<t.messages.count { t.messages[i] = random.next() }
        let before = t.edges.values
        t.withPass { c.kernels.convolveAdjoint($0) }
        var edges = before
        var features = [Double](repeating: 0, count: t.featureAdjoint.count)
        for e in 0..<t.edgeCount { edges[t.place(e, 12)] = 0 }
        for path in t.paths {
          for e in 0..<t.edgeCount {
            for m in 0..<Int(path.senderCount * path.messageCount) {
              edges[t.place(e, Int(path.coefficientAdjointRow) + m)] = 0
            }
          }
        }
        t.forEach { path, i, e, m1, m3, k in
          let m = m1 * Int(path.messageCount) + m3
          let coefficient = before[t.place(e, Int(path.coefficientRow) + m)]
          let bar = t.messages[((Int(path.messageRow) + m3) * t.receivers + i) * t.padded + k]
          let (r, slope) = t.radial(path, e, k)
          let place = t.featurePlace(e, path, m1, k)
          let h = t.features[place]
          features[place] += coefficient * r * bar
          edges[t.place(e, Int(path.coefficientAdjointRow) + m)] += r * h * bar
          edges[t.place(e, 12)] += coefficient * slope * h * bar
        }
        #expect(relativeError(t.featureAdjoint.values, features) < c.tolerance, "shapes \(k), \(channels) channels")
        #expect(relativeError(t.edges.values, edges) < 2 * c.tolerance, "shapes \(k), \(channels) channels")
      }
    }
  }

  @Test("a receiver's messages have the same bits in any tile", arguments: KernelCase.all)
  func tiles(_ c: KernelCase) {
    let t = ConvolutionTile(c, channels: 40, shapes: Self.shapes[3], counts: [3, 0, 17, 8, 11], seed: 5)
    t.withPass { c.kernels.convolve($0) }
    let whole = t.messages.values
    t.withPass { pass in
      for i in 0..<t.receivers {
        var one = copy pass
        one.receivers = 1
        one.starts = pass.starts + i
        one.messages = t.messages.base + i * t.padded * (c.isDouble ? 8 : 4)
        c.kernels.convolve(one)
      }
    }
    #expect(t.messages.values == whole)
  }
}
