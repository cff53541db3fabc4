import Tektite
import Testing

@testable import TektiteDynamics

@Suite("The guard")
struct GuardTests {
  private static func report(_ plan: SimulationPlan, _ store: MemoryStore = MemoryStore()) throws -> UnphysicalReport {
    let outcome = try store.run(plan)
    guard case .unphysical(let report) = outcome else {
      throw InputError("the run ended with \(outcome)", file: "test")
    }
    #expect(store.texts["forensics.json"] == report.json)
    let frame = try #require(store.frames["forensics.extxyz"]?.first)
    #expect(frame.step == report.lastGoodStep)
    #expect(frame.positions.allSatisfy(\.isFinite) && frame.velocities.allSatisfy(\.isFinite))
    #expect(store.texts["run.json"]?.contains("unphysical") == true)
    return report
  }

  @Test("Two atoms on top of each other: an overlap in the start, with the pair")
  func overlap() throws {
    var structure = Fixture.crystal()
    structure.frame.positions[20] = structure.frame.positions[9] + Vector3(0.05, 0.05, 0.05)
    let report = try Self.report(try Fixture.plan([.dynamics(Stages.constantEnergy())], structure: structure))
    #expect(report.step <= 1 && report.lastGoodStep == 0)
    let pair = try #require(report.closestPair)
    #expect(Set([pair.first, pair.second]) == [9, 20])
    #expect(abs(pair.distance - 0.05 * 3.0.squareRoot()) < 1e-9)
    #expect(report.cause.contains("overlap") && report.cause.contains("minimize"))
    #expect(report.description.contains("'produce'"))
  }

  @Test("Two atoms at one place")
  func coincidence() throws {
    var structure = Fixture.crystal()
    structure.frame.positions[20] = structure.frame.positions[9]
    let report = try Self.report(try Fixture.plan([.dynamics(Stages.constantEnergy())], structure: structure))
    #expect(report.finding == .nonFiniteForce && report.step == 0)
    #expect(report.closestPair?.distance == 0)
    let still = try Self.report(try Fixture.plan([.minimize(Stages.minimize(.fire))], structure: structure))
    #expect(still.finding == .nonFiniteForce && still.cause.contains("overlaps"))
  }

  @Test("A timestep that is too long is named, with a shorter one", arguments: [0.03, 0.05])
  func longTimestep(timestep: Double) throws {
    var stage = DynamicsStage(name: "too fast", timestep: timestep, steps: 100_000)
    stage.thermo = ThermoOutput(file: "t.csv", trigger: .every(10))
    let report = try Self.report(try Fixture.plan([.dynamics(stage)], temperature: 2))
    #expect(report.cause.contains("timestep of \(timestep)"), "\(report)")
    #expect(report.cause.contains("Try \(timestep / 2)"))
  }

  @Test("A potential that breaks far into a run is told from a timestep that is too long")
  func fragile() throws {
    let model = CountedModel(inner: try Fixture.lennardJones()) { count, evaluation in
      if count >= 1500 { evaluation.forces[5] = Vector3(.nan, 0, 0) }
    }
    var stage = DynamicsStage(name: "learned", timestep: 0.002, steps: 3000)
    stage.thermo = ThermoOutput(file: "t.csv", trigger: .every(10))
    let store = MemoryStore()
    let report = try Self.report(try Fixture.plan([.dynamics(stage)], model: model), store)
    #expect(report.finding == .nonFiniteForce)
    #expect(report.atoms.first.map { !$0.force.isFinite } == true)
    // Evaluation 1 is step 0.
    #expect((1499...1500).contains(report.step))
    #expect(report.lastGoodStep == 1400)
    #expect(report.cause.contains("well conserved"), "\(report)")
    #expect(store.rows["t.csv"]?.count == 150, "no bad row is written")
  }

  @Test("Limits of temperature and force are kept")
  func limits() throws {
    var stage = Stages.constantEnergy(1000)
    stage.limits.temperature = 0.2
    let warm = try Self.report(try Fixture.plan([.dynamics(stage)]))
    #expect(warm.finding == .temperature && warm.limit == 0.2 && warm.step == 0)
    stage.limits = GuardLimits(force: 1e-3)
    let strong = try Self.report(try Fixture.plan([.dynamics(stage)]))
    #expect(strong.finding == .force)
    stage.limits = GuardLimits(displacement: 1e-4)
    let fast = try Self.report(try Fixture.plan([.dynamics(stage)]))
    #expect(fast.finding == .displacement && fast.step == 1 && fast.value > 1e-4)
  }

  @Test("A good run is left alone, at whatever temperature it starts")
  func innocent() throws {
    #expect(try MemoryStore().run(try Fixture.plan([.dynamics(Stages.constantEnergy())], temperature: 0)) == .finished)
    #expect(try MemoryStore().run(try Fixture.plan([.dynamics(Stages.langevin())], temperature: nil)) == .finished)
  }

  @Test("Numbers in sentences")
  func numbers() {
    #expect(brief(0.45) == "0.45")
    #expect(brief(1234.5678) == "1235")
    #expect(brief(-0.0012345) == "-0.001235" || brief(-0.0012345) == "-0.001234")
    #expect(brief(6.02e23) == "6.02e23")
    #expect(brief(-1e-9) == "-1e-9")
    #expect(brief(0) == "0.0")
    #expect(brief(.nan) == "nan")
    #expect(jsonQuoted("a\"b\\c\n\u{1}") == "\"a\\\"b\\\\c\\n\\u0001\"")
  }
}

@Suite("Progress")
struct ProgressTests {
  final class Log {
    var text = ""
  }

  @Test("A line says how far, how fast, how long still, and the values")
  func line() {
    let status = ProgressReporter.Status(step: 300, steps: 1000, values: [("T", 0.45), ("E/N", -6.9)])
    let line = ProgressReporter.line("relax", status, firstStep: 100, elapsed: 2)
    #expect(line == "relax  30.0 %  100 steps/s  0:07 left  T 0.45  E/N -6.9")
    #expect(ProgressReporter.span(3661) == "1:01:01")
  }

  @Test("Quiet says nothing; a pipe gets whole lines; a terminal one line written over")
  func modes() throws {
    func output(_ mode: ProgressReporter.Mode, every interval: Duration? = nil) throws -> String {
      let log = Log()
      var options = RunOptions(directory: "memory", threads: 1)
      options.handlesSignals = false
      let plan = try Fixture.plan([.dynamics(Stages.constantEnergy(4000))])
      var simulation = try Simulation(
        plan: plan, options: options, store: MemoryStore(),
        progress: ProgressReporter(mode: mode, interval: interval) { log.text += $0 })
      _ = try simulation.run()
      return log.text
    }
    #expect(try output(.quiet).isEmpty)
    let plain = try output(.plain)
    #expect(plain.hasPrefix("produce: 4000 steps\n"))
    #expect(plain.split(separator: "\n").count == 2)
    #expect(plain.contains("conserved energy drifted by") && plain.contains("momentum by"))
    #expect(!plain.contains("\r"))
    let terminal = try output(.terminal, every: .zero)
    #expect(terminal.contains("\rproduce  ") && terminal.contains("steps/s") && terminal.hasSuffix("per atom\n"))
  }
}
