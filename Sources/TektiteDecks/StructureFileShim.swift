import TektiteCore

/// Stands in for the reader of TektiteTrajectories until that is there: species and positions of extended XYZ.
enum StructureFile {
  static func read(path: String, units: Units) throws(InputError) -> [Structure] {
    let lines = try InputFile.text(path: path).split(separator: "\n", omittingEmptySubsequences: false)
    guard let first = lines.first, let count = Int(first), lines.count >= count + 2, count > 0 else {
      throw InputError("not extended XYZ", file: path, line: 1, column: 1)
    }
    var frame = Frame()
    let lattice =
      lines[1].split(separator: "\"").dropFirst().first?.split(separator: " ").compactMap { Double($0) } ?? []
    if lattice.count == 9 {
      frame.cell = Cell(
        Matrix3(
          Vector3(lattice[0], lattice[1], lattice[2]), Vector3(lattice[3], lattice[4], lattice[5]),
          Vector3(lattice[6], lattice[7], lattice[8])))
    }
    var table: [Species] = []
    var species: [Int32] = []
    for line in lines[2..<count + 2] {
      let words = line.split(separator: " ")
      guard words.count >= 4, let x = Double(words[1]), let y = Double(words[2]), let z = Double(words[3]) else {
        throw InputError("not an atom", file: path, line: 3, column: 1)
      }
      if !table.contains(where: { $0.label == words[0] }) { table.append(Species(String(words[0]))) }
      species.append(Int32(table.firstIndex { $0.label == words[0] } ?? 0))
      frame.positions.append(Vector3(x, y, z))
    }
    return [Structure(topology: Topology(table: table, species: species), frame: frame)]
  }
}
