import Tektite
import Testing

@testable import TektiteDynamics

@Suite("Checkpoint and resume")
struct ResumeTests {
  private static func plan(checkpointEvery interval: Int = 41) throws -> SimulationPlan {
    var langevin = Stages.langevin()
    langevin.checkpoint = .every(interval)
    langevin.velocities = 1.1
    var produce = Stages.constantEnergy()
    produce.checkpoint = .every(interval + 3)
    return try Fixture.plan([
      .minimize(Stages.minimize(.fire)), .dynamics(langevin), .minimize(Stages.minimize(.lbfgs, name: "quench")),
      .dynamics(produce),
    ])
  }

  private static func uninterrupted() throws -> MemoryStore {
    let store = MemoryStore()
    #expect(try store.run(try plan()) == .finished)
    return store
  }

  @Test(
    "A run that stops at any checkpoint and resumes is the same run, with one thread and with two", arguments: [1, 2])
  func stopAndResume(threads: Int) throws {
    let reference = try Self.uninterrupted()
    #expect(reference.saves > 12)
    let plan = try Self.plan()
    for save in 1..<reference.saves {
      let store = MemoryStore()
      let interruption = Interruption()
      store.onSave = { if $0 == save { interruption.request(signal: 15) } }
      let outcome = try store.run(plan, interruption: interruption)
      #expect(outcome == .interrupted(signal: 15), "save \(save)")
      store.onSave = { _ in }
      #expect(try store.run(plan, threads: threads, resume: true) == .finished)
      #expect(store.holdsTheSame(as: reference), "stopped at save \(save)")
    }
  }

  static let thermostats: [Thermostat] = [
    .csvr(temperature: .ramp(from: 0.9, to: 0.5), time: 0.1),
    .noseHoover(temperature: .ramp(from: 0.9, to: 0.5), time: 0.1, chain: 4),
    .brownian(temperature: .ramp(from: 0.9, to: 0.5), friction: 20),
  ]

  @Test("A run under any thermostat that stops at any checkpoint and resumes is the same run", arguments: thermostats)
  func thermostatStopAndResume(_ thermostat: Thermostat) throws {
    var first = Stages.langevin(150)
    first.thermostat = thermostat
    first.checkpoint = .every(17)
    if !thermostat.conservesMomentum { first.momentumRemoval = nil }
    // A second stage of the same kind, which must start afresh.
    var second = first
    second.name = "again"
    second.trajectories = []
    second.thermo = ThermoOutput(file: "again.csv", trigger: .every(10))
    let plan = try Fixture.plan([.dynamics(first), .dynamics(second)])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    #expect(reference.saves > 16)
    try reference.expectTheSameWhereverItStops(plan)
  }

  @Test("Memory of an integrator that the thermostat does not have, or of an older format, is refused")
  func foreignMemory() throws {
    var stage = Stages.langevin()
    stage.thermostat = .noseHoover(temperature: .constant(0.7), time: 0.1, chain: 3)
    stage.checkpoint = .every(50)
    let plan = try Fixture.plan([.dynamics(stage)])
    func stopped() throws -> MemoryStore {
      let store = MemoryStore()
      let interruption = Interruption()
      store.onSave = { if $0 == 2 { interruption.request() } }
      try store.run(plan, interruption: interruption)
      store.onSave = { _ in }
      return store
    }
    for memory in [[], [1.0, 2, 3, 4], [1, 2, 3, 4, 5, .infinity]] {
      let store = try stopped()
      var state = try RunState(try #require(store.checkpoint), file: "")
      #expect(state.integrator.count == 6 && !state.integrator.contains(0))
      state.integrator = memory
      store.checkpoint = state.sections
      #expect { try store.run(plan, resume: true) } throws: {
        ($0 as? InputError)?.message.contains("does not fit the thermostat") ?? false
      }
    }
    let store = try stopped()
    let place = try #require(store.checkpoint?.firstIndex { $0.name == "progress" })
    store.checkpoint?[place].bytes[0] = 1
    #expect { try store.run(plan, resume: true) } throws: {
      ($0 as? InputError)?.message.contains("format 1; this program reads format 3") ?? false
    }
  }

  @Test("A run that fails at any moment resumes from its last checkpoint to the same end")
  func killAndResume() throws {
    let reference = try Self.uninterrupted()
    let plan = try Self.plan()
    try reference.expectTheSameHoweverOftenItFails(plan, runs: 12, seed: 99)
  }

  @Test(
    "An interruption at any row of a minimisation resumes to the same end", arguments: MinimizeStage.Algorithm.allCases)
  func minimisation(_ algorithm: MinimizeStage.Algorithm) throws {
    let plan = try Fixture.plan([.minimize(Stages.minimize(algorithm)), .dynamics(Stages.constantEnergy(30))])
    let reference = MemoryStore()
    try reference.run(plan)
    let iterations = try #require(reference.rows["relax.csv"]).count
    #expect(iterations > 8)
    for stop in stride(from: 1, to: iterations - 1, by: max(1, iterations / 7)) {
      let store = MemoryStore()
      let interruption = Interruption()
      store.onWrite = { [unowned store] _ in
        if store.rows["relax.csv"]?.count == stop { interruption.request() }
      }
      #expect(try store.run(plan, interruption: interruption) == .interrupted(signal: 2))
      store.onWrite = { _ in }
      #expect(try store.run(plan, resume: true) == .finished)
      #expect(store.holdsTheSame(as: reference), "stopped at iteration \(stop)")
    }
  }

  @Test("A finished run that is resumed stays as it is")
  func finished() throws {
    let store = try Self.uninterrupted()
    let before = store.checkpoint
    #expect(try store.run(try Self.plan(), resume: true) == .finished)
    #expect(store.checkpoint == before)
    let reference = try Self.uninterrupted()
    #expect(store.holdsTheSame(as: reference))
    #expect(RunRecord.stages(in: store.texts["run.json"]).count == 4)
  }

  @Test("A folder that holds a run is not overwritten unasked")
  func occupied() throws {
    let store = try Self.uninterrupted()
    #expect { try store.run(try Self.plan()) } throws: {
      guard let error = $0 as? InputError else { return false }
      return error.message.contains("--resume") && error.message.contains("--overwrite")
    }
  }

  @Test("Another deck or other atoms are refused")
  func otherDeck() throws {
    let store = try Self.uninterrupted()
    var plan = try Self.plan()
    plan.deckText = "title: test\nseed: 12\n"
    #expect { try store.run(plan, resume: true) } throws: {
      guard let error = $0 as? InputError else { return false }
      return error.message.contains("seed: 12") && error.message.contains("line 2")
    }
    plan = try Self.plan()
    plan.structure = Fixture.crystal(cells: 3)
    #expect { try store.run(plan, resume: true) } throws: { ($0 as? InputError)?.message.contains("32 atoms") ?? false }
    plan.structure = Fixture.crystal()
    plan.structure.topology.masses[3] = 2
    #expect { try store.run(plan, resume: true) } throws: { ($0 as? InputError)?.message.contains("atom 4") ?? false }
  }

  @Test("An output that lost frames is not gone on with")
  func truncatedOutput() throws {
    let store = MemoryStore()
    let interruption = Interruption()
    store.onSave = { if $0 == 6 { interruption.request() } }
    try store.run(try Self.plan(), interruption: interruption)
    store.onSave = { _ in }
    store.rows["equilibrate.csv"]?.removeLast()
    let saved = store.checkpoint
    #expect(throws: InputError.self) { try store.run(try Self.plan(), resume: true) }
    #expect(store.checkpoint == saved)
  }

  @Test("Damaged sections are refused with an error, never a trap")
  func damagedSections() throws {
    let store = MemoryStore()
    let interruption = Interruption()
    store.onSave = { if $0 == 6 { interruption.request() } }
    try store.run(try Self.plan(), interruption: interruption)
    let sections = try #require(store.checkpoint)
    let plan = try Self.plan()
    var random = Fixture.Jitter(seed: 5)
    var refused = 0
    for _ in 0..<3000 {
      var damaged = sections
      let k = random.int(in: 0...damaged.count - 1)
      let count = damaged[k].bytes.count
      switch random.int(in: 0...3) {
      case 0: damaged[k].bytes.removeLast(random.int(in: 0...count))
      case 1: damaged[k].bytes += [UInt8](repeating: 7, count: random.int(in: 1...40))
      case 2: damaged.remove(at: k)
      default:
        for _ in 0..<random.int(in: 1...8) where count > 0 {
          damaged[k].bytes[random.int(in: 0...count - 1)] = UInt8(random.int(in: 0...255))
        }
      }
      do throws(InputError) {
        let state = try RunState(damaged, file: "damaged")
        var system = System(plan.structure, units: .lj)
        try state.restore(&system, file: "damaged")
      } catch {
        refused += 1
        #expect(!error.message.isEmpty)
      }
    }
    #expect(refused > 1000)
  }

  @Test("Sections come back as they were")
  func roundTrip() throws {
    var state = RunState()
    state.stage = 3
    state.step = 1 << 40
    state.deck = "title: Ångström\n"
    state.cell = Cell(.identity, periodic: Periodicity(true, false, true))
    state.positions = [Vector3(1, -0.0, .leastNonzeroMagnitude)]
    state.images = [ImageCount(-1, 2, .max)]
    state.ledger.heat = .leastNormalMagnitude
    state.outputs = ["b": OutputPosition(count: 1, bytes: 2), "a": OutputPosition(count: 3, bytes: 4)]
    state.minimizer = [0, 255, 7]
    state.integrator = [-0.0, .leastNonzeroMagnitude, 3]
    let again = try RunState(state.sections, file: "")
    #expect(again.sections == state.sections)
    #expect(again.images == state.images)
    #expect(again.integrator == state.integrator)
    #expect(again.outputs == state.outputs)
    #expect(again.deck == state.deck)
  }
}
