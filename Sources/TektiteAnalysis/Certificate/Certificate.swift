import TektiteCore
import TektiteDynamics

/// Whether a run was in equilibrium, as far as the run itself can tell: the content of `<stage>-certificate.json`.
///
/// Four things are looked at: whether the potential energy drifts, whether F_s of the two halves is the same, how many relaxation times the run lasts, and whether it
/// crystallises. It is certified only when all four were looked at and none speaks against it.
public struct Certificate: Codable, Hashable, Sendable {
  /// One thing that was looked at.
  public struct Check: Codable, Hashable, Sendable {
    /// Its name: `drift`, `halves`, `length` or `crystal`.
    public var name: String
    /// Whether it speaks for equilibrium; nil where it could not be told.
    public var isPassed: Bool?
    /// The number that decides.
    public var value: Double?
    /// What the number may be at most, or, of the length, must be at least.
    public var limit: Double
    /// In a sentence, with the numbers.
    public var sentence: String
  }

  /// The name of the stage or of the trajectory.
  public var source: String
  /// The system of units, `lj` or `real`.
  public var units: String
  /// What the dynamics kept constant, empty where that is not known.
  public var ensemble: String
  /// Whether all checks were passed.
  public var isEquilibrium: Bool
  /// The verdict in plain words.
  public var verdict: String
  /// The checks: drift, halves, length, crystal.
  public var checks: [Check]
  /// The relaxation time of F_s = 1/e over both halves, in the unit of tables; nil where F_s does not come down to it.
  public var relaxationTime: Double?
  /// Its standard error.
  public var relaxationTimeError: Double?
  /// The length of the run in the unit of tables.
  public var length: Double
  /// F_s of the first and of the second half.
  public var halves: ObservableTable

  /// The text of the file.
  public var json: String { JSONText.encode(self) }

  /// Reads the text of such a file; nil for text that is none.
  public init?(json text: String) {
    guard let certificate = JSONText.decode(Certificate.self, text) else { return nil }
    self = certificate
  }

  /// What a run amounts to.
  struct Evidence {
    var source: String
    var ensemble: String
    /// Length of the run, unit of tables.
    var length: Double
    /// Potential energy per atom; nil where no energies were at hand.
    var energy: BlockedMean?
    /// The two halves as a table with two curves.
    var halves: ObservableTable
    var setting: TableSetting
    /// Fractions of atoms; nil before the end of the run.
    var crystal: CommonNeighbors.Fractions?
  }

  /// Draws the conclusions.
  init(_ request: CertificateRequest, _ evidence: Evidence) {
    let setting = evidence.setting
    let units = setting.units
    source = evidence.source
    self.units = units.rawValue
    ensemble = evidence.ensemble
    length = evidence.length
    halves = evidence.halves
    let mean = Self.mean(of: evidence.halves)
    let decay = DecayTime.find(mean, times: evidence.halves.abscissas, setting, name: "F_s")
    relaxationTime = decay?.value
    relaxationTimeError = decay?.error
    checks = [
      Self.drift(evidence.energy, units), Self.halves(evidence.halves, setting),
      Self.length(request, evidence, relaxationTime), Self.crystal(request, evidence.crystal),
    ]
    isEquilibrium = checks.allSatisfy { $0.isPassed ?? false }
    let against = checks.filter { $0.isPassed == false }.map { Self.objections[$0.name] ?? "" }
    let unknown = checks.filter { $0.isPassed == nil }.map { Self.questions[$0.name] ?? "" }
    var words = isEquilibrium ? "In equilibrium, as far as this run can tell." : "Not shown to be in equilibrium"
    if !isEquilibrium { words += ": " + (against + unknown).joined(separator: "; ") + "." }
    verdict = words
  }

  private static let objections = [
    "drift": "the potential energy drifts", "halves": "F_s of the two halves differs",
    "length": "the run is too short for its relaxation time", "crystal": "the atoms crystallise",
  ]
  private static let questions = [
    "drift": "there are too few energies to tell a drift",
    "halves": "the halves are too short to tell whether they agree",
    "length": "the relaxation time is not known",
    "crystal": "crystallinity was not looked at, since the run has not ended",
  ]

  /// The mean of both halves.
  private static func mean(of table: ObservableTable) -> ObservableTable.Curve {
    let (a, b) = (table.curves[0], table.curves[1])
    return .init(
      column: "mean", label: "alpha", values: zip(a.values, b.values).map { ($0 + $1) / 2 },
      errors: zip(a.errors, b.errors).map { ($0 * $0 + $1 * $1).squareRoot() / 2 })
  }

  private static func drift(_ energy: BlockedMean?, _ units: Units) -> Check {
    let limit = CertificateRequest.largestDeviation
    guard let energy, let trend = energy.trend() else {
      return Check(
        name: "drift", isPassed: nil, value: nil, limit: limit,
        sentence: energy == nil
          ? "No potential energies were at hand, so that a drift cannot be told."
          : "\(energy?.count ?? 0) potential energies are too few to tell a drift.")
    }
    let deviation = abs(trend.change) / trend.error
    // A series that does not change at all, that of ideal atoms say, does not drift.
    let value = trend.change == 0 ? 0 : deviation
    let unit = units == .lj ? "" : " \(units.energyName)"
    return Check(
      name: "drift", isPassed: value.isFinite ? value <= limit : nil, value: value.isFinite ? value : nil, limit: limit,
      sentence:
        "A straight line through the potential energy per atom, \(brief(energy.mean))\(unit) on average, changes by "
        + "\(brief(trend.change)) ± \(brief(trend.error))\(unit) over the run: \(brief(value)) standard errors (at most \(brief(limit)))."
    )
  }

  private static func halves(_ table: ObservableTable, _ setting: TableSetting) -> Check {
    let limit = CertificateRequest.largestDeviation
    let (a, b) = (table.curves[0], table.curves[1])
    var worst: (deviation: Double, index: Int)?
    var longest = 0.0
    for index in table.abscissas.indices where table.abscissas[index] > 0 {
      let error = (a.errors[index] * a.errors[index] + b.errors[index] * b.errors[index]).squareRoot()
      guard error.isFinite, error > 0 else { continue }
      let deviation = abs(a.values[index] - b.values[index]) / error
      longest = table.abscissas[index]
      if deviation > worst?.deviation ?? -1 { worst = (deviation, index) }
    }
    guard let worst else {
      return Check(
        name: "halves", isPassed: nil, value: nil, limit: limit,
        sentence: "The two halves are too short for errors of F_s, so that they cannot be compared.")
    }
    let unit = setting.units == .lj ? "" : " \(setting.units.timeName)"
    let (x, y) = (a.values[worst.index], b.values[worst.index])
    return Check(
      name: "halves", isPassed: worst.deviation <= limit, value: worst.deviation, limit: limit,
      sentence: "F_s of the two halves, compared up to t = \(brief(longest))\(unit), differs most at t = "
        + "\(brief(table.abscissas[worst.index]))\(unit): \(brief(x)) and \(brief(y)), \(brief(worst.deviation)) standard errors apart (at most \(brief(limit)))."
    )
  }

  private static func length(_ request: CertificateRequest, _ evidence: Evidence, _ time: Double?) -> Check {
    let unit = evidence.setting.units == .lj ? "" : " \(evidence.setting.units.timeName)"
    guard let time, time > 0 else {
      let last = evidence.halves.abscissas.last ?? 0
      let lowest = mean(of: evidence.halves).values.last ?? .nan
      // A curve that is still above 1/e at its last lag bounds the relaxation time from below.
      let isSlow = lowest > 0.367_879_441_171_442_3 && last > 0
      let most = evidence.length / last
      return Check(
        name: "length", isPassed: isSlow && most < request.relaxationTimes ? false : nil, value: nil,
        limit: request.relaxationTimes,
        sentence: isSlow
          ? "F_s is still \(brief(lowest)) at t = \(brief(last))\(unit): the run of \(brief(evidence.length))\(unit) is shorter than \(brief(most)) relaxation times (at least \(brief(request.relaxationTimes)))."
          : "F_s does not tell a relaxation time: give frames at shorter times.")
    }
    let ratio = evidence.length / time
    return Check(
      name: "length", isPassed: ratio >= request.relaxationTimes, value: ratio, limit: request.relaxationTimes,
      sentence:
        "The run of \(brief(evidence.length))\(unit) lasts \(brief(ratio)) relaxation times of \(brief(time))\(unit) each, where F_s = 1/e "
        + "(at least \(brief(request.relaxationTimes))).")
  }

  private static func crystal(_ request: CertificateRequest, _ found: CommonNeighbors.Fractions?) -> Check {
    guard let found else {
      return Check(
        name: "crystal", isPassed: nil, value: nil, limit: request.crystal,
        sentence: "Crystallinity is told from the last frame, which has not come yet.")
    }
    func percent(_ part: Double) -> String { "\(brief(100 * part)) %" }
    return Check(
      name: "crystal", isPassed: found.crystalline <= request.crystal, value: found.crystalline, limit: request.crystal,
      sentence:
        "In the last frame \(percent(found.crystalline)) of the atoms have the neighbourhood of a crystal (fcc \(percent(found.fcc)), hcp "
        + "\(percent(found.hcp)), bcc \(percent(found.bcc)); common neighbours; at most \(percent(request.crystal))).")
  }

  /// Lines worth telling at the end of a stage.
  var findings: [String] { [verdict] + checks.filter { !($0.isPassed ?? false) }.map(\.sentence) }
}
