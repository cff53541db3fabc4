import Tektite
import Testing

@testable import TektiteDynamics

@Suite("Minimisers")
struct MinimizerTests {
  /// Known global minima of Lennard-Jones clusters (Cambridge Cluster Database; Wales and Doye 1997,
  /// doi:10.1021/jp970984n), from disturbed copies of their geometries.
  enum Cluster: String, CaseIterable, Sendable {
    case icosahedron13, octahedron38
    var energy: Double { self == .icosahedron13 ? -44.326801 : -173.928427 }

    func structure(jitter: Double, seed: UInt64) -> Structure {
      var sites: [Vector3] = []
      if self == .icosahedron13 {
        let g = (1 + 5.0.squareRoot()) / 2
        sites.append(.zero)
        for s in [-1.0, 1.0] {
          for t in [-g, g] { sites += [Vector3(0, s, t), Vector3(s, t, 0), Vector3(t, 0, s)] }
        }
        sites = sites.map { (1.08 / (1 + g * g).squareRoot()) * $0 }
      } else {
        // fcc around an octahedral hole: x + y + z odd in half lattice constants, three shells.
        for x in -2...2 {
          for y in -2...2 {
            for z in -2...2 where (x + y + z) % 2 != 0 && x * x + y * y + z * z <= 5 {
              sites.append(0.78 * Vector3(Double(x), Double(y), Double(z)))
            }
          }
        }
      }
      var random = Fixture.Jitter(seed: seed)
      var frame = Frame()
      frame.positions = sites.map { $0 + random.vector(jitter) }
      let species = [Int32](repeating: 0, count: sites.count)
      return Structure(topology: Topology(table: [Species("A")], species: species), frame: frame)
    }
  }

  @Test("FIRE finds the known energies of clusters", arguments: Cluster.allCases)
  func fireOnClusters(_ cluster: Cluster) throws {
    let model = try Fixture.lennardJones(cutoff: 12, scheme: .cut)
    var bench = try Bench(cluster.structure(jitter: 0.06, seed: 3), model)
    var minimizer = FIRE(timestep: 0.003, largestMove: 0.1)
    let result = try minimize(
      &bench.system, &bench.field, with: &minimizer, tolerance: 1e-9, maximumEvaluations: 3000)
    #expect(result.ending == .converged, "\(result)")
    #expect(result.forces.rms < 1e-9)
    // The table gives six decimals; a cutoff of 12 is beyond the diameter.
    #expect(abs(result.energy - cluster.energy) < 1e-6, "\(result.energy)")
    #expect(result.evaluations < 1000, "\(result.evaluations) evaluations")
  }

  @Test("L-BFGS finds them in fewer evaluations", arguments: Cluster.allCases)
  func lbfgsOnClusters(_ cluster: Cluster) throws {
    let model = try Fixture.lennardJones(cutoff: 12, scheme: .cut)
    var bench = try Bench(cluster.structure(jitter: 0.06, seed: 3), model)
    var minimizer = LBFGS(largestMove: 0.1)
    let result = try minimize(
      &bench.system, &bench.field, with: &minimizer, tolerance: 1e-9, maximumEvaluations: 3000)
    #expect(result.ending == .converged, "\(result)")
    #expect(abs(result.energy - cluster.energy) < 1e-6, "\(result.energy)")
    #expect(result.evaluations < 150, "\(result.evaluations) evaluations")
  }

  @Test("Both descend to the same kind of minimum from overlapping random starts", arguments: [1, 2, 3] as [UInt64])
  func randomStart(seed: UInt64) throws {
    // Atoms as near as 0.01: forces of 1e25 at first.
    var structure = Fixture.crystal(cells: 2, density: 1.0)
    var random = Fixture.Jitter(seed: seed)
    let side = structure.frame.cell.vectors.a.x
    for i in 0..<structure.count { structure.frame.positions[i] = random.vector(side) }
    let model = try Fixture.lennardJones()
    for algorithm in MinimizeStage.Algorithm.allCases {
      var bench = try Bench(structure, model)
      var fire = FIRE(timestep: 0.003, largestMove: 0.08)
      var lbfgs = LBFGS(largestMove: 0.08)
      let result =
        algorithm == .fire
        ? try minimize(&bench.system, &bench.field, with: &fire, tolerance: 1e-5, maximumEvaluations: 6000)
        : try minimize(&bench.system, &bench.field, with: &lbfgs, tolerance: 1e-5, maximumEvaluations: 6000)
      #expect(result.ending == .converged, "\(algorithm): \(result)")
      // Random packings of 32 atoms at this density end above the crystal, well below zero.
      #expect(result.energy / 32 < -2 && result.energy / 32 > -7, "\(algorithm): \(result)")
      // And it is a minimum: whichever way all atoms are pushed a little, the energy goes up. What is left of the forces could take off 1e-6.
      for _ in 0..<10 {
        let home = bench.system.positions.array()
        for i in 0..<structure.count { bench.system.positions[i] += random.vector(1e-3) }
        try bench.field.update(&bench.system, [.energy])
        #expect(bench.field.evaluation.energy > result.energy + 1e-5, "\(algorithm): \(result)")
        for i in 0..<structure.count { bench.system.positions[i] = home[i] }
      }
    }
  }

  @Test("A saddle of zero force counts as converged, an exhausted budget does not")
  func endings() throws {
    let model = try Fixture.lennardJones()
    var perfect = try Bench(Fixture.crystal(jitter: 0), model)
    var fire = FIRE(timestep: 0.003, largestMove: 0.1)
    let still = try minimize(&perfect.system, &perfect.field, with: &fire, tolerance: 1e-8, maximumEvaluations: 10)
    #expect(still.ending == .converged && still.iterations == 0)

    var disturbed = try Bench(Fixture.crystal(jitter: 0.1), model)
    var lbfgs = LBFGS(largestMove: 0.1)
    let early = try minimize(&disturbed.system, &disturbed.field, with: &lbfgs, tolerance: 1e-12, maximumEvaluations: 5)
    #expect(early.ending == .exhausted && early.evaluations >= 5 && early.evaluations < 40)
  }

  @Test("Sizes of huge forces do not overflow, and those that are not numbers say so")
  func forceSize() {
    let size = ForceSize(Buffer([Vector3(1e200, 0, 0), Vector3(0, 0, 0)]))
    #expect(abs(size.rms / 1e200 - (1.0 / 6).squareRoot()) < 1e-15)
    #expect(size.maximum == 1e200)
    #expect(ForceSize(Buffer([Vector3(.nan, 0, 0)])).rms.isNaN)
    #expect(ForceSize(Buffer([Vector3(0, .infinity, 0)])).rms.isNaN)
    #expect(ForceSize(Buffer<Vector3>(count: 3)).rms == 0)
  }
}
