import TektiteCore
import TektiteLinearAlgebra

/// The lowest eigenpairs of a sparse symmetric matrix by the Lanczos method with full reorthogonalisation and thick restarts (Wu and Simon 2000, doi:10.1137/S0895479898334605).
///
/// Each new basis vector is made orthogonal, twice, to all that are kept, and its products with them are taken as computed, so that neither ghosts nor lost orthogonality
/// arise. When the basis is full, the lowest Ritz vectors and the last residual begin the next one. Equal eigenvalues, of which one sequence sees a single vector, are looked
/// for by further searches among what is orthogonal to everything found.
struct Lanczos {
  /// Eigenvalues, increasing, and their vectors as rows.
  private(set) var values: [Double] = []
  private(set) var vectors: Matrix
  /// |A v − λ v| of each.
  private(set) var residuals: [Double] = []
  /// Products with the matrix.
  private(set) var products = 0
  private let hessian: Hessian
  private let team: ThreadTeam
  private var n: Int { 3 * hessian.count }

  /// Finds them.
  /// - Parameters:
  ///   - locked: orthonormal vectors to stay orthogonal to, as rows: known eigenvectors.
  ///   - count: how many eigenpairs, fewer than rows without the locked ones.
  ///   - tolerance: of the residuals, in units of the largest eigenvalue.
  /// - Throws: `LinearAlgebraError` when they do not converge.
  init(
    _ hessian: Hessian, count: Int, locked: Matrix, tolerance: Double = 1e-11, maximumProducts: Int = 200_000,
    team: ThreadTeam
  ) throws(PotentialError) {
    self.hessian = hessian
    self.team = team
    vectors = Matrix(rows: 0, columns: 3 * hessian.count)
    var kept = locked
    var missing = count
    var seed: UInt64 = 1
    while missing > 0 {
      let free = hessian.coordinates - kept.rows
      guard free > 0 else { break }
      let found = try search(min(missing, free), kept, tolerance, maximumProducts, seed)
      // A second and further search only has to show that nothing lower was passed over.
      let highest = values.count >= count ? values[count - 1] : .infinity
      let bound = highest.isFinite ? highest - 1e-9 * abs(highest) : .infinity
      let fresh = found.values.indices.filter { found.values[$0] < bound }
      if fresh.isEmpty { break }
      add(found, fresh)
      kept = Matrix(
        rows: kept.rows + fresh.count, columns: n,
        elements: kept.elements + fresh.flatMap { Array(found.vectors.row($0)) })
      missing = 1
      seed += 1
    }
    let order = values.indices.sorted { values[$0] < values[$1] }.prefix(count)
    (values, residuals, vectors) = (order.map { values[$0] }, order.map { residuals[$0] }, vectors.rows(Array(order)))
  }

  private mutating func add(_ found: Found, _ fresh: [Int]) {
    vectors = Matrix(
      rows: vectors.rows + fresh.count, columns: n,
      elements: vectors.elements + fresh.flatMap { Array(found.vectors.row($0)) })
    for k in fresh {
      values.append(found.values[k])
      residuals.append(found.residuals[k])
    }
    let order = values.indices.sorted { values[$0] < values[$1] }
    (values, residuals, vectors) = (order.map { values[$0] }, order.map { residuals[$0] }, vectors.rows(order))
  }

  private struct Found {
    var values: [Double]
    var vectors: Matrix
    var residuals: [Double]
  }

  private mutating func search(
    _ count: Int, _ locked: Matrix, _ tolerance: Double, _ maximumProducts: Int, _ seed: UInt64
  ) throws(PotentialError) -> Found {
    let free = hessian.coordinates - locked.rows
    let size = min(free, max(2 * count + 80, 160))
    // Rows: the basis, with room for the residual that follows it.
    var basis = [Double](repeating: 0, count: (size + 1) * n)
    var projected = Matrix(rows: size, columns: size)
    start(&basis, 0, locked, seed)
    var filled = 0
    let first = products
    while true {
      var coupling = 0.0
      while filled < size {
        coupling = extend(&basis, filled, &projected, locked)
        filled += 1
        // An invariant subspace: go on with any other direction.
        if coupling == 0, filled < size { start(&basis, filled, locked, seed &+ UInt64(filled) &* 7919) }
      }
      let problem: SymmetricEigenproblem
      do throws(LinearAlgebraError) {
        problem = try SymmetricEigenproblem(projected)
      } catch {
        throw .invalidParameters("normal modes: \(error.description)")
      }
      let scale = max(abs(problem.values[0]), abs(problem.values[size - 1]))
      let residuals = (0..<size).map { abs(coupling * problem.vectors[$0, size - 1]) }
      let isDone = (0..<count).allSatisfy { residuals[$0] <= tolerance * scale } || size == free
      // Half of the room beyond what is wanted keeps the way that was gone.
      let keep = isDone ? count : count + (size - count) / 2
      let ritz = combine(basis, problem.vectors, keep, size)
      if isDone {
        return Found(
          values: Array(problem.values[0..<count]), vectors: Matrix(rows: count, columns: n, elements: ritz),
          residuals: Array(residuals[0..<count]))
      }
      guard products - first < maximumProducts else {
        throw .invalidParameters(
          "the \(count) lowest modes did not converge in \(maximumProducts) products with the Hessian; ask for fewer, or for all of a smaller system"
        )
      }
      let residual = Array(basis[size * n..<(size + 1) * n])
      basis.replaceSubrange(0..<keep * n, with: ritz)
      basis.replaceSubrange(keep * n..<(keep + 1) * n, with: residual)
      projected = Matrix(rows: size, columns: size)
      for k in 0..<keep { projected[k, k] = problem.values[k] }
      filled = keep
    }
  }

  /// Lowest Ritz vectors.
  private func combine(_ basis: [Double], _ coefficients: Matrix, _ keep: Int, _ size: Int) -> [Double] {
    var result = [Double](repeating: 0, count: keep * n)
    TektiteLinearAlgebra.multiply(coefficients.elements, basis, into: &result, m: keep, n: n, k: size)
    return result
  }

  /// Multiplies basis vector k, fills column k of the projected matrix, and puts the normalised residual behind it. Returns the residual's length, 0 where nothing is left.
  private mutating func extend(
    _ basis: inout [Double], _ k: Int, _ projected: inout Matrix, _ locked: Matrix
  ) -> Double {
    products += 1
    let n = n
    let (hessian, team) = (hessian, team)
    return basis.withUnsafeMutableBufferPointer { buffer -> Double in
      let vectors = buffer.baseAddress!
      let next = vectors + (k + 1) * n
      hessian.multiply(vectors + k * n, into: next, team: team)
      let size = Self.length(next, n)
      var column = [Double](repeating: 0, count: k + 1)
      for _ in 0..<2 {
        let part = Self.remove(vectors, k + 1, n, from: next)
        for i in 0...k { column[i] += part[i] }
        Self.remove(locked.elements, locked.rows, n, from: next)
      }
      for i in 0...k {
        projected[i, k] = column[i]
        projected[k, i] = column[i]
      }
      let left = Self.length(next, n)
      guard left > 1e-14 * size, left > 0 else {
        for i in 0..<n { next[i] = 0 }
        return 0
      }
      for i in 0..<n { next[i] /= left }
      return left
    }
  }

  /// Puts a vector that looks random, orthogonal to those before it, in place k of the basis.
  private func start(_ basis: inout [Double], _ k: Int, _ locked: Matrix, _ seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    let (n, isPlanar) = (n, hessian.dimensions == 2)
    basis.withUnsafeMutableBufferPointer { buffer in
      let vectors = buffer.baseAddress!
      let own = vectors + k * n
      for i in 0..<n {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        own[i] = Double(state >> 11) / Double(1 << 53) - 0.5
        // What begins in the plane stays there.
        if isPlanar, i % 3 == 2 { own[i] = 0 }
      }
      for _ in 0..<2 {
        Self.remove(vectors, k, n, from: own)
        Self.remove(locked.elements, locked.rows, n, from: own)
        let size = Self.length(own, n)
        for i in 0..<n { own[i] /= size }
      }
    }
  }

  /// Takes the components along some orthonormal rows out of a vector; returns them.
  @discardableResult
  private static func remove(
    _ rows: UnsafePointer<Double>, _ count: Int, _ n: Int, from vector: UnsafeMutablePointer<Double>
  ) -> [Double] {
    var components = [Double](repeating: 0, count: count)
    guard count > 0 else { return components }
    TektiteLinearAlgebra.multiply(rows, rows: count, columns: n, transposed: false, vector, into: &components)
    TektiteLinearAlgebra.multiply(
      rows, rows: count, columns: n, transposed: true, components, into: vector, scale: -1, keep: 1)
    return components
  }

  private static func length(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    var sum = 0.0
    for i in 0..<n { sum += x[i] * x[i] }
    return sum.squareRoot()
  }
}
