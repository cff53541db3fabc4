import Tektite
import Testing

@testable import TektiteDynamics

/// The stages that most tests run.
enum Stages {
  static func langevin(_ steps: Int = 300, name: String = "equilibrate") -> DynamicsStage {
    var stage = DynamicsStage(name: name, timestep: 0.004, steps: steps)
    stage.thermostat = .langevin(temperature: .ramp(from: 0.9, to: 0.5), friction: 1)
    stage.trajectories = [
      TrajectoryOutput(
        file: "\(name).nc", trigger: .logarithmic(perDecade: 5, block: 70), fields: [.velocities, .forces])
    ]
    stage.thermo = ThermoOutput(file: "\(name).csv", trigger: .every(9))
    stage.momentumRemoval = .every(37)
    return stage
  }

  static func constantEnergy(_ steps: Int = 250, name: String = "produce") -> DynamicsStage {
    var stage = DynamicsStage(name: name, timestep: 0.004, steps: steps)
    stage.trajectories = [
      TrajectoryOutput(file: "\(name).extxyz", trigger: .every(20)),
      TrajectoryOutput(file: "\(name)-log.nc", trigger: .logarithmic(perDecade: 10, block: nil)),
    ]
    stage.thermo = ThermoOutput(file: "\(name).csv", trigger: .at([1, 5, 77, 200, 250]))
    return stage
  }

  static func minimize(_ algorithm: MinimizeStage.Algorithm, name: String = "relax") -> MinimizeStage {
    var stage = MinimizeStage(name: name, forceTolerance: 1e-6)
    stage.algorithm = algorithm
    stage.thermo = ThermoOutput(file: "\(name).csv", trigger: .every(1))
    stage.trajectories = [TrajectoryOutput(file: "\(name).extxyz", trigger: .every(10))]
    return stage
  }

  static var all: [Stage] {
    [
      .minimize(minimize(.fire)), .dynamics(langevin()), .minimize(minimize(.lbfgs, name: "quench")),
      .dynamics(constantEnergy()),
    ]
  }
}

@Suite("Simulations")
struct SimulationTests {
  @Test("A run leaves its frames, rows, records and a checkpoint")
  func wholeRun() throws {
    let store = MemoryStore()
    let plan = try Fixture.plan(Stages.all)
    #expect(try store.run(plan) == .finished)
    for stage in plan.stages {
      guard case .dynamics(let dynamics) = stage else { continue }
      for output in dynamics.trajectories {
        let steps = (0...dynamics.steps).filter { output.trigger.fires(at: $0) }
        #expect(store.frames[output.file]?.map(\.step) == steps)
        #expect(store.frames[output.file]?.allSatisfy { $0.time == Double($0.step) * 0.004 } == true)
        let first = store.frames[output.file]?.first
        #expect(first?.velocities.count == (output.fields.contains(.velocities) ? 32 : 0))
        #expect(first?.forces.count == (output.fields.contains(.forces) ? 32 : 0))
      }
      let thermo = try #require(dynamics.thermo)
      let steps = (0...dynamics.steps).filter { thermo.trigger.fires(at: $0) }
      #expect(store.rows[thermo.file]?.map { Int(Double(bitPattern: $0[0])) } == steps)
    }
    let record = try #require(store.texts["run.json"])
    let stages = RunRecord.stages(in: record)
    #expect(stages.map(\.name) == ["relax", "equilibrate", "quench", "produce"])
    #expect(stages.map(\.kind) == ["minimize", "dynamics", "minimize", "dynamics"])
    #expect(stages.map(\.steps)[1] == 300 && stages.map(\.steps)[3] == 250)
    #expect(stages[0].ending == "converged" && stages[2].ending == "converged")
    #expect(record.contains("\"status\" : \"finished\""))
    #expect(store.texts["deck.yaml"] == plan.deckText)
    let state = try RunState(try #require(store.checkpoint), file: "")
    #expect(state.stage == 4 && state.step == 0)
  }

  @Test("A row holds what its columns say")
  func thermoRow() throws {
    let store = MemoryStore()
    try store.run(try Fixture.plan([.dynamics(Stages.constantEnergy())], temperature: 0.6))
    for bits in try #require(store.rows["produce.csv"]) {
      let row = bits.map(Double.init(bitPattern:))
      #expect(row.count == 15)
      #expect(abs(row[1] - 0.004 * row[0]) < 1e-12)
      #expect(abs(row[2] - 2 * row[4] / 93) < 1e-12, "three degrees of freedom are gone with the momentum")
      #expect(abs(row[5] - row[3] - row[4]) < 1e-12)
      #expect(row[6] == row[5], "without a thermostat the conserved energy is the total")
      #expect(abs(row[7] + (row[8] + row[9] + row[10]) / 3) < 1e-12)
      #expect(abs(row[14]) < 1e-3, "drift an atom")
    }
    let first = try #require(store.rows["produce.csv"]?.first).map(Double.init(bitPattern:))
    #expect(abs(first[2] - 0.6) < 1e-12)
    #expect(first[14] == 0)
  }

  static let thermostats: [(thermostat: Thermostat, freedom: Double)] = [
    (.csvr(temperature: .constant(0.9), time: 0.1), 93),
    (.noseHoover(temperature: .constant(0.9), time: 0.1, chain: 3), 93),
    (.brownian(temperature: .constant(0.9), friction: 160), 96),
  ]

  @Test("Temperature and conserved energy of a row count degrees of freedom and heat", arguments: thermostats)
  func thermostatRow(_ entry: (thermostat: Thermostat, freedom: Double)) throws {
    var stage = Stages.langevin(400)
    stage.thermostat = entry.thermostat
    stage.timestep = 0.002
    let store = MemoryStore()
    try store.run(try Fixture.plan([.dynamics(stage)], temperature: 0.5))
    let rows = try #require(store.rows["equilibrate.csv"]).map { $0.map(Double.init(bitPattern:)) }
    for row in rows {
      #expect(abs(row[2] - 2 * row[4] / entry.freedom) < 1e-12)
      #expect(abs(row[14] - (row[6] - rows[0][6]) / 32) < 1e-12)
      // Heating from 0.5 to 0.9 takes 0.6 and more an atom; the integrators lose a hundredth of that at most.
      #expect(abs(row[14]) < 0.01, "drift an atom at step \(row[0])")
    }
    let last = try #require(rows.last)
    #expect(abs(last[5] - rows[0][5]) > 32 * 0.3, "the total energy must have changed for this to test anything")
  }

  @Test("Outputs, checkpoints and threads do not change a bit of the trajectory")
  func outputsDoNotAlter() throws {
    func end(_ stages: [Stage], threads: Int = 1) throws -> [CheckpointSection] {
      let store = MemoryStore()
      try store.run(try Fixture.plan(stages), threads: threads)
      return try #require(store.checkpoint)
    }
    var silent = Stages.langevin()
    silent.trajectories = []
    silent.thermo = nil
    var chatty = Stages.langevin()
    chatty.trajectories.append(TrajectoryOutput(file: "each.nc", trigger: .every(1), fields: [.velocities, .forces]))
    chatty.thermo = ThermoOutput(file: "each.csv", trigger: .every(1))
    chatty.checkpoint = .every(13)
    let tail = Stage.dynamics(Stages.constantEnergy(50))
    let reference = try end([.dynamics(silent), tail])
    #expect(try end([.dynamics(chatty), tail]) == reference)
    #expect(try end([.dynamics(Stages.langevin()), tail]) == reference)
    #expect(try end([.dynamics(chatty), tail], threads: 2) == reference)
  }

  @Test("A second stage does not meet the noise of the first")
  func freshNoise() throws {
    var first = DynamicsStage(name: "a", timestep: 0.004, steps: 1)
    first.thermostat = .langevin(temperature: .constant(1), friction: 1e3)
    first.trajectories = [TrajectoryOutput(file: "a.nc", trigger: .every(1), fields: [.velocities])]
    var second = first
    second.name = "b"
    second.trajectories = [TrajectoryOutput(file: "b.nc", trigger: .every(1), fields: [.velocities])]
    let store = MemoryStore()
    try store.run(try Fixture.plan([.dynamics(first), .dynamics(second)]))
    // Friction this strong leaves nothing but the noise, so equal noise would mean nearly equal velocities.
    let a = try #require(store.frames["a.nc"]?.last).velocities
    let b = try #require(store.frames["b.nc"]?.last).velocities
    let difference = zip(a, b).map { ($0 - $1).length }.max() ?? 0
    #expect(difference > 1)
  }

  @Test("Velocities survive a minimisation")
  func restingVelocities() throws {
    var stage = Stages.constantEnergy(0)
    stage.trajectories = [TrajectoryOutput(file: "v.nc", trigger: .every(1), fields: [.velocities])]
    let (with, without) = (MemoryStore(), MemoryStore())
    try with.run(try Fixture.plan([.minimize(Stages.minimize(.fire)), .dynamics(stage)]))
    try without.run(try Fixture.plan([.dynamics(stage)]))
    let a = try #require(with.frames["v.nc"]?.first).velocities
    let b = try #require(without.frames["v.nc"]?.first).velocities
    // Removing the motion of the centre of mass once more changes the last bits.
    #expect(a.count == 32)
    for (u, v) in zip(a, b) { #expect((u - v).length < 1e-13) }
  }

  @Test("A potential whose forces are no gradient needs a thermostat")
  func nonConservative() throws {
    struct Curl: PotentialModel {
      var name: String { "curl" }
      func makePotential(for table: [Species]) throws(PotentialError) -> AnyPotential { AnyPotential(Worker()) }
      struct Worker: Potential, ~Copyable {
        var requirements: PotentialRequirements {
          PotentialRequirements(cutoff: 1, quantities: .forces, conservative: false, lists: .edges)
        }
        mutating func reserveCapacity(atoms: Int, edges: Int) {}
        mutating func evaluate(
          _ quantities: Quantities, of configuration: borrowing Configuration, neighbors: borrowing Neighborhood,
          into evaluation: inout Evaluation, in context: ExecutionContext
        ) throws(PotentialError) {}
      }
    }
    let refused = try Fixture.plan([.dynamics(Stages.constantEnergy())], model: Curl())
    #expect { try MemoryStore().run(refused) } throws: { "\($0)".contains("thermostat") }
    let store = MemoryStore()
    let accepted = try Fixture.plan([.dynamics(Stages.langevin(20))], model: Curl())
    #expect(try store.run(accepted) == .finished)
    let row = try #require(store.rows["equilibrate.csv"]?.first).map(Double.init(bitPattern:))
    #expect(row[3].isNaN && row[7].isNaN && row[2] > 0, "no energy and no pressure, but a temperature")
  }

  @Test("Plans that cannot be run are refused before anything is written")
  func refusedPlans() throws {
    func refusal(_ plan: SimulationPlan) -> String {
      let store = MemoryStore()
      do {
        try store.run(plan)
        return "accepted"
      } catch {
        return store.texts.isEmpty ? "\(error)" : "written to"
      }
    }
    let stages: [Stage] = [.dynamics(Stages.constantEnergy())]
    var structure = Fixture.crystal()
    structure.frame.positions[3].y = .nan
    #expect(refusal(try Fixture.plan(stages, structure: structure)).contains("atom 3 has a position"))
    structure = Fixture.crystal()
    structure.topology.masses[4] = 0
    #expect(refusal(try Fixture.plan(stages, structure: structure)).contains("atom 4 has mass"))
    let other = Fixture.crystal(species: [Species("Q")])
    #expect(refusal(try Fixture.plan(stages, structure: other)).contains("no parameters for species 'Q'"))
    #expect(refusal(try Fixture.plan(stages + stages)).contains("two outputs"))
    #expect(
      refusal(try Fixture.plan([.dynamics(DynamicsStage(name: "x", timestep: 0, steps: 1))])).contains("timestep"))
    let thermostats: [(Thermostat, String)] = [
      (.csvr(temperature: .constant(-1), time: 1), "temperature"), (.csvr(temperature: .constant(1), time: -1), "time"),
      (.langevin(temperature: .constant(.nan), friction: 1), "temperature"),
      (.noseHoover(temperature: .ramp(from: 1, to: 0), time: 1, chain: 3), "temperature 0"),
      (.noseHoover(temperature: .constant(1), time: 0, chain: 3), "time of 0"),
      (.noseHoover(temperature: .constant(1), time: 1, chain: 0), "0 links"),
      (.brownian(temperature: .constant(1), friction: 0), "friction of 0"),
    ]
    for (thermostat, words) in thermostats {
      var stage = Stages.constantEnergy()
      stage.thermostat = thermostat
      #expect(refusal(try Fixture.plan([.dynamics(stage)])).contains(words), "\(thermostat)")
    }
  }
}
