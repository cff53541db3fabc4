import TektiteCore
import TektiteLinearAlgebra

/// Ridge regression with standardised features: w = argmin |y − ȳ − Z w|² + α |w|², where Z are the features less their means over their standard deviations, both of the training
/// rows. A column that does not vary in them has no weight. The same as scikit-learn's `Ridge(alpha)` behind its `StandardScaler`.
///
/// The closed form goes through the eigenvalues of ZᵀZ, after which every penalty α and every target costs little. ZᵀZ of any set of training rows follows from sums over folds,
/// so that cross-validation multiplies the features out only once.
public struct RidgeRegression: Sendable {
  /// Rows by features, shifted by their means over all rows and divided by their deviations. For the model this changes nothing, because it standardises anew whatever it is
  /// trained with; for rounding it does.
  private let features: Matrix
  /// Rows by targets, shifted likewise.
  private let targets: Matrix
  private let targetMeans: [Double]
  /// For each fold, its rows.
  private let folds: [[Int]]
  private let sums: [FoldSums]

  /// What a fold adds to the sums of a set of training rows.
  private struct FoldSums: Sendable {
    var count: Int
    var features: [Double]
    var targets: [Double]
    /// XᵀX and XᵀY.
    var square: Matrix
    var cross: Matrix
  }

  /// Takes in samples.
  /// - Parameters:
  ///   - features: rows × features.
  ///   - targets: rows × targets.
  ///   - folds: for each row the number of its fold, from 0 to `foldCount` − 1; every fold has rows.
  public init(features: Matrix, targets: Matrix, folds: [Int], foldCount: Int, team: ThreadTeam) {
    precondition(features.rows == targets.rows && folds.count == features.rows, "samples that do not fit together")
    let (p, t) = (features.columns, targets.columns)
    self.features = Self.standardized(features)
    let shift = Self.means(targets)
    var shifted = targets
    for i in 0..<targets.rows { for k in 0..<t { shifted[i, k] -= shift[k] } }
    targetMeans = shift
    self.targets = shifted
    let rows = (0..<foldCount).map { fold in folds.indices.filter { folds[$0] == fold } }
    self.folds = rows
    let results = Slots<FoldSums>(foldCount)
    let all = self.features
    team.forEachChunk(foldCount) { fold in
      let (x, y) = (all.rows(rows[fold]), shifted.rows(rows[fold]))
      var sums = FoldSums(
        count: x.rows, features: [Double](repeating: 0, count: p), targets: [Double](repeating: 0, count: t),
        square: x.gram, cross: Matrix.product(x, y, transposingFirst: true))
      for i in 0..<x.rows {
        for k in 0..<p { sums.features[k] += x[i, k] }
        for k in 0..<t { sums.targets[k] += y[i, k] }
      }
      results.put(sums, at: fold)
    }
    sums = results.all
  }

  private static func means(_ a: Matrix) -> [Double] {
    var means = [Double](repeating: 0, count: a.columns)
    for i in 0..<a.rows { for k in 0..<a.columns { means[k] += a[i, k] } }
    return means.map { $0 / Double(max(1, a.rows)) }
  }

  private static func standardized(_ a: Matrix) -> Matrix {
    var result = a
    let means = means(a)
    var squares = [Double](repeating: 0, count: a.columns)
    for i in 0..<a.rows {
      for k in 0..<a.columns {
        result[i, k] -= means[k]
        squares[k] += result[i, k] * result[i, k]
      }
    }
    let inverses = squares.indices.map { k -> Double in
      let deviation = (squares[k] / Double(max(1, a.rows))).squareRoot()
      // What is left of a constant after rounding is no feature.
      return deviation > 1e-13 * abs(means[k]) ? 1 / deviation : 0
    }
    for i in 0..<a.rows { for k in 0..<a.columns { result[i, k] *= inverses[k] } }
    return result
  }

  /// The model that a set of rows teaches, before a penalty is chosen.
  struct Trained {
    let means, inverses: [Double]
    let targetMeans: [Double]
    let problem: SymmetricEigenproblem
    /// Eigenvectors × ZᵀY, or × Y where the eigenproblem is that of ZZᵀ: eigenvalues by targets.
    let projected: Matrix
    /// Z where there are fewer rows than features, so that the eigenproblem of ZZᵀ is the smaller one.
    let rows: Matrix?

    /// Coefficients in terms of Z: features × penalties for one target.
    func weights(_ penalties: [Double], target: Int) -> Matrix {
      var scaled = Matrix(rows: problem.values.count, columns: penalties.count)
      for (k, value) in problem.values.enumerated() {
        for (c, penalty) in penalties.enumerated() {
          scaled[k, c] = projected[k, target] / (max(0, value) + penalty)
        }
      }
      let combined = Matrix.product(problem.vectors, scaled, transposingFirst: true)
      return rows.map { Matrix.product($0, combined, transposingFirst: true) } ?? combined
    }

    /// Rows as the model sees them.
    func standardize(_ rows: Matrix) -> Matrix {
      var z = rows
      for i in 0..<z.rows { for k in 0..<z.columns { z[i, k] = (z[i, k] - means[k]) * inverses[k] } }
      return z
    }
  }

  /// Trains with all rows but those of some folds.
  func train(without held: [Int]) throws(LinearAlgebraError) -> Trained {
    let (p, t) = (features.columns, targets.columns)
    var (sum, targetSum) = ([Double](repeating: 0, count: p), [Double](repeating: 0, count: t))
    var (square, cross) = (Matrix(rows: p, columns: p), Matrix(rows: p, columns: t))
    var count = 0
    for (fold, part) in sums.enumerated() where !held.contains(fold) {
      count += part.count
      for k in 0..<p { sum[k] += part.features[k] }
      for k in 0..<t { targetSum[k] += part.targets[k] }
      for k in square.elements.indices { square.elements[k] += part.square.elements[k] }
      for k in cross.elements.indices { cross.elements[k] += part.cross.elements[k] }
    }
    let n = Double(count)
    let means = sum.map { $0 / n }
    let targetMeans = targetSum.map { $0 / n }
    // Features have variance one over all rows, so that this bound is relative.
    let inverses = (0..<p).map { k -> Double in
      let variance = square[k, k] / n - means[k] * means[k]
      return variance > 1e-12 ? 1 / variance.squareRoot() : 0
    }
    if count < p {
      let training = sums.indices.filter { !held.contains($0) }.flatMap { folds[$0] }
      var (rows, goals) = (features.rows(training), targets.rows(training))
      for i in 0..<count {
        for k in 0..<p { rows[i, k] = (rows[i, k] - means[k]) * inverses[k] }
        for k in 0..<t { goals[i, k] -= targetMeans[k] }
      }
      let problem = try SymmetricEigenproblem(Matrix.product(rows, rows, transposingSecond: true))
      return Trained(
        means: means, inverses: inverses, targetMeans: targetMeans, problem: problem,
        projected: Matrix.product(problem.vectors, goals), rows: rows)
    }
    for i in 0..<p {
      for j in 0..<p { square[i, j] = (square[i, j] - n * means[i] * means[j]) * inverses[i] * inverses[j] }
      for k in 0..<t { cross[i, k] = (cross[i, k] - n * means[i] * targetMeans[k]) * inverses[i] }
    }
    let problem = try SymmetricEigenproblem(square)
    return Trained(
      means: means, inverses: inverses, targetMeans: targetMeans, problem: problem,
      projected: Matrix.product(problem.vectors, cross), rows: nil)
  }

  /// What the model trained without some folds says of rows, `[target][row][penalty]` as matrices of rows × penalties.
  func predict(_ rows: [Int], by model: Trained, _ penalties: [Double]) -> [Matrix] {
    let z = model.standardize(features.rows(rows))
    return (0..<targets.columns).map { target in
      var values = Matrix.product(z, model.weights(penalties, target: target))
      let shift = model.targetMeans[target] + targetMeans[target]
      for k in values.elements.indices { values.elements[k] += shift }
      return values
    }
  }

  /// What comes of cross-validation.
  public struct CrossValidation: Sendable {
    /// For each target, each row as the folds without it predict it.
    public var predictions: [[Double]]
    /// For each target and fold, the penalty with which that fold was predicted.
    public var penalties: [[Double]]
  }

  /// Predicts every row by a model that has not seen its fold, neither for weights nor for standardisation nor for the choice of the penalty: for each fold the penalty is that
  /// with the least squared error when the other folds predict one another.
  /// - Parameter penalties: to choose from.
  /// - Throws: what the eigenproblem throws.
  public func crossValidate(penalties: [Double], team: ThreadTeam) throws(LinearAlgebraError) -> CrossValidation {
    let (count, t) = (folds.count, targets.columns)
    precondition(count >= 3, "a penalty cannot be chosen within fewer than three folds")
    // Each set of one or two folds that are held out is one eigenproblem.
    var held: [[Int]] = (0..<count).map { [$0] }
    for a in 0..<count { for b in a + 1..<count { held.append([a, b]) } }
    // For held folds {a, b}: errors of a, then of b, by target and penalty. For {a}: the predictions of its rows.
    let errors = Slots<[[[Double]]]>(held.count)
    let outer = Slots<[Matrix]>(held.count)
    let failures = Slots<LinearAlgebraError>(held.count)
    let problems = held
    team.forEachChunk(held.count) { index in
      let out = problems[index]
      do throws(LinearAlgebraError) {
        let model = try train(without: out)
        let found = out.map { predict(folds[$0], by: model, penalties) }
        if out.count == 1 {
          outer.put(found[0], at: index)
        } else {
          errors.put(zip(out, found).map { squaredErrors($0, $1, penalties.count) }, at: index)
        }
      } catch {
        failures.put(error, at: index)
      }
    }
    if let failure = failures.all.first { throw failure }
    var result = CrossValidation(
      predictions: [[Double]](repeating: [Double](repeating: 0, count: features.rows), count: t), penalties: [])
    for target in 0..<t {
      var chosen: [Double] = []
      for fold in 0..<count {
        var total = [Double](repeating: 0, count: penalties.count)
        for (index, out) in held.enumerated() where out.count == 2 && out.contains(fold) {
          // The other of the two is what was predicted.
          guard let pair = errors[index] else { continue }
          let part = pair[out[0] == fold ? 1 : 0][target]
          for k in total.indices { total[k] += part[k] }
        }
        let best = total.indices.min { total[$0] < total[$1] } ?? 0
        chosen.append(penalties[best])
        guard let matrix = outer[fold]?[target] else { continue }
        for (place, row) in folds[fold].enumerated() { result.predictions[target][row] = matrix[place, best] }
      }
      result.penalties.append(chosen)
    }
    return result
  }

  private func squaredErrors(_ fold: Int, _ predictions: [Matrix], _ penalties: Int) -> [[Double]] {
    predictions.enumerated().map { target, matrix in
      (0..<penalties).map { c in
        var sum = 0.0
        for (place, row) in folds[fold].enumerated() {
          let difference = matrix[place, c] - targetMeans[target] - targets[row, target]
          sum += difference * difference
        }
        return sum
      }
    }
  }
}

/// Results of pieces of work that several threads do, each in its own place.
final class Slots<Value>: @unchecked Sendable {
  private let places: UnsafeMutablePointer<Value?>
  private let count: Int

  init(_ count: Int) {
    self.count = count
    places = .allocate(capacity: count)
    places.initialize(repeating: nil, count: count)
  }
  deinit {
    places.deinitialize(count: count)
    places.deallocate()
  }

  /// Only the thread that does piece `index` may call this, while the team works.
  func put(_ value: Value, at index: Int) { places[index] = value }
  subscript(index: Int) -> Value? { places[index] }
  /// Those that were put, in order.
  var all: [Value] { (0..<count).compactMap { places[$0] } }
}
