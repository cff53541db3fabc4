import Foundation
import TektiteAnalysis
import TektiteCore
import TektiteDynamics
import TektitePotentials
import TektiteTrajectories

extension Deck {
  /// Reads every file that the deck names, builds what it asks to build and converts all quantities to internal units: what a simulation needs.
  /// - Throws: an error at the place in the deck that asks for what cannot be had, or in the file that is wrong.
  public func plan() throws(InputError) -> SimulationPlan {
    var hashes = ["deck": digest]
    let resolver = PotentialResolver(units: units)
    let common = try resolver.resolve(body.potential, units: units)
    var resolved: [ResolvedModel] = []
    for stage in body.stages {
      resolved.append(
        try stage.potential.map { spec throws(InputError) in try resolver.resolve(spec, units: units) } ?? common)
    }
    // Names of netCDF attributes are made of these keys, and those cannot hold slashes or spaces.
    for file in resolved.flatMap(\.files) {
      let name = Self.key("potential", file.name)
      // Members of a committee often differ in their folders only.
      var (key, number) = (name, 1)
      while let other = hashes[key], other != file.digest {
        number += 1
        key = "\(name)_\(number)"
      }
      hashes[key] = file.digest
    }

    for stage in body.stages {
      guard let file = stage.configurations?.file else { continue }
      hashes[Self.key("configurations", stage.name ?? "")] = try InputFile.digest(path: file)
    }
    var structure = try startingStructure(masses: common.masses, hashes: &hashes)
    try setMasses(of: &structure, model: common.masses)
    setDiameters(of: &structure, models: resolved)
    let trajectories = Dictionary(
      body.stages.compactMap { stage in
        stage.trajectory.first?.file.map { (stage.name ?? "", $0) }
      }, uniquingKeysWith: { first, _ in first })
    let stages = body.stages.map { $0.stage(units, atoms: structure.count, outputs: trajectories) }
    for (index, (section, model)) in zip(body.stages, resolved).enumerated() {
      let mark = section.potential == nil ? body.marks["potential"] : section.marks["potential"]
      try checkDiameters(structure, against: model, at: mark)
      try checkSpecies(structure.table, against: model, at: mark)
      if case .dynamics(let dynamics) = section, let swap = dynamics.swap, case .dynamics(let stage) = stages[index],
        let complaint = stage.exchangeComplaint(structure, model.model)
      {
        throw swap.marks.section.error(complaint)
      }
    }
    try checkDimensions(structure)
    try checkObservables(structure)
    try checkBarostats(structure, resolved)
    try checkShear(structure, resolved)
    return SimulationPlan(
      title: title, units: units, seed: seed, structure: structure,
      temperature: body.system.velocities.map { $0.temperature * units.boltzmann }, models: resolved.map(\.model),
      stages: stages, deckText: try resolvingPrecision(resolver).spelledOut, hashes: hashes
    )
  }

  /// Under what a file is found in the record of a run.
  private static func key(_ what: String, _ name: String) -> String {
    "\(what)_" + String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" })
  }

  /// The models that the stages use, with what their files say about them.
  public func resolvedModels() throws(InputError) -> [ResolvedModel] {
    let resolver = PotentialResolver(units: units)
    var models: [ResolvedModel] = []
    for stage in body.stages { models.append(try resolver.resolve(stage.potential ?? body.potential, units: units)) }
    return models
  }

  // The copy of the deck in a run directory names the precision that 'as-defined' turned out to be.
  private func resolvingPrecision(_ resolver: PotentialResolver) throws(InputError) -> Deck {
    func settled(_ spec: PotentialSpec) throws(InputError) -> PotentialSpec {
      switch spec {
      case .named(var section) where section.precision == nil:
        section.precision = try resolver.resolve(spec, units: units).precision
        return .named(section)
      case .sum(let terms):
        var all: [PotentialSpec] = []
        for term in terms { all.append(try settled(term)) }
        return .sum(all)
      case .committee(var section):
        for index in section.members.indices { section.members[index] = try settled(section.members[index]) }
        return .committee(section)
      default: return spec
      }
    }
    var deck = self
    deck.body.potential = try settled(body.potential)
    for index in body.stages.indices {
      if let spec = body.stages[index].potential { deck.body.stages[index].potential = try settled(spec) }
    }
    return deck
  }
}

// MARK: - Barostats

extension Deck {
  /// Finds what keeps barostats from working with the structure and the potentials at hand.
  private func checkBarostats(_ structure: Structure, _ models: [ResolvedModel]) throws(InputError) {
    var isTilted = false
    for (stage, model) in zip(body.stages, models) {
      if case .quasistaticShear = stage { isTilted = true }
      guard case .dynamics(let section) = stage else { continue }
      if section.shear != nil { isTilted = true }
      guard let barostat = section.barostat.barostat(units) else { continue }
      let mark = section.barostat.marks.values["coupling"] ?? section.barostat.marks.section
      if let complaint = barostat.coupling.complaint(about: structure.frame.cell) { throw mark.error(complaint) }
      if barostat.coupling == .anisotropic && isTilted {
        throw mark.error(
          "an anisotropic barostat needs a cell with right angles, and a stage before this one may tilt it")
      }
      if barostat.coupling == .triclinic { isTilted = true }
      let quantities = try? model.model.makePotential(for: structure.table).requirements.quantities
      if let quantities, !quantities.contains(.virial) {
        throw section.barostat.marks["kind"].error(
          "a barostat needs a potential that computes the stress, and \(model.name) does not")
      }
    }
  }
}

// MARK: - Observables

extension Deck {
  /// Finds what cannot be observed in the structure at hand before anything is run.
  private func checkObservables(_ structure: Structure) throws(InputError) {
    for stage in body.stages {
      if case .isoconfigurational(let section) = stage { try checkBonds(section, structure) }
      guard case .dynamics(let section) = stage else { continue }
      let observed = ObservedStage(
        name: section.name ?? "", units: units, topology: structure.topology, cell: structure.frame.cell,
        timestep: section.timestep / units.femtoseconds, steps: section.steps, ensemble: "")
      for observable in section.observe {
        if let problem = observable.request.problem(in: observed) { throw observable.marks.section.error(problem) }
      }
      if let certificate = section.certificate, let problem = certificate.request.problem(in: observed) {
        throw certificate.marks.section.error(problem)
      }
    }
  }
}

extension Deck {
  /// Finds what keeps bonds from being counted in the structure at hand.
  private func checkBonds(_ section: IsoconfigurationalSection, _ structure: Structure) throws(InputError) {
    guard section.measure == .bondBreaking else { return }
    let bonds = section.bonds
    if let problem = bonds.criterion.problem(in: structure, largest: bonds.broken, units) {
      throw (section.marks.values["sigma"] ?? section.marks["measure"]).error(problem)
    }
  }
}

// MARK: - The structure

extension Deck {
  private func startingStructure(masses: [String: Double], hashes: inout [String: String]) throws(InputError)
    -> Structure
  {
    let system = body.system
    var structure: Structure
    if let build = system.build {
      structure = try built(build, masses: masses)
    } else {
      let path = system.structure ?? ""
      let mark = system.marks["structure"]
      guard InputFile.exists(path: path) else { throw mark.error("there is no structure file '\(path)'") }
      structure = try settled(try frame(path: path), path: path)
      hashes["structure"] = try InputFile.digest(path: path)
      if let periodic = system.periodic {
        structure.frame.cell.periodic = periodic
        if structure.dimensions == 2 { structure.frame.cell.periodic.c = false }
      }
      let place = system.marks.values["periodic"] ?? mark
      if let complaint = structure.frame.cell.validate() {
        throw place.error("the cell of '\(path)' makes no sense: \(complaint)")
      }
      if structure.count == 0 { throw mark.error("the structure file '\(path)' holds no atoms") }
    }
    if structure.count > Int(Int32.max) {
      throw system.marks.section.error("\(structure.count) atoms are more than the \(Int32.max) that a system can hold")
    }
    if let atoms = system.atoms, atoms != structure.count {
      throw system.marks["atoms"].error("the deck expects \(atoms) atoms, but the start has \(structure.count)")
    }
    return structure
  }

  private func frame(path: String) throws(InputError) -> Structure {
    let index: Int? =
      switch body.system.frame ?? .last {
      case .first: 0
      case .last: nil
      case .index(let index): index
      }
    let (structure, count) = try StructureFile.frame(index, path: path, units: units)
    guard let structure else {
      throw body.system.marks["frame"].error(
        "'\(path)' has \(count) frames, counted from 0; there is no frame \(index ?? 0)")
    }
    return structure
  }

  private func built(_ build: BuildSection, masses: [String: Double]) throws(InputError) -> Structure {
    // A rough account of what a run holds for each atom; refusing here beats being killed later.
    let needed = Double(build.count) * 600
    let available = Double(ProcessInfo.processInfo.physicalMemory)
    if needed > available {
      throw build.marks["counts"].error(
        "\(build.count) atoms need about \(Int(needed / 1e9)) GB, and this machine has \(Int(available / 1e9)) GB")
    }
    let own = Dictionary(body.system.masses.map { ($0.label, $0.value) }) { first, _ in first }
    let species = build.counts.map { Species($0.label, mass: own[$0.label] ?? masses[$0.label]) }
    let dimensions = body.system.dimensions ?? 3
    var rows = build.cell ?? .zero
    if let density = build.density {
      let volume =
        switch density {
        case .number(let density): Double(build.count) / density
        case .mass(let density): zip(species, build.counts).reduce(0) { $0 + $1.0.mass * Double($1.1.value) } / density
        }
      let side = dimensions == 2 ? volume.squareRoot() : cbrt(volume)
      let made =
        dimensions == 2
        ? build.lattice.rectangle(for: build.count, density: Double(build.count) / volume) : .cubic(side)
      rows = made.vectors
      if let complaint = CellSize.complaint(made) {
        throw build.marks["density"].error("this density makes a cell of side \(side): \(complaint)")
      }
    }
    let cell = Cell(rows, periodic: body.system.periodic ?? .all, dimensions: dimensions)
    let counts = zip(species, build.counts).map { StructureBuilder.Count($0, $1.value) }
    return StructureBuilder(
      build.lattice, counts: counts, cell: cell, minimumDistance: build.minimumDistance, seed: seed
    ).build().structure
  }

  // The deck's masses come first, then what a file gave for an atom, then the model's; a file that says nothing leaves the standard mass of the label,
  // which the model's replaces.
  private func setMasses(of structure: inout Structure, model: [String: Double]) throws(InputError) {
    let own = Dictionary(body.system.masses.map { ($0.label, $0.value) }) { first, _ in first }
    let labels = structure.topology.table.map(\.label)
    if let stray = own.keys.sorted().first(where: { !labels.contains($0) }) {
      throw body.system.marks["masses"].error(unknown(stray, "a species of the system", labels))
    }
    for index in structure.topology.table.indices {
      let species = structure.topology.table[index]
      let standard = Species(species.label).mass
      guard let mass = own[species.label] ?? model[species.label] else { continue }
      let isForced = own[species.label] != nil
      if isForced || species.mass == standard { structure.topology.table[index].mass = mass }
      for atom in structure.topology.species.indices where Int(structure.topology.species[atom]) == index {
        if isForced || structure.topology.masses[atom] == standard { structure.topology.masses[atom] = mass }
      }
    }
  }

  // The deck's diameters come first, then those of the file; where neither gives any, the model's distribution is drawn from.
  private func setDiameters(of structure: inout Structure, models: [ResolvedModel]) {
    let own = body.system.diameters?.distribution
    guard own != nil || structure.frame.diameters.isEmpty else { return }
    if let distribution = own ?? models.lazy.compactMap(\.diameters).first {
      structure.frame.diameters = distribution.draw(count: structure.count, seed: seed)
    }
  }

  private func checkDiameters(_ structure: Structure, against model: ResolvedModel, at mark: Mark) throws(InputError) {
    do throws(PotentialError) {
      _ = try model.model.makePotential(for: structure.table)
    } catch {
      switch error {
      case .missingDiameters:
        throw mark.error(
          "\(error). Give 'diameters: {minimum: ..., maximum: ...}' under 'system', or a structure file with a column 'radius' or 'diameter'"
        )
      case .invalidParameters(let why): throw (body.system.marks.values["diameters"] ?? mark).error(why)
      default: break
      }
    }
  }

  private func checkSpecies(_ table: [Species], against model: ResolvedModel, at mark: Mark) throws(InputError) {
    for species in table where !model.labels.contains(species.label) {
      let nearest = InputError.nearest(to: species.label, among: model.labels).map { "; did you mean '\($0)'?" } ?? "."
      // A built species is as likely the mistake as the potential, and stands in the same file.
      throw (body.system.build?.marks["counts"] ?? mark).error(
        "the potential \(model.name) does not know the species '\(species.label)'\(nearest) It knows \(model.labels.joined(separator: ", "))"
      )
    }
    do {
      _ = try model.model.makePotential(for: table)
    } catch {
      throw mark.error(error.description)
    }
  }
}

// MARK: - Stages in internal units

extension StageSection {
  /// The stage with all quantities in internal units.
  func stage(_ units: Units, atoms: Int, outputs: [String: String]) -> Stage {
    switch self {
    case .minimize(let section): .minimize(section.stage)
    case .dynamics(let section): .dynamics(section.stage(units, atoms: atoms))
    case .isoconfigurational(let section): .isoconfigurational(section.stage(units, outputs: outputs))
    case .quasistaticShear(let section): .quasistaticShear(section.stage)
    case .cageState(let section): .cageState(section.stage(units, outputs: outputs))
    }
  }
}

extension MinimizeSection {
  /// The stage; lengths, forces and energies need no conversion.
  var stage: MinimizeStage {
    var stage = MinimizeStage(name: name ?? "", forceTolerance: forceTolerance)
    stage.algorithm = algorithm
    stage.maximumSteps = maximumSteps
    stage.thermo = thermo?.output
    stage.trajectories = trajectory.map(\.output)
    stage.skin = skin
    return stage
  }
}

extension DynamicsSection {
  /// The stage: times in internal units, temperatures as k_B T.
  func stage(_ units: Units, atoms: Int) -> DynamicsStage {
    var stage = DynamicsStage(name: name ?? "", timestep: timestep / units.femtoseconds, steps: steps)
    stage.thermostat = thermostat.thermostat(units)
    stage.barostat = barostat.barostat(units)
    stage.shear = shear?.shear(units)
    stage.velocities = velocities.map { $0.temperature * units.boltzmann }
    stage.trajectories = trajectory.map(\.output)
    stage.thermo = thermo?.output
    if !observe.isEmpty || certificate != nil {
      var observation = StageObservation(observe.map(\.request), summary: StageSection.dynamics(self).summary)
      observation.certificate = certificate?.request
      stage.observation = observation
    }
    stage.inherentStructures = inherentStructures?.description
    stage.checkpoint = checkpoint.policy
    stage.momentumRemoval = momentumRemoval?.trigger
    stage.exchange = swap?.exchange(atoms: atoms, units)
    stage.skin = skin
    stage.limits = GuardLimits(
      temperature: limits.temperature.map { $0 * units.boltzmann }, force: limits.force,
      displacement: limits.displacement)
    return stage
  }
}

extension ThermostatSection {
  /// The thermostat: temperatures as k_B T, times in internal units, friction in one over internal time.
  func thermostat(_ units: Units) -> Thermostat {
    guard let temperature else { return .none }
    let k = units.boltzmann
    let schedule: Schedule =
      switch temperature {
      case .constant(let value): .constant(k * value)
      case .ramp(let from, let to): .ramp(from: k * from, to: k * to)
      case .piecewise(let points): .piecewise(points.map { Schedule.Point(step: $0.step, value: k * $0.value) })
      }
    // The check of the section has seen that what a kind needs is there.
    let friction = (friction ?? 0) * units.femtoseconds
    let time = (time ?? 0) / units.femtoseconds
    switch kind {
    case .none: return .none
    case .langevin: return .langevin(temperature: schedule, friction: friction)
    case .csvr: return .csvr(temperature: schedule, time: time)
    case .noseHoover: return .noseHoover(temperature: schedule, time: time, chain: chain ?? 3)
    case .brownian: return .brownian(temperature: schedule, friction: friction)
    }
  }
}

extension TrajectorySection {
  /// The output as the engine takes it.
  var output: TrajectoryOutput {
    TrajectoryOutput(file: file ?? "", trigger: trigger ?? .every(1), fields: Set(fields), unwrapped: unwrapped)
  }
}

extension ThermoSection {
  /// The output as the engine takes it.
  var output: ThermoOutput { ThermoOutput(file: file ?? "", trigger: trigger ?? .every(100)) }
}
