import TektiteCore

/// The purposes for which a run draws random numbers. Each has a stream of its own, so that drawing more of one kind changes none of
/// the others. The numbers of the cases are part of what makes a run reproducible: they are never reused.
public enum RandomStream: UInt64, Sendable, CaseIterable {
  /// Maxwell velocities.
  case velocities = 1
  /// The noise of Langevin dynamics.
  case langevin = 2
  /// The noise of stochastic velocity rescaling.
  case rescaling = 3
  /// The noise of Brownian dynamics.
  case brownian = 4
  /// Trial exchanges of atoms.
  case exchanges = 5
  /// The noise of stochastic cell rescaling.
  case cell = 6
  /// The noise of the runs of a cage state.
  case cage = 7

  /// The generator of this stream for a run's seed and one of its stages.
  ///
  /// Steps count from 0 in each stage, so the stage is part of the key: without it, two stages would meet the same noise.
  /// Seed, stream and stage are mixed to 64 bits by the finaliser of SplitMix64 (Steele, Lea, Flood 2014,
  /// doi:10.1145/2714064.2660195).
  public func generator(seed: UInt64, stage: Int) -> Philox4x32 {
    let inner = Self.mix(rawValue &+ UInt64(truncatingIfNeeded: stage) &* 0x9E37_79B9_7F4A_7C15)
    return Philox4x32(key: Self.mix(seed ^ inner))
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
