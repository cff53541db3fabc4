#if TEKTITE_AVX2 || TEKTITE_AVX512
  import CX86
#endif

// How lanes find their rows in a table. Where no instructions are given, one lane after the other.

extension Doubles4 {
  typealias Places = SIMD4<Int64>
  @inline(__always) static func gather(_ p: UnsafePointer<Double>, _ rows: PairTableRows<Self>) -> Self {
    var v = SIMD4<Double>.zero
    for k in 0..<4 { v[k] = p[Int(rows.row[k])] }
    return Self(v)
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Double>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX2 || TEKTITE_AVX512
      var (offset, row) = (SIMD4<Double>.zero, Places.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      tektite_rows_pd(table, r2.v, limit.v, scale.v, start.v, drop, &offset, &c0, &c1, &c2, &c3, &row)
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #else
      var (offset, row) = (SIMD4<Double>.zero, SIMD4<Int64>.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      for k in 0..<4 {
        let y = (r2.v[k] < limit.v[k] ? r2.v[k] : limit.v[k]) * scale.v[k]
        let bits = (y > 1 ? y : 1).bitPattern
        offset[k] = y - Double(bitPattern: bits & (~0 &<< UInt64(truncatingIfNeeded: drop)))
        row[k] = Int64(truncatingIfNeeded: (bits &>> UInt64(truncatingIfNeeded: drop)) &+ start.v[k].bitPattern)
        let c = table + 4 * Int(row[k])
        c0[k] = c[0]
        c1[k] = c[1]
        c2[k] = c[2]
        c3[k] = c[3]
      }
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #endif
  }
}

extension Doubles8 {
  typealias Places = SIMD8<Int64>
  @inline(__always) static func gather(_ p: UnsafePointer<Double>, _ rows: PairTableRows<Self>) -> Self {
    var v = SIMD8<Double>.zero
    for k in 0..<8 { v[k] = p[Int(rows.row[k])] }
    return Self(v)
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Double>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX512
      var (offset, row) = (SIMD8<Double>.zero, Places.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      tektite_rows_wide_pd(table, r2.v, limit.v, scale.v, start.v, drop, &offset, &c0, &c1, &c2, &c3, &row)
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #else
      var (offset, row) = (SIMD8<Double>.zero, SIMD8<Int64>.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      for k in 0..<8 {
        let y = (r2.v[k] < limit.v[k] ? r2.v[k] : limit.v[k]) * scale.v[k]
        let bits = (y > 1 ? y : 1).bitPattern
        offset[k] = y - Double(bitPattern: bits & (~0 &<< UInt64(truncatingIfNeeded: drop)))
        row[k] = Int64(truncatingIfNeeded: (bits &>> UInt64(truncatingIfNeeded: drop)) &+ start.v[k].bitPattern)
        let c = table + 4 * Int(row[k])
        c0[k] = c[0]
        c1[k] = c[1]
        c2[k] = c[2]
        c3[k] = c[3]
      }
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #endif
  }
}

extension Floats4 {
  typealias Places = SIMD4<Int32>
  @inline(__always) static func gather(_ p: UnsafePointer<Float>, _ rows: PairTableRows<Self>) -> Self {
    var v = SIMD4<Float>.zero
    for k in 0..<4 { v[k] = p[Int(rows.row[k])] }
    return Self(v)
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Float>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    var (offset, row) = (SIMD4<Float>.zero, SIMD4<Int32>.zero)
    var c0 = offset
    var c1 = offset
    var c2 = offset
    var c3 = offset
    for k in 0..<4 {
      let y = (r2.v[k] < limit.v[k] ? r2.v[k] : limit.v[k]) * scale.v[k]
      let bits = (y > 1 ? y : 1).bitPattern
      offset[k] = y - Float(bitPattern: bits & (~0 &<< UInt32(truncatingIfNeeded: drop)))
      row[k] = Int32(truncatingIfNeeded: (bits &>> UInt32(truncatingIfNeeded: drop)) &+ start.v[k].bitPattern)
      let c = table + 4 * Int(row[k])
      c0[k] = c[0]
      c1[k] = c[1]
      c2[k] = c[2]
      c3[k] = c[3]
    }
    return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
  }
}

extension Floats8 {
  typealias Places = SIMD8<Int32>
  @inline(__always) static func gather(_ p: UnsafePointer<Float>, _ rows: PairTableRows<Self>) -> Self {
    var v = SIMD8<Float>.zero
    for k in 0..<8 { v[k] = p[Int(rows.row[k])] }
    return Self(v)
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Float>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX2 || TEKTITE_AVX512
      var (offset, row) = (SIMD8<Float>.zero, Places.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      tektite_rows_ps(table, r2.v, limit.v, scale.v, start.v, drop, &offset, &c0, &c1, &c2, &c3, &row)
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #else
      var (offset, row) = (SIMD8<Float>.zero, SIMD8<Int32>.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      for k in 0..<8 {
        let y = (r2.v[k] < limit.v[k] ? r2.v[k] : limit.v[k]) * scale.v[k]
        let bits = (y > 1 ? y : 1).bitPattern
        offset[k] = y - Float(bitPattern: bits & (~0 &<< UInt32(truncatingIfNeeded: drop)))
        row[k] = Int32(truncatingIfNeeded: (bits &>> UInt32(truncatingIfNeeded: drop)) &+ start.v[k].bitPattern)
        let c = table + 4 * Int(row[k])
        c0[k] = c[0]
        c1[k] = c[1]
        c2[k] = c[2]
        c3[k] = c[3]
      }
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #endif
  }
}

extension Floats16 {
  typealias Places = SIMD16<Int32>
  @inline(__always) static func gather(_ p: UnsafePointer<Float>, _ rows: PairTableRows<Self>) -> Self {
    var v = SIMD16<Float>.zero
    for k in 0..<16 { v[k] = p[Int(rows.row[k])] }
    return Self(v)
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Float>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX512
      var (offset, row) = (SIMD16<Float>.zero, Places.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      tektite_rows_wide_ps(table, r2.v, limit.v, scale.v, start.v, drop, &offset, &c0, &c1, &c2, &c3, &row)
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #else
      var (offset, row) = (SIMD16<Float>.zero, SIMD16<Int32>.zero)
      var c0 = offset
      var c1 = offset
      var c2 = offset
      var c3 = offset
      for k in 0..<16 {
        let y = (r2.v[k] < limit.v[k] ? r2.v[k] : limit.v[k]) * scale.v[k]
        let bits = (y > 1 ? y : 1).bitPattern
        offset[k] = y - Float(bitPattern: bits & (~0 &<< UInt32(truncatingIfNeeded: drop)))
        row[k] = Int32(truncatingIfNeeded: (bits &>> UInt32(truncatingIfNeeded: drop)) &+ start.v[k].bitPattern)
        let c = table + 4 * Int(row[k])
        c0[k] = c[0]
        c1[k] = c[1]
        c2[k] = c[2]
        c3[k] = c[3]
      }
      return PairTableRows(offset: Self(offset), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
    #endif
  }
}
