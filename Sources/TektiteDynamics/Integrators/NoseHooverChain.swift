import TektiteCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A Nosé-Hoover chain (Martyna, Klein, Tuckerman 1992, doi:10.1063/1.463940): deterministic dynamics whose friction ξ₁ follows the kinetic energy K,
/// itself under the friction ξ₂ of a second link, and so on. See `Rescaling` for the step. With f degrees of freedom,
///
///     v′  = … − ξ₁ v,                    η′ₖ = ξₖ
///     ξ′₁ = (2K / f k_B T − 1)/τ² − ξ₁ ξ₂
///     ξ′₂ = f ξ₁² − 1/τ² − ξ₂ ξ₃
///     ξ′ₖ = ξₖ₋₁² − 1/τ² − ξₖ ξₖ₊₁
///
/// which are the usual equations with masses f k_B T τ² and k_B T τ², so that τ means the same at every temperature of a schedule. Where the potential
/// gives no answer, K oscillates with the period √2 π τ.
///
/// Chain and velocities are propagated through the step by the palindromic splitting of Martyna et al. (1996,
/// doi:10.1080/00268979600100761) with three weights of Suzuki and Yoshida (1990, doi:10.1016/0375-9601(90)90092-3), of fourth order: a step with −Δt
/// undoes one with Δt but for rounding. Kinetic + potential − heat is conserved to second order in Δt, and at constant temperature
/// the heat is minus `chainEnergy` to fourth.
public struct NoseHooverChain: Rescaling, ~Copyable {
  /// The timestep in internal units; a negative one runs backwards.
  public let timestep: Double
  /// The heat that the system has taken up so far, energy.
  public var heat = 0.0
  /// Largest distance that an atom may move in one step, length.
  public var displacementLimit = Double.infinity
  /// The time τ that sets the masses of the chain, internal units.
  public let time: Double
  /// k_B T as a function of the step, energy; above 0.
  public let temperature: Schedule
  /// The number of steps of the stage, which ramps refer to.
  public let steps: Int
  /// The number of degrees of freedom f that share the kinetic energy.
  public let degreesOfFreedom: Int
  /// The positions η of the links, without a unit.
  public private(set) var positions: [Double]
  /// The velocities ξ of the links, per internal unit of time.
  public private(set) var velocities: [Double]
  /// A shear flow, or nil.
  public var shear: ShearFlow?
  /// The work of the flow, which is part of the heat.
  public var work: Double { shear?.work ?? 0 }

  /// Makes an integrator with the chain at rest.
  /// - Parameters:
  ///   - timestep: internal units; a tenth of `time` or less.
  ///   - time: τ in internal units.
  ///   - chain: number of links, at least 1; with 1 it is the thermostat of Nosé and Hoover.
  ///   - temperature: k_B T; the step from n to n + 1 uses its value at n. At 0 the thermostat does nothing.
  ///   - steps: length of the stage.
  ///   - degreesOfFreedom: 3N − 3 for atoms without motion of their centre of mass.
  public init(
    timestep: Double, time: Double, chain: Int = 3, temperature: Schedule, steps: Int, degreesOfFreedom: Int
  ) {
    self.timestep = timestep
    self.time = time
    self.temperature = temperature
    self.steps = steps
    self.degreesOfFreedom = degreesOfFreedom
    positions = [Double](repeating: 0, count: max(1, chain))
    velocities = positions
  }

  /// Positions and velocities of the links, then what a flow has to remember.
  public var memory: [Double] {
    get { positions + velocities + (shear?.memory ?? []) }
    set {
      let links = positions.count
      guard newValue.count == 2 * links + (shear?.memory.count ?? 0) else { return }
      positions = Array(newValue[..<links])
      velocities = Array(newValue[links..<2 * links])
      shear?.memory = newValue
    }
  }

  /// Kinetic and potential energy of the chain at a constant k_B T.
  public func chainEnergy(temperature kT: Double) -> Double {
    var sum = 0.0
    for k in positions.indices {
      let share = k == 0 ? Double(degreesOfFreedom) : 1
      sum += share * (0.5 * time * time * velocities[k] * velocities[k] + positions[k])
    }
    return kT * sum
  }

  /// Runs `count` steps; see `Integrator`.
  public mutating func advance(
    _ system: inout System, _ field: inout ForceField, from step: Int, count: Int, measuring quantities: Quantities
  ) throws {
    try advanceScaling(&system, &field, from: step, count: count, measuring: quantities)
  }

  // A chain goes with a cell that has inertia: see `MartynaTobiasKlein`.
  var cellRescaling: StochasticCellRescaling? {
    get { nil }
    set {}
  }

  mutating func factor(kineticEnergy: Double, step: Int) -> Double {
    let mean = 0.5 * Double(degreesOfFreedom) * temperature.value(at: step, of: steps)
    guard mean > 0 else { return 1 }
    var ratio = kineticEnergy / mean
    var factor = 1.0
    for weight in Self.weights {
      let part = weight * timestep
      for k in positions.indices.reversed() { accelerate(k, by: part / 2, ratio) }
      let scale = exp(-velocities[0] * part)
      factor *= scale
      ratio *= scale * scale
      for k in positions.indices { positions[k] += velocities[k] * part }
      for k in positions.indices { accelerate(k, by: part / 2, ratio) }
    }
    return factor
  }

  /// Half a friction of the next link, the pull of the previous one, half a friction.
  private mutating func accelerate(_ k: Int, by h: Double, _ ratio: Double) {
    let rate = 1 / (time * time)
    let pull =
      switch k {
      case 0: (ratio - 1) * rate
      case 1: Double(degreesOfFreedom) * velocities[0] * velocities[0] - rate
      default: velocities[k - 1] * velocities[k - 1] - rate
      }
    guard k + 1 < velocities.count else {
      velocities[k] += pull * h
      return
    }
    let damping = exp(-velocities[k + 1] * h / 2)
    velocities[k] = (velocities[k] * damping + pull * h) * damping
  }

  /// Parts of the step whose errors of third order cancel: w, 1 − 2w, w with 2w³ + (1 − 2w)³ = 0.
  private static let weights: [Double] = {
    let w = 1 / (2 - cbrt(2.0))
    return [w, 1 - 2 * w, w]
  }()
}
