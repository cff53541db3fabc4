import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Fits")
struct FitTests {
  /// A case of fixtures/fits.json.
  struct Reference: Decodable, CustomStringConvertible, Sendable {
    var name: String
    var model: FitModel
    var x: [Double]
    var y: [Double]
    var sigma: [Double]?
    var p: [Double]
    var cov: [[Double]]
    var chi2: Double
    var description: String { name }
  }

  static let references: [Reference] = {
    let data = try? Data(contentsOf: URL(fileURLWithPath: Oracle.path("fits.json")))
    return data.flatMap { try? JSONDecoder().decode([Reference].self, from: $0) } ?? []
  }()

  @Test("Parameters, covariances and χ² are those of scipy", arguments: references)
  func oracle(_ expected: Reference) throws {
    let fit = try CurveFit(
      expected.model, .init(x: expected.x, y: expected.y, errors: expected.sigma ?? []), curve: "y", window: nil)
    #expect(abs(fit.chiSquared / expected.chi2 - 1) < 1e-9)
    #expect(fit.isWeighted == (expected.sigma != nil))
    for k in expected.p.indices {
      // scipy's derivatives are one-sided, good to 1e-8; correlations between parameters magnify that.
      let error = expected.cov[k][k].squareRoot()
      #expect(abs(fit.parameters[k].value - expected.p[k]) < 1e-4 * error, "\(fit.parameters[k].name)")
      #expect(abs(fit.parameters[k].error / error - 1) < 1e-4, "\(fit.parameters[k].name)")
      for l in expected.p.indices {
        let scale = (expected.cov[k][k] * expected.cov[l][l]).squareRoot()
        #expect(abs(fit.covariance[k][l] - expected.cov[k][l]) < 2e-4 * scale)
      }
    }
  }

  @Test("There are cases")
  func count() { #expect(Self.references.count == 11) }

  @Test("Exact points give back what made them", arguments: FitModel.allCases)
  func exact(_ model: FitModel) throws {
    let truth: [Double] =
      switch model {
      case .kww: [0.738, 1957, 0.732]
      case .vft: [0.2, 0.35, 0.3]
      case .mct: [0.3, 0.435, 2.5]
      case .parabolic: [0.8, 1.7, 0.9]
      case .arrhenius: [0.01, 4.2]
      case .ornsteinZernike: [31, 2.2]
      }
    let x = model == .kww ? (0..<20).map { 3 * pow(1.6, Double($0)) } : (0..<12).map { 0.45 + 0.05 * Double($0) }
    let fit = try CurveFit(model, .init(x: x, y: x.map { model.value($0, truth) }), curve: "", window: nil)
    for (found, value) in zip(fit.parameters, truth) { #expect(abs(found.value / value - 1) < 1e-6, "\(found)") }
  }

  /// The mixture of Kob and Andersen at T = 0.45: f, τ and β of F_s(7.25, t), whose 1/e time was published as 1189 beside them.
  @Test("A two-step decay is fitted behind its plateau")
  func window() throws {
    let times = LagPlan.logarithmic(perDecade: 10, longest: 10_000_000).map { 0.001 * Double($0) }
    func slow(_ t: Double) -> Double { 0.738 * exp(-pow(t / 1957, 0.732)) }
    // A fast decay to the plateau within t = 0.3, as atoms rattle.
    let values = times.map { t in slow(t) + 0.262 * exp(-pow(t / 0.15, 2)) }
    let curve = ObservableTable.Curve(
      column: "A", label: "A", values: values, errors: values.map { _ in 0.002 })
    let range = try #require(RelaxationFit.slowPart(curve, times: times))
    #expect(range.lowerBound > 0.3 && range.lowerBound < 200 && range.upperBound > 5000)
    var table = Self.table(curve, times: times)
    RelaxationFit.add(to: &table, window: .automatic)
    let fit = try #require(table.fits?.first)
    #expect(abs(fit.parameters[0].value - 0.738) < 1e-4)
    #expect(abs(fit.parameters[1].value / 1957 - 1) < 1e-3)
    #expect(abs(fit.parameters[2].value - 0.732) < 1e-3)
    let setting = TableSetting(lags: [], overlaps: [], timestep: 1, units: .lj, ensemble: "")
    let tau = try #require(DecayTime.find(curve, times: times, setting, name: "F_s"))
    // Interpolation between ten lags to the decade costs a percent at most.
    #expect(abs(tau.value / 1189 - 1) < 0.01)
  }

  static func table(_ curve: ObservableTable.Curve, times: [Double]) -> ObservableTable {
    ObservableTable(
      kind: "k", title: "t", file: "f.csv", definition: "d", x: .init(column: "time", label: "t", scale: .log),
      y: .init(column: "F_s", label: "F_s"), abscissas: times, curves: [curve],
      samples: times.map { _ in 1 })
  }

  @Test("A fit is in the record and in the plot, and records without one are read")
  func record() throws {
    let times = (0..<30).map { 0.1 * pow(1.4, Double($0)) }
    let values = times.map { exp(-pow($0 / 20, 0.8)) }
    var table = Self.table(.init(column: "A", label: "A", values: values), times: times)
    let bare = ObservableReport(source: "s", units: "lj", ensemble: "", tables: [table])
    #expect(!bare.json.contains("fits"))
    #expect(ObservableReport(json: bare.json) == bare)
    RelaxationFit.add(to: &table, window: .between(1, 100))
    let report = ObservableReport(source: "s", units: "lj", ensemble: "", tables: [table])
    #expect(ObservableReport(json: report.json) == report)
    let fit = try #require(table.fits?.first)
    #expect(fit.window[0] >= 1 && fit.window[1] <= 100)
    #expect(Plot(table).svg().contains("class=\"fit"))
    #expect(fit.sentence.contains("tau = 20"))
  }

  @Test("Errors that are missing at the end of a run leave their points out, unless they are too many")
  func missingErrors() throws {
    let x = (1...20).map { Double($0) }
    let y = x.map { 0.7 * exp(-pow($0 / 8, 0.9)) }
    var errors = [Double](repeating: 0.01, count: 20)
    for k in 16..<20 { errors[k] = .nan }
    #expect(try CurveFit(.kww, .init(x: x, y: y, errors: errors), curve: "", window: nil).points == 16)
    for k in 14..<20 { errors[k] = .nan }
    let fit = try CurveFit(.kww, .init(x: x, y: y, errors: errors), curve: "", window: nil)
    #expect(fit.points == 20 && !fit.isWeighted)
  }

  @Test("What cannot be fitted is said")
  func refusals() {
    func refusal(_ model: FitModel, _ x: [Double], _ y: [Double], _ window: ClosedRange<Double>?) -> String {
      do throws(FitError) {
        _ = try CurveFit(model, .init(x: x, y: y), curve: "tau", window: window)
        return "none"
      } catch { return error.message }
    }
    let x = [0.5, 0.6, 0.7, 0.8, 0.9]
    #expect(refusal(.vft, x, x, 2...3).contains("holds no points of 'tau'"))
    #expect(refusal(.vft, x, x, 2...3).contains("points go from 0.5 to 0.9"))
    #expect(refusal(.vft, x, x, 0.5...0.7).contains("holds 3 points"))
    #expect(refusal(.mct, x, x.map { -$0 }, nil).contains("no points at all"))
    // Constant times have no Vogel temperature, and times that grow with temperature none either.
    #expect(refusal(.vft, x, x.map { _ in 1 }, nil).contains("do not determine"))
    #expect(refusal(.vft, x, x, nil).contains("do not determine"))
    #expect(refusal(.kww, [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], nil).contains("do not determine"))
  }

  @Test("A window without lags is found before a step is run")
  func check() {
    let stage = ObservedStage(
      name: "s", units: .lj, topology: Topology(table: [Species("A")], species: [0, 0]), cell: .cubic(6),
      timestep: 0.005, steps: 10_000, ensemble: "NVE")
    var request = ObservableRequest(.selfIntermediateScattering(waveNumbers: [7.25]), file: "f.csv")
    request.fit = .between(100, 1000)
    #expect(request.problem(in: stage)?.contains("holds 0 of the lags") == true)
    #expect(request.problem(in: stage)?.contains("lags go from 0.005 to 19.9") == true)
    request.fit = .between(1, 20)
    #expect(request.problem(in: stage) == nil)
  }
}
