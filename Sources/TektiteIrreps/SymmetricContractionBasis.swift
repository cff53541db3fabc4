/// The tensors U by which MACE turns products of one vector with itself into features of a definite irrep:
///
///     B_M = Σ_p W_p Σ_(i₁…i_ν) U_(M, i₁ … i_ν, p) A_i₁ ⋯ A_i_ν
///
/// (Batatia et al. 2022, arXiv:2206.07697, eq. 10). Paths couple from the left, ((A ⊗ A) ⊗ A) …, through every intermediate irrep, with a factor √(2l+1) at each
/// step. Their order is that of mace-torch (`U_matrix_real`, 0.3.16), so that a file's weights fit: after each step stably sorted by irrep. At order 4 only
/// intermediate irreps of natural parity (−1)^l with l < 12 are kept, as there.
///
/// A model that was trained where cuequivariance was installed (`use_reduced_cg`) stores another, smaller basis of the same space. Take what the file
/// stores in that case, with the initialiser for stored tensors.
public struct SymmetricContractionBasis: Hashable, Sendable {
  /// One element of U that is not zero.
  public struct Element: Hashable, Sendable {
    /// Component M of the output, from 0.
    public let component: Int
    /// i₁ … i_ν as one number in base `dimension`, i₁ first.
    public let index: Int
    /// Its value.
    public let value: Double
  }

  /// The highest order ν that is made.
  public static let largestOrder = 4

  /// Irreps of A for one channel.
  public let input: Irreps
  /// The irrep of B.
  public let output: Irrep
  /// How many factors A.
  public let order: Int
  /// Of each path its elements, sorted by component and index. Where nothing couples there is no path (mace-torch then stores one path of zeros).
  public let paths: [[Element]]

  /// Components of A, the base of `Element.index`.
  public var dimension: Int { input.dimension }
  /// Elements that are not zero in all paths.
  public var elementCount: Int { paths.reduce(0) { $0 + $1.count } }

  /// Makes the tensors. Throws when the order is outside 1 … 4, when an intermediate degree would exceed 12, or when the tensors would be too
  /// large (more than 2²⁸ combinations of indices).
  public init(_ input: Irreps, to output: Irrep, order: Int, convention: SignConvention = .e3nn04) throws(IrrepsError) {
    guard order >= 1, order <= Self.largestOrder else {
      throw IrrepsError("symmetric contractions are made for orders 1 to \(Self.largestOrder), not for \(order)")
    }
    try Self.checkDegree(output)
    var combinations = 1
    for _ in 0..<order {
      let (next, overflow) = combinations.multipliedReportingOverflow(by: max(1, input.dimension))
      guard !overflow, next <= 1 << 28 else {
        throw IrrepsError("a contraction of order \(order) over \(input.dimension) components is too large")
      }
      combinations = next
    }
    func keeps(_ irrep: Irrep) -> Bool {
      order < 4 || (irrep.degree < 12 && irrep.parity == Parity(ofDegree: irrep.degree))
    }
    // One factor: the components themselves.
    var tensors: [(irrep: Irrep, elements: [Element])] = []
    var start = 0
    for block in input {
      for _ in 0..<block.multiplicity {
        let n = block.irrep.dimension
        tensors.append((block.irrep, (0..<n).map { Element(component: $0, index: start + $0, value: 1) }))
        start += n
      }
    }
    var tables = Tables(convention: convention)
    for factors in 1..<max(2, order) where order > 1 {
      let isLast = factors + 1 == order
      var products: [(irrep: Irrep, elements: [Element])] = []
      for left in tensors {
        var start = 0
        for block in input {
          let allowed = (left.irrep * block.irrep).filter { keeps($0) && (!isLast || $0 == output) }
          for irrep in allowed {
            let coupling = try tables.coupling(irrep, left.irrep, block.irrep)
            for copy in 0..<block.multiplicity {
              let first = start + copy * block.irrep.dimension
              products.append((irrep, Self.couple(left.elements, coupling, first, input.dimension)))
            }
          }
          start += block.dimension
        }
      }
      let sorted = products.indices.sorted { (products[$0].irrep, $0) < (products[$1].irrep, $1) }
      tensors = sorted.map { products[$0] }
    }
    (self.input, self.output, self.order) = (input, output, order)
    paths = tensors.filter { $0.irrep == output }.map(\.elements)
  }

  private static func checkDegree(_ output: Irrep) throws(IrrepsError) {
    guard output.degree <= Wigner3j.largestDegree else {
      throw IrrepsError("contractions are made to degrees up to \(Wigner3j.largestDegree), not to \(output)")
    }
  }

  /// Takes a tensor that a model file stores, row-major of shape [2L+1, dimension, …, dimension, paths] (mace-torch leaves out the first axis where it
  /// has length 1). Throws when the number of values does not fit.
  public init(
    _ input: Irreps, to output: Irrep, order: Int, stored values: [Double], paths pathCount: Int
  ) throws(IrrepsError) {
    guard order >= 1, order <= Self.largestOrder else {
      throw IrrepsError("symmetric contractions are made for orders 1 to \(Self.largestOrder), not for \(order)")
    }
    try Self.checkDegree(output)
    guard input.dimension > 0 else { throw IrrepsError("a stored tensor needs an input that has components") }
    var rows = output.dimension
    for _ in 0..<order {
      let (next, overflow) = rows.multipliedReportingOverflow(by: input.dimension)
      guard !overflow else { throw IrrepsError("a contraction of order \(order) over \(input) is too large") }
      rows = next
    }
    let (total, overflow) = rows.multipliedReportingOverflow(by: max(0, pathCount))
    guard pathCount >= 0, !overflow, total == values.count else {
      throw IrrepsError(
        "\(pathCount) paths of order \(order) from \(input) to \(output) are \(rows) numbers each, there are \(values.count) in all"
      )
    }
    let combinations = max(1, rows / output.dimension)
    var paths = [[Element]](repeating: [], count: pathCount)
    for (k, value) in values.enumerated() where value != 0 {
      let row = k / pathCount
      paths[k % pathCount].append(Element(component: row / combinations, index: row % combinations, value: value))
    }
    (self.input, self.output, self.order, self.paths) = (input, output, order, paths)
  }

  /// The tensors on some of the components, where the others enter no product that is wanted: elements that read a component that is left out are left out too.
  /// - Parameters:
  ///   - smaller: irreps of what is left.
  ///   - kept: for each component of the input whether it is left.
  /// - Precondition: as many components are kept as `smaller` has.
  public func restricted(to smaller: Irreps, components kept: [Bool]) -> SymmetricContractionBasis {
    precondition(
      kept.count == dimension && kept.count { $0 } == smaller.dimension, "components that do not fit the irreps")
    var place = [Int](repeating: -1, count: dimension)
    for (new, old) in kept.indices.filter({ kept[$0] }).enumerated() { place[old] = new }
    let width = smaller.dimension
    return SymmetricContractionBasis(
      smaller, output, order,
      paths.map { elements in
        elements.compactMap { element in
          let indices = indices(of: element).map { place[$0] }
          guard !indices.contains(-1) else { return nil }
          return Element(
            component: element.component, index: indices.reduce(0) { $0 * width + $1 }, value: element.value)
        }
      })
  }

  private init(_ input: Irreps, _ output: Irrep, _ order: Int, _ paths: [[Element]]) {
    (self.input, self.output, self.order, self.paths) = (input, output, order, paths)
  }

  /// 3j tensors that were made already.
  private struct Tables {
    let convention: SignConvention
    var known: [[Int]: Wigner3j] = [:]

    mutating func coupling(_ a: Irrep, _ b: Irrep, _ c: Irrep) throws(IrrepsError) -> Wigner3j {
      let key = [a.degree, b.degree, c.degree]
      if let table = known[key] { return table }
      let table = try Wigner3j(a.degree, b.degree, c.degree, convention: convention)
      known[key] = table
      return table
    }
  }

  /// √(2l+1) Σ_m C_(M, m, m') T_(m, …) on a copy of an irrep whose components start at `first`.
  private static func couple(
    _ left: [Element], _ coupling: Wigner3j, _ first: Int, _ dimension: Int
  ) -> [Element] {
    let scale = Double(2 * coupling.l1 + 1).squareRoot()
    var byComponent = [[Element]](repeating: [], count: 2 * coupling.l2 + 1)
    for e in left { byComponent[e.component].append(e) }
    struct Place: Hashable {
      let component, index: Int
    }
    var sums: [Place: Double] = [:]
    for c in coupling.elements {
      for e in byComponent[c.i2] {
        let place = Place(component: c.i1, index: e.index * dimension + first + c.i3)
        sums[place, default: 0] += scale * c.value * e.value
      }
    }
    // What cancels leaves dust of rounding; true elements are far larger.
    return sums.filter { abs($0.value) > 1e-13 }
      .map { Element(component: $0.key.component, index: $0.key.index, value: $0.value) }
      .sorted { ($0.component, $0.index) < ($1.component, $1.index) }
  }

  /// i₁ … i_ν of an element.
  public func indices(of element: Element) -> [Int] {
    var rest = element.index
    var digits = [Int](repeating: 0, count: order)
    for k in stride(from: order - 1, through: 0, by: -1) {
      digits[k] = rest % dimension
      rest /= dimension
    }
    return digits
  }

  /// Each path applied to ν vectors, which may differ: row-major of shape [2L+1, paths]. Throws on wrong lengths.
  public func apply(to vectors: [[Double]]) throws(IrrepsError) -> [Double] {
    guard vectors.count == order, vectors.allSatisfy({ $0.count == dimension }) else {
      throw IrrepsError("a contraction of order \(order) of \(input) takes \(order) vectors of \(dimension) components")
    }
    var result = [Double](repeating: 0, count: output.dimension * paths.count)
    for (p, elements) in paths.enumerated() {
      for e in elements {
        var product = e.value
        for (vector, i) in zip(vectors, indices(of: e)) { product *= vector[i] }
        result[e.component * paths.count + p] += product
      }
    }
    return result
  }
}
