import TektiteKernels

/// Radial functions as sums of few: R_f(r) ≈ Σ_k φ_k(r) W_kf. Where what is sent depends on the species alone, a convolution then needs a sum over neighbours for each φ instead of
/// one for each function, and W afterwards.
///
/// The φ come from a Gram-Schmidt process over the sampled functions that takes the one which is worst represented next, each direction orthogonalised twice. There are no more
/// than the network's last layer reads, since all functions are sums of those. Over the samples the φ are orthogonal with a mean square of 1, so that W carries the sizes.
public struct LowRankRadial: Sendable {
  /// The number of φ.
  public let rank: Int
  /// The number of functions.
  public let functionCount: Int
  /// φ at the distances of the samples, of shape [sample][rank].
  public let samples: [Double]
  /// W, of shape [rank][function].
  public let weights: [Double]
  /// The error that was measured: the largest over samples and functions of |R − φW|/s_f, where s_f is the largest |R_f| over samples, or a thousandth of that of the largest function
  /// if this is more.
  public let error: Double

  /// Finds few functions for the factors of radial functions, whose distances may be those of several pairs of species one after the other (`RadialFactors.stacked`).
  /// - Parameter tolerance: what the error shall stay below; rounding limits it to some 10⁻¹⁵.
  public init(_ factors: RadialFactors, tolerance: Double) {
    let (n, width) = (factors.distances.count, factors.width)
    guard let weights = factors.weights else {
      self.init(samples: factors.values, functionCount: width, tolerance: tolerance)
      return
    }
    // An orthonormal basis of the factors first: the functions are then short columns, whose lengths are those of the sampled ones.
    var basis = PivotedBasis(factors.values, columns: width)
    while basis.rank < min(n, width), basis.largestNorm > 1e-15 * basis.firstNorm { basis.extend() }
    let coordinates = DenseProduct.multiply(
      basis.directions, factors.values, rows: basis.rank, depth: n, columns: width)
    let short = DenseProduct.multiply(
      coordinates, weights, rows: basis.rank, depth: width, columns: factors.functionCount)
    self.init(
      values: factors.expanded().values, functionCount: factors.functionCount, short: short,
      directions: basis.directions, tolerance: tolerance)
  }

  /// Finds few functions for any sampled functions.
  /// - Parameters:
  ///   - samples: of shape [sample][function].
  ///   - functionCount: how many functions.
  ///   - tolerance: what the error shall stay below; rounding limits it to some 10⁻¹⁵.
  public init(samples: [Double], functionCount: Int, tolerance: Double) {
    self.init(
      values: samples, functionCount: functionCount, short: samples, directions: nil, tolerance: tolerance)
  }

  /// - Parameters:
  ///   - short: the functions as columns of coordinates, [coordinate][function].
  ///   - directions: what the coordinates belong to, orthonormal rows [coordinate][sample]; nil where coordinates are samples.
  private init(
    values: [Double], functionCount: Int, short: [Double], directions: [Double]?, tolerance: Double
  ) {
    let norm = RadialNorm(of: values, functions: functionCount)
    let n = values.count / max(1, functionCount)
    let coordinates = short.count / max(1, functionCount)
    // In units of what errors are measured by. Lengths are sums over samples, so a mean error of the tolerance is this long.
    let factors = norm.scales.map { $0 > 0 ? 1 / $0 : 0 }
    var scaled = short
    for row in 0..<coordinates {
      for f in 0..<functionCount { scaled[row * functionCount + f] *= factors[f] }
    }
    var basis = PivotedBasis(scaled, columns: functionCount)
    var target = tolerance * Double(n).squareRoot()
    let most = min(coordinates, functionCount)
    while true {
      while basis.rank < most, basis.largestNorm > target { basis.extend() }
      let scale = Double(n).squareRoot()
      var weights = DenseProduct.multiply(
        basis.directions, short, rows: basis.rank, depth: coordinates, columns: functionCount)
      for k in weights.indices { weights[k] /= scale }
      var rows = basis.directions
      if let directions {
        rows = DenseProduct.multiply(rows, directions, rows: basis.rank, depth: coordinates, columns: n)
      }
      var samples = [Double](repeating: 0, count: n * basis.rank)
      for k in 0..<basis.rank {
        for i in 0..<n { samples[i * basis.rank + k] = scale * rows[k * n + i] }
      }
      var errors = DenseProduct.multiply(samples, weights, rows: n, depth: basis.rank, columns: functionCount)
      for k in errors.indices { errors[k] -= values[k] }
      let error = norm.largest(ofErrors: errors)
      // A mean below the tolerance is no largest value below it.
      if error <= tolerance || basis.rank == most || basis.largestNorm <= 1e-16 * basis.firstNorm {
        (rank, self.functionCount, self.samples, self.weights) = (basis.rank, functionCount, samples, weights)
        self.error = error
        return
      }
      target = 0.5 * min(target, basis.largestNorm)
    }
  }
}

extension RadialFactors {
  /// The factors of several pairs of species one after the other.
  /// - Precondition: all are of the same functions, and either all have derivatives or none.
  public static func stacked(_ parts: [RadialFactors]) -> RadialFactors {
    precondition(
      !parts.isEmpty && parts.allSatisfy { $0.width == parts[0].width && $0.functionCount == parts[0].functionCount },
      "factors of different functions")
    return RadialFactors(
      distances: parts.flatMap(\.distances), width: parts[0].width, values: parts.flatMap(\.values),
      derivatives: parts.flatMap(\.derivatives), weights: parts[0].weights, functionCount: parts[0].functionCount)
  }
}

/// Orthonormal directions for the columns of a matrix, one after the other, each along what is left of the column of which most is left.
private struct PivotedBasis {
  /// The directions, of shape [direction][row].
  private(set) var directions: [Double] = []
  /// How many.
  private(set) var rank = 0
  /// The length of the longest column of what is left, and of the matrix.
  private(set) var largestNorm = 0.0, firstNorm = 0.0
  private let rows: Int
  private let columns: Int
  /// What the directions leave of the matrix, [row][column].
  private var rest: [Double]
  private var longest = 0

  init(_ matrix: [Double], columns: Int) {
    (rest, self.columns) = (matrix, columns)
    rows = matrix.count / max(1, columns)
    measure()
    firstNorm = largestNorm
  }

  private mutating func measure() {
    var squares = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for k in 0..<columns { squares[k] += rest[row * columns + k] * rest[row * columns + k] }
    }
    longest = squares.indices.max { squares[$0] < squares[$1] } ?? 0
    largestNorm = squares.isEmpty ? 0 : squares[longest].squareRoot()
  }

  mutating func extend() {
    var direction = (0..<rows).map { rest[$0 * columns + longest] / largestNorm }
    for _ in 0..<2 {
      // What rounding has left along earlier directions grows as the rest gets shorter.
      for k in 0..<rank {
        let first = k * rows
        var overlap = 0.0
        for i in 0..<rows { overlap += directions[first + i] * direction[i] }
        for i in 0..<rows { direction[i] -= overlap * directions[first + i] }
      }
      let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for i in 0..<rows { direction[i] /= length }
    }
    let overlaps = DenseProduct.multiply(direction, rest, rows: 1, depth: rows, columns: columns)
    for row in 0..<rows {
      let factor = direction[row]
      for k in 0..<columns { rest[row * columns + k] -= factor * overlaps[k] }
    }
    directions += direction
    rank += 1
    measure()
  }
}
