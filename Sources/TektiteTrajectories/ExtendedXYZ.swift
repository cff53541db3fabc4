import TektiteCore

/// Extended XYZ: text, one block per frame — the number of atoms, a line of `key=value` pairs, one line per atom — as ASE, OVITO and
/// libAtoms read and write it.
///
/// Units. In reduced units every number is taken as it is. In real units positions and cell are in Å, energies in eV, forces in eV/Å,
/// stress in eV/Å³ (tensile positive, the sign of ASE), `time` in fs, masses in amu. Velocities under the names `velo`, `vel` and
/// `velocities` are in Å/fs, as libAtoms/QUIP and GPUMD define them; ASE ignores such a column and keeps momenta instead, so a column
/// `momenta` (amu·Å/(Å·√(amu/eV)), the unit of ASE) is read too and wins if both are there. Diameters are written as `radius`, by which
/// OVITO draws spheres; `radius` and `diameter` are read. Atoms in two dimensions are told by `dimensions=2` in the comment line: z is 0 and the third
/// lattice vector null.
public enum ExtendedXYZ {
  /// Reads all frames of a file.
  /// - Throws: `InputError` with line and column for anything that is not extended XYZ.
  public static func read(path: String, units: Units) throws(InputError) -> [Structure] {
    var reader = try Reader(path: path, units: units)
    var structures: [Structure] = []
    while let structure = try reader.next() { structures.append(structure) }
    guard !structures.isEmpty else { throw InputError("holds no frame", file: path) }
    return structures
  }
}

/// What the columns of the atom lines mean.
struct ExtendedXYZColumns {
  enum Role {
    case species, number, position, velocity, momentum, force, energy, forceSpread, mass, radius, diameter
    case ignored(Int)
    var count: Int {
      switch self {
      case .position, .velocity, .momentum, .force: 3
      case .species, .number, .energy, .forceSpread, .mass, .radius, .diameter: 1
      case .ignored(let n): n
      }
    }
  }

  private(set) var roles: [Role] = []
  private(set) var hasSpecies = false, hasNumber = false, hasVelocity = false, hasMomentum = false, hasForce = false
  private(set) var hasEnergy = false, hasForceSpread = false, hasMass = false, hasDiameter = false
  private var hasPosition = false

  /// The columns of plain XYZ: a label and a position.
  static let plain: ExtendedXYZColumns = {
    var columns = ExtendedXYZColumns()
    columns.roles = [.species, .position]
    columns.hasSpecies = true
    columns.hasPosition = true
    return columns
  }()

  private init() {}

  /// Takes apart the value of `Properties`: name:type:count, repeated.
  init(_ text: String) throws(SpeciesTable.Refusal) {
    let fields = text.split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count % 3 == 0, !fields.isEmpty, fields.count <= 3 * 1024 else {
      throw .init("Properties should be name:type:count repeated, like species:S:1:pos:R:3")
    }
    for k in stride(from: 0, to: fields.count, by: 3) {
      let (name, type) = (fields[k], fields[k + 1])
      guard type == "R" || type == "I" || type == "S" || type == "L" else {
        throw .init(
          "property \(Numerals.quoted(String(name))) has type \(Numerals.quoted(String(type))); expected R, I, S or L")
      }
      guard let count = Int(fields[k + 2]), (1...1_000_000).contains(count) else {
        throw .init(
          "property \(Numerals.quoted(String(name))) has \(Numerals.quoted(String(fields[k + 2]))) columns; expected a positive number"
        )
      }
      roles.append(role(String(name), type: type, count: count))
    }
    guard hasPosition else {
      let names = stride(from: 0, to: fields.count, by: 3).map { String(fields[$0]) }
      let near =
        InputError.nearest(to: "pos", among: names).map { "; did you mean pos by \(Numerals.quoted($0))?" } ?? ""
      throw .init("Properties names no positions; expected pos:R:3\(near)")
    }
    guard hasSpecies || hasNumber else { throw .init("Properties names no species; expected species:S:1 or Z:I:1") }
  }

  /// The meaning of a column, of which the first of its kind counts.
  private mutating func role(_ name: String, type: Substring, count: Int) -> Role {
    func first(_ seen: inout Bool, _ role: Role, _ allowed: Bool) -> Role {
      guard !seen, allowed, role.count == count else { return .ignored(count) }
      seen = true
      return role
    }
    let number = type == "R" || type == "I"
    switch name {
    case "species", "symbols", "element": return first(&hasSpecies, .species, type == "S" || type == "I")
    case "Z", "numbers", "atomic_numbers": return first(&hasNumber, .number, type == "I")
    case "pos", "positions": return first(&hasPosition, .position, number)
    case "velo", "vel", "velocities", "velocity": return first(&hasVelocity, .velocity, number)
    case "momenta": return first(&hasMomentum, .momentum, number)
    case "forces", "force": return first(&hasForce, .force, number)
    case "energies": return first(&hasEnergy, .energy, number)
    case "force_spread": return first(&hasForceSpread, .forceSpread, number)
    case "radius", "radii": return first(&hasDiameter, .radius, number)
    case "diameter", "diameters": return first(&hasDiameter, .diameter, number)
    case "masses", "mass": return first(&hasMass, .mass, number)
    default: return .ignored(count)
    }
  }
}

/// The `key=value` pairs of a comment line. Values may stand in double or single quotes, in braces or in brackets; a backslash
/// takes the next character as it is; a key without a value means true.
struct ExtendedXYZComment {
  struct Pair {
    let key: String
    let value: String
    /// Byte of the key within the buffer, for errors.
    let position: Int
  }
  private(set) var pairs: [Pair] = []
  /// Whether any `key=` was found: the comment of a plain XYZ file is free text.
  private(set) var hasKeys = false
  /// A delimiter that was opened and not closed, and where.
  private(set) var unclosed: (delimiter: UInt8, position: Int)?

  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    var i = range.lowerBound
    let end = range.upperBound
    while true {
      while i < end, Tokens.isBlank(bytes[i]) { i += 1 }
      guard i < end else { return }
      let start = i
      let key = word(bytes, &i, end, stopsAtEquals: true)
      while i < end, Tokens.isBlank(bytes[i]) { i += 1 }
      if i < end, bytes[i] == UInt8(ascii: "=") {
        i += 1
        while i < end, Tokens.isBlank(bytes[i]) { i += 1 }
        hasKeys = true
        pairs.append(Pair(key: key, value: word(bytes, &i, end, stopsAtEquals: false), position: start))
      } else {
        pairs.append(Pair(key: key, value: "T", position: start))
      }
    }
  }

  private mutating func word(_ bytes: Span<UInt8>, _ i: inout Int, _ end: Int, stopsAtEquals: Bool) -> String {
    var text: [UInt8] = []
    var closing: UInt8?
    var opened = i
    while i < end {
      let c = bytes[i]
      if c == UInt8(ascii: "\\"), i + 1 < end {
        text.append(bytes[i + 1])
        i += 2
        continue
      }
      if let delimiter = closing {
        if c == delimiter { closing = nil } else { text.append(c) }
      } else if c == UInt8(ascii: "\"") || c == UInt8(ascii: "'") {
        closing = c
        opened = i
      } else if c == UInt8(ascii: "{") || c == UInt8(ascii: "[") {
        closing = c + 2
        opened = i
      } else if Tokens.isBlank(c) || (stopsAtEquals && c == UInt8(ascii: "=")) {
        break
      } else {
        text.append(c)
      }
      i += 1
    }
    if let delimiter = closing { unclosed = (delimiter, opened) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The last pair with one of the names (later ones win, as in a dictionary).
  subscript(_ names: String...) -> Pair? { pairs.last { names.contains($0.key) } }

  /// The words of a value, which blanks or commas separate.
  static func words(_ value: String) -> [Substring] {
    value.split { $0 == " " || $0 == "," || $0 == "\t" || $0 == "[" || $0 == "]" }
  }

  /// The numbers of a value, or nil if a word is none.
  static func numbers(_ value: String) -> [Double]? {
    var numbers: [Double] = []
    for word in words(value) {
      guard let number = Numerals.double(word) else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  /// The answers of a value, or nil if a word is none.
  static func answers(_ value: String) -> [Bool]? {
    var answers: [Bool] = []
    for word in words(value) {
      switch word {
      case "T", "True", "true", "TRUE", "1": answers.append(true)
      case "F", "False", "false", "FALSE", "0": answers.append(false)
      default: return nil
      }
    }
    return answers
  }
}
