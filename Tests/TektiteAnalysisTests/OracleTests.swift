import Foundation
import TektiteCore
import TektiteTestSupport
import TektiteTrajectories
import Testing

@testable import TektiteAnalysis

/// What `make-fixtures.py` computed from two small trajectories of a Kob-Andersen liquid, by definitions in numpy and with other people's programs.
struct Oracle {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("fixtures")
  let content: [String: Any]

  init() throws {
    let data = try Data(contentsOf: Self.folder.appendingPathComponent("observables.json"))
    content = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  func numbers(_ keys: String...) throws -> [Double] {
    var value: Any = content
    for key in keys { value = try #require((value as? [String: Any])?[key], "no \(key)") }
    return try #require(value as? [Double])
  }

  static func path(_ file: String) -> String { folder.appendingPathComponent(file).path }
}

@Suite("Observables of finished trajectories against numpy, freud and atooms")
struct OracleTests {
  private static let correlations: [ObservableRequest] = [
    ObservableRequest(.meanSquaredDisplacement, file: "msd.csv"),
    ObservableRequest(.selfIntermediateScattering(waveNumbers: [7.25, 4]), file: "fs.csv", species: ["A", "B"]),
    ObservableRequest(.overlap(distance: 0.3), file: "q.csv"),
    ObservableRequest(.nonGaussianParameter, file: "alpha2.csv"),
  ]

  /// Compares a curve with the oracle's at the lags that both have; returns how many these are.
  private func compare(
    _ report: ObservableReport, _ kind: String, _ column: String, with name: String, of run: String, to bound: Double
  ) throws -> Int {
    let oracle = try Oracle()
    let timestep = try #require((oracle.content["system"] as? [String: Any])?["timestep"] as? Double)
    let table = try #require(report.tables.first { $0.kind == kind })
    let curve = try #require(table.curves.first { $0.column == column }, "\(table.curves.map(\.column))")
    let steps = try oracle.numbers(run, "steps")
    let origins = try oracle.numbers(run, "origins")
    let mean = try oracle.numbers(run, "curves", name, "mean")
    var worst = Discrepancy()
    var compared = 0
    for (index, step) in steps.enumerated() {
      guard let row = table.abscissas.firstIndex(where: { abs($0 - step * timestep) < 1e-9 }) else { continue }
      #expect(Double(table.samples[row]) == origins[index])
      worst.compare(curve.values[row], mean[index], "\(name) at step \(Int(step))")
      compared += 1
    }
    #expect(worst.difference < bound, "\(worst)")
    return compared
  }

  @Test("Correlations in time", arguments: [("even", 11), ("blocks", 12)])
  func correlations(_ run: String, _ lags: Int) throws {
    var requests = Self.correlations
    if run == "even" { requests.append(ObservableRequest(.velocityAutocorrelation, file: "vacf.csv")) }
    let report = try TrajectoryAnalysis([Oracle.path("\(run).nc")], units: .lj, requests: requests).run()
    // Sums of up to 3450 numbers of order 1 in another order.
    for label in ["A", "B", "all"] {
      #expect(
        try compare(report, "mean-squared-displacement", label, with: "msd_\(label)", of: run, to: 1e-13) >= lags)
      #expect(try compare(report, "overlap", label, with: "overlap_\(label)", of: run, to: 1e-13) >= lags)
      // N times a difference of squares of order 1.
      #expect(
        try compare(report, "four-point-susceptibility", label, with: "chi4_\(label)", of: run, to: 1e-11) >= lags)
      // A ratio of moments, each good to 1e-15.
      #expect(
        try compare(report, "non-gaussian-parameter", label, with: "alpha2_\(label)", of: run, to: 1e-12) >= lags)
    }
    for label in ["A", "B"] {
      #expect(
        try compare(
          report, "self-intermediate-scattering", "\(label)_k7.25", with: "fs_\(label)_7.25", of: run, to: 1e-13)
          >= lags)
    }
  }

  @Test("Velocity autocorrelation, in units of its start")
  func velocities() throws {
    let oracle = try Oracle()
    let report = try TrajectoryAnalysis(
      [Oracle.path("even.nc")], units: .lj, requests: [ObservableRequest(.velocityAutocorrelation, file: "v.csv")]
    ).run()
    let table = try #require(report.tables.first)
    let mean = try oracle.numbers("even", "curves", "vacf_all", "mean")
    let curve = try #require(table.curves.first)
    #expect(curve.values[0] == 1 && table.abscissas[0] == 0)
    // The oracle does not divide by the start, which is three times the temperature: 24 frames at constant energy scatter by some percent.
    let temperature = try #require((oracle.content["system"] as? [String: Any])?["temperature"] as? Double)
    let start = mean[0] / curve.values[1]
    #expect(abs(start / (3 * temperature) - 1) < 0.05)
    for (index, value) in mean.enumerated() { #expect(abs(curve.values[index + 1] * start - value) < 1e-13) }
  }

  @Test("Radial distribution functions")
  func pairs() throws {
    let oracle = try Oracle()
    let report = try TrajectoryAnalysis(
      [Oracle.path("even.nc")], units: .lj,
      requests: [ObservableRequest(.radialDistribution(range: nil, bins: 60), file: "g.csv")]
    ).run()
    let table = try #require(report.tables.first)
    let edges = try oracle.numbers("pair_distribution", "edges")
    for bin in 0..<60 { #expect(abs(table.abscissas[bin] - (edges[bin] + edges[bin + 1]) / 2) < 1e-12) }
    for (column, name) in [("A-A", "AA"), ("A-B", "AB"), ("B-B", "BB"), ("all", "all")] {
      let curve = try #require(table.curves.first { $0.column == column })
      let expected = try oracle.numbers("pair_distribution", "g", name)
      for bin in 0..<60 {
        #expect(abs(curve.values[bin] - expected[bin]) < 1e-11 * max(1, expected[bin]), "\(name), bin \(bin)")
      }
    }
  }

  @Test("Structure factors, shell by shell")
  func structure() throws {
    let oracle = try Oracle()
    // So fine a resolution that each shell of the cubic lattice is a bin of its own.
    let report = try TrajectoryAnalysis(
      [Oracle.path("even.nc")], units: .lj,
      requests: [
        ObservableRequest(.structureFactor(largest: 10, resolution: 1e-4, vectors: 10_000), file: "s.csv")
      ]
    ).run()
    let table = try #require(report.tables.first)
    let lengths = try oracle.numbers("structure_factor", "k")
    #expect(table.abscissas.count == lengths.count)
    for (column, name) in [("A-A", "AA"), ("A-B", "AB"), ("B-B", "BB"), ("all", "all")] {
      let curve = try #require(table.curves.first { $0.column == column })
      let expected = try oracle.numbers("structure_factor", "S", name)
      for shell in lengths.indices {
        #expect(abs(table.abscissas[shell] - lengths[shell]) < 1e-9)
        // |ρ|² of 150 atoms: phases of 1e-15 times powers up to 8.
        #expect(abs(curve.values[shell] - expected[shell]) < 1e-11, "\(name), k = \(lengths[shell])")
      }
    }
  }

  @Test("A sheared cell gives the same pairs and waves as the cell it is equivalent to")
  func sheared() throws {
    var reader = try StructureFile.Reader(path: Oracle.path("even.nc"), units: .lj)
    var frame = try #require(try reader.next())
    let straight = Self.sums(frame)
    let side = frame.frame.cell.vectors.a.x
    // Rows plus whole multiples of other rows span the same lattice.
    frame.frame.cell = Cell(
      Matrix3(Vector3(side, 0, 0), Vector3(side, side, 0), Vector3(0, side, side)))
    let tilted = Self.sums(frame)
    for (a, b) in zip(straight, tilted) {
      for (x, y) in zip(a.curves, b.curves) {
        for (v, w) in zip(x.values, y.values) { #expect(abs(v - w) < 1e-9, "\(a.kind) \(x.column)") }
      }
    }
  }

  private static func sums(_ structure: Structure) -> [ObservableTable] {
    // The sheared cell is narrower: half its narrowest width is side/√12, 1.44.
    var pairs = ObservableRequest(.radialDistribution(range: 1.4, bins: 30), file: "g.csv")
    pairs.every = 1
    var waves = ObservableRequest(.structureFactor(largest: 6, resolution: 1e-4, vectors: 1000), file: "s.csv")
    waves.every = 1
    var sums = ObservableSums([pairs, waves], topology: structure.topology, cell: structure.frame.cell) { _ in
      LagPlan(lags: [], origins: 1)
    }
    var frame = structure.frame
    frame.step = 0
    sums.add(frame)
    return sums.tables(timestep: 1, units: .lj, ensemble: "")
  }

  @Test("Two files are two runs, and each adds its own pairs")
  func several() throws {
    let request = [ObservableRequest(.meanSquaredDisplacement, file: "msd.csv")]
    let once = try TrajectoryAnalysis([Oracle.path("even.nc")], units: .lj, requests: request).run()
    let twice = try TrajectoryAnalysis(
      [Oracle.path("even.nc"), Oracle.path("even.nc")], units: .lj, requests: request
    ).run()
    let (a, b) = (try #require(once.tables.first), try #require(twice.tables.first))
    #expect(b.samples == a.samples.map { 2 * $0 })
    for (x, y) in zip(a.curves[0].values, b.curves[0].values) { #expect(abs(x - y) < 1e-14 * x) }
  }

  @Test("What cannot be observed is said")
  func refusals() {
    func refusal(_ request: ObservableRequest) -> String {
      do throws(InputError) {
        _ = try TrajectoryAnalysis([Oracle.path("blocks.nc")], units: .lj, requests: [request]).run()
        return "none"
      } catch { return error.message }
    }
    #expect(
      refusal(ObservableRequest(.selfIntermediateScattering(waveNumbers: [0.5]), file: "f")).contains(
        "below 2π/L = 1.257"))
    #expect(refusal(ObservableRequest(.meanSquaredDisplacement, file: "f", species: ["C"])).contains("'C'"))
    #expect(
      refusal(ObservableRequest(.radialDistribution(range: 2.6, bins: 10), file: "f")).contains("at most that"))
    #expect(refusal(ObservableRequest(.velocityAutocorrelation, file: "f")).contains("no velocities"))
    #expect(
      refusal(ObservableRequest(.structureFactor(largest: 1, resolution: nil, vectors: 1), file: "f")).contains(
        "shortest"))
  }
}
