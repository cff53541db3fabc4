import TektiteKernels
import Testing

/// A small tile with random numbers everywhere, and the plain loops that the kernels are held against.
struct ConvolutionTile {
  let c: KernelCase
  let channels: Int, padded: Int, rowsPerSender: Int, messageRows: Int, chunkRows: Int
  let starts: [Int32], senders: [Int32]
  let paths: [ConvolutionPath]
  let terms: [ConvolutionPath.Term]
  let knotCount: Int, functionCount: Int, hasFeatures: Bool
  let edges: Scalars, features: Scalars, messages: Scalars, featureAdjoint: Scalars, table: Scalars, scratch: Scalars
  let knots: UnsafeMutablePointer<Int32>
  let grid: SplineGrid
  let senderCount: Int
  var receivers: Int { starts.count - 1 }
  var edgeCount: Int { Int(starts[receivers]) }

  /// `shapes`: components of senders and messages of each path. `harmonics`: components of the harmonics of paths that have terms, 0 for the others; nothing if
  /// none has. Without features all senders are 1; `shared` gives all paths one function.
  init(
    _ c: KernelCase, channels: Int, shapes: [(Int, Int)], harmonics: [Int] = [], counts: [Int], seed: UInt64,
    senderCount nine: Int = 9, intervals: Int = 20, degree: Int = 3, hasFeatures: Bool = true, shared: Bool = false,
    allMatrices: Bool = false
  ) {
    var random = SmallGenerator(seed)
    self.c = c
    self.channels = channels
    padded = NetworkGrain.padded(channels, isDouble: c.isDouble)
    rowsPerSender = 25  // one scalar row, three vector rows, five of degree 2, and so on
    knotCount = degree + 1
    functionCount = shared ? 1 : shapes.count
    self.hasFeatures = hasFeatures
    var starts: [Int32] = [0]
    for n in counts { starts.append((starts.last ?? 0) + Int32(n)) }
    self.starts = starts
    let count = Int(starts.last ?? 0)
    senderCount = nine
    senders = (0..<count).map { _ in Int32(random.index(below: nine)) }
    // x, y, z, r, spline weights and their derivatives, ∂E/∂|r|, then coefficients.
    let fixed = 5 + 2 * (degree + 1)
    var row = fixed
    var message = 0
    let order = harmonics.isEmpty ? shapes.map { _ in 0 } : harmonics
    // Paths that have as many harmonics as message components have a matrix for each edge as well, or every second one, so that both are tested.
    let hasMatrix = shapes.indices.map {
      order[$0] == 0 || (order[$0] == shapes[$0].1 && (allMatrices || $0 % 2 == 0))
    }
    var terms: [ConvolutionPath.Term] = []
    paths = shapes.enumerated().map { index, shape in
      let first = terms.count
      // About one element in three is not zero.
      for factors in 0..<(shape.0 * order[index]) {
        for m3 in 0..<shape.1 where random.index(below: 3) == 0 {
          terms.append(.init(factors: factors, message: m3, value: random.next()))
        }
      }
      let (matrixRow, harmonicRow) = (row, hasMatrix[index] ? row + shape.0 * shape.1 : row)
      let adjointRow = harmonicRow + order[index]
      row = adjointRow + (order[index] > 0 ? order[index] : shape.0 * shape.1)
      defer { message += shape.1 }
      return ConvolutionPath(
        senderRow: (shape.0 - 1) * (shape.0 - 1) / 4, senderCount: shape.0, messageRow: message,
        messageCount: shape.1, coefficientRow: hasMatrix[index] ? matrixRow : -1, coefficientAdjointRow: adjointRow,
        function: shared ? 0 : index, harmonicRow: harmonicRow, harmonicCount: order[index],
        terms: first..<terms.count)
    }
    self.terms = terms
    messageRows = message
    chunkRows = row
    let chunks = (count + c.lanes - 1) / c.lanes
    edges = Scalars(random.array(chunks * chunkRows * c.lanes), isDouble: c.isDouble)
    features = Scalars(random.array(nine * rowsPerSender * padded), isDouble: c.isDouble)
    featureAdjoint = Scalars(nine * rowsPerSender * padded, isDouble: c.isDouble)
    messages = Scalars(messageRows * counts.count * padded, isDouble: c.isDouble)
    // An odd number of grains, as executors have it.
    let blocks = padded / c.lanes * functionCount
    grid = SplineGrid(
      start: 0, spacing: 5 / Double(intervals), intervals: intervals, rowStride: (blocks | 1) * c.lanes, degree: degree)
    table = Scalars(random.array((intervals + degree) * grid.rowStride), isDouble: c.isDouble)
    scratch = Scalars(
      ConvolutionPass.scratchBytes(edges: count, channels: padded, hasFeatures: hasFeatures) / 8, isDouble: true)
    knots = .allocate(capacity: chunks * c.lanes)
    knots.initialize(repeating: 0, count: chunks * c.lanes)
    for e in 0..<(chunks * c.lanes) { edges[place(e, 3)] = 2.5 + 2.4 * random.next() }
    c.kernels.splineWeights(rows, grid, knots: knots)
    for path in paths where path.harmonicCount > 0 && path.coefficientRow >= 0 {
      for e in 0..<count {
        for m1 in 0..<Int(path.senderCount) {
          for m3 in 0..<Int(path.messageCount) {
            let row = Int(path.coefficientRow) + m1 * Int(path.messageCount) + m3
            edges[place(e, row)] = coefficient(path, e, m1, m3)
          }
        }
      }
    }
  }

  var rows: EdgeRows {
    var rows = EdgeRows(base: edges.base, chunkStride: chunkRows * c.lanes, count: edgeCount)
    rows.weights = 4
    rows.lengthAdjoint = lengthAdjoint
    return rows
  }
  var lengthAdjoint: Int { 4 + 2 * knotCount }
  func place(_ e: Int, _ row: Int) -> Int { e / c.lanes * chunkRows * c.lanes + row * c.lanes + e % c.lanes }

  func withPass(_ body: (borrowing ConvolutionPass) -> Void) {
    starts.withUnsafeBufferPointer { starts in
      senders.withUnsafeBufferPointer { senders in
        paths.withUnsafeBufferPointer { paths in
          terms.withUnsafeBufferPointer { terms in
            guard let a = starts.baseAddress, let b = senders.baseAddress, let p = paths.baseAddress else { return }
            body(
              ConvolutionPass(
                receivers: receivers, starts: a, senders: b, knots: knots, edges: rows, channels: padded, paths: p,
                pathCount: paths.count, table: table.base, functionCount: functionCount,
                features: hasFeatures ? features.base : nil, featureStride: rowsPerSender * padded,
                messages: messages.base, messageStride: receivers * padded,
                featureAdjoint: hasFeatures ? featureAdjoint.base : nil, scratch: scratch.base, knotCount: knotCount,
                terms: terms.baseAddress, rowStride: grid.rowStride))
          }
        }
      }
    }
  }

  /// R of a path, edge and channel, and its derivative.
  func radial(_ path: ConvolutionPath, _ e: Int, _ channel: Int) -> (Double, Double) {
    let place0 = (channel / c.lanes * functionCount + Int(path.function)) * c.lanes + channel % c.lanes
    let t = (0..<knotCount).map { table[Int(knots[e]) + $0 * grid.rowStride + place0] }
    return (
      (0..<knotCount).reduce(0) { $0 + edges[place(e, 4 + $1)] * t[$1] },
      (0..<knotCount).reduce(0) { $0 + edges[place(e, 4 + knotCount + $1)] * t[$1] }
    )
  }
  func featurePlace(_ e: Int, _ path: ConvolutionPath, _ m: Int, _ channel: Int) -> Int {
    (Int(senders[e]) * rowsPerSender + Int(path.senderRow) + m) * padded + channel
  }
  func feature(_ e: Int, _ path: ConvolutionPath, _ m: Int, _ channel: Int) -> Double {
    hasFeatures ? features[featurePlace(e, path, m, channel)] : 1
  }
  /// K of a path and edge, from its rows or from harmonics.
  func coefficient(_ path: ConvolutionPath, _ e: Int, _ m1: Int, _ m3: Int) -> Double {
    if path.harmonicCount == 0 {
      return edges[place(e, Int(path.coefficientRow) + m1 * Int(path.messageCount) + m3)]
    }
    return elements(path, m1, m3).reduce(0) {
      $0 + $1.value * edges[place(e, Int(path.harmonicRow) + $1.harmonic)]
    }
  }
  /// C of two components: which harmonic, and the value.
  func elements(_ path: ConvolutionPath, _ m1: Int, _ m3: Int) -> [(harmonic: Int, value: Double)] {
    terms[Int(path.firstTerm)..<Int(path.termEnd)].compactMap {
      let (first, second) = $0.factors.quotientAndRemainder(dividingBy: path.harmonicCount)
      return Int(first) == m1 && Int($0.message) == m3 ? (Int(second), $0.value) : nil
    }
  }
  /// Adds a number to ∂E/∂K in some rows, or what it makes of ∂E/∂Y.
  func addToCoefficient(
    _ path: ConvolutionPath, _ e: Int, _ m1: Int, _ m3: Int, _ value: Double, _ rows: inout [Double]
  ) {
    let row = Int(path.coefficientAdjointRow)
    if path.harmonicCount == 0 {
      rows[place(e, row + m1 * Int(path.messageCount) + m3)] += value
    } else {
      for c in elements(path, m1, m3) { rows[place(e, row + c.harmonic)] += c.value * value }
    }
  }
  /// Calls `body` with every path, receiver, edge, m₁ and m₃.
  func forEach(_ body: (ConvolutionPath, Int, Int, Int, Int) -> Void) {
    for path in paths {
      for i in 0..<receivers {
        for e in Int(starts[i])..<Int(starts[i + 1]) {
          for m1 in 0..<Int(path.senderCount) {
            for m3 in 0..<Int(path.messageCount) { body(path, i, e, m1, m3) }
          }
        }
      }
    }
  }
}

/// What a tile is made of.
struct ConvolutionSetup: CustomStringConvertible, Sendable {
  let name: String
  let shapes: [(Int, Int)]
  var harmonics: [Int] = []
  var degree = 3
  var hasFeatures = true
  var shared = false
  var counts = [3, 0, 17, 8, 11]
  var description: String { "\(name), splines of degree \(degree)" }

  func tile(_ c: KernelCase, channels: Int, seed: Int) -> ConvolutionTile {
    ConvolutionTile(
      c, channels: channels, shapes: shapes, harmonics: harmonics, counts: counts, seed: UInt64(seed), degree: degree,
      hasFeatures: hasFeatures, shared: shared)
  }

  static let all = setups(degree: 3) + setups(degree: 5)

  private static func setups(degree: Int) -> [ConvolutionSetup] {
    // More edges than a batch, and vectors of edges that begin anywhere.
    let counts = [3, 0, 17, 61, 11, 101, 1]
    return [
      ConvolutionSetup(name: "one scalar", shapes: [(1, 1)], degree: degree),
      ConvolutionSetup(name: "scalars to 0 and 1", shapes: [(1, 1), (1, 3)], degree: degree),
      ConvolutionSetup(name: "scalars to 4", shapes: [(1, 1), (1, 3), (1, 5), (1, 7), (1, 9)], degree: degree),
      ConvolutionSetup(
        name: "scalars and vectors", shapes: [(1, 1), (1, 3), (3, 1), (3, 3), (3, 5), (3, 7), (3, 9), (1, 7)],
        degree: degree),
      ConvolutionSetup(
        name: "senders of degree 2", shapes: [(5, 1), (1, 5), (5, 3), (5, 5), (5, 7), (5, 9), (3, 5)], degree: degree),
      ConvolutionSetup(
        name: "senders of degree 3 and 4", shapes: [(7, 1), (9, 1), (7, 3), (9, 5), (7, 9)], degree: degree),
      ConvolutionSetup(
        name: "vectors through tensors",
        shapes: [(3, 3), (3, 3), (3, 3), (3, 5), (1, 3), (3, 5), (3, 5), (3, 7), (3, 9), (3, 9)],
        harmonics: [1, 3, 3, 3, 0, 5, 5, 5, 7, 9], degree: degree),
      ConvolutionSetup(
        name: "degree 2 through tensors", shapes: [(5, 5), (5, 3), (5, 5), (5, 1), (5, 5), (5, 7), (5, 9)],
        harmonics: [1, 3, 3, 0, 5, 7, 9], degree: degree),
      ConvolutionSetup(
        name: "degrees 3 and 4 through tensors",
        shapes: [(7, 7), (9, 9), (7, 5), (9, 7), (7, 7), (9, 9), (7, 7), (9, 9), (9, 9)],
        harmonics: [1, 1, 3, 3, 5, 5, 7, 7, 9], degree: degree),
      ConvolutionSetup(
        name: "no features, one function", shapes: [(1, 1), (1, 3), (1, 5), (1, 7)], degree: degree,
        hasFeatures: false, shared: true, counts: counts),
      ConvolutionSetup(
        name: "no features, one function, more components than a batch",
        shapes: [(1, 9), (1, 9), (1, 9), (1, 9), (1, 5)], degree: degree, hasFeatures: false, shared: true,
        counts: counts),
      ConvolutionSetup(
        name: "no features, several functions", shapes: [(1, 1), (1, 3), (1, 5), (1, 7), (1, 9)], degree: degree,
        hasFeatures: false, counts: counts),
    ]
  }
}

@Suite("Convolution over receivers' edges")
struct ConvolutionTests {
  @Test("messages are the plain sums", arguments: KernelCase.all, ConvolutionSetup.all)
  func forward(_ c: KernelCase, _ setup: ConvolutionSetup) {
    for channels in [16, 40] {
      let t = setup.tile(c, channels: channels, seed: 7)
      for i in 0..<t.messages.count { t.messages[i] = .nan }
      t.withPass { c.kernels.convolve($0) }
      var expected = [Double](repeating: 0, count: t.messages.count)
      t.forEach { path, i, e, m1, m3 in
        let row = Int(path.messageRow) + m3
        let coefficient = t.coefficient(path, e, m1, m3)
        for k in 0..<t.padded {
          expected[(row * t.receivers + i) * t.padded + k] +=
            coefficient * t.radial(path, e, k).0 * t.feature(e, path, m1, k)
        }
      }
      #expect(relativeError(t.messages.values, expected) < c.tolerance, "\(setup), \(channels) channels")
    }
  }

  @Test("adjoints are the plain sums", arguments: KernelCase.all, ConvolutionSetup.all)
  func backward(_ c: KernelCase, _ setup: ConvolutionSetup) {
    for channels in [16, 40] {
      let t = setup.tile(c, channels: channels, seed: 70)
      var random = SmallGenerator(4)
      for i in 0..<t.messages.count { t.messages[i] = random.next() }
      let before = t.edges.values
      t.withPass { c.kernels.convolveAdjoint($0) }
      var edges = before
      var features = [Double](repeating: 0, count: t.featureAdjoint.count)
      for e in 0..<t.edgeCount { edges[t.place(e, t.lengthAdjoint)] = 0 }
      for path in t.paths {
        for e in 0..<t.edgeCount {
          for m in 0..<Int(path.harmonicCount > 0 ? path.harmonicCount : path.senderCount * path.messageCount) {
            edges[t.place(e, Int(path.coefficientAdjointRow) + m)] = 0
          }
        }
      }
      t.forEach { path, i, e, m1, m3 in
        let coefficient = t.coefficient(path, e, m1, m3)
        var sum = 0.0
        for k in 0..<t.padded {
          let bar = t.messages[((Int(path.messageRow) + m3) * t.receivers + i) * t.padded + k]
          let (r, slope) = t.radial(path, e, k)
          let h = t.feature(e, path, m1, k)
          if t.hasFeatures { features[t.featurePlace(e, path, m1, k)] += coefficient * r * bar }
          sum += r * h * bar
          edges[t.place(e, t.lengthAdjoint)] += coefficient * slope * h * bar
        }
        t.addToCoefficient(path, e, m1, m3, sum, &edges)
      }
      if t.hasFeatures {
        #expect(relativeError(t.featureAdjoint.values, features) < c.tolerance, "\(setup), \(channels) channels")
      }
      #expect(relativeError(t.edges.values, edges) < 2 * c.tolerance, "\(setup), \(channels) channels")
    }
  }

  @Test("a receiver has the same bits in any tile", arguments: KernelCase.all, ConvolutionSetup.all)
  func tiles(_ c: KernelCase, _ setup: ConvolutionSetup) {
    let t = setup.tile(c, channels: 40, seed: 5)
    t.withPass { c.kernels.convolve($0) }
    let whole = t.messages.values
    t.withPass { c.kernels.convolveAdjoint($0) }
    let edges = t.edges.values
    func one(_ i: Int, _ pass: borrowing ConvolutionPass) -> ConvolutionPass {
      var one = copy pass
      one.receivers = 1
      one.starts = pass.starts + i
      one.messages = t.messages.base + i * t.padded * (c.isDouble ? 8 : 4)
      return one
    }
    t.withPass { pass in for i in 0..<t.receivers { c.kernels.convolve(one(i, pass)) } }
    #expect(t.messages.values == whole)
    t.withPass { pass in for i in 0..<t.receivers { c.kernels.convolveAdjoint(one(i, pass)) } }
    #expect(t.edges.values == edges)
  }
}
