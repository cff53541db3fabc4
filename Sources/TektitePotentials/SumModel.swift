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
    let all = terms.map { $0.potential.requirements }
    try PotentialRequirements.requireEqualWidths(all, name: name)
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
    requirements = .covering(terms.map { $0.potential.requirements })
  }

  mutating func reserveCapacity(atoms: Int, edges: Int) {
    for term in terms { term.potential.reserveCapacity(atoms: atoms, edges: edges) }
  }

  mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    for term in terms {
      // Only committees know variances; those of other terms are zero.
      var quantities = quantities
      if !term.potential.requirements.quantities.contains(.variance) { quantities.remove(.variance) }
      try term.potential.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
    }
  }
}
