/// An affine map of the atoms in the middle of a step, with what they drift on top of it:
///
///     x ← x · map + v · drift,  v ← v · velocities
///
/// for row vectors.
public struct Deformation: Sendable {
  /// What positions are multiplied by.
  public var map: Matrix3
  /// What velocities are multiplied by.
  public var velocities: Matrix3
  /// What velocities are multiplied by, a time, to be the drift.
  public var drift = Matrix3.zero
  /// Largest distance that an atom may drift.
  public var displacementLimit = Double.infinity

  /// Makes a deformation without drifts.
  public init(map: Matrix3, velocities: Matrix3 = .identity) {
    self.map = map
    self.velocities = velocities
  }

  /// Makes a deformation with a drift by the old velocities for a time before it and one by the new velocities after it.
  public init(map: Matrix3, velocities: Matrix3, before: Double, after: Double) {
    self.init(map: map, velocities: velocities)
    drift = before * map + after * velocities
  }
}

/// Deforms all atoms in one pass, and maps the reference positions too, so that displacements from them are free of the affine part.
/// An atom that would drift farther than the limit is mapped only; the first one in slot order is reported.
/// - Parameter reference: positions when the neighbour list was last searched, by slot; with another count than the positions, displacements are
///   reported as infinite.
public func deform(
  positions: inout Buffer<Vector3>, velocities: inout Buffer<Vector3>, reference: inout Buffer<Vector3>,
  _ deformation: Deformation, team: ThreadTeam
) -> IntegrationFindings {
  let n = positions.count
  precondition(velocities.count == n, "buffers of different counts")
  let (x, v) = (positions.base, velocities.base)
  let near: UnsafeMutablePointer<Vector3>? = reference.count == n ? reference.base : nil
  let d = deformation
  let limit = d.displacementLimit * d.displacementLimit
  let ranges = Ranges(n, target: 1024)
  return gather(ranges, team) { k in
    var findings = IntegrationFindings()
    var most = near == nil ? Double.infinity : 0
    for i in ranges[k] {
      let old = v[i]
      v[i] = old * d.velocities
      let drift = old * d.drift
      let square = drift.lengthSquared
      if square <= limit {
        x[i] = x[i] * d.map + drift
      } else {
        x[i] = x[i] * d.map
        if findings.runawaySlot < 0 {
          findings.runawaySlot = i
          findings.runawayDisplacement = square.squareRoot()
        }
      }
      if let near {
        let place = near[i] * d.map
        near[i] = place
        let away = (x[i] - place).lengthSquared
        if !(away <= most) { most = away.isNaN ? .infinity : away }
      }
    }
    findings.largestSquaredDisplacement = most
    return findings
  }
}

/// v ← (v · damping + h f/m) · damping for all atoms.
/// - Returns: the kinetic tensor Σ m v ⊗ v afterwards, summed by ranges of atoms that depend on their number only.
public func kickAndDamp(
  velocities: inout Buffer<Vector3>, forces: borrowing Buffer<Vector3>, masses: borrowing Buffer<Double>, by h: Double,
  damping: Matrix3, team: ThreadTeam
) -> Matrix3 {
  kickAndMeasureTensor(&velocities, forces, masses, team) { v, f, m in (v * damping + (h / m) * f) * damping }
}

/// v ← v + h f/m for all atoms, once or twice, as `kickAndMeasure` does.
/// - Parameter kicks: 0 to measure only.
/// - Returns: the kinetic tensor Σ m v ⊗ v afterwards, summed by ranges of atoms that depend on their number only.
public func kickAndMeasureTensor(
  velocities: inout Buffer<Vector3>, forces: borrowing Buffer<Vector3>, masses: borrowing Buffer<Double>, by h: Double,
  kicks: Int, team: ThreadTeam
) -> Matrix3 {
  if kicks == 0 { return kickAndMeasureTensor(&velocities, forces, masses, team) { v, _, _ in v } }
  return kickAndMeasureTensor(&velocities, forces, masses, team) { v, f, m in
    let kick = (h / m) * f
    return kicks == 2 ? (v + kick) + kick : v + kick
  }
}

@inline(__always)
private func kickAndMeasureTensor(
  _ velocities: inout Buffer<Vector3>, _ forces: borrowing Buffer<Vector3>, _ masses: borrowing Buffer<Double>,
  _ team: ThreadTeam, _ kicked: (Vector3, Vector3, Double) -> Vector3
) -> Matrix3 {
  let n = velocities.count
  precondition(forces.count >= n && masses.count == n, "buffers of different counts")
  let (v, f, m) = (velocities.base, forces.base, masses.base)
  let ranges = Ranges(n, target: 1024)
  return withoutActuallyEscaping(kicked) { kicked in
    withUnsafeTemporaryAllocation(of: Matrix3.self, capacity: max(1, ranges.count)) { sums in
      let out = sums.baseAddress.unsafelyUnwrapped
      team.forEachChunk(ranges.count) { k in
        var diagonal = Vector3.zero
        // yz, xz, xy.
        var rest = Vector3.zero
        for i in ranges[k] {
          let u = kicked(v[i], f[i], m[i])
          v[i] = u
          let w = m[i] * u
          diagonal += Vector3(w.x * u.x, w.y * u.y, w.z * u.z)
          rest += Vector3(w.y * u.z, w.x * u.z, w.x * u.y)
        }
        out[k] = Matrix3(
          Vector3(diagonal.x, rest.z, rest.y), Vector3(rest.z, diagonal.y, rest.x),
          Vector3(rest.y, rest.x, diagonal.z))
      }
      var sum = Matrix3.zero
      for k in 0..<ranges.count { sum += out[k] }
      return sum
    }
  }
}
