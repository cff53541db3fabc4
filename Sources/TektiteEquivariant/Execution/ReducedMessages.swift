import TektiteKernels

/// Messages from senders that are known by their species, as sums of few radial functions (the form of the atomic cluster expansion). With R_f = Σ_k φ_k W_kf,
///
///     A_lm,c[i] = Σ_j R_lc(r_ij) h_c(z_j) Y_lm = Σ_(z,k) (W_k,lc h_c(z)) Σ_(j of z) φ_k(r_ij) Y_lm
///
/// The inner sums are what a convolution leaves; the matrix before them is multiplied into the linear map that reads the messages.
struct ReducedMessages: Sendable {
  /// Blocks of the inner sums: channel z·width + k.
  let blocks: [NetworkPlan.Block]
  private let rank: Int, width: Int, functionCount: Int
  private let weights: [Double]
  private let features: [[Double]]
  private let paths: [NetworkPlan.Convolution.Path]
  private let channels: [Int]
  /// Q and U of W^T = Q U, row-major: with orthonormal columns, and upper triangular.
  private let directions: [Double], triangle: [Double]

  init(
    _ functions: LowRankRadial, _ paths: [NetworkPlan.Convolution.Path], features: [[Double]],
    blocks: [NetworkPlan.Block], isDouble: Bool
  ) {
    let rank = functions.rank
    (self.rank, functionCount, weights) = (rank, functions.functionCount, functions.weights)
    (self.features, self.paths, channels) = (features, paths, blocks.map(\.channels))
    let width = NetworkGrain.padded(rank, isDouble: isDouble)
    self.width = width
    self.blocks = blocks.map { .init(rows: $0.rows, channels: features.count * width) }
    // Gram-Schmidt, twice, since the rows of W are of very different sizes.
    let n = functions.functionCount
    var (q, u) = ([Double](repeating: 0, count: n * rank), [Double](repeating: 0, count: rank * rank))
    for k in 0..<rank {
      var rest = Array(functions.weights[(k * n)..<((k + 1) * n)])
      for _ in 0..<2 {
        for j in 0..<k {
          var overlap = 0.0
          for f in 0..<n { overlap += q[j * n + f] * rest[f] }
          for f in 0..<n { rest[f] -= overlap * q[j * n + f] }
          u[j * rank + k] += overlap
        }
      }
      let norm = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
      u[k * rank + k] = norm
      for f in 0..<n { q[k * n + f] = norm > 0 ? rest[f] / norm : 0 }
    }
    (directions, triangle) = (q, u)
  }

  /// φ of a distance at which all radial functions are known: φ W = R.
  func project(_ values: [Double]) -> [Double] {
    // φ Uᵀ = R Q, from the last function on.
    var result = [Double](repeating: 0, count: rank)
    for j in (0..<rank).reversed() {
      var sum = 0.0
      for f in 0..<functionCount { sum += values[f] * directions[j * functionCount + f] }
      for k in (j + 1)..<max(j + 1, rank) { sum -= result[k] * triangle[j * rank + k] }
      result[j] = triangle[j * rank + j] > 0 ? sum / triangle[j * rank + j] : 0
    }
    return result
  }

  /// A map that reads messages, as one that reads the inner sums.
  func expand(_ map: NetworkPlan.Linear, _ outputs: [NetworkPlan.Block]) -> NetworkPlan.Linear {
    var result = map
    result.paths = map.paths.map { path in
      let columns = outputs[path.outputBlock].channels
      let own = paths.filter { $0.outputBlock == path.inputBlock }
      let sets = path.weights.map { matrix in
        var product = [Double](repeating: 0, count: features.count * width * columns)
        for path in own {
          for (z, row) in features.enumerated() {
            // W h for the channels of the message, then times the matrix.
            let n = channels[path.outputBlock]
            var left = [Double](repeating: 0, count: rank * n)
            for k in 0..<rank {
              for c in 0..<n {
                left[k * n + c] = path.factor * weights[k * functionCount + path.firstFunction + c] * row[c]
              }
            }
            let part = DenseProduct.multiply(left, matrix, rows: rank, depth: n, columns: columns)
            for i in 0..<(rank * columns) { product[z * width * columns + i] += part[i] }
          }
        }
        return product
      }
      return .init(inputBlock: path.inputBlock, outputBlock: path.outputBlock, weights: sets)
    }
    return result
  }

  /// Whether multiplications fall, forward and back, for forty edges.
  func isCheaper(
    than paths: [NetworkPlan.Convolution.Path], _ messages: [NetworkPlan.Block], _ readers: [[NetworkPlan.Block]]
  ) -> Bool {
    let edges = 40
    var (direct, few) = (0, edges * width * 12)
    for path in paths {
      let block = messages[path.outputBlock]
      direct += edges * block.channels * (12 + 3 * block.rows)
      few += edges * width * 3 * block.rows
      for reader in readers {
        // Maps join blocks of as many rows.
        let columns = reader.filter { $0.rows == block.rows }.reduce(0) { $0 + $1.channels }
        direct += 2 * block.rows * block.channels * columns
        few += 2 * block.rows * blocks[path.outputBlock].channels * columns
      }
    }
    return few < direct
  }
}
