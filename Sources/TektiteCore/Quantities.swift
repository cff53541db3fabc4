/// What a potential is asked to compute, or can compute.
public struct Quantities: OptionSet, Sendable, Hashable {
  /// The bits.
  public let rawValue: UInt8
  /// Makes a set from bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The total potential energy.
  public static let energy = Quantities(rawValue: 1)
  /// Forces −∂E/∂r on each atom.
  public static let forces = Quantities(rawValue: 2)
  /// The virial W = −Σ r ⊗ ∂E/∂r.
  public static let virial = Quantities(rawValue: 4)
  /// A share of the energy for each atom.
  public static let atomicEnergies = Quantities(rawValue: 8)
  /// A share of the virial for each atom.
  public static let atomicVirials = Quantities(rawValue: 16)
  /// How far the members of a committee disagree: the variance of the energy, and of the force on each atom.
  public static let variance = Quantities(rawValue: 32)
  /// All but the variance, which only committees know.
  public static let all: Quantities = [.energy, .forces, .virial, .atomicEnergies, .atomicVirials]
}

/// What a potential needs from whoever drives it, and what it promises.
public struct PotentialRequirements: Sendable, Hashable {
  /// The forms in which a potential can take its neighbours.
  public struct ListForms: OptionSet, Sendable, Hashable {
    /// The bits.
    public let rawValue: UInt8
    /// Makes a set from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Every pair as an edge with its lattice shift, by centre (`EdgeView`).
    public static let edges = ListForms(rawValue: 1)
    /// Clusters of atoms near each atom (`ClusterView`), for pair potentials.
    public static let clusters = ListForms(rawValue: 2)
  }

  /// The largest distance at which two atoms see each other.
  public var cutoff: Double
  /// For each pair of species (row-major), the distance at which they see each other; empty when it is `cutoff` for all.
  public var pairCutoffs: [Double]
  /// How far the forces on an atom can depend on others: `cutoff` times the number of message-passing layers.
  public var interactionRange: Double
  /// What can be computed.
  public var quantities: Quantities
  /// Whether forces are the gradient of the energy; NVE refuses a potential that says no.
  public var conservative: Bool
  /// The list forms that `evaluate` reads.
  public var lists: ListForms
  /// How far atoms see each other by their diameters, for a potential that goes by these; pair cutoffs then hold the largest.
  public var diameterReach: DiameterReach?
  /// The atoms in a cluster, for a potential that reads clusters: 4, 8 or 16.
  public var clusterWidth: Int

  /// Makes the requirements of a potential; the range defaults to the cutoff.
  public init(
    cutoff: Double, pairCutoffs: [Double] = [], interactionRange: Double? = nil, quantities: Quantities = .all,
    conservative: Bool = true, lists: ListForms, clusterWidth: Int = 4, diameterReach: DiameterReach? = nil
  ) {
    self.cutoff = cutoff
    self.pairCutoffs = pairCutoffs
    self.interactionRange = interactionRange ?? cutoff
    self.quantities = quantities
    self.conservative = conservative
    self.lists = lists
    self.clusterWidth = clusterWidth
    self.diameterReach = diameterReach
  }
}
