import TektiteKernels
import Testing

@Suite("From displacements to messages and back")
struct EdgeChainTests {
  /// One receiver, scalar senders, l to 3, rows at their default places: the gradient of Σ w·A with respect to displacements against differences.
  @Test("gradients are those of the energy", arguments: KernelCase.all.filter(\.isDouble))
  func gradient(_ c: KernelCase) {
    var random = SmallGenerator(17)
    let (edges, channels, lanes) = (11, 8, c.lanes)
    let chunks = (edges + lanes - 1) / lanes
    let storage = Scalars(chunks * 48 * lanes, isDouble: true)
    let rows = EdgeRows(base: storage.base, chunkStride: 48 * lanes, count: edges)
    func place(_ e: Int, _ row: Int) -> Int { e / lanes * 48 * lanes + row * lanes + e % lanes }
    for e in 0..<(chunks * lanes) {
      for axis in 0..<3 { storage[place(e, axis)] = 2.2 * random.next() }
    }
    // Smooth functions that vanish at the end of the table, and displacements on both sides of it.
    let cutoff = 2.2
    let table = RadialTable<Double>(start: 0, spacing: cutoff / 30, samples: 31, functions: 4, channels: channels) {
      k, f, channel in
      let r = Double(k) / 30
      return (1 - r) * (1 - r) * (1 - r) * (1 + Double(f) * r + Double(channel) * r * r)
    }
    let paths = (0..<4).map { l in
      ConvolutionPath(
        senderRow: 0, senderCount: 1, messageRow: l * l, messageCount: 2 * l + 1,
        coefficientRow: rows.harmonics + l * l,
        coefficientAdjointRow: rows.harmonicsAdjoint + l * l, function: l)
    }
    let features = Scalars(random.array(edges * channels), isDouble: true)
    let featureAdjoint = Scalars(edges * channels, isDouble: true)
    let weights = random.array(16 * channels)
    let messages = Scalars(16 * channels, isDouble: true)
    let scratch = Scalars(ConvolutionPass.scratchBytes(edges: edges, channels: channels) / 8, isDouble: true)
    let knots = UnsafeMutablePointer<Int32>.allocate(capacity: chunks * lanes)
    defer { knots.deallocate() }
    let senders = (0..<edges).map { Int32($0) }

    func run(back: Bool) -> Double {
      [Int32(0), Int32(edges)].withUnsafeBufferPointer { starts in
        senders.withUnsafeBufferPointer { senders in
          paths.withUnsafeBufferPointer { paths in
            guard let a = starts.baseAddress, let b = senders.baseAddress, let p = paths.baseAddress else { return 0 }
            let pass = ConvolutionPass(
              receivers: 1, starts: a, senders: b, knots: knots, edges: rows, channels: channels, paths: p,
              pathCount: 4,
              table: table.base, functionCount: 4, features: features.base, featureStride: channels,
              messages: messages.base, messageStride: channels, featureAdjoint: featureAdjoint.base,
              scratch: scratch.base)
            c.kernels.harmonics(rows)
            c.kernels.splineWeights(rows, table.grid, knots: knots)
            c.kernels.convolve(pass)
            let energy = weights.indices.reduce(0) { $0 + weights[$1] * messages[$1] }
            if back {
              for i in weights.indices { messages[i] = weights[i] }
              c.kernels.convolveAdjoint(pass)
              c.kernels.harmonicsAdjoint(rows)
            }
            return energy
          }
        }
      }
    }
    _ = run(back: true)
    let gradients = (0..<edges).flatMap { e in (0..<3).map { storage[place(e, 45 + $0)] } }
    var differences: [Double] = []
    for e in 0..<edges {
      for axis in 0..<3 {
        let here = storage[place(e, axis)]
        storage[place(e, axis)] = here + 1e-5
        let above = run(back: false)
        storage[place(e, axis)] = here - 1e-5
        let below = run(back: false)
        storage[place(e, axis)] = here
        differences.append((above - below) / 2e-5)
      }
    }
    #expect(relativeError(gradients, differences) < 1e-8)
    let lengths = (0..<edges).map { storage[place($0, 3)] }
    #expect(lengths.contains { $0 > cutoff } && lengths.contains { $0 < cutoff })
    // What is beyond the cutoff feels nothing.
    for e in 0..<edges where lengths[e] > cutoff {
      for axis in 0..<3 { #expect(gradients[3 * e + axis] == 0) }
    }
  }
}
