import TektiteCore

/// Simple shear in the middle of the steps of an integrator, by the SLLOD equations (Evans and Morriss 1984, doi:10.1103/PhysRevA.30.1528) for positions r and
/// peculiar velocities v, row vectors, with G = γ̇ e_gradient ⊗ e_flow:
///
///     r′ = v + r G
///     v′ = f/m − v G
///
/// in a cell whose vectors follow h′ = h G, which is the same as the sliding images of Lees and Edwards (1972, doi:10.1088/0022-3719/5/15/006). Without forces the equations have
/// an exact solution, since G² = 0: after a time t,
///
///     r → r (1 + t G) + t v
///     v → v (1 − t G)
///
/// Such flows of half a step stand on both sides of the thermostat, where velocity Verlet drifts; kicks by the forces stand at the ends. The step is
/// palindromic and of second order, and thermostats see nothing but peculiar velocities.
///
/// The work that the flow does on the atoms, dw = V σ γ̇ dt with the stress σ of the plane, is accounted for: its kinetic part exactly, that of the
/// potential by the virials at both ends of the step. Kinetic + potential − heat is conserved to second order, where the heat is that of the
/// thermostat plus the work. The virial must be up to date at the first step, as forces must.
public struct ShearFlow: Sendable {
  /// Rate and plane.
  public let shear: SimpleShear
  /// The work done so far, energy.
  public private(set) var work = 0.0

  /// Makes a flow that has done no work yet.
  public init(_ shear: SimpleShear) { self.shear = shear }

  /// Whether anything flows. A flow at rate 0 leaves steps as they are without it, to the bit.
  var isMoving: Bool { shear.rate != 0 }

  /// What an evaluation has to compute for the work.
  func quantities(_ wanted: Quantities, _ field: borrowing ForceField) -> Quantities {
    isMoving ? wanted.union(Quantities([.forces, .virial]).intersection(field.requirements.quantities)) : wanted
  }

  /// The work, for checkpoints.
  var memory: [Double] {
    get { [work] }
    set { work = newValue.last ?? 0 }
  }

  /// 1 − t G.
  private func slowing(_ time: Double) -> Matrix3 { shear.plane.map(by: -shear.rate * time) }

  /// The kinetic tensor after a flow.
  func slowed(_ kinetic: Matrix3, _ time: Double) -> Matrix3 {
    let map = slowing(time)
    return map.transposed * kinetic * map
  }

  /// The cell after a flow.
  func cell(_ cell: Cell, after time: Double) -> Cell {
    var tilted = cell
    tilted.vectors = cell.vectors * shear.plane.map(by: shear.rate * time)
    return tilted
  }

  /// A flow for half a step, velocities times a factor, and another flow.
  func deformation(timestep: Double, factor: Double) -> Deformation {
    let half = timestep / 2
    let (stretching, slowing) = (shear.plane.map(by: shear.rate * half), slowing(half))
    var deformation = Deformation(
      map: shear.plane.map(by: shear.rate * timestep), velocities: factor * self.slowing(timestep))
    // The first drift is carried along by the second flow; the second is made with slowed velocities.
    deformation.drift = half * (stretching + factor * slowing)
    return deformation
  }

  /// A flow for half a step less a drift for as long: to stand before a drift with the new velocities.
  func deformationBefore(half: Double) -> Deformation {
    var deformation = Deformation(map: shear.plane.map(by: shear.rate * half), velocities: slowing(half))
    deformation.drift = half * (Matrix3.identity - slowing(half))
    return deformation
  }

  /// The same to stand behind a drift with the old velocities.
  func deformationAfter(half: Double) -> Deformation {
    let map = shear.plane.map(by: shear.rate * half)
    var deformation = Deformation(map: map, velocities: slowing(half))
    deformation.drift = half * (Matrix3.identity - map)
    return deformation
  }

  /// Adds the work of a step: what flows changed of the kinetic energy, and minus the change of the strain times the mean of the virials.
  /// - Returns: the work of the step.
  mutating func add(kinetic: Double, virials first: Matrix3, _ second: Matrix3, timestep: Double) -> Double {
    let plane = shear.plane
    let own = kinetic - 0.5 * shear.rate * timestep * (plane.element(of: first) + plane.element(of: second))
    work += own
    return own
  }

  /// A step of velocity Verlet with the flow in its middle, up to the new forces.
  /// - Parameters:
  ///   - kinetic: Σ m v ⊗ v after the kick.
  ///   - factor: what the thermostat multiplies velocities by.
  ///   - step: number of the step, for errors.
  /// - Returns: the work of the step.
  mutating func perform(
    _ system: inout System, _ field: inout ForceField, kinetic: Matrix3, factor: Double, timestep: Double,
    displacementLimit: Double, step: Int, measuring wanted: Quantities
  ) throws -> Double {
    let half = timestep / 2
    let middle = slowed(kinetic, half)
    let after = slowed((factor * factor) * middle, half)
    let change = 0.5 * (middle.trace - kinetic.trace + after.trace - factor * factor * middle.trace)
    let before = field.evaluation.virial
    var deformation = deformation(timestep: timestep, factor: factor)
    deformation.displacementLimit = displacementLimit
    let findings = field.deform(&system, to: cell(system.cell, after: timestep), deformation)
    if findings.runawaySlot >= 0 {
      throw RunawayAtom(slot: findings.runawaySlot, step: step + 1, displacement: findings.runawayDisplacement)
    }
    system.reduceTilt(in: shear.plane)
    try field.update(
      &system, quantities(wanted, field), largestSquaredDisplacement: findings.largestSquaredDisplacement)
    return add(kinetic: change, virials: before, field.evaluation.virial, timestep: timestep)
  }
}
