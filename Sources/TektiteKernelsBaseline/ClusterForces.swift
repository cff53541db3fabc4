import TektiteLayouts

/// Adds the pair forces on the clusters of one chunk: each cluster of four atoms runs along its neighbours one by one (or
/// a few at once in wide registers), so that nothing is shuffled and nothing is scattered. Every pair is met from both sides.
@inline(__always)
func clusterForces<L: PairLanes, F: PairForm>(
  _ lanes: L.Type, _ form: F.Type, _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ chunkIndex: Int,
  observing: Bool
) {
  typealias N = L.Narrow
  let p = a.positions.assumingMemoryBound(to: L.Scalar.self)
  let px = p
  let py = p + 1
  let pz = p + 2
  let table = a.coefficients.assumingMemoryBound(to: L.Scalar.self)
  let ns = a.speciesCount
  let last = a.count - 1
  var sumE = 0.0
  var sumXX = 0.0
  var sumYY = 0.0
  var sumZZ = 0.0
  var sumXY = 0.0
  var sumXZ = 0.0
  var sumYZ = 0.0

  for local in 0..<chunk.clusterCount {
    let slot = (chunk.firstCluster + local) * 4
    // The last cluster may be short: its empty lanes repeat the last atom and have a cutoff below zero.
    let s0 = slot
    let s1 = min(slot + 1, last)
    let s2 = min(slot + 2, last)
    let s3 = min(slot + 3, last)
    let c0 = a.centers[s0] - a.origin
    let c1 = a.centers[s1] - a.origin
    let c2 = a.centers[s2] - a.origin
    let c3 = a.centers[s3] - a.origin
    let cx = SIMD4(c0.x, c1.x, c2.x, c3.x)
    let cy = SIMD4(c0.y, c1.y, c2.y, c3.y)
    let cz = SIMD4(c0.z, c1.z, c2.z, c3.z)
    let t0 = Int(a.species[s0]) * ns
    let t1 = Int(a.species[s1]) * ns
    let t2 = Int(a.species[s2]) * ns
    let t3 = Int(a.species[s3]) * ns
    let live = min(4, a.count - slot)

    var fx = L.zero
    var fy = L.zero
    var fz = L.zero
    var nx = N.zero
    var ny = N.zero
    var nz = N.zero
    var energy = N.zero
    var wxx = N.zero
    var wyy = N.zero
    var wzz = N.zero
    var wxy = N.zero
    var wxz = N.zero
    var wyz = N.zero

    var segment = chunk.segments.base + Int(chunk.starts.base[local])
    let segmentEnd = chunk.segments.base + Int(chunk.starts.base[local + 1])
    while segment < segmentEnd {
      let isOwn = segment.pointee.species < 0
      let tj = Int(isOwn ? ~segment.pointee.species : segment.pointee.species)
      let shift = a.shifts[Int(segment.pointee.shift)]

      @inline(__always) func row(_ k: Int) -> SIMD4<L.Scalar> {
        let r = table + (k * ns * ns + tj)
        return SIMD4(r[t0], r[t1], r[t2], r[t3])
      }
      @inline(__always) func narrowed(_ v: SIMD4<Double>) -> SIMD4<L.Scalar> {
        SIMD4(L.Scalar(v.x), L.Scalar(v.y), L.Scalar(v.z), L.Scalar(v.w))
      }
      let zero = SIMD4<L.Scalar>.zero
      var limit = row(PairCoefficient.cutoffSquared)
      if live < 4 {
        for lane in live..<4 { limit[lane] = -1 }
      }
      let a12 = row(PairCoefficient.a12)
      let a6 = row(PairCoefficient.a6)
      let g0 = form.hasTail ? row(PairCoefficient.g0) : zero
      let g1 = form.hasTail ? row(PairCoefficient.g1) : zero
      let e12 = observing ? row(PairCoefficient.e12) : zero
      let e6 = observing ? row(PairCoefficient.e6) : zero
      let e0 = observing ? row(PairCoefficient.e0) : zero
      let e1 = observing && form.hasTail ? row(PairCoefficient.e1) : zero
      let e2 = observing && form.hasTail ? row(PairCoefficient.e2) : zero
      let x4 = narrowed(cx - shift.x)
      let y4 = narrowed(cy - shift.y)
      let z4 = narrowed(cz - shift.z)

      var entry = UnsafePointer(chunk.entries.base + Int(segment.pointee.begin))
      let end = entry + Int(segment.pointee.count)

      // Several neighbours at once; with energies and virials the narrow loop below does all, so that there is one code for them.
      // The order of additions must not depend on what is asked for, so the wide accumulators are filled in both cases.
      if L.groups > 1 && !isOwn {
        let c = PairLaneCoefficients<L>(
          cutoffSquared: L.spread(limit), a12: L.spread(a12), a6: L.spread(a6), g0: L.spread(g0), g1: L.spread(g1),
          e12: L.spread(e12), e6: L.spread(e6), e0: L.spread(e0), e1: L.spread(e1), e2: L.spread(e2))
        let xi = L.spread(x4)
        let yi = L.spread(y4)
        let zi = L.spread(z4)
        let wideEnd = entry + (end - entry) / L.groups * L.groups
        while entry < wideEnd {
          let dx = xi - L.neighbors(px, entry)
          let dy = yi - L.neighbors(py, entry)
          let dz = zi - L.neighbors(pz, entry)
          let r2 = L.fma(dx, dx, L.fma(dy, dy, dz * dz))
          let inverse = L.constant(1) / r2
          let s = L.select(form.force(r2, inverse, c), where: r2, lessThan: c.cutoffSquared)
          fx = L.fma(s, dx, fx)
          fy = L.fma(s, dy, fy)
          fz = L.fma(s, dz, fz)
          if observing {
            let u = L.select(form.energy(r2, inverse, c), where: r2, lessThan: c.cutoffSquared)
            let sx = s * dx
            let sy = s * dy
            energy = energy + N.spread(u.folded())
            wxx = wxx + N.spread((sx * dx).folded())
            wyy = wyy + N.spread((sy * dy).folded())
            wzz = wzz + N.spread((s * dz * dz).folded())
            wxy = wxy + N.spread((sx * dy).folded())
            wxz = wxz + N.spread((sx * dz).folded())
            wyz = wyz + N.spread((sy * dz).folded())
          }
          entry += L.groups
        }
      }

      let c = PairLaneCoefficients<N>(
        cutoffSquared: N.spread(limit), a12: N.spread(a12), a6: N.spread(a6), g0: N.spread(g0), g1: N.spread(g1),
        e12: N.spread(e12), e6: N.spread(e6), e0: N.spread(e0), e1: N.spread(e1), e2: N.spread(e2))
      let xi = N.spread(x4)
      let yi = N.spread(y4)
      let zi = N.spread(z4)
      @inline(__always) func pair(_ cutoffSquared: N) {
        let dx = xi - N.neighbors(px, entry)
        let dy = yi - N.neighbors(py, entry)
        let dz = zi - N.neighbors(pz, entry)
        let r2 = N.fma(dx, dx, N.fma(dy, dy, dz * dz))
        let inverse = N.constant(1) / r2
        let s = N.select(form.force(r2, inverse, c), where: r2, lessThan: cutoffSquared)
        nx = N.fma(s, dx, nx)
        ny = N.fma(s, dy, ny)
        nz = N.fma(s, dz, nz)
        if observing {
          let u = N.select(form.energy(r2, inverse, c), where: r2, lessThan: cutoffSquared)
          let sx = s * dx
          let sy = s * dy
          energy = energy + u
          wxx = wxx + sx * dx
          wyy = wyy + sy * dy
          wzz = wzz + s * dz * dz
          wxy = wxy + sx * dy
          wxz = wxz + sx * dz
          wyz = wyz + sy * dz
        }
      }
      if isOwn {
        // The cluster's own members: an atom does not meet itself. Members of other species have runs of their own.
        while entry < end {
          var masked = limit
          masked[(Int(entry.pointee) / 3) &- slot] = -1
          pair(N.spread(masked))
          entry += 1
        }
      } else {
        while entry < end {
          pair(c.cutoffSquared)
          entry += 1
        }
      }
      segment += 1
    }

    let rx = fx.folded() + nx.folded()
    let ry = fy.folded() + ny.folded()
    let rz = fz.folded() + nz.folded()
    for lane in 0..<live {
      a.forces[slot + lane] += Vector3(Double(rx[lane]), Double(ry[lane]), Double(rz[lane]))
    }
    if observing {
      let e = energy.folded()
      let xx = wxx.folded()
      let yy = wyy.folded()
      let zz = wzz.folded()
      let xy = wxy.folded()
      let xz = wxz.folded()
      let yz = wyz.folded()
      for lane in 0..<live {
        let u = Double(e[lane]) / 2
        let vxx = Double(xx[lane]) / 2
        let vyy = Double(yy[lane]) / 2
        let vzz = Double(zz[lane]) / 2
        let vxy = Double(xy[lane]) / 2
        let vxz = Double(xz[lane]) / 2
        let vyz = Double(yz[lane]) / 2
        sumE += u
        sumXX += vxx
        sumYY += vyy
        sumZZ += vzz
        sumXY += vxy
        sumXZ += vxz
        sumYZ += vyz
        if let energies = a.atomicEnergies { energies[slot + lane] += u }
        if let virials = a.atomicVirials {
          virials[slot + lane] += Matrix3(Vector3(vxx, vxy, vxz), Vector3(vxy, vyy, vyz), Vector3(vxz, vyz, vzz))
        }
      }
    }
  }
  if observing, let sums = a.sums {
    let s = sums + chunkIndex * 8
    s[0] = sumE
    s[1] = sumXX
    s[2] = sumYY
    s[3] = sumZZ
    s[4] = sumXY
    s[5] = sumXZ
    s[6] = sumYZ
  }
}

/// The entry points of the level: concrete, so that nothing generic crosses the module's edge.
public func pairForces(
  _ kind: PairFormKind, isDouble: Bool, _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  switch (kind, isDouble, a.sums != nil) {
  case (.lennardJones, true, false): lennardJonesDouble(a, chunk, index)
  case (.lennardJones, false, false): lennardJonesFloat(a, chunk, index)
  case (.lennardJones, true, true): lennardJonesDoubleObserving(a, chunk, index)
  case (.lennardJones, false, true): lennardJonesFloatObserving(a, chunk, index)
  case (.lennardJonesEven, true, false): evenDouble(a, chunk, index)
  case (.lennardJonesEven, false, false): evenFloat(a, chunk, index)
  case (.lennardJonesEven, true, true): evenDoubleObserving(a, chunk, index)
  case (.lennardJonesEven, false, true): evenFloatObserving(a, chunk, index)
  case (.lennardJonesLinear, true, false): linearDouble(a, chunk, index)
  case (.lennardJonesLinear, false, false): linearFloat(a, chunk, index)
  case (.lennardJonesLinear, true, true): linearDoubleObserving(a, chunk, index)
  case (.lennardJonesLinear, false, true): linearFloatObserving(a, chunk, index)
  }
}

@inline(never) func lennardJonesDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesForm.self, a, chunk, index, observing: false)
}
@inline(never) func lennardJonesFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesForm.self, a, chunk, index, observing: false)
}
@inline(never) func lennardJonesDoubleObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesForm.self, a, chunk, index, observing: true)
}
@inline(never) func lennardJonesFloatObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesForm.self, a, chunk, index, observing: true)
}
@inline(never) func evenDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesEvenForm.self, a, chunk, index, observing: false)
}
@inline(never) func evenFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesEvenForm.self, a, chunk, index, observing: false)
}
@inline(never) func evenDoubleObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesEvenForm.self, a, chunk, index, observing: true)
}
@inline(never) func evenFloatObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesEvenForm.self, a, chunk, index, observing: true)
}
@inline(never) func linearDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesLinearForm.self, a, chunk, index, observing: false)
}
@inline(never) func linearFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesLinearForm.self, a, chunk, index, observing: false)
}
@inline(never) func linearDoubleObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesLinearForm.self, a, chunk, index, observing: true)
}
@inline(never) func linearFloatObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesLinearForm.self, a, chunk, index, observing: true)
}
