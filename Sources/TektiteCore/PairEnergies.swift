/// The atoms that one atom sees, for models whose energy is a sum over pairs.
public struct LocalNeighborhood: ~Escapable {
  /// Squared distance of each neighbour.
  public let squaredDistances: Span<Double>
  /// Index of each neighbour in the two arrays below.
  public let neighbors: Span<Int32>
  /// Species index of every atom.
  public let species: Span<Int32>
  /// Diameter of every atom; its count is 0 where atoms have none.
  public let diameters: Span<Double>

  /// Makes a view that lives as long as the spans.
  @_lifetime(copy squaredDistances, copy neighbors, copy species, copy diameters)
  public init(
    squaredDistances: Span<Double>, neighbors: Span<Int32>, species: Span<Int32>, diameters: Span<Double>
  ) {
    self.squaredDistances = squaredDistances
    self.neighbors = neighbors
    self.species = species
    self.diameters = diameters
  }
}

/// Energies of single atoms among their neighbours, as trial moves need them.
public protocol PairEnergies: Sendable {
  /// The largest distance at which two atoms see each other.
  var cutoff: Double { get }
  /// The energy of all pairs of one atom, if it had this species and diameter (0 without diameters).
  func energy(species: Int32, diameter: Double, among neighbors: borrowing LocalNeighborhood) -> Double
}

/// A model whose energy is a sum over pairs of atoms. Trial moves of Monte Carlo ask it for the pairs of one atom instead of the whole energy.
public protocol PairEnergyModel: PotentialModel {
  /// Makes the energies for systems whose species indices refer to `table`.
  /// - Throws: as `makePotential(for:)`.
  func makePairEnergies(for table: [Species]) throws(PotentialError) -> any PairEnergies
}
