import CNetCDF
import TektiteCore

/// The dimensions and variables of an AMBER trajectory or restart, and their numbers in libnetcdf. Trajectory and restart differ in the
/// frame dimension and the precision only, so one definition serves both.
struct AmberLayout {
  var time: Int32 = -1, coordinates: Int32 = -1, velocities: Int32 = -1, forces: Int32 = -1
  var lengths: Int32 = -1, angles: Int32 = -1
  var ownTime: Int32 = -1, ownStep: Int32 = -1, ownCell: Int32 = -1, images: Int32 = -1
  var diameters: Int32 = -1
  private var spatial: Int32 = -1, cellSpatial: Int32 = -1, cellAngular: Int32 = -1, species: Int32 = -1

  /// Whether there are cell variables: only where something repeats, since readers take a cell for a periodic one.
  static func hasBox(_ cell: Cell) -> Bool { cell.periodic.any }
  /// Whether the cell of the run is stored.
  static func hasOwnCell(_ cell: Cell) -> Bool { cell.vectors != .zero }

  init() {}

  /// Defines everything in a new file and leaves define mode.
  init(
    defining header: AmberTrajectory.Header, isRestart: Bool, in file: Int32, _ calls: inout NetCDFLibrary.Calls
  ) {
    Self.globals(header, isRestart, file, &calls)
    let frame = isRestart ? -1 : calls.dimension(file, "frame", NC_UNLIMITED)
    let spatialDimension = calls.dimension(file, "spatial", 3)
    let atom = calls.dimension(file, "atom", header.topology.count)
    let perFrame = isRestart ? [] : [frame]
    let real = isRestart ? NC_DOUBLE : NC_FLOAT

    spatial = calls.variable(file, "spatial", NC_CHAR, [spatialDimension])
    time = calls.variable(file, "time", real, perFrame)
    calls.attribute(file, time, "units", "picosecond")
    coordinates = calls.variable(file, "coordinates", real, perFrame + [atom, spatialDimension])
    calls.attribute(file, coordinates, "units", "angstrom")
    if Self.hasBox(header.cell) {
      let lengthDimension = calls.dimension(file, "cell_spatial", 3)
      let angleDimension = calls.dimension(file, "cell_angular", 3)
      let label = calls.dimension(file, "label", 5)
      cellSpatial = calls.variable(file, "cell_spatial", NC_CHAR, [lengthDimension])
      cellAngular = calls.variable(file, "cell_angular", NC_CHAR, [angleDimension, label])
      lengths = calls.variable(file, "cell_lengths", NC_DOUBLE, perFrame + [lengthDimension])
      calls.attribute(file, lengths, "units", "angstrom")
      angles = calls.variable(file, "cell_angles", NC_DOUBLE, perFrame + [angleDimension])
      calls.attribute(file, angles, "units", "degree")
    }
    if header.fields.contains(.velocities) {
      velocities = calls.variable(file, "velocities", real, perFrame + [atom, spatialDimension])
      calls.attribute(file, velocities, "units", "angstrom/picosecond")
      calls.attribute(file, velocities, "scale_factor", AmberConvention.velocityScale(header.units))
    }
    if header.fields.contains(.forces) {
      forces = calls.variable(file, "forces", real, perFrame + [atom, spatialDimension])
      calls.attribute(file, forces, "units", "kilocalorie/mole/angstrom")
    }
    let timeUnit = header.units == .lj ? "tau" : "picosecond"
    ownTime = calls.variable(file, "tektite_time", NC_DOUBLE, perFrame)
    calls.attribute(file, ownTime, "units", timeUnit)
    ownStep = calls.variable(file, "tektite_step", NC_DOUBLE, perFrame)
    if Self.hasOwnCell(header.cell) {
      let vector = calls.dimension(file, "tektite_vector", 3)
      ownCell = calls.variable(file, "tektite_cell", NC_DOUBLE, perFrame + [vector, spatialDimension])
      calls.attribute(file, ownCell, "description", AmberConvention.cellNote)
    }
    if !header.unwrapped {
      images = calls.variable(file, "tektite_images", NC_INT, perFrame + [atom, spatialDimension])
      calls.attribute(
        file, images, "description", "unwrapped = coordinates + images times the cell vectors, in the axes of the file")
    }
    let areFixed = !header.fields.contains(.diameters)
    if !areFixed || !header.diameters.isEmpty {
      diameters = calls.variable(file, "tektite_diameters", NC_DOUBLE, areFixed ? [atom] : perFrame + [atom])
      calls.attribute(file, diameters, "units", "angstrom")
    }
    species = calls.variable(file, "tektite_species", NC_INT, [atom])
    calls.attribute(file, species, "labels", header.topology.table.map(\.label).joined(separator: "\n"))
    // As text: chemfiles refuses files with an attribute of several numbers, wherever it stands.
    calls.attribute(file, species, "masses", header.topology.table.map { "\($0.mass)" }.joined(separator: " "))
    calls.then { nc_enddef(file) }
    constants(header, file, &calls)
  }

  private static func globals(
    _ header: AmberTrajectory.Header, _ isRestart: Bool, _ file: Int32, _ calls: inout NetCDFLibrary.Calls
  ) {
    // An empty title would be an attribute without a value, on which some readers stumble.
    let title = header.title.isEmpty ? "molecular dynamics" : String(header.title.prefix(80))
    var attributes: [(String, String)] = [
      ("Conventions", isRestart ? "AMBERRESTART" : "AMBER"), ("ConventionVersion", "1.0"),
      ("program", AmberConvention.program), ("programVersion", AmberConvention.programVersion),
      ("application", "tektite"), ("title", title), ("tektite_units", header.units.rawValue),
    ]
    if header.units == .lj { attributes.append(("tektite_units_note", AmberConvention.reducedNote)) }
    if hasOwnCell(header.cell) {
      attributes.append(("tektite_periodic", AmberConvention.answers(header.cell.periodic)))
    }
    if header.cell.isPlanar { attributes.append(("tektite_dimensions", "2")) }
    if !isRestart && !header.evenlySpaced { attributes.append(("tektite_frame_spacing", AmberConvention.spacingNote)) }
    if !header.potential.isEmpty { attributes.append(("tektite_potential", header.potential)) }
    let reserved = Set(attributes.map(\.0))
    for (name, value) in header.attributes.sorted(by: { $0.key < $1.key })
    where !value.isEmpty && !reserved.contains(name) {
      attributes.append((name, value))
    }
    for (name, value) in attributes { calls.attribute(file, NC_GLOBAL, name, value) }
  }

  /// Writes what does not change: the labels, and the species and perhaps the diameter of each atom.
  private func constants(_ header: AmberTrajectory.Header, _ file: Int32, _ calls: inout NetCDFLibrary.Calls) {
    calls.put(file, spatial, text: "xyz")
    if lengths >= 0 {
      calls.put(file, cellSpatial, text: "abc")
      calls.put(file, cellAngular, text: "alphabeta gamma")
    }
    let (species, kinds) = (species, header.topology.species)
    calls.then { kinds.withUnsafeBufferPointer { nc_put_var_int(file, species, $0.baseAddress) } }
    if !header.diameters.isEmpty, !header.fields.contains(.diameters) {
      let (variable, values) = (diameters, header.diameters)
      calls.then { nc_put_var_double(file, variable, values) }
    }
  }

  /// Finds the variables of a file that is opened for appending.
  init(finding file: Int32, _ calls: inout NetCDFLibrary.Calls, header: AmberTrajectory.Header) {
    func find(_ name: String, _ calls: inout NetCDFLibrary.Calls) -> Int32 {
      var id: Int32 = -1
      calls.then { nc_inq_varid(file, name, &id) }
      return id
    }
    time = find("time", &calls)
    coordinates = find("coordinates", &calls)
    ownTime = find("tektite_time", &calls)
    ownStep = find("tektite_step", &calls)
    if Self.hasBox(header.cell) {
      lengths = find("cell_lengths", &calls)
      angles = find("cell_angles", &calls)
    }
    if Self.hasOwnCell(header.cell) { ownCell = find("tektite_cell", &calls) }
    if header.fields.contains(.velocities) { velocities = find("velocities", &calls) }
    if header.fields.contains(.forces) { forces = find("forces", &calls) }
    if !header.unwrapped { images = find("tektite_images", &calls) }
    if header.fields.contains(.diameters) { diameters = find("tektite_diameters", &calls) }
  }
}
