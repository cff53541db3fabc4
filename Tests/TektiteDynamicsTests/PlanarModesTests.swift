import Foundation
import Tektite
import TektiteLinearAlgebra
import Testing

@testable import TektiteAnalysis

@Suite("Vibrations in two dimensions")
struct PlanarModesTests {
  private func worst(_ found: [Double], _ expected: [Double]) -> Double {
    #expect(found.count == expected.count)
    return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(
    "Modes of a planar crystal are 2N, two of them free of cost; the sparse and the dense solver agree; phonons of a triangular lattice"
  )
  func modes() throws {
    let count = 12 * 14
    let cell = Lattice.hexagonal.rectangle(for: count, density: 0.9)
    let structure = StructureBuilder(
      .hexagonal, counts: [.init(Species("A"), count)], cell: cell, seed: 1
    ).build().structure
    let model = try LennardJones(labels: ["A"], pairs: [.init(epsilon: 1, sigma: 1, cutoff: 1.6)], scheme: .smooth)
    let team = ThreadTeam(threads: 1)
    let hessian = try Hessian.of(structure, model, units: .lj, team: team)
    let all = try NormalModes(hessian, masses: structure.topology.masses, count: nil, team: team)
    #expect(all.eigenvalues.count == 2 * count && all.zeros.count == 2 && all.unstable.isEmpty)
    #expect(abs(all.eigenvalues.reduce(0, +) / all.trace - 1) < 1e-12)
    let some = try NormalModes(hessian, masses: structure.topology.masses, count: 30, team: team)
    #expect(some.eigenvalues.count == 32)
    #expect(worst(some.eigenvalues, Array(all.eigenvalues.prefix(32))) < 1e-8)
    for k in 0..<32 {
      for i in 0..<count { #expect(some.vectors[k, 3 * i + 2] == 0 && all.vectors[k, 3 * i + 2] == 0) }
    }
    let differences = try Hessian.differences(structure, model, units: .lj, step: 1e-3, team: team)
    let other = try NormalModes(differences, masses: structure.topology.masses, count: nil, team: team)
    // Differences of fourth order with a step of 1e-3 are good to 1e-8 of frequencies squared of some hundreds.
    #expect(worst(other.eigenvalues, all.eigenvalues) < 1e-5)
    // Phonons: the dynamical matrix at every wave vector of the cell, by the six neighbours within the cutoff.
    let spacing = (2 / (3.0.squareRoot() * 0.9)).squareRoot()
    // The slope over the distance, and the curvature.
    let (slope, curvature) = model.pairDerivatives(Species("A"), Species("A"), r: spacing)
    var expected: [Double] = []
    let neighbors: [Vector3] = (0..<6).map { k in
      let angle = Double(k) * Double.pi / 3
      return Vector3(cos(angle), sin(angle), 0)
    }
    let (na, nb, _) = Lattice.hexagonal.grid(for: count, in: cell)
    for a in 0..<na {
      for b in 0..<2 * nb {
        // Wave vectors of the lattice that fit the rectangle: one of each class modulo the reciprocal lattice.
        let k = Vector3(
          2 * Double.pi * Double(a) / cell.vectors.a.x, 2 * Double.pi * Double(b) / cell.vectors.b.y, 0)
        var xx = 0.0
        var xy = 0.0
        var yy = 0.0
        for n in neighbors {
          let weight = 1 - cos(spacing * k.dot(n))
          let (along, across) = (curvature, slope)
          xx += weight * (along * n.x * n.x + across * n.y * n.y)
          yy += weight * (along * n.y * n.y + across * n.x * n.x)
          xy += weight * (along - across) * n.x * n.y
        }
        let mean = (xx + yy) / 2
        let apart = (xx - yy) / 2
        let half = (apart * apart + xy * xy).squareRoot()
        expected += [mean - half, mean + half]
      }
    }
    #expect(worst(all.eigenvalues, expected.sorted()) < 1e-8 * (expected.max() ?? 0))
  }
}
