/// A model whose energy is a sum over pairs of atoms, each a function of their species and distance: what analytic second derivatives need to know.
public protocol PairModel: PotentialModel {
  /// The distance beyond which a pair of species does not interact, length.
  /// - Throws: `PotentialError.unknownSpecies` when one of them has no parameters.
  func pairCutoff(_ a: Species, _ b: Species) throws(PotentialError) -> Double
  /// u′(r)/r and u″(r) of a pair of species at a distance below the cutoff.
  func pairDerivatives(_ a: Species, _ b: Species, r: Double) -> (slopeOverDistance: Double, curvature: Double)
}
