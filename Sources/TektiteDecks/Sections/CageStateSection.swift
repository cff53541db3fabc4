import TektiteCore
import TektiteDynamics

/// `cage-state:` in the list of stages.
struct CageStateSection: DeckSection {
  var name: String?
  var potential: PotentialSpec?
  var runs = 0
  var temperature = 0.0
  var radius = 0.0
  var friction = 0.0
  var timestep = 0.0
  var equilibration = 0
  var steps = 0
  var every = 0
  var configurations: ConfigurationsSection?
  var file: String?
  var table: String?
  var skin: Double?
  var marks = Marks.none

  static let table: SectionTable<Self> = SectionTable(
    name: "cage-state", expectation: "a stage for the cage state",
    meaning: "Mean positions of the atoms over runs in which none can leave its cage, a sphere about where it is.",
    keys: [
      .absent("name", \.name, .stageName, "A name for logs and default file names. Default: cage-state-N for stage N."),
      .absent("potential", \.potential, .potential, "A potential for this stage alone, instead of the deck's."),
      .required("runs", \.runs, .integer("the number of runs", in: 1...1_000_000), "The number of runs."),
      .required(
        "temperature", \.temperature, .quantity("a temperature", .temperature, .positive),
        "Of the velocities and of the thermostat."),
      .required(
        "radius", \.radius, .quantity("a length", .length, .positive),
        "The radius of cages: below the distance over which atoms jump, above that over which they rattle."),
      .required(
        "friction", \.friction, .quantity("a friction, a rate", .frequency, .positive),
        "The friction of the Langevin dynamics, one over a time."),
      .required(
        "timestep", \.timestep, .quantity("a timestep, a time", .time, .positive),
        "The timestep, such as 0.005 or '2 fs'."),
      .optional(
        "equilibration", \.equilibration, .integer("a number of steps", in: 0...1_000_000_000_000), default: 1000,
        "Steps of each run before averaging."),
      .required(
        "steps", \.steps, .integer("the number of steps", in: 1...1_000_000_000_000),
        "Steps of each run over which is averaged."),
      .optional(
        "every", \.every, .stepInterval, default: 10, "Steps from one look at the atoms to the next."),
      .absent(
        "configurations", \.configurations, ConfigurationsSection.table.codec,
        "Frames of a trajectory to start from, {stage: NAME, every: N, count: N}; by default the configuration at hand."
      ),
      .absent(
        "file", \.file, .outputFile(["extxyz", "xyz"]),
        "The mean position of each atom. Default: the name of the stage with -cage.extxyz."),
      .absent(
        "table", \.table, .outputFile(["csv"]),
        "Means by species and the noise of positions. Default: the name of the stage with -cage.csv."),
      .skin(\.skin),
    ],
    later: [
      "barostat":
        "cages are spheres in a cell that does not change; a 'barostat' belongs to a dynamics stage before it",
      "thermostat": "the runs of a cage state have Langevin dynamics; give 'temperature' and 'friction'",
    ],
    inherited: ["timestep"],
    check: { section, _ throws(InputError) in
      if section.every > section.steps {
        throw section.marks["every"].error(
          "nothing is averaged: 'every' is more than the \(section.steps) steps of a run")
      }
    })

  /// The stage: times in internal units, the temperature as k_B T.
  /// - Parameter outputs: the file of the first trajectory of each stage that has one.
  func stage(_ units: Units, outputs: [String: String]) -> CageStateStage {
    var stage = CageStateStage(
      name: name ?? "", runs: runs, temperature: temperature * units.boltzmann, radius: radius,
      friction: friction * units.femtoseconds, timestep: timestep / units.femtoseconds, steps: steps)
    stage.equilibration = equilibration
    stage.every = every
    stage.configurations = configurations?.configurations(outputs)
    if let file { stage.file = file }
    if let table { stage.table = table }
    stage.skin = skin
    return stage
  }
}
