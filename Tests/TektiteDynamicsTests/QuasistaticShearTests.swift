import Tektite
import TektiteTestSupport
import Testing

@testable import TektiteDynamics

@Suite("Quasistatic shear")
struct QuasistaticShearTests {
  /// A mixture whose energy has two continuous derivatives at the cutoffs.
  private static func smoothMixture() throws -> LennardJones {
    func pair(_ epsilon: Double, _ sigma: Double) -> LennardJones.Pair {
      LennardJones.Pair(epsilon: epsilon, sigma: sigma, cutoff: 2.0 * sigma)
    }
    let (aa, ab, bb) = (pair(1, 1), pair(1.5, 0.8), pair(0.5, 0.88))
    return try LennardJones(labels: ["A", "B"], pairs: [aa, ab, ab, bb], scheme: .smooth)
  }

  private static func melt(_ steps: Int = 600) -> DynamicsStage {
    var stage = DynamicsStage(name: "melt", timestep: 0.004, steps: steps)
    stage.thermostat = .langevin(temperature: .ramp(from: 3, to: 0.3), friction: 1)
    stage.velocities = 3
    return stage
  }

  private static func shear(
    _ course: QuasistaticShearStage.Course, step: Double = 1e-3, tolerance: Double = 1e-6, name: String = "aqs"
  ) -> QuasistaticShearStage {
    var stage = QuasistaticShearStage(name: name, strainStep: step, course: course, forceTolerance: tolerance)
    stage.maximumSteps = 1_000_000
    stage.trajectories = [TrajectoryOutput(file: "\(name).extxyz", trigger: .every(1), fields: [.forces])]
    return stage
  }

  private static func plan(_ stages: [QuasistaticShearStage], melt steps: Int = 600, cells: Int = 3) throws
    -> SimulationPlan
  {
    let structure = Fixture.crystal(cells: cells, density: 1.2, species: [Species("A"), Species("B")])
    return try Fixture.plan(
      [.dynamics(melt(steps))] + stages.map { .quasistaticShear($0) }, structure: structure, temperature: nil,
      model: smoothMixture())
  }

  private static func rows(_ store: MemoryStore, _ name: String = "aqs.csv") throws -> [[Double]] {
    try #require(store.rows[name]).map { $0.map { Double(bitPattern: $0) } }
  }

  // MARK: Moduli

  /// Energy and forces of a frame that is mapped by a shear without relaxation.
  private static func affine(_ frame: Frame, _ topology: Topology, _ strain: Double) throws -> (
    stress: Double, forces: [Vector3], volume: Double
  ) {
    var mapped = frame
    mapped.cell.vectors = frame.cell.vectors * ShearPlane.xy.map(by: strain)
    mapped.positions = frame.positions.map { $0 * ShearPlane.xy.map(by: strain) }
    var bench = try Bench(Structure(topology: topology, frame: mapped), try smoothMixture())
    try bench.field.update(&bench.system, [.forces, .energy, .virial])
    var forces: [Vector3] = []
    bench.system.scatter(bench.field.evaluation.forces, into: &forces)
    let volume = bench.system.cell.volume ?? .nan
    return (-ShearPlane.xy.element(of: bench.field.evaluation.virial) / volume, forces, volume)
  }

  /// The Hessian of a frame by central differences of the forces, row after row.
  private static func hessian(_ frame: Frame, _ topology: Topology) throws -> [[Double]] {
    var bench = try Bench(Structure(topology: topology, frame: frame), try smoothMixture())
    try bench.field.update(&bench.system, .forces)
    let n = bench.system.count
    let h = 1e-4
    var rows = [[Double]](repeating: [Double](repeating: 0, count: 3 * n), count: 3 * n)
    for slot in 0..<n {
      let atom = Int(bench.system.identity[slot])
      let rest = bench.system.positions[slot]
      for axis in 0..<3 {
        for sign in [1.0, -1] {
          bench.system.positions[slot] = rest
          bench.system.positions[slot][axis] += sign * h
          try bench.field.update(&bench.system, .forces)
          for other in 0..<n {
            let j = Int(bench.system.identity[other])
            for b in 0..<3 {
              rows[3 * atom + axis][3 * j + b] -= sign * bench.field.evaluation.forces[other][b] / (2 * h)
            }
          }
        }
        bench.system.positions[slot] = rest
      }
    }
    return rows
  }

  /// The solution of H x = b by conjugate gradients; b has no part that moves all atoms together.
  private static func solve(_ h: [[Double]], _ b: [Double]) -> [Double] {
    func dot(_ u: [Double], _ v: [Double]) -> Double { zip(u, v).reduce(0) { $0 + $1.0 * $1.1 } }
    var (x, r) = ([Double](repeating: 0, count: b.count), b)
    var p = r
    var square = dot(r, r)
    let goal = 1e-22 * square
    for _ in 0..<20 * b.count where square > goal {
      let hp = h.map { dot($0, p) }
      let step = square / dot(p, hp)
      for k in x.indices {
        x[k] += step * p[k]
        r[k] -= step * hp[k]
      }
      let next = dot(r, r)
      for k in p.indices { p[k] = r[k] + next / square * p[k] }
      square = next
    }
    return x
  }

  @Test("The modulus of a glass is the Born term less the non-affine one of the Hessian")
  func glassModulus() throws {
    let step = 1e-5
    // Forward, and backward from the same minimum.
    let forward = Self.shear(.monotonic(steps: 1), step: step, tolerance: 1e-10)
    let store = MemoryStore()
    #expect(try store.run(try Self.plan([forward])) == .finished)
    let backStore = MemoryStore()
    #expect(
      try backStore.run(try Self.plan([Self.shear(.monotonic(steps: 1), step: -step, tolerance: 1e-10)])) == .finished)
    let (up, down) = (try Self.rows(store), try Self.rows(backStore))
    #expect(up[0][2] == down[0][2] && up[0][3] == down[0][3])
    let measured = (up[1][3] - down[1][3]) / (2 * step)
    #expect(abs(up[1][5] - (up[1][3] - up[0][3]) / step) < 1e-9)

    let topology = try Self.plan([]).structure.topology
    let minimum = try #require(store.frames["aqs.extxyz"]?.first)
    let h = 1e-4
    let (plus, minus) = (try Self.affine(minimum, topology, h), try Self.affine(minimum, topology, -h))
    let born = (plus.stress - minus.stress) / (2 * h)
    var pull: [Double] = []
    for (a, b) in zip(plus.forces, minus.forces) {
      let change = (a - b) / (2 * h)
      pull += [change.x, change.y, change.z]
    }
    // Rounding and the residual forces leave a little of the motion of all together, which H does not see.
    for axis in 0..<3 {
      let mean = stride(from: axis, to: pull.count, by: 3).reduce(0) { $0 + pull[$1] } * 3 / Double(pull.count)
      for k in stride(from: axis, to: pull.count, by: 3) { pull[k] -= mean }
    }
    let response = Self.solve(try Self.hessian(minimum, topology), pull)
    let nonaffine = zip(pull, response).reduce(0) { $0 + $1.0 * $1.1 } / plus.volume
    print("modulus \(measured): Born \(born), non-affine \(nonaffine), difference \(born - nonaffine)")
    // Differences of second order with steps of 1e-4 and less, against derivatives of some thousands: a few parts in 1e5.
    #expect(abs(measured - (born - nonaffine)) < 5e-4 * born, "\(measured) \(born - nonaffine)")
    // Relaxation takes a good part of the stiffness of a glass.
    #expect(nonaffine > 0.1 * born && measured > 0)
    #expect(up.allSatisfy { $0[10] == 1 && $0[8] < 1e-10 })
  }

  @Test("A perfect crystal has the modulus of its lattice sum, and nothing relaxes")
  func crystalModulus() throws {
    let model = try Fixture.lennardJones(cutoff: 2.0)
    let structure = Fixture.crystal(cells: 3, density: 1.1, jitter: 0)
    for (plane, flow, gradient) in [(ShearPlane.xy, 0, 1), (.xz, 0, 2), (.yz, 1, 2)] {
      var stage = Self.shear(.monotonic(steps: 2), step: 1e-5, tolerance: 1e-9)
      stage.plane = plane
      let store = MemoryStore()
      #expect(
        try store.run(
          try Fixture.plan([.quasistaticShear(stage)], structure: structure, temperature: nil, model: model))
          == .finished)
      // d²U/dγ² for r → r + γ r_g e_f: u″ (r_f r_g/r)² + u′/r (r_g² − (r_f r_g/r)²), summed over pairs and images.
      let table = structure.topology.table[0]
      let side = structure.frame.cell.vectors.a.x
      var sum = 0.0
      let positions = structure.frame.positions
      for j in positions.indices {
        for a in -1...1 {
          for b in -1...1 {
            for c in -1...1 {
              let d = positions[j] - positions[0] + side * Vector3(Double(a), Double(b), Double(c))
              let r = d.length
              guard r > 0, r < 2 else { continue }
              let (slope, curvature) = model.pairDerivatives(table, table, r: r)
              let lean = d[flow] * d[gradient] / r
              sum += 0.5 * (curvature * lean * lean + slope * (d[gradient] * d[gradient] - lean * lean))
            }
          }
        }
      }
      let expected = sum * Double(positions.count) / (structure.frame.cell.volume ?? .nan)
      let rows = try Self.rows(store)
      // Even terms vanish by symmetry; those of third order are γ² = 1e-10. Stresses have rounding errors of 1e-15, over a strain of 1e-5.
      #expect(abs(rows[1][5] - expected) < 1e-7 * expected, "\(rows[1][5]) \(expected)")
      #expect(rows.allSatisfy { $0[9] == 0 && $0[7] == 0 })
      #expect(abs(rows[0][3]) < 1e-12)
    }
  }

  // MARK: Branches and events

  @Test("On elastic branches the energy's derivative is the stress, and at events energy is lost")
  func energyBalance() throws {
    let stage = Self.shear(.monotonic(steps: 150), step: 2e-3)
    let store = MemoryStore()
    let plan = try Self.plan([stage], melt: 800)
    #expect(try store.run(plan) == .finished)
    let rows = try Self.rows(store)
    #expect(rows.count == 151)
    let volume = try #require(store.frames["aqs.extxyz"]?.first?.cell.volume)
    var events = 0
    var elastic = 0
    for k in 1..<rows.count {
      let (old, new) = (rows[k - 1], rows[k])
      #expect(abs(new[1] - 2e-3 * Double(k)) < 1e-12)
      let dissipation = 0.5 * volume * (old[3] + new[3]) * 2e-3 - (new[2] - old[2])
      #expect(abs(new[6] - dissipation) < 1e-9 * (1 + abs(dissipation)))
      #expect((new[7] == 1) == (new[3] < old[3]))
      if new[7] == 1 { events += 1 }
      // Three rows of one branch: the slope of the energy over both steps is the stress in the middle, to second order in the strain.
      if k + 1 < rows.count, new[7] == 0, rows[k + 1][7] == 0, abs(rows[k + 1][5] - new[5]) < 2 {
        elastic += 1
        let slope = (rows[k + 1][2] - old[2]) / (4e-3)
        // The third derivative of the energy is V dG/dγ; a change of G by 2 from one step to the next gives 2 V × 2e-3/6.
        #expect(abs(slope - volume * new[3]) < 2e-3 * volume, "\(slope) \(volume * new[3])")
      }
    }
    let lost = rows.filter { $0[7] == 1 }.map { $0[6] }
    print("\(events) events in 150 steps, \(elastic) elastic rows, energy lost \(lost)")
    #expect(events > 3 && elastic > 20)
    // Not every fall of the stress is large, but together they lose energy.
    #expect(lost.reduce(0, +) > 1)
    // The end is what a frame says.
    let last = try #require(store.frames["aqs.extxyz"]?.last)
    #expect(abs((last.stress?.a.y ?? .nan) - rows[150][3]) < 1e-12 && last.energy == rows[150][2])
  }

  @Test("A cycle within the elastic range comes back to where it began")
  func elasticCycle() throws {
    let stage = Self.shear(.cyclic(amplitude: 4, cycles: 2), step: 5e-5, tolerance: 1e-9)
    let store = MemoryStore()
    #expect(try store.run(try Self.plan([stage])) == .finished)
    let rows = try Self.rows(store)
    #expect(rows.count == 33)
    let positions = [0, 1, 2, 3, 4, 3, 2, 1, 0, -1, -2, -3, -4, -3, -2, -1, 0]
    for (row, place) in zip(rows, positions) { #expect(abs(row[1] - 5e-5 * Double(place)) < 1e-15) }
    let frames = try #require(store.frames["aqs.extxyz"])
    for end in [16, 32] {
      #expect(abs(rows[end][2] - rows[0][2]) < 1e-9)
      // Forces of 1e-9 leave the softest modes open by 1e-9 over their stiffness.
      let moved = zip(frames[end].positions, frames[0].positions).map { ($0 - $1).length }.max() ?? 1
      #expect(moved < 1e-6, "\(moved)")
    }
    #expect(rows.allSatisfy { $0[7] == 0 })
  }

  // MARK: Interruptions

  static let courses: [(QuasistaticShearStage.Course, MinimizeStage.Algorithm, Double)] = [
    (.monotonic(steps: 14), .fire, 0.05), (.cyclic(amplitude: 2, cycles: 2), .fire, -2e-3),
    (.monotonic(steps: 10), .lbfgs, 1e-3),
  ]

  private static func interrupted(
    _ entry: (course: QuasistaticShearStage.Course, algorithm: MinimizeStage.Algorithm, step: Double)
  ) throws
    -> SimulationPlan
  {
    var stage = shear(entry.course, step: entry.step, tolerance: 1e-4)
    stage.algorithm = entry.algorithm
    stage.checkpoint = .every(3)
    var after = Stages.constantEnergy(30)
    after.thermo = ThermoOutput(file: "produce.csv", trigger: .every(5))
    after.trajectories = []
    var plan = try plan([stage], melt: 100)
    plan.stages.append(.dynamics(after))
    plan.models.append(plan.models[0])
    return plan
  }

  @Test("Shear that stops at any checkpoint and resumes is the same run", arguments: courses)
  func stopAndResume(_ entry: (course: QuasistaticShearStage.Course, algorithm: MinimizeStage.Algorithm, step: Double))
    throws
  {
    let plan = try Self.interrupted(entry)
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    #expect(reference.saves > 3)
    try reference.expectTheSameWhereverItStops(plan)
  }

  @Test("Shear that is interrupted within a descent does the step anew, to the same end")
  func stopWithinDescent() throws {
    let plan = try Self.interrupted(Self.courses[0])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    var random = Fixture.Jitter(seed: 12)
    let evaluations = try Self.rows(reference).map { Int($0[9]) }.reduce(0, +)
    for _ in 0..<8 {
      let interruption = Interruption()
      let last = 110 + random.int(in: 1...evaluations)
      let counter = EvaluationCounter()
      var alarmed = plan
      alarmed.models = try plan.models.map { _ in
        CountedModel(inner: try Self.smoothMixture(), counter: counter) { count, _ in
          if count == last { interruption.request(signal: 15) }
        }
      }
      let store = MemoryStore()
      #expect(try store.run(alarmed, interruption: interruption) == .interrupted(signal: 15))
      #expect(try store.run(plan, threads: 2, resume: true) == .finished)
      #expect(store.holdsTheSame(as: reference))
    }
  }

  @Test("Shear that fails at any moment resumes from its last checkpoint to the same end")
  func killAndResume() throws {
    let plan = try Self.interrupted(Self.courses[0])
    let reference = MemoryStore()
    #expect(try reference.run(plan) == .finished)
    try reference.expectTheSameHoweverOftenItFails(plan, runs: 6, seed: 13)
  }

  @Test("The modulus is that of the steps before a rearrangement, also of one that raises the stress")
  func modulusEndsAtLoss() {
    var record = QuasistaticRecord()
    // A solid of modulus 16 and volume 800 in steps of 0.001; in the fourth step the stress rises by twice as much while the energy falls by 5.
    var (energy, stress) = (-100.0, 0.1)
    for index in 0...6 {
      if index > 0 {
        let rise = index == 4 ? 0.032 : 0.016
        energy += 800 * (stress + rise / 2) * 0.001 - (index == 4 ? 5 : 0)
        stress += rise
      }
      let step = QuasistaticRecord.Step(
        index: index, strain: 0.001 * Double(index), energy: energy, stress: stress, volume: 800, evaluations: 1,
        isConverged: true)
      let finding = record.take(step, eventDrop: 0)
      #expect(!finding.isEvent && abs(finding.dissipation - (index == 4 ? 5 : 0)) < 1e-10)
    }
    #expect(abs((record.modulus ?? 0) - 16) < 1e-9 && record.modulusSteps == 3)
  }

  @Test("What makes no sense is refused before anything is run")
  func refusals() throws {
    func message(_ change: (inout QuasistaticShearStage) -> Void) throws -> String {
      var stage = Self.shear(.monotonic(steps: 1))
      change(&stage)
      do {
        try MemoryStore().run(try Self.plan([stage], melt: 1))
      } catch let error as InputError {
        return error.message
      }
      return "accepted"
    }
    #expect(try message { $0.strainStep = 0 }.contains("in one step"))
    #expect(try message { $0.strainStep = 0.2 }.contains("in one step"))
    #expect(try message { $0.course = .monotonic(steps: 0) }.contains("0 steps"))
    #expect(try message { $0.course = .cyclic(amplitude: 3, cycles: 0) }.contains("0 cycles"))
    #expect(try message { $0.forceTolerance = .nan }.contains("force tolerance"))
    #expect(try message { $0.eventDrop = -1 }.contains("drop of stress"))
    #expect(try message { _ in } == "accepted")
  }
}
