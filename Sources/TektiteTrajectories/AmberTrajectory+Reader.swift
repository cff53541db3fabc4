import TektiteCore

extension AmberTrajectory {
  /// Reads frames of AMBER trajectories and restarts by index, of Tektite and of other programs: scale factors are applied, units checked,
  /// and what is missing is left out of the frame. Memory is that of one frame. A file that a killed run left opens with its whole frames.
  public final class Reader {
    /// The path.
    public let path: String
    /// The units that frames are given in.
    public let units: Units
    /// The number of whole frames.
    public let frameCount: Int
    /// The number of atoms.
    public let atomCount: Int
    /// What frames hold besides positions.
    public let fields: Fields
    /// Whether the file is a restart: one frame, without the frame dimension.
    public let isRestart: Bool
    let netcdf: ClassicNetCDF
    private let given: Topology?
    private var known: Topology?
    private var scratch: [UInt8] = []
    private var coordinates: Quantity, velocities: Quantity?, forces: Quantity?
    private var time: Quantity?, lengths: Quantity?, angles: Quantity?
    private var ownTime: Quantity?, ownStep: Quantity?, ownCell: Quantity?, images: Quantity?
    private var diameters: Quantity?
    /// Diameters that are the same in all frames, or empty.
    private var fixedDiameters: [Double] = []
    private let periodic: Periodicity?
    private let dimensions: Int

    /// A variable and the factor from its numbers to internal units.
    private struct Quantity {
      let variable: ClassicNetCDF.Variable
      let factor: Double
    }

    /// The system of units that a file of Tektite states, nil for other files.
    public static func units(of path: String) throws(InputError) -> Units? {
      (try ClassicNetCDF(path: path)).attribute("tektite_units")?.text.flatMap(Units.init(rawValue:))
    }

    /// Opens a file.
    /// - Parameters:
    ///   - units: what frames are converted to; must be those that a file of Tektite states. Numbers are taken as they are for `lj`.
    ///   - topology: who the atoms are. Without it species come from the file itself, if Tektite wrote it, then from a file
    ///     `topology.pdb` beside it with as many atoms; otherwise all are `X`.
    /// - Throws: `InputError` for files that are no AMBER trajectories, units that are not known, another number of atoms.
    public init(path: String, units: Units, topology: Topology? = nil) throws(InputError) {
      let netcdf = try ClassicNetCDF(path: path)
      self.path = path
      self.units = units
      self.netcdf = netcdf
      if let stated = netcdf.attribute("tektite_units")?.text, let stated = Units(rawValue: stated), stated != units {
        throw InputError("is in units '\(stated.rawValue)', but '\(units.rawValue)' were asked for", file: path)
      }
      let names = netcdf.variables.map(\.name)
      guard let positions = netcdf.variable("coordinates") else {
        let near = InputError.nearest(to: "coordinates", among: names).map { "; the nearest is '\($0)'" } ?? ""
        throw InputError("has no variable 'coordinates'\(near); is it an AMBER file?", file: path)
      }
      isRestart = !positions.isRecord && positions.shape.count == 2
      // Some programs write trajectories with a frame dimension of fixed length; those are beyond what readers expect.
      guard positions.isRecord || isRestart, positions.shape.count == 2, positions.shape[1] == 3, positions.shape[0] > 0
      else {
        throw InputError(
          "'coordinates' should have the dimensions (frame, atom, 3), the first of them unlimited", file: path)
      }
      let n = positions.shape[0]
      atomCount = n
      if let topology, topology.count != n {
        throw InputError("holds \(n) atoms, but the given topology \(topology.count)", file: path)
      }
      given = topology
      frameCount = positions.isRecord ? netcdf.records : 1
      func find(_ name: String, _ shape: [Int], _ kind: UnitKind) throws(InputError) -> Quantity? {
        guard let variable = netcdf.variable(name) else { return nil }
        guard variable.isRecord == positions.isRecord, variable.shape == shape || shape.isEmpty && variable.count == 1
        else {
          // Time is often a lone number in restarts, and foreign programs shape their extras as they like.
          guard name == "coordinates" || name == "velocities" || name == "forces" else { return nil }
          throw InputError("'\(name)' should have the dimensions (frame, atom, 3) like 'coordinates'", file: path)
        }
        return Quantity(variable: variable, factor: try Self.factor(variable, kind, units, path))
      }
      guard let found = try find("coordinates", [n, 3], .length) else {
        throw InputError("has no coordinates", file: path)
      }
      coordinates = found
      velocities = try find("velocities", [n, 3], .velocity)
      forces = try find("forces", [n, 3], .force)
      time = try find("time", [], .time)
      lengths = try find("cell_lengths", [3], .length)
      angles = try find("cell_angles", [3], .angle)
      // Our own variables mean something only in our own files.
      let ours = netcdf.attribute("program")?.text == AmberConvention.program
      ownTime = ours ? try find("tektite_time", [], .time) : nil
      ownStep = ours ? try find("tektite_step", [], .number) : nil
      ownCell = ours ? try find("tektite_cell", [3, 3], .number) : nil
      images = ours ? try find("tektite_images", [n, 3], .number) : nil
      diameters = ours ? try find("tektite_diameters", [n], .length) : nil
      if ours, diameters == nil, let variable = netcdf.variable("tektite_diameters"), variable.shape == [n] {
        let factor = try Self.factor(variable, .length, units, path)
        let values = try netcdf.read(variable, scratch: &scratch).map { factor * $0 }
        fixedDiameters = try Self.checked(values, path)
      }
      dimensions = ours && netcdf.attribute("tektite_dimensions")?.text == "2" ? 2 : 3
      periodic = netcdf.attribute("tektite_periodic")?.text.flatMap {
        guard let p = ExtendedXYZComment.answers($0), p.count == 3 else { return nil }
        return Periodicity(p[0], p[1], p[2])
      }
      var fields: Fields = []
      if velocities != nil { fields.insert(.velocities) }
      if forces != nil { fields.insert(.forces) }
      if diameters != nil { fields.insert(.diameters) }
      self.fields = fields
    }

    /// A global attribute of the file, or nil.
    public func attribute(_ name: String) -> String? { netcdf.attribute(name)?.text }

    /// Who the atoms are; see `init`. Nil in a file without frames that names no species.
    public func topology() throws(InputError) -> Topology? {
      if let given { return given }
      if known == nil { known = try stored() ?? beside() }
      // The length of a frame within the file bounds the memory for made-up atoms.
      if known == nil, frameCount > 0 {
        known = Topology(
          table: [SpeciesTable.species("X", units: units)], species: [Int32](repeating: 0, count: atomCount))
      }
      return known
    }

    private func stored() throws(InputError) -> Topology? {
      guard let variable = netcdf.variable("tektite_species"), variable.kind == .int32, variable.shape == [atomCount],
        !variable.isRecord, let text = variable.attribute("labels")?.text, !text.isEmpty
      else { return nil }
      let labels = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let masses = (variable.attribute("masses")?.text ?? "").split(separator: " ").map { Numerals.double($0) ?? .nan }
      let indices = try netcdf.read(variable, scratch: &scratch)
      guard labels.count <= SpeciesTable.most, indices.allSatisfy({ $0 >= 0 && $0 < Double(labels.count) }) else {
        throw InputError("'tektite_species' holds an index that has no label", file: path)
      }
      let table = labels.indices.map { k in
        let mass = k < masses.count && masses[k].isFinite && masses[k] > 0 ? masses[k] : nil
        return SpeciesTable.species(labels[k], units: units, mass: mass)
      }
      return Topology(table: table, species: indices.map { Int32($0) })
    }

    private func beside() -> Topology? {
      let pdb = Files.sibling(of: path, named: TopologyPDB.fileName)
      // A PDB file that cannot be read, or of other atoms, is somebody else's.
      guard Files.exists(pdb), let topology = try? TopologyPDB.read(path: pdb, units: units),
        topology.count == atomCount
      else { return nil }
      return topology
    }

    /// Reads a frame; positions unwrapped and in the axes of the run where the file tells both.
    /// - Throws: `InputError` for an index outside the file and for numbers that are not finite.
    public func frame(_ index: Int) throws(InputError) -> Frame {
      var bytes: [UInt8] = []
      swap(&bytes, &scratch)
      defer { swap(&bytes, &scratch) }
      return try frame(index, scratch: &bytes)
    }

    /// Says that frames will be read soon, so that the system may fetch them meanwhile.
    package func expect(_ frames: Range<Int>) {
      guard !frames.isEmpty, !isRestart else { return }
      netcdf.file.expect(
        at: netcdf.firstRecord + frames.lowerBound * netcdf.recordSize, count: frames.count * netcdf.recordSize)
    }

    /// The same with scratch memory of the caller's, so that threads can read frames at the same time.
    package func frame(_ index: Int, scratch: inout [UInt8]) throws(InputError) -> Frame {
      guard index >= 0, index < frameCount else {
        throw InputError("holds \(frameCount) frames; frame \(index) was asked for (they count from 0)", file: path)
      }
      var frame = Frame()
      frame.step = try step(index, &scratch)
      if let time = ownTime ?? time {
        let value = try values(time, index, &scratch)[0]
        // A fill value in place of a time means that there is none.
        frame.time = value.isFinite && abs(value) < 9e36 ? value * time.factor : 0
      }
      frame.cell = try cell(index, &scratch)
      let turned = CellOrientation(frame.cell)
      let orientation = ownCell == nil ? nil : turned
      frame.positions = try vectors(coordinates, index, nil, "coordinate", &scratch)
      if let images {
        let n = try values(images, index, &scratch)
        for i in frame.positions.indices {
          frame.positions[i] += Vector3(n[3 * i], n[3 * i + 1], n[3 * i + 2]) * turned.cell
        }
      }
      if let orientation, !orientation.isIdentity {
        for i in frame.positions.indices { frame.positions[i] = orientation.toRun(frame.positions[i]) }
      }
      if let velocities { frame.velocities = try vectors(velocities, index, orientation, "velocity", &scratch) }
      if let forces { frame.forces = try vectors(forces, index, orientation, "force", &scratch) }
      frame.diameters = fixedDiameters
      if let diameters {
        let factor = diameters.factor
        frame.diameters = try Self.checked(try values(diameters, index, &scratch).map { factor * $0 }, path)
      }
      return frame
    }

    /// Reads a frame with the atoms that it is made of.
    public func structure(_ index: Int) throws(InputError) -> Structure {
      let frame = try frame(index)
      guard let topology = try topology() else { throw InputError("names no atoms", file: path) }
      return Structure(topology: topology, frame: frame, title: attribute("title") ?? "")
    }

    /// The time of a frame in internal units without reading the rest of it.
    public func time(_ index: Int) throws(InputError) -> Double? {
      guard index >= 0, index < frameCount, let time = ownTime ?? time else { return nil }
      return try values(time, index, &scratch)[0] * time.factor
    }

    /// The step of a frame without reading the rest of it: the file's own where Tektite wrote it, else the index.
    public func step(_ index: Int) throws(InputError) -> Int { try step(index, &scratch) }

    private func step(_ index: Int, _ scratch: inout [UInt8]) throws(InputError) -> Int {
      guard index >= 0, index < frameCount, let ownStep,
        let step = Int(exactly: try values(ownStep, index, &scratch)[0])
      else {
        return index
      }
      return step
    }

    private static func checked(_ diameters: [Double], _ path: String) throws(InputError) -> [Double] {
      if let atom = diameters.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
        throw InputError("the diameter of atom \(atom + 1) is \(diameters[atom]); it should be positive", file: path)
      }
      return diameters
    }

    private func values(
      _ quantity: Quantity, _ index: Int, _ scratch: inout [UInt8]
    ) throws(InputError) -> [Double] {
      try netcdf.read(quantity.variable, record: index, scratch: &scratch)
    }

    private func vectors(
      _ quantity: Quantity, _ index: Int, _ orientation: CellOrientation?, _ what: String, _ scratch: inout [UInt8]
    ) throws(InputError) -> [Vector3] {
      var vectors: [Vector3]
      let notFinite: Int?
      if quantity.variable.kind == .float {
        try netcdf.fetch(quantity.variable, record: index, scratch: &scratch)
        (vectors, notFinite) = BigEndianNumbers.vectors(scratch, count: atomCount, factor: quantity.factor)
      } else {
        let v = try values(quantity, index, &scratch)
        vectors = (0..<atomCount).map { quantity.factor * Vector3(v[3 * $0], v[3 * $0 + 1], v[3 * $0 + 2]) }
        notFinite = vectors.firstIndex { !$0.isFinite }
      }
      if let notFinite {
        throw InputError("frame \(index): a \(what) of atom \(notFinite + 1) is not finite", file: path)
      }
      if let orientation, !orientation.isIdentity {
        for i in vectors.indices { vectors[i] = orientation.toRun(vectors[i]) }
      }
      return vectors
    }

    private func cell(_ index: Int, _ scratch: inout [UInt8]) throws(InputError) -> Cell {
      var cell = Cell(.zero, periodic: .none, dimensions: dimensions)
      if let ownCell {
        let v = try values(ownCell, index, &scratch)
        let rows = Matrix3(Vector3(v[0], v[1], v[2]), Vector3(v[3], v[4], v[5]), Vector3(v[6], v[7], v[8]))
        cell = Cell(rows, periodic: periodic ?? .all, dimensions: dimensions)
      } else if let lengths {
        let v = try values(lengths, index, &scratch)
        let l = lengths.factor * Vector3(v[0], v[1], v[2])
        var a = Vector3(90, 90, 90)
        if let angles {
          let v = try values(angles, index, &scratch)
          a = angles.factor * Vector3(v[0], v[1], v[2])
        }
        // Programs write zeros for "no cell", and for single directions that do not repeat.
        guard l.x >= 0, l.y >= 0, l.z >= 0, l.isFinite, a.isFinite else {
          throw InputError("frame \(index): cell lengths \(l.x), \(l.y), \(l.z) make no sense", file: path)
        }
        cell = Cell(CellOrientation.cell(lengths: l, angles: a), periodic: Periodicity(l.x > 0, l.y > 0, l.z > 0))
      }
      if let wrong = cell.validate() { throw InputError("frame \(index): \(wrong)", file: path) }
      return cell
    }

    // MARK: Units

    private enum UnitKind { case length, time, velocity, force, angle, number }

    /// What the numbers of a variable are multiplied by: its scale factor, and its unit in internal ones.
    private static func factor(
      _ variable: ClassicNetCDF.Variable, _ kind: UnitKind, _ units: Units, _ path: String
    ) throws(InputError) -> Double {
      var scale = 1.0
      if let attribute = variable.attribute("scale_factor") {
        guard let value = attribute.numbers.first, attribute.kind != .character, value.isFinite, value != 0 else {
          throw InputError("the scale_factor of '\(variable.name)' is not a number", file: path)
        }
        scale = value
      }
      guard units == .real || kind == .angle else { return scale }
      let picosecond = 1 / AmberConvention.time(units)
      let known: [(String, Double)]
      switch kind {
      case .number: return scale
      case .length: known = [("angstrom", 1), ("nanometer", 10), ("nm", 10), ("bohr", 0.529_177_210_903)]
      case .time:
        known = [
          ("picosecond", picosecond), ("ps", picosecond), ("femtosecond", picosecond / 1000), ("fs", picosecond / 1000),
        ]
      case .velocity:
        known = [
          ("angstrom/picosecond", 1 / picosecond), ("angstrom/ps", 1 / picosecond),
          ("angstrom/femtosecond", 1000 / picosecond), ("angstrom/fs", 1000 / picosecond),
        ]
      case .force:
        let kilocalorie = 1 / AmberConvention.kilocaloriesPerElectronvolt
        known = [
          ("kilocalorie/mole/angstrom", kilocalorie), ("kcal/mol/angstrom", kilocalorie),
          ("kcal/mol-angstrom", kilocalorie),
          ("ev/angstrom", 1), ("electronvolt/angstrom", 1),
        ]
      case .angle: known = [("degree", 1), ("deg", 1), ("radian", 180 / Double.pi)]
      }
      guard let text = variable.attribute("units")?.text, !text.isEmpty else { return scale * known[0].1 }
      // Plurals and capitals are common: Angstroms, picoseconds, degrees.
      let singular = text.lowercased().split(separator: "/").map {
        $0.hasSuffix("s") && $0.count > 2 ? $0.dropLast() : $0
      }
      .joined(separator: "/")
      guard let match = known.first(where: { $0.0 == singular || $0.0 == text.lowercased() }) else {
        throw InputError(
          "'\(variable.name)' is in \(Numerals.quoted(text)); known are \(known.map(\.0).joined(separator: ", "))",
          file: path)
      }
      return scale * match.1
    }
  }
}
