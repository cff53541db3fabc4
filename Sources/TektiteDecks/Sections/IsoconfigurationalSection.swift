import TektiteCore
import TektiteDynamics

/// `isoconfigurational:` in the list of stages.
struct IsoconfigurationalSection: TriggeredSection {
  var name: String?
  var potential: PotentialSpec?
  var runs = 0
  var temperature = 0.0
  var timestep = 0.0
  var steps = 0
  var measure = IsoconfigurationalStage.Measure.displacement
  var trigger: Trigger?
  var file: String?
  var table: String?
  var predictors: String? = IsoconfigurationalSection.unnamed
  var skin: Double?
  var marks = Marks.none

  static let table: SectionTable<Self> = SectionTable(
    name: "isoconfigurational", expectation: "an isoconfigurational stage",
    meaning: "Many runs at constant energy from the configuration at hand, each with Maxwell velocities of its own.",
    keys: [
      .absent(
        "name", \.name, .stageName, "A name for logs and default file names. Default: isoconfigurational-N for stage N."
      ),
      .absent("potential", \.potential, .potential, "A potential for this stage alone, instead of the deck's."),
      .required("runs", \.runs, .integer("the number of runs", in: 1...1_000_000), "The number of runs."),
      .required(
        "temperature", \.temperature, .quantity("a temperature", .temperature, .positive), "Of the velocities."),
      .required(
        "timestep", \.timestep, .quantity("a timestep, a time", .time, .positive),
        "The timestep, such as 0.005 or '2 fs'."),
      .required(
        "steps", \.steps, .integer("the number of steps", in: 1...1_000_000_000_000), "The number of steps of each run."
      ),
      .optional(
        "measure", \.measure, .word("what is averaged"), default: .displacement,
        "What is averaged over the runs for each atom: 'displacement' or 'squared-displacement'."),
    ] + triggerKeys + [
      .absent(
        "file", \.file, .outputFile(["extxyz", "xyz"]),
        "The propensity of each atom, a frame for each time. Default: the name of the stage with -propensity.extxyz."),
      .absent(
        "table", \.table, .outputFile(["csv"]),
        "Means by species and the noise of propensities. Default: the name of the stage with -propensity.csv."),
      .optional(
        "predictors", \.predictors, Codec<String>.outputFile(["csv"]).orWord("none"), default: unnamed,
        "Correlations of propensity with the inherent structure. Default: the name of the stage with -predictors.csv."),
      .skin(\.skin),
    ],
    later: [
      "barostat":
        "the runs of an isoconfigurational ensemble are at constant energy and volume; a 'barostat' belongs to a dynamics stage before it",
      "thermostat":
        "the runs of an isoconfigurational ensemble are at constant energy; a 'thermostat' belongs to a dynamics stage before it",
    ],
    inherited: ["timestep"],
    check: { section, _ throws(InputError) in
      try section.settleTrigger("an isoconfigurational stage", default: .logarithmic(perDecade: 4, block: nil))
    })

  /// Stands for the file that will be named after the stage.
  static let unnamed = ""

  /// The stage: times in internal units, the temperature as k_B T.
  func stage(_ units: Units) -> IsoconfigurationalStage {
    var stage = IsoconfigurationalStage(
      name: name ?? "", runs: runs, temperature: temperature * units.boltzmann, timestep: timestep / units.femtoseconds,
      steps: steps)
    stage.measure = measure
    if let trigger { stage.trigger = trigger }
    if let file { stage.file = file }
    if let table { stage.table = table }
    stage.predictors = predictors
    stage.skin = skin
    return stage
  }
}
