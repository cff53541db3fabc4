import TektiteCore

/// Inherent structures on the way: at certain steps of a dynamics stage a copy of the atoms goes down to the minimum of the energy below, and the
/// run goes on as if nothing had happened.
public struct InherentStructures: Hashable, Sendable {
  /// When.
  public var trigger: Trigger
  /// Algorithm.
  public var algorithm = MinimizeStage.Algorithm.fire
  /// Stop when the root-mean-square force per degree of freedom falls below this.
  public var forceTolerance: Double
  /// Stop after this many force evaluations.
  public var maximumSteps = 10_000
  /// The trajectory of minima, a name within the run directory.
  public var file: String
  /// The table of their energies, a name within the run directory.
  public var table: String

  /// Makes a description.
  public init(trigger: Trigger, forceTolerance: Double, file: String, table: String) {
    self.trigger = trigger
    self.forceTolerance = forceTolerance
    self.file = file
    self.table = table
  }

  /// The files that are written.
  var files: [String] { [file, table] }
  /// The trajectory as an output.
  var output: TrajectoryOutput { TrajectoryOutput(file: file, trigger: trigger) }

  /// What a table of minima has. The potential energy is that of all atoms, as in the table of a stage; the pressure is that of the virial alone, for atoms at rest.
  static func columns(_ units: Units) -> [TableColumn] {
    func unit(_ name: String) -> String { units == .lj ? "" : name }
    return [
      TableColumn("step"), TableColumn("time", unit(units.timeName)), TableColumn("potential", unit(units.energyName)),
      TableColumn("potential_per_atom", unit(units.energyName)), TableColumn("pressure", unit("eV/Å^3")),
      TableColumn("rms_force", unit("eV/Å")), TableColumn("evaluations"), TableColumn("converged"),
      TableColumn("rms_displacement", unit(units.lengthName)),
    ]
  }
}
