import TektiteLayouts

#if arch(x86_64)
  import CX86
#endif

typealias Floats = SIMD8<Float>
typealias Ints = SIMD8<Int32>

/// One bit for each lane that is set in a comparison's result.
@inline(__always) func bits(_ mask: SIMDMask<Ints>) -> UInt32 {
  let m = unsafeBitCast(mask, to: Floats.self)
  #if TEKTITE_AVX2 || TEKTITE_AVX512
    return UInt32(bitPattern: _mm256_movemask_ps(m))
  #elseif arch(x86_64)
    return UInt32(bitPattern: _mm_movemask_ps(m.lowHalf) | (_mm_movemask_ps(m.highHalf) << 4))
  #else
    var b: UInt32 = 0
    for lane in 0..<8 where mask[lane] { b |= 1 << UInt32(lane) }
    return b
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
@inline(__always) func store(_ values: Ints, where mask: UInt32, to out: UnsafeMutablePointer<Int32>, _ table: UnsafePointer<Ints>?) -> Int {
  #if TEKTITE_AVX512
    let packed = unsafeBitCast(_mm256_maskz_compress_epi32(UInt8(truncatingIfNeeded: mask), unsafeBitCast(values, to: __m256i.self)), to: Ints.self)
    UnsafeMutableRawPointer(out).storeBytes(of: packed, as: Ints.self)
    return mask.nonzeroBitCount
  #elseif TEKTITE_AVX2
    let order = unsafeBitCast(table.unsafelyUnwrapped[Int(mask)], to: __m256i.self)
    let packed = unsafeBitCast(_mm256_permutevar8x32_epi32(unsafeBitCast(values, to: __m256i.self), order), to: Ints.self)
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

/// Finds the neighbours of the clusters of one chunk: every atom, in any periodic image, that is within the list radius of at least one
/// of the four. Entries are grouped by lattice shift and species.
public func searchClusters(_ s: borrowing ClusterSearch, _ chunk: inout ClusterChunk) {
  let table: UnsafePointer<Ints>? = packedLanes
  let ns = s.speciesCount
  let g = s.grid
  let radius = s.radius
  let cw0 = g.width0 / Float(g.n0)
  let cw1 = g.width1 / Float(g.n1)
  let inverse0 = Float(g.n0) / g.width0
  let inverse1 = Float(g.n1) / g.width1
  let inverse2 = Float(g.n2) / g.width2
  let iota3 = Ints(0, 3, 6, 9, 12, 15, 18, 21)
  chunk.entries.count = 0
  chunk.segments.count = 0
  chunk.starts.count = 0
  chunk.starts.ensure(chunk.clusterCount + 1)
  chunk.prepareScratch(species: ns)
  let scratch = chunk.scratch

  for local in 0..<chunk.clusterCount {
    chunk.starts.base[local] = Int32(truncatingIfNeeded: chunk.segments.count)
    let slot = (chunk.firstCluster + local) * 4
    let live = min(4, s.count - slot)
    let s1 = live > 1 ? slot + 1 : slot
    let s2 = live > 2 ? slot + 2 : slot
    let s3 = live > 3 ? slot + 3 : slot
    @inline(__always) func four(_ p: UnsafePointer<Float>) -> SIMD4<Float> { SIMD4(p[slot], p[s1], p[s2], p[s3]) }
    let a0 = four(s.u0)
    let a1 = four(s.u1)
    let a2 = four(s.u2)
    let lo0 = a0.min()
    let hi0 = a0.max()
    let lo1 = a1.min()
    let hi1 = a1.max()
    let lo2 = a2.min()
    let hi2 = a2.max()
    let l0 = s.limits + Int(s.species[slot]) * s.limitStride
    let l1 = s.limits + Int(s.species[s1]) * s.limitStride
    let l2 = s.limits + Int(s.species[s2]) * s.limitStride
    let l3 = s.limits + Int(s.species[s3]) * s.limitStride
    let x4 = four(s.x)
    let y4 = four(s.y)
    let z4 = four(s.z)

    // Own members first: all of them, whatever the distance; the force loop masks each against itself.
    let own = s.shiftIndex(0, 0, 0)
    for kind in 0..<ns {
      let begin = chunk.entries.count
      chunk.entries.ensure(4)
      for member in slot..<slot + live where Int(s.species[member]) == kind {
        chunk.entries.base[chunk.entries.count] = Int32(truncatingIfNeeded: member * 3)
        chunk.entries.count += 1
      }
      if chunk.entries.count > begin && live > 1 {
        chunk.segments.ensure(1)
        chunk.segments.base[chunk.segments.count] = ClusterSegment(
          begin: Int32(truncatingIfNeeded: begin), count: Int32(truncatingIfNeeded: chunk.entries.count - begin),
          shift: Int32(truncatingIfNeeded: own), species: ~Int32(truncatingIfNeeded: kind))
        chunk.segments.count += 1
      }
    }

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
    if first0 > last0 || first1 > last1 { continue }

    for imageA in max(floorDivide(first0, g.n0), -s.reach0)...min(floorDivide(last0, g.n0), s.reach0) {
      let from0 = max(first0, imageA * g.n0) - imageA * g.n0
      let to0 = min(last0, imageA * g.n0 + g.n0 - 1) - imageA * g.n0
      for imageB in max(floorDivide(first1, g.n1), -s.reach1)...min(floorDivide(last1, g.n1), s.reach1) {
        let from1 = max(first1, imageB * g.n1) - imageB * g.n1
        let to1 = min(last1, imageB * g.n1 + g.n1 - 1) - imageB * g.n1
        for imageC in firstC...lastC {
          let shift = s.shiftIndex(imageA, imageB, imageC)
          let isHome = shift == own
          let t = s.shifts + 3 * shift
          let x = x4 - t[0]
          let y = y4 - t[1]
          let z = z4 - t[2]
          let x0 = Floats(repeating: x.x)
          let x1 = Floats(repeating: x.y)
          let x2 = Floats(repeating: x.z)
          let x3 = Floats(repeating: x.w)
          let y0 = Floats(repeating: y.x)
          let y1 = Floats(repeating: y.y)
          let y2 = Floats(repeating: y.z)
          let y3 = Floats(repeating: y.w)
          let z0 = Floats(repeating: z.x)
          let z1 = Floats(repeating: z.y)
          let z2 = Floats(repeating: z.z)
          let z3 = Floats(repeating: z.w)
          let base0 = Float(imageA) * g.width0
          let base1 = Float(imageB) * g.width1
          let base2 = Float(imageC) * g.width2
          for kind in 0..<ns { scratch[kind].count = 0 }

          for i0 in from0...to0 {
            var rest0 = radius * radius
            if g.orthogonal {
              let edge = base0 + Float(i0) * cw0
              let gap = max(0, edge - hi0, lo0 - (edge + cw0))
              rest0 -= gap * gap
            }
            for i1 in from1...to1 {
              var half = radius
              if g.orthogonal {
                let edge = base1 + Float(i1) * cw1
                let gap = max(0, edge - hi1, lo1 - (edge + cw1))
                let rest = rest0 - gap * gap
                if rest <= 0 { continue }
                half = rest.squareRoot() + 1e-5 * radius
              }
              let firstBin = max(0, Int(((lo2 - half - base2) * inverse2).rounded(.down)))
              let lastBin = min(g.n2 - 1, Int(((hi2 + half - base2) * inverse2).rounded(.down)))
              if firstBin > lastBin { continue }
              let c0 = g.index(i0, i1, firstBin)
              let c1 = g.index(i0, i1, lastBin)
              var j = Int(s.cellStarts[min(c0, c1)])
              let end = Int(s.cellStarts[max(c0, c1) + 1])
              if j >= end { continue }
              for kind in 0..<ns { scratch[kind].ensure(end - j + 8) }
              while j < end {
                let xj = load8(s.x, j)
                let yj = load8(s.y, j)
                let zj = load8(s.z, j)
                @inline(__always) func within(_ xi: Floats, _ yi: Floats, _ zi: Floats, _ limit: UnsafePointer<Float>) -> SIMDMask<Ints> {
                  let dx = xi - xj
                  let dy = yi - yj
                  let dz = zi - zj
                  return fma8(dx, dx, fma8(dy, dy, dz * dz)) .< load8(limit, j)
                }
                let hit = within(x0, y0, z0, l0) .| within(x1, y1, z1, l1) .| within(x2, y2, z2, l2) .| within(x3, y3, z3, l3)
                var mask = bits(hit)
                if end - j < 8 { mask &= (1 << UInt32(end - j)) - 1 }
                if isHome && j < slot + 4 && j + 8 > slot {
                  for member in slot..<slot + live where member >= j && member < j + 8 { mask &= ~(1 << UInt32(member - j)) }
                }
                if mask != 0 {
                  let offsets = Ints(repeating: Int32(truncatingIfNeeded: 3 * j)) &+ iota3
                  if ns == 1 {
                    scratch[0].count += store(offsets, where: mask, to: scratch[0].base + scratch[0].count, table)
                  } else {
                    let kinds = load8(s.species, j)
                    for kind in 0..<ns {
                      let some = mask & bits(kinds .== Ints(repeating: Int32(truncatingIfNeeded: kind)))
                      scratch[kind].count += store(offsets, where: some, to: scratch[kind].base + scratch[kind].count, table)
                    }
                  }
                }
                j += 8
              }
            }
          }

          for kind in 0..<ns {
            let n = scratch[kind].count
            if n == 0 { continue }
            chunk.entries.ensure(n)
            chunk.segments.ensure(1)
            (chunk.entries.base + chunk.entries.count).update(from: scratch[kind].base, count: n)
            chunk.segments.base[chunk.segments.count] = ClusterSegment(
              begin: Int32(truncatingIfNeeded: chunk.entries.count), count: Int32(truncatingIfNeeded: n),
              shift: Int32(truncatingIfNeeded: shift), species: Int32(truncatingIfNeeded: kind))
            chunk.entries.count += n
            chunk.segments.count += 1
          }
        }
      }
    }
  }
  chunk.starts.base[chunk.clusterCount] = Int32(truncatingIfNeeded: chunk.segments.count)
  chunk.starts.count = chunk.clusterCount + 1
}

@inline(__always) func fma8(_ a: Floats, _ b: Floats, _ c: Floats) -> Floats {
  Floats8.fma(Floats8(a), Floats8(b), Floats8(c)).v
}
