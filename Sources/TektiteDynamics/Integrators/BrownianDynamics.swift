import TektiteCore

/// Overdamped dynamics, dx = f/(mγ) dt + √(2 k_B T/(mγ)) dW, by the method of Leimkuhler and Matthews (2013, doi:10.1093/amrx/abs010; 2014,
/// doi:10.1098/rspa.2014.0120): with R of (stage, n, atom),
///
///     x ← x + Δt f/(mγ) + √(2 k_B T Δt/(mγ)) (R₋ + R)/2
///
/// where R₋ is the noise of the step before. Averages over positions are right to second order in Δt, where the method of Euler and Maruyama, which has R
/// alone, is of first order; in a harmonic trap they are exact for any stable Δt.
///
/// This is the step of `LangevinMiddle` without any memory of velocities, c = 0, and with h = √(2Δt/γ) in place of the timestep; that is how it is run.
/// The velocities are those of that step: they carry R₋ from step to step, are Maxwell distributed (cold by ω²Δt/2γ for a mode of frequency ω)
/// and independent of those of other steps, as velocities are at infinite friction. They are not the rate at which positions change. A start whose
/// velocities are not thermal begins with another R₋, for one step.
///
/// Kinetic + potential − heat is conserved as far as one step of velocity Verlet of h conserves the energy: its steps are the
/// logarithms, times k_B T, of the acceptance that a Metropolis test of the move would have. They add up to a random walk of first order in Δt.
public struct BrownianDynamics: Integrator, ~Copyable {
  /// The timestep in internal units.
  public let timestep: Double
  /// The friction γ, per internal unit of time.
  public let friction: Double
  private var step: LangevinMiddle

  /// Makes an integrator.
  /// - Parameters:
  ///   - timestep: internal units.
  ///   - friction: per internal unit of time, above 0; a free atom of mass m diffuses with k_B T/(mγ).
  ///   - temperature: k_B T; the step from n to n + 1 draws its noise with the value at n.
  ///   - steps: length of the stage.
  ///   - noise: see `RandomStream.brownian`.
  public init(timestep: Double, friction: Double, temperature: Schedule, steps: Int, noise: Noise) {
    self.timestep = timestep
    self.friction = friction
    step = LangevinMiddle(
      timestep: (2 * timestep / friction).squareRoot(), friction: .infinity, temperature: temperature, steps: steps,
      noise: noise)
  }

  /// The heat that the system has taken up so far, energy.
  public var heat: Double {
    get { step.heat }
    set { step.heat = newValue }
  }

  /// Largest distance that an atom may move in one step, length.
  public var displacementLimit: Double {
    get { step.displacementLimit }
    set { step.displacementLimit = newValue }
  }

  /// Runs `count` steps; see `Integrator`.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    try self.step.advance(&system, &field, from: step, count: count, measuring: quantities)
  }
}
