import TektiteCore
import TektitePotentials

extension LennardJones {
  /// The Kob-Andersen 80:20 mixture of A and B (Kob & Andersen 1995, doi:10.1103/PhysRevE.51.4626) in reduced units, each pair cut at 2.5 of its own
  /// sigma. Written out here on purpose: tests compare the registry's model with it.
  public static func kobAndersen(
    scheme: CutoffScheme = .cutAndShift, precision: Precision = .double
  ) throws(PotentialError) -> LennardJones {
    let aa = Pair(epsilon: 1, sigma: 1, cutoff: 2.5)
    let ab = Pair(epsilon: 1.5, sigma: 0.8, cutoff: 2.0)
    let bb = Pair(epsilon: 0.5, sigma: 0.88, cutoff: 2.2)
    return try LennardJones(labels: ["A", "B"], pairs: [aa, ab, ab, bb], scheme: scheme, precision: precision)
  }

  /// The two species of the mixture. Both have mass 1, which must be said: left to itself, the label B is boron.
  public static let kobAndersenSpecies = [Species("A", mass: 1), Species("B", mass: 1)]
}
