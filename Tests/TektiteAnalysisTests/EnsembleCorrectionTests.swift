import Foundation
import TektiteCore
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Susceptibilities of another ensemble")
struct EnsembleCorrectionTests {
  private typealias Curve = EnsembleCorrection.Curve

  /// A model in which everything is known: the energy of N atoms fluctuates with the variance N c T², Q of a run is a function of its temperature, E/(N c), and a scatter of its own with variance s²/N.
  /// Then N var Q is s² at constant energy, and s² + c T² (dQ/dE)² = s² + (T²/c)(dQ/dT)² at constant temperature.
  @Test("Runs whose energies are drawn scatter by what the correction says")
  func model() throws {
    var generator = SeededGenerator(seed: 5)
    func normal() -> Double {
      let (u, v) = (Double.random(in: 1e-12..<1, using: &generator), Double.random(in: 0..<1, using: &generator))
      return (-2 * log(u)).squareRoot() * cos(2 * Double.pi * v)
    }
    let (count, c, temperature, s) = (1000.0, 3.1, 0.5, 0.7)
    func q(_ t: Double) -> Double { 1 / (1 + exp(-(0.55 - t) * 12)) }
    let runs = 40_000
    var (sum, square) = (0.0, 0.0)
    for _ in 0..<runs {
      let t = temperature + temperature / (count * c).squareRoot() * normal()
      let value = q(t) + s / count.squareRoot() * normal()
      sum += value
      square += value * value
    }
    let mean = sum / Double(runs)
    let drawn = count * (square / Double(runs) - mean * mean)
    let correction = EnsembleCorrection(temperature: temperature, heatCapacity: c)
    func overlap(_ t: Double) -> Curve { Curve(times: [1], values: [q(t)], errors: [0]) }
    let row = try #require(
      correction.rows(
        Curve(times: [1], values: [s * s], errors: [0]), colder: (0.49, overlap(0.49)), warmer: (0.51, overlap(0.51))
      ).first)
    #expect(row.correction > s * s / 2, "the correction is no small part")
    // A variance from n numbers is known to √(2/n), 0.7 per cent; the curvature of q adds less.
    #expect(abs(row.canonical / drawn - 1) < 0.03, "\(row.canonical) against \(drawn)")
  }

  @Test("Errors are those of corrections of scattered overlaps")
  func errors() throws {
    var generator = SeededGenerator(seed: 6)
    func normal() -> Double {
      let (u, v) = (Double.random(in: 1e-12..<1, using: &generator), Double.random(in: 0..<1, using: &generator))
      return (-2 * log(u)).squareRoot() * cos(2 * Double.pi * v)
    }
    // Slopes far beyond their errors and within them.
    for difference in [-0.08, -0.004] {
      let error = 0.004
      var correction = EnsembleCorrection(temperature: 0.5, heatCapacity: 3)
      correction.heatCapacityError = 0.1
      correction.fraction = 0.8
      func row(_ low: Double, _ high: Double) throws -> EnsembleCorrection.Row {
        try #require(
          correction.rows(
            Curve(times: [2], values: [1], errors: [0.1]),
            colder: (0.48, Curve(times: [2], values: [low], errors: [error])),
            warmer: (0.52, Curve(times: [2], values: [high], errors: [error]))
          ).first)
      }
      let told = try row(0.5, 0.5 + difference)
      #expect(abs(told.slope - difference / 0.04) < 1e-12)
      #expect(abs(told.correction - 0.8 * 0.25 / 3 * told.slope * told.slope) < 1e-12)
      #expect(
        abs(told.canonicalError * told.canonicalError - 0.01 - told.correctionError * told.correctionError) < 1e-12)
      let count = 20_000
      var (sum, square) = (0.0, 0.0)
      for _ in 0..<count {
        correction.heatCapacity = 3 + 0.1 * normal()
        let value = try row(0.5 + error * normal(), 0.5 + difference + error * normal()).correction
        sum += value
        square += value * value
      }
      let mean = sum / Double(count)
      let scatter = (square / Double(count) - mean * mean).squareRoot()
      // Twenty thousand numbers tell their scatter to about a per cent; the heat capacity is taken linearly, and products of the two errors are left out.
      #expect(abs(told.correctionError / scatter - 1) < 0.05, "\(told.correctionError) against \(scatter)")
    }
  }

  @Test("Times that one of the tables lacks are left out")
  func times() {
    let correction = EnsembleCorrection(temperature: 1, heatCapacity: 2)
    let rows = correction.rows(
      Curve(times: [1, 2, 3, 4], values: [1, 1, 1, .nan], errors: [.nan, .nan, .nan, .nan]),
      colder: (0.9, Curve(times: [1, 2.0000000001, 4], values: [1, 1, 1], errors: [0, 0, 0])),
      warmer: (1.1, Curve(times: [2, 3, 4], values: [0.9, 1, 1], errors: [0, 0, 0])))
    #expect(rows.map(\.time) == [2])
    #expect(rows.first.map { abs($0.canonical - 1.125) < 1e-12 } ?? false)
    #expect(rows.first?.canonicalError.isNaN ?? false)
  }
}
