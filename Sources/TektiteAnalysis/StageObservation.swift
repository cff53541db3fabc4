import TektiteCore
import TektiteDynamics

/// Everything that is to be observed in a stage.
public struct StageObservation: Observation, Hashable {
  /// The observables.
  public var requests: [ObservableRequest]
  /// The file with all tables, their definitions and what was read off them; it is written where there are any.
  public var summary: String
  /// The equilibrium certificate that is asked for.
  public var certificate: CertificateRequest?

  /// Makes an observation; see `ObservableReport` for the summary.
  public init(_ requests: [ObservableRequest], summary: String) {
    self.requests = requests
    self.summary = summary
  }

  /// The tables, the summary behind them, and the certificate last.
  public var files: [String] {
    requests.flatMap(\.files) + (requests.isEmpty ? [] : [summary]) + (certificate.map { [$0.file] } ?? [])
  }

  /// The memory that frames take which are kept as origins, bytes: each as long as a later frame is correlated with it, and all once more while a checkpoint is written.
  public func keptBytes(steps: Int, topology: Topology) -> Double {
    let frame = 24 * 4 * Packing(topology).packs
    var plans: [LagPlan: Bool] = [:]
    var frames = 0.0
    for request in requests where request.isCorrelation {
      if !request.sampling.waiting.isEmpty {
        frames += Double(request.sampling.waiting.count)
        continue
      }
      let isOfVelocities = request.quantity == .velocityAutocorrelation
      let plan = request.sampling.plan(steps: steps, includesZero: isOfVelocities)
      plans[plan] = (plans[plan] ?? false) || isOfVelocities
    }
    for (plan, needsVelocities) in plans { frames += Double((plan.kept(steps: steps) + 1) * (needsVelocities ? 2 : 1)) }
    if let certificate {
      let half = max(1, steps / 2)
      frames += 2 * Double(CertificateSums.plan(certificate, half: half).kept(steps: half) + 1)
    }
    return 2 * frames * Double(frame)
  }

  /// Makes the observer; see `Observation`.
  public func makeObserver(for stage: ObservedStage) throws(InputError) -> any Observer {
    for request in requests {
      if let problem = request.problem(in: stage) { throw InputError(problem, file: "stage '\(stage.name)'") }
    }
    if let problem = certificate?.problem(in: stage) { throw InputError(problem, file: "stage '\(stage.name)'") }
    return StageObserver(self, stage)
  }
}

/// Adds up what a `StageObservation` asks for.
final class StageObserver: Observer {
  private let observation: StageObservation
  private let stage: ObservedStage
  private var sums: ObservableSums
  private var certificate: CertificateSums?

  init(_ observation: StageObservation, _ stage: ObservedStage) {
    self.observation = observation
    self.stage = stage
    sums = ObservableSums(
      observation.requests, topology: stage.topology, cell: stage.cell, degreesOfFreedom: stage.degreesOfFreedom
    ) {
      $0.plan(steps: stage.steps)
    } lags: {
      $0.sampling.lags(from: $1, steps: stage.steps, includesZero: $0.includesZero)
    }
    certificate = observation.certificate.map { CertificateSums($0, topology: stage.topology, steps: stage.steps) }
  }

  var needsVelocities: Bool { sums.needsVelocities }
  func needsStress(at step: Int) -> Bool { sums.needsStress(at: step) }
  func next(after step: Int) -> Int? {
    [sums.next(after: step), certificate?.next(after: step)].compactMap { $0 }.min()
  }
  func nextEnergy(after step: Int) -> Int? { certificate?.nextEnergy(after: step) }
  func observe(_ frame: Frame) {
    sums.add(frame)
    certificate?.add(frame)
  }
  func save(to writer: inout ByteWriter) {
    sums.save(to: &writer)
    certificate?.save(to: &writer)
  }
  func restore(from reader: inout ByteReader) throws(InputError) {
    try sums.restore(from: &reader)
    try certificate?.restore(from: &reader)
  }

  private var tables: [ObservableTable] {
    sums.tables(timestep: stage.timestep, units: stage.units, ensemble: stage.ensemble)
  }

  func results() -> [(file: String, text: String)] {
    let tables = self.tables
    let report = ObservableReport(
      source: stage.name, units: stage.units.rawValue, ensemble: stage.ensemble, tables: tables)
    var files = tables.map { (file: $0.file, text: $0.csv) }
    if !observation.requests.isEmpty { files.append((observation.summary, report.json)) }
    if let request = observation.certificate, let verdict { files.append((request.file, verdict.json)) }
    return files
  }

  private var verdict: Certificate? {
    certificate?.certificate(
      source: stage.name, ensemble: stage.ensemble, timestep: stage.timestep, units: stage.units)
  }

  /// F_s of the first observable that has it, or that of the certificate.
  var curves: [(name: String, values: [Double])] {
    guard let curve = sums.scattering ?? certificate?.scattering, curve.count > 1 else { return [] }
    return [("F_s", curve)]
  }

  var findings: [String] {
    tables.filter(\.isCorrelation).flatMap { table in
      table.findings.map(\.sentence) + (table.fits ?? []).map { "\(table.y.label): \($0.sentence)" }
    } + (verdict?.findings ?? [])
  }
}
