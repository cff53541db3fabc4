/// The tables of polynomials in components of A, made from lists of monomials. Two programs come of them: the polynomials themselves, and the gradient of
/// their weighted sum.
public struct PolynomialTables {
  /// value · weight[path] · Π A_i, part of output component `component`.
  public struct Monomial: Hashable, Sendable {
    /// Output component M.
    public var component: Int
    /// Row of the weights.
    public var path: Int
    /// Indices of the factors, at most four.
    public var indices: [Int]
    /// The coefficient.
    public var value: Double
    /// Makes a monomial.
    public init(component: Int, path: Int, indices: [Int], value: Double) {
      (self.component, self.path, self.indices, self.value) = (component, path, indices, value)
    }
  }

  private let products: Products
  private let sums: Sums
  private let terms: Terms
  /// Components of A.
  public let inputCount: Int
  /// Number of products and sums.
  public let productCount: Int, sumCount: Int

  private typealias Products = AlignedNumbers<PolynomialProgram.Product>
  private typealias Sums = AlignedNumbers<PolynomialProgram.Sum>
  private typealias Terms = AlignedNumbers<PolynomialProgram.Term>

  /// The polynomials themselves: target M is Σ weight · value · Π A, weight row = path.
  public static func values(_ monomials: [Monomial], inputs: Int) -> PolynomialTables {
    var builder = Builder(inputs)
    for m in monomials {
      builder.add(target: m.component, weight: m.path, degree: m.indices.count, factor: -1, m.indices, m.value)
    }
    return PolynomialTables(builder, isGradient: false)
  }

  /// Gradients: target i is ∂/∂A_i of Σ_M Σ_path weight[M · paths + path] · polynomial. With one component the weights are those of the paths and the
  /// polynomial's value comes along; with several the caller multiplies weights by the adjoint of each component.
  public static func gradients(_ monomials: [Monomial], inputs: Int, paths: Int) -> PolynomialTables {
    var builder = Builder(inputs)
    // Components that no monomial has get an empty sum, so that their rows are written too.
    for i in 0..<inputs { builder.sums[Builder.Key(target: i, weight: 0, degree: 1, factor: i)] = [] }
    for m in monomials {
      for i in Set(m.indices).sorted() {
        var rest = m.indices
        if let k = rest.firstIndex(of: i) { rest.remove(at: k) }
        let power = m.indices.count { $0 == i }
        builder.add(
          target: i, weight: m.component * paths + m.path, degree: m.indices.count, factor: i, rest,
          m.value * Double(power))
      }
    }
    return PolynomialTables(builder, isGradient: true)
  }

  /// The program; valid as long as the tables live.
  public var program: PolynomialProgram {
    PolynomialProgram(
      inputCount: inputCount, products: products.base, productCount: productCount, sums: sums.base, sumCount: sumCount,
      terms: terms.base)
  }
  /// Bytes of scratch that a pass needs.
  public var scratchBytes: Int { (inputCount + 1 + productCount) * 128 }

  private struct Builder {
    struct Key: Hashable {
      let target, weight, degree, factor: Int
    }
    let inputs: Int
    var products: [PolynomialProgram.Product] = []
    var slots: [[Int]: Int32] = [:]
    var sums: [Key: [(Int32, Double)]] = [:]

    init(_ inputs: Int) { self.inputs = inputs }

    /// The slot of a monomial; products are shared, and the longer ones are made of those of two factors.
    mutating func slot(_ indices: [Int]) -> Int32 {
      switch indices.count {
      case 0: return 0
      case 1: return Int32(indices[0] + 1)
      default:
        if let known = slots[indices] { return known }
        let half = indices.count < 4 ? indices.count - 1 : 2
        let first = slot(Array(indices[..<half]))
        let second = slot(Array(indices[half...]))
        products.append(.init(first: first, second: second))
        let made = Int32(inputs + products.count)
        slots[indices] = made
        return made
      }
    }

    mutating func add(target: Int, weight: Int, degree: Int, factor: Int, _ indices: [Int], _ value: Double) {
      let place = slot(indices.sorted())
      sums[Key(target: target, weight: weight, degree: degree, factor: factor), default: []].append((place, value))
    }
  }

  private init(_ builder: Builder, isGradient: Bool) {
    var sums: [PolynomialProgram.Sum] = []
    var terms: [PolynomialProgram.Term] = []
    let keys = builder.sums.keys.sorted { ($0.target, $0.weight, $0.degree) < ($1.target, $1.weight, $1.degree) }
    for key in keys {
      for (slot, value) in builder.sums[key, default: []] { terms.append(.init(slot: slot, value: value)) }
      sums.append(
        .init(
          target: Int32(key.target), weight: Int32(key.weight), end: Int32(terms.count), factor: Int32(key.factor + 1),
          share: isGradient ? 1 / Double(key.degree) : 0))
    }
    products = Products(builder.products)
    self.sums = Sums(sums)
    self.terms = Terms(terms)
    (inputCount, productCount, sumCount) = (builder.inputs, builder.products.count, sums.count)
  }
}
