import TektiteCore
import TektiteDynamics

/// `shear-quasistatic:` in the list of stages.
struct QuasistaticShearSection: DeckSection {
  var name: String?
  var potential: PotentialSpec?
  var plane = ShearPlane.xy
  var strainStep = 0.0
  var strain: Double?
  var amplitude: Double?
  var cycles: Int?
  var algorithm = MinimizeStage.Algorithm.fire
  var forceTolerance = 0.0
  var maximumSteps = 0
  var eventDrop = 0.0
  var file: String?
  var trajectory: [TrajectorySection] = []
  var checkpoint = CheckpointSection()
  var skin: Double?
  var marks = Marks.none

  private static let strain = Codec<Double>.quantity("a strain, a number", .number)

  static let table = SectionTable<Self>(
    name: "shear-quasistatic", expectation: "a stage of quasistatic shear",
    meaning:
      "Athermal quasistatic shear: small strains of cell and atoms, each followed by a minimisation of the energy.",
    keys: [
      .absent(
        "name", \.name, .stageName, "A name for logs and default file names. Default: shear-quasistatic-N for stage N."),
      .absent("potential", \.potential, .potential, "A potential for this stage alone, instead of the deck's."),
      .optional(
        "plane", \.plane, .shearPlane, default: .xy,
        "The directions of the flow and of its gradient: 'xy', 'xz' or 'yz'."),
      .optional(
        "strain-step", \.strainStep, .quantity("a strain, a number", .number, .positive), default: 1e-3,
        "The strain of a step. Default: 0.001; 0.0001 resolves plastic events ten times as well."),
      .absent("strain", \.strain, strain, "The strain at the end; negative to shear the other way."),
      .absent("amplitude", \.amplitude, strain, "Of cyclic shear: from 0 to it, to minus it and back to 0."),
      .absent(
        "cycles", \.cycles, .integer("the number of cycles", in: 1...1_000_000_000), "Of cyclic shear. Default: 1."),
      .optional("algorithm", \.algorithm, .word("a minimisation algorithm"), default: .fire, "'fire' or 'lbfgs'."),
      .optional(
        "force-tolerance", \.forceTolerance, .quantity("a force", .force, .positive),
        default: { $0 == .lj ? 1e-6 : 1e-4 },
        "A descent ends when the root-mean-square force per degree of freedom is below this; 1e-6 in reduced units, 1e-4 eV/Å otherwise."
      ),
      .optional(
        "maximum-steps", \.maximumSteps, .integer("the number of steps", in: 1...1_000_000_000_000), default: 100_000,
        "A descent ends after so many evaluations of the forces."),
      .optional(
        "event-drop", \.eventDrop, .quantity("a drop of stress", .pressure, .notNegative), default: 0,
        "A step is a plastic event if the stress falls by more than this in the direction of the strain."),
      .absent(
        "table", \.file, .outputFile(["csv"]),
        "A row for each step of strain. Default: the name of the stage with .csv."),
      .optional(
        "trajectory", \.trajectory, .trajectories, default: [],
        "A trajectory or a list of them; 'every' and 'at' count steps of strain."),
      .optional(
        "checkpoint", \.checkpoint, CheckpointSection.table.codec, default: CheckpointSection(seconds: 600),
        "When checkpoints are written; by default every ten minutes. Steps are those of strain."),
      .skin(\.skin),
    ],
    later: [
      "observe": "nothing moves in time while a solid is sheared at rest, so 'observe' belongs to a dynamics stage",
      "rate": "quasistatic shear has no rate; a rate belongs to 'shear' of a dynamics stage",
      "thermostat": "quasistatic shear is at rest and needs no thermostat",
      "thermo": "the table of a quasistatic stage is named by 'table' and has a row for each step of strain",
    ],
    check: { section, _ throws(InputError) in try section.checkCourse() })

  private mutating func checkCourse() throws(InputError) {
    if strainStep > RunawayCell.limit {
      throw marks["strain-step"].error("a step of strain must be at most \(RunawayCell.limit), found \(strainStep)")
    }
    if strain != nil && amplitude != nil {
      throw marks["amplitude"].error(
        "'strain' is the end of a shear in one direction and 'amplitude' that of a cyclic one; keep one of them")
    }
    if strain != nil && cycles != nil {
      throw marks["cycles"].error("'cycles' belongs to cyclic shear, whose size is given by 'amplitude'")
    }
    guard let size = strain ?? amplitude else {
      throw marks.section.error("a stage of quasistatic shear needs the key 'strain', or 'amplitude' for cyclic shear")
    }
    let mark = marks[strain == nil ? "amplitude" : "strain"]
    let count = abs(size) / strainStep
    guard count > 0.5, count <= 1e12 else {
      throw mark.error("a strain of \(size) is no step of \(strainStep); give a larger one")
    }
    guard abs(count - count.rounded()) < 1e-6 * max(1, count) else {
      throw mark.error("a strain of \(size) is not a whole number of steps of \(strainStep), but \(count)")
    }
    if amplitude != nil { cycles = cycles ?? 1 }
  }

  /// The stage; forces and stresses need no conversion.
  var stage: QuasistaticShearStage {
    let size = strain ?? amplitude ?? 0
    let count = Int((abs(size) / strainStep).rounded())
    var stage = QuasistaticShearStage(
      name: name ?? "", strainStep: size < 0 ? -strainStep : strainStep,
      course: amplitude == nil ? .monotonic(steps: count) : .cyclic(amplitude: count, cycles: cycles ?? 1),
      forceTolerance: forceTolerance)
    stage.plane = plane
    stage.algorithm = algorithm
    stage.maximumSteps = maximumSteps
    stage.eventDrop = eventDrop
    if let file { stage.table = file }
    stage.trajectories = trajectory.map(\.output)
    stage.checkpoint = checkpoint.policy
    stage.skin = skin
    return stage
  }
}
