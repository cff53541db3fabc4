import TektiteKernels

/// The atoms as a potential sees them: owned atoms first, then ghosts (copies that another domain owns).
/// In Tektite's own driver there are no ghosts; periodic images are the shifts of the neighbour list.
public struct Configuration: ~Escapable {
  /// Positions of owned atoms and ghosts.
  public let positions: Span<Vector3>
  /// Species index of each.
  public let species: Span<Int32>
  /// Diameter of each; its count is 0 where atoms have none.
  public let diameters: Span<Double>
  /// The number of owned atoms; ghosts follow.
  public let ownedCount: Int
  /// The cell.
  public let cell: Cell

  /// Makes a configuration that lives as long as the spans.
  @_lifetime(copy positions, copy species, copy diameters)
  public init(
    positions: Span<Vector3>, species: Span<Int32>, diameters: Span<Double>, ownedCount: Int, cell: Cell
  ) {
    self.positions = positions
    self.species = species
    self.diameters = diameters
    self.ownedCount = ownedCount
    self.cell = cell
  }
}

/// The neighbours of a configuration, in the forms that the potential asked for; a form not asked for is empty.
public struct Neighborhood: ~Escapable {
  /// Every pair within the cutoff plus skin, by centre.
  public let edges: EdgeView
  /// Clusters of atoms near each atom.
  public let clusters: ClusterView

  /// Makes a neighbourhood of two views.
  @_lifetime(copy edges, copy clusters)
  public init(edges: EdgeView, clusters: ClusterView) {
    self.edges = edges
    self.clusters = clusters
  }
}

/// A full neighbour list in compressed rows: the neighbours of centre i are entries `offsets[i] ..< offsets[i + 1]`, and the edge vector is
/// r_ij = r_j − r_i + S·H. One pair of atoms may occur with several shifts, and an atom may neighbour its own images. Pairs between the cutoff
/// and the cutoff plus skin are in the list too.
public struct EdgeView: ~Escapable {
  /// One more entry than there are centres.
  public let offsets: Span<Int>
  /// The neighbour of each edge.
  public let neighbors: Span<Int32>
  /// The lattice shift of each edge.
  public let shifts: Span<LatticeShift>

  /// Makes a view of three spans.
  @_lifetime(copy offsets, copy neighbors, copy shifts)
  public init(offsets: Span<Int>, neighbors: Span<Int32>, shifts: Span<LatticeShift>) {
    self.offsets = offsets
    self.neighbors = neighbors
    self.shifts = shifts
  }

  /// The number of edges.
  public var count: Int { neighbors.count }
}

/// Storage of the driver that potentials add to. The driver zeroes it before an evaluation.
public struct Evaluation: ~Copyable {
  /// The potential energy.
  public var energy = 0.0
  /// The virial W = −Σ r ⊗ ∂E/∂r.
  public var virial = Matrix3.zero
  /// The force on each owned atom (and ghost, under a foreign driver).
  public var forces = Buffer<Vector3>()
  /// The energy of each owned atom; its count is 0 unless asked for.
  public var atomicEnergies = Buffer<Double>()
  /// The virial of each owned atom; its count is 0 unless asked for.
  public var atomicVirials = Buffer<Matrix3>()

  /// The mean squared deviation of the energy over the members of a committee, energy². Variances of independent terms add.
  public var energyVariance = 0.0
  /// For each owned atom the mean squared deviation of the force, (energy/length)²; its count is 0 unless asked for.
  public var forceVariances = Buffer<Double>()

  /// Makes empty storage.
  public init() {}

  /// The standard deviation of the energy over a committee.
  public var energySpread: Double { energyVariance.squareRoot() }

  /// The largest root mean squared deviation of the force on an atom over a committee; 0 unless asked for.
  public var largestForceSpread: Double {
    var largest = 0.0
    for i in forceVariances.indices { largest = max(largest, forceVariances[i]) }
    return largest.squareRoot()
  }

  /// Sets everything that is asked for to zero, for `count` atoms.
  public mutating func reset(_ quantities: Quantities, count: Int, team: ThreadTeam) {
    energy = 0
    virial = .zero
    energyVariance = 0
    forces.resize(count)
    forces.fill(.zero, team: team)
    atomicEnergies.resize(quantities.contains(.atomicEnergies) ? count : 0)
    atomicEnergies.fill(0, team: team)
    atomicVirials.resize(quantities.contains(.atomicVirials) ? count : 0)
    atomicVirials.fill(.zero, team: team)
    forceVariances.resize(quantities.contains(.variance) ? count : 0)
    forceVariances.fill(0, team: team)
  }
}

/// What an evaluation may use of the machine.
public struct ExecutionContext: Sendable {
  /// The threads.
  public let team: ThreadTeam

  /// Makes a context.
  public init(team: ThreadTeam) { self.team = team }
}

/// Turns a configuration into an energy and its derivatives: a worker that owns its scratch memory, made by a `PotentialModel`.
///
/// `evaluate` *adds* its share to what the driver zeroed, so a sum of potentials is a potential. It allocates nothing
/// once capacity is reserved and gives the same bits for any number of threads.
public protocol Potential: ~Copyable {
  /// What it needs and what it promises. Constant.
  var requirements: PotentialRequirements { get }
  /// Makes room for a problem of this size, so that `evaluate` need not.
  mutating func reserveCapacity(atoms: Int, edges: Int)
  /// Adds energy, forces and what else is asked for.
  /// - Parameters:
  ///   - quantities: what to compute. Energy, forces and virial that were not asked for may be added or not, and
  ///     mean nothing; shares of atoms have storage only when they were asked for.
  ///   - configuration: positions in the length unit of the model.
  ///   - neighbors: lists in the forms that `requirements.lists` names, complete to the cutoff.
  ///   - evaluation: counts are at least those of the configuration.
  ///   - context: threads.
  mutating func evaluate(
    _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
    into evaluation: inout Evaluation, in context: ExecutionContext
  ) throws(PotentialError)
}

/// The immutable description of a potential: parameters or weights. Shared freely; each run makes its own worker from it.
public protocol PotentialModel: Sendable {
  /// A short name for logs and file headers, e.g. `lennard-jones (cut-and-shift)`.
  var name: String { get }
  /// Makes a worker for systems whose species indices refer to `table`.
  /// - Throws: `PotentialError.unknownSpecies` when a species has no parameters.
  func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential
}

/// Why a potential could not be made or evaluated.
public enum PotentialError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Atoms of a species have no diameters, or not such as the model takes.
  case missingDiameters(String, model: String)
  /// A species of the system is not one of the model's.
  case unknownSpecies(String, known: [String], model: String)
  /// A quantity was asked for that the model cannot compute.
  case unavailable(String, model: String)
  /// A position that is not finite: the user's index of the atom.
  case notFinite(atom: Int, position: Vector3)
  /// Parameters that make no sense, in words.
  case invalidParameters(String)

  /// A sentence for the user.
  public var description: String {
    switch self {
    case .unknownSpecies(let label, let known, let model):
      "\(model) has no parameters for species '\(label)'; it knows \(known.joined(separator: ", "))"
    case .missingDiameters(let label, let model):
      "\(model) needs a diameter for each atom, greater than 0, and those of species '\(label)' have none"
    case .unavailable(let what, let model): "\(model) cannot compute \(what)"
    case .notFinite(let atom, let p): "the position of atom \(atom) is not finite: (\(p.x), \(p.y), \(p.z))"
    case .invalidParameters(let why): why
    }
  }
}
