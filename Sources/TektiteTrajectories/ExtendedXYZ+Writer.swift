import TektiteCore

extension ExtendedXYZ {
  /// Numbers of the atoms beside those that a frame has.
  public struct Column: Hashable, Sendable {
    /// The name; what is neither letter nor digit becomes an underscore.
    public var name: String
    /// Numbers of each atom.
    public var width: Int
    /// `[atom][component]`.
    public var values: [Double]
    /// Whether they are written as whole numbers, which they must be then.
    public var isWhole: Bool

    /// Makes a column.
    public init(_ name: String, width: Int = 1, _ values: [Double], isWhole: Bool = false) {
      self.name = name
      self.width = width
      self.values = values
      self.isWhole = isWhole
    }
  }

  /// Writes frames as ASE reads them: shortest numerals that come back bit for bit (17 digits where needed), `Lattice`, `pbc`, `energy`,
  /// `stress` (nine numbers) in the comment line; species, positions and what the frame has of `velo`, `forces` and `energies` as columns.
  ///
  /// A frame is written with one call to the system; what a killed run leaves is cut back by `init(appendingTo:)`.
  public final class Writer {
    /// The units that the frames come in.
    public let units: Units
    /// Whether `step` and `time` stand in the comment line.
    public let keepsTime: Bool
    private let file: OutputFile
    private var bytes: [UInt8] = []
    private var labels: [[UInt8]] = []
    private var labelled: [Species] = []

    /// Creates a file; one that is there is emptied.
    public init(path: String, units: Units, keepsTime: Bool = true) throws(OutputError) {
      self.units = units
      self.keepsTime = keepsTime
      file = try OutputFile(creating: path)
    }

    /// Writes to the standard output, which may be a pipe: `flush` is not for it.
    public init(standardOutputIn units: Units, keepsTime: Bool = true) throws(OutputError) {
      self.units = units
      self.keepsTime = keepsTime
      file = try OutputFile(duplicating: 1, named: "standard output")
    }

    /// Opens a file that is there, cuts it to a length that `byteLength` gave, and goes on behind.
    public init(
      appendingTo path: String, keepingBytes length: Int, units: Units, keepsTime: Bool = true
    ) throws(OutputError) {
      self.units = units
      self.keepsTime = keepsTime
      file = try OutputFile(appendingTo: path, keepingBytes: length)
    }

    /// The number of bytes written: what a checkpoint must remember to cut the file back.
    public var byteLength: Int { file.length }

    /// Writes a structure; `info` adds pairs to the comment line, `columns` numbers to the lines of the atoms.
    public func append(
      _ structure: Structure, info: [(key: String, value: String)] = [], columns: [ExtendedXYZ.Column] = []
    ) throws(OutputError) {
      let title = structure.title.isEmpty ? [] : [(key: "title", value: structure.title)]
      try append(structure.frame, of: structure.topology, info: title + info, columns: columns)
    }

    /// Writes a frame of the atoms that `topology` names; `info` adds pairs to the comment line, `columns` numbers to the lines of the atoms.
    public func append(
      _ frame: Frame, of topology: Topology, info: [(key: String, value: String)] = [],
      columns: [ExtendedXYZ.Column] = []
    ) throws(OutputError) {
      let n = topology.count
      precondition(frame.positions.count == n, "\(frame.positions.count) positions for \(n) atoms")
      for column in columns {
        precondition(
          column.values.count == n * column.width, "\(column.values.count) numbers of \(column.name) for \(n) atoms")
      }
      bytes.removeAll(keepingCapacity: true)
      put("\(n)\n")
      putComment(frame, n, info, columns)
      if labelled != topology.table {
        labelled = topology.table
        labels = topology.table.map { Array(Self.label($0.label).utf8) }
      }
      let velocities = frame.velocities.count == n
      let forces = frame.forces.count == n
      let energies = frame.energies.count == n
      let spreads = frame.forceSpreads.count == n
      let diameters = frame.diameters.count == n
      let factor = units == .lj ? 1 : 1 / units.femtoseconds
      for i in 0..<n {
        bytes.append(contentsOf: labels[Int(topology.species[i])])
        put(frame.positions[i])
        if velocities { put(units == .lj ? frame.velocities[i] : factor * frame.velocities[i]) }
        if forces { put(frame.forces[i]) }
        if energies { put(frame.energies[i]) }
        if spreads { put(frame.forceSpreads[i]) }
        if diameters { put(0.5 * frame.diameters[i]) }
        for column in columns {
          for value in column.values[i * column.width..<(i + 1) * column.width] {
            if column.isWhole { put(" \(Int(value))") } else { put(value) }
          }
        }
        bytes.append(10)
      }
      try file.write(bytes)
    }

    /// Waits until the disk has everything.
    public func flush() throws(OutputError) { try file.synchronize() }

    /// Closes the file. Nothing may be written afterwards.
    public func close() throws(OutputError) { try file.close() }

    private func putComment(
      _ frame: Frame, _ n: Int, _ info: [(key: String, value: String)], _ columns: [ExtendedXYZ.Column]
    ) {
      let v = frame.cell.vectors
      if v != .zero {
        put("Lattice=\"")
        put(v)
        put("\" ")
      }
      put("Properties=species:S:1:pos:R:3")
      if frame.velocities.count == n { put(":velo:R:3") }
      if frame.forces.count == n { put(":forces:R:3") }
      if frame.energies.count == n { put(":energies:R:1") }
      if frame.forceSpreads.count == n { put(":force_spread:R:1") }
      if frame.diameters.count == n { put(":radius:R:1") }
      for column in columns { put(":\(Self.key(column.name)):\(column.isWhole ? "I" : "R"):\(column.width)") }
      if keepsTime {
        put(" step=\(frame.step) time=")
        put("\(units == .lj ? frame.time : frame.time * units.femtoseconds)")
      }
      if let energy = frame.energy { put(" energy=\(energy)") }
      if let spread = frame.energySpread { put(" energy_spread=\(spread)") }
      if let stress = frame.stress {
        put(" stress=\"")
        put(stress)
        put("\"")
      }
      if frame.cell.isPlanar { put(" dimensions=2") }
      for (key, value) in info { put(" \(Self.key(key))=\(Self.quoted(value))") }
      let p = frame.cell.periodic
      put(" pbc=\"\(p.a ? "T" : "F") \(p.b ? "T" : "F") \(p.c ? "T" : "F")\"\n")
    }

    private func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private func put(_ value: Double) {
      bytes.append(32)
      bytes.append(contentsOf: value.description.utf8)
    }

    private func put(_ r: Vector3) {
      put(r.x)
      put(r.y)
      put(r.z)
    }

    private func put(_ m: Matrix3) {
      put("\(m.a.x) \(m.a.y) \(m.a.z) \(m.b.x) \(m.b.y) \(m.b.z) \(m.c.x) \(m.c.y) \(m.c.z)")
    }

    /// A label as one word.
    private static func label(_ label: String) -> String {
      let word = String(label.map { $0.isWhitespace ? "_" : $0 })
      return word.isEmpty ? "X" : word
    }

    private static func key(_ key: String) -> String {
      let word = String(key.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" ? $0 : "_" })
      return word.isEmpty ? "_" : word
    }

    private static func quoted(_ value: String) -> String {
      var text = "\""
      for scalar in value.unicodeScalars {
        if scalar == "\"" || scalar == "\\" { text += "\\" }
        text.unicodeScalars.append(scalar.value < 32 ? " " : scalar)
      }
      return text + "\""
    }
  }
}
