import TektiteCore

/// How a dynamics stage exchanges heat.
public enum Thermostat: Hashable, Sendable {
  /// None: velocity Verlet at constant energy.
  case none
  /// Langevin dynamics in the BAOAB family (`LangevinMiddle`): temperature in energy units (k_B T), friction per time.
  case langevin(temperature: Schedule, friction: Double)
  /// Stochastic velocity rescaling (`StochasticRescaling`): k_B T, relaxation time of the kinetic energy.
  case csvr(temperature: Schedule, time: Double)
  /// A Nosé-Hoover chain (`NoseHooverChain`): k_B T, the time that sets its masses, number of links.
  case noseHoover(temperature: Schedule, time: Double, chain: Int)
  /// Overdamped dynamics (`BrownianDynamics`): k_B T, friction per time.
  case brownian(temperature: Schedule, friction: Double)

  /// k_B T as a function of the step, nil without a thermostat.
  public var temperature: Schedule? {
    switch self {
    case .none: nil
    case .langevin(let temperature, _), .csvr(let temperature, _), .noseHoover(let temperature, _, _),
      .brownian(let temperature, _):
      temperature
    }
  }

  /// Whether the dynamics conserve the total momentum.
  public var conservesMomentum: Bool {
    switch self {
    case .none, .csvr, .noseHoover: true
    case .langevin, .brownian: false
    }
  }

  /// The largest k_B T that the thermostat aims at, energy; 0 without one.
  var largestTemperature: Double { temperature?.largest ?? 0 }

  /// What is wrong with the numbers of the thermostat, or nil.
  var complaint: String? {
    if let temperature, !(temperature.smallest >= 0 && temperature.largest.isFinite) {
      return "a thermostat whose temperature is negative or not a number"
    }
    switch self {
    case .none: return nil
    case .langevin(_, let friction):
      return friction >= 0 && friction.isFinite ? nil : "a friction of \(friction); expected 0 or more"
    case .brownian(_, let friction):
      return friction > 0 && friction.isFinite ? nil : "a friction of \(friction); expected a positive number"
    case .csvr(_, let time):
      return time >= 0 ? nil : "a relaxation time of \(time); expected 0 or more"
    case .noseHoover(let temperature, let time, let chain):
      if !(time > 0 && time.isFinite) { return "a Nosé-Hoover time of \(time); expected a positive number" }
      if chain < 1 { return "a Nosé-Hoover chain of \(chain) links; expected at least 1" }
      return temperature.smallest > 0
        ? nil : "a Nosé-Hoover thermostat at temperature 0; expected a positive temperature"
    }
  }
}

extension DynamicsStage {
  /// The degrees of freedom that share the kinetic energy of so many atoms. Langevin noise moves the centre of mass unless that motion is taken out
  /// again and again; Brownian velocities are new in each step, whatever was taken out of the last ones.
  func degreesOfFreedom(count: Int, dimensions: Int) -> Int {
    var isRemoved = false
    if case .langevin = thermostat { isRemoved = momentumRemoval != nil }
    return Thermodynamics.degreesOfFreedom(
      count: count, conservesMomentum: thermostat.conservesMomentum || isRemoved, dimensions: dimensions)
  }
}
