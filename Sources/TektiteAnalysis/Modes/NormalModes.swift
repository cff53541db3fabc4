import TektiteCore
import TektiteLinearAlgebra

/// The vibrations of a structure around a minimum of its energy: eigenvalues λ = ω² and eigenvectors e of M^(−1/2) H M^(−1/2), and what is made of them.
public struct NormalModes: Sendable {
  /// ω² of each mode, increasing; those of translations are zero but for rounding.
  public let eigenvalues: [Double]
  /// Row k is e_k, mass-weighted and normalised, 3N numbers; in a plane every third is 0.
  public let vectors: Matrix
  /// Participation ratios 1/(N Σ_i |e_i|⁴): 1 where all atoms move alike, 1/N where one moves alone.
  public let participation: [Double]
  /// Whether these are all 3N modes (2N in a plane), or only the lowest.
  public let isComplete: Bool
  /// Which modes cost no energy: |ω²| below `zeroBound`.
  public let zeros: [Int]
  /// The bound of zero: 1e-9 of the largest eigenvalue, or ten times the error of the Hessian where that is larger.
  public let zeroBound: Double
  /// The largest |D e − λ e| of the modes that were found by iteration, in units of λ; 0 for the dense solver.
  public let largestResidual: Double
  /// Σ ω² as the trace of the dynamical matrix has it.
  public let trace: Double
  /// The number of dimensions in which atoms move.
  public let dimensions: Int
  private let masses: [Double]

  /// Up to so many degrees of freedom the dense solver is used unless fewer modes are asked for.
  public static let denseLimit = 3000

  /// Finds the modes of a Hessian.
  /// - Parameters:
  ///   - masses: of the atoms.
  ///   - count: how many of the lowest modes, translations not counted, by Lanczos iteration; nil for all, densely.
  /// - Throws: `PotentialError` when the eigenproblem cannot be solved.
  public init(_ hessian: Hessian, masses: [Double], count: Int?, team: ThreadTeam) throws(PotentialError) {
    let n = hessian.count
    let weighted = hessian.massWeighted(masses)
    let dimensions = hessian.dimensions
    self.dimensions = dimensions
    let translations = Self.translations(masses, dimensions: dimensions)
    trace = weighted.trace
    self.masses = masses
    let error = 10 * max(hessian.largestRowSum, hessian.asymmetry) / (masses.min() ?? 1)
    if let count, count < dimensions * (n - 1) {
      let lanczos = try Lanczos(weighted, count: count, locked: translations, team: team)
      // Rayleigh quotients of the translations, which are known beforehand.
      var product = [Double](repeating: 0, count: 3 * n)
      let quotients = (0..<dimensions).map { axis -> Double in
        let t = Array(translations.row(axis))
        weighted.multiply(t, into: &product, team: team)
        return zip(t, product).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let values = quotients + lanczos.values
      let rows = Matrix(
        rows: values.count, columns: 3 * n, elements: translations.elements + lanczos.vectors.elements)
      let order = values.indices.sorted { values[$0] < values[$1] }
      eigenvalues = order.map { values[$0] }
      vectors = rows.rows(order)
      largestResidual = lanczos.residuals.max() ?? 0
      isComplete = false
      // The largest eigenvalue is not among these; the mean is no larger.
      zeroBound = max(1e-9 * abs(trace) / Double(hessian.coordinates), error)
    } else {
      do throws(LinearAlgebraError) {
        let problem = try SymmetricEigenproblem(weighted.dense)
        eigenvalues = problem.values
        vectors = dimensions == 3 ? problem.vectors : Self.lifted(problem.vectors, atoms: n)
      } catch {
        throw .invalidParameters("normal modes: \(error.description)")
      }
      largestResidual = 0
      isComplete = true
      zeroBound = max(1e-9 * (eigenvalues.last ?? 0), error)
    }
    let (values, bound, rows) = (eigenvalues, zeroBound, vectors)
    zeros = values.indices.filter { abs(values[$0]) < bound }
    participation = values.indices.map { k in
      var fourth = 0.0
      for i in 0..<n {
        let e = rows.elements[(k * n + i) * 3..<(k * n + i + 1) * 3]
        let square = e.reduce(0) { $0 + $1 * $1 }
        fourth += square * square
      }
      return 1 / (Double(n) * fourth)
    }
  }

  /// Rows of 2N numbers with zeros along z: 3N numbers.
  private static func lifted(_ rows: Matrix, atoms n: Int) -> Matrix {
    var lifted = Matrix(rows: rows.rows, columns: 3 * n)
    for k in 0..<rows.rows {
      for i in 0..<n {
        lifted[k, 3 * i] = rows[k, 2 * i]
        lifted[k, 3 * i + 1] = rows[k, 2 * i + 1]
      }
    }
    return lifted
  }

  /// Orthonormal rows that move all atoms alike: √m along each axis.
  static func translations(_ masses: [Double], dimensions: Int = 3) -> Matrix {
    let total = masses.reduce(0, +)
    var rows = Matrix(rows: dimensions, columns: 3 * masses.count)
    for (i, mass) in masses.enumerated() {
      for axis in 0..<dimensions { rows[axis, 3 * i + axis] = (mass / total).squareRoot() }
    }
    return rows
  }

  /// Modes with ω² below zero by more than the bound: directions in which the structure is no minimum.
  public var unstable: [Int] { eigenvalues.indices.filter { eigenvalues[$0] <= -zeroBound } }
  /// Modes with ω² above the bound.
  public var vibrations: [Int] { eigenvalues.indices.filter { eigenvalues[$0] >= zeroBound } }
  /// √ω² of a vibration.
  public func frequency(_ mode: Int) -> Double { max(0, eigenvalues[mode]).squareRoot() }

  /// ψ_i = Σ_k |e_ki|²/(m_i ω_k²) over the vibrations: k_B T ψ_i is the mean squared displacement of atom i in the harmonic approximation, its Debye-Waller factor.
  public var debyeWaller: [Double] {
    let n = masses.count
    var psi = [Double](repeating: 0, count: n)
    for k in vibrations {
      for i in 0..<n {
        var square = 0.0
        for axis in 0..<3 { square += vectors[k, 3 * i + axis] * vectors[k, 3 * i + axis] }
        psi[i] += square / eigenvalues[k]
      }
    }
    return zip(psi, masses).map { $0 / $1 }
  }

  /// How atoms move in a mode, e_i/√m_i, scaled so that the longest displacement is 1.
  public func displacements(_ mode: Int) -> [Vector3] {
    let moves = masses.indices.map { i in
      (1 / masses[i].squareRoot())
        * Vector3(vectors[mode, 3 * i], vectors[mode, 3 * i + 1], vectors[mode, 3 * i + 2])
    }
    let longest = moves.map(\.length).max() ?? 0
    return longest > 0 ? moves.map { (1 / longest) * $0 } : moves
  }
}
