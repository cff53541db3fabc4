import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Exchanges of atoms")
struct ExchangeTests {
  private static let reach = DiameterReach(multiple: 1.25, nonadditivity: 0.2)
  private static func soft() throws -> PolydisperseInversePower {
    try PolydisperseInversePower(epsilon: 1, reach: reach, scheme: .smooth)
  }

  /// 108 atoms with a diameter each, on a disturbed lattice.
  private static func polydisperse(density: Double = 1.02) -> Structure {
    var structure = Fixture.crystal(cells: 3, density: density)
    structure.frame.diameters = DiameterDistribution(0.72533...1.6095, exponent: 3).draw(
      count: structure.count, seed: 5)
    return structure
  }

  /// Three atoms that stand still: the frequency of each way to distribute what they exchange is Boltzmann's.
  @Test("visits the arrangements of three atoms as often as Boltzmann says", arguments: AtomExchange.Kind.allCases)
  func boltzmann(_ kind: AtomExchange.Kind) throws {
    var structure = Fixture.cloud(3)
    structure.frame.positions = [Vector3(0, 0, 0), Vector3(1.0, 0, 0), Vector3(1.5, 0.9, 0)]
    let model: any PairEnergyModel
    if kind == .diameters {
      structure.frame.diameters = [0.8, 1.0, 1.15]
      model = try Self.soft()
    } else {
      structure.topology = Topology(table: [Species("A"), Species("B")], species: [0, 0, 1])
      model = try Fixture.kobAndersen()
    }
    let temperature = 0.9
    func energy(_ structure: Structure) throws -> Double {
      var probe = try Probe(model, structure)
      return try probe.measure(.energy).energy
    }
    // What identifies an arrangement: the diameters, or the places of the atoms, in the user's order.
    func name(_ frame: Frame) -> String {
      kind == .diameters ? "\(frame.diameters)" : "\(frame.positions.map(\.x))"
    }
    var weights: [String: Double] = [:]
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      var arranged = structure
      if kind == .diameters {
        arranged.frame.diameters = order.map { structure.frame.diameters[$0] }
      } else {
        arranged.frame.positions = order.map { structure.frame.positions[$0] }
      }
      weights[name(arranged.frame)] = exp(-(try energy(arranged)) / temperature)
    }
    let generator = RandomStream.exchanges.generator(seed: 8, stage: 0)
    let energies = try model.makePairEnergies(for: structure.table)
    var system = System(structure, units: .lj)
    var counts: [String: Int] = [:]
    let trials = 40_000
    let team = ThreadTeam(threads: 1)
    var frame = Frame()
    for step in 0..<trials {
      var block = try ExchangeBlock(kind, energies, system, team: team)
      let sites = block.sites
      _ = block.run(attempts: 3, temperature: temperature, step: step, generator)
      block.apply(to: &system, sitesOf: sites)
      system.copy(into: &frame)
      counts[name(frame), default: 0] += 1
    }
    let total = weights.values.reduce(0, +)
    // With places, exchanging the two A atoms is never tried, so arrangements that differ by it only are reached by way of B.
    for (arrangement, weight) in weights {
      let expected = Double(trials) * weight / total
      let found = Double(counts[arrangement] ?? 0)
      // Successive arrangements are correlated over a few blocks; ten would triple the error of independent ones.
      #expect(
        abs(found - expected) < 5 * 3 * max(expected, 1).squareRoot(), "\(arrangement): \(found) of \(expected)")
    }
    #expect(counts.values.reduce(0, +) == trials && counts.count == weights.count)
  }

  @Test("the energy that an exchange adds is accounted for, in a stage without a thermostat")
  func accounted() throws {
    var stage = DynamicsStage(name: "swap", timestep: 0.001, steps: 400)
    stage.exchange = AtomExchange(.diameters, interval: 20, attempts: 100, temperature: 0.5)
    stage.thermo = ThermoOutput(file: "thermo.csv", trigger: .every(20))
    // Atoms dropped on a lattice overlap; what they set free would be too much for the integrator.
    let plan = try Fixture.plan(
      [.minimize(Stages.minimize(.fire)), .dynamics(stage)], structure: Self.polydisperse(), temperature: 0.5,
      model: Self.soft())
    let store = MemoryStore()
    #expect(try store.run(plan) == .finished)
    let rows = try #require(store.rows["thermo.csv"]).map { $0.map(Double.init(bitPattern:)) }
    let last = try #require(rows.last)
    // step, time, temperature, potential, kinetic, total, conserved ...
    let change = try #require(rows.first).total - last.total
    #expect(abs(change) > 1, "the exchanges hardly changed the energy: \(change)")
    // Velocity Verlet at this step errs by some 1e-5 of the energy per atom.
    #expect(abs(last.conserved - rows[0].conserved) / 108 < 1e-4)
    #expect(last.acceptance > 0.01 && last.acceptance < 0.9)
  }

  @Test("diameters are exchanged, never made or lost", arguments: [1, 2])
  func conserved(threads: Int) throws {
    var stage = DynamicsStage(name: "swap", timestep: 0.002, steps: 60)
    stage.thermostat = .csvr(temperature: .constant(0.5), time: 0.1)
    stage.exchange = AtomExchange(.diameters, interval: 10, attempts: 200)
    stage.trajectories = [TrajectoryOutput(file: "t.nc", trigger: .every(20))]
    let structure = Self.polydisperse()
    let plan = try Fixture.plan([.dynamics(stage)], structure: structure, temperature: 0.5, model: Self.soft())
    let store = MemoryStore()
    #expect(try store.run(plan, threads: threads) == .finished)
    let frames = try #require(store.frames["t.nc"])
    #expect(frames.count == 4 && frames[0].diameters == structure.frame.diameters)
    #expect(frames[3].diameters.sorted() == structure.frame.diameters.sorted())
    #expect(frames[3].diameters != frames[0].diameters && frames[3].diameters != frames[1].diameters)
  }

  @Test(
    "A run with exchanges that stops at any checkpoint and resumes is the same run",
    arguments: AtomExchange.Kind.allCases)
  func stopAndResume(_ kind: AtomExchange.Kind) throws {
    var stage = Stages.langevin(150)
    stage.checkpoint = .every(17)
    stage.exchange = AtomExchange(kind, interval: 6, attempts: 80)
    var second = stage
    second.name = "again"
    second.trajectories = []
    second.thermo = ThermoOutput(file: "again.csv", trigger: .every(10))
    let plan =
      switch kind {
      case .diameters:
        try Fixture.plan([.dynamics(stage), .dynamics(second)], structure: Self.polydisperse(), model: Self.soft())
      case .places:
        try Fixture.plan(
          [.dynamics(stage), .dynamics(second)],
          structure: Fixture.crystal(cells: 3, density: 1.0, species: [Species("A"), Species("B")]),
          model: Fixture.kobAndersen())
      }
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    #expect(reference.saves > 16)
    try reference.expectTheSameWhereverItStops(plan)
  }

  @Test("what cannot be exchanged is said before a step is run")
  func complaints() throws {
    var stage = DynamicsStage(name: "swap", timestep: 0.002, steps: 60)
    stage.exchange = AtomExchange(.diameters, interval: 10, attempts: 200)
    let structure = Self.polydisperse()
    let soft = try Self.soft()
    #expect(stage.exchangeComplaint(structure, soft)?.contains("need a temperature") == true)
    stage.thermostat = .csvr(temperature: .constant(0.5), time: 0.1)
    #expect(stage.exchangeComplaint(structure, soft) == nil)
    #expect(
      stage.exchangeComplaint(Fixture.crystal(cells: 3), try Fixture.lennardJones())?.contains("no diameters") == true)
    #expect(stage.exchangeComplaint(structure, HarmonicTrap())?.contains("no sum over pairs") == true)
    stage.exchange?.kind = .places
    #expect(stage.exchangeComplaint(structure, soft)?.contains("one species only") == true)
    var small = structure
    small.frame.cell = .cubic(1.5)
    stage.exchange?.kind = .diameters
    #expect(stage.exchangeComplaint(small, soft)?.contains("own images") == true)
  }
}

extension [Double] {
  fileprivate var total: Double { self[5] }
  fileprivate var conserved: Double { self[6] }
  fileprivate var acceptance: Double { self[15] }
}
