import TektiteCore

/// The mean of several potentials of the same atoms, such as networks that were trained from different starts, with a measure of how far they
/// disagree (Seung, Opper and Sompolinsky 1992, doi:10.1145/130385.130417).
///
/// Energy, forces, virial and shares of atoms are means over the members. Asked for `.variance`, it adds (1/M) Σ (E_m − E)² and for each atom
/// (1/M) Σ |f_m − f|², with M the number of members.
public struct CommitteeModel: PotentialModel {
  /// The members, evaluated in this order.
  public let models: [any PotentialModel]
  /// A short name for logs and file headers.
  public let name: String

  /// Makes a committee; without a name, those of the members are listed.
  /// - Precondition: there is at least one member. One alone agrees with itself.
  public init(models: [any PotentialModel], name: String? = nil) {
    precondition(!models.isEmpty, "a committee without members")
    self.models = models
    self.name = name ?? "committee (\(models.map(\.name).joined(separator: ", ")))"
  }

  /// Makes a worker that holds one worker of each member.
  /// - Throws: what the members throw; a species must be known to all of them. `invalidParameters` when members over clusters differ in precision.
  public func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential {
    var members: [CommitteePotential.Member] = []
    for model in models { members.append(CommitteePotential.Member(try model.makePotential(for: table))) }
    let all = members.map { $0.potential.requirements }
    try PotentialRequirements.requireEqualWidths(all, name: name)
    return AnyPotential(CommitteePotential(members))
  }
}

/// Evaluates each member into storage of its own and adds the means to what the driver zeroed. Beside the members it takes one pass over the atoms for
/// each of them, on one thread.
struct CommitteePotential: Potential, ~Copyable {
  /// A member with its results. Nothing outside the committee ever refers to it.
  final class Member {
    var potential: AnyPotential
    var evaluation = Evaluation()
    init(_ potential: consuming AnyPotential) { self.potential = potential }
  }

  let requirements: PotentialRequirements
  private let members: [Member]
  private var forces = Buffer<Vector3>()

  init(_ members: [Member]) {
    self.members = members
    var requirements = PotentialRequirements.covering(members.map { $0.potential.requirements })
    requirements.quantities.insert(.variance)
    self.requirements = requirements
  }

  mutating func reserveCapacity(atoms: Int, edges: Int) {
    forces.reserve(atoms)
    for member in members { member.potential.reserveCapacity(atoms: atoms, edges: edges) }
  }

  mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError) {
    let hasVariance = quantities.contains(.variance)
    var wanted = quantities.subtracting(.variance)
    if hasVariance { wanted.formUnion([.energy, .forces]) }
    let count = configuration.positions.count
    let share = 1 / Double(members.count)
    forces.resize(count)
    forces.fill(.zero)
    var energy = 0.0
    for member in members {
      member.evaluation.reset(wanted, count: count, team: context.team)
      try member.potential.evaluate(
        wanted, of: configuration, neighbors: neighbors, into: &member.evaluation, in: context)
      energy += share * member.evaluation.energy
      Self.add(share, member.evaluation, to: &evaluation, forces: &forces)
    }
    evaluation.energy += energy
    for i in 0..<count { evaluation.forces[i] += forces[i] }
    guard hasVariance else { return }
    for member in members {
      let deviation = member.evaluation.energy - energy
      evaluation.energyVariance += share * deviation * deviation
      Self.addSquares(share, member.evaluation, from: forces, to: &evaluation)
    }
  }

  /// Adds a member's share of what is linear in it; the mean of forces is kept apart, since deviations are measured from it.
  private static func add(
    _ share: Double, _ member: borrowing Evaluation, to evaluation: inout Evaluation, forces: inout Buffer<Vector3>
  ) {
    evaluation.virial += share * member.virial
    for i in 0..<forces.count { forces[i] += share * member.forces[i] }
    for i in 0..<member.atomicEnergies.count { evaluation.atomicEnergies[i] += share * member.atomicEnergies[i] }
    for i in 0..<member.atomicVirials.count { evaluation.atomicVirials[i] += share * member.atomicVirials[i] }
  }

  private static func addSquares(
    _ share: Double, _ member: borrowing Evaluation, from mean: borrowing Buffer<Vector3>,
    to evaluation: inout Evaluation
  ) {
    for i in 0..<mean.count { evaluation.forceVariances[i] += share * (member.forces[i] - mean[i]).lengthSquared }
  }
}
