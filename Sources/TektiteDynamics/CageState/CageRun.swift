import TektiteCore

/// What the runs of a cage state have in common.
struct CageRun: Sendable {
  let stage: CageStateStage
  let start: Structure
  let units: Units
  let seed: UInt64
  let index: Int
  let model: any PotentialModel
  let skin: Double

  /// Numbers for each atom: the mean displacement, the mean of its square, and reflections per step.
  static let values = 5

  /// Does one run.
  /// - Parameters:
  ///   - number: from 0; it is the key of velocities and noise.
  ///   - stops: asked now and then whether to give up.
  func run(_ number: Int, stops: () -> Bool) throws -> EnsembleResult {
    var run = try GuardedRun(
      from: start, units: units, model, skin: skin, temperature: stage.temperature, timestep: stage.timestep,
      name: "\(stage.name), run \(number + 1)", seed: seed, stage: index, draw: number + 1, conservesMomentum: false)
    var integrator = LangevinMiddle(
      timestep: stage.timestep, friction: stage.friction, temperature: .constant(stage.temperature),
      steps: stage.runSteps, noise: Noise(RandomStream.cage.generator(seed: seed, stage: index)))
    integrator.displacementLimit = run.field.requirements.cutoff / 2
    // The noise is a function of the step: each run has steps of its own.
    let first = number * stage.runSteps
    var sums = CageSums(start.frame.positions, radius: stage.radius)
    while run.step < stage.runSteps {
      if run.step % Guard.interval == 0, stops() { return .stopped }
      if let ended = try run.advance(&integrator, by: 1, noiseFrom: first) { return ended }
      if run.step % Guard.interval == 0, let ended = run.check() { return ended }
      sums.reflect(&run.system, counting: run.step > stage.equilibration)
      let averaged = run.step - stage.equilibration
      if averaged > 0, averaged % stage.every == 0 { sums.add(run.system) }
    }
    return .done(
      values: sums.values(steps: stage.steps), forceSeconds: run.field.forceSeconds, listSeconds: run.field.listSeconds)
  }
}

/// Keeps atoms in spheres, and adds up where they are.
struct CageSums {
  /// Where the spheres are, in the user's order.
  private let centers: [Vector3]
  private let radius: Double
  private var displacements: [Vector3]
  private var squares: [Double]
  private var reflections: [Int]
  private var samples = 0

  init(_ centers: [Vector3], radius: Double) {
    self.centers = centers
    self.radius = radius
    displacements = [Vector3](repeating: .zero, count: centers.count)
    squares = [Double](repeating: 0, count: centers.count)
    reflections = [Int](repeating: 0, count: centers.count)
  }

  @inline(__always)
  private func displacement(_ slot: Int, _ system: borrowing System) -> Vector3 {
    let n = system.images[slot]
    let r =
      n == .zero
      ? system.positions[slot]
      : system.positions[slot] + Vector3(Double(n.a), Double(n.b), Double(n.c)) * system.cell.vectors
    return r - centers[Int(system.identity[slot])]
  }

  /// Turns the velocity of each atom that is outside of its sphere and moves outwards: v − 2 (v·n) n, with n from the centre to the atom.
  mutating func reflect(_ system: inout System, counting: Bool) {
    for slot in 0..<system.count {
      let d = displacement(slot, system)
      let square = d.lengthSquared
      guard square > radius * radius else { continue }
      let v = system.velocities[slot]
      let outwards = v.x * d.x + v.y * d.y + v.z * d.z
      guard outwards > 0 else { continue }
      system.velocities[slot] = v - (2 * outwards / square) * d
      if counting { reflections[Int(system.identity[slot])] += 1 }
    }
  }

  /// Takes a sample.
  mutating func add(_ system: borrowing System) {
    samples += 1
    for slot in 0..<system.count {
      let atom = Int(system.identity[slot])
      let d = displacement(slot, system)
      displacements[atom] += d
      squares[atom] += d.lengthSquared
    }
  }

  /// `CageRun.values` numbers for each atom.
  func values(steps: Int) -> [Double] {
    let count = Double(samples)
    var values: [Double] = []
    values.reserveCapacity(CageRun.values * centers.count)
    for atom in centers.indices {
      let d = (1 / count) * displacements[atom]
      values += [d.x, d.y, d.z, squares[atom] / count, Double(reflections[atom]) / Double(steps)]
    }
    return values
  }
}
