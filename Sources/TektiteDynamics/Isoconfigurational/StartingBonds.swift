import TektiteCore

/// The bonds of each atom in a configuration, and how many of them are broken later.
struct StartingBonds: Sendable {
  /// Where the bonds of an atom begin, and after the last one where they end.
  private var starts: [Int] = [0]
  /// At the other end, and the squared length beyond which the bond is broken.
  private var partners: [(atom: Int, limit: Double)] = []

  /// Finds pairs nearer than the criterion says.
  /// - Complexity: O(N²), once for a configuration.
  init(of start: Structure, _ rule: IsoconfigurationalStage.Bonds) {
    let topology = start.topology
    let labels = topology.table.map(\.label)
    let sigmas = labels.map { a in labels.map { b in rule.criterion.sigma(a, b) ?? 0 } }
    let image = NearestImage(start.frame.cell)
    let inverse = start.frame.cell.basis.inverse
    let fractions = start.frame.positions.map { $0 * inverse }
    for i in fractions.indices {
      let row = sigmas[Int(topology.species[i])]
      for j in fractions.indices where j != i {
        let sigma = row[Int(topology.species[j])]
        let formed = rule.criterion.formed * sigma
        if image.squaredDistance(fractions[j] - fractions[i]) < formed * formed {
          let broken = rule.broken * sigma
          partners.append((j, broken * broken))
        }
      }
      starts.append(partners.count)
    }
  }

  /// The part of the bonds of each atom that are broken in a frame; 0 for an atom without any.
  func broken(in frame: Frame) -> [Double] {
    let image = NearestImage(frame.cell)
    let inverse = frame.cell.basis.inverse
    let fractions = frame.positions.map { $0 * inverse }
    return fractions.indices.map { i in
      let bonds = partners[starts[i]..<starts[i + 1]]
      let count = bonds.count { image.squaredDistance(fractions[$0.atom] - fractions[i]) >= $0.limit }
      return bonds.isEmpty ? 0 : Double(count) / Double(bonds.count)
    }
  }
}
