import TektiteCore
import TektiteTrajectories

extension TrajectoryAnalysis {
  /// The numbers that each atom has in each frame, as extended XYZ for OVITO, ASE and VMD: how far it has moved since the first frame, and whether its neighbourhood is that of a
  /// crystal (0 no, 1 fcc, 2 hcp, 3 bcc; by common neighbours); and, if asked for, how its neighbourhood was deformed (`NonaffineDisplacement`).
  /// - Parameters:
  ///   - nonaffine: the radius of neighbourhoods, length, and which frame is the reference; nil for none.
  ///   - write: takes the text of one frame after the other.
  /// - Throws: `InputError` for what `run` refuses, and for more than one trajectory; what `write` throws.
  public func atomFields(
    nonaffine: (radius: Double, reference: NonaffineDisplacement.Reference)? = nil, _ write: (String) throws -> Void
  ) throws {
    guard let path = paths.first, paths.count == 1 else {
      throw InputError("fields of atoms are those of one trajectory; give one", file: paths.last ?? "analyze")
    }
    var reader = try StructureFile.Reader(path: path, units: units)
    var unwrapper = Unwrapper()
    var first: Structure?
    var field: NonaffineDisplacement?
    var cell = ContinuousCell(.open)
    while var structure = try reader.next() {
      if isWrapped { unwrapper.follow(&structure.frame) }
      let start = first ?? structure
      first = start
      try check(structure, like: start, path: path, index: reader.framesRead)
      var values: [NonaffineDisplacement.Value]?
      if let (radius, reference) = nonaffine {
        if field == nil {
          field = NonaffineDisplacement(since: structure.frame, radius: radius)
          cell = ContinuousCell(structure.frame.cell)
        }
        cell.follow(structure.frame.cell)
        values = field?.values(structure.frame.positions, cell: cell.vectors)
        if reference == .previous {
          field = NonaffineDisplacement(since: structure.frame, radius: radius)
          cell = ContinuousCell(structure.frame.cell)
        }
      }
      try write(Self.text(structure, since: start, units, values))
    }
    if first == nil { throw InputError("holds no whole frame", file: path) }
  }

  private static func text(
    _ structure: Structure, since start: Structure, _ units: Units, _ nonaffine: [NonaffineDisplacement.Value]?
  ) -> String {
    let frame = structure.frame
    let (v, p) = (frame.cell.vectors, frame.cell.periodic)
    var text = "\(structure.count)\n"
    if v != .zero {
      let rows = [v.a, v.b, v.c].map { "\($0.x) \($0.y) \($0.z)" }
      text += "Lattice=\"\(rows.joined(separator: " "))\" "
    }
    text += "Properties=species:S:1:pos:R:3:displacement:R:1:neighborhood:I:1"
    if nonaffine != nil { text += ":d2min:R:1:local_shear:R:1" }
    text += " step=\(frame.step) time=\(frame.time * units.femtoseconds)"
    if frame.cell.isPlanar { text += " dimensions=2" }
    text += " pbc=\"\([p.a, p.b, p.c].map { $0 ? "T" : "F" }.joined(separator: " "))\"\n"
    // Crystals of three dimensions are not looked for in a plane.
    let kinds = frame.cell.isPlanar ? frame.positions.map { _ in .other } : CommonNeighbors.kinds(of: frame)
    for atom in 0..<structure.count {
      let r = frame.positions[atom]
      let moved = (r - start.frame.positions[atom]).length
      let label = structure.topology.table[Int(structure.topology.species[atom])].label
      text += "\(label) \(r.x) \(r.y) \(r.z) \(moved) \(kinds[atom].number)"
      if let value = nonaffine?[atom] { text += " \(value.square) \(value.shear)" }
      text += "\n"
    }
    return text
  }
}

extension CommonNeighbors.Kind {
  /// The number that files have for it.
  fileprivate var number: Int {
    switch self {
    case .other: 0
    case .fcc: 1
    case .hcp: 2
    case .bcc: 3
    }
  }
}
