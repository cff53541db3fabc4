import TektiteCore

/// The sum of several potentials, which is a potential: a repulsive core under an attraction, a wall beside a liquid.
public struct SumModel: PotentialModel {
  /// The terms, evaluated in this order.
  public let models: [any PotentialModel]
  /// A short name for logs and file headers.
  public let name: String

  /// Makes a sum; without a name, those of the terms are joined.
  /// - Precondition: there is at least one term.
  public init(models: [any PotentialModel], name: String? = nil) {
    precondition(!models.isEmpty, "a sum without terms")
    self.models = models
    self.name = name ?? models.map(\.name).joined(separator: " + ")
  }

  /// Makes a worker that holds one worker of each term.
  /// - Throws: what the terms throw; a species must be known to all of them. `invalidParameters` when terms differ in precision.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    var terms: [SumPotential.Term] = []
    for model in models { terms.append(SumPotential.Term(try model.makePotential(for: table))) }
    let widths = Set(
      terms.map { $0.potential.requirements }.filter { $0.lists.contains(.clusters) }.map(\.clusterWidth))
    guard widths.count <= 1 else {
      throw .invalidParameters(
        "the terms of \(name) must all have the same precision, since they share one neighbour list")
    }
    return AnyPotential(SumPotential(terms))
  }
}

/// Evaluates the terms in turn. Each adds its share to what the driver zeroed, so nothing else is needed.
struct SumPotential: Potential, ~Copyable {
  /// A place for a worker that cannot be copied, so that an array can hold it. Nothing outside the sum ever refers to it.
  final class Term {
    var potential: AnyPotential
    init(_ potential: consuming AnyPotential) { self.potential = potential }
  }

  let requirements: PotentialRequirements
  private let terms: [Term]

  init(_ terms: [Term]) {
    self.terms = terms
    requirements = Self.union(terms.map { $0.potential.requirements })
  }

  mutating func reserveCapacity(atoms: Int, edges: Int) {
    for term in terms { term.potential.reserveCapacity(atoms: atoms, edges: edges) }
  }

  mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    for term in terms {
      try term.potential.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
    }
  }

  // The largest reach of each pair, every list form that some term reads, and only what all terms can compute.
  private static func union(_ all: [PotentialRequirements]) -> PotentialRequirements {
    var result = all[0]
    for next in all.dropFirst() {
      if result.pairCutoffs.isEmpty && next.pairCutoffs.isEmpty {
        // Both see all pairs to their cutoff, and so does the sum.
      } else {
        let count = max(result.pairCutoffs.count, next.pairCutoffs.count)
        let first = result.pairCutoffs.isEmpty ? Array(repeating: result.cutoff, count: count) : result.pairCutoffs
        let second = next.pairCutoffs.isEmpty ? Array(repeating: next.cutoff, count: count) : next.pairCutoffs
        result.pairCutoffs = zip(first, second).map { max($0, $1) }
      }
      result.cutoff = max(result.cutoff, next.cutoff)
      result.interactionRange = max(result.interactionRange, next.interactionRange)
      result.quantities.formIntersection(next.quantities)
      result.conservative = result.conservative && next.conservative
      if !result.lists.contains(.clusters) { result.clusterWidth = next.clusterWidth }
      result.lists.formUnion(next.lists)
    }
    return result
  }
}
