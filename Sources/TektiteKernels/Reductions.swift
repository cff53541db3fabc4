#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Seconds from an arbitrary start, for measuring how long things take.
public func monotonicSeconds() -> Double {
  var t = timespec()
  clock_gettime(CLOCK_MONOTONIC, &t)
  return Double(t.tv_sec) + 1e-9 * Double(t.tv_nsec)
}

/// The largest |a − b|² of two buffers, infinite when any is not a number.
public func largestSquaredDisplacement(_ a: borrowing Buffer<Vector3>, _ b: borrowing Buffer<Vector3>, team: ThreadTeam)
  -> Double
{
  precondition(a.count == b.count, "\(a.count) positions against \(b.count)")
  let (p, q) = (a.base, b.base)
  let ranges = Ranges(a.count, target: 4096)
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, ranges.count)) { largest in
    let out = largest.baseAddress.unsafelyUnwrapped
    team.forEachChunk(ranges.count) { k in
      var most = 0.0
      for i in ranges[k] {
        let d = (p[i] - q[i]).lengthSquared
        if !(d <= most) { most = d.isNaN ? .infinity : d }
      }
      out[k] = most
    }
    var most = 0.0
    for k in 0..<ranges.count { most = max(most, out[k]) }
    return most
  }
}

/// The first index of a vector that is not finite, or nil.
public func firstNotFinite(_ vectors: borrowing Buffer<Vector3>) -> Int? {
  let p = vectors.base
  for i in 0..<vectors.count where !p[i].isFinite { return i }
  return nil
}
