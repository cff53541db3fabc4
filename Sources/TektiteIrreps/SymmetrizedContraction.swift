/// A symmetric contraction with what symmetry makes redundant taken out, for fast evaluation.
///
/// All factors are the same vector A, so only the sum of U over orders of its indices matters: a polynomial in A for each path and component. Paths
/// whose polynomials depend linearly on those of earlier paths are dropped, and their weights are folded into the others by W′ = T W. For
/// A = 0e+1o+2e+3o and order 3 the 23 paths to 0e with 353 elements become 8 polynomials with 77 terms.
public struct SymmetrizedContraction: Hashable, Sendable {
  /// One term of a polynomial: value · A_i A_j ….
  public struct Term: Hashable, Sendable {
    /// Component M of the output.
    public let component: Int
    /// Which of the kept paths.
    public let path: Int
    /// Indices of the factors, ascending.
    public let indices: [Int]
    /// The coefficient.
    public let value: Double
  }

  /// Irreps of A for one channel.
  public let input: Irreps
  /// The irrep of B.
  public let output: Irrep
  /// How many factors.
  public let order: Int
  /// Number of paths before.
  public let originalPathCount: Int
  /// The paths that were kept, by their number before.
  public let keptPaths: [Int]
  /// T, row-major of shape [kept, before]: column p expresses path p in the kept ones.
  public let transformation: [Double]
  /// All terms, sorted by component, path and indices.
  public let terms: [Term]

  /// Symmetrises a basis. A path depends on earlier ones when less than `tolerance` of it is left without them, and terms smaller than that are dropped;
  /// for tensors that were stored in single precision it must be above their rounding, 10⁻⁵ say.
  public init(_ basis: SymmetricContractionBasis, tolerance: Double = 1e-10) {
    (input, output, order) = (basis.input, basis.output, basis.order)
    originalPathCount = basis.paths.count
    struct Monomial: Hashable {
      let component: Int
      let indices: [Int]
    }
    var rows: [Monomial: Int] = [:]
    var monomials: [Monomial] = []
    var columns: [[Int: Double]] = []
    for path in basis.paths {
      var column: [Int: Double] = [:]
      for e in path {
        let monomial = Monomial(component: e.component, indices: basis.indices(of: e).sorted())
        if rows[monomial] == nil {
          rows[monomial] = monomials.count
          monomials.append(monomial)
        }
        column[rows[monomial] ?? 0, default: 0] += e.value
      }
      columns.append(column)
    }
    let dense = columns.map { column in
      var values = [Double](repeating: 0, count: monomials.count)
      for (row, value) in column { values[row] = value }
      return values
    }
    let reduction = ColumnReduction(dense, tolerance: tolerance)
    keptPaths = reduction.kept
    transformation = reduction.transformation
    var terms: [Term] = []
    for (k, path) in reduction.kept.enumerated() {
      for (row, value) in dense[path].enumerated() where abs(value) > tolerance {
        let monomial = monomials[row]
        terms.append(Term(component: monomial.component, path: k, indices: monomial.indices, value: value))
      }
    }
    self.terms = terms.sorted {
      ($0.component, $0.path) != ($1.component, $1.path)
        ? ($0.component, $0.path) < ($1.component, $1.path) : $0.indices.lexicographicallyPrecedes($1.indices)
    }
  }

  /// W′ = T W for weights of shape [paths before, channels], row-major; the result has shape [kept paths, channels]. Throws on a wrong length.
  public func fold(_ weights: [Double], channels: Int) throws(IrrepsError) -> [Double] {
    let (needed, overflow) = originalPathCount.multipliedReportingOverflow(by: channels)
    guard channels >= 0, !overflow, weights.count == needed else {
      throw IrrepsError("\(originalPathCount) paths and \(channels) channels do not make \(weights.count) weights")
    }
    // Without paths there are no weights, for any number of channels.
    guard originalPathCount > 0 else { return [] }
    var folded = [Double](repeating: 0, count: keptPaths.count * channels)
    for k in keptPaths.indices {
      for p in 0..<originalPathCount {
        let t = transformation[k * originalPathCount + p]
        guard t != 0 else { continue }
        for c in 0..<channels { folded[k * channels + c] += t * weights[p * channels + c] }
      }
    }
    return folded
  }

  /// B of one channel, 2L+1 components, and ∂B_M/∂A_i, row-major of shape [2L+1, dimension]. `weights` are folded ones. Throws on a wrong length.
  public func evaluate(
    _ a: [Double], weights: [Double]
  ) throws(IrrepsError) -> (values: [Double], gradients: [Double]) {
    guard a.count == input.dimension, weights.count == keptPaths.count else {
      throw IrrepsError(
        "expected \(input.dimension) components and \(keptPaths.count) folded weights, got \(a.count) and \(weights.count)"
      )
    }
    var values = [Double](repeating: 0, count: output.dimension)
    var gradients = [Double](repeating: 0, count: output.dimension * a.count)
    for term in terms {
      let factor = weights[term.path] * term.value
      values[term.component] += term.indices.reduce(factor) { $0 * a[$1] }
      for k in term.indices.indices {
        var product = factor
        for (j, i) in term.indices.enumerated() where j != k { product *= a[i] }
        gradients[term.component * a.count + term.indices[k]] += product
      }
    }
    return (values, gradients)
  }
}

/// The columns of a matrix that do not depend linearly on earlier ones, and all columns in terms of them.
struct ColumnReduction {
  let kept: [Int]
  /// Row-major [kept, columns].
  let transformation: [Double]

  /// Gram-Schmidt with one repetition; a column depends on earlier ones when less than `tolerance` of it is left. All columns have the same length.
  init(_ columns: [[Double]], tolerance: Double) {
    var directions: [[Double]] = []
    var kept: [Int] = []
    var projections: [[Double]] = []  // of each column on the directions known when it was met
    for (p, column) in columns.enumerated() {
      var rest = column
      var projection = [Double](repeating: 0, count: directions.count)
      for _ in 0..<2 {
        for (k, direction) in directions.enumerated() {
          let overlap = zip(direction, rest).reduce(0) { $0 + $1.0 * $1.1 }
          projection[k] += overlap
          for i in rest.indices { rest[i] -= overlap * direction[i] }
        }
      }
      let (before, after) = (Self.length(column), Self.length(rest))
      if after > tolerance * max(1, before) {
        directions.append(rest.map { $0 / after })
        projection.append(after)
        kept.append(p)
      }
      projections.append(projection)
    }
    // Kept columns are upper triangular in the directions: R x = projection, from the bottom.
    var transformation = [Double](repeating: 0, count: kept.count * columns.count)
    for (p, projection) in projections.enumerated() {
      var x = projection
      for k in stride(from: x.count - 1, through: 0, by: -1) {
        for j in (k + 1)..<max(k + 1, x.count) { x[k] -= projections[kept[j]][k] * x[j] }
        x[k] /= projections[kept[k]][k]
      }
      for (k, value) in x.enumerated() where abs(value) > 1e-13 { transformation[k * columns.count + p] = value }
    }
    self.kept = kept
    self.transformation = transformation
  }

  private static func length(_ column: [Double]) -> Double {
    column.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
