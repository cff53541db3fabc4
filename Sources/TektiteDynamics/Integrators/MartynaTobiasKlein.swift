import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Deterministic sampling at constant pressure and temperature (Martyna, Tobias, Klein 1994, doi:10.1063/1.467468): the cell h has a strain rate u of its
/// own, which follows the pressure tensor P = (Σ m v ⊗ v + W)/V; atoms and strain rate have a Nosé-Hoover chain each. For row vectors,
///
///     x′ = v + x u,  h′ = h u
///     v′ = f/m − v (u + tr u/f) − ξ v
///     M u′ = V (P − P₀) + (2K/f + g k_B T) − ξ_u u
///
/// with M = (f + 3) k_B T τ²/3, taken at the highest temperature of a schedule, and u projected onto what the coupling allows. The term g k_B T, g = (3N − f)/3,
/// stands for what atoms without motion of their centre of mass lack (see `StochasticCellRescaling`), so that the ensemble is the one named there.
///
/// In two dimensions each 3 is a 2, and strain rates lie in the plane.
///
/// The step is palindromic: half a kick of u and of the velocities, half a drift, the chains in the middle, half a drift, new forces, and
/// the kicks in reverse. Kinetic + potential − heat is conserved to second order, where the heat is minus the change of what cell and chains hold:
/// P₀V + M |u|²/2 − g k_B T ln V and the energies of the chains.
///
/// Strain rates are symmetric. Of a triclinic cell, all is turned after each step to where a lies on its old line and b in its old plane.
public struct MartynaTobiasKlein: Integrator, ~Copyable {
  /// The timestep in internal units.
  public let timestep: Double
  /// The heat that the system has taken up so far, energy.
  public var heat = 0.0
  /// Largest distance that an atom may move in one step, length.
  public var displacementLimit = Double.infinity
  /// The pressure P₀ as a function of the step, energy per volume.
  public let pressure: Schedule
  /// The shapes that the cell takes.
  public let coupling: CellCoupling
  /// k_B T as a function of the step, energy; above 0.
  public let temperature: Schedule
  /// The number of steps of the stage, which ramps refer to.
  public let steps: Int
  /// The number of degrees of freedom f that share the kinetic energy.
  public let degreesOfFreedom: Int
  /// The number of dimensions of the cell.
  public let dimensions: Int
  /// The mass M of the strain rate, energy times time squared.
  public let cellMass: Double
  /// The strain rate u, per internal unit of time.
  public private(set) var strainRate = Matrix3.zero
  private var chain: NoseHooverChain
  private var cellChain: NoseHooverChain

  /// Makes an integrator with chains and cell at rest.
  /// - Parameters:
  ///   - timestep: internal units; a negative one runs backwards.
  ///   - time: τ of the chain of the atoms, internal units.
  ///   - cellTime: τ of the cell and its chain, internal units.
  ///   - chain: links of each chain.
  ///   - temperature: k_B T; the step from n to n + 1 uses its value at n.
  ///   - pressure: energy per volume; the same.
  ///   - steps: length of the stage.
  ///   - degreesOfFreedom: 3N − 3 for atoms without motion of their centre of mass.
  public init(
    timestep: Double, time: Double, cellTime: Double, chain links: Int = 3, temperature: Schedule, pressure: Schedule,
    coupling: CellCoupling = .isotropic, steps: Int, degreesOfFreedom: Int, dimensions: Int = 3
  ) {
    self.timestep = timestep
    self.pressure = pressure
    self.coupling = coupling
    self.temperature = temperature
    self.steps = steps
    self.degreesOfFreedom = degreesOfFreedom
    self.dimensions = dimensions
    cellMass =
      Double(degreesOfFreedom + dimensions) * temperature.largest * cellTime * cellTime / Double(dimensions)
    chain = NoseHooverChain(
      timestep: timestep, time: time, chain: links, temperature: temperature, steps: steps,
      degreesOfFreedom: degreesOfFreedom)
    cellChain = NoseHooverChain(
      timestep: timestep, time: cellTime, chain: links, temperature: temperature, steps: steps,
      degreesOfFreedom: coupling.freedoms(in: dimensions))
  }

  /// Strain rate, and positions and velocities of the links of both chains.
  public var memory: [Double] {
    get {
      let u = strainRate
      return [u.a.x, u.a.y, u.a.z, u.b.x, u.b.y, u.b.z, u.c.x, u.c.y, u.c.z] + chain.memory + cellChain.memory
    }
    set {
      let links = chain.memory.count
      guard newValue.count == 9 + 2 * links else { return }
      let u = newValue
      strainRate = Matrix3(Vector3(u[0], u[1], u[2]), Vector3(u[3], u[4], u[5]), Vector3(u[6], u[7], u[8]))
      chain.memory = Array(newValue[9..<9 + links])
      cellChain.memory = Array(newValue[(9 + links)...])
    }
  }

  /// What cell and chains hold at a temperature and a pressure, energy.
  private func stored(_ cell: Cell, count: Int, kT: Double, pressure: Double) -> Double {
    let volume = cell.volume ?? .nan
    return pressure * volume + 0.5 * cellMass * strainRate.squares - missing(count) * kT * log(volume)
      + chain.chainEnergy(temperature: kT) + cellChain.chainEnergy(temperature: kT)
  }

  private func missing(_ count: Int) -> Double {
    Double(dimensions * count - degreesOfFreedom) / Double(dimensions)
  }

  /// Half a kick of the strain rate.
  private mutating func kickCell(
    _ system: borrowing System, kinetic: Matrix3, virial: Matrix3, kT: Double, pressure: Double
  ) {
    let volume = system.cell.volume ?? .nan
    let share = kinetic.trace / Double(max(1, degreesOfFreedom)) + missing(system.count) * kT
    let pull =
      coupling.projection(kinetic + virial, in: dimensions)
      + (share - pressure * volume) * .identity(in: dimensions)
    strainRate += (0.5 * timestep / cellMass) * pull
  }

  /// Runs `count` steps; see `Integrator`.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    guard count > 0 else { return }
    let team = field.context.team
    let needed = Quantities([.forces, .virial]).intersection(field.requirements.quantities)
    var kinetic = kickAndMeasureTensor(
      velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: 0, kicks: 0,
      team: team)
    for k in 0..<count {
      let kT = temperature.value(at: step + k, of: steps)
      let target = pressure.value(at: step + k, of: steps)
      let before = stored(system.cell, count: system.count, kT: kT, pressure: target)
      kickCell(system, kinetic: kinetic, virial: field.evaluation.virial, kT: kT, pressure: target)
      let moving = kickAndDamp(
        velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
        damping: damping, team: team)
      let findings = try drift(&system, &field, kinetic: moving.trace / 2, step: step + k)
      try field.update(
        &system, k == count - 1 ? quantities.union(needed) : needed,
        largestSquaredDisplacement: findings.largestSquaredDisplacement)
      kinetic = kickAndDamp(
        velocities: &system.velocities, forces: field.evaluation.forces, masses: system.masses, by: timestep / 2,
        damping: damping, team: team)
      kickCell(system, kinetic: kinetic, virial: field.evaluation.virial, kT: kT, pressure: target)
      heat -= stored(system.cell, count: system.count, kT: kT, pressure: target) - before
    }
  }

  /// What half of half a step of the strain rate makes of velocities.
  private var damping: Matrix3 {
    let own = strainRate + (strainRate.trace / Double(max(1, degreesOfFreedom))) * .identity(in: dimensions)
    return CellMap.exponential((-timestep / 4) * own)
  }

  /// Half a drift, the chains, half a drift, and the turn.
  private mutating func drift(
    _ system: inout System, _ field: inout ForceField, kinetic: Double, step: Int
  ) throws -> IntegrationFindings {
    let h = timestep / 2
    let factor = chain.factor(kineticEnergy: kinetic, step: step)
    let cellFactor = cellChain.factor(kineticEnergy: 0.5 * cellMass * strainRate.squares, step: step)
    let strain = (h * (1 + cellFactor)) * strainRate
    let size = strain.largestElement
    guard size <= RunawayCell.limit else { throw RunawayCell(step: step + 1, strain: size) }
    let map = CellMap(strain, of: system.cell, coupling: coupling)
    // Half drifts stand in the middle of their halves of the map, which commute.
    let first = CellMap.exponential((0.5 * h) * strainRate)
    let second = CellMap.exponential((0.5 * h * cellFactor) * strainRate)
    var deformation = Deformation(map: map.positions, velocities: factor * map.rotation)
    deformation.drift = (h * (first * second * second) + (h * factor) * second) * map.rotation
    deformation.displacementLimit = displacementLimit
    let findings = field.deform(&system, to: map.cell, deformation)
    if findings.runawaySlot >= 0 {
      throw RunawayAtom(slot: findings.runawaySlot, step: step + 1, displacement: findings.runawayDisplacement)
    }
    strainRate = cellFactor * (map.rotation.transposed * strainRate * map.rotation)
    return findings
  }
}
