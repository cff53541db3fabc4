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
  var formed: Double?
  var broken: Double?
  var sigma: [NeighborCriterion.Pair]?
  var configurations: ConfigurationsSection?
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
        "What is averaged over the runs for each atom: 'displacement', 'squared-displacement' or 'bond-breaking'."),
      .absent(
        "formed", \.formed, .quantity("a multiple of sigma", .number, .positive),
        "With 'bond-breaking': atoms are neighbours at the start when they are nearer than this times the length of their pair; 1.3 where it is left out."
      ),
      .absent(
        "broken", \.broken, .quantity("a multiple of sigma", .number, .positive),
        "With 'bond-breaking': a bond is broken while it is longer than this times the length of its pair; 1.7 where it is left out."
      ),
      .absent(
        "sigma", \.sigma, .pairLengths,
        "With 'bond-breaking': the length of each pair of species, {A-A: 1, A-B: 0.8, B-B: 0.88}; 1 for each where it is left out."
      ),
      .absent(
        "configurations", \.configurations, ConfigurationsSection.table.codec,
        "Frames of a trajectory to start from, {stage: NAME, every: N, count: N}; by default the configuration at hand."
      ),
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
      if section.measure != .bondBreaking {
        for key in ["formed", "broken", "sigma"] {
          if let mark = section.marks.values[key] { throw mark.error("'\(key)' belongs to 'measure: bond-breaking'") }
        }
      } else if section.bonds.broken < section.bonds.criterion.formed {
        throw (section.marks.values["broken"] ?? section.marks["formed"]).error(
          "bonds that form within \(section.bonds.criterion.formed) and break beyond \(section.bonds.broken) would be broken at once; "
            + "'broken' must not be below 'formed'")
      }
    })

  /// Stands for the file that will be named after the stage.
  static let unnamed = ""

  /// The neighbours whose loss is measured.
  var bonds: IsoconfigurationalStage.Bonds {
    .init(criterion: NeighborCriterion(formed: formed ?? 1.3, pairs: sigma ?? []), broken: broken ?? 1.7)
  }

  /// The stage: times in internal units, the temperature as k_B T.
  /// - Parameter outputs: the file of the first trajectory of each stage that has one.
  func stage(_ units: Units, outputs: [String: String]) -> IsoconfigurationalStage {
    var stage = IsoconfigurationalStage(
      name: name ?? "", runs: runs, temperature: temperature * units.boltzmann, timestep: timestep / units.femtoseconds,
      steps: steps)
    stage.measure = measure
    stage.bonds = bonds
    stage.configurations = configurations?.configurations(outputs)
    if let trigger { stage.trigger = trigger }
    if let file { stage.file = file }
    if let table { stage.table = table }
    stage.predictors = predictors
    stage.skin = skin
    return stage
  }
}
