/// What a step of an integrator is made of besides the atoms.
public struct StepConstants: Sendable {
  /// Timestep.
  public var timestep: Double
  /// Half kicks before the drift: 0, 1 or 2.
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
    /// Whether R lies in the plane z = 0.
    public var isPlanar: Bool
    /// Makes a fluctuation.
    public init(keep: Double, variance: Double, key: UInt64, counter: UInt64, isPlanar: Bool = false) {
      self.keep = keep
      self.variance = variance
      self.key = key
      self.counter = counter
      self.isPlanar = isPlanar
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
    a.depth = f.isPlanar ? 0 : 1
  }
  let ranges = Ranges(n, target: 1024)
  let level = ProcessorLevel.current
  return gather(ranges, team) { k in LevelKernels.integrate(level, a, ranges[k]) }
}

/// Puts together what a pass finds in each range of atoms, in the order of the ranges.
func gather(_ ranges: Ranges, _ team: ThreadTeam, _ pass: (Int) -> IntegrationFindings) -> IntegrationFindings {
  var all = IntegrationFindings()
  withUnsafeTemporaryAllocation(of: IntegrationFindings.self, capacity: max(1, ranges.count)) { findings in
    let out = findings.baseAddress.unsafelyUnwrapped
    team.forEachChunk(ranges.count) { k in out[k] = pass(k) }
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

/// v ← v + h f/m for all atoms, once or twice: the two half kicks that meet between steps remain two rounded additions.
/// - Returns: the kinetic energy Σ m v²/2 afterwards, summed by ranges of atoms that depend on their number only.
public func kickAndMeasure(
  velocities: inout Buffer<Vector3>, forces: borrowing Buffer<Vector3>, masses: borrowing Buffer<Double>, by h: Double,
  kicks: Int, team: ThreadTeam
) -> Double {
  let n = velocities.count
  precondition(forces.count >= n && masses.count == n, "buffers of different counts")
  let (v, f, m) = (velocities.base, forces.base, masses.base)
  let ranges = Ranges(n, target: 1024)
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, ranges.count)) { sums in
    let out = sums.baseAddress.unsafelyUnwrapped
    team.forEachChunk(ranges.count) { k in
      var sum = 0.0
      for i in ranges[k] {
        let kick = (h / m[i]) * f[i]
        var kicked = v[i] + kick
        if kicks == 2 { kicked += kick }
        v[i] = kicked
        sum += m[i] * kicked.lengthSquared
      }
      out[k] = sum
    }
    var sum = 0.0
    for k in 0..<ranges.count { sum += out[k] }
    return sum / 2
  }
}

/// Half a drift, v ← c v, and half a drift, for all atoms in one pass. An atom that would move farther than the limit stays; the first one in slot
/// order is reported.
/// - Parameter reference: as for `kickAndDrift`.
public func scaleAndDrift(
  positions: inout Buffer<Vector3>, velocities: inout Buffer<Vector3>, reference: borrowing Buffer<Vector3>,
  by factor: Double, timestep: Double, displacementLimit: Double, team: ThreadTeam
) -> IntegrationFindings {
  let n = positions.count
  precondition(velocities.count == n, "buffers of different counts")
  let (x, v) = (positions.base, velocities.base)
  let near: UnsafeMutablePointer<Vector3>? = reference.count == n ? reference.base : nil
  let (half, limit) = (timestep / 2, displacementLimit * displacementLimit)
  let ranges = Ranges(n, target: 1024)
  return gather(ranges, team) { k in
    var findings = IntegrationFindings()
    var most = near == nil ? Double.infinity : 0
    for i in ranges[k] {
      let scaled = factor * v[i]
      let drift = (half * v[i]) + (half * scaled)
      v[i] = scaled
      let square = drift.lengthSquared
      if square <= limit {
        x[i] += drift
      } else if findings.runawaySlot < 0 {
        findings.runawaySlot = i
        findings.runawayDisplacement = square.squareRoot()
      }
      if let near {
        let away = (x[i] - near[i]).lengthSquared
        if !(away <= most) { most = away.isNaN ? .infinity : away }
      }
    }
    findings.largestSquaredDisplacement = most
    return findings
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
