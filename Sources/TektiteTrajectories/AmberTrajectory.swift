import TektiteCore

/// AMBER NetCDF trajectories, conventions AMBER 1.0 (https://ambermd.org/netcdf/nctraj.xhtml).
///
/// In the file: coordinates in Å (float, no scale factor), time in ps, velocities in Å/ps divided by 20.455 with that scale factor, forces in
/// kcal/mol/Å, cell lengths in Å and angles in degrees, everything turned so that a lies along x and b in the xy plane.
/// Beyond the convention, in variables that other readers pass over: `tektite_time` (double, ps) and `tektite_step`, since a float
/// blurs femtoseconds after 8 ns; `tektite_cell`, the cell in the axes of the run; `tektite_species` with labels and masses as attributes;
/// `tektite_images` when positions are wrapped; and `tektite_diameters` (double), for each frame where they change, else once.
///
/// Atoms in two dimensions are told by the global attribute `tektite_dimensions = "2"`: z is 0, and the third cell length 0.
///
/// In reduced units lengths, times, velocities and forces are written as they are, with scale factors of 1. The unit attributes keep the strings
/// that strict readers demand; the global attributes `tektite_units = "lj"` and `tektite_units_note` say what they mean.
public enum AmberTrajectory {
  /// What frames hold besides positions.
  public struct Fields: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: Int
    /// Makes a set from bits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Velocities.
    public static let velocities = Fields(rawValue: 1)
    /// Forces.
    public static let forces = Fields(rawValue: 2)
    /// Diameters that may differ from frame to frame.
    public static let diameters = Fields(rawValue: 4)
  }

  /// Everything about a trajectory that is the same in all frames.
  public struct Header: Hashable, Sendable {
    /// Who the atoms are.
    public var topology: Topology
    /// The units that frames come in.
    public var units: Units
    /// Decides which directions repeat and whether there are cell variables at all; the vectors may change from frame to frame.
    public var cell: Cell
    /// What frames hold besides positions.
    public var fields: Fields
    /// The diameters of the atoms where these stay the same in all frames, or empty.
    public var diameters: [Double] = []
    /// Whether positions go on across the faces of the cell (the default); otherwise they are wrapped and image counts stored.
    public var unwrapped: Bool
    /// Whether frames are evenly spaced in time; if not, an attribute warns, since most readers take the first interval for all.
    public var evenlySpaced: Bool
    /// A title, short.
    public var title: String
    /// The potential with its cutoff scheme, e.g. `lennard-jones (cut-and-shift)`; empty if unknown.
    public var potential: String
    /// Further global attributes, e.g. `tektite_deck_sha256`. Names must begin with a letter and hold letters, digits and `_`.
    public var attributes: [String: String]

    /// Makes a header.
    public init(
      topology: Topology, units: Units, cell: Cell, fields: Fields = [], unwrapped: Bool = true,
      evenlySpaced: Bool = true,
      title: String = "", potential: String = "", attributes: [String: String] = [:]
    ) {
      self.topology = topology
      self.units = units
      self.cell = cell
      self.fields = fields
      self.unwrapped = unwrapped
      self.evenlySpaced = evenlySpaced
      self.title = title
      self.potential = potential
      self.attributes = attributes
    }

    /// The bytes that a frame of a trajectory takes in the file.
    public var bytesPerFrame: Int {
      // Floats for time and vectors; doubles for time, step and cells.
      let stored = [true, fields.contains(.velocities), fields.contains(.forces), !unwrapped]
      let vectors = stored.reduce(0) { $0 + ($1 ? 1 : 0) }
      let cells = (cell.periodic.any ? 48 : 0) + (cell.vectors != .zero ? 72 : 0)
      return 4 + 8 + 8 + cells + (12 * vectors + (fields.contains(.diameters) ? 8 : 0)) * topology.count
    }
  }
}

/// Names and factors of the AMBER conventions.
enum AmberConvention {
  /// √(kcal/mol/amu) in Å/ps as the convention rounds it.
  static let velocityScale: Float = 20.455
  /// kcal/mol in one eV: e·N_A / 4184 J, exact since the SI of 2019 (e = 1.602176634e-19 C, N_A = 6.02214076e23 /mol).
  static let kilocaloriesPerElectronvolt = 1.602_176_634e-19 * 6.022_140_76e23 / 4184
  static let program = "tektite"
  static let programVersion = "0.1"
  static let reducedNote =
    "all numbers are in reduced Lennard-Jones units (length sigma, energy epsilon, mass m, time tau = sigma*sqrt(m/epsilon)); "
    + "the units attributes only satisfy strict readers"
  static let spacingNote =
    "frames are not evenly spaced in time; use the variables time, tektite_time or tektite_step, not a constant interval"
  static let cellNote =
    "rows a, b, c in the axes of the run; file axes have a along x and b in the xy plane, reached by a proper rotation, for a "
    + "left-handed cell that of (-a, -b, -c), which spans the same lattice"

  /// Picoseconds in an internal unit of time (1 in reduced units).
  static func time(_ units: Units) -> Double { units == .lj ? 1 : units.femtoseconds / 1000 }
  /// What a stored velocity is multiplied by on reading.
  static func velocityScale(_ units: Units) -> Float { units == .lj ? 1 : velocityScale }
  /// Stored velocity of one internal unit.
  static func velocity(_ units: Units) -> Double {
    units == .lj ? 1 : 1 / (time(units) * Double(velocityScale(units)))
  }
  /// Stored force of one internal unit.
  static func force(_ units: Units) -> Double { units == .lj ? 1 : kilocaloriesPerElectronvolt }

  /// The largest array that a CDF-2 file can hold, but for its last.
  static let largestVariable = 4_294_967_292

  /// Refuses systems that the format cannot hold.
  static func check(atoms: Int, bytesPerAtom: Int, file: String) throws(OutputError) {
    guard atoms > 0 else { throw OutputError("an AMBER file needs at least one atom", file: file) }
    let most = largestVariable / bytesPerAtom
    guard atoms <= most else {
      throw OutputError(
        "\(atoms) atoms need \(atoms * bytesPerAtom) bytes for the positions of a frame; the format of AMBER files (CDF-2) holds at "
          + "most 4 GiB, which is \(most) atoms; write extended XYZ instead", file: file)
    }
  }

  static func answers(_ p: Periodicity) -> String { "\(p.a ? "T" : "F") \(p.b ? "T" : "F") \(p.c ? "T" : "F")" }
}
