import TektiteCore

extension Simulation {
  /// Runs a dynamics stage, from its start or from a checkpoint within it. Returns nil when the stage is done.
  mutating func runDynamics(
    _ stage: DynamicsStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    switch stage.thermostat {
    case .none:
      var integrator = VelocityVerlet(timestep: stage.timestep)
      integrator.shear = stage.shear.map(ShearFlow.init)
      return try drive(integrator, stage, index: index, resuming: state)
    case .langevin(let temperature, let friction):
      var integrator = LangevinMiddle(
        timestep: stage.timestep, friction: friction, temperature: temperature, steps: stage.steps,
        noise: Noise(RandomStream.langevin.generator(seed: plan.seed, stage: index)))
      integrator.cellRescaling = cellRescaling(stage, index)
      integrator.shear = stage.shear.map(ShearFlow.init)
      return try drive(integrator, stage, index: index, resuming: state)
    case .csvr(let temperature, let time):
      var integrator = StochasticRescaling(
        timestep: stage.timestep, time: time, temperature: temperature, steps: stage.steps,
        degreesOfFreedom: stage.degreesOfFreedom(count: system.count, dimensions: system.dimensions),
        noise: Noise(RandomStream.rescaling.generator(seed: plan.seed, stage: index)))
      integrator.cellRescaling = cellRescaling(stage, index)
      integrator.shear = stage.shear.map(ShearFlow.init)
      return try drive(integrator, stage, index: index, resuming: state)
    case .noseHoover(let temperature, let time, let chain):
      if case .martynaTobiasKlein(let pressure, let cellTime, let coupling) = stage.barostat {
        let integrator = MartynaTobiasKlein(
          timestep: stage.timestep, time: time, cellTime: cellTime, chain: chain, temperature: temperature,
          pressure: pressure, coupling: coupling, steps: stage.steps,
          degreesOfFreedom: stage.degreesOfFreedom(count: system.count, dimensions: system.dimensions),
          dimensions: system.dimensions)
        return try drive(integrator, stage, index: index, resuming: state)
      }
      var integrator = NoseHooverChain(
        timestep: stage.timestep, time: time, chain: chain, temperature: temperature, steps: stage.steps,
        degreesOfFreedom: stage.degreesOfFreedom(count: system.count, dimensions: system.dimensions))
      integrator.shear = stage.shear.map(ShearFlow.init)
      return try drive(integrator, stage, index: index, resuming: state)
    case .brownian(let temperature, let friction):
      let integrator = BrownianDynamics(
        timestep: stage.timestep, friction: friction, temperature: temperature, steps: stage.steps,
        noise: Noise(RandomStream.brownian.generator(seed: plan.seed, stage: index)))
      return try drive(integrator, stage, index: index, resuming: state)
    }
  }

  private func cellRescaling(_ stage: DynamicsStage, _ index: Int) -> StochasticCellRescaling? {
    guard case .cellRescaling(let pressure, let time, let compressibility, let coupling, let interval) = stage.barostat,
      let temperature = stage.thermostat.temperature
    else { return nil }
    return StochasticCellRescaling(
      timestep: stage.timestep, pressure: pressure, time: time, compressibility: compressibility, coupling: coupling,
      interval: interval, temperature: temperature, steps: stage.steps,
      degreesOfFreedom: stage.degreesOfFreedom(count: system.count, dimensions: system.dimensions),
      dimensions: system.dimensions,
      noise: Noise(RandomStream.cell.generator(seed: plan.seed, stage: index)))
  }

  /// Finds what keeps a barostat from working with the system and the potential at hand.
  private func check(_ barostat: Barostat, _ stage: DynamicsStage, _ field: borrowing ForceField) throws(InputError) {
    if let why = barostat.coupling.complaint(about: system.cell) {
      throw InputError(why, file: "stage '\(stage.name)'")
    }
    if !field.requirements.quantities.contains(.virial) {
      throw InputError("a barostat needs a potential that computes the stress", file: "stage '\(stage.name)'")
    }
  }

  /// Finds what keeps shear from working with the system and the potential at hand.
  private func check(_ shear: SimpleShear, _ stage: DynamicsStage, _ field: borrowing ForceField) throws(InputError) {
    if let why = shear.plane.complaint(about: system.cell) { throw InputError(why, file: "stage '\(stage.name)'") }
    if !field.requirements.quantities.contains(.virial) {
      throw InputError("shear needs a potential that computes the stress", file: "stage '\(stage.name)'")
    }
  }

  private mutating func drive<I: Integrator & ~Copyable>(
    _ start: consuming I, _ stage: DynamicsStage, index: Int, resuming state: RunState?
  ) throws -> RunOutcome? {
    var integrator = start
    let clock = ContinuousClock()
    let began = clock.now
    let earlier = state != nil && record.stages.count > index ? record.stages[index] : nil
    if state == nil { enterStage(stage, index: index) }
    var field = try makeField(index, skin: stage.skin, resuming: state)
    if case .none = stage.thermostat, !field.requirements.conservative {
      throw InputError(
        "the forces of \(plan.models[index].name) are not the gradient of an energy, so a stage without a thermostat would not "
          + "conserve it. Give the stage a thermostat.", file: "stage '\(stage.name)'")
    }
    if let barostat = stage.barostat { try check(barostat, stage, field) }
    if let shear = stage.shear { try check(shear, stage, field) }
    integrator.displacementLimit = stage.limits.displacement ?? field.requirements.cutoff / 2
    let measured = DynamicsQuantities.of(field)
    let freedom = stage.degreesOfFreedom(count: system.count, dimensions: system.dimensions)
    var step = state?.step ?? 0
    var ledger = state?.ledger ?? StageLedger()
    if state == nil {
      try field.update(&system, measured)
      let kinetic = Thermodynamics.kineticEnergy(system)
      ledger.conservedAtStart = kinetic + field.evaluation.energy
      ledger.temperatureAtStart = Thermodynamics.temperature(kineticEnergy: kinetic, degreesOfFreedom: freedom)
      ledger.forceAtStart = Guard.largest(field.evaluation.forces).force
      ledger.momentumAtStart = Thermodynamics.momentum(system)
    }
    integrator.heat = ledger.heat
    if let state { try integrator.recall(state.integrator, file: store.checkpointName) }
    var watch = Guard(
      stage: stage.name, limits: stage.limits, ledger: ledger, thermostat: stage.thermostat.largestTemperature,
      timestep: stage.timestep)
    var outputs = try StageOutputs(
      trajectories: stage.trajectories, thermo: stage.thermo, columns: thermoColumns(stage, measured),
      header: header(index),
      store: store, positions: state?.outputs)
    var sample = measure(field, heat: integrator.heat, ledger: ledger, freedom: freedom, quantities: measured)
    sample.work = integrator.work
    if state != nil { watch.keep(system, step: step, time: Double(step) * stage.timestep) }
    var observations = try StageObservations(
      stage, units: plan.units, topology: plan.structure.topology, cell: system.cell, resuming: state,
      checkpoint: store.checkpointName)
    var exchange = try StageExchange(
      stage, plan.models[index], table: system.table, seed: plan.seed, index: index, resuming: ledger)
    var inherents = try inherentStream(stage, index, field, resuming: state)
    let events = StageEvents(stage)
    progress.begin(stage.name, from: step, of: stage.steps)
    lastCheckpoint = clock.now

    func entry(_ field: borrowing ForceField, _ system: borrowing System, _ step: Int) -> RunRecord.Stage {
      let momentum = Thermodynamics.momentum(system) - ledger.momentumAtStart
      return RunRecord.Stage(
        name: stage.name, kind: "dynamics", steps: step, seconds: (clock.now - began).seconds,
        forceSeconds: field.forceSeconds, neighborSeconds: field.listSeconds,
        outputSeconds: outputs.time.seconds, observationSeconds: observations?.time.seconds,
        inherentSeconds: inherents?.time.seconds, energyDriftPerAtom: sample.drift,
        momentumDriftPerAtom: momentum.length / Double(system.count), ending: nil)
    }
    func snapshot(_ integrator: borrowing I, _ system: borrowing System, _ field: borrowing ForceField) throws
      -> RunState
    {
      var state = RunState(stage: index, step: step, deck: plan.deckText, system: system)
      state.forces = field.evaluation.forces.array()
      state.reference = field.reference.array()
      state.referenceCell = field.referenceCell
      state.ledger = ledger
      state.ledger.heat = integrator.heat
      state.integrator = integrator.memory
      state.ledger.rebuilds = field.rebuilds
      state.outputs = try outputs.synchronize()
      if let own = try inherents?.synchronize() { state.outputs.merge(own) { $1 } }
      state.observations = observations?.state ?? []
      return state
    }
    func stop(_ violation: Guard.Violation, _ field: borrowing ForceField, _ system: borrowing System, _ step: Int)
      -> UnphysicalReport
    { watch.report(violation, step: step, of: system, forces: field.evaluation.forces) }

    var isAtEvent = state == nil
    var isObserved = state == nil
    var slice = 1
    while true {
      if isAtEvent {
        if step > 0, events.removal?.fires(at: step) ?? false { integrator.heat += system.removeMomentum() }
        if step > 0, events.exchange?.fires(at: step) ?? false {
          integrator.heat += try exchange?.perform(at: step, &system, &field, measured) ?? 0
          ledger.exchanges = exchange?.count ?? ledger.exchanges
        }
        let time = Double(step) * stage.timestep
        sample = measure(field, heat: integrator.heat, ledger: ledger, freedom: freedom, quantities: measured)
        sample.work = integrator.work
        sample.acceptance = exchange.map { $0.count.acceptance }
        if let violation = watch.check(
          forces: field.evaluation.forces, energy: sample.potential, temperature: sample.temperature,
          drift: sample.drift ?? 0, step: step)
        {
          let report = stop(violation, field, system, step)
          if step == 0 { watch.keep(system, step: 0, time: 0) }
          try observations?.write(to: store)
          try inherents?.close()
          return try finish(report, watch.lastGood, entry(field, system, step), index, earlier, outputs)
        }
        if step % Guard.interval == 0 { watch.keep(system, step: step, time: time) }
      }
      if isObserved {
        let hasStress = measured.contains(.virial) && observations?.needsStress(at: step) ?? false
        observations?.observe(
          system, step: step, time: Double(step) * stage.timestep, energy: isAtEvent ? sample.potential : nil,
          virial: hasStress ? field.evaluation.virial : nil)
      }
      if isAtEvent {
        let time = Double(step) * stage.timestep
        try outputs.writeFrames(
          at: step, time: time, of: system, forces: field.evaluation.forces, energy: sample.potential,
          stress: sample.virialStress)
        try outputs.writeRow(at: step) { row(stage, step: step, time: time, sample) }
      }
      // Behind all else that happens at the step, and made up for after an interruption in its midst. What it finds depends on nothing but the positions.
      var isStopped = false
      if inherents?.isDue(at: step) ?? false {
        let (options, time) = (options, Double(step) * stage.timestep)
        isStopped = try
          !(inherents?.quench(system, step: step, time: time) {
            (options.handlesSignals ? SignalCatcher.pending : nil) ?? options.interruption.pending != nil
          } ?? true)
      }
      if isAtEvent, !isStopped {
        if events.checkpoint?.fires(at: step) ?? false, step > 0 {
          try save(try snapshot(integrator, system, field))
        }
      }
      if step >= stage.steps, !isStopped { break }
      if let signal = pendingSignal {
        try save(try snapshot(integrator, system, field))
        try outputs.close()
        try inherents?.close()
        try observations?.write(to: store)
        try enter(entry(field, system, step), at: index, after: earlier)
        progress.note("\(stage.name): stopped at step \(step) of \(stage.steps) by a signal; a checkpoint was written")
        return .interrupted(signal: signal)
      }
      if let seconds = events.checkpointSeconds, (clock.now - lastCheckpoint).seconds >= seconds {
        try save(try snapshot(integrator, system, field))
      }
      // At most events nothing but positions is looked at, and only at the others more than forces is computed.
      let energy = min(observations?.nextEnergy(after: step) ?? .max, inherents?.next(after: step) ?? .max)
      let event = min(events.next(after: step, outputs), energy, stage.steps)
      let look = observations?.next(after: step) ?? .max
      let next = min(event, look)
      let count = min(slice, next - step)
      let isMeasured = next == event || observations?.needsStress(at: next) ?? false
      let start = clock.now
      do {
        try integrator.advance(
          &system, &field, from: step, count: count, measuring: step + count == next && isMeasured ? measured : .forces)
      } catch let runaway as RunawayAtom {
        let violation = Guard.Violation(
          finding: field.evaluation.forces[runaway.slot].isFinite ? .displacement : .nonFiniteForce,
          value: runaway.displacement, limit: integrator.displacementLimit, slot: runaway.slot)
        let report = stop(violation, field, system, runaway.step)
        try observations?.write(to: store)
        try inherents?.close()
        return try finish(report, watch.lastGood, entry(field, system, step), index, earlier, outputs)
      } catch let runaway as RunawayCell {
        let violation = Guard.Violation(
          finding: .strain, value: runaway.strain, limit: RunawayCell.limit, slot: nil)
        let report = stop(violation, field, system, runaway.step)
        try observations?.write(to: store)
        try inherents?.close()
        return try finish(report, watch.lastGood, entry(field, system, step), index, earlier, outputs)
      }
      step += count
      isAtEvent = step == event
      isObserved = step == look
      // Twice as long at most from one slice to the next, so that a slow step is noticed in time.
      let spent = clock.now - start
      if spent * 2 < Self.sliceLength, count == slice {
        slice *= 2
      } else if spent > Self.sliceLength {
        slice = max(1, slice / 2)
      }
      if progress.isDue {
        var now = status(step, stage.steps, sample)
        if progress.mode == .terminal { now.curves = observations?.curves ?? [] }
        progress.update(now)
      }
    }
    _ = try outputs.synchronize()
    _ = try inherents?.synchronize()
    try outputs.close()
    try inherents?.close()
    try observations?.write(to: store)
    try saveEnd(of: index)
    let final = entry(field, system, step)
    try enter(final, at: index, after: earlier)
    announceEnd(of: stage, final, ledger.exchanges)
    for finding in observations?.findings ?? [] { progress.note("\(stage.name): \(finding)") }
    if let inherents, inherents.unconverged > 0 {
      progress.note(
        "\(stage.name): note: \(inherents.unconverged) inherent structures did not reach the force tolerance; \(inherents.description.table) tells which"
      )
    }
    return nil
  }

  /// The inherent structures of a stage, or nil where it has none.
  private func inherentStream(
    _ stage: DynamicsStage, _ index: Int, _ field: borrowing ForceField, resuming state: RunState?
  ) throws -> InherentStream? {
    guard let description = stage.inherentStructures else { return nil }
    let skin = stage.skin ?? Self.defaultSkin(field.requirements)
    return try InherentStream(
      description, header: header(index), model: plan.models[index], skin: skin, team: team, store: store,
      positions: state?.outputs)
  }

  /// What happens at the start of a stage, before its step 0.
  private mutating func enterStage(_ stage: DynamicsStage, index: Int) {
    if let temperature = stage.velocities {
      system.drawMaxwellVelocities(temperature: temperature, seed: plan.seed, stage: index)
    }
    // The motion of a single atom is all it has.
    if system.count > 1 { system.removeMomentum() }
  }

  /// Closes a stage that the guard stopped.
  private mutating func finish(
    _ report: UnphysicalReport, _ lastGood: Frame, _ entry: RunRecord.Stage, _ index: Int, _ earlier: RunRecord.Stage?,
    _ outputs: StageOutputs
  ) throws -> RunOutcome {
    try writeForensics(report, lastGood: lastGood)
    try outputs.close()
    try enter(entry, at: index, after: earlier)
    return .unphysical(report)
  }

  private mutating func announceEnd(
    of stage: DynamicsStage, _ entry: RunRecord.Stage, _ exchanges: ExchangeCount
  ) {
    let rate = entry.seconds > 0 ? Double(entry.steps) / entry.seconds : 0
    var text = "\(stage.name): \(entry.steps) steps in \(ProgressReporter.span(entry.seconds)) (\(brief(rate)) steps/s)"
    if let drift = entry.energyDriftPerAtom {
      let energy = unit(plan.units.energyName)
      text += ", conserved energy drifted by \(brief(drift))\(energy.isEmpty ? "" : " " + energy) per atom"
    }
    // The kicks of Langevin and Brownian dynamics change the momentum; only without them does it say anything.
    if stage.thermostat.conservesMomentum, let drift = entry.momentumDriftPerAtom {
      text += ", momentum by \(brief(drift)) per atom"
    }
    progress.note(text)
    if let exchange = stage.exchange {
      let what = exchange.kind == .diameters ? "exchanges of diameters" : "exchanges of places"
      progress.note(
        "\(stage.name): \(exchanges.accepted) of \(exchanges.tried) \(what) were accepted"
          + (exchanges.tried > 0 ? " (\(brief(100 * exchanges.acceptance)) %)" : ""))
    }
  }

  // MARK: Samples

  /// Thermodynamic quantities at one step, internal units.
  struct Sample {
    var temperature = 0.0
    var potential: Double?
    var kinetic = 0.0
    var conserved: Double?
    var drift: Double?
    var pressure: Double?
    /// With the kinetic part.
    var stress: Matrix3?
    /// Without it.
    var virialStress: Matrix3?
    /// Of the energy, and the largest of the forces; empty where there is no committee.
    var spreads: [Double] = []
    /// Of a shear flow, since the start of the stage.
    var work = 0.0
    /// The accepted share of exchanges so far; nil without any.
    var acceptance: Double?
  }

  private func measure(
    _ field: borrowing ForceField, heat: Double, ledger: StageLedger, freedom: Int, quantities: Quantities
  ) -> Sample {
    var sample = Sample()
    sample.kinetic = Thermodynamics.kineticEnergy(system)
    sample.temperature = Thermodynamics.temperature(kineticEnergy: sample.kinetic, degreesOfFreedom: freedom)
    if quantities.contains(.energy) {
      let energy = field.evaluation.energy
      sample.potential = energy
      let conserved = sample.kinetic + energy - heat
      sample.conserved = conserved
      sample.drift = (conserved - ledger.conservedAtStart) / Double(system.count)
    }
    if quantities.contains(.virial), let volume = system.cell.volume, volume > 0 {
      let virial = field.evaluation.virial
      sample.pressure = Thermodynamics.pressure(
        virial: virial, kineticEnergy: sample.kinetic, volume: volume, dimensions: system.dimensions)
      sample.stress = Thermodynamics.stress(
        virial: virial, kineticTensor: Thermodynamics.kineticTensor(system), volume: volume)
      sample.virialStress = (-1 / volume) * virial
    }
    if quantities.contains(.variance) {
      sample.spreads = [field.evaluation.energySpread, field.evaluation.largestForceSpread]
    }
    return sample
  }

  /// The columns of a thermo table. Stress has its kinetic part, so that the pressure is minus a third of its trace; the drift is the
  /// change of the conserved energy per atom since step 0. A committee adds the spread of its energies and the largest of its forces.
  private func thermoColumns(_ stage: DynamicsStage, _ quantities: Quantities) -> [TableColumn] {
    let energy = unit(plan.units.energyName)
    let pressure = plan.units == .lj ? "" : "eV/Å^3"
    return [
      TableColumn("step"), TableColumn("time", unit(plan.units.timeName)),
      TableColumn("temperature", unit(plan.units.temperatureName)), TableColumn("potential", energy),
      TableColumn("kinetic", energy), TableColumn("total", energy), TableColumn("conserved", energy),
      TableColumn("pressure", pressure),
    ] + stressComponents.map { TableColumn("stress_\($0.name)", pressure) }
      + [TableColumn("drift", energy)] + (stage.changesCell ? cellColumns : [])
      + (stage.shear == nil
        ? [] : [TableColumn("strain"), TableColumn("shear_stress", pressure), TableColumn("work", energy)])
      + spreadColumns(quantities)
      + (stage.exchange == nil ? [] : [TableColumn("exchange_acceptance")])
  }

  /// The components of a stress that a table shows: in two dimensions those of the plane.
  private var stressComponents: [(name: String, row: Int, column: Int)] {
    let plane = [("xx", 0, 0), ("yy", 1, 1)]
    return system.cell.isPlanar
      ? plane + [("xy", 0, 1)] : plane + [("zz", 2, 2), ("yz", 1, 2), ("xz", 0, 2), ("xy", 0, 1)]
  }

  /// The columns of a table whose cell changes: density is atoms per volume, angles are those between b and c, c and a, a and b. Of a planar cell they
  /// are the area, the density, a, b and the angle between them.
  private var cellColumns: [TableColumn] {
    let length = unit(plan.units.lengthName)
    if system.cell.isPlanar {
      return [
        TableColumn("area"), TableColumn("density"), TableColumn("cell_a", length), TableColumn("cell_b", length),
      ]
        + [TableColumn("cell_gamma", "degrees")]
    }
    let volume = plan.units == .lj ? "" : "Å^3"
    return [TableColumn("volume", volume), TableColumn("density", plan.units == .lj ? "" : "1/Å^3")]
      + ["a", "b", "c"].map { TableColumn("cell_\($0)", length) }
      + ["alpha", "beta", "gamma"].map { TableColumn("cell_\($0)", "degrees") }
  }

  private var cellValues: [Double] {
    let cell = system.cell
    let volume = cell.volume ?? .nan
    let (lengths, angles) = (cell.lengths, cell.angles)
    if cell.isPlanar { return [volume, Double(system.count) / volume, lengths.x, lengths.y, angles.z] }
    return [
      volume, Double(system.count) / volume, lengths.x, lengths.y, lengths.z, angles.x, angles.y, angles.z,
    ]
  }

  /// The columns of a table that only a committee has.
  func spreadColumns(_ quantities: Quantities) -> [TableColumn] {
    guard quantities.contains(.variance) else { return [] }
    return [
      TableColumn("energy_spread", unit(plan.units.energyName)),
      TableColumn("max_force_spread", plan.units == .lj ? "" : "eV/Å"),
    ]
  }

  private func row(_ stage: DynamicsStage, step: Int, time: Double, _ sample: Sample) -> [Double] {
    let potential = sample.potential ?? .nan
    let stress = sample.stress ?? Double.nan * Matrix3.identity
    var row: [Double] = [
      Double(step), time * timeScale, sample.temperature * temperatureScale, potential, sample.kinetic,
    ]
    row += [sample.kinetic + potential, sample.conserved ?? .nan, sample.pressure ?? .nan]
    for component in stressComponents { row.append(stress[component.row, component.column]) }
    row.append(sample.drift ?? .nan)
    if stage.changesCell { row += cellValues }
    if let shear = stage.shear { row += [stage.strain(at: step), shear.plane.element(of: stress), sample.work] }
    row += sample.spreads
    if let acceptance = sample.acceptance { row.append(acceptance) }
    return row
  }

  private func status(_ step: Int, _ steps: Int, _ sample: Sample) -> ProgressReporter.Status {
    var values = [(name: "T", value: sample.temperature * temperatureScale)]
    if let potential = sample.potential { values.append(("E/N", potential / Double(system.count))) }
    if let drift = sample.drift { values.append(("drift/N", drift)) }
    return ProgressReporter.Status(step: step, steps: steps, values: values)
  }
}

/// The steps of a dynamics stage at which it pauses.
private struct StageEvents {
  var removal: Trigger?
  var exchange: Trigger?
  var checkpoint: Trigger?
  var checkpointSeconds: Double?

  init(_ stage: DynamicsStage) {
    removal = stage.momentumRemoval
    exchange = stage.exchange.map { .every($0.interval) }
    switch stage.checkpoint {
    case .every(let steps): checkpoint = .every(steps)
    case .seconds(let seconds): checkpointSeconds = seconds
    }
  }

  /// The first step after `step` at which anything happens besides the dynamics.
  func next(after step: Int, _ outputs: StageOutputs) -> Int {
    var next = Trigger.every(Guard.interval).next(after: step) ?? .max
    let others = [removal, exchange, checkpoint].map { $0?.next(after: step) } + [outputs.next(after: step)]
    for other in others {
      if let other { next = min(next, other) }
    }
    return next
  }
}

/// What a stage of dynamics asks of a potential where it writes something.
enum DynamicsQuantities {
  /// Forces, energy, virial and the spread of a committee, as far as they can be computed.
  static func of(_ field: borrowing ForceField) -> Quantities {
    Quantities([.forces, .energy, .virial, .variance]).intersection(field.requirements.quantities)
  }
}
