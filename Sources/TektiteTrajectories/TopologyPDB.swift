import TektiteCore

/// A PDB file that tells VMD and other programs the names of the atoms of an AMBER trajectory, which carries none.
///
/// Each atom is a residue of its own, since several readers take equal names within a residue for alternative places of one atom.
/// Serial and residue numbers start anew after 99,999 and 9,999, which every reader tried takes as it should (they count lines); hybrid-36
/// numbers are read by fewer. Names of four characters stand for the species; `REMARK` lines give the full labels and masses, from
/// which `read` gets them back. The element column is filled only in real units: in reduced ones `B` is not boron.
public enum TopologyPDB {
  /// The name of the file in a run directory.
  public static let fileName = "topology.pdb"
  private static let remark = "REMARK   6 TEKTITE SPECIES "

  /// Writes the atoms of a structure in one step, with its cell in the axes of AMBER files.
  public static func write(_ structure: Structure, to path: String, units: Units) throws(OutputError) {
    let table = structure.topology.table
    let names = names(of: table)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(81 * (structure.count + 4))
    func put(_ text: String) {
      bytes.append(contentsOf: text.utf8)
      bytes.append(10)
    }
    put("TITLE     " + printable(structure.title.isEmpty ? "molecular dynamics" : structure.title, 70))
    for (k, species) in table.enumerated() {
      put("\(remark)\(names[k]) MASS \(species.mass) LABEL \(printable(species.label, SpeciesTable.longestLabel))")
    }
    let frame = structure.frame
    let orientation = CellOrientation(frame.cell)
    if AmberLayout.hasBox(frame.cell) {
      let (l, a) = (CellOrientation.lengths(orientation.cell), CellOrientation.angles(orientation.cell))
      put(
        "CRYST1" + fixed(l.x, 9, 3) + fixed(l.y, 9, 3) + fixed(l.z, 9, 3) + fixed(a.x, 7, 2) + fixed(a.y, 7, 2)
          + fixed(a.z, 7, 2) + " P 1           1")
    }
    let fields = table.indices.map { k in
      let name = names[k]
      // A name of four characters, or one that begins with an element's two letters, starts a column earlier.
      let element = units == .real ? table[k].element?.symbol : nil
      let early = name.count == 4 || (element?.count == 2 && name == element)
      return (
        name: pad(early ? name : " " + name, 4), residue: pad(String(name.prefix(3)), 3, right: true),
        element: pad(element?.uppercased() ?? "", 2, right: true)
      )
    }
    for i in 0..<structure.count {
      let field = fields[Int(structure.topology.species[i])]
      let r = i < frame.positions.count ? orientation.toFile(frame.positions[i]) : .zero
      let serial = pad(String((i + 1) % 100_000), 5, right: true)
      let residue = pad(String((i + 1) % 10_000), 4, right: true)
      put(
        "ATOM  \(serial) \(field.name) \(field.residue) A\(residue)    \(fixed(r.x, 8, 3))\(fixed(r.y, 8, 3))\(fixed(r.z, 8, 3))"
          + "  1.00  0.00          \(field.element)  ")
    }
    put("END")
    try Files.replace(path, with: bytes)
  }

  /// Names of one to four letters and digits, different for different species.
  static func names(of table: [Species]) -> [String] {
    var names: [String] = []
    for (k, species) in table.enumerated() {
      var name = String(
        String.UnicodeScalarView(
          species.label.unicodeScalars.filter {
            $0.isASCII && $0.properties.isAlphabetic || $0.isASCII && $0.properties.numericType != nil
          }
        ).prefix(4))
      if name.isEmpty || names.contains(name) { name = "S" + String(k, radix: 36, uppercase: true) }
      while names.contains(name) {
        name = String(("Z" + name).prefix(4)) == name ? "Q" + name.dropFirst() : String(("Z" + name).prefix(4))
      }
      names.append(name)
    }
    return names
  }

  private static func printable(_ text: String, _ most: Int) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 ? " " : $0 }.prefix(most)))
  }

  private static func pad(_ text: String, _ width: Int, right: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return right ? blanks + text : text + blanks
  }

  /// A number in a field: as many decimals as fit up to `decimals`, and zero where not even the whole part fits.
  static func fixed(_ value: Double, _ width: Int, _ decimals: Int) -> String {
    for digits in stride(from: decimals, through: 0, by: -1) {
      var scale = 1.0
      for _ in 0..<digits { scale *= 10 }
      guard let whole = Int(exactly: (abs(value) * scale).rounded()) else { break }
      let text = String(whole)
      let padded = text.count <= digits ? String(repeating: "0", count: digits + 1 - text.count) + text : text
      let sign = value < 0 && whole != 0 ? "-" : ""
      let point = digits > 0 ? "." + padded.suffix(digits) : ""
      let number = sign + padded.dropLast(digits) + point
      if number.count <= width { return pad(number, width, right: true) }
    }
    return pad("0.0", width, right: true)
  }

  /// Reads who the atoms are: by the labels in the remarks, else by the element column, else by the names. Takes the first model.
  /// - Throws: `InputError` if there is no atom.
  public static func read(path: String, units: Units) throws(InputError) -> Topology {
    var lines = try LineReader(path: path)
    var table = SpeciesTable(units: units)
    var labels: [String: Int32] = [:]
    var kinds: [Int32] = []
    reading: while try lines.advance() {
      let line = lines.line
      switch Numerals.string(lines.bytes.span, line.lowerBound..<min(line.upperBound, line.lowerBound + 6)) {
      case "ATOM  ", "HETATM":
        kinds.append(try atom(lines, &table, labels))
      case "REMARK":
        let text = lines.text
        guard text.hasPrefix(remark) else { continue }
        try species(text.dropFirst(remark.count), lines, &table, &labels)
      case "ENDMDL", "END", "END   ": break reading
      default: continue
      }
    }
    guard !kinds.isEmpty else { throw InputError("has no ATOM line", file: path) }
    return Topology(table: table.table, species: kinds)
  }

  private static func species(
    _ text: Substring, _ lines: LineReader, _ table: inout SpeciesTable, _ labels: inout [String: Int32]
  ) throws(InputError) {
    let words = text.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
    guard words.count == 5, words[1] == "MASS", let mass = Numerals.double(words[2]), mass.isFinite, mass > 0,
      words[3] == "LABEL"
    else { throw lines.error("expected NAME MASS number LABEL label after REMARK   6 TEKTITE SPECIES") }
    do {
      let index = try table.index(of: String(words[4]))
      table.setMass(mass, of: index)
      labels[String(words[0])] = index
    } catch { throw lines.error(error.message) }
  }

  private static func atom(
    _ lines: LineReader, _ table: inout SpeciesTable, _ labels: [String: Int32]
  ) throws(InputError) -> Int32 {
    let line = lines.line
    func field(_ columns: ClosedRange<Int>) -> String {
      let first = min(line.upperBound, line.lowerBound + columns.lowerBound - 1)
      let last = min(line.upperBound, line.lowerBound + columns.upperBound)
      var tokens = Tokens(first..<last)
      guard let token = tokens.next(in: lines.bytes.span) else { return "" }
      return Numerals.string(lines.bytes.span, token)
    }
    let name = field(13...16)
    if let index = labels[name] { return index }
    let symbol = field(77...78)
    let element = symbol.prefix(1).uppercased() + symbol.dropFirst().lowercased()
    let label = Element(symbol: element) != nil && table.units == .real ? element : name
    guard !label.isEmpty else {
      throw lines.error("the atom has neither a name nor an element", at: line.lowerBound + 12)
    }
    do { return try table.index(of: label) } catch { throw lines.error(error.message, at: line.lowerBound + 12) }
  }

}
