import TektiteCore

/// The files of an isoconfigurational ensemble as text.
struct PropensityFiles {
  let stage: IsoconfigurationalStage
  let sums: PropensitySums
  /// The configuration that all runs started from.
  let start: Structure
  let units: Units

  private var unit: String {
    guard units == .real else { return "" }
    return stage.measure == .displacement ? "Å" : "Å²"
  }

  /// Means by species against time: the mean over atoms and their scatter; the correlation between the propensities of even and odd
  /// runs, r; and √(2r/(1 + r)), by which the propensities of all runs correlate with those of infinitely many: no prediction from the structure can do better.
  var table: String {
    let topology = start.topology
    var groups: [(label: String, members: [Int])] = [("all", Array(0..<topology.count))]
    for (index, species) in topology.table.enumerated() {
      let members = topology.species.indices.filter { Int(topology.species[$0]) == index }
      if !members.isEmpty && members.count < topology.count { groups.append((species.label, members)) }
    }
    func heading(_ name: String, _ unit: String) -> String { unit.isEmpty ? name : "\(name) (\(unit))" }
    var text = "step," + heading("time", units == .lj ? "" : units.timeName)
    for group in groups {
      text += "," + heading("mean_\(group.label)", unit) + "," + heading("scatter_\(group.label)", unit)
      text += ",split_half_\(group.label),ceiling_\(group.label)"
    }
    text += "\n"
    for (time, step) in stage.times.enumerated() {
      let propensity = sums.propensity(time)
      text += "\(step),\(Double(step) * stage.timestep * units.femtoseconds)"
      for group in groups {
        let values = group.members.map { propensity[$0] }
        let mean = values.reduce(0, +) / Double(values.count)
        let scatter = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        let r = sums.splitHalf(time, group.members)
        let ceiling = r > 0 ? (2 * r / (1 + r)).squareRoot() : .nan
        for value in [mean, scatter, r, ceiling] { text += "," + (value.isFinite ? "\(value)" : "") }
      }
      text += "\n"
    }
    return text
  }

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
      text +=
        " step=\(step) time=\(Double(step) * stage.timestep * units.femtoseconds) measure=\(stage.measure.rawValue)"
      text += " runs=\(sums.runs) temperature=\(stage.temperature / units.boltzmann)"
      text += " pbc=\"\(p.a ? "T" : "F") \(p.b ? "T" : "F") \(p.c ? "T" : "F")\"\n"
      for atom in 0..<topology.count {
        let r = start.frame.positions[atom]
        text += "\(topology.table[Int(topology.species[atom])].label) \(r.x) \(r.y) \(r.z) \(propensity[atom])"
        text += sums.runs > 1 ? " \(error[atom])\n" : "\n"
      }
    }
    return text
  }
}
