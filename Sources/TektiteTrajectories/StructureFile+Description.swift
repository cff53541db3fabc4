import TektiteCore

extension StructureFile {
  /// What a file holds, for people (`lines`) and programs (it encodes to JSON).
  public struct Description: Hashable, Sendable, Codable {
    /// A species and how many atoms are of it.
    public struct Kind: Hashable, Sendable, Codable {
      /// The label.
      public var label: String
      /// The number of atoms.
      public var count: Int
      /// The mass.
      public var mass: Double
    }
    /// A section of a checkpoint.
    public struct Section: Hashable, Sendable, Codable {
      /// The name.
      public var name: String
      /// The kind of its elements.
      public var kind: String
      /// The number of its elements.
      public var count: Int
    }

    /// The path as it was given.
    public var file: String
    /// The format.
    public var format: Format
    /// The length of the file in bytes.
    public var bytes: Int
    /// The units that numbers are given in, where the file says so (`lj` or `real`).
    public var units: Units?
    /// The number of frames.
    public var frames: Int?
    /// The number of atoms (of the first frame).
    public var atoms: Int?
    /// The species (of the first frame).
    public var species: [Kind] = []
    /// The lattice vectors of the first frame; absent without a cell.
    public var cell: [[Double]]?
    /// Which lattice vectors repeat.
    public var periodic: [Bool]?
    /// What frames hold.
    public var fields: [String] = []
    /// Time of the first frame, in `timeUnit`.
    public var firstTime: Double?
    /// Time of the last frame, in `timeUnit`.
    public var lastTime: Double?
    /// The unit of the times.
    public var timeUnit: String?
    /// The program that wrote the file, where it says so.
    public var program: String?
    /// The title.
    public var title: String?
    /// Other global attributes: hashes of deck and model, the potential.
    public var attributes: [String: String] = [:]
    /// The sections of a checkpoint.
    public var sections: [Section] = []
    /// What a user should know: frames cut off, reduced units, frames not evenly spaced.
    public var notes: [String] = []

    init(file: String, format: Format, bytes: Int) {
      self.file = file
      self.format = format
      self.bytes = bytes
    }

    /// The description as lines of text.
    public var lines: [String] {
      var lines = ["\(file): \(format.rawValue), \(bytes) bytes"]
      func add(_ name: String, _ value: String?) {
        if let value, !value.isEmpty { lines.append("  \(name): \(value)") }
      }
      add("title", title)
      add("written by", program)
      add("units", units?.rawValue)
      add("frames", frames.map(String.init))
      add("atoms", atoms.map(String.init))
      add("species", species.map { "\($0.label) × \($0.count)" }.joined(separator: ", "))
      if let cell {
        add("cell", cell.map { "(" + $0.map { "\($0)" }.joined(separator: ", ") + ")" }.joined(separator: " "))
      }
      add("periodic", periodic?.map { $0 ? "yes" : "no" }.joined(separator: ", "))
      add("fields", fields.joined(separator: ", "))
      if let firstTime, let lastTime {
        add("time", "\(firstTime) to \(lastTime)" + (timeUnit.map { " \($0)" } ?? ""))
      }
      for (name, value) in attributes.sorted(by: { $0.key < $1.key }) { add(name, value) }
      for section in sections { add(section.name, "\(section.count) × \(section.kind)") }
      for note in notes { add("note", note) }
      return lines
    }
  }

  /// Says what a file holds. Nothing about units needs to be known beforehand: where the file does not say, `units` decides, by default
  /// real ones.
  public static func describe(_ path: String, units: Units? = nil) throws(InputError) -> Description {
    let format = try format(of: path)
    var description = Description(file: path, format: format, bytes: try InputFile(path: path).length)
    switch format {
    case .extendedXYZ: try describeXYZ(path, units, &description)
    case .lammpsData: try describeLAMMPS(path, units ?? .real, &description)
    case .amberTrajectory, .amberRestart: try describeAmber(path, units, &description)
    case .checkpoint:
      let checkpoint = try CheckpointFile(contentsOf: path)
      description.sections = checkpoint.sections.map { .init(name: $0.name, kind: "\($0.kind)", count: $0.count) }
    }
    return description
  }

  private static func take(_ structure: Structure, _ description: inout Description) {
    let frame = structure.frame
    let topology = structure.topology
    description.atoms = structure.count
    description.species = zip(topology.table, topology.composition).map {
      .init(label: $0.label, count: $1, mass: $0.mass)
    }
    take(frame.cell, &description)
    var fields = ["positions"]
    if !frame.velocities.isEmpty { fields.append("velocities") }
    if !frame.forces.isEmpty { fields.append("forces") }
    if frame.energy != nil { fields.append("energy") }
    if !frame.energies.isEmpty { fields.append("energies") }
    if frame.stress != nil { fields.append("stress") }
    if !frame.diameters.isEmpty { fields.append("diameters") }
    description.fields = fields
    if !structure.title.isEmpty { description.title = structure.title }
  }

  private static func take(_ cell: Cell, _ description: inout Description) {
    guard cell.vectors != .zero else { return }
    description.cell = (0..<3).map { k in (0..<3).map { cell.vectors[k, $0] } }
    description.periodic = (0..<3).map { cell.periodic[$0] }
  }

  private static func describeXYZ(
    _ path: String, _ stated: Units?, _ description: inout Description
  ) throws(InputError) {
    let units = stated ?? .real
    var reader = try ExtendedXYZ.Reader(path: path, units: units)
    var last = 0.0
    while let structure = try reader.next() {
      if reader.frameCount == 1 {
        take(structure, &description)
        description.firstTime = structure.frame.time
      }
      last = structure.frame.time
    }
    description.frames = reader.frameCount
    guard reader.frameCount > 0 else { throw InputError("holds no frame", file: path) }
    // All zero means that there were no times. The file does not say in which unit they are.
    if description.firstTime == 0 && last == 0 {
      description.firstTime = nil
    } else {
      description.firstTime = description.firstTime.map { surfaceTime($0, units) }
      description.lastTime = surfaceTime(last, units)
      description.timeUnit = stated?.timeName
    }
  }

  /// A time as the file has it: the way there and back through internal units costs the last digit, which no file of ours means.
  private static func surfaceTime(_ time: Double, _ units: Units) -> Double {
    let value = time * units.femtoseconds
    let rounded = (value * 1e9).rounded() / 1e9
    return abs(value - rounded) <= 4 * value.ulp ? rounded : value
  }

  private static func describeLAMMPS(_ path: String, _ units: Units, _ description: inout Description)
    throws(InputError)
  {
    take(try LAMMPSData.read(path: path, units: units), &description)
    description.frames = 1
  }

  private static func describeAmber(_ path: String, _ units: Units?, _ description: inout Description)
    throws(InputError)
  {
    let stated = try AmberTrajectory.Reader.units(of: path)
    let units = stated ?? units ?? .real
    let reader = try AmberTrajectory.Reader(path: path, units: units)
    description.units = stated
    description.frames = reader.frameCount
    description.atoms = reader.atomCount
    if reader.frameCount > 0 {
      take(try reader.structure(0), &description)
      let scale = AmberConvention.time(units)
      description.firstTime = try reader.time(0).map { $0 * scale }
      description.lastTime = try reader.time(reader.frameCount - 1).map { $0 * scale }
      description.timeUnit = units == .lj ? "tau" : "ps"
    }
    var attributes: [String: String] = [:]
    for attribute in reader.netcdf.attributes { attributes[attribute.name] = attribute.text }
    description.title = attributes.removeValue(forKey: "title")
    let version = attributes.removeValue(forKey: "programVersion") ?? ""
    description.program = attributes.removeValue(forKey: "program").map { version.isEmpty ? $0 : "\($0) \(version)" }
    if let note = attributes.removeValue(forKey: "tektite_units_note") { description.notes.append(note) }
    if let note = attributes.removeValue(forKey: "tektite_frame_spacing") { description.notes.append(note) }
    for name in ["tektite_units", "tektite_periodic"] { attributes.removeValue(forKey: name) }
    description.attributes = attributes
    if let declared = reader.netcdf.declaredRecords, declared > reader.netcdf.records, !reader.isRestart {
      description.notes.append("the header counts \(declared) frames, of which \(reader.frameCount) are whole")
    }
    if reader.netcdf.variable("tektite_images") != nil {
      description.notes.append("positions are wrapped; image counts are stored")
    }
  }
}
