import TektiteCore

/// The files of an isoconfigurational ensemble as text.
struct PropensityFiles {
  let stage: IsoconfigurationalStage
  let sums: PropensitySums
  /// The configuration that all runs started from.
  let start: Structure
  let units: Units
  /// What the structure alone tells; nil where it was not asked for.
  var predictors: StructuralPredictors?

  private var unit: String {
    guard units == .real else { return "" }
    return stage.measure == .displacement ? "Å" : stage.measure == .squaredDisplacement ? "Å²" : ""
  }

  /// Means by species against time: the mean over atoms and their scatter; the correlation between the propensities of even and odd
  /// runs, r; and √(2r/(1 + r)), by which the propensities of all runs correlate with those of infinitely many: no prediction from the structure can do better.
  var table: String {
    let groups = self.groups
    var text = timeHeading
    for group in groups {
      text += "," + heading("mean_\(group.label)", unit) + "," + heading("scatter_\(group.label)", unit)
      text += ",split_half_\(group.label),ceiling_\(group.label)"
    }
    text += "\n"
    for (time, step) in stage.times.enumerated() {
      let propensity = sums.propensity(time)
      text += rowStart(step)
      for group in groups {
        let values = group.members.map { propensity[$0] }
        let mean = values.reduce(0, +) / Double(values.count)
        let scatter = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        let r = sums.splitHalf(time, group.members)
        let ceiling = r > 0 ? (2 * r / (1 + r)).squareRoot() : .nan
        for value in [mean, scatter, r, ceiling] { text += "," + cell(value) }
      }
      text += "\n"
    }
    return text
  }

  /// Pearson's correlations against time between the propensity and what the inherent structure alone tells, over all atoms and those of each species:
  /// the energy of an atom, its distance to where it is there, and the energy averaged over its surroundings.
  var predictorTable: String? {
    guard let predictors else { return nil }
    let groups = self.groups
    var text = timeHeading
    for group in groups {
      text += ",energy_\(group.label),distance_\(group.label),averaged_energy_\(group.label)"
    }
    text += "\n"
    for (time, step) in stage.times.enumerated() {
      let propensity = sums.propensity(time)
      text += rowStart(step)
      for group in groups {
        for value in predictors.correlations(with: propensity, over: group.members) { text += "," + cell(value) }
      }
      text += "\n"
    }
    return text
  }

  /// All atoms, and those of each species where there are several.
  private var groups: [(label: String, members: [Int])] {
    let topology = start.topology
    var groups: [(label: String, members: [Int])] = [("all", Array(0..<topology.count))]
    for (index, species) in topology.table.enumerated() {
      let members = topology.species.indices.filter { Int(topology.species[$0]) == index }
      if !members.isEmpty && members.count < topology.count { groups.append((species.label, members)) }
    }
    return groups
  }

  private var timeHeading: String { "step," + heading("time", units == .lj ? "" : units.timeName) }
  private func heading(_ name: String, _ unit: String) -> String { unit.isEmpty ? name : "\(name) (\(unit))" }
  private func rowStart(_ step: Int) -> String { "\(step),\(Double(step) * stage.timestep * units.femtoseconds)" }
  private func cell(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }

  /// A frame for each time: the start, with the propensity of each atom and its standard error over runs as columns, as OVITO and ASE read them.
  var frames: String {
    let topology = start.topology
    let v = start.frame.cell.vectors
    let p = start.frame.cell.periodic
    var text = ""
    for (time, step) in stage.times.enumerated() {
      let (propensity, error) = (sums.propensity(time), sums.error(time))
      text += "\(topology.count)\n"
      if v != .zero {
        text += "Lattice=\"\(v.a.x) \(v.a.y) \(v.a.z) \(v.b.x) \(v.b.y) \(v.b.z) \(v.c.x) \(v.c.y) \(v.c.z)\" "
      }
      text += "Properties=species:S:1:pos:R:3:propensity:R:1"
      if sums.runs > 1 { text += ":propensity_error:R:1" }
      if predictors != nil { text += ":inherent_energy:R:1:inherent_distance:R:1:averaged_energy:R:1" }
      text +=
        " step=\(step) time=\(Double(step) * stage.timestep * units.femtoseconds) measure=\(stage.measure.rawValue)"
      text += " runs=\(sums.runs) temperature=\(stage.temperature / units.boltzmann)"
      if start.dimensions == 2 { text += " dimensions=2" }
      text += " pbc=\"\(p.a ? "T" : "F") \(p.b ? "T" : "F") \(p.c ? "T" : "F")\"\n"
      for atom in 0..<topology.count {
        let r = start.frame.positions[atom]
        text += "\(topology.table[Int(topology.species[atom])].label) \(r.x) \(r.y) \(r.z) \(propensity[atom])"
        if sums.runs > 1 { text += " \(error[atom])" }
        if let predictors {
          text += " \(predictors.energies[atom]) \(predictors.distances[atom]) \(predictors.averagedEnergies[atom])"
        }
        text += "\n"
      }
    }
    return text
  }
}
