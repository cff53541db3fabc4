/// The tables of polynomials up to order 3, made from the same lists of monomials as `PolynomialTables` and several times faster. All paths' monomials are
/// merged: the kernels read coefficients by monomial and channel, which `weightRows` makes from weights by path and channel once for a model, so neither the number of
/// paths nor their basis matters. Monomials with the same coefficients in all paths have one row.
public struct CubicTables {
  /// Components of A and of B, and paths.
  public let inputCount: Int, componentCount: Int, pathCount: Int
  /// Coefficients of each path in each row, [row][path]; row 0 is zero.
  private let rows: [[Double]]
  private let values: Lists
  private let sum: Lists
  private let rowSums: AlignedNumbers<CubicProgram.RowSum>
  private let rowTerms: AlignedNumbers<CubicProgram.Term>
  private let rowSumCount: Int
  /// Pairs of the gradient's program.
  public var pairCount: Int { sum.pairCount }
  /// Terms of those pairs.
  public var termCount: Int { sum.termCount }

  /// The arrays of a list of polynomials.
  private struct Lists {
    let polynomials: AlignedNumbers<CubicProgram.Polynomial>
    let linear: AlignedNumbers<CubicProgram.Term>, pairs: AlignedNumbers<CubicProgram.Pair>,
      terms: AlignedNumbers<CubicProgram.Term>
    let count: Int, pairCount: Int, termCount: Int

    /// Of each polynomial the row of each monomial.
    init(_ list: [[[Int]: Int]]) {
      var polynomials: [CubicProgram.Polynomial] = []
      var linear: [CubicProgram.Term] = []
      var pairs: [CubicProgram.Pair] = []
      var terms: [CubicProgram.Term] = []
      for monomials in list {
        linear += monomials.filter { $0.key.count == 1 }.sorted { $0.key[0] < $1.key[0] }
          .map { CubicProgram.Term(row: $0.value, factor: $0.key[0]) }
        for (pair, others) in CubicTables.pairs(monomials) {
          terms += others.map { CubicProgram.Term(row: $0.row, factor: $0.factor) }
          pairs.append(.init(first: pair[0], second: pair[1], row: monomials[pair] ?? 0, end: terms.count))
        }
        polynomials.append(.init(linearEnd: linear.count, pairEnd: pairs.count))
      }
      self.polynomials = AlignedNumbers(polynomials)
      self.linear = AlignedNumbers(linear)
      self.pairs = AlignedNumbers(pairs)
      self.terms = AlignedNumbers(terms)
      (count, pairCount, termCount) = (polynomials.count, pairs.count, terms.count)
    }
    var program: CubicProgram.List {
      CubicProgram.List(
        polynomials: polynomials.base, count: count, linear: linear.base, pairs: pairs.base, terms: terms.base)
    }
  }

  /// Makes tables; nil when a monomial has no factor or more than three, which `PolynomialTables` must do then.
  /// - Parameters:
  ///   - monomials: the polynomials, with finite values; those of equal component, path and factors are added up.
  ///   - inputs: components of A.
  ///   - components: components M of B.
  ///   - paths: number of paths.
  public init?(_ monomials: [PolynomialTables.Monomial], inputs: Int, components: Int, paths: Int) {
    guard monomials.allSatisfy({ (1...3).contains($0.indices.count) }) else { return nil }
    precondition(
      monomials.allSatisfy { m in
        (0..<components).contains(m.component) && (0..<paths).contains(m.path)
          && m.indices.allSatisfy { (0..<inputs).contains($0) }
      }, "a monomial of a component, path or factor that there is not")
    (inputCount, componentCount, pathCount) = (inputs, components, paths)
    var coefficients = [[[Int]: [Double]]](repeating: [:], count: components)
    for m in monomials {
      coefficients[m.component][m.indices.sorted(), default: Array(repeating: 0, count: paths)][m.path] += m.value
    }
    // Rows are the same when their coefficients agree to 10⁻¹² of the largest of all.
    let size = monomials.reduce(Double.leastNormalMagnitude) { max($0, abs($1.value)) }
    var rows = [[Double](repeating: 0, count: paths)]
    var known: [[Int]: Int] = [[Int](repeating: 0, count: paths): 0]
    var components: [[[Int]: Int]] = []
    for list in coefficients {
      var numbered: [[Int]: Int] = [:]
      for (monomial, row) in list.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        let key = row.map { Int(($0 / size * 1e12).rounded()) }
        if known[key] == nil {
          known[key] = rows.count
          rows.append(row)
        }
        numbered[monomial] = known[key]
      }
      components.append(numbered)
    }
    self.rows = rows
    values = Lists(components)

    // Σ_M B̄_M B_M: each of its rows is a sum of B̄_M times a row; those of one component keep their numbers.
    var sums: [[Int]] =
      components.count == 1 ? rows.indices.map { [$0] } : [Array(repeating: 0, count: components.count)]
    var knownSums: [[Int]: Int] = [:]
    for (k, s) in sums.enumerated() { knownSums[s] = k }
    var merged: [[Int]: Int] = [:]
    for monomial in Set(components.flatMap(\.keys)).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let key = components.map { $0[monomial] ?? 0 }
      if knownSums[key] == nil {
        knownSums[key] = sums.count
        sums.append(key)
      }
      merged[monomial] = knownSums[key]
    }
    sum = Lists([merged])
    var ends: [CubicProgram.RowSum] = []
    var terms: [CubicProgram.Term] = []
    for key in sums {
      for (m, row) in key.enumerated() where row > 0 { terms.append(.init(row: row, factor: m)) }
      ends.append(.init(end: terms.count))
    }
    rowSums = AlignedNumbers(ends)
    rowTerms = AlignedNumbers(terms)
    rowSumCount = ends.count
  }

  /// Pairs of factors that take all monomials of order 2 and 3 between them, each cubic one once, with the factors that are left; few pairs, found greedily. Pairs
  /// with equally many terms follow each other, which processors predict.
  private static func pairs(_ monomials: [[Int]: Int]) -> [(pair: [Int], others: [(row: Int, factor: Int)])] {
    func candidates(_ m: [Int]) -> [(pair: [Int], factor: Int)] {
      [([m[0], m[1]], m[2]), ([m[0], m[2]], m[1]), ([m[1], m[2]], m[0])]
    }
    var left = Set(monomials.keys.filter { $0.count == 3 })
    var chosen: [[Int]: [(row: Int, factor: Int)]] = [:]
    for m in monomials.keys where m.count == 2 { chosen[m] = [] }
    while !left.isEmpty {
      var takes: [[Int]: Set<[Int]>] = [:]
      for m in left {
        for c in candidates(m) { takes[c.pair, default: []].insert(m) }
      }
      // The most monomials; of equals one that is there already, and then the first.
      let best = takes.max { a, b in
        let (x, y) = ((a.value.count, chosen[a.key] == nil ? 0 : 1), (b.value.count, chosen[b.key] == nil ? 0 : 1))
        return x != y ? x < y : b.key.lexicographicallyPrecedes(a.key)
      }
      guard let best else { break }
      for m in best.value.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        for c in candidates(m) where c.pair == best.key {
          chosen[best.key, default: []].append((monomials[m] ?? 0, c.factor))
          break
        }
      }
      left.subtract(best.value)
    }
    return chosen.map { (pair: $0.key, others: $0.value) }.sorted {
      $0.others.count != $1.others.count
        ? $0.others.count < $1.others.count : $0.pair.lexicographicallyPrecedes($1.pair)
    }
  }

  /// Rows of coefficients that the kernels read.
  public var rowCount: Int { rows.count }

  /// Coefficients [row][channel] from weights [path][channel].
  public func weightRows(from weights: [Double], channels: Int) -> [Double] {
    precondition(weights.count == pathCount * channels, "\(weights.count) weights for \(pathCount) paths")
    var result = [Double](repeating: 0, count: rows.count * channels)
    for (r, row) in rows.enumerated() {
      for (p, value) in row.enumerated() where value != 0 {
        for c in 0..<channels { result[r * channels + c] += value * weights[p * channels + c] }
      }
    }
    return result
  }

  /// The program; valid as long as the tables live.
  public var program: CubicProgram {
    CubicProgram(
      inputCount: inputCount, values: values.program, sum: sum.program, rowSums: rowSums.base,
      rowSumCount: rowSumCount, rowTerms: rowTerms.base)
  }
  /// Bytes of scratch that a pass needs.
  public var scratchBytes: Int { (2 * inputCount + rowSumCount) * 128 }
}
