#if TEKTITE_AVX2 || TEKTITE_AVX512
  import CX86
#endif

// How lanes find their rows in a table.

/// A number whose bits are the address of a row.
private protocol TableScalar {
  /// Whole numbers of the same size.
  associatedtype Place: FixedWidthInteger
  var bits: Place { get }
  init(bits: Place)
  static func < (a: Self, b: Self) -> Bool
  static func * (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static var one: Self { get }
}

extension Double: TableScalar {
  @inline(__always) fileprivate var bits: Int64 { Int64(bitPattern: bitPattern) }
  @inline(__always) fileprivate init(bits: Int64) { self.init(bitPattern: UInt64(bitPattern: bits)) }
  @inline(__always) fileprivate static var one: Double { 1 }
}

extension Float: TableScalar {
  @inline(__always) fileprivate var bits: Int32 { Int32(bitPattern: bitPattern) }
  @inline(__always) fileprivate init(bits: Int32) { self.init(bitPattern: UInt32(bitPattern: bits)) }
  @inline(__always) fileprivate static var one: Float { 1 }
}

/// One lane after the other, where there are no instructions for it. Distances beyond the limit, and those that are no numbers, look at the limit's row.
@inline(__always)
private func rowsByLane<V: SIMD, P: SIMD>(
  _ table: UnsafePointer<V.Scalar>, _ r2: V, _ limit: V, _ scale: V, _ start: V, _ row: P, drop: Int
) -> (offset: V, c0: V, c1: V, c2: V, c3: V, row: P) where V.Scalar: TableScalar, P.Scalar == V.Scalar.Place {
  var (offset, row) = (r2, row)
  var (c0, c1, c2, c3) = (r2, r2, r2, r2)
  let drop = P.Scalar(truncatingIfNeeded: drop)
  for k in 0..<V.scalarCount {
    let y = (r2[k] < limit[k] ? r2[k] : limit[k]) * scale[k]
    let bits = (y < V.Scalar.one ? V.Scalar.one : y).bits
    offset[k] = y - V.Scalar(bits: bits & (~0 &<< drop))
    row[k] = (bits &>> drop) &+ start[k].bits
    let c = table + 4 * Int(truncatingIfNeeded: row[k])
    c0[k] = c[0]
    c1[k] = c[1]
    c2[k] = c[2]
    c3[k] = c[3]
  }
  return (offset, c0, c1, c2, c3, row)
}

@inline(__always)
private func gathered<V: SIMD, P: SIMD>(_ p: UnsafePointer<V.Scalar>, _ row: P) -> V where P.Scalar: FixedWidthInteger {
  var v = V()
  for k in 0..<V.scalarCount { v[k] = p[Int(truncatingIfNeeded: row[k])] }
  return v
}

extension Doubles4 {
  typealias Places = SIMD4<Int64>
  @inline(__always) static func gather(_ p: UnsafePointer<Double>, _ rows: PairTableRows<Self>) -> Self {
    Self(gathered(p, rows.row))
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Double>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX2 || TEKTITE_AVX512
      var (t, c0, c1, c2, c3) = (r2.v, r2.v, r2.v, r2.v, r2.v)
      var row = Places.zero
      tektite_rows_pd(table, r2.v, limit.v, scale.v, start.v, drop, &t, &c0, &c1, &c2, &c3, &row)
    #else
      let (t, c0, c1, c2, c3, row) = rowsByLane(table, r2.v, limit.v, scale.v, start.v, Places.zero, drop: drop)
    #endif
    return PairTableRows(offset: Self(t), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
  }
}

extension Doubles8 {
  typealias Places = SIMD8<Int64>
  @inline(__always) static func gather(_ p: UnsafePointer<Double>, _ rows: PairTableRows<Self>) -> Self {
    Self(gathered(p, rows.row))
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Double>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX512
      var (t, c0, c1, c2, c3) = (r2.v, r2.v, r2.v, r2.v, r2.v)
      var row = Places.zero
      tektite_rows_wide_pd(table, r2.v, limit.v, scale.v, start.v, drop, &t, &c0, &c1, &c2, &c3, &row)
    #else
      let (t, c0, c1, c2, c3, row) = rowsByLane(table, r2.v, limit.v, scale.v, start.v, Places.zero, drop: drop)
    #endif
    return PairTableRows(offset: Self(t), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
  }
}

extension Floats4 {
  typealias Places = SIMD4<Int32>
  @inline(__always) static func gather(_ p: UnsafePointer<Float>, _ rows: PairTableRows<Self>) -> Self {
    Self(gathered(p, rows.row))
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Float>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    let (t, c0, c1, c2, c3, row) = rowsByLane(table, r2.v, limit.v, scale.v, start.v, Places.zero, drop: drop)
    return PairTableRows(offset: Self(t), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
  }
}

extension Floats8 {
  typealias Places = SIMD8<Int32>
  @inline(__always) static func gather(_ p: UnsafePointer<Float>, _ rows: PairTableRows<Self>) -> Self {
    Self(gathered(p, rows.row))
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Float>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX2 || TEKTITE_AVX512
      var (t, c0, c1, c2, c3) = (r2.v, r2.v, r2.v, r2.v, r2.v)
      var row = Places.zero
      tektite_rows_ps(table, r2.v, limit.v, scale.v, start.v, drop, &t, &c0, &c1, &c2, &c3, &row)
    #else
      let (t, c0, c1, c2, c3, row) = rowsByLane(table, r2.v, limit.v, scale.v, start.v, Places.zero, drop: drop)
    #endif
    return PairTableRows(offset: Self(t), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
  }
}

extension Floats16 {
  typealias Places = SIMD16<Int32>
  @inline(__always) static func gather(_ p: UnsafePointer<Float>, _ rows: PairTableRows<Self>) -> Self {
    Self(gathered(p, rows.row))
  }
  @inline(__always) static func rows(
    _ table: UnsafePointer<Float>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self> {
    #if TEKTITE_AVX512
      var (t, c0, c1, c2, c3) = (r2.v, r2.v, r2.v, r2.v, r2.v)
      var row = Places.zero
      tektite_rows_wide_ps(table, r2.v, limit.v, scale.v, start.v, drop, &t, &c0, &c1, &c2, &c3, &row)
    #else
      let (t, c0, c1, c2, c3, row) = rowsByLane(table, r2.v, limit.v, scale.v, start.v, Places.zero, drop: drop)
    #endif
    return PairTableRows(offset: Self(t), c0: Self(c0), c1: Self(c1), c2: Self(c2), c3: Self(c3), row: row)
  }
}
