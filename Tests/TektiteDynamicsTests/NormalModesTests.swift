import Tektite
import TektiteLinearAlgebra
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis
@testable import TektiteDynamics

@Suite("Normal modes")
struct NormalModesTests {
  private static let team = ThreadTeam(threads: 1)

  /// A small glass of the mixture at a minimum of its energy.
  private static func glass(_ scheme: CutoffScheme, atoms cells: Int = 3) throws -> (Structure, LennardJones) {
    let model = try LennardJones.kobAndersen(scheme: scheme)
    let start = Fixture.crystal(
      cells: cells, density: 1.2, jitter: 0.35, seed: 5,
      species: LennardJones.kobAndersenSpecies + [LennardJones.kobAndersenSpecies[0]])
    // The third kind of atom in turn is A again.
    var structure = start
    structure.topology.table = LennardJones.kobAndersenSpecies
    structure.topology.species = start.topology.species.map { $0 == 1 ? 1 : 0 }
    let inherent = try InherentStructure(
      below: structure, model, units: .lj, tolerance: 1e-10, maximumEvaluations: 50_000, team: team)
    #expect(inherent.minimization.ending == .converged && inherent.minimization.forces.rms < 1e-10)
    return (inherent.structure, model)
  }

  @Test("Derivatives of pair energies are those of differences", arguments: CutoffScheme.allCases)
  func pairDerivatives(_ scheme: CutoffScheme) throws {
    let model = try LennardJones.kobAndersen(scheme: scheme)
    let table = LennardJones.kobAndersenSpecies
    for (a, b) in [(0, 0), (0, 1), (1, 1)] {
      let cutoff = try model.pairCutoff(table[a], table[b])
      for step in 0...20 {
        let r = 0.8 + (cutoff - 0.81) * Double(step) / 20
        let h = 1e-4
        func slope(_ x: Double) -> Double { -model.pairEnergy(a, b, r2: x * x).forceOverDistance * x }
        let curvature = (8 * (slope(r + h) - slope(r - h)) - (slope(r + 2 * h) - slope(r - 2 * h))) / (12 * h)
        let found = model.pairDerivatives(table[a], table[b], r: r)
        #expect(abs(found.slopeOverDistance - slope(r) / r) < 1e-12 * max(1, abs(found.slopeOverDistance)))
        // Errors of the differences: h⁴/30 times a fifth derivative of some 1e9 near contact.
        #expect(abs(found.curvature - curvature) < 1e-8 * max(1, abs(curvature)), "\(scheme) at \(r)")
      }
    }
    #expect(throws: PotentialError.self) { try model.pairCutoff(table[0], Species("C")) }
  }

  @Test("A crystal has the frequencies of its dispersion relation, and three modes without energy")
  func dispersion() throws {
    let n = 3
    let density = 1.05
    let crystal = Fixture.crystal(cells: n, density: density, jitter: 0)
    let model = try Fixture.lennardJones()
    let hessian = try Hessian.of(crystal, model, units: .lj, team: Self.team)
    let modes = try NormalModes(hessian, masses: crystal.topology.masses, count: nil, team: Self.team)
    // D(k) = Σ_R K(R) (1 − cos k·R) over lattice vectors R within the cutoff, for the k that fit the cell. The k in a cube of twice the width count each twice.
    let a = Fixture.cubeRoot(4 / density)
    let cutoff = try model.pairCutoff(crystal.topology.table[0], crystal.topology.table[0])
    var expected: [Double] = []
    for x in 0..<2 * n {
      for y in 0..<2 * n {
        for z in 0..<2 * n {
          let k = (2 * Double.pi / (Double(n) * a)) * Vector3(Double(x), Double(y), Double(z))
          var matrix = Matrix(rows: 3, columns: 3)
          for i in -4...4 {
            for j in -4...4 {
              for l in -4...4 where (i + j + l) % 2 == 0 && (i, j, l) != (0, 0, 0) {
                let d = (0.5 * a) * Vector3(Double(i), Double(j), Double(l))
                guard d.length < cutoff else { continue }
                let (slope, curvature) = model.pairDerivatives(
                  crystal.topology.table[0], crystal.topology.table[0], r: d.length)
                let phase = 1 - Self.cosine(k.dot(d))
                for p in 0..<3 {
                  for q in 0..<3 {
                    let along = (curvature - slope) * d[p] * d[q] / d.lengthSquared
                    matrix[p, q] += phase * (along + (p == q ? slope : 0))
                  }
                }
              }
            }
          }
          expected += try SymmetricEigenproblem(matrix).values
        }
      }
    }
    expected.sort()
    #expect(modes.eigenvalues.count == 324 && modes.zeros.count == 3 && modes.isComplete)
    let highest = expected.last ?? 0
    for k in 0..<324 {
      // Sums of a hundred terms as large as the highest eigenvalue.
      #expect(abs(modes.eigenvalues[k] - expected[2 * k]) < 1e-12 * highest, "mode \(k)")
    }
    // Degenerate throughout: Lanczos must find every copy.
    let lanczos = try NormalModes(hessian, masses: crystal.topology.masses, count: 30, team: Self.team)
    #expect(lanczos.eigenvalues.count == 33 && lanczos.zeros.count == 3)
    for (k, value) in lanczos.eigenvalues.enumerated() {
      #expect(abs(value - expected[2 * k]) < 1e-9 * highest, "mode \(k): \(value), \(expected[2 * k])")
    }
  }

  private static func cosine(_ x: Double) -> Double {
    // Brought near zero, then a series.
    let turns = (x / (2 * .pi)).rounded()
    let t = x - 2 * .pi * turns
    var (term, sum) = (1.0, 1.0)
    for k in 1...20 {
      term *= -t * t / Double((2 * k - 1) * (2 * k))
      sum += term
    }
    return sum
  }

  @Test("Differences of forces give the analytic Hessian of a glass to what they promise")
  func differences() throws {
    let (glass, model) = try Self.glass(.smooth)
    let exact = try Hessian.of(glass, model, units: .lj, team: Self.team)
    let found = try Hessian.differences(glass, model, units: .lj, step: 2e-4, team: Self.team)
    #expect(exact.method == "analytic" && exact.largestRowSum < 1e-10 && exact.asymmetry < 1e-11)
    var worst = 0.0
    for (a, b) in zip(exact.dense.elements, found.dense.elements) { worst = max(worst, abs(a - b)) }
    // A pair within 2h of its cutoff, where the third derivative jumps by 2 or so, is off by half of that times h; elsewhere errors are 1e-7.
    #expect(worst < 3e-4, "\(worst)")
    #expect(found.asymmetry < 3e-4 && found.asymmetry > 0)
  }

  @Test("Modes of a glass: sum rules, Debye-Waller factors by another way, Lanczos against the dense solver")
  func glass() throws {
    let (glass, model) = try Self.glass(.cutAndShift)
    var masses = glass.topology.masses
    for i in masses.indices where glass.topology.species[i] == 1 { masses[i] = 1.7 }
    let n = masses.count
    let hessian = try Hessian.of(glass, model, units: .lj, team: Self.team)
    let modes = try NormalModes(hessian, masses: masses, count: nil, team: Self.team)
    #expect(modes.zeros.count == 3 && modes.unstable.isEmpty && modes.vibrations.count == 3 * n - 3)
    #expect(abs(modes.eigenvalues.reduce(0, +) / modes.trace - 1) < 1e-13)
    #expect(modes.participation.allSatisfy { $0 > 0.99 / Double(n) && $0 < 1 + 1e-12 })
    // Translations move atoms alike but for the mass weights.
    for k in modes.zeros { #expect(modes.participation[k] > 0.6) }
    // (D + c TᵀT)⁻¹ without its part along the translations, over the masses.
    let translations = NormalModes.translations(masses)
    var shifted = hessian.massWeighted(masses).dense
    let square = translations.gram
    let c = 100.0
    for k in shifted.elements.indices { shifted.elements[k] += c * square.elements[k] }
    var identity = Matrix(rows: 3 * n, columns: 3 * n)
    for k in 0..<3 * n { identity[k, k] = 1 }
    let inverse = try CholeskyFactor(shifted).solve(identity)
    for (i, psi) in modes.debyeWaller.enumerated() {
      let sum = (3 * i..<3 * i + 3).reduce(0) { $0 + inverse[$1, $1] - square[$1, $1] / c }
      // The condition number is some 1e4.
      #expect(abs(psi - sum / masses[i]) < 1e-11 * max(1, psi), "atom \(i)")
    }
    let lowest = try NormalModes(hessian, masses: masses, count: 25, team: Self.team)
    #expect(!lowest.isComplete && lowest.zeros.count == 3)
    try #require(lowest.eigenvalues.count == 28)
    let highest = modes.eigenvalues.last ?? 0
    for k in 0..<28 {
      #expect(abs(lowest.eigenvalues[k] - modes.eigenvalues[k]) < 1e-11 * highest, "mode \(k)")
      guard !modes.zeros.contains(k) else { continue }
      let overlap = zip(lowest.vectors.row(k), modes.vectors.row(k)).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(abs(overlap) - 1) < 1e-8, "mode \(k)")
      #expect(abs(lowest.participation[k] - modes.participation[k]) < 1e-6)
    }
    #expect(lowest.largestResidual < 1e-10 * highest)
    let threaded = try NormalModes(hessian, masses: masses, count: 25, team: ThreadTeam(threads: 3))
    #expect(threaded.eigenvalues == lowest.eigenvalues && threaded.vectors == lowest.vectors)
  }

  @Test("A structure that is no minimum has modes with negative ω², and says so")
  func unstable() throws {
    let stretched = Fixture.crystal(cells: 2, density: 0.5, jitter: 0)
    let model = try Fixture.lennardJones()
    let hessian = try Hessian.of(stretched, model, units: .lj, team: Self.team)
    let modes = try NormalModes(hessian, masses: stretched.topology.masses, count: nil, team: Self.team)
    #expect(!modes.unstable.isEmpty)
    let report = modes.report(of: hessian, units: .lj, bins: 10)
    #expect(report.tables[0].notes.contains { $0.contains("negative") })
  }
}
