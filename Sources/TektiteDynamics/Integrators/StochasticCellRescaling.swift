import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sampling at constant pressure by stochastic cell rescaling (Bernetti and Bussi 2020, doi:10.1063/5.0020514), with cells of changing shape as by
/// Del Tatto et al. (2022, doi:10.3390/app12031139): cell and positions are mapped by exp(E), velocities by exp(−E), with increments of the strain
///
///     dE = −β/(3τ) V/V₁ (P₀ − P − k_B T/V) dt + √(2β k_B T / (3 V₁ τ)) dW
///
/// where P = (Σ m v ⊗ v + W)/V is the internal pressure tensor and V₁ the volume at the start of the stage. With V₁ = V these are the equations of the papers;
/// with noise of constant strength no order of accuracy is lost in a finite step. The volume relaxes within about τ if β is
/// the compressibility; a wrong β changes that time, not the ensemble. Isotropic cells take a third of the trace of E, anisotropic ones its diagonal;
/// of a triclinic one E is symmetric, and the noise of an element off the diagonal is that of (dW + dWᵀ)/2.
///
/// The ensemble has the density exp(−(H + P₀V)/k_B T) in dV of the volume, and in dh/V² over the nine elements of a cell whose shape changes. Volumes of an ideal gas are Gamma distributed with shape N + 1. Where the momentum is held at zero, the atoms have three
/// degrees of freedom less than they have coordinates; g = (3N − f)/3 of k_B T/V is then added to the pressure, so that the ensemble is the same.
///
/// In two dimensions V is the area, each 3 above is a 2, strains lie in the plane, and the density is dh/V over the four elements of a cell.
///
/// Moves stand in the middle of a step, between two half drifts. They are those of Euler and Maruyama in E with P from the velocities there and the
/// virial at the step's start. Their error is accounted for, not corrected: with U = H + P₀V − (1 + g) k_B T ln V, the density over the invariant measure
/// is exp(−U/k_B T), and what a move leaves is ΔU + k_B T ln M(E)/M′(−E), with the densities M of the move and M′ of the one back (Bussi and Parrinello 2007,
/// doi:10.1103/PhysRevE.75.056707). `heat` is minus the part of it that does not show in kinetic and potential energy, so that
/// kinetic + potential − heat drifts by the error of the integration, as under a thermostat alone: for the moves, a random walk of first order in the timestep.
public struct StochasticCellRescaling: Sendable {
  /// The timestep in internal units.
  public let timestep: Double
  /// The pressure P₀ as a function of the step, energy per volume.
  public let pressure: Schedule
  /// The relaxation time τ of the volume, internal units.
  public let time: Double
  /// The compressibility β, volume per energy.
  public let compressibility: Double
  /// The shapes that the cell takes.
  public let coupling: CellCoupling
  /// Steps from one move to the next, which are made in one.
  public let interval: Int
  /// k_B T as a function of the step: that of the thermostat.
  public let temperature: Schedule
  /// The number of steps of the stage, which ramps refer to.
  public let steps: Int
  /// The number of degrees of freedom f that share the kinetic energy.
  public let degreesOfFreedom: Int
  /// The number of dimensions of the cell.
  public let dimensions: Int
  /// The volume V₁ to which the strength of the noise belongs; 0 until the first move.
  public private(set) var referenceVolume = 0.0
  private let noise: Noise

  /// Makes a barostat.
  /// - Parameters:
  ///   - timestep: internal units.
  ///   - pressure: energy per volume; may be negative.
  ///   - time: relaxation time of the volume, a hundred timesteps or more.
  ///   - compressibility: volume per energy.
  ///   - interval: acts in steps whose number it divides.
  ///   - temperature: k_B T of the thermostat.
  ///   - steps: length of the stage.
  ///   - degreesOfFreedom: 3N, or 3N − 3 for atoms without motion of their centre of mass; in two dimensions 2N or 2N − 2.
  ///   - noise: see `RandomStream.cell`.
  public init(
    timestep: Double, pressure: Schedule, time: Double, compressibility: Double, coupling: CellCoupling = .isotropic,
    interval: Int = 1, temperature: Schedule, steps: Int, degreesOfFreedom: Int, dimensions: Int = 3,
    noise: Noise
  ) {
    self.timestep = timestep
    self.pressure = pressure
    self.time = time
    self.compressibility = compressibility
    self.coupling = coupling
    self.interval = max(1, interval)
    self.temperature = temperature
    self.steps = steps
    self.degreesOfFreedom = degreesOfFreedom
    self.dimensions = dimensions
    self.noise = noise
  }

  /// A move of the cell, and what its account needs.
  struct Move {
    var map: CellMap
    /// P₀ and (1 + g) k_B T of the step.
    var pressure: Double, entropy: Double
    /// The mean of the increment, A = −β/(3τ) V/V₁ (P₀ − P − (1 + g) k_B T/V) Δt.
    var pull: Matrix3
    var volumeBefore: Double, volumeAfter: Double
    /// Σ m v ⊗ v after the move, but for its rotation.
    var kinetic: Matrix3
  }

  /// Whether the cell moves in the step from `step` to the next.
  func acts(in step: Int) -> Bool { step % interval == 0 }

  /// What the evaluation at the end of the step from `step` to the next has to compute.
  func quantities(after step: Int, _ wanted: Quantities, _ field: borrowing ForceField) -> Quantities {
    guard acts(in: step) || acts(in: step + 1) else { return wanted }
    return wanted.union(Quantities([.forces, .virial]).intersection(field.requirements.quantities))
  }

  /// Draws the move of a step.
  /// - Parameters:
  ///   - kinetic: Σ m v ⊗ v.
  ///   - virial: at the step's start.
  ///   - count: number of atoms.
  mutating func move(step: Int, cell: Cell, kinetic: Matrix3, virial: Matrix3, count: Int) throws(RunawayCell) -> Move {
    let volume = cell.volume ?? .nan
    if referenceVolume == 0 { referenceVolume = volume }
    let kT = temperature.value(at: step, of: steps)
    let target = pressure.value(at: step, of: steps)
    let entropy = kT * (1 + Double(dimensions * count - degreesOfFreedom) / Double(dimensions))
    let pull = pull(kinetic + virial, work: entropy - target * volume)
    let strain = pull + (2 * rate * kT).squareRoot() * deviate(step)
    let size = strain.largestElement
    guard size <= RunawayCell.limit else { throw RunawayCell(step: step + 1, strain: size) }
    let map = CellMap(strain, of: cell, coupling: coupling)
    return Move(
      map: map, pressure: target, entropy: entropy, pull: pull, volumeBefore: volume,
      volumeAfter: map.cell.volume ?? .nan, kinetic: map.shrinking * kinetic * map.shrinking)
  }

  /// What a move adds to the heat.
  /// - Parameter virial: at the step's end.
  func heat(of move: Move, virial: Matrix3) -> Double {
    let (before, after) = (move.volumeBefore, move.volumeAfter)
    let turned = move.map.rotation * virial * move.map.rotation.transposed
    let back = pull(move.kinetic + turned, work: move.entropy - move.pressure * after)
    let strain = move.map.strain
    // k_B T times the logarithm of the densities there and back.
    let bias = ((strain + back).squares - (strain - move.pull).squares) / (4 * rate)
    return move.entropy * log(after / before) - move.pressure * (after - before) - bias
  }

  /// The strain that a unit of energy makes in a move, β Δt/(3 V₁ τ).
  private var rate: Double {
    compressibility * timestep * Double(interval) / (Double(dimensions) * referenceVolume * time)
  }

  private func pull(_ tensor: Matrix3, work: Double) -> Matrix3 {
    rate * coupling.projection(tensor, in: dimensions) + (rate * work) * .identity(in: dimensions)
  }

  /// The reference volume, for checkpoints.
  var memory: [Double] {
    get { [referenceVolume] }
    set { referenceVolume = newValue.first ?? 0 }
  }

  /// Normal deviates of the strain: of variance 1 along each direction of the space of strains in which the cell moves.
  private func deviate(_ step: Int) -> Matrix3 {
    let r = noise.normals(step: step, atom: 0)
    switch coupling {
    case .isotropic: return (r.x / Double(dimensions).squareRoot()) * .identity(in: dimensions)
    case .anisotropic:
      return Matrix3(Vector3(r.x, 0, 0), Vector3(0, r.y, 0), dimensions == 2 ? .zero : Vector3(0, 0, r.z))
    case .triclinic where dimensions == 2:
      let s = 0.5.squareRoot() * r.z
      return Matrix3(Vector3(r.x, s, 0), Vector3(s, r.y, 0), .zero)
    case .triclinic:
      let s = 0.5.squareRoot() * noise.normals(step: step, atom: 0, draw: 1)
      return Matrix3(Vector3(r.x, s.z, s.y), Vector3(s.z, r.y, s.x), Vector3(s.y, s.x, r.z))
    }
  }
}
