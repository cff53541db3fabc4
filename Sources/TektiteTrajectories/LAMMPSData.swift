import TektiteCore

/// LAMMPS data files. Units are those of `units lj` or `units metal` (Å, eV, ps, g/mol; velocities in Å/ps).
public enum LAMMPSData {
  /// Reads a data file of atom style `atomic` (or `charge`, `molecular`, `bond`, `angle`, `full`, of which the rest is passed over).
  ///
  /// Image flags are applied, so positions are unwrapped; atoms come in the order of their ids. A data file does not say which directions repeat: all
  /// do. Labels are those given, else those of the section `Atom Type Labels`, else comments behind the masses (`1 28.085 # Si`), else the numbers of
  /// the types.
  /// - Parameter labels: the label of each type.
  /// - Throws: `InputError` with line and column.
  public static func read(path: String, units: Units, labels: [String]? = nil) throws(InputError) -> Structure {
    var parser = try LAMMPSDataParser(path: path, units: units, labels: labels)
    return try parser.parse()
  }

  /// Internal velocity of one Å/ps, or of one sigma/tau.
  static func velocityFactor(_ units: Units) -> Double { units == .lj ? 1 : units.femtoseconds / 1000 }

  /// Writes a structure as atom style `atomic`, in one step.
  ///
  /// The cell is turned to a along x and b in the xy plane, as LAMMPS wants it (see `AmberTrajectory` for left-handed cells). Positions are wrapped along
  /// directions that repeat, with image flags; in a direction without a lattice vector the box is what the atoms span, which asks for `boundary f` or `s`.
  public static func write(_ structure: Structure, to path: String, units: Units) throws(OutputError) {
    let frame = structure.frame
    let n = structure.count
    let orientation = CellOrientation(frame.cell)
    let cell = orientation.cell
    let inverse = Cell(cell, periodic: frame.cell.periodic, dimensions: frame.cell.dimensions).basis.inverse
    let turned = frame.positions.map { orientation.toFile($0) }
    var low = Vector3.zero
    var high = Vector3(cell.a.x, cell.b.y, cell.c.z)
    for k in 0..<3 where !frame.cell.periodic[k] {
      // What does not repeat must enclose its atoms, or LAMMPS loses them. A margin keeps the outermost inside after rounding.
      let (least, greatest) = (turned.map { $0[k] }.min() ?? 0, turned.map { $0[k] }.max() ?? 0)
      if cell[k] == .zero {
        (low[k], high[k]) = (least - 0.5, greatest + 0.5)
      } else {
        (low[k], high[k]) = (min(0, least), max(high[k], greatest))
      }
    }
    var text = "LAMMPS data file written by tektite, units = \(units == .lj ? "lj" : "metal")\n\n"
    text += "\(n) atoms\n\(structure.topology.table.count) atom types\n\n"
    for (k, axis) in ["x", "y", "z"].enumerated() { text += "\(low[k]) \(high[k]) \(axis)lo \(axis)hi\n" }
    if cell.b.x != 0 || cell.c.x != 0 || cell.c.y != 0 { text += "\(cell.b.x) \(cell.c.x) \(cell.c.y) xy xz yz\n" }
    text += "\nMasses\n\n"
    for (k, species) in structure.topology.table.enumerated() {
      text += "\(k + 1) \(species.mass) # \(species.label)\n"
    }
    text += "\nAtoms # atomic\n\n"
    var bytes = Array(text.utf8)
    for i in 0..<n {
      let image = CellOrientation.crossings(turned[i], inverse: inverse, periodic: frame.cell.periodic)
      let r = turned[i] - CellOrientation.translation(image, cell)
      let line = "\(i + 1) \(structure.topology.species[i] + 1) \(r.x) \(r.y) \(r.z) \(image.a) \(image.b) \(image.c)\n"
      bytes.append(contentsOf: line.utf8)
    }
    if frame.velocities.count == n {
      bytes.append(contentsOf: "\nVelocities\n\n".utf8)
      for i in 0..<n {
        let v = orientation.toFile(frame.velocities[i]) / velocityFactor(units)
        bytes.append(contentsOf: "\(i + 1) \(v.x) \(v.y) \(v.z)\n".utf8)
      }
    }
    try Files.replace(path, with: bytes)
  }
}
