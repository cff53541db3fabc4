import Foundation
import TektiteCore
import TektiteDynamics
import TektitePotentials
import Testing

@testable import TektiteDecks

@Suite("Good decks")
struct GoodDeckTests {
  @Test("Every good deck decodes and plans", arguments: DeckDocuments.good)
  func accepted(_ path: String) throws {
    let deck = try Deck(contentsOf: path)
    let plan = try deck.plan()
    #expect(plan.models.count == plan.stages.count)
    #expect(plan.structure.frame.positions.count == plan.structure.count && plan.structure.count > 0)
    #expect(plan.hashes["deck"]?.count == 64)
  }

  @Test("The spelled-out deck decodes to an equal deck, from any folder", arguments: DeckDocuments.good)
  func roundTrip(_ path: String) throws {
    let deck = try Deck(contentsOf: path)
    let again = try Deck(text: deck.spelledOut, path: "/elsewhere/deck.yaml")
    #expect(again == deck, "\(deck.spelledOut)")
    #expect(again.spelledOut == deck.spelledOut)
    let plan = try deck.plan()
    let second = try Deck(text: plan.deckText, path: "/elsewhere/deck.yaml").plan()
    #expect(second.structure == plan.structure)
    #expect(second.stages == plan.stages)
    #expect(second.temperature == plan.temperature && second.seed == plan.seed && second.title == plan.title)
    #expect(second.deckText == plan.deckText)
    #expect(!plan.deckText.contains("as-defined"))
  }

  @Test("Defaults are written out")
  func spelled() throws {
    let deck = try Deck(contentsOf: DeckDocuments.folder + "/good/minimal.yaml")
    let text = deck.spelledOut
    for line in [
      "title: minimal", "seed: 1", "frame: last", "velocities: keep", "algorithm: fire", "force-tolerance: 1e-06",
      "maximum-steps: 10000",
      "trajectory: none", "thermo: none", "skin: auto", "name: minimize-1",
    ] { #expect(text.contains(line), "\(line) in\n\(text)") }
    #expect(
      text.contains("structure: \"\(DeckDocuments.folder)/good/start.extxyz\"") || text.contains("good/start.extxyz"))
  }

  @Test("Two decks that differ in one value are not equal")
  func different() throws {
    let path = DeckDocuments.folder + "/good/contract.yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let deck = try Deck(text: text, path: path)
    for (old, new) in [
      ("0.005\n      steps: 200", "0.004\n      steps: 200"), ("A: 800", "A: 801"), ("block: 100_000", "block: 10_000"),
      ("friction: 1.0", "friction: 2.0"),
    ] {
      let other = try Deck(text: text.replacing(old, with: new), path: path)
      #expect(other != deck, "\(old)")
    }
  }

  @Test("The deck of the contract becomes the plan it describes")
  func contract() throws {
    let plan = try Deck(contentsOf: DeckDocuments.folder + "/good/contract.yaml").plan()
    #expect(plan.units == .lj && plan.seed == 2026 && plan.temperature == 0.45)
    #expect(plan.structure.count == 1000 && plan.structure.topology.composition == [800, 200])
    // 1000 atoms at density 1.2 in a cube; the last bits come from a cube root.
    #expect(abs((plan.structure.frame.cell.volume ?? 0) - 1000 / 1.2) < 1e-9)
    guard case .minimize(let minimize) = plan.stages[0], case .dynamics(let equilibrate) = plan.stages[1],
      case .dynamics(let production) = plan.stages[2]
    else {
      Issue.record("wrong stages")
      return
    }
    #expect(minimize.algorithm == .fire && minimize.forceTolerance == 1e-6 && minimize.name == "minimize-1")
    #expect(equilibrate.thermostat == .langevin(temperature: .constant(0.45), friction: 1))
    #expect(equilibrate.steps == 200_000 && equilibrate.timestep == 0.005 && equilibrate.trajectories.isEmpty)
    #expect(equilibrate.checkpoint == .seconds(600))
    #expect(production.thermostat == .none)
    #expect(
      production.trajectories == [
        TrajectoryOutput(
          file: "production.nc", trigger: .logarithmic(perDecade: 10, block: 100_000), fields: [.velocities, .forces])
      ])
    #expect(production.thermo == ThermoOutput(file: "production.csv", trigger: .every(1000)))
  }

  @Test("Real units become Å, eV, amu and internal time")
  func realUnits() throws {
    let plan = try Deck(contentsOf: DeckDocuments.folder + "/good/argon.yaml").plan()
    // The constants from the definitions of the SI and the atomic mass unit of CODATA 2018.
    let k = 1.380_649e-23 / 1.602_176_634e-19
    let fs = (1.660_539_066_60e-27 / 1.602_176_634e-19).squareRoot() * 1e5
    // Products and quotients of a few numbers, each rounded.
    func close(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) <= 4e-15 * abs(b) } ?? false }
    #expect(plan.seed == .max)
    #expect(close(plan.temperature, 94.4 * k))
    // 1.374 g/cm³ is 0.8274 amu/Å³; 108 atoms of 39.95 amu. Avogadro's number is exact, so only rounding remains.
    let cell = plan.structure.frame.cell
    #expect(abs(abs(cell.vectors.determinant) - 108 * 39.95 / (1.374 * 0.602_214_076)) < 1e-9)
    #expect(cell.periodic == Periodicity(true, true, false))
    #expect(abs(plan.structure.topology.masses[0] - 39.95) < 1e-12)
    guard case .minimize(let minimize) = plan.stages[0], case .dynamics(let ramp) = plan.stages[1],
      case .dynamics(let last) = plan.stages[2]
    else {
      Issue.record("wrong stages")
      return
    }
    // 1 kcal/mol = 4184 J / 6.02214076e23 = 0.0433641 eV.
    #expect(abs(minimize.forceTolerance - 0.043_364_104) < 1e-9 && minimize.maximumSteps == 100)
    #expect(minimize.skin == 1 && minimize.thermo?.file == "minimize-1.csv" && minimize.thermo?.trigger == .every(10))
    #expect(close(ramp.timestep, 10 / fs) && close(last.timestep, 1.5 / fs))
    guard case .langevin(.ramp(let from, let to), let friction) = ramp.thermostat else {
      Issue.record("no ramp")
      return
    }
    #expect(close(from, 200 * k) && close(to, 94.4 * k) && close(friction, 0.001 * fs))
    // hartree/bohr in eV/Å from CODATA 2018.
    #expect(abs((ramp.limits.force ?? 0) - 51.422_067_476) < 1e-7)
    #expect(close(ramp.limits.temperature, 10000 * k) && close(ramp.limits.displacement, 0.5))
    #expect(ramp.momentumRemoval == .every(100) && ramp.trajectories.map(\.file) == ["dynamics-2.nc", "last.extxyz"])
    #expect(ramp.trajectories[0].fields == [.forces, .velocities] && !ramp.trajectories[1].unwrapped)
    #expect(ramp.trajectories[1].trigger == .at([0, 10, 1000]) && ramp.trajectories[1].format == .extendedXYZ)
    #expect(last.thermostat == .none && last.thermo == nil && last.skin == nil && last.checkpoint == .every(500))
    #expect(close(last.velocities, 94.4 * k) && last.name == "constant energy")
  }

  @Test("Every thermostat gets temperatures as k_B T and times in internal units, and the default chain is written out")
  func thermostats() throws {
    let deck = try Deck(contentsOf: DeckDocuments.folder + "/good/thermostats.yaml")
    let (k, fs) = (Units.real.boltzmann, Units.real.femtoseconds)
    let found = try deck.plan().stages.map { stage -> Thermostat in
      guard case .dynamics(let dynamics) = stage else { return .none }
      return dynamics.thermostat
    }
    #expect(
      found == [
        .csvr(temperature: .piecewise([.init(step: 0, value: k * 300), .init(step: 10, value: 0)]), time: 100 / fs),
        .noseHoover(temperature: .ramp(from: k * 200, to: k * 94.4), time: 500 / fs, chain: 3),
        .noseHoover(temperature: .constant(k * 94.4), time: 200 / fs, chain: 5),
        .brownian(temperature: .constant(k * 94.4), friction: 0.001 * fs),
        .langevin(temperature: .constant(k * 94.4), friction: 0.001 * fs),
      ])
    #expect(deck.spelledOut.contains("chain: 3") && deck.spelledOut.contains("chain: 5"))
    #expect(deck.spelledOut.components(separatedBy: "chain:").count == 3, "no other thermostat has a chain")
  }

  @Test("Masses: the deck's, then the file's, then the model's")
  func masses() throws {
    let plan = try Deck(contentsOf: DeckDocuments.folder + "/good/potentials.yaml").plan()
    // The file says nothing, so A has the mass of models/mine.yaml; the deck gives B its own.
    #expect(plan.structure.topology.table.map(\.mass) == [3, 2.5])
    #expect(Set(plan.structure.topology.masses) == [3, 2.5])
    #expect(plan.structure.frame.cell.periodic == .none)
    #expect(plan.hashes.keys.sorted().contains("potential_kob-andersen-smooth") && plan.hashes["structure"] != nil)
    #expect(plan.models.map { $0 is SumModel } == [false, true])
  }

  @Test("Trajectories that runs start from are among the hashes of what went in")
  func configurations() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tektite-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let frames = "2\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3\nA 1 1 1\nB 3 1 1\n"
    try Data(frames.utf8).write(to: folder.appendingPathComponent("starts.extxyz"))
    let text = """
      units: lj
      system: {structure: starts.extxyz, masses: {A: 1, B: 1}}
      potential: kob-andersen
      stages:
        - isoconfigurational: {name: of others, runs: 2, temperature: 1, timestep: 0.004, steps: 10, configurations: {file: starts.extxyz, count: 1}}
      """
    let hashes = try Deck(text: text, path: folder.path + "/deck.yaml").plan().hashes
    #expect(hashes["configurations_of_others"] != nil && hashes["configurations_of_others"] == hashes["structure"])
  }

  @Test("A deck without a title is called after its file")
  func title() throws {
    #expect(try Deck(contentsOf: DeckDocuments.folder + "/good/minimal.yaml").title == "minimal")
  }
}
