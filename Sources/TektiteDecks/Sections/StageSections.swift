import TektiteCore
import TektiteDynamics

/// `dynamics:` in the list of stages.
struct DynamicsSection: DeckSection {
  var name: String?
  var potential: PotentialSpec?
  var thermostat = ThermostatSection()
  var barostat = BarostatSection()
  var shear: ShearSection?
  var timestep = 0.0
  var steps = 0
  var velocities: VelocitiesSection?
  var trajectory: [TrajectorySection] = []
  var thermo: ThermoSection?
  var observe: [ObservableSection] = []
  var certificate: CertificateSection?
  var inherentStructures: InherentStructuresSection?
  var checkpoint = CheckpointSection()
  var momentumRemoval: MomentumSection?
  var swap: SwapSection?
  var skin: Double?
  var limits = GuardSection()
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "dynamics", expectation: "a dynamics stage", meaning: "Molecular dynamics for a number of steps.",
    keys: [
      .absent("name", \.name, .stageName, "A name for logs and default file names. Default: dynamics-N for stage N."),
      .absent("potential", \.potential, .potential, "A potential for this stage alone, instead of the deck's."),
      .optional(
        "thermostat", \.thermostat, ThermostatSection.codec, default: ThermostatSection(),
        "How the stage exchanges heat; 'none' is velocity Verlet at constant energy."),
      .optional(
        "barostat", \.barostat, BarostatSection.codec, default: BarostatSection(),
        "How the cell follows a pressure; 'none' keeps it as it is."),
      .absent("shear", \.shear, ShearSection.table.codec, "Simple shear at a constant rate."),
      .required(
        "timestep", \.timestep, .quantity("a timestep, a time", .time, .positive),
        "The timestep, such as 0.005 or '2 fs'."),
      .required(
        "steps", \.steps, .integer("the number of steps", in: 0...1_000_000_000_000_000), "The number of steps."),
      .optional(
        "velocities", \.velocities, VelocitiesSection.table.codec.orWord("keep"), default: nil,
        "Fresh Maxwell velocities when the stage starts; 'keep' goes on with those at hand."),
      .optional("trajectory", \.trajectory, .trajectories, default: [], "A trajectory or a list of them."),
      .optional(
        "thermo", \.thermo, ThermoSection.table.codec.orWord("none"), default: nil,
        "A table of thermodynamic quantities."),
      .optional(
        "observe", \.observe, ObservableSection.codec.list("a list of observables, each '- name: {...}'"), default: [],
        "What is averaged while the stage runs: correlations in time and averages over frames."),
      .optional(
        "certificate", \.certificate, CertificateSection.table.codec.orWord("none"), default: nil,
        "Whether the stage is in equilibrium, with the numbers that tell."),
      .optional(
        "inherent-structures", \.inherentStructures, InherentStructuresSection.table.codec.orWord("none"), default: nil,
        "Minima of the energy below the run, at certain steps."),
      .optional(
        "checkpoint", \.checkpoint, CheckpointSection.table.codec, default: CheckpointSection(seconds: 600),
        "When checkpoints are written; by default every ten minutes."),
      .optional(
        "momentum-removal", \.momentumRemoval, MomentumSection.table.codec.orWord("start"), default: nil,
        "When the motion of the centre of mass is taken out; 'start' does it only when the stage starts."),
      .absent(
        "swap", \.swap, SwapSection.table.codec,
        "Trial exchanges of diameters or of places between the steps, under a potential that is a sum over pairs."),
      .skin(\.skin),
      .optional(
        "guard", \.limits, GuardSection.table.codec, default: GuardSection(),
        "Limits beyond which the run is stopped as unphysical."),
    ],
    inherited: DefaultsSection.names,
    check: { section, _ throws(InputError) in
      if section.shear != nil { try section.thermostat.settleUnderShear() }
      try section.checkThermostat()
    })

  /// What a thermostat asks of the rest of its stage.
  private func checkThermostat() throws(InputError) {
    try barostat.check(beside: thermostat, timestep: timestep)
    try shear?.check(beside: thermostat, barostat, timestep: timestep)
    if thermostat.kind == .brownian, momentumRemoval != nil {
      throw marks["momentum-removal"].error(
        "'momentum-removal' has no meaning for a Brownian thermostat, under which velocities are new in each step; remove it or write 'start'"
      )
    }
    if thermostat.kind == .noseHoover, let time = thermostat.time, !(time >= 5 * timestep) {
      throw thermostat.marks["time"].error(
        "a Nosé-Hoover chain swings with about its 'time', which must be at least five timesteps to be followed; a hundred are usual"
      )
    }
  }
}

/// `minimize:` in the list of stages.
struct MinimizeSection: DeckSection {
  var name: String?
  var potential: PotentialSpec?
  var algorithm = MinimizeStage.Algorithm.fire
  var forceTolerance = 0.0
  var maximumSteps = 0
  var trajectory: [TrajectorySection] = []
  var thermo: ThermoSection?
  var skin: Double?
  var marks = Marks.none

  static let table = SectionTable<Self>(
    name: "minimize", expectation: "a minimize stage", meaning: "Descent of the energy to the nearest minimum.",
    keys: [
      .absent("name", \.name, .stageName, "A name for logs and default file names. Default: minimize-N for stage N."),
      .absent("potential", \.potential, .potential, "A potential for this stage alone, instead of the deck's."),
      .optional("algorithm", \.algorithm, .word("a minimisation algorithm"), default: .fire, "'fire' or 'lbfgs'."),
      .optional(
        "force-tolerance", \.forceTolerance, .quantity("a force", .force, .positive),
        default: { $0 == .lj ? 1e-6 : 1e-4 },
        "Stop when the root-mean-square force per degree of freedom is below this; 1e-6 in reduced units, 1e-4 eV/Å otherwise."
      ),
      .optional(
        "maximum-steps", \.maximumSteps, .integer("the number of steps", in: 1...1_000_000_000_000), default: 10_000,
        "Stop after so many evaluations of the forces."),
      .optional("trajectory", \.trajectory, .trajectories, default: [], "A trajectory or a list of them."),
      .optional("thermo", \.thermo, ThermoSection.table.codec.orWord("none"), default: nil, "A table of the descent."),
      .skin(\.skin),
    ],
    later: ["observe": "nothing moves in time while a minimisation runs, so 'observe' belongs to a dynamics stage"])
}

/// `defaults:`, keys that every stage takes unless it has its own.
struct DefaultsSection: DeckSection {
  private var scratch = DynamicsSection()
  var marks = Marks.none
  init() {}

  /// The keys of a dynamics stage that have a place here.
  static let names = [
    "thermostat", "barostat", "timestep", "thermo", "checkpoint", "momentum-removal", "skin", "guard",
  ]

  static let table = SectionTable<Self>(
    name: "defaults", expectation: "'defaults'", meaning: "Values for every stage that does not give its own.",
    keys: DynamicsSection.table.keys.filter {
      names.contains($0.name)
    }.map { key -> SectionKey<Self> in
      // Read here only to find mistakes; the stages read them again as their own.
      return SectionKey(
        name: key.name, meaning: key.meaning, isRequired: false, schema: key.schema,
        read: { (node: DeckNode, context: DeckContext, section: inout DefaultsSection) throws(InputError) in
          try key.read(node, context, &section.scratch)
        },
        fill: { (_: inout DefaultsSection, _: Units) in }, write: { (_: DefaultsSection, _: Units) in nil })
    })
}

/// An entry of `stages:`.
enum StageSection: Hashable, Sendable {
  case minimize(MinimizeSection)
  case dynamics(DynamicsSection)
  case isoconfigurational(IsoconfigurationalSection)
  case quasistaticShear(QuasistaticShearSection)
  case cageState(CageStateSection)

  /// Their names in decks.
  private static let kinds = [
    "minimize", "dynamics", "isoconfigurational", "cage-state", "shear-quasistatic", "ladder",
  ]

  static let codec = Codec<Self>(
    expectation: "a stage",
    schema: Schema.any(
      kinds.map { kind in
        .object([
          ("type", .text("object")), ("additionalProperties", .flag(false)), ("required", .list([.text(kind)])),
          ("properties", .object([(kind, Schema.reference(kind))])),
        ])
      }),
    decode: { node, context throws(InputError) in
      let expectation =
        "a stage, 'minimize: {...}', 'dynamics: {...}', 'isoconfigurational: {...}', 'cage-state: {...}' or 'shear-quasistatic: {...}'"
      guard case .mapping(let entries) = node.content, let entry = entries.first else {
        throw node.mismatch(expectation)
      }
      if let second = entries.dropFirst().first {
        throw second.mark.error(
          "a stage has one key, but '\(second.key.prefix(60))' stands beside '\(entry.key.prefix(60))'; indent it further if it belongs inside, or start a new '- '"
        )
      }
      switch entry.key {
      case "minimize":
        return .minimize(try MinimizeSection.table.decode(entry.value, context, inheriting: context.defaults))
      case "dynamics":
        return .dynamics(try DynamicsSection.table.decode(entry.value, context, inheriting: context.defaults))
      case "isoconfigurational":
        return .isoconfigurational(
          try IsoconfigurationalSection.table.decode(entry.value, context, inheriting: context.defaults))
      case "shear-quasistatic":
        return .quasistaticShear(
          try QuasistaticShearSection.table.decode(entry.value, context, inheriting: context.defaults))
      case "cage-state":
        return .cageState(try CageStateSection.table.decode(entry.value, context, inheriting: context.defaults))
      default: throw entry.mark.error(unknown(entry.key, "a kind of stage", kinds))
      }
    },
    encode: { stage, units in
      switch stage {
      case .minimize(let section): .mapping([("minimize", MinimizeSection.table.encode(section, units))])
      case .dynamics(let section): .mapping([("dynamics", DynamicsSection.table.encode(section, units))])
      case .isoconfigurational(let section):
        .mapping([("isoconfigurational", IsoconfigurationalSection.table.encode(section, units))])
      case .quasistaticShear(let section):
        .mapping([("shear-quasistatic", QuasistaticShearSection.table.encode(section, units))])
      case .cageState(let section): .mapping([("cage-state", CageStateSection.table.encode(section, units))])
      }
    })
}

extension SectionKey {
  /// The margin of the neighbour list.
  static func skin(_ path: any WritableKeyPath<Section, Double?> & Sendable) -> SectionKey {
    .optional(
      "skin", path, Codec<Double>.quantity("a length", .length, .notNegative).orWord("auto"), default: nil,
      "The margin of the neighbour list beyond the cutoff; 'auto' leaves it to the engine. It changes the speed, not the result."
    )
  }
}

extension Codec where Value == [TrajectorySection] {
  /// A trajectory, a list of them, or `none`.
  static var trajectories: Codec {
    let some = TrajectorySection.table.codec.oneOrMore("a trajectory or a list of them")
    return Codec(
      expectation: some.expectation, schema: Schema.any([Schema.word("none"), some.schema]),
      decode: { node, context throws(InputError) in node.isWord("none") ? [] : try some.decode(node, context) },
      encode: { value, units in value.isEmpty ? .scalar("none") : some.encode(value, units) })
  }
}
