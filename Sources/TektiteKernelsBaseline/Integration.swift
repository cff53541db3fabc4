import TektiteLayouts

/// Kicks and drifts the atoms of a range, and fluctuates them in between if the pass says so. Per atom:
///
///     v ← v + Δt/2 f/m, once or twice, or not at all
///     d = Δt v, or d = Δt/2 v + Δt/2 v′ with v′ = c v + √((1 − c²) k_B T / m) R
///     x ← x + d unless |d| is beyond the limit
public func integrate(_ a: borrowing IntegrationPass, _ range: Range<Int>) -> IntegrationFindings {
  a.isLangevin ? langevinPass(a, range) : verletPass(a, range)
}

/// Four vectors held component by component.
struct FourVectors {
  var x: SIMD4<Double>, y: SIMD4<Double>, z: SIMD4<Double>
  @inline(__always) init(_ x: SIMD4<Double>, _ y: SIMD4<Double>, _ z: SIMD4<Double>) {
    self.x = x
    self.y = y
    self.z = z
  }
  @inline(__always) init(_ p: UnsafePointer<Vector3>) {
    let d = UnsafeRawPointer(p)
    let a = d.loadUnaligned(as: SIMD4<Double>.self)
    let b = d.loadUnaligned(fromByteOffset: 32, as: SIMD4<Double>.self)
    let c = d.loadUnaligned(fromByteOffset: 64, as: SIMD4<Double>.self)
    x = SIMD4(a[0], a[3], b[2], c[1])
    y = SIMD4(a[1], b[0], b[3], c[2])
    z = SIMD4(a[2], b[1], c[0], c[3])
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Vector3>) {
    let d = UnsafeMutableRawPointer(p)
    d.storeBytes(of: SIMD4(x[0], y[0], z[0], x[1]), as: SIMD4<Double>.self)
    d.storeBytes(of: SIMD4(y[1], z[1], x[2], y[2]), toByteOffset: 32, as: SIMD4<Double>.self)
    d.storeBytes(of: SIMD4(z[2], x[3], y[3], z[3]), toByteOffset: 64, as: SIMD4<Double>.self)
  }
  @inline(__always) var squares: SIMD4<Double> { x * x + y * y + z * z }
  @inline(__always) static func + (a: FourVectors, b: FourVectors) -> FourVectors {
    FourVectors(a.x + b.x, a.y + b.y, a.z + b.z)
  }
  @inline(__always) static func - (a: FourVectors, b: FourVectors) -> FourVectors {
    FourVectors(a.x - b.x, a.y - b.y, a.z - b.z)
  }
  @inline(__always) static func * (s: SIMD4<Double>, b: FourVectors) -> FourVectors {
    FourVectors(s * b.x, s * b.y, s * b.z)
  }
}

/// What is left of a range after groups of four goes through the same arithmetic on a padded copy, so that an atom's bits do not depend on
/// its place in a group.
@inline(__always)
private func byFours(
  _ a: borrowing IntegrationPass, _ range: Range<Int>, fluctuates: Bool
) -> IntegrationFindings {
  var findings = IntegrationFindings()
  let h = SIMD4(repeating: a.timestep / 2)
  let dt = SIMD4(repeating: a.timestep)
  let limit = SIMD4(repeating: a.limit * a.limit)
  let keep = SIMD4(repeating: a.keep)
  let variance = SIMD4(repeating: a.variance)
  let depth = SIMD4(repeating: a.depth)
  let kicks = a.kicks
  let key = a.key
  let counter = a.counter
  let hasReference = a.reference != nil
  var reference = UnsafePointer(a.positions)
  if let listed = a.reference { reference = listed }
  var most = SIMD4<Double>.zero
  var broken = SIMD4<Double>.zero
  var heat = SIMD4<Double>.zero

  @inline(__always) func four(
    _ x: FourVectors, _ v0: FourVectors, _ f: FourVectors, _ m: SIMD4<Double>, _ r: FourVectors,
    _ deviates: FourVectors, _ slot: Int, _ live: Int
  ) -> (FourVectors, FourVectors) {
    let kick = (h / m) * f
    var v = v0
    if kicks > 0 { v = v + kick }
    if kicks == 2 { v = v + kick }
    var d: FourVectors
    if fluctuates {
      var noise = deviates
      noise.z = depth * noise.z
      let after = (keep * v) + (Doubles4.root(Doubles4(variance / m)).v * noise)
      let taken = SIMD4(repeating: 0.5) * m * (after.squares - v.squares)
      if live == 4 {
        heat += taken
      } else {
        for lane in 0..<live { heat[lane] += taken[lane] }
      }
      d = (h * v) + (h * after)
      v = after
    } else {
      d = dt * v
    }
    let d2 = d.squares
    var moved = x + d
    let near = unsafeBitCast(d2 .<= limit, to: SIMD4<Int64>.self)
    if near.x & near.y & near.z & near.w == 0 {
      // Rare: leave those atoms where they are and report the first.
      for lane in 0..<4 where !(d2[lane] <= limit[lane]) {
        moved.x[lane] = x.x[lane]
        moved.y[lane] = x.y[lane]
        moved.z[lane] = x.z[lane]
        if lane < live && findings.runawaySlot < 0 {
          findings.runawaySlot = slot + lane
          findings.runawayDisplacement = d2[lane].squareRoot()
        }
      }
    }
    let away = (moved - r).squares
    most = most.replacing(with: away, where: most .< away)
    broken += away - away
    return (moved, v)
  }

  var i = range.lowerBound
  while i < range.upperBound {
    // Deviates are drawn for as many atoms as two of the widest registers hold; the rest goes by fours at every level.
    let group = min(WideNumbers.scalarCount, range.upperBound - i)
    var noise: Normals = (.zero, .zero, .zero)
    if fluctuates { noise = normals(key: key, step: counter, atoms: atomWords(a.identity + i, count: group)) }
    var done = 0
    while done + 4 <= group {
      let at = i + done
      let m = UnsafeRawPointer(a.masses + at).loadUnaligned(as: SIMD4<Double>.self)
      let (x, v) = four(
        FourVectors(a.positions + at), FourVectors(a.velocities + at), FourVectors(a.forces + at), m,
        FourVectors(reference + at), fourNormals(noise, from: done), at, 4)
      x.store(a.positions + at)
      v.store(a.velocities + at)
      done += 4
    }
    if done < group {
      let (at, live) = (i + done, group - done)
      var m = SIMD4<Double>(repeating: 1)
      let nothing = FourVectors(.zero, .zero, .zero)
      var (x, v, f, r) = (nothing, nothing, nothing, nothing)
      for lane in 0..<live {
        m[lane] = a.masses[at + lane]
        @inline(__always) func put(_ from: Vector3, _ to: inout FourVectors) {
          to.x[lane] = from.x
          to.y[lane] = from.y
          to.z[lane] = from.z
        }
        put(a.positions[at + lane], &x)
        put(a.velocities[at + lane], &v)
        put(a.forces[at + lane], &f)
        put(reference[at + lane], &r)
      }
      // Empty lanes fluctuate too, from the origin, and must not count among the displacements.
      let kept = most
      let (x1, v1) = four(x, v, f, m, r, fourNormals(noise, from: done), at, live)
      most = kept
      for lane in 0..<live {
        a.positions[at + lane] = Vector3(x1.x[lane], x1.y[lane], x1.z[lane])
        a.velocities[at + lane] = Vector3(v1.x[lane], v1.y[lane], v1.z[lane])
        most[0] = max(most[0], (a.positions[at + lane] - reference[at + lane]).lengthSquared)
      }
    }
    i += group
  }
  findings.heat = (heat[0] + heat[2]) + (heat[1] + heat[3])
  let bad = (broken.x + broken.y) + (broken.z + broken.w)
  findings.largestSquaredDisplacement =
    hasReference && bad == 0 ? max(max(most.x, most.y), max(most.z, most.w)) : .infinity
  return findings
}

@inline(never) func verletPass(_ a: borrowing IntegrationPass, _ range: Range<Int>) -> IntegrationFindings {
  byFours(a, range, fluctuates: false)
}
@inline(never) func langevinPass(_ a: borrowing IntegrationPass, _ range: Range<Int>) -> IntegrationFindings {
  byFours(a, range, fluctuates: true)
}
