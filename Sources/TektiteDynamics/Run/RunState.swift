import TektiteCore

/// The whole state of a run between two steps: what a checkpoint holds. No wall time, no thread count and nothing of the machine is in it, so
/// that two runs that did the same have the same bytes.
struct RunState {
  private static let version = 3

  /// Index of the stage that goes on; the number of stages when the run is done.
  var stage = 0
  /// Steps (or iterations) of that stage that are done, with all that happens at them.
  var step = 0
  /// The deck as run, to be compared at a resume.
  var deck = ""
  var cell = Cell.open
  // By slot.
  var positions: [Vector3] = []
  var velocities: [Vector3] = []
  var forces: [Vector3] = []
  var masses: [Double] = []
  var species: [Int32] = []
  var images: [ImageCount] = []
  var identity: [Int32] = []
  /// Diameters by slot; empty where atoms have none.
  var diameters: [Double] = []
  /// Positions by slot when the neighbour list was built; empty between stages.
  var reference: [Vector3] = []
  /// The cell when the neighbour list was built.
  var referenceCell = Cell.open
  /// Running sums of the stage.
  var ledger = StageLedger()
  /// How far the outputs of the stage have got.
  var outputs: [String: OutputPosition] = [:]
  /// What an integrator remembers, empty for most.
  var integrator: [Double] = []
  /// What a minimiser keeps, empty in a dynamics stage.
  var minimizer: [UInt8] = []
  /// What the observer of a dynamics stage, or an isoconfigurational ensemble, has added up; empty without.
  var observations: [UInt8] = []
  /// The velocities, in the user's order, that return after a minimisation.
  var restingVelocities: [Vector3] = []

  /// An empty state.
  init() {}

  /// Whether the stage has begun: it has done its step 0.
  var isWithinStage: Bool { !reference.isEmpty }

  /// Copies a system.
  init(stage: Int, step: Int, deck: String, system: borrowing System) {
    self.stage = stage
    self.step = step
    self.deck = deck
    cell = system.cell
    referenceCell = cell
    positions = system.positions.array()
    velocities = system.velocities.array()
    masses = system.masses.array()
    species = system.species.array()
    images = system.images.array()
    identity = system.identity.array()
    diameters = system.diameters.array()
  }

  /// Puts the atoms back, slot by slot.
  func restore(_ system: inout System, file: String) throws(InputError) {
    let n = system.count
    func check(_ isRight: Bool, _ what: String) throws(InputError) {
      if !isRight {
        throw InputError(
          "the checkpoint does not fit the structure of the deck: \(what). Resume with the deck and structure "
            + "that the run was started with, or start anew with --overwrite.", file: file)
      }
    }
    try check(positions.count == n, "it holds \(positions.count) atoms, the structure \(n)")
    let counts = [velocities.count, masses.count, species.count, images.count, identity.count]
    try check(counts.allSatisfy { $0 == n }, "its arrays differ in length")
    try check(reference.isEmpty || reference.count == n, "its neighbour list is for \(reference.count) atoms")
    try check(restingVelocities.isEmpty || restingVelocities.count == n, "its arrays differ in length")
    try check(
      diameters.count == system.diameters.count && diameters.allSatisfy { $0 > 0 && $0.isFinite },
      "its diameters are not those of the structure's atoms")
    var seen = [Bool](repeating: false, count: n)
    for atom in identity {
      try check(atom >= 0 && Int(atom) < n && !seen[Int(atom)], "its order of atoms is not a permutation")
      seen[Int(atom)] = true
    }
    let topology = system.topology
    for slot in 0..<n {
      let atom = Int(identity[slot])
      try check(topology.species[atom] == species[slot], "atom \(atom + 1) is of another species")
      try check(topology.masses[atom] == masses[slot], "atom \(atom + 1) has another mass")
      try check(positions[slot].isFinite && velocities[slot].isFinite, "atom \(atom + 1) is nowhere")
    }
    try check(cell.validate() == nil && referenceCell.validate() == nil, "its cell makes no sense")
    try check(referenceCell.periodic == cell.periodic, "its cell was of another kind")
    system.cell = cell
    system.positions = Buffer(positions)
    system.velocities = Buffer(velocities)
    system.masses = Buffer(masses)
    system.species = Buffer(species)
    system.images = Buffer(images)
    system.identity = Buffer(identity)
    system.diameters = Buffer(diameters)
  }

  /// The sections of a checkpoint, always in the same order.
  var sections: [CheckpointSection] {
    func section(_ name: String, _ write: (inout ByteWriter) -> Void) -> CheckpointSection {
      var writer = ByteWriter()
      write(&writer)
      return CheckpointSection(name: name, bytes: writer.bytes)
    }
    // A cell that changes is another than that of the list.
    let ofList = section(Self.listCellName) { $0.put(referenceCell.vectors) }
    return [
      section("progress") {
        $0.put(Self.version)
        $0.put(stage)
        $0.put(step)
      },
      section("deck") { $0.put(deck) },
      section("cell") {
        $0.put(cell.vectors)
        for axis in 0..<3 { $0.put(cell.periodic[axis] ? 1 : 0) }
        // Checkpoints of three dimensions are older than those of two.
        if cell.isPlanar { $0.put(2) }
      },
      section("positions") { $0.put(positions) },
      section("velocities") { $0.put(velocities) },
      section("forces") { $0.put(forces) },
      section("masses") { $0.put(masses) },
      section("species") { $0.put(species) },
      section("images") { $0.put(images.flatMap { [$0.a, $0.b, $0.c] }) },
      section("identity") { $0.put(identity) },
      section("reference") { $0.put(reference) },
      section("ledger") { ledger.encode(into: &$0) },
      section("outputs") {
        $0.put(outputs.count)
        for (file, position) in outputs.sorted(by: { $0.key < $1.key }) {
          $0.put(file)
          $0.put(position.count)
          $0.put(position.bytes)
        }
      },
      section("integrator") { $0.put(integrator) },
      section("minimizer") {
        $0.put(minimizer.map(Int32.init))
        $0.put(restingVelocities)
      },
    ] + (referenceCell == cell ? [] : [ofList])
      + (diameters.isEmpty ? [] : [section(Self.diametersName) { $0.put(diameters) }])
      + (observations.isEmpty ? [] : [CheckpointSection(name: Self.observationsName, bytes: observations)])
  }

  /// The section with diameters, which only atoms that have them need.
  static let diametersName = "diameters"
  /// The section with the sums of observables, which only stages that observe something have.
  static let observationsName = "observations"
  /// The section with the cell of the neighbour list, where that is not the cell.
  private static let listCellName = "list cell"

  /// Reads the sections of a checkpoint.
  init(_ sections: [CheckpointSection], file: String) throws(InputError) {
    func read(_ name: String) throws(InputError) -> ByteReader {
      guard let section = sections.first(where: { $0.name == name }) else {
        throw InputError(
          "the checkpoint has no section '\(name)': it is damaged or not one of this program's. "
            + "Start the run anew with --overwrite.", file: file)
      }
      return ByteReader(section.bytes, file: file, section: name)
    }
    var reader = try read("progress")
    let version = try reader.int()
    guard version == Self.version else {
      throw InputError(
        "the checkpoint has format \(version); this program reads format \(Self.version). Resume with the version "
          + "of the program that wrote it.", file: file)
    }
    stage = try reader.int()
    step = try reader.int()
    guard stage >= 0, step >= 0 else { throw reader.malformed("a step before the start") }
    try reader.expectEnd()
    reader = try read("deck")
    deck = try reader.text()
    reader = try read("cell")
    let vectors = try reader.matrix()
    let periodic = [try reader.int(), try reader.int(), try reader.int()].map { $0 != 0 }
    let dimensions = reader.remaining > 0 ? try reader.int() : 3
    guard dimensions == 2 || dimensions == 3 else { throw reader.malformed("\(dimensions) dimensions") }
    cell = Cell(
      vectors, periodic: Periodicity(periodic[0], periodic[1], periodic[2]), dimensions: dimensions)
    reader = try read("positions")
    positions = try reader.vectors()
    reader = try read("velocities")
    velocities = try reader.vectors()
    reader = try read("forces")
    forces = try reader.vectors()
    reader = try read("masses")
    masses = try reader.doubles()
    reader = try read("species")
    species = try reader.int32s()
    reader = try read("images")
    let crossings = try reader.int32s()
    guard crossings.count % 3 == 0 else { throw reader.malformed("\(crossings.count) numbers, not three an atom") }
    images = stride(from: 0, to: crossings.count, by: 3).map {
      ImageCount(crossings[$0], crossings[$0 + 1], crossings[$0 + 2])
    }
    reader = try read("identity")
    identity = try reader.int32s()
    reader = try read("reference")
    reference = try reader.vectors()
    reader = try read("ledger")
    ledger = try StageLedger(from: &reader)
    try reader.expectEnd()
    reader = try read("outputs")
    let count = try reader.int()
    guard count >= 0, count <= reader.remaining / 24 else { throw reader.malformed("\(count) outputs") }
    for _ in 0..<count {
      let name = try reader.text()
      let position = OutputPosition(count: try reader.int(), bytes: try reader.int())
      guard position.count >= 0, position.bytes >= 0 else { throw reader.malformed("a negative length") }
      outputs[name] = position
    }
    try reader.expectEnd()
    reader = try read("integrator")
    integrator = try reader.doubles()
    try reader.expectEnd()
    reader = try read("minimizer")
    minimizer = try reader.int32s().map { UInt8(truncatingIfNeeded: $0) }
    restingVelocities = try reader.vectors()
    try reader.expectEnd()
    if sections.contains(where: { $0.name == Self.diametersName }) {
      reader = try read(Self.diametersName)
      diameters = try reader.doubles()
      try reader.expectEnd()
    }
    referenceCell = cell
    if sections.contains(where: { $0.name == Self.listCellName }) {
      reader = try read(Self.listCellName)
      referenceCell.vectors = try reader.matrix()
      try reader.expectEnd()
    }
    observations = sections.first { $0.name == Self.observationsName }?.bytes ?? []
  }
}

/// The running sums of a stage that have to survive an interruption.
struct StageLedger: Hashable {
  /// Heat taken up since the stage began, energy.
  var heat = 0.0
  /// The conserved energy at step 0 of the stage.
  var conservedAtStart = 0.0
  /// The kinetic temperature at step 0 of the stage, energy.
  var temperatureAtStart = 0.0
  /// The largest force at step 0 of the stage.
  var forceAtStart = 0.0
  /// The total momentum at step 0 of the stage.
  var momentumAtStart = Vector3.zero
  /// How often the neighbour list was built.
  var rebuilds = 0
  /// Trial exchanges since the stage began.
  var exchanges = ExchangeCount()

  init() {}

  func encode(into bytes: inout ByteWriter) {
    bytes.put(heat)
    bytes.put(conservedAtStart)
    bytes.put(temperatureAtStart)
    bytes.put(forceAtStart)
    bytes.put(momentumAtStart)
    bytes.put(rebuilds)
    bytes.put(exchanges.tried)
    bytes.put(exchanges.accepted)
  }

  init(from bytes: inout ByteReader) throws(InputError) {
    heat = try bytes.double()
    conservedAtStart = try bytes.double()
    temperatureAtStart = try bytes.double()
    forceAtStart = try bytes.double()
    momentumAtStart = try bytes.vector()
    rebuilds = try bytes.int()
    exchanges.tried = try bytes.int()
    exchanges.accepted = try bytes.int()
  }
}
