/// What a step of an integrator is made of besides the atoms.
public struct StepConstants: Sendable {
  /// Timestep.
  public var timestep: Double
  /// Half kicks before the drift, 1 or 2.
  public var kicks: Int
  /// Largest distance an atom may move.
  public var displacementLimit: Double
  /// The fluctuation of Langevin dynamics, or nil.
  public var fluctuation: Fluctuation?

  /// v′ = keep · v + √(variance / m) R, with R keyed by (key, counter, atom).
  public struct Fluctuation: Sendable {
    /// exp(−γ Δt).
    public var keep: Double
    /// (1 − keep²) k_B T.
    public var variance: Double
    /// Key of the Philox generator.
    public var key: UInt64
    /// Counter of the step.
    public var counter: UInt64
    /// Makes a fluctuation.
    public init(keep: Double, variance: Double, key: UInt64, counter: UInt64) {
      self.keep = keep
      self.variance = variance
      self.key = key
      self.counter = counter
    }
  }

  /// Makes the constants of a step.
  public init(timestep: Double, kicks: Int, displacementLimit: Double = .infinity, fluctuation: Fluctuation? = nil) {
    self.timestep = timestep
    self.kicks = kicks
    self.displacementLimit = displacementLimit
    self.fluctuation = fluctuation
  }
}

/// Kicks and drifts all atoms in one pass: half kicks, then x ← x + Δt v or, with a fluctuation, half a drift, the fluctuation and half a drift.
/// An atom that would move farther than the limit stays; the first one in slot order is reported. Heat is summed by ranges of atoms that
/// depend on their number only.
/// - Parameter reference: positions when the neighbour list was built; with another count than the positions, the displacement is reported as infinite.
public func kickAndDrift(
  positions: inout Buffer<Vector3>, velocities: inout Buffer<Vector3>, forces: borrowing Buffer<Vector3>,
  masses: borrowing Buffer<Double>, identity: borrowing Buffer<Int32>, reference: borrowing Buffer<Vector3>,
  _ constants: StepConstants,
  team: ThreadTeam
) -> IntegrationFindings {
  let n = positions.count
  precondition(
    velocities.count == n && forces.count >= n && masses.count == n && identity.count == n,
    "buffers of different counts")
  var a = IntegrationPass(
    positions: positions.base, velocities: velocities.base, forces: forces.base, masses: masses.base,
    identity: identity.base)
  if reference.count == n { a.reference = UnsafePointer(reference.base) }
  a.timestep = constants.timestep
  a.kicks = constants.kicks
  a.limit = constants.displacementLimit
  if let f = constants.fluctuation {
    a.isLangevin = true
    (a.keep, a.variance, a.key, a.counter) = (f.keep, f.variance, f.key, f.counter)
  }
  let ranges = Ranges(n, target: 1024)
  let level = ProcessorLevel.current
  var all = IntegrationFindings()
  withUnsafeTemporaryAllocation(of: IntegrationFindings.self, capacity: max(1, ranges.count)) { findings in
    let out = findings.baseAddress.unsafelyUnwrapped
    team.forEachChunk(ranges.count) { k in out[k] = LevelKernels.integrate(level, a, ranges[k]) }
    for k in 0..<ranges.count {
      all.largestSquaredDisplacement = max(all.largestSquaredDisplacement, out[k].largestSquaredDisplacement)
      all.heat += out[k].heat
      if all.runawaySlot < 0 && out[k].runawaySlot >= 0 {
        all.runawaySlot = out[k].runawaySlot
        all.runawayDisplacement = out[k].runawayDisplacement
      }
    }
  }
  return all
}

/// v ← v + h f/m for all atoms.
public func kick(
  velocities: inout Buffer<Vector3>, forces: borrowing Buffer<Vector3>, masses: borrowing Buffer<Double>, by h: Double,
  team: ThreadTeam
) {
  let n = velocities.count
  precondition(forces.count >= n && masses.count == n, "buffers of different counts")
  let (v, f, m) = (velocities.base, forces.base, masses.base)
  let ranges = Ranges(n, target: 1024)
  team.forEachChunk(ranges.count) { k in
    for i in ranges[k] { v[i] += (h / m[i]) * f[i] }
  }
}

/// Standard normal deviates, three for each atom: a pure function of (key, counter, atom).
public func normalDeviates(key: UInt64, counter: UInt64, atoms: [Int32]) -> [Vector3] {
  var out = [Vector3](repeating: .zero, count: atoms.count)
  atoms.withUnsafeBufferPointer { ids in
    out.withUnsafeMutableBufferPointer { vectors in
      guard let p = ids.baseAddress, let v = vectors.baseAddress else { return }
      LevelKernels.normals(.current, key: key, counter: counter, p, ids.count, v)
    }
  }
  return out
}
