import TektiteCore
import TektitePotentials
import TektiteTestSupport
import Testing

/// A Lennard-Jones model with the mixture to try it on.
struct LennardJonesCase: Sendable, CustomTestStringConvertible {
  var kinds: Int
  var scheme: CutoffScheme
  var precision: Precision
  var isRepulsive = false

  var testDescription: String {
    "\(isRepulsive ? "WCA" : scheme.rawValue), \(kinds) species, \(precision.rawValue)"
  }

  /// Every scheme with one, two and three species in both precisions, and the purely repulsive WCA mixtures.
  static let all: [LennardJonesCase] = {
    var cases: [LennardJonesCase] = []
    for precision in [Precision.double, .mixed] {
      for kinds in 1...3 {
        for scheme in CutoffScheme.allCases {
          cases.append(LennardJonesCase(kinds: kinds, scheme: scheme, precision: precision))
        }
        cases.append(
          LennardJonesCase(kinds: kinds, scheme: .cutAndShift, precision: precision, isRepulsive: true))
      }
    }
    return cases
  }()

  /// The ternary matrices of Parmar, Ozawa and Berthier 2020 (doi:10.1103/PhysRevLett.125.085505), whose first two species are Kob-Andersen's.
  static let epsilon: [[Double]] = [[1, 1.5, 1.25], [1.5, 0.5, 1.0], [1.25, 1.0, 0.75]]
  static let sigma: [[Double]] = [[1, 0.8, 0.9], [0.8, 0.88, 0.84], [0.9, 0.84, 0.94]]

  func model(_ precision: Precision) throws -> LennardJones {
    let reach = isRepulsive ? 1.122_462_048_309_373 : 2.5
    var pairs: [LennardJones.Pair] = []
    for a in 0..<kinds {
      for b in 0..<kinds {
        pairs.append(
          LennardJones.Pair(epsilon: Self.epsilon[a][b], sigma: Self.sigma[a][b], cutoff: reach * Self.sigma[a][b]))
      }
    }
    return try LennardJones(
      labels: Array(["A", "B", "C"].prefix(kinds)), pairs: pairs, scheme: scheme, precision: precision)
  }

  /// The table lists the species in another order than the model, so that a mix-up of the two indices shows.
  var table: [Species] { ["A", "B", "C"].prefix(kinds).reversed().map { Species($0) } }

  func suite() throws -> PotentialConformance {
    let exact = try model(.double)
    let table = table
    let oracle = PairOracle(exact, table: table)
    let smoothness: PotentialConformance.Smoothness =
      switch scheme {
      case .cut: .none
      // WCA is cut at its minimum, where the force vanishes as well.
      case .cutAndShift: isRepulsive ? .force : .energy
      case .shiftedForce: .force
      case .smooth: .curvature
      }
    return PotentialConformance(
      try model(precision), sample: Sample(table: table, minimumDistance: 0.78, density: 0.9),
      tolerances: precision == .mixed ? .mixed : .double, smoothness: smoothness,
      cutoffs: Array(Set(exact.pairs.map(\.cutoff))).sorted(), oracle: { oracle.evaluate($0) },
      reference: precision == .mixed ? exact : nil, seed: 20 + UInt64(kinds))
  }
}

@Suite("Lennard-Jones conforms")
struct LennardJonesConformance {
  @Test("passes every check", arguments: LennardJonesCase.all)
  func passes(_ entry: LennardJonesCase) throws {
    for check in try entry.suite().checks {
      if let failure = check.failure() { Issue.record("\(failure)") }
    }
  }

  @Test("allocations are counted on this platform")
  func counted() {
    #if os(Linux) && canImport(Glibc)
      #expect(AllocationCounter.isAvailable)
      var sink: [Int] = []
      let blocks = AllocationCounter.count { sink = Array(repeating: 3, count: 1000) }
      #expect(sink.count == 1000 && blocks == 1)
    #endif
  }
}
