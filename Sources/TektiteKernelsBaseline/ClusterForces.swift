import TektiteLayouts

/// Computes the pair forces that one chunk of the list owns, each pair once: an atom runs along the clusters near it, all atoms of a cluster
/// side by side, so that nothing is gathered or shuffled. Forces on both partners go to the chunk's own windows, which are added up afterwards
/// in the order of chunks, whoever computed them.
///
/// The virial costs next to nothing: the sum of f ⊗ (r_i − t − r_j) over pairs is that of F ⊗ r over the atoms of the windows less that of f ⊗ t
/// over the runs of clusters that a lattice translation t displaces (Thompson, Plimpton and Mattson, J. Chem. Phys. 131, 154107 (2009)).
@inline(__always)
func clusterForces<L: PairLanes, F: PairForm>(
  _ lanes: L.Type, _ form: F.Type, _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ chunkIndex: Int,
  observing: Bool
) {
  typealias S = L.Scalar
  let width = L.count
  let block = 3 * width
  // Accumulators of a cluster: forces x, y, z and, if wanted, energy and six virial components of each atom.
  let isAtomic = observing ? a.isAtomic : false
  let runs = isAtomic ? 10 : 3
  let stride = runs * width
  let p = a.blocks.assumingMemoryBound(to: S.self)
  let window = UnsafeMutableRawPointer(chunk.window.base).assumingMemoryBound(to: S.self)
  let windowCount = chunk.windowEnd - chunk.firstCluster
  (UnsafeMutableRawPointer(window)).initializeMemory(
    as: UInt8.self, repeating: 0, count: (windowCount + chunk.wrappedEnd) * stride * MemoryLayout<S>.stride)
  // Both windows are addressed by global cluster index.
  let home = window - chunk.firstCluster * stride
  let wrapped = window + windowCount * stride
  // What the atoms of a cluster have gathered, a vector for each atom and component, until it is summed across lanes for all at once. Added to
  // the window number by number, it would keep every later load of that vector waiting for the stores to leave for the cache.
  let gathered = wrapped + chunk.wrappedEnd * stride
  var sumE = L.zero
  // Of use to atoms with diameters only; elsewhere nothing reads them and they cost nothing.
  let d = a.diameters
  let reachSquared = L.constant(S(d.reachSquared))
  let narrowing = L.constant(S(-2 * d.nonadditivity))
  let a12 = L.constant(S(d.a12))
  let linear = L.constant(S(-2 * d.e1))
  let quadratic = L.constant(S(-4 * d.e2))
  // The same holds for tables. Rows are counted from the leading bits of 1, which no row lies below.
  let drop = a.tables.dropped
  let table = a.tables.rows.assumingMemoryBound(to: S.self) - 4 * a.tables.first
  let tableEnergies = a.tables.energies.assumingMemoryBound(to: S.self) - a.tables.first
  // In single precision the chunk's energy is gathered in double, atom by atom.
  var totalE = 0.0
  let hasVirial = a.sums != nil
  var virial = WindowVirial()

  var atom = 0
  for local in 0..<chunk.clusterCount {
    let cluster = chunk.firstCluster + local
    let live = min(width, a.count - cluster * width)
    for lane in 0..<live {
      let own = p + (cluster * block + lane)
      let px = own[0]
      let py = own[width]
      let pz = own[2 * width]
      let kind = Int(a.species[cluster * width + lane]) * a.coefficientStride
      let first = a.coefficients.assumingMemoryBound(to: S.self) + kind
      let second = a.secondCoefficients.assumingMemoryBound(to: S.self) + kind
      let third = a.thirdCoefficients.assumingMemoryBound(to: S.self) + kind
      let ownRadius = form.hasDiameters ? L.constant((first + (cluster * block + lane))[0]) : L.zero
      var fx = L.zero
      var fy = L.zero
      var fz = L.zero
      var energy = L.zero
      var wxx = L.zero
      var wyy = L.zero
      var wzz = L.zero
      var wxy = L.zero
      var wxz = L.zero
      var wyz = L.zero

      @inline(__always) func meet(_ xi: L, _ yi: L, _ zi: L, _ at: Int, _ out: UnsafeMutablePointer<S>, laneAbove: Int)
      {
        let dx = xi - L.load(p + at)
        let dy = yi - L.load(p + at + width)
        let dz = zi - L.load(p + at + 2 * width)
        let r2 = L.fma(dx, dx, L.fma(dy, dy, dz * dz))
        var limit: L
        var c: PairLaneCoefficients<L>
        // The form's own two arguments.
        let distance: L
        let inverse: L
        if form.hasDiameters {
          let radius = L.load(first + at)
          let unlike = L.magnitude(ownRadius - radius)
          let sigma = (ownRadius + radius) * L.fma(narrowing, unlike, L.constant(1))
          let sigma2 = sigma * sigma
          // One division serves three quotients.
          let both = L.reciprocal(r2 * sigma2)
          c = PairLaneCoefficients<L>(a12: sigma2 * sigma2 * both, minusA6: r2 * both)
          c.g0 = linear
          c.g1 = quadratic
          distance = r2 * r2 * both
          inverse = a12
          limit = reachSquared * sigma2
        } else if form.hasTable {
          limit = L.load(first + at)
          let scale = L.load(first + at + width)
          let rows = L.rows(table, r2, limit, scale, L.load(first + at + 2 * width), drop: drop)
          c = PairLaneCoefficients<L>(a12: rows.c0, minusA6: rows.c1)
          c.g0 = rows.c2
          c.g1 = rows.c3
          distance = rows.offset
          if observing {
            c.e0 = L.gather(tableEnergies, rows)
            inverse = L.constant(-0.5) / scale
          } else {
            inverse = scale
          }
        } else {
          limit = L.load(first + at)
          c = PairLaneCoefficients<L>(a12: L.load(first + at + width), minusA6: L.load(first + at + 2 * width))
          if form.hasTail {
            c.g0 = L.load(second + at)
            c.g1 = L.load(second + at + width)
          }
          distance = r2
          inverse = L.reciprocal(r2)
        }
        if laneAbove >= 0 { limit = L.select(limit, where: L.constant(S(laneAbove)), lessThan: L.indices) }
        let s = L.select(form.force(distance, inverse, c), where: r2, lessThan: limit)
        let sx = s * dx
        let sy = s * dy
        let sz = s * dz
        fx = fx + sx
        fy = fy + sy
        fz = fz + sz
        (L.load(out) - sx).store(out)
        (L.load(out + width) - sy).store(out + width)
        (L.load(out + 2 * width) - sz).store(out + 2 * width)
        if observing {
          if form.hasDiameters {
            c.e0 = L.constant(S(d.e0))
            c.e1 = L.constant(S(d.e1))
            c.e2 = L.constant(S(d.e2))
          } else if !form.hasTable {
            c.e0 = L.load(second + at + 2 * width)
          }
          if form.hasTail {
            c.e1 = L.load(third + at)
            c.e2 = L.load(third + at + width)
          }
          let u = L.select(form.energy(distance, inverse, c), where: r2, lessThan: limit)
          energy = energy + u
          if isAtomic {
            let vxx = sx * dx
            let vyy = sy * dy
            let vzz = sz * dz
            let vxy = sx * dy
            let vxz = sx * dz
            let vyz = sy * dz
            wxx = wxx + vxx
            wyy = wyy + vyy
            wzz = wzz + vzz
            wxy = wxy + vxy
            wxz = wxz + vxz
            wyz = wyz + vyz
            let half = L.constant(0.5)
            @inline(__always) func share(_ run: Int, _ v: L) {
              L.fma(half, v, L.load(out + run * width)).store(out + run * width)
            }
            share(3, u)
            share(4, vxx)
            share(5, vyy)
            share(6, vzz)
            share(7, vxy)
            share(8, vxz)
            share(9, vyz)
          }
        }
      }

      if lane + 1 < live {
        meet(
          L.constant(px), L.constant(py), L.constant(pz), cluster * block, home + cluster * stride, laneAbove: lane)
      }
      var segment = chunk.segments.base + Int(chunk.starts.base[atom])
      atom += 1
      let segmentEnd = chunk.segments.base + Int(chunk.starts.base[atom])
      while segment < segmentEnd {
        let shift = a.shifts[Int(segment.pointee.shift)]
        let xi = L.constant(px - S(shift.x))
        let yi = L.constant(py - S(shift.y))
        let zi = L.constant(pz - S(shift.z))
        let accumulators = segment.pointee.isWrapped ? wrapped : home
        var entry = UnsafePointer(chunk.pruned.base + Int(segment.pointee.prunedBegin))
        let end = entry + Int(segment.pointee.prunedCount)
        let (beforeX, beforeY, beforeZ) = (fx, fy, fz)
        if isAtomic {
          while entry < end {
            let e = Int(entry.pointee)
            meet(xi, yi, zi, e * width, accumulators + e / 3 * stride, laneAbove: -1)
            entry += 1
          }
        } else {
          while entry < end {
            let e = Int(entry.pointee) * width
            meet(xi, yi, zi, e, accumulators + e, laneAbove: -1)
            entry += 1
          }
        }
        if hasVirial && (shift.x != 0 || shift.y != 0 || shift.z != 0) {
          let (x, y, z) = ((fx - beforeX).sum, (fy - beforeY).sum, (fz - beforeZ).sum)
          virial.subtract(Vector3(Double(x), Double(y), Double(z)), shift)
        }
        segment += 1
      }

      let kept = gathered + lane * width
      fx.store(kept)
      fy.store(kept + width * width)
      fz.store(kept + 2 * width * width)
      if observing {
        if isAtomic {
          let out = home + (cluster * stride + lane)
          out[3 * width] += energy.sum / 2
          out[4 * width] += wxx.sum / 2
          out[5 * width] += wyy.sum / 2
          out[6 * width] += wzz.sum / 2
          out[7 * width] += wxy.sum / 2
          out[8 * width] += wxz.sum / 2
          out[9 * width] += wyz.sum / 2
        }
        if S.self == Double.self {
          sumE = sumE + energy
        } else {
          totalE += Double(energy.sum)
        }
      }
    }
    for component in 0..<3 {
      let block = gathered + component * width * width
      for lane in live..<width { L.zero.store(block + lane * width) }
      let total = gathered + 3 * width * width
      L.sums(block, width, to: total)
      let out = home + cluster * stride + component * width
      (L.load(out) + L.load(total)).store(out)
    }
  }
  if let sums = a.sums {
    virial.add(lanes, window, p + chunk.firstCluster * block, clusters: windowCount, stride)
    virial.add(lanes, wrapped, p, clusters: chunk.wrappedEnd, stride)
    let s = sums + chunkIndex * 8
    s[0] = totalE + Double(sumE.sum)
    s[1] = virial.xx
    s[2] = virial.yy
    s[3] = virial.zz
    s[4] = virial.xy
    s[5] = virial.xz
    s[6] = virial.yz
  }
}

/// The virial of a chunk, gathered from the forces in its windows.
private struct WindowVirial {
  var xx = 0.0, yy = 0.0, zz = 0.0, xy = 0.0, xz = 0.0, yz = 0.0

  /// Takes away f ⊗ t.
  @inline(__always)
  mutating func subtract(_ f: Vector3, _ t: Vector3) {
    xx -= f.x * t.x
    yy -= f.y * t.y
    zz -= f.z * t.z
    xy -= f.x * t.y
    xz -= f.x * t.z
    yz -= f.y * t.z
  }

  /// Adds F ⊗ r for clusters whose accumulators and positions begin at two places. Beyond one cluster sums are double in either precision.
  @inline(__always)
  mutating func add<L: PairLanes>(
    _ lanes: L.Type, _ forces: UnsafePointer<L.Scalar>, _ positions: UnsafePointer<L.Scalar>, clusters: Int,
    _ stride: Int
  ) {
    let width = L.count
    for cluster in 0..<clusters {
      let f = forces + cluster * stride
      let r = positions + cluster * 3 * width
      let (fx, fy, fz) = (L.load(f), L.load(f + width), L.load(f + 2 * width))
      let (x, y, z) = (L.load(r), L.load(r + width), L.load(r + 2 * width))
      xx += Double((fx * x).sum)
      yy += Double((fy * y).sum)
      zz += Double((fz * z).sum)
      xy += Double((fx * y).sum)
      xz += Double((fx * z).sum)
      yz += Double((fy * z).sum)
    }
  }
}

/// The entry points of the level: concrete, so that nothing generic crosses the module's edge.
public func pairForces(
  _ kind: PairFormKind, isDouble: Bool, _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  let observing = a.isObserving
  switch (kind, isDouble) {
  case (.lennardJones, true):
    observing ? lennardJonesDoubleObserving(a, chunk, index) : lennardJonesDouble(a, chunk, index)
  case (.lennardJones, false):
    observing ? lennardJonesFloatObserving(a, chunk, index) : lennardJonesFloat(a, chunk, index)
  case (.lennardJonesEven, true): observing ? evenDoubleObserving(a, chunk, index) : evenDouble(a, chunk, index)
  case (.lennardJonesEven, false): observing ? evenFloatObserving(a, chunk, index) : evenFloat(a, chunk, index)
  case (.lennardJonesLinear, true): observing ? linearDoubleObserving(a, chunk, index) : linearDouble(a, chunk, index)
  case (.lennardJonesLinear, false): observing ? linearFloatObserving(a, chunk, index) : linearFloat(a, chunk, index)
  case (.harmonic, true): observing ? harmonicDoubleObserving(a, chunk, index) : harmonicDouble(a, chunk, index)
  case (.harmonic, false): observing ? harmonicFloatObserving(a, chunk, index) : harmonicFloat(a, chunk, index)
  case (.polydisperse, true):
    observing ? polydisperseDoubleObserving(a, chunk, index) : polydisperseDouble(a, chunk, index)
  case (.polydisperse, false):
    observing ? polydisperseFloatObserving(a, chunk, index) : polydisperseFloat(a, chunk, index)
  case (.tabulated, true):
    observing ? tabulatedDoubleObserving(a, chunk, index) : tabulatedDouble(a, chunk, index)
  case (.tabulated, false):
    observing ? tabulatedFloatObserving(a, chunk, index) : tabulatedFloat(a, chunk, index)
  }
}

@inline(never) func lennardJonesDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesForm.self, a, chunk, index, observing: false)
}

@inline(never) func lennardJonesDoubleObserving(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideDoubles.self, LennardJonesForm.self, a, chunk, index, observing: true)
}

@inline(never) func lennardJonesFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesForm.self, a, chunk, index, observing: false)
}

@inline(never) func lennardJonesFloatObserving(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideFloats.self, LennardJonesForm.self, a, chunk, index, observing: true)
}

@inline(never) func evenDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesEvenForm.self, a, chunk, index, observing: false)
}

@inline(never) func evenDoubleObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesEvenForm.self, a, chunk, index, observing: true)
}

@inline(never) func evenFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesEvenForm.self, a, chunk, index, observing: false)
}

@inline(never) func evenFloatObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesEvenForm.self, a, chunk, index, observing: true)
}

@inline(never) func linearDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesLinearForm.self, a, chunk, index, observing: false)
}

@inline(never) func linearDoubleObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, LennardJonesLinearForm.self, a, chunk, index, observing: true)
}

@inline(never) func linearFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesLinearForm.self, a, chunk, index, observing: false)
}

@inline(never) func linearFloatObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, LennardJonesLinearForm.self, a, chunk, index, observing: true)
}

@inline(never) func harmonicDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, HarmonicForm.self, a, chunk, index, observing: false)
}

@inline(never) func harmonicDoubleObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int)
{
  clusterForces(WideDoubles.self, HarmonicForm.self, a, chunk, index, observing: true)
}

@inline(never) func harmonicFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, HarmonicForm.self, a, chunk, index, observing: false)
}

@inline(never) func harmonicFloatObserving(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int)
{
  clusterForces(WideFloats.self, HarmonicForm.self, a, chunk, index, observing: true)
}

@inline(never) func polydisperseDouble(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideDoubles.self, PolydisperseForm.self, a, chunk, index, observing: false)
}

@inline(never) func polydisperseDoubleObserving(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideDoubles.self, PolydisperseForm.self, a, chunk, index, observing: true)
}

@inline(never) func polydisperseFloat(_ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int) {
  clusterForces(WideFloats.self, PolydisperseForm.self, a, chunk, index, observing: false)
}

@inline(never) func polydisperseFloatObserving(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideFloats.self, PolydisperseForm.self, a, chunk, index, observing: true)
}

@inline(never) func tabulatedDouble(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideDoubles.self, TabulatedForm.self, a, chunk, index, observing: false)
}

@inline(never) func tabulatedDoubleObserving(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideDoubles.self, TabulatedForm.self, a, chunk, index, observing: true)
}

@inline(never) func tabulatedFloat(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideFloats.self, TabulatedForm.self, a, chunk, index, observing: false)
}

@inline(never) func tabulatedFloatObserving(
  _ a: borrowing ClusterForces, _ chunk: borrowing ClusterChunk, _ index: Int
) {
  clusterForces(WideFloats.self, TabulatedForm.self, a, chunk, index, observing: true)
}
