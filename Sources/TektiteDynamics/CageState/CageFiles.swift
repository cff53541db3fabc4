import TektiteCore

/// The files of a cage state as text.
struct CageFiles {
  let stage: CageStateStage
  /// Of `CageRun.values` numbers for each atom.
  let sums: PropensitySums
  /// The configuration that all runs started from.
  let start: Structure
  let units: Units

  /// What is known of an atom.
  struct Atom {
    /// Where it is on average, seen from where it was.
    var displacement: Vector3
    /// The root of its mean squared distance from there.
    var size: Double
    /// One standard error of that place, from the scatter of runs, all directions together; not a number for a single run.
    var error: Double
    /// Reflections per step.
    var reflections: Double
  }

  var atoms: [Atom] {
    let (means, errors) = (sums.propensity(0), sums.error(0))
    return (0..<start.count).map { atom in
      let k = CageRun.values * atom
      let d = Vector3(means[k], means[k + 1], means[k + 2])
      let error = (errors[k] * errors[k] + errors[k + 1] * errors[k + 1] + errors[k + 2] * errors[k + 2]).squareRoot()
      return Atom(
        displacement: d, size: max(0, means[k + 3] - d.lengthSquared).squareRoot(), error: error,
        reflections: means[k + 4])
    }
  }

  /// The cage state as a frame: mean positions, unwrapped, with columns.
  var frame: String {
    let topology = start.topology
    let v = start.frame.cell.vectors
    let p = start.frame.cell.periodic
    var text = "\(topology.count)\n"
    if v != .zero {
      text += "Lattice=\"\(v.a.x) \(v.a.y) \(v.a.z) \(v.b.x) \(v.b.y) \(v.b.z) \(v.c.x) \(v.c.y) \(v.c.z)\" "
    }
    text += "Properties=species:S:1:pos:R:3:cage_distance:R:1:cage_size:R:1"
    if sums.runs > 1 { text += ":cage_error:R:1" }
    text += ":reflections:R:1 step=\(start.frame.step) radius=\(stage.radius) runs=\(sums.runs)"
    text += " temperature=\(stage.temperature / units.boltzmann)"
    if start.dimensions == 2 { text += " dimensions=2" }
    text += " pbc=\"\(p.a ? "T" : "F") \(p.b ? "T" : "F") \(p.c ? "T" : "F")\"\n"
    for (index, atom) in atoms.enumerated() {
      let r = start.frame.positions[index] + atom.displacement
      text += "\(topology.table[Int(topology.species[index])].label) \(r.x) \(r.y) \(r.z)"
      text += " \(atom.displacement.length) \(atom.size)"
      if sums.runs > 1 { text += " \(atom.error)" }
      text += " \(atom.reflections)\n"
    }
    return text
  }

  /// Means over the atoms of each species: the distance of the cage's middle from the start, the size of the cage and the error of its middle (all roots of mean squares), the correlation between the displacements that even and
  /// odd runs find, and reflections per atom and step.
  var table: String {
    let unit = units == .real ? " (Å)" : ""
    var text = "species,atoms,cage_distance\(unit),cage_size\(unit),cage_error\(unit),split_half,reflections\n"
    let atoms = self.atoms
    for group in start.topology.groups {
      func mean(_ value: (Atom) -> Double) -> Double {
        group.members.reduce(0) { $0 + value(atoms[$1]) } / Double(group.members.count)
      }
      let values = [
        mean { $0.displacement.lengthSquared }.squareRoot(), mean { $0.size * $0.size }.squareRoot(),
        mean { $0.error * $0.error }.squareRoot(),
        sums.splitHalf(0, group.members.flatMap { atom in (0..<3).map { CageRun.values * atom + $0 } }),
        mean { $0.reflections },
      ]
      text += "\(group.label),\(group.members.count)"
      for value in values { text += value.isFinite ? ",\(value)" : "," }
      text += "\n"
    }
    return text
  }
}

extension Topology {
  /// All atoms, and those of each species where there are several.
  var groups: [(label: String, members: [Int])] {
    var groups: [(label: String, members: [Int])] = [("all", Array(0..<count))]
    for (index, kind) in table.enumerated() {
      let members = species.indices.filter { Int(species[$0]) == index }
      if !members.isEmpty && members.count < count { groups.append((kind.label, members)) }
    }
    return groups
  }
}
