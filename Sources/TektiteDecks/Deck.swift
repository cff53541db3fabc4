import Foundation
import TektiteCore
import TektiteDynamics

/// A deck: the YAML description of a run, decoded and checked, with every default filled in. Quantities are in surface units as written; `plan()`
/// reads the files it names and converts.
public struct Deck: Sendable, Equatable {
  /// The file it came from, for messages.
  public let path: String
  /// What the file says.
  var body: DeckBody
  /// SHA-256 of the file's text.
  let digest: String

  /// The title; by default the name of the file.
  public var title: String { body.title }
  /// The units of its numbers.
  public var units: Units { body.units }
  /// The seed of all random numbers.
  public var seed: UInt64 { body.seed }
  /// The names of the stages in order.
  public var stageNames: [String] { body.stages.map { $0.name ?? "" } }
  /// The names of the files that its stages write.
  public var outputFiles: [String] { body.outputs.map(\.file) }

  /// The number of atoms that the deck asks to build; nil when it names a structure file.
  public var atomsToBuild: Int? { body.system.build?.count }

  /// Reads a deck.
  /// - Throws: what is wrong first, with line and column: text that is not YAML, unknown keys, wrong types or units, values that make no sense.
  public init(contentsOf path: String) throws(InputError) {
    try self.init(text: try InputFile.text(path: path), path: path)
  }

  /// Reads a deck from text.
  /// - Parameter path: the file that messages name and from whose folder relative paths start.
  public init(text: String, path: String) throws(InputError) {
    let root = try DeckNode.compose(text, file: path)
    let absolute = FilePath.absolute(path, from: FileManager.default.currentDirectoryPath)
    var context = DeckContext(file: path, folder: (absolute as NSString).deletingLastPathComponent, units: .lj)
    if let node = root["units"] { context.units = try DeckBody.unitsCodec.decode(node, context) }
    context.defaults = root["defaults"]
    var body = try DeckBody.table.decode(try root.expandingLadders(context), context)
    if body.title.isEmpty { body.title = ((path as NSString).lastPathComponent as NSString).deletingPathExtension }
    try body.settle()
    self.path = path
    self.body = body
    digest = SHA256.digest(text.utf8)
  }

  /// The deck as YAML with every default written out. It decodes to an equal deck; paths of structures and models are absolute, so it does from any
  /// folder.
  public var spelledOut: String {
    "# Every key of this deck as it was run, with all defaults. Paths are absolute.\n"
      + DeckBody.table.encode(body, units).rendered()
  }

  /// Whether two decks say the same, wherever and however they were written.
  public static func == (left: Deck, right: Deck) -> Bool { left.body == right.body }
}

/// The top level of a deck.
struct DeckBody: DeckSection {
  var title = ""
  var units = Units.lj
  var seed: UInt64 = 1
  var system = SystemSection()
  var potential = PotentialSpec.sum([])
  var stages: [StageSection] = []
  var marks = Marks.none

  static let unitsCodec = Codec<Units>.word("a system of units")

  static let table = SectionTable<Self>(
    name: "deck", expectation: "a deck", meaning: "A molecular dynamics run of Tektite.",
    keys: [
      .optional(
        "title", \.title, .text("a title"), default: "",
        "A line for headers and reports. Default: the name of the file."),
      .required(
        "units", \.units, unitsCodec,
        "'lj' for reduced units, or 'real': Å, eV, amu, fs, K; quantities may name others, such as '0.5 ps'."),
      .optional(
        "seed", \.seed, .seed, default: 1,
        "The seed of all random numbers; the same deck with the same seed gives the same run."),
      .required("system", \.system, SystemSection.table.codec, "The atoms at the start."),
      .required(
        "potential", \.potential, .potential,
        "A name such as kob-andersen, a mapping with 'kind', or a list of them, which is a sum."),
      SectionKey(
        name: "defaults", meaning: "Values for every stage that does not give its own.", isRequired: false,
        schema: Schema.reference("defaults"),
        read: { node, context, _ throws(InputError) in _ = try DefaultsSection.table.decode(node, context) },
        fill: { _, _ in }, write: { _, _ in nil }),
      .required(
        "stages", \.stages,
        StageSection.codec.list(
          "a list of stages, each '- minimize: {...}', '- dynamics: {...}', '- isoconfigurational: {...}', '- cage-state: {...}' or '- shear-quasistatic: {...}'"
        ),
        "What is done, in order."),
    ],
    later: [
      "observe":
        "'observe' belongs to a dynamics stage; move it there"
    ],
    check: { body, _ throws(InputError) in
      if body.stages.isEmpty {
        throw body.marks["stages"].error(
          "the list of stages is empty; give at least one, '- minimize: {...}', '- dynamics: {...}', '- isoconfigurational: {...}', '- cage-state: {...}' or '- shear-quasistatic: {...}'"
        )
      }
      if body.stages.count > 10_000 { throw body.marks["stages"].error("more than 10000 stages") }
    })
}

extension StageSection {
  var name: String? {
    switch self {
    case .minimize(let section): section.name
    case .dynamics(let section): section.name
    case .isoconfigurational(let section): section.name
    case .quasistaticShear(let section): section.name
    case .cageState(let section): section.name
    }
  }
  var marks: Marks {
    switch self {
    case .minimize(let section): section.marks
    case .dynamics(let section): section.marks
    case .isoconfigurational(let section): section.marks
    case .quasistaticShear(let section): section.marks
    case .cageState(let section): section.marks
    }
  }
  var potential: PotentialSpec? {
    get {
      switch self {
      case .minimize(let section): section.potential
      case .dynamics(let section): section.potential
      case .isoconfigurational(let section): section.potential
      case .quasistaticShear(let section): section.potential
      case .cageState(let section): section.potential
      }
    }
    set {
      switch self {
      case .minimize(var section):
        section.potential = newValue
        self = .minimize(section)
      case .dynamics(var section):
        section.potential = newValue
        self = .dynamics(section)
      case .isoconfigurational(var section):
        section.potential = newValue
        self = .isoconfigurational(section)
      case .quasistaticShear(var section):
        section.potential = newValue
        self = .quasistaticShear(section)
      case .cageState(var section):
        section.potential = newValue
        self = .cageState(section)
      }
    }
  }
  var trajectory: [TrajectorySection] {
    switch self {
    case .minimize(let section): section.trajectory
    case .dynamics(let section): section.trajectory
    case .isoconfigurational, .cageState: []
    case .quasistaticShear(let section): section.trajectory
    }
  }
  var configurations: ConfigurationsSection? {
    switch self {
    case .isoconfigurational(let section): section.configurations
    case .cageState(let section): section.configurations
    case .minimize, .dynamics, .quasistaticShear: nil
    }
  }
  var thermo: ThermoSection? {
    switch self {
    case .minimize(let section): section.thermo
    case .dynamics(let section): section.thermo
    case .isoconfigurational, .quasistaticShear, .cageState: nil
    }
  }
  var observe: [ObservableSection] {
    switch self {
    case .minimize, .isoconfigurational, .quasistaticShear, .cageState: []
    case .dynamics(let section): section.observe
    }
  }
  var inherentStructures: InherentStructuresSection? {
    if case .dynamics(let section) = self { section.inherentStructures } else { nil }
  }
  var certificate: CertificateSection? {
    if case .dynamics(let section) = self { section.certificate } else { nil }
  }
}

extension DeckBody {
  /// A file that a stage writes, and where the deck says so.
  struct Output {
    var file: String
    var stage: String
    var mark: Mark
  }

  /// Every file of every stage, in order.
  var outputs: [Output] { stages.flatMap(\.outputs) }

  /// Gives names to stages and files that have none, and checks what concerns several stages at once.
  mutating func settle() throws(InputError) {
    for index in stages.indices { stages[index].fillNames(number: index + 1) }
    var names: Set<String> = []
    for stage in stages {
      if let name = stage.name, !names.insert(name).inserted {
        throw stage.marks["name"].error(
          "two stages are called '\(name)'; names must differ, since files are named for them")
      }
      try stage.checkMoments()
    }
    for (index, stage) in stages.enumerated() {
      switch stage {
      case .isoconfigurational(let section): try section.configurations?.check(stages[..<index])
      case .cageState(let section): try section.configurations?.check(stages[..<index])
      default: break
      }
    }
    var writers: [String: String] = [:]
    for output in outputs {
      if let other = writers.updateValue(output.stage, forKey: output.file) {
        let who =
          other == output.stage
          ? "the stage '\(other)' would write it twice"
          : "the stages '\(other)' and '\(output.stage)' would both write it"
        throw output.mark.error("the file '\(output.file)' has two writers: \(who). Give one another 'file'")
      }
      if RunFiles.reserved.contains(output.file) {
        throw output.mark.error("'\(output.file)' is a file that every run writes itself; choose another name")
      }
    }
  }
}

extension StageSection {
  /// The files that the stage writes.
  fileprivate var outputs: [DeckBody.Output] {
    let stage = name ?? ""
    var outputs: [DeckBody.Output] = []
    func add(_ file: String?, _ mark: Mark) {
      outputs.append(DeckBody.Output(file: file ?? "", stage: stage, mark: mark))
    }
    for section in trajectory { add(section.file, section.marks["file"]) }
    if let thermo { add(thermo.file, thermo.marks["file"]) }
    for section in observe {
      for file in section.request.files { add(file, section.marks["file"]) }
    }
    if !observe.isEmpty { add(summary, marks["observe"]) }
    if let certificate { add(certificate.file, certificate.marks["file"]) }
    if let inherentStructures {
      add(inherentStructures.file, inherentStructures.marks["file"])
      add(inherentStructures.table, inherentStructures.marks["table"])
    }
    if case .isoconfigurational(let section) = self {
      let marks = [section.marks["file"], section.marks["table"], section.marks["predictors"]]
      let files = section.stage(.lj, outputs: [:]).files
      // Of several configurations each has its files, and a table of all comes last.
      let each = section.predictors == nil ? 2 : 3
      for (k, file) in files.enumerated() {
        add(file, k == files.count - 1 && section.configurations != nil ? marks[1] : marks[k % each])
      }
    }
    if case .quasistaticShear(let section) = self { add(section.file, section.marks["table"]) }
    if case .cageState(let section) = self {
      for (k, file) in section.stage(.lj, outputs: [:]).files.enumerated() {
        add(file, section.marks[k % 2 == 0 ? "file" : "table"])
      }
    }
    return outputs
  }

  /// The file with all observables of the stage.
  var summary: String { "\(name ?? "")-observables.json" }

  fileprivate mutating func fillNames(number: Int) {
    func files(_ name: String, _ trajectory: inout [TrajectorySection], _ thermo: inout ThermoSection?) {
      for k in trajectory.indices where trajectory[k].file == nil { trajectory[k].file = name + ".nc" }
      if thermo != nil && thermo?.file == nil { thermo?.file = name + ".csv" }
    }
    switch self {
    case .minimize(var section):
      let name = section.name ?? "minimize-\(number)"
      section.name = name
      files(name, &section.trajectory, &section.thermo)
      self = .minimize(section)
    case .dynamics(var section):
      let name = section.name ?? "dynamics-\(number)"
      section.name = name
      files(name, &section.trajectory, &section.thermo)
      if section.certificate != nil, section.certificate?.file == nil {
        section.certificate?.file = name + "-certificate.json"
      }
      if section.inherentStructures != nil {
        if section.inherentStructures?.file == nil { section.inherentStructures?.file = name + "-inherent.nc" }
        if section.inherentStructures?.table == nil { section.inherentStructures?.table = name + "-inherent.csv" }
      }
      // Two of a kind are told apart by their numbers.
      var uses: [String: Int] = [:]
      for k in section.observe.indices where section.observe[k].file == nil {
        let suffix = section.observe[k].kind.suffix
        uses[suffix, default: 0] += 1
        let number = uses[suffix, default: 1]
        section.observe[k].file = "\(name)-\(suffix)\(number > 1 ? "-\(number)" : "").csv"
      }
      self = .dynamics(section)
    case .isoconfigurational(var section):
      let name = section.name ?? "isoconfigurational-\(number)"
      section.name = name
      if section.file == nil { section.file = name + "-propensity.extxyz" }
      if section.table == nil { section.table = name + "-propensity.csv" }
      if section.predictors == IsoconfigurationalSection.unnamed { section.predictors = name + "-predictors.csv" }
      self = .isoconfigurational(section)
    case .quasistaticShear(var section):
      let name = section.name ?? "shear-quasistatic-\(number)"
      section.name = name
      for k in section.trajectory.indices where section.trajectory[k].file == nil {
        section.trajectory[k].file = name + ".nc"
      }
      if section.file == nil { section.file = name + ".csv" }
      self = .quasistaticShear(section)
    case .cageState(var section):
      let name = section.name ?? "cage-state-\(number)"
      section.name = name
      if section.file == nil { section.file = name + "-cage.extxyz" }
      if section.table == nil { section.table = name + "-cage.csv" }
      self = .cageState(section)
    }
  }

  // Steps that the stage never reaches are a mistake in the deck more often than a wish.
  fileprivate func checkMoments() throws(InputError) {
    let (limit, what) =
      switch self {
      case .minimize(let section): (section.maximumSteps, "maximum-steps")
      case .dynamics(let section): (section.steps, "steps")
      case .isoconfigurational(let section): (section.steps, "steps")
      case .cageState(let section): (section.steps, "steps")
      case .quasistaticShear(let section): (section.stage.steps, section.strain == nil ? "amplitude" : "strain")
      }
    func check(_ trigger: Trigger?, _ mark: Mark) throws(InputError) {
      if case .at(let steps) = trigger, let last = steps.last, last > limit {
        throw mark.error(
          what == "steps" || what == "maximum-steps"
            ? "step \(last) is never reached: the stage has '\(what): \(limit)'"
            : "step \(last) is never reached: the stage has \(limit) steps, by its '\(what)' and 'strain-step'")
      }
    }
    for section in trajectory { try check(section.trigger, section.marks["at"]) }
    if let thermo { try check(thermo.trigger, thermo.marks["at"]) }
    if case .isoconfigurational(let section) = self {
      try check(section.trigger, section.marks["at"])
      if section.stage(.lj, outputs: [:]).times.isEmpty {
        throw section.marks["every"].error(
          "nothing is measured: 'every' is more than the \(section.steps) steps of a run")
      }
    }
    if let inherentStructures { try check(inherentStructures.trigger, inherentStructures.marks["at"]) }
    if case .dynamics(let section) = self, let momentum = section.momentumRemoval {
      try check(momentum.trigger, momentum.marks["at"])
    }
  }
}
