import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Canonical sampling by stochastic velocity rescaling, CSVR (Bussi, Donadio, Parrinello 2007, doi:10.1063/1.2408420): all velocities
/// are scaled so that the kinetic energy performs its canonical random walk with relaxation time τ. See `Rescaling` for the step.
///
/// The walk is drawn exactly for any Δt/τ. Think of the f momenta as turned so that all kinetic energy K lies in the first; a Langevin step
/// of friction 1/2τ makes of it, with c = exp(−Δt/τ), R a standard normal and S a chi-squared deviate of f − 1 degrees of freedom,
///
///     A  = √(c K) + √((1 − c) k_B T / 2) R
///     K′ = A² + (1 − c) k_B T / 2 · S
///
/// and the velocities are scaled by ±√(K′/K), with the sign of A (Bussi and Parrinello 2008, doi:10.1016/j.cpc.2008.01.006). Momentum, once
/// removed, stays zero but for rounding. Kinetic + potential − heat is conserved to second order in Δt.
public struct StochasticRescaling: Rescaling, ~Copyable {
  /// The timestep in internal units.
  public let timestep: Double
  /// The heat that the system has taken up so far, energy.
  public var heat = 0.0
  /// Largest distance that an atom may move in one step, length.
  public var displacementLimit = Double.infinity
  /// The relaxation time τ of the kinetic energy, internal units.
  public let time: Double
  /// k_B T as a function of the step, energy.
  public let temperature: Schedule
  /// The number of steps of the stage, which ramps refer to.
  public let steps: Int
  /// The number of degrees of freedom f that share the kinetic energy.
  public let degreesOfFreedom: Int
  /// A barostat to go with it, for the same temperature, or nil.
  public var cellRescaling: StochasticCellRescaling?
  /// A shear flow, or nil.
  public var shear: ShearFlow?
  private let noise: Noise

  /// What barostat and flow have to remember.
  public var memory: [Double] {
    get { (cellRescaling?.memory ?? []) + (shear?.memory ?? []) }
    set {
      cellRescaling?.memory = newValue
      shear?.memory = newValue
    }
  }
  /// The work of the flow, which is part of the heat.
  public var work: Double { shear?.work ?? 0 }

  /// Makes an integrator.
  /// - Parameters:
  ///   - timestep: internal units.
  ///   - time: relaxation time of the kinetic energy, internal units; 0 draws it afresh in each step, infinity leaves it alone.
  ///   - temperature: k_B T; the step from n to n + 1 uses its value at n.
  ///   - steps: length of the stage.
  ///   - degreesOfFreedom: 3N − 3 for atoms without motion of their centre of mass.
  ///   - noise: see `RandomStream.rescaling`.
  public init(
    timestep: Double, time: Double, temperature: Schedule, steps: Int, degreesOfFreedom: Int, noise: Noise
  ) {
    self.timestep = timestep
    self.time = time
    self.temperature = temperature
    self.steps = steps
    self.degreesOfFreedom = degreesOfFreedom
    self.noise = noise
  }

  /// Runs `count` steps; see `Integrator`.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    try advanceScaling(&system, &field, from: step, count: count, measuring: quantities)
  }

  mutating func factor(kineticEnergy: Double, step: Int) -> Double {
    // Atoms at rest have no velocities to scale; forces move them first.
    guard kineticEnergy > 0, degreesOfFreedom > 0 else { return 1 }
    let keep = exp(-timestep / time)
    // 1 − c without the loss of digits for long times.
    let fresh = -expm1(-timestep / time) * temperature.value(at: step, of: steps) / 2
    let first = (keep * kineticEnergy).squareRoot() + fresh.squareRoot() * noise.normals(step: step, atom: 0).x
    let others = fresh * noise.chiSquared(degreesOfFreedom: degreesOfFreedom - 1, step: step, draw: 1)
    let size = ((first * first + others) / kineticEnergy).squareRoot()
    // A kinetic energy near the smallest of all numbers counts as none.
    guard size.isFinite else { return 1 }
    return first < 0 ? -size : size
  }
}
