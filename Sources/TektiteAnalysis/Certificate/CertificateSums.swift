import TektiteCore
import TektiteDynamics

/// What an equilibrium certificate adds up while a run goes on, or while its frames are read.
struct CertificateSums {
  private let request: CertificateRequest
  private let plan: LagPlan
  /// The first step of the second half, which lasts as long as the first.
  private let half: Int
  private let last: Int
  private let table: Topology
  private var halves: [CorrelationSums]
  private var energy = BlockedMean()
  private var crystal: CommonNeighbors.Fractions?

  /// - Parameters:
  ///   - plan: the pairs of steps within each half.
  ///   - half: where the second half begins.
  ///   - last: the step whose frame tells of crystals.
  init(_ request: CertificateRequest, topology: Topology, plan: LagPlan, half: Int, last: Int) {
    self.request = request
    self.plan = plan
    self.half = half
    self.last = last
    table = topology
    let packing = Packing(topology)
    let choice = GroupChoice(packing, species: request.species.map { [$0] } ?? [])
    halves = (0..<2).map { _ in
      let scattering = SelfIntermediateScattering(
        file: request.file, choice: choice, waveNumbers: [request.waveNumber], lags: plan.lags.count)
      // The motion of single atoms asks nothing of the cell.
      return CorrelationSums(plan: plan, topology: topology, cell: .open, packing: packing, observables: [scattering])
    }
  }

  /// For a stage of so many steps.
  init(_ request: CertificateRequest, topology: Topology, steps: Int) {
    let half = max(1, steps / 2)
    self.init(request, topology: topology, plan: Self.plan(request, half: half), half: half, last: steps)
  }

  /// The pairs of steps within a half of so many steps.
  static func plan(_ request: CertificateRequest, half: Int) -> LagPlan {
    LagPlan(lags: LagPlan.logarithmic(perDecade: 10, longest: max(1, half / 2)), origins: request.origins)
  }

  /// The first step after `step` at which the energy is needed.
  func nextEnergy(after step: Int) -> Int? { step < 0 ? 0 : (step / request.every + 1) * request.every }

  /// The first step after `step` at which it looks.
  func next(after step: Int) -> Int? {
    var next = nextEnergy(after: step) ?? .max
    if let first = plan.next(after: step), first <= half { next = min(next, first) }
    let within = step < half ? -1 : step - half
    if let second = plan.next(after: within), second <= half { next = min(next, half + second) }
    if step < last { next = min(next, last) }
    return next
  }

  /// Takes a frame; steps must increase.
  mutating func add(_ frame: Frame) {
    let step = frame.step
    if let total = frame.energy, step % request.every == 0 { energy.add(total / Double(frame.positions.count)) }
    if step <= half, plan.next(after: step - 1) == step { halves[0].add(frame) }
    if step >= half, step - half <= half, plan.next(after: step - half - 1) == step - half {
      var shifted = frame
      shifted.step = step - half
      halves[1].add(shifted)
    }
    if step == last { crystal = CommonNeighbors.fractions(of: frame) }
  }

  /// Takes the next of evenly spaced energies per atom, where they are not those of the frames.
  mutating func add(energyPerAtom: Double) { energy.add(energyPerAtom) }

  /// F_s of the first half at the lags that have come so far.
  var scattering: [Double] {
    halves[0].observables[0].means.means.compactMap { ($0.first?.count ?? 0) > 0 ? $0.first?.mean : nil }
  }

  /// What it amounts to.
  /// - Parameter timestep: internal units.
  func certificate(source: String, ensemble: String, timestep: Double, units: Units) -> Certificate {
    let setting = TableSetting(
      lags: plan.lags, overlaps: plan.lags.indices.map(plan.overlap), timestep: timestep * units.femtoseconds,
      units: units, ensemble: ensemble)
    let names = [("first", "first half"), ("second", "second half")]
    let curves = zip(halves, names).map { sums, name in
      let means = sums.observables[0].means
      return ObservableTable.Curve(
        column: name.0, label: name.1, values: means.values(0), errors: means.errors(0, setting))
    }
    let samples = zip(halves[0].observables[0].means.samples, halves[1].observables[0].means.samples).map(min)
    let who = request.species ?? "all atoms"
    let unit = units == .lj ? "" : " 1/\(units.lengthName)"
    let comparison = ObservableTable(
      kind: "certificate", title: "Self-intermediate scattering function of the two halves", file: "",
      definition:
        "⟨sin(kΔr)/(kΔr)⟩ over atoms and origins of the first and of the second half of the run; one standard error from blocks of origins.",
      parameters: ["k": brief(request.waveNumber) + unit, "species": who], x: setting.timeAxis,
      y: .init(column: "F_s", label: "F_s(k, t)"), abscissas: setting.times, curves: curves, samples: samples)
    return Certificate(
      request,
      .init(
        source: source, ensemble: ensemble, length: Double(2 * half) * setting.timestep,
        energy: energy.count > 0 ? energy : nil, halves: comparison, setting: setting, crystal: crystal))
  }

  // MARK: Checkpoints

  func save(to writer: inout ByteWriter) {
    for sums in halves { sums.save(to: &writer) }
    energy.save(to: &writer)
    writer.put(crystal.map { [$0.fcc, $0.hcp, $0.bcc] } ?? [])
  }

  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    for index in halves.indices { try halves[index].restore(from: &reader) }
    energy = try BlockedMean(from: &reader)
    let fractions = try reader.doubles()
    guard fractions.isEmpty || fractions.count == 3 else {
      throw reader.malformed("\(fractions.count) fractions of atoms")
    }
    crystal = fractions.isEmpty ? nil : .init(fcc: fractions[0], hcp: fractions[1], bcc: fractions[2])
  }
}
