import TektiteCore
import TektiteDynamics

/// `inherent-structures:` of a dynamics stage.
struct InherentStructuresSection: TriggeredSection {
  var trigger: Trigger?
  var algorithm = MinimizeStage.Algorithm.fire
  var forceTolerance = 0.0
  var maximumSteps = 0
  var file: String?
  var table: String?
  var marks = Marks.none

  static let table: SectionTable<Self> = SectionTable(
    name: "inherent-structures", expectation: "inherent structures",
    meaning:
      "Minima of the energy below the run: at certain steps a copy of the atoms is minimised, and the run goes on undisturbed.",
    keys: triggerKeys + [
      .optional("algorithm", \.algorithm, .word("a minimisation algorithm"), default: .fire, "'fire' or 'lbfgs'."),
      .optional(
        "force-tolerance", \.forceTolerance, .quantity("a force", .force, .positive),
        default: { $0 == .lj ? 1e-6 : 1e-4 },
        "Stop when the root-mean-square force per degree of freedom is below this; 1e-6 in reduced units, 1e-4 eV/Å otherwise."
      ),
      .optional(
        "maximum-steps", \.maximumSteps, .integer("the number of steps", in: 1...1_000_000_000_000), default: 10_000,
        "Stop after so many evaluations of the forces."),
      .absent(
        "file", \.file, .outputFile(["nc", "extxyz", "xyz"]),
        "The minima, a frame each. Default: the name of the stage with -inherent.nc."),
      .absent(
        "table", \.table, .outputFile(["csv"]),
        "Their energies against time. Default: the name of the stage with -inherent.csv."),
    ],
    check: { section, _ throws(InputError) in try section.settleTrigger("a stream of inherent structures") })

  /// What the engine does; lengths, forces and energies need no conversion.
  var description: InherentStructures {
    var description = InherentStructures(
      trigger: trigger ?? .every(1), forceTolerance: forceTolerance, file: file ?? "", table: table ?? "")
    description.algorithm = algorithm
    description.maximumSteps = maximumSteps
    return description
  }
}
