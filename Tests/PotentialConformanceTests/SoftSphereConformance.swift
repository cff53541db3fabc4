import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

/// A model of soft spheres with the mixture to try it on.
struct SoftSphereCase: Sendable, CustomTestStringConvertible {
  enum Kind: String, Sendable { case inversePower, harmonic }
  var kind: Kind
  var scheme: CutoffScheme
  var precision: Precision

  var testDescription: String { "\(kind.rawValue), \(scheme.rawValue), \(precision.rawValue)" }

  static let all: [SoftSphereCase] = [Precision.double, .mixed].flatMap { precision in
    CutoffScheme.allCases.map { SoftSphereCase(kind: .inversePower, scheme: $0, precision: precision) }
      + [SoftSphereCase(kind: .harmonic, scheme: .cut, precision: precision)]
  }

  // Roux, Barrat and Hansen 1989 combine 1 and 1.2 additively; the third species is an invention of this test.
  private static let sizes = [1.0, 1.2, 0.9]
  private var labels: [String] { ["A", "B", "C"] }
  // In another order than the model's, so that a mix-up of the two indices shows.
  private var table: [Species] { [Species("C"), Species("A"), Species("B")] }

  private var pairs: [LennardJones.Pair] {
    (0..<9).map { k in
      let sigma = 0.5 * (Self.sizes[k / 3] + Self.sizes[k % 3])
      let epsilon = 1 + 0.1 * Double(k / 3 + k % 3)
      return LennardJones.Pair(epsilon: epsilon, sigma: sigma, cutoff: kind == .harmonic ? sigma : 1.7 * sigma)
    }
  }

  func suite() throws -> PotentialConformance {
    let map = table.map { self.labels.firstIndex(of: $0.label) ?? 0 }
    let (pairs, labels, scheme) = (pairs, labels, scheme)
    let make: @Sendable (Precision) -> any PotentialModel
    let oracle: PairOracle
    let cutoff = pairs.map(\.cutoff).max() ?? 0
    let smoothness: PotentialConformance.Smoothness
    switch kind {
    case .inversePower:
      make = { InversePower(labels: labels, pairs: pairs, scheme: scheme, precision: $0) }
      let plain = InversePower(labels: labels, pairs: pairs, scheme: scheme)
      oracle = PairOracle(cutoff: cutoff) { a, b, r2 in
        let pair = plain.pairEnergy(map[a], map[b], r2: r2)
        return (pair.energy, pair.forceOverDistance)
      }
      smoothness =
        switch scheme {
        case .cut: .none
        case .cutAndShift: .energy
        case .shiftedForce: .force
        case .smooth: .curvature
        }
    case .harmonic:
      make = { HarmonicSpheres(labels: labels, pairs: pairs, precision: $0) }
      let plain = HarmonicSpheres(labels: labels, pairs: pairs)
      oracle = PairOracle(cutoff: cutoff) { a, b, r2 in
        let pair = plain.pairEnergy(map[a], map[b], r2: r2)
        return (pair.energy, pair.forceOverDistance)
      }
      smoothness = .force
    }
    var tolerances = precision == .mixed ? PotentialConformance.Tolerances.mixed : .double
    if kind == .harmonic {
      // The force has a kink at contact, where a difference over a step is off by half the step; no pair of the samples sits there so exactly
      // in double precision, and in single precision steps are wider.
      tolerances.derivative = max(tolerances.derivative, precision == .mixed ? 1e-2 : 1e-7)
    }
    return PotentialConformance(
      make(precision), sample: Sample(table: table, minimumDistance: 0.75, density: 0.9), tolerances: tolerances,
      smoothness: smoothness, cutoffs: Array(Set(pairs.map(\.cutoff))).sorted(), oracle: { oracle.evaluate($0) },
      reference: precision == .mixed ? make(.double) : nil, seed: 40)
  }
}

/// Soft spheres with a diameter each.
struct PolydisperseCase: Sendable, CustomTestStringConvertible {
  var nonadditivity: Double
  var scheme: CutoffScheme
  var precision: Precision
  var kinds = 1

  var testDescription: String {
    "\(scheme.rawValue), nonadditivity \(nonadditivity), \(precision.rawValue), \(kinds) species"
  }

  static let all: [PolydisperseCase] = [
    PolydisperseCase(nonadditivity: 0.2, scheme: .smooth, precision: .double),
    PolydisperseCase(nonadditivity: 0, scheme: .cutAndShift, precision: .double),
    PolydisperseCase(nonadditivity: 0.2, scheme: .cut, precision: .double, kinds: 2),
    PolydisperseCase(nonadditivity: 0.2, scheme: .smooth, precision: .mixed),
  ]

  func suite() throws -> PotentialConformance {
    let reach = DiameterReach(multiple: 1.25, nonadditivity: nonadditivity)
    let diameters = 0.72533...1.6095
    let exact = try PolydisperseInversePower(epsilon: 1.3, reach: reach, scheme: scheme)
    let oracle = PairOracle.ofDiameters(cutoff: reach.bound(diameters, diameters)) { s, t, r2 in
      let pair = exact.pairEnergy(s, t, r2: r2)
      return (pair.energy, pair.forceOverDistance)
    }
    let sample = Sample(
      table: (0..<kinds).map { Species(["A", "B"][$0]) }, minimumDistance: 0.8, density: 0.8, diameters: diameters)
    let smoothness: PotentialConformance.Smoothness =
      switch scheme {
      case .smooth: .curvature
      case .cutAndShift: .energy
      case .cut, .shiftedForce: .none
      }
    return PotentialConformance(
      try PolydisperseInversePower(epsilon: 1.3, reach: reach, scheme: scheme, precision: precision), sample: sample,
      tolerances: precision == .mixed ? .mixed : .double, smoothness: smoothness,
      cutoffs: [1.25 * reach.mean(diameters.lowerBound, diameters.upperBound)], oracle: { oracle.evaluate($0) },
      reference: precision == .mixed ? exact : nil, seed: 50)
  }
}

@Suite("Soft spheres conform")
struct SoftSphereConformance {
  @Test("passes every check", arguments: SoftSphereCase.all)
  func passes(_ entry: SoftSphereCase) throws {
    for check in try entry.suite().checks {
      if let failure = check.failure() { Issue.record("\(failure)") }
    }
  }

  @Test("passes every check with a diameter for each atom", arguments: PolydisperseCase.all)
  func polydisperse(_ entry: PolydisperseCase) throws {
    // Every pair has a cutoff of its own, so the suite cannot keep pairs away from it: where the energy or the force jumps there, differences tell
    // nothing. The comparison with the plain sum covers these schemes.
    let derivatives = ["forces are the gradient of the energy", "the virial is the strain derivative"]
    for check in try entry.suite().checks where entry.scheme == .smooth || !derivatives.contains(check.name) {
      if let failure = check.failure() { Issue.record("\(failure)") }
    }
  }

  // Numbers of the published form: x⁻¹² + c₀ + c₂ x² + c₄ x⁴ with c₀ = -1.924145348608, c₂ = 2.11106232532992, c₄ = -0.59109745109238.
  @Test(
    "has the published energies",
    arguments: [(0.8, 13.7367363), (1.0, 0.5958195), (1.2, 0.00224138), (1.25, 0.0)])
  func published(x: Double, energy: Double) throws {
    let model = try PolydisperseInversePower(
      epsilon: 1, reach: DiameterReach(multiple: 1.25, nonadditivity: 0.2), scheme: .smooth)
    #expect(abs(model.pairEnergy(1, 1, r2: x * x).energy - energy) < 1e-7)
    // Unlike atoms: σ = 1.1 · (1 - 0.2 · 0.4).
    let sigma = 1.1 * 0.92
    #expect(abs(model.pairEnergy(1.3, 0.9, r2: x * x * sigma * sigma).energy - energy) < 1e-7)
  }

  @Test("atoms without diameters, or with absurd ones, are refused")
  func refused() throws {
    let model = try PolydisperseInversePower(
      epsilon: 1, reach: DiameterReach(multiple: 1.25, nonadditivity: 0.2), scheme: .smooth)
    #expect(throws: PotentialError.missingDiameters("A", model: model.name)) {
      _ = try model.makePotential(for: [Species("A")])
    }
    var wide = Species("A")
    wide.diameters = 0.5...6
    #expect(throws: PotentialError.self) { _ = try model.makePotential(for: [wide]) }
    #expect(throws: PotentialError.self) {
      _ = try PolydisperseInversePower(
        epsilon: 1, reach: DiameterReach(multiple: 1.25, nonadditivity: 0.2), scheme: .shiftedForce)
    }
  }

  @Test("lists by classes of diameters are shorter than one radius for all")
  func shortLists() throws {
    var random = SeededGenerator(seed: 3)
    let sample = Sample(
      table: [Species("A")], minimumDistance: 0.8, density: 1.02, diameters: 0.72533...1.6095)
    var structure = sample.lattice(.cubic, atoms: 1728, noise: 0.05, using: &random)
    structure.frame.diameters = DiameterDistribution(0.72533...1.6095, exponent: 3).draw(count: 1728, seed: 1)
    let model = try PolydisperseInversePower(
      epsilon: 1, reach: DiameterReach(multiple: 1.25, nonadditivity: 0.2), scheme: .smooth)
    var probe = try Probe(model, structure, skin: 0.3)
    _ = try probe.measure()
    let byClass = probe.field.clusterEntryCount
    // The same reach for every pair: as a Lennard-Jones model of one species with the largest cutoff.
    let uniform = try LennardJones(
      labels: ["A"],
      pairs: [LennardJones.Pair(epsilon: 1, sigma: 1, cutoff: probe.field.requirements.cutoff)], scheme: .cut)
    var plain = try Probe(uniform, structure, skin: 0.3)
    _ = try plain.measure()
    #expect(byClass * 2 < plain.field.clusterEntryCount)
  }
}
