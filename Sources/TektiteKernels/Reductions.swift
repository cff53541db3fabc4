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

/// The largest |a − b·map|² of two buffers, infinite when any is not a number.
public func largestSquaredDisplacement(
  _ a: borrowing Buffer<Vector3>, _ b: borrowing Buffer<Vector3>, mapped map: Matrix3, team: ThreadTeam
) -> Double {
  precondition(a.count == b.count, "\(a.count) positions against \(b.count)")
  let (p, q) = (a.base, b.base)
  let ranges = Ranges(a.count, target: 4096)
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(1, ranges.count)) { largest in
    let out = largest.baseAddress.unsafelyUnwrapped
    team.forEachChunk(ranges.count) { k in
      var most = 0.0
      for i in ranges[k] {
        let d = (p[i] - q[i] * map).lengthSquared
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
public func firstNotFinite(_ vectors: borrowing Buffer<Vector3>, team: ThreadTeam) -> Int? {
  let p = vectors.base
  let ranges = Ranges(vectors.count, target: 4096)
  return withUnsafeTemporaryAllocation(of: Int.self, capacity: max(1, ranges.count)) { found in
    let out = found.baseAddress.unsafelyUnwrapped
    team.forEachChunk(ranges.count) { k in out[k] = ranges[k].first { !p[$0].isFinite } ?? -1 }
    for k in 0..<ranges.count where out[k] >= 0 { return out[k] }
    return nil
  }
}

extension Buffer {
  /// Sets every element, each thread its share.
  public mutating func fill(_ value: Element, team: ThreadTeam) {
    let p = base
    let ranges = Ranges(count, target: 1024)
    team.forEachChunk(ranges.count) { k in
      (p + ranges[k].lowerBound).update(repeating: value, count: ranges[k].count)
    }
  }

  /// Takes all elements of another buffer, each thread its share; the counts become equal.
  public mutating func copy(from other: borrowing Buffer<Element>, team: ThreadTeam) {
    resize(other.count)
    let (p, q) = (base, other.base)
    let ranges = Ranges(count, target: 1024)
    team.forEachChunk(ranges.count) { k in
      (p + ranges[k].lowerBound).update(from: q + ranges[k].lowerBound, count: ranges[k].count)
    }
  }
}
