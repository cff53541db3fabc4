/// The numbers that networks are made of here.
protocol NetworkScalar: BinaryFloatingPoint, BitwiseCopyable {}
extension Float: NetworkScalar {}
extension Double: NetworkScalar {}

extension NetworkScalar {
  static var isDouble: Bool { MemoryLayout<Self>.stride == 8 }
  /// Numbers in 64 bytes.
  static var lanes: Int { 64 / MemoryLayout<Self>.stride }
}

/// Memory that only grows, aligned to 64 bytes; its contents are lost when it grows.
final class Scratch {
  private(set) var base: UnsafeMutableRawPointer
  private var capacity: Int

  init() {
    capacity = 64
    base = .allocate(byteCount: 64, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: 64)
  }

  deinit { base.deallocate() }

  /// Makes room for `bytes`, all zero if memory is new.
  func reserve(_ bytes: Int) {
    guard bytes > capacity else { return }
    base.deallocate()
    capacity = bytes + bytes / 4
    base = .allocate(byteCount: capacity, alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
  }

  /// Room for numbers of a type.
  func numbers<T: BitwiseCopyable>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    reserve(count * MemoryLayout<T>.stride)
    return base.bindMemory(to: T.self, capacity: max(1, count))
  }

  /// What `numbers` made, as long as nothing has been reserved since.
  func numbers<T: BitwiseCopyable>(_ type: T.Type) -> UnsafeMutablePointer<T> { base.assumingMemoryBound(to: T.self) }
}

/// Matrices of a linear step with their transposes, padded: rows of weights are never a multiple of 512 bytes apart, which would crowd the cache.
final class LinearWeights<S: NetworkScalar> {
  struct Path {
    let inputBlock: Int, outputBlock: Int
    /// One matrix for all species or one for each, [in][out padded] and [out][in padded].
    let forward: [AlignedNumbers<S>], backward: [AlignedNumbers<S>]
    let forwardStride: Int, backwardStride: Int
    /// Whether earlier paths wrote the output block already.
    let isLater: Bool
  }
  let input: Int, output: Int
  let paths: [Path]
  /// Output blocks without a path.
  let empty: [Int]
  /// For each output block its biases, padded, or nil.
  let biases: [AlignedNumbers<S>?]

  init(_ step: NetworkPlan.Linear, _ layouts: [FeatureLayout]) {
    (input, output) = (step.input, step.output)
    let (from, to) = (layouts[step.input].blocks, layouts[step.output].blocks)
    func stride(_ width: Int) -> Int { width * MemoryLayout<S>.stride % 512 == 0 ? width + S.lanes : width }
    var seen = Set<Int>()
    paths = step.paths.map { path in
      let (a, b) = (from[path.inputBlock], to[path.outputBlock])
      let (right, left) = (stride(b.width), stride(a.width))
      var forward: [AlignedNumbers<S>] = []
      var backward: [AlignedNumbers<S>] = []
      for weights in path.weights {
        let w = AlignedNumbers<S>(count: a.channels * right)
        let t = AlignedNumbers<S>(count: b.channels * left)
        for i in 0..<a.channels {
          for k in 0..<b.channels {
            let value = S(weights[i * b.channels + k])
            w.base[i * right + k] = value
            t.base[k * left + i] = value
          }
        }
        forward.append(w)
        backward.append(t)
      }
      return Path(
        inputBlock: path.inputBlock, outputBlock: path.outputBlock, forward: forward, backward: backward,
        forwardStride: right, backwardStride: left, isLater: !seen.insert(path.outputBlock).inserted)
    }
    empty = to.indices.filter { !seen.contains($0) }
    biases = to.indices.map { k in
      guard k < step.biases.count, !step.biases[k].isEmpty else { return nil }
      return AlignedNumbers<S>(step.biases[k].map { S($0) })
    }
  }
}

/// Tables of a contraction and its weights by species. A contraction to one scalar needs its gradient only, which brings the value along. To order 3 polynomials are
/// evaluated by pairs of factors, above by general tables.
final class ContractionWeights<S: NetworkScalar> {
  let input: Int, output: Int
  let isScalar: Bool
  let inputRows: Int, outputRows: Int, pathCount: Int
  let channels: Int, width: Int
  let cubic: CubicTables?
  let values: PolynomialTables, gradients: PolynomialTables
  /// Whether some component has no polynomial, so that nobody writes it.
  let hasGaps: Bool
  /// Rows of the tables in use by channel, one set for all species or one for each.
  let weights: [AlignedNumbers<S>]

  init(_ step: NetworkPlan.Contraction, _ layouts: [FeatureLayout]) {
    (input, output) = (step.input, step.output)
    let (from, to) = (layouts[step.input].blocks, layouts[step.output].blocks)
    inputRows = from.reduce(0) { $0 + $1.rows }
    outputRows = to.reduce(0) { $0 + $1.rows }
    isScalar = outputRows == 1
    hasGaps = Set(step.monomials.map(\.component)).count < outputRows
    pathCount = step.pathCount
    let (channels, width) = (from[0].channels, from[0].width)
    (self.channels, self.width) = (channels, width)
    let cubic = CubicTables(
      step.monomials, inputs: inputRows, components: outputRows, paths: step.pathCount)
    self.cubic = cubic
    let general = cubic == nil ? step.monomials : []
    values = .values(general, inputs: inputRows)
    gradients = .gradients(general, inputs: inputRows, paths: step.pathCount)
    weights = step.weights.map { set in
      let rows = cubic?.weightRows(from: set, channels: channels) ?? set
      let count = rows.count / max(1, channels)
      let numbers = AlignedNumbers<S>(count: max(1, count) * width)
      for p in 0..<count { for c in 0..<channels { numbers.base[p * width + c] = S(rows[p * channels + c]) } }
      return numbers
    }
  }

  /// Bytes of scratch that a pass needs.
  var scratchBytes: Int { cubic?.scratchBytes ?? max(values.scratchBytes, gradients.scratchBytes) }
}

/// Rows of channels by species.
final class ConstantRows<S: NetworkScalar> {
  let output: Int
  /// [species][scalars of an atom].
  let rows: AlignedNumbers<S>

  init(_ step: NetworkPlan.Constant, _ layouts: [FeatureLayout]) {
    output = step.output
    let layout = layouts[step.output]
    rows = AlignedNumbers<S>(count: step.rows.count * layout.size)
    for (z, blocks) in step.rows.enumerated() {
      for (block, values) in zip(layout.blocks, blocks) {
        for (c, value) in values.enumerated() { rows.base[z * layout.size + block.offset + c] = S(value) }
      }
    }
  }
}
