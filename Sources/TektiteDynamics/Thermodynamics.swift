import TektiteCore

/// Thermodynamic quantities of a system at a full step.
///
/// Sums run in slot order, which is part of a checkpoint, so they are the same bits for any number of threads and after a resume.
public enum Thermodynamics {
  /// The kinetic energy Σ m v²/2.
  public static func kineticEnergy(_ system: borrowing System) -> Double {
    var sum = 0.0
    for i in 0..<system.count { sum += system.masses[i] * system.velocities[i].lengthSquared }
    return sum / 2
  }

  /// The kinetic tensor Σ m v ⊗ v; its trace is twice the kinetic energy.
  public static func kineticTensor(_ system: borrowing System) -> Matrix3 {
    var sum = Matrix3.zero
    for i in 0..<system.count {
      sum += system.masses[i] * Matrix3.outer(system.velocities[i], system.velocities[i])
    }
    return sum
  }

  /// The total momentum Σ m v.
  public static func momentum(_ system: borrowing System) -> Vector3 {
    var sum = Vector3.zero
    for i in 0..<system.count { sum += system.masses[i] * system.velocities[i] }
    return sum
  }

  /// The number of degrees of freedom that share the kinetic energy: dN in d dimensions, or dN − d where the momentum is conserved at zero
  /// (velocity Verlet, or a thermostat whose momentum is removed again and again). A single atom keeps all of its own.
  public static func degreesOfFreedom(count: Int, conservesMomentum: Bool, dimensions: Int = 3) -> Int {
    dimensions * (conservesMomentum && count > 1 ? count - 1 : count)
  }

  /// The kinetic temperature k_B T = 2K / degrees of freedom, in energy units.
  public static func temperature(kineticEnergy: Double, degreesOfFreedom: Int) -> Double {
    degreesOfFreedom > 0 ? 2 * kineticEnergy / Double(degreesOfFreedom) : 0
  }

  /// The stress −(W + Σ m v ⊗ v)/V with its kinetic part (tensile positive), or nil for a system without a volume.
  /// Minus a third of its trace is the pressure, in two dimensions half of it.
  public static func stress(virial: Matrix3, kineticTensor: Matrix3, volume: Double?) -> Matrix3? {
    guard let volume, volume > 0 else { return nil }
    return (-1 / volume) * (virial + kineticTensor)
  }

  /// The pressure (2K + tr W) / dV in d dimensions, or nil for a system without a volume.
  public static func pressure(
    virial: Matrix3, kineticEnergy: Double, volume: Double?, dimensions: Int = 3
  ) -> Double? {
    guard let volume, volume > 0 else { return nil }
    return (2 * kineticEnergy + virial.trace) / (Double(dimensions) * volume)
  }
}

extension System {
  /// Takes the velocity of the centre of mass off every atom.
  /// - Returns: the kinetic energy that this added (never more than zero but for rounding).
  @discardableResult
  public mutating func removeMomentum() -> Double {
    var mass = 0.0
    for i in 0..<count { mass += masses[i] }
    guard mass > 0 else { return 0 }
    let before = Thermodynamics.kineticEnergy(self)
    let drift = (1 / mass) * Thermodynamics.momentum(self)
    for i in 0..<count { velocities[i] -= drift }
    return Thermodynamics.kineticEnergy(self) - before
  }

  /// Draws velocities from the Maxwell distribution, component by component normal with variance k_B T / m; in two dimensions those along x and y.
  /// - Parameters:
  ///   - temperature: k_B T, energy.
  ///   - seed: the run's seed.
  ///   - stage: index of the stage that draws, −1 for the run's start.
  ///   - draw: number of the draw within the stage.
  ///   - removingMomentum: take off the motion of the centre of mass afterwards (not for a single atom).
  ///   - exactly: rescale so that the kinetic temperature is k_B T exactly, with 3N − 3 degrees of freedom (2N − 2 in a plane) where momentum was removed.
  public mutating func drawMaxwellVelocities(
    temperature: Double, seed: UInt64, stage: Int = -1, draw: Int = 0, removingMomentum: Bool = true,
    exactly: Bool = true
  ) {
    let noise = Noise(RandomStream.velocities.generator(seed: seed, stage: stage))
    for i in 0..<count {
      velocities[i] =
        (temperature / masses[i]).squareRoot() * noise.normals(step: draw, atom: identity[i]).confined(to: dimensions)
    }
    let isRemoving = removingMomentum && count > 1
    if isRemoving { removeMomentum() }
    guard exactly else { return }
    let present = Thermodynamics.temperature(
      kineticEnergy: Thermodynamics.kineticEnergy(self),
      degreesOfFreedom: Thermodynamics.degreesOfFreedom(
        count: count, conservesMomentum: isRemoving, dimensions: dimensions))
    guard present > 0 else { return }
    let scale = (temperature / present).squareRoot()
    for i in 0..<count { velocities[i] = scale * velocities[i] }
  }
}
