import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Equilibrium certificates")
struct CertificateTests {
  /// Atoms on a lattice of cells with a basis in units of the cell, moved at random by so much.
  static func lattice(_ basis: [Vector3], cells: Int, shape: Vector3 = Vector3(1, 1, 1), noise: Double = 0) -> Frame {
    var generator = SeededGenerator(seed: 9)
    var frame = Frame()
    frame.cell = Cell(
      Matrix3(
        Vector3(Double(cells) * shape.x, 0, 0), Vector3(0, Double(cells) * shape.y, 0),
        Vector3(0, 0, Double(cells) * shape.z)))
    for i in 0..<cells {
      for j in 0..<cells {
        for k in 0..<cells {
          for site in basis {
            let r = Vector3(Double(i), Double(j), Double(k)) + site
            let shift = noise * Vector3(generator.normal(), generator.normal(), generator.normal())
            frame.positions.append(Vector3(r.x * shape.x, r.y * shape.y, r.z * shape.z) + shift)
          }
        }
      }
    }
    return frame
  }

  static let fcc = [Vector3(0, 0, 0), Vector3(0.5, 0.5, 0), Vector3(0.5, 0, 0.5), Vector3(0, 0.5, 0.5)]
  static let bcc = [Vector3(0, 0, 0), Vector3(0.5, 0.5, 0.5)]
  /// The orthorhombic cell of close-packed layers in ABAB order, with sides 1, √3 and √(8/3) nearest distances.
  static let hcp = [
    Vector3(0, 0, 0), Vector3(0.5, 0.5, 0), Vector3(0.5, 5.0 / 6, 0.5), Vector3(0, 1.0 / 3, 0.5),
  ]
  static let hcpShape = Vector3(1, 3.0.squareRoot(), (8.0 / 3).squareRoot())

  @Test("Perfect crystals are known, those that rattle mostly, and a cubic lattice is none of them")
  func crystals() {
    let still = [
      Self.lattice(Self.fcc, cells: 4), Self.lattice(Self.hcp, cells: 4, shape: Self.hcpShape),
      Self.lattice(Self.bcc, cells: 5),
    ].map(CommonNeighbors.fractions)
    #expect(still[0] == .init(fcc: 1, hcp: 0, bcc: 0))
    #expect(still[1] == .init(fcc: 0, hcp: 1, bcc: 0))
    #expect(still[2] == .init(fcc: 0, hcp: 0, bcc: 1))
    // 4 % of the nearest distance, about half of what melts a crystal.
    let warm = CommonNeighbors.fractions(of: Self.lattice(Self.fcc, cells: 5, noise: 0.04 / 2.0.squareRoot()))
    #expect(warm.fcc > 0.9, "\(warm)")
    let cubic = CommonNeighbors.fractions(of: Self.lattice([.zero], cells: 6, noise: 0.01))
    #expect(cubic.crystalline == 0, "\(cubic)")
    #expect(CommonNeighbors.fractions(of: Frame()).crystalline == 0)
  }

  @Test("Nearest atoms are those of a search over all pairs, with and without a cell", arguments: [true, false])
  func nearest(_ isPeriodic: Bool) {
    var generator = SeededGenerator(seed: 4)
    var frame = Frame()
    let h = Matrix3(Vector3(6, 0, 0), Vector3(1.2, 5, 0), Vector3(-0.7, 0.9, 7))
    frame.cell = isPeriodic ? Cell(h) : .open
    for _ in 0..<200 {
      frame.positions.append(
        Vector3(generator.uniform(), generator.uniform(), generator.uniform()) * h
          + (isPeriodic ? 13 * Vector3(1, -1, 2) : .zero))
    }
    let inverse = h.inverse
    let nearest = NeighborFinder(nearest: 14).table(frame)
    for atom in stride(from: 0, to: 200, by: 17) {
      var all: [Double] = []
      for other in frame.positions.indices where other != atom {
        var d = frame.positions[other] - frame.positions[atom]
        if isPeriodic {
          var s = d * inverse
          for axis in 0..<3 { s[axis] -= s[axis].rounded() }
          d = s * h
        }
        all.append(d.length)
      }
      let found = nearest[atom].map { nearest.vectors[$0].length }
      #expect(zip(found, all.sorted().prefix(14)).allSatisfy { abs($0 - $1) < 1e-12 } && found.count == 14)
    }
  }

  // MARK: Drift

  /// A series x ← ρ x + noise of unit noise, with a straight line added that rises by so much.
  private static func series(_ seed: UInt64, count: Int = 2000, memory: Double = 0.9, rise: Double = 0) -> BlockedMean {
    var generator = SeededGenerator(seed: seed)
    var mean = BlockedMean()
    var x = 0.0
    for step in -100..<count {
      x = memory * x + generator.normal()
      if step >= 0 { mean.add(x + rise * Double(step) / Double(count)) }
    }
    return mean
  }

  @Test("A straight line is told exactly, whatever the number of values", arguments: [16, 64, 100, 4096])
  func line(_ count: Int) throws {
    var mean = BlockedMean()
    for k in 0..<count { mean.add(3 - 0.25 * Double(k)) }
    let trend = try #require(mean.trend())
    // Values in a last block that is not full are left out, so the change is that of the full blocks.
    let whole = count <= 64 ? count : count / (count <= 128 ? 2 : 64) * (count <= 128 ? 2 : 64)
    #expect(abs(trend.change + 0.25 * Double(whole)) < 1e-9 * Double(count), "\(trend) of \(whole)")
    #expect(trend.error < 1e-9 * Double(count))
    #expect(BlockedMean().trend() == nil)
    var short = BlockedMean()
    for k in 0..<15 { short.add(Double(k)) }
    #expect(short.trend() == nil)
  }

  @Test("Correlated noise does not drift, and a drift is found where there is one")
  func drift() throws {
    // The standard error of such a rise over 2000 values: √12 times that of the mean, (1/(1 − ρ))/√n.
    let error = 12.0.squareRoot() * 10 / 2000.0.squareRoot()
    var alarms = 0
    var found = 0
    var ratios = 0.0
    for seed in 0..<200 {
      let noise = try #require(Self.series(UInt64(seed)).trend())
      if abs(noise.change) > 3 * noise.error { alarms += 1 }
      ratios += noise.error / error
      let rising = try #require(Self.series(UInt64(1000 + seed), rise: 8 * error).trend())
      if abs(rising.change) > 3 * rising.error { found += 1 }
      #expect(abs(rising.change - 8 * error) < 4.5 * error)
    }
    // Of deviates with six degrees of freedom 2.4 % are beyond 3; the largest of four errors makes them fewer. Five of 200 are a mean of that, eleven three
    // standard deviations above.
    #expect(alarms <= 11, "\(alarms) false alarms")
    #expect(found >= 180, "\(found) of 200 drifts of eight errors found")
    #expect(ratios / 200 > 0.9 && ratios / 200 < 1.6, "errors \(ratios / 200) of the exact one")
  }

  @Test("A quench that relaxes fast at first and then ever slower is seen to drift")
  func relaxation() throws {
    for seed in 0..<20 {
      var generator = SeededGenerator(seed: UInt64(seed))
      var mean = BlockedMean()
      var x = 0.0
      for step in 0..<2000 {
        x = 0.9 * x + generator.normal()
        // The logarithm of time, from ten errors of a block of 32 above the noise at the start.
        mean.add(x - 4 * log(1 + Double(step) / 10))
      }
      let trend = try #require(mean.trend())
      #expect(trend.change < -3 * trend.error, "seed \(seed): \(trend)")
    }
  }

  // MARK: Verdicts

  /// Atoms that jump a given distance at a rate that slows down by a factor from the first to the last step: F_s is that of jumps.
  private func certificate(slowing: Double, rise: Double = 0, steps: Int = 20_000, isCrystal: Bool = false)
    -> Certificate
  {
    var generator = SeededGenerator(seed: 77)
    let count = 200
    var frame = isCrystal ? Self.lattice(Self.fcc, cells: 4) : Frame()
    if !isCrystal {
      frame.cell = .cubic(6)
      for _ in 0..<count {
        frame.positions.append(6 * Vector3(generator.uniform(), generator.uniform(), generator.uniform()))
      }
    }
    let atoms = frame.positions.count
    let topology = Topology(table: [Species("A", mass: 1)], species: [Int32](repeating: 0, count: atoms))
    let start = frame.positions
    var request = CertificateRequest(waveNumber: 7.25, file: "c.json")
    request.every = 10
    request.origins = 20
    var sums = CertificateSums(request, topology: topology, steps: steps)
    var x = 0.0
    for step in 0...steps {
      // About 100 steps to a jump at the start.
      let rate = 0.01 / (1 + (slowing - 1) * Double(step) / Double(steps))
      for atom in 0..<atoms where generator.uniform() < rate {
        frame.positions[atom] += Vector3(generator.normal(), generator.normal(), generator.normal())
      }
      x = 0.9 * x + generator.normal()
      frame.step = step
      frame.energy = Double(atoms) * (x + rise * Double(step) / Double(steps))
      if sums.next(after: step - 1) == step {
        var seen = frame
        if isCrystal, step == steps { seen.positions = start }
        sums.add(seen)
      }
    }
    return sums.certificate(source: "jumps", ensemble: "NVT", timestep: 0.01, units: .lj)
  }

  @Test("A stationary process is certified, and its relaxation time is that of its jumps")
  func stationary() throws {
    let found = certificate(slowing: 1)
    #expect(found.isEquilibrium, "\(found.verdict) \(found.checks.map(\.sentence))")
    // A jump of unit variance leaves exp(−k²/2) ≈ 0 of F_s, which so falls as exp(−0.01 t): 1/e after 100 steps, 1 in time.
    #expect(abs(try #require(found.relaxationTime) - 1) < 0.05)
    #expect(abs(found.length - 200) < 1e-9)
    // Compared as text, since what is not a number differs from itself.
    #expect(Certificate(json: found.json)?.json == found.json)
    #expect(Certificate(json: "{}") == nil)
  }

  @Test("What slows down, drifts, is short or crystalline is not, and the verdict says which")
  func objections() {
    func failed(_ certificate: Certificate) -> [String] {
      certificate.checks.filter { $0.isPassed == false }.map(\.name)
    }
    let slowing = certificate(slowing: 4)
    #expect(!slowing.isEquilibrium && failed(slowing) == ["halves"], "\(slowing.checks.map(\.sentence))")
    #expect(slowing.verdict == "Not shown to be in equilibrium: F_s of the two halves differs.")
    let drifting = certificate(slowing: 1, rise: -8)
    #expect(failed(drifting) == ["drift"], "\(drifting.checks.map(\.sentence))")
    let short = certificate(slowing: 1, steps: 1500)
    #expect(failed(short).contains("length"), "\(short.checks.map(\.sentence))")
    let shorter = certificate(slowing: 1, steps: 200)
    #expect(!shorter.isEquilibrium && shorter.relaxationTime == nil, "\(shorter.checks.map(\.sentence))")
    let crystal = certificate(slowing: 1, isCrystal: true)
    #expect(
      failed(crystal) == ["crystal"] && crystal.verdict.contains("crystallise"), "\(crystal.checks.map(\.sentence))")
  }

  @Test("Sums that go through a checkpoint at any step end up the same")
  func checkpoints() throws {
    let topology = Topology(table: [Species("A", mass: 1)], species: [Int32](repeating: 0, count: 20))
    var request = CertificateRequest(waveNumber: 3, file: "c.json")
    request.every = 7
    request.origins = 5
    var generator = SeededGenerator(seed: 8)
    var frame = Frame()
    frame.cell = .cubic(5)
    frame.positions = (0..<20).map { _ in 5 * Vector3(generator.uniform(), generator.uniform(), generator.uniform()) }
    var whole = CertificateSums(request, topology: topology, steps: 101)
    var parts = whole
    for step in 0...101 {
      for atom in 0..<20 { frame.positions[atom] += 0.1 * Vector3(generator.normal(), generator.normal(), 0) }
      frame.step = step
      frame.energy = generator.normal()
      if whole.next(after: step - 1) == step {
        whole.add(frame)
        parts.add(frame)
      }
      var writer = ByteWriter()
      parts.save(to: &writer)
      var again = CertificateSums(request, topology: topology, steps: 101)
      var reader = ByteReader(writer.bytes, file: "", section: "")
      try again.restore(from: &reader)
      try reader.expectEnd()
      parts = again
    }
    func text(_ sums: CertificateSums) -> String {
      sums.certificate(source: "", ensemble: "", timestep: 1, units: .lj).json
    }
    #expect(text(parts) == text(whole))
  }
}
