import TektiteLayouts

#if arch(x86_64)
  import CX86
#endif

typealias Floats = SIMD8<Float>
typealias Ints = SIMD8<Int32>

/// One bit for each lane where a < b.
@inline(__always) func lessBits(_ a: Floats, _ b: Floats) -> UInt32 {
  #if TEKTITE_AVX2 || TEKTITE_AVX512
    return UInt32(bitPattern: tektite_less_bits(a, b))
  #else
    let m = unsafeBitCast(a .< b, to: Floats.self)
    #if arch(x86_64)
      return UInt32(bitPattern: _mm_movemask_ps(m.lowHalf) | (_mm_movemask_ps(m.highHalf) << 4))
    #else
      let lanes = unsafeBitCast(m, to: Ints.self) & Ints(1, 2, 4, 8, 16, 32, 64, 128)
      return UInt32(bitPattern: lanes.wrappedSum())
    #endif
  #endif
}

#if TEKTITE_AVX2
  /// For each of the 256 masks, the lanes that are set, packed to the front.
  nonisolated(unsafe) let packedLanes: UnsafePointer<Ints> = {
    let table = UnsafeMutablePointer<Ints>.allocate(capacity: 256)
    for mask in 0..<256 {
      var lanes = Ints.zero
      var n = 0
      for lane in 0..<8 where mask >> lane & 1 == 1 {
        lanes[n] = Int32(lane)
        n += 1
      }
      table[mask] = lanes
    }
    return UnsafePointer(table)
  }()
#else
  nonisolated(unsafe) let packedLanes: UnsafePointer<Ints>? = nil
#endif

/// Stores the values whose bit is set, side by side, and says how many. Up to eight elements are written.
@inline(__always) func store(
  _ values: Ints, where mask: UInt32, to out: UnsafeMutablePointer<Int32>, _ table: UnsafePointer<Ints>?
) -> Int {
  #if TEKTITE_AVX512
    let packed = unsafeBitCast(
      _mm256_maskz_compress_epi32(UInt8(truncatingIfNeeded: mask), unsafeBitCast(values, to: __m256i.self)),
      to: Ints.self)
    UnsafeMutableRawPointer(out).storeBytes(of: packed, as: Ints.self)
    return mask.nonzeroBitCount
  #elseif TEKTITE_AVX2
    let order = unsafeBitCast(table.unsafelyUnwrapped[Int(mask)], to: __m256i.self)
    let packed = unsafeBitCast(
      _mm256_permutevar8x32_epi32(unsafeBitCast(values, to: __m256i.self), order), to: Ints.self)
    UnsafeMutableRawPointer(out).storeBytes(of: packed, as: Ints.self)
    return mask.nonzeroBitCount
  #else
    var n = 0
    for lane in 0..<8 {
      out[n] = values[lane]
      n += Int(mask >> UInt32(lane) & 1)
    }
    return n
  #endif
}

@inline(__always) func load8(_ p: UnsafePointer<Float>, _ i: Int) -> Floats {
  UnsafeRawPointer(p + i).loadUnaligned(as: Floats.self)
}
@inline(__always) func load8(_ p: UnsafePointer<Int32>, _ i: Int) -> Ints {
  UnsafeRawPointer(p + i).loadUnaligned(as: Ints.self)
}

/// The quotient rounded down and what is left, for a positive divisor.
@inline(__always) func floorDivide(_ a: Int, _ n: Int) -> Int { a >= 0 ? a / n : -((n - 1 - a) / n) }

@inline(__always) func fma8(_ a: Floats, _ b: Floats, _ c: Floats) -> Floats {
  Floats8.fma(Floats8(a), Floats8(b), Floats8(c)).v
}

/// Finds the neighbours of the atoms of one chunk: for each atom, every cluster, in any periodic image, that holds an atom within the list
/// radius. Each pair is listed once. Of the two ways to see a pair, the one whose shift leads forward in the first direction of
/// the grid is taken; without such a shift, the one from the earlier to the later cluster; within a cluster's own images, the forward shift.
/// So a chunk's neighbours lie in a window of clusters that begins with its own, and, across the boundary, in one that begins with
/// cluster 0. Pairs within a cluster are not listed; whoever reads the list takes them all.
public func searchClusters(_ s: borrowing ClusterSearch, _ chunk: inout ClusterChunk) {
  let table: UnsafePointer<Ints>? = packedLanes
  let g = s.grid
  let width = s.width
  let shiftByWidth = width.trailingZeroBitCount
  let radius = s.radius
  let squared = radius * radius
  let cw0 = g.width0 / Float(g.n0)
  let cw1 = g.width1 / Float(g.n1)
  let inverse0 = Float(g.n0) / g.width0
  let inverse1 = Float(g.n1) / g.width1
  let inverse2 = Float(g.n2) / g.width2
  let iota = Ints(0, 1, 2, 3, 4, 5, 6, 7)
  let lowest = Floats(repeating: 0)
  chunk.entries.count = 0
  chunk.segments.count = 0
  chunk.starts.count = 0
  chunk.starts.ensure(chunk.clusterCount * width + 1)
  chunk.stamps.count = 0
  chunk.stamps.ensure(s.clusterCount)
  chunk.stamps.base.update(repeating: -1, count: s.clusterCount)
  chunk.windowEnd = chunk.firstCluster + chunk.clusterCount
  chunk.wrappedEnd = 0
  var stamp: Int32 = 0
  var atom = 0
  let stride = s.boxStride

  for local in 0..<chunk.clusterCount {
    let cluster = chunk.firstCluster + local
    let slot = cluster * width
    let live = min(width, s.count - slot)
    let gb = s.gridBoxes + cluster
    let lo0 = gb[0]
    let lo1 = gb[stride]
    let lo2 = gb[2 * stride]
    let hi0 = gb[3 * stride]
    let hi1 = gb[4 * stride]
    let hi2 = gb[5 * stride]
    let sb = s.boxes + cluster
    let e0 = Floats(repeating: sb[3 * stride])
    let e1 = Floats(repeating: sb[4 * stride])
    let e2 = Floats(repeating: sb[5 * stride])
    chunk.pending.count = 0

    var first0 = Int(((lo0 - radius) * inverse0).rounded(.down))
    var last0 = Int(((hi0 + radius) * inverse0).rounded(.down))
    if !g.periodic0 {
      first0 = max(first0, 0)
      last0 = min(last0, g.n0 - 1)
    }
    var first1 = Int(((lo1 - radius) * inverse1).rounded(.down))
    var last1 = Int(((hi1 + radius) * inverse1).rounded(.down))
    if !g.periodic1 {
      first1 = max(first1, 0)
      last1 = min(last1, g.n1 - 1)
    }
    let firstC = g.periodic2 ? max(Int(((lo2 - radius) / g.width2).rounded(.down)), -s.reach2) : 0
    let lastC = g.periodic2 ? min(Int(((hi2 + radius) / g.width2).rounded(.down)), s.reach2) : 0
    // Clusters before this one's own row of columns are behind it, unless across the boundary.
    first0 = max(first0, Int(s.rows[cluster]))
    let lastA = min(floorDivide(last0, g.n0), s.reach0)
    let firstB = max(floorDivide(first1, g.n1), -s.reach1)
    let lastB = min(floorDivide(last1, g.n1), s.reach1)

    var imageA = 0
    while imageA <= lastA {
      let from0 = max(first0, imageA * g.n0) - imageA * g.n0
      let to0 = min(last0, imageA * g.n0 + g.n0 - 1) - imageA * g.n0
      let base0 = Float(imageA) * g.width0
      var imageB = firstB
      while imageB <= lastB {
        let from1 = max(first1, imageB * g.n1) - imageB * g.n1
        let to1 = min(last1, imageB * g.n1 + g.n1 - 1) - imageB * g.n1
        let base1 = Float(imageB) * g.width1
        var imageC = firstC
        while imageC <= lastC {
          // The first cluster that this shift may pair with.
          let isForward = imageB > 0 || (imageB == 0 && imageC > 0)
          let begin = imageA > 0 ? 0 : isForward ? cluster : cluster + 1
          let shift = s.shiftIndex(imageA, imageB, imageC)
          let t = s.shifts + 3 * shift
          let base2 = Float(imageC) * g.width2
          let cx = Floats(repeating: sb[0] - t[0])
          let cy = Floats(repeating: sb[stride] - t[1])
          let cz = Floats(repeating: sb[2 * stride] - t[2])
          stamp += 1
          chunk.candidates.count = 0

          var i0 = from0
          while i0 <= to0 {
            let edge0 = base0 + Float(i0) * cw0
            let gap0 = max(0, max(edge0 - hi0, lo0 - (edge0 + cw0)))
            let rest0 = g.orthogonal ? squared - gap0 * gap0 : squared
            let row = i0 * g.n1
            let isOddRow = i0 & 1 != 0
            var i1 = from1
            while i1 <= to1 {
              var half = radius
              if g.orthogonal {
                let edge1 = base1 + Float(i1) * cw1
                let gap1 = max(0, max(edge1 - hi1, lo1 - (edge1 + cw1)))
                let rest = rest0 - gap1 * gap1
                half = max(rest, 0).squareRoot() * 1.00001
              }
              let firstBin = max(0, Int(((lo2 - half - base2) * inverse2).rounded(.down)))
              let lastBin = min(g.n2 - 1, Int(((hi2 + half - base2) * inverse2).rounded(.down)))
              let column = row + (isOddRow ? g.n1 - 1 - i1 : i1)
              i1 += 1
              if firstBin > lastBin { continue }
              let isOdd = column & 1 != 0
              let low = column * g.n2 + (isOdd ? g.n2 - 1 - lastBin : firstBin)
              let high = column * g.n2 + (isOdd ? g.n2 - 1 - firstBin : lastBin)
              let firstSlot = Int(s.cellStarts[low])
              let endSlot = Int(s.cellStarts[high + 1])
              if firstSlot >= endSlot { continue }
              var j = firstSlot &>> shiftByWidth
              var end = (endSlot &- 1) &>> shiftByWidth &+ 1
              j = max(j, begin)
              if j >= end { continue }
              // The first and the last cluster may reach into another column and come up there again.
              let first = j
              if chunk.stamps.base[j] == stamp { j += 1 } else { chunk.stamps.base[j] = stamp }
              if end - 1 > first {
                if chunk.stamps.base[end - 1] == stamp { end -= 1 } else { chunk.stamps.base[end - 1] = stamp }
              }
              if j >= end { continue }
              chunk.candidates.ensure(end - j + 8)
              while j < end {
                let b = s.boxes + j
                @inline(__always) func gap(_ center: Floats, _ edge: Floats, _ k: Int) -> Floats {
                  let d = center - load8(b, k * stride)
                  let distance = unsafeBitCast(
                    unsafeBitCast(d, to: Ints.self) & Ints(repeating: 0x7fff_ffff), to: Floats.self)
                  return larger(distance - (edge + load8(b, (k + 3) * stride)), lowest)
                }
                let gx = gap(cx, e0, 0)
                let gy = gap(cy, e1, 1)
                let gz = gap(cz, e2, 2)
                var mask = lessBits(fma8(gx, gx, fma8(gy, gy, gz * gz)), Floats(repeating: squared))
                if end - j < 8 { mask &= (1 << UInt32(end - j)) - 1 }
                let which = Ints(repeating: Int32(truncatingIfNeeded: j)) &+ iota
                chunk.candidates.count += store(
                  which, where: mask, to: chunk.candidates.base + chunk.candidates.count, table)
                j += 8
              }
            }
            i0 += 1
          }

          let found = chunk.candidates.count
          if found > 0 {
            chunk.candidates.base[found] = chunk.candidates.base[found - 1]
            chunk.entries.ensure(width * (found + 2))
            chunk.pending.ensure(width)
            let before = chunk.entries.count
            for lane in 0..<live {
              let start = chunk.entries.count
              refine(s, slot + lane, t, chunk.candidates.base, found, times: 1, &chunk.entries)
              if chunk.entries.count > start {
                chunk.pending.base[chunk.pending.count] = ClusterSegment(
                  begin: Int32(truncatingIfNeeded: start),
                  count: Int32(truncatingIfNeeded: chunk.entries.count - start),
                  shift: Int32(truncatingIfNeeded: shift), lane: Int16(truncatingIfNeeded: lane), isWrapped: imageA > 0)
                chunk.pending.count += 1
              }
            }
            if chunk.entries.count > before {
              var most: Int32 = 0
              for k in 0..<found { most = max(most, chunk.candidates.base[k]) }
              if imageA > 0 {
                chunk.wrappedEnd = max(chunk.wrappedEnd, Int(most) + 1)
              } else {
                chunk.windowEnd = max(chunk.windowEnd, Int(most) + 1)
              }
            }
          }
          imageC += 1
        }
        imageB += 1
      }
      imageA += 1
    }

    // Put the runs in the order of the cluster's atoms.
    let pending = chunk.pending.count
    chunk.segments.ensure(pending)
    for lane in 0..<live {
      chunk.starts.base[atom] = Int32(truncatingIfNeeded: chunk.segments.count)
      atom += 1
      for k in 0..<pending where Int(chunk.pending.base[k].lane) == lane {
        chunk.segments.base[chunk.segments.count] = chunk.pending.base[k]
        chunk.segments.count += 1
      }
    }
  }
  chunk.starts.base[atom] = Int32(truncatingIfNeeded: chunk.segments.count)
  chunk.starts.count = atom + 1
}

@inline(__always) func larger(_ a: Floats, _ b: Floats) -> Floats {
  #if TEKTITE_AVX2 || TEKTITE_AVX512
    return _mm256_max_ps(a, b)
  #else
    return a.replacing(with: b, where: a .< b)
  #endif
}

/// Appends those candidates that hold an atom within the radius of one atom, times a factor. One candidate beyond the last is read.
@inline(__always) func refine(
  _ s: borrowing ClusterSearch, _ slot: Int, _ shift: UnsafePointer<Float>, _ candidates: UnsafePointer<Int32>,
  _ found: Int,
  times factor: Int32, _ entries: inout Arena<Int32>
) {
  let limits = s.limits + Int(s.species[slot]) * s.limitStride
  let xi = Floats(repeating: s.x[slot] - shift[0])
  let yi = Floats(repeating: s.y[slot] - shift[1])
  let zi = Floats(repeating: s.z[slot] - shift[2])
  @inline(__always) func within(_ x: Floats, _ y: Floats, _ z: Floats, _ limit: Floats) -> UInt32 {
    let dx = xi - x
    let dy = yi - y
    let dz = zi - z
    return lessBits(fma8(dx, dx, fma8(dy, dy, dz * dz)), limit)
  }
  let out = entries.base
  var n = entries.count
  if s.width == 4 {
    @inline(__always) func two(_ p: UnsafePointer<Float>, _ a: Int, _ b: Int) -> Floats {
      Floats(
        lowHalf: UnsafeRawPointer(p + a).loadUnaligned(as: SIMD4<Float>.self),
        highHalf: UnsafeRawPointer(p + b).loadUnaligned(as: SIMD4<Float>.self))
    }
    var k = 0
    var again = 0
    while k < found {
      // An odd last candidate is met twice; the second time is taken back below.
      let c0 = candidates[k]
      let c1 = candidates[k + 1]
      let a = Int(c0) * 4
      let b = Int(c1) * 4
      let m = within(two(s.x, a, b), two(s.y, a, b), two(s.z, a, b), two(limits, a, b))
      // Written always and counted by arithmetic: half of the answers are yes, which no branch predictor can learn.
      out[n] = c0 &* factor
      n &+= Int(truncatingIfNeeded: ((m & 15) &+ 15) &>> 4)
      out[n] = c1 &* factor
      again = Int(truncatingIfNeeded: ((m &>> 4) &+ 15) &>> 4)
      n &+= again
      k += 2
    }
    if found & 1 == 1 { n -= again }
  } else if s.width == 8 {
    for k in 0..<found {
      let c = candidates[k]
      let a = Int(c) * 8
      let m = within(load8(s.x, a), load8(s.y, a), load8(s.z, a), load8(limits, a))
      out[n] = c &* factor
      n &+= Int(truncatingIfNeeded: (m &+ 255) &>> 8)
    }
  } else {
    for k in 0..<found {
      let c = candidates[k]
      let a = Int(c) * 16
      let low = within(load8(s.x, a), load8(s.y, a), load8(s.z, a), load8(limits, a))
      let high = within(load8(s.x, a + 8), load8(s.y, a + 8), load8(s.z, a + 8), load8(limits, a + 8))
      out[n] = c &* factor
      n &+= Int(truncatingIfNeeded: ((low | high) &+ 255) &>> 8)
    }
  }
  entries.count = n
}

/// Copies those entries of a chunk that hold an atom within the radii of `s` now, run by run. Pairs that are left out contribute nothing until atoms
/// have moved half the difference between these radii and the cutoffs, so pruning never changes a result, not even its last bit.
public func pruneClusters(_ s: borrowing ClusterSearch, _ chunk: inout ClusterChunk) {
  chunk.pruned.count = 0
  chunk.pruned.ensure(chunk.entries.count + 2)
  chunk.entries.ensure(1)
  chunk.entries.base[chunk.entries.count] = 0
  var atom = 0
  for slot in chunk.firstCluster * s.width..<min(s.count, (chunk.firstCluster + chunk.clusterCount) * s.width) {
    var segment = chunk.segments.base + Int(chunk.starts.base[atom])
    atom += 1
    let end = chunk.segments.base + Int(chunk.starts.base[atom])
    while segment < end {
      let before = chunk.pruned.count
      refine(
        s, slot, s.shifts + 3 * Int(segment.pointee.shift), chunk.entries.base + Int(segment.pointee.begin),
        Int(segment.pointee.count),
        times: 3, &chunk.pruned)
      segment.pointee.prunedBegin = Int32(truncatingIfNeeded: before)
      segment.pointee.prunedCount = Int32(truncatingIfNeeded: chunk.pruned.count - before)
      segment += 1
    }
  }
}
