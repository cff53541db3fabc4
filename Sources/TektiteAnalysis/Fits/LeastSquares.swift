#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Weighted nonlinear least squares after Levenberg and Marquardt (Marquardt 1963, doi:10.1137/0111030), for a handful of parameters.
struct LeastSquares {
  /// Where the sum of squares is smallest.
  struct Minimum {
    var parameters: [Double]
    /// Σ ((y − f)/σ)².
    var chiSquared: Double
    /// (JᵀJ)⁻¹ with the rows of J divided by σ, row by row.
    var covariance: [[Double]]
  }

  /// Why there is no minimum.
  enum Failure: Error {
    /// The points do not tell some parameters apart, or a parameter runs away.
    case undetermined
    /// The model has no value where the search started.
    case noStart
  }

  let x: [Double]
  let y: [Double]
  /// One standard error of each, or 1.
  let sigma: [Double]
  /// The model; what is not finite keeps the search away.
  let model: (Double, [Double]) -> Double

  /// Searches from a starting point. The covariance is that of the linearised model at the minimum.
  func minimize(from start: [Double]) throws(Failure) -> Minimum {
    var p = start
    var residuals = self.residuals(p)
    var chiSquared = Self.square(residuals)
    guard chiSquared.isFinite else { throw .noStart }
    var damping = 1e-3
    var isSettled = false
    for _ in 0..<500 where !isSettled {
      let rows = jacobian(p)
      let (normal, gradient) = Self.normalEquations(rows, residuals)
      let scale = normal.indices.map { normal[$0][$0] }
      guard scale.allSatisfy({ $0 > 0 && $0.isFinite }) else { throw .undetermined }
      var isBetter = false
      while !isBetter, damping < 1e16 {
        var damped = normal
        for k in scale.indices { damped[k][k] = scale[k] * (1 + damping) }
        guard let step = Self.solve(damped, gradient) else {
          damping *= 10
          continue
        }
        let next = zip(p, step).map { $0 + $1 }
        let nextResiduals = self.residuals(next)
        let nextSquare = Self.square(nextResiduals)
        // A step that changes nothing has met rounding.
        if nextSquare < chiSquared {
          isBetter = true
          // Steps far below a standard error change nothing that anybody sees; near the minimum they shrink quadratically.
          let length = zip(step, scale).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
          isSettled = length <= 1e-22 * max(chiSquared, Double(x.count) * 1e-12) || nextSquare == 0
          (p, residuals, chiSquared) = (next, nextResiduals, nextSquare)
          damping = max(1e-12, damping / 10)
        } else {
          damping *= 10
        }
      }
      // No direction leads down any more: rounding is reached.
      if !isBetter { isSettled = true }
    }
    guard isSettled else { throw .undetermined }
    guard let covariance = Self.inverse(Self.normalEquations(jacobian(p), residuals).normal) else {
      throw .undetermined
    }
    return Minimum(parameters: p, chiSquared: chiSquared, covariance: covariance)
  }

  private func residuals(_ p: [Double]) -> [Double] {
    x.indices.map { (y[$0] - model(x[$0], p)) / sigma[$0] }
  }

  private static func square(_ residuals: [Double]) -> Double {
    let sum = residuals.reduce(0) { $0 + $1 * $1 }
    return sum.isFinite ? sum : .infinity
  }

  /// Derivatives by central differences, which are good to some 1e-10 of themselves; one-sided where the model ends.
  private func jacobian(_ p: [Double]) -> [[Double]] {
    var rows = [[Double]](repeating: [Double](repeating: 0, count: p.count), count: x.count)
    for k in p.indices {
      let step = 6e-6 * max(abs(p[k]), 1e-3)
      var (below, above) = (p, p)
      below[k] -= step
      above[k] += step
      for i in x.indices {
        let (low, high) = (model(x[i], below), model(x[i], above))
        var slope = (high - low) / (above[k] - below[k])
        if !low.isFinite { slope = (high - model(x[i], p)) / (above[k] - p[k]) }
        if !high.isFinite { slope = (model(x[i], p) - low) / (p[k] - below[k]) }
        rows[i][k] = slope / sigma[i]
      }
    }
    return rows
  }

  private static func normalEquations(
    _ rows: [[Double]], _ residuals: [Double]
  ) -> (normal: [[Double]], gradient: [Double]) {
    let count = rows.first?.count ?? 0
    var normal = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    var gradient = [Double](repeating: 0, count: count)
    for (row, residual) in zip(rows, residuals) {
      for a in 0..<count {
        gradient[a] += row[a] * residual
        for b in 0..<count { normal[a][b] += row[a] * row[b] }
      }
    }
    return (normal, gradient)
  }

  /// Solves a symmetric positive definite system by Cholesky's factors, its rows and columns scaled to a unit diagonal; nil where it is
  /// singular to rounding.
  static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
    let count = right.count
    let scale = matrix.indices.map { 1 / matrix[$0][$0].squareRoot() }
    guard scale.allSatisfy(\.isFinite) else { return nil }
    var lower = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for i in 0..<count {
      for j in 0...i {
        var sum = matrix[i][j] * scale[i] * scale[j]
        for k in 0..<j { sum -= lower[i][k] * lower[j][k] }
        if i == j {
          guard sum > 1e-14 else { return nil }
          lower[i][i] = sum.squareRoot()
        } else {
          lower[i][j] = sum / lower[j][j]
        }
      }
    }
    var solution = zip(right, scale).map { $0 * $1 }
    for i in 0..<count {
      for k in 0..<i { solution[i] -= lower[i][k] * solution[k] }
      solution[i] /= lower[i][i]
    }
    for i in (0..<count).reversed() {
      for k in i + 1..<count where k < count { solution[i] -= lower[k][i] * solution[k] }
      solution[i] /= lower[i][i]
    }
    let result = zip(solution, scale).map { $0 * $1 }
    return result.allSatisfy(\.isFinite) ? result : nil
  }

  private static func inverse(_ matrix: [[Double]]) -> [[Double]]? {
    var columns: [[Double]] = []
    for k in matrix.indices {
      var unit = [Double](repeating: 0, count: matrix.count)
      unit[k] = 1
      guard let column = solve(matrix, unit) else { return nil }
      columns.append(column)
    }
    return columns
  }

  /// Coefficients of the sum of functions that fits best, by the normal equations; for starting points.
  static func linear(_ functions: [[Double]], _ y: [Double], _ sigma: [Double]) -> (
    coefficients: [Double], chiSquared: Double
  )? {
    let rows = y.indices.map { i in functions.map { $0[i] / sigma[i] } }
    let scaled = zip(y, sigma).map { $0 / $1 }
    let (normal, gradient) = normalEquations(rows, scaled)
    guard let coefficients = solve(normal, gradient) else { return nil }
    let rest = zip(rows, scaled).reduce(0.0) { sum, pair in
      let miss = pair.1 - zip(pair.0, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
      return sum + miss * miss
    }
    return (coefficients, rest)
  }
}
