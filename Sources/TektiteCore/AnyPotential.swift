/// Holds a potential of any kind. It cannot be copied, so that two runs cannot share one worker's scratch memory by accident.
///
/// The worker lives in a class of its own, so that sums can hold several; one virtual call for each evaluation costs nothing.
public struct AnyPotential: Potential, ~Copyable {
  private let box: PotentialBox

  /// Wraps a worker.
  public init<Worker: Potential & ~Copyable>(_ worker: consuming Worker) { box = TypedPotentialBox(worker) }

  /// The worker's requirements.
  public var requirements: PotentialRequirements { box.requirements }

  /// Passes on to the worker.
  public mutating func reserveCapacity(atoms: Int, edges: Int) { box.reserveCapacity(atoms: atoms, edges: edges) }

  /// Passes on to the worker.
  public mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    try box.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
  }
}

/// The part of a box that does not depend on the kind of worker.
private class PotentialBox {
  let requirements: PotentialRequirements
  init(requirements: PotentialRequirements) { self.requirements = requirements }
  func reserveCapacity(atoms: Int, edges: Int) {}
  func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {}
}

private final class TypedPotentialBox<Worker: Potential & ~Copyable>: PotentialBox {
  var worker: Worker
  init(_ worker: consuming Worker) {
    let requirements = worker.requirements
    self.worker = worker
    super.init(requirements: requirements)
  }
  override func reserveCapacity(atoms: Int, edges: Int) { worker.reserveCapacity(atoms: atoms, edges: edges) }
  override func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    try worker.evaluate(quantities, of: configuration, neighbors: neighbors, into: &evaluation, in: context)
  }
}
