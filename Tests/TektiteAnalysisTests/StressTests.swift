import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Stress autocorrelation and viscosity")
struct StressTests {
  private static let stage = ObservedStage(
    name: "s", units: .lj, topology: Topology(table: [Species("A", mass: 2)], species: [0, 0, 0]), cell: .cubic(5),
    timestep: 0.01, steps: 400, ensemble: "NVE", degreesOfFreedom: 6)

  private static func frames() -> [Frame] {
    var generator = SeededGenerator(seed: 8)
    func number() -> Double { Double.random(in: -1...1, using: &generator) }
    return (0...400).map { step in
      var frame = Frame()
      frame.step = step
      frame.cell = .cubic(5)
      frame.positions = [Vector3](repeating: .zero, count: 3)
      frame.velocities = (0..<3).map { _ in Vector3(number(), number(), number()) }
      let (xy, xz, yz) = (number(), number(), number())
      frame.stress = Matrix3(
        Vector3(number(), xy, xz), Vector3(xy, number(), yz), Vector3(xz, yz, number()))
      return frame
    }
  }

  private static func tables(_ frames: [Frame], every: Int) throws -> [ObservableTable] {
    var request = ObservableRequest(.stressAutocorrelation, file: "s.csv")
    request.sampling = .init(perDecade: 10, origins: every, longest: 200)
    let observer = try StageObservation([request], summary: "o.json").makeObserver(for: stage)
    #expect(observer.needsVelocities)
    var step = -1
    while let next = observer.next(after: step), next <= stage.steps {
      #expect(next % every == 0 && observer.needsStress(at: next))
      observer.observe(frames[next])
      step = next
    }
    let text = observer.results().first { $0.file == "o.json" }?.text ?? ""
    return try #require(ObservableReport(json: text)).tables
  }

  @Test("G(t) and its integral are those of the definition, component by component", arguments: [1, 4])
  func definition(_ every: Int) throws {
    let frames = Self.frames()
    let tables = try Self.tables(frames, every: every)
    // The slow way: whole stress tensors, origin by origin.
    let volume = 125.0
    let total = frames.map { frame -> Matrix3 in
      var sum = frame.stress ?? .zero
      for v in frame.velocities { sum += (-2 / volume) * Matrix3.outer(v, v) }
      return sum
    }
    let taken = stride(from: 0, through: 400, by: every).map { $0 }
    let energy = taken.map { frames[$0].velocities.reduce(0) { $0 + 2 * $1.lengthSquared } }
    let temperature = energy.reduce(0, +) / Double(taken.count) / 6
    func correlation(_ lag: Int, _ component: (Matrix3) -> Double) -> Double {
      let origins = taken.filter { $0 + lag <= 400 }
      return origins.reduce(0) { $0 + component(total[$1]) * component(total[$1 + lag]) } / Double(origins.count)
    }
    let components: [(Matrix3) -> Double] = [
      { $0.a.y }, { $0.a.z }, { $0.b.z }, { ($0.a.x - $0.b.y) / 2 },
      { ($0.a.x + $0.b.y - 2 * $0.c.z) / 12.0.squareRoot() },
    ]
    let lags = tables[0].abscissas.map { Int(($0 / 0.01).rounded()) }
    #expect(lags.first == 0 && lags.last == (every == 1 ? 200 : 200) && lags.allSatisfy { $0 % every == 0 })
    var integrals = [Double](repeating: 0, count: 5)
    var before = components.map { correlation(0, $0) }
    for (row, lag) in lags.enumerated() {
      let now = components.map { correlation(lag, $0) }
      let g = volume / temperature * now.reduce(0, +) / 5
      // Rounding of sums of 400 numbers of order 0.1, times 125/T.
      #expect(abs(tables[0].curves[0].values[row] - g) < 1e-11, "lag \(lag)")
      if row > 0 {
        for k in 0..<5 { integrals[k] += 0.5 * (now[k] + before[k]) * Double(lag - lags[row - 1]) * 0.01 }
      }
      before = now
      let eta = integrals.map { $0 * volume / temperature }
      let mean = eta.reduce(0, +) / 5
      let error = (eta.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20).squareRoot()
      #expect(abs(tables[1].curves[0].values[row] - mean) < 1e-11)
      #expect(abs(tables[1].curves[0].errors[row] - error) < 1e-11)
    }
  }

  /// Stress that relaxes with exp(−t/τ) from a known modulus: η = G τ.
  @Test("A Maxwell liquid has the viscosity of its modulus and its relaxation time")
  func maxwell() throws {
    var generator = SeededGenerator(seed: 4)
    // An Ornstein-Uhlenbeck process for each component, of variance 1 and relaxation time 20 steps.
    let memory = exp(-1.0 / 20)
    let kick = (1 - memory * memory).squareRoot()
    func normal() -> Double {
      (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) }
    }
    var stage = Self.stage
    stage.steps = 200_000
    stage.timestep = 1
    var request = ObservableRequest(.stressAutocorrelation, file: "s.csv")
    request.sampling = .init(perDecade: 20, origins: 2, longest: 400)
    let observer = try StageObservation([request], summary: "o.json").makeObserver(for: stage)
    var s = [Double](repeating: 0, count: 5)
    var frame = Frame()
    frame.cell = .cubic(5)
    // 2K = 6, so that T = 1.
    frame.velocities = [Vector3(3.0.squareRoot(), 0, 0), .zero, .zero]
    frame.positions = [Vector3](repeating: .zero, count: 3)
    for step in 0...stage.steps {
      for k in 0..<5 { s[k] = memory * s[k] + kick * normal() }
      guard step % 2 == 0 else { continue }
      frame.step = step
      // A stress with these five deviatoric components, its kinetic part taken off beforehand.
      let (difference, third) = (s[3], s[4] * 12.0.squareRoot())
      var stress = Matrix3(
        Vector3(difference + third / 6, s[0], s[1]), Vector3(s[0], -difference + third / 6, s[2]),
        Vector3(s[1], s[2], -third / 3))
      stress.a.x += 2 * 3 / 125.0
      frame.stress = stress
      observer.observe(frame)
    }
    let report = try #require(ObservableReport(json: observer.results().last?.text ?? ""))
    let eta = try #require(report.tables[1].findings.first)
    let error = try #require(eta.error)
    // 125 · 1 · 20 = 2500, and the trapezoids of steps of two add 0.1 %; five components of 10,000 relaxation times: some 2 % of scatter.
    #expect(abs(eta.value - 2500) < 4 * max(error, 30), "\(eta)")
    #expect(error < 200)
    let g = report.tables[0].curves[0]
    #expect(abs(g.values[0] - 125) < 4 * g.errors[0])
  }

  @Test("A run that is too short has no viscosity")
  func short() throws {
    let frames = Self.frames().map { frame in
      var frame = frame
      frame.stress = Matrix3(Vector3(0, 3, 0), Vector3(3, 0, 0), .zero)
      return frame
    }
    let table = try Self.tables(frames, every: 1)[1]
    #expect(table.findings.isEmpty && table.notes.contains { $0.contains("too short") })
  }
}
