import TektiteCore

/// Reads a LAMMPS data file: a title, header lines of numbers before words, then sections that a word begins.
struct LAMMPSDataParser {
  private var lines: LineReader
  private let units: Units
  private let given: [String]?

  private var title = ""
  private var atomCount: Int?
  private var typeCount: Int?
  private var low = Vector3.zero, high = Vector3.zero
  private var hasBounds = (false, false, false)
  private var tilt: Vector3?
  private var general: (a: Vector3?, b: Vector3?, c: Vector3?)
  private var masses: [Double?] = []
  private var comments: [String?] = []
  private var typeLabels: [String?] = []
  private var atoms: [Atom] = []
  private var velocities: [(id: Int, velocity: Vector3)] = []

  private struct Atom {
    var id: Int
    var type: Int
    var position: Vector3
    var image = ImageCount.zero
  }

  /// Sections that may hold names of coefficients and topology, which are passed over.
  private static let known = [
    "Masses", "Atoms", "Velocities", "Atom Type Labels", "Bond Type Labels", "Angle Type Labels",
    "Dihedral Type Labels",
    "Improper Type Labels", "Pair Coeffs", "PairIJ Coeffs", "Bond Coeffs", "Angle Coeffs", "Dihedral Coeffs",
    "Improper Coeffs", "Bonds", "Angles", "Dihedrals", "Impropers", "Ellipsoids", "Lines", "Triangles", "Bodies",
    "BondBond Coeffs", "BondAngle Coeffs", "MiddleBondTorsion Coeffs", "EndBondTorsion Coeffs", "AngleTorsion Coeffs",
    "AngleAngleTorsion Coeffs", "BondBond13 Coeffs", "AngleAngle Coeffs",
  ]

  init(path: String, units: Units, labels: [String]?) throws(InputError) {
    lines = try LineReader(path: path)
    self.units = units
    given = labels
  }

  mutating func parse() throws(InputError) -> Structure {
    guard try lines.advance() else { throw InputError("is empty", file: lines.file.path) }
    title = Numerals.string(lines.bytes.span, lines.line)
    var section = try readHeader()
    while let name = section { section = try read(section: name) }
    return try assemble()
  }

  // MARK: Header

  /// The current line without its comment, as words; and the comment.
  private func words() -> (words: [String], comment: String) {
    let text = lines.text
    let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let words = (parts.first ?? "").split { $0.isWhitespace }.map(String.init)
    return (words, parts.count > 1 ? String(parts[1]) : "")
  }

  /// A section's name, if the current line is one: it begins with a letter.
  private func sectionName() -> (name: String, hint: String)? {
    var tokens = Tokens(lines.line)
    guard let token = tokens.next(in: lines.bytes.span) else { return nil }
    let c = lines.bytes[token.lowerBound] | 0x20
    guard c >= UInt8(ascii: "a") && c <= UInt8(ascii: "z") else { return nil }
    let (words, comment) = words()
    let hint = comment.split { $0.isWhitespace }.first.map(String.init) ?? ""
    return (words.joined(separator: " "), hint)
  }

  private mutating func readHeader() throws(InputError) -> (name: String, hint: String)? {
    while try lines.advance() {
      if let section = sectionName() { return section }
      let (words, _) = words()
      guard !words.isEmpty else { continue }
      let names = words.drop { Numerals.double($0) != nil }
      let numbers = words.prefix(words.count - names.count).compactMap { Numerals.double($0) }
      try header(names.joined(separator: " "), numbers)
    }
    return nil
  }

  private mutating func header(_ name: String, _ numbers: [Double]) throws(InputError) {
    func expect(_ count: Int) throws(InputError) {
      guard numbers.count == count, numbers.allSatisfy({ $0.isFinite }) else {
        throw lines.error("expected \(count) numbers before '\(name)'", at: lines.line.lowerBound)
      }
    }
    func whole(_ most: Int) throws(InputError) -> Int {
      try expect(1)
      guard let value = Int(exactly: numbers[0]), value >= 0, value <= most else {
        throw lines.error("expected a whole number from 0 to \(most) before '\(name)'", at: lines.line.lowerBound)
      }
      return value
    }
    switch name {
    case "atoms":
      let count = try whole(1 << 40)
      guard count <= lines.bytesLeft / 8 + 1 else {
        throw lines.error(
          "promises \(count) atoms, but only \(lines.bytesLeft) bytes follow", at: lines.line.lowerBound)
      }
      atomCount = count
    case "atom types":
      let count = try whole(SpeciesTable.most)
      typeCount = count
      masses = Array(repeating: nil, count: count)
      comments = Array(repeating: nil, count: count)
      typeLabels = Array(repeating: nil, count: count)
    case "xlo xhi":
      try expect(2)
      (low.x, high.x, hasBounds.0) = (numbers[0], numbers[1], true)
    case "ylo yhi":
      try expect(2)
      (low.y, high.y, hasBounds.1) = (numbers[0], numbers[1], true)
    case "zlo zhi":
      try expect(2)
      (low.z, high.z, hasBounds.2) = (numbers[0], numbers[1], true)
    case "xy xz yz":
      try expect(3)
      tilt = Vector3(numbers[0], numbers[1], numbers[2])
    case "avec", "bvec", "cvec":
      try expect(3)
      let v = Vector3(numbers[0], numbers[1], numbers[2])
      if name == "avec" { general.a = v } else if name == "bvec" { general.b = v } else { general.c = v }
    default:
      // Counts of bonds and the like do not concern us, but a misspelt keyword should not pass.
      let known = ["atoms", "atom types", "xlo xhi", "ylo yhi", "zlo zhi", "xy xz yz", "avec", "bvec", "cvec"]
      let harmless = [
        "bonds", "angles", "dihedrals", "impropers", "types", "extra", "ellipsoids", "lines", "triangles", "bodies",
        "abc",
      ]
      guard !name.split(separator: " ").contains(where: { harmless.contains(String($0)) }) else { return }
      let near = InputError.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw lines.error("header line \(Numerals.quoted(lines.text)) is not known\(near)", at: lines.line.lowerBound)
    }
  }

  // MARK: Sections

  private mutating func read(section: (name: String, hint: String)) throws(InputError) -> (name: String, hint: String)?
  {
    guard Self.known.contains(section.name) else {
      let near = InputError.nearest(to: section.name, among: Self.known).map { "; did you mean '\($0)'?" } ?? ""
      throw lines.error("section \(Numerals.quoted(section.name)) is not known\(near)", at: lines.line.lowerBound)
    }
    if section.name == "Atoms" || section.name == "Masses" {
      guard atomCount != nil, typeCount != nil else {
        throw lines.error("the header does not give the numbers of 'atoms' and 'atom types'", at: lines.line.lowerBound)
      }
    }
    let columns = section.name == "Atoms" ? try columns(section.hint) : nil
    while try lines.advance() {
      if let next = sectionName() { return next }
      if lines.isBlank { continue }
      switch section.name {
      case "Masses": try readMass()
      case "Atom Type Labels": try readTypeLabel()
      case "Atoms": try readAtom(columns)
      case "Velocities": try readVelocity()
      default: continue
      }
    }
    return nil
  }

  /// Where type and position stand in the lines of an atom style.
  private func columns(_ hint: String) throws(InputError) -> (type: Int, position: Int)? {
    switch hint {
    case "": return nil
    case "atomic": return (1, 2)
    case "charge": return (1, 3)
    case "molecular", "bond", "angle": return (2, 3)
    case "full": return (2, 4)
    default:
      throw lines.error(
        "atom style \(Numerals.quoted(hint)) cannot be read; expected atomic, charge, molecular, bond, angle or full",
        at: lines.line.lowerBound)
    }
  }

  private func type(_ word: String, at position: Int) throws(InputError) -> Int {
    if let index = Int(word) {
      guard (1...max(1, masses.count)).contains(index), !masses.isEmpty else {
        throw lines.error("atom type \(index) is not between 1 and the \(masses.count) atom types", at: position)
      }
      return index - 1
    }
    guard let index = typeLabels.firstIndex(of: word) else {
      throw lines.error("atom type \(Numerals.quoted(word)) is neither a number nor a type label", at: position)
    }
    return index
  }

  private mutating func readMass() throws(InputError) {
    let (words, comment) = words()
    guard words.count == 2, let mass = Numerals.double(words[1]), mass.isFinite, mass > 0 else {
      throw lines.error("expected an atom type and a positive mass", at: lines.line.lowerBound)
    }
    let index = try type(words[0], at: lines.line.lowerBound)
    masses[index] = mass
    comments[index] = comment.split { $0.isWhitespace }.first.map(String.init)
  }

  private mutating func readTypeLabel() throws(InputError) {
    let (words, _) = words()
    guard words.count == 2, Int(words[0]) != nil, words[1].utf8.count <= SpeciesTable.longestLabel else {
      throw lines.error("expected an atom type and its label", at: lines.line.lowerBound)
    }
    typeLabels[try type(words[0], at: lines.line.lowerBound)] = words[1]
  }

  private mutating func readAtom(_ columns: (type: Int, position: Int)?) throws(InputError) {
    guard atoms.count < atomCount ?? 0 else {
      throw lines.error("more atoms than the \(atomCount ?? 0) of the header", at: lines.line.lowerBound)
    }
    let bytes = lines.bytes
    let span = bytes.span
    var tokens = Tokens(lines.line)
    var found: [Range<Int>] = []
    while found.count < 16, let token = tokens.next(in: span), span[token.lowerBound] != UInt8(ascii: "#") {
      found.append(token)
    }
    // Without a hint the style is atomic: id type x y z, with image flags or without.
    let (type, position) = columns ?? (1, 2)
    guard found.count == position + 3 || found.count == position + 6 || columns != nil && found.count >= position + 3
    else {
      throw lines.error(
        "an atom with \(found.count) columns; expected \(position + 3), or \(position + 6) with image flags (id type x y z ix iy iz)",
        at: lines.line.lowerBound)
    }
    var atom = Atom(id: 0, type: 0, position: .zero)
    guard let id = Numerals.integer(span, found[0]), id > 0 else {
      throw lines.error("expected a positive atom id", at: found[0].lowerBound)
    }
    atom.id = id
    if let index = Numerals.integer(span, found[type]), index >= 1, index <= masses.count {
      atom.type = index - 1
    } else {
      atom.type = try self.type(Numerals.string(span, found[type]), at: found[type].lowerBound)
    }
    for k in 0..<3 {
      guard let value = Numerals.double(span, found[position + k]), value.isFinite else {
        throw lines.error(
          "expected a coordinate, found \(Numerals.quoted(span, found[position + k]))",
          at: found[position + k].lowerBound)
      }
      atom.position[k] = value
    }
    if found.count >= position + 6 {
      var flags: [Int32] = []
      for k in 3..<6 {
        guard let flag = Numerals.integer(span, found[position + k]).flatMap({ Int32(exactly: $0) }) else {
          throw lines.error("expected an image flag", at: found[position + k].lowerBound)
        }
        flags.append(flag)
      }
      atom.image = ImageCount(flags[0], flags[1], flags[2])
    }
    atoms.append(atom)
  }

  private mutating func readVelocity() throws(InputError) {
    guard velocities.count < atomCount ?? 0 else {
      throw lines.error("more velocities than the \(atomCount ?? 0) atoms of the header", at: lines.line.lowerBound)
    }
    let bytes = lines.bytes
    let span = bytes.span
    var tokens = Tokens(lines.line)
    guard let first = tokens.next(in: span), let id = Numerals.integer(span, first) else {
      throw lines.error("expected an atom id", at: lines.line.lowerBound)
    }
    var velocity = Vector3.zero
    for k in 0..<3 {
      guard let token = tokens.next(in: span), let value = Numerals.double(span, token), value.isFinite else {
        throw lines.error("expected three numbers for the velocity of atom \(id)", at: tokens.position)
      }
      velocity[k] = value
    }
    velocities.append((id, LAMMPSData.velocityFactor(units) * velocity))
  }

  // MARK: Result

  private func cell() throws(InputError) -> Cell {
    let path = lines.file.path
    var vectors: Matrix3
    if let a = general.a, let b = general.b, let c = general.c {
      vectors = Matrix3(a, b, c)
    } else {
      guard hasBounds == (true, true, true) else {
        throw InputError("the header lacks 'xlo xhi', 'ylo yhi' or 'zlo zhi'", file: path)
      }
      let l = high - low
      guard l.x > 0, l.y > 0, l.z > 0 else {
        throw InputError("the box has an upper bound below its lower one", file: path)
      }
      let t = tilt ?? .zero
      vectors = Matrix3(Vector3(l.x, 0, 0), Vector3(t.x, l.y, 0), Vector3(t.y, t.z, l.z))
    }
    let cell = Cell(vectors)
    if let wrong = cell.validate() { throw InputError(wrong, file: path) }
    return cell
  }

  private func table() throws(InputError) -> [Species] {
    let path = lines.file.path
    if let given, given.count != masses.count {
      throw InputError("has \(masses.count) atom types, but \(given.count) labels were given", file: path)
    }
    var table: [Species] = []
    for k in masses.indices {
      let label = given?[k] ?? typeLabels[k] ?? comments[k] ?? String(k + 1)
      // One label for two types is taken for a comment that names none.
      let unique = given == nil && table.contains { $0.label == label } ? "\(label)_\(k + 1)" : label
      table.append(SpeciesTable.species(unique, units: units, mass: masses[k]))
    }
    return table
  }

  private func assemble() throws(InputError) -> Structure {
    let path = lines.file.path
    guard let atomCount, atomCount > 0 else { throw InputError("names no atoms", file: path) }
    guard atoms.count == atomCount else {
      throw InputError(
        "ends after \(atoms.count) of the \(atomCount) atoms of the header", file: path, line: lines.number)
    }
    var frame = Frame()
    frame.cell = try cell()
    let table = try table()
    let sorted = atoms.sorted { $0.id < $1.id }
    for (a, b) in zip(sorted, sorted.dropFirst()) where a.id == b.id {
      throw InputError("has two atoms with id \(a.id)", file: path)
    }
    frame.positions = sorted.map { $0.position + CellOrientation.translation($0.image, frame.cell.vectors) }
    guard frame.positions.allSatisfy(\.isFinite) else {
      throw InputError("has a position that is not finite", file: path)
    }
    if !velocities.isEmpty {
      let ordered = velocities.sorted { $0.id < $1.id }
      guard ordered.count == atomCount, zip(ordered, sorted).allSatisfy({ $0.id == $1.id }) else {
        throw InputError("'Velocities' does not name each atom once", file: path)
      }
      frame.velocities = ordered.map(\.velocity)
    }
    let topology = Topology(table: table, species: sorted.map { Int32($0.type) })
    return Structure(topology: topology, frame: frame, title: title)
  }
}
