import Builtin

#if TEKTITE_AVX2 || TEKTITE_AVX512
  import CX86
#endif

/// The vector that kernels compute with: the atoms of a cluster, edges, or channels of a network, side by side. The arithmetic is spelled so that it
/// maps to single instructions at every level, and through builtins, because the standard library's operators are loops over lanes until late in
/// the compiler, which makes long kernels slow to compile.
protocol PairLanes {
  associatedtype Scalar: BinaryFloatingPoint & SIMDScalar
  /// Numbers in the vector, which is the width of clusters.
  static var count: Int { get }
  static var zero: Self { get }
  static func load(_ p: UnsafePointer<Scalar>) -> Self
  func store(_ p: UnsafeMutablePointer<Scalar>)
  static func constant(_ value: Scalar) -> Self
  /// 0, 1, 2, ...
  static var indices: Self { get }
  /// Sum of all lanes, in a fixed order.
  var sum: Scalar { get }
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  /// 1/a, in a few units of the last place; of zero, infinity and what is beyond normal numbers it need not be a number.
  static func reciprocal(_ a: Self) -> Self
  /// a·b + c, one rounding where the processor has a fused instruction.
  static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self
  /// √a.
  static func root(_ a: Self) -> Self
  /// `value` where a < b, zero elsewhere, whatever `value` is there.
  static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self
  /// |a|.
  static func magnitude(_ a: Self) -> Self
  /// A number without its fraction, which must fit; here because the generic conversions of the standard library are calls.
  static func truncated(_ x: Scalar) -> Int32
  /// A small integer as a number.
  static func scalar(_ i: Int32) -> Scalar
  /// Whichever of two precisions of a constant is the lanes' own.
  static func either(_ double: Double, _ float: Float) -> Scalar
  /// The same number, known before any later load or store; asked for where the scheduler would put a sum off and fill the stack meanwhile.
  var settled: Self { get }
  /// Transposes a square block of `count` rows and columns.
  static func transpose(
    _ from: UnsafePointer<Scalar>, _ fromStride: Int, to: UnsafeMutablePointer<Scalar>, _ toStride: Int)
  /// Asks for 64 bytes ahead of use.
  static func prefetch(_ p: UnsafePointer<Scalar>)
  /// The `sum` of each of `count` vectors, in one vector.
  static func sums(_ from: UnsafePointer<Scalar>, _ stride: Int, to: UnsafeMutablePointer<Scalar>)
  /// The rows of a table of cubics that belong to squared distances, see `PairTableLayout`; `start` holds whole numbers as bit patterns.
  static func rows(
    _ table: UnsafePointer<Scalar>, _ r2: Self, _ limit: Self, _ scale: Self, _ start: Self, drop: Int
  ) -> PairTableRows<Self>
  /// Number `row` of an array for the rows that `rows` found.
  static func gather(_ p: UnsafePointer<Scalar>, _ rows: PairTableRows<Self>) -> Self
  /// As many whole numbers as lanes, of the lanes' size.
  associatedtype Places
}

/// A row of a table for each lane: four coefficients of a cubic, and where on it the lane is.
struct PairTableRows<L: PairLanes> {
  var offset: L
  var c0: L, c1: L, c2: L, c3: L
  var row: L.Places
}

extension PairLanes {
  @inline(__always) static func reciprocal(_ a: Self) -> Self { constant(1) / a }
  @inline(__always) var settled: Self { self }
  @inline(__always) static func transpose(
    _ from: UnsafePointer<Scalar>, _ fromStride: Int, to: UnsafeMutablePointer<Scalar>, _ toStride: Int
  ) {
    for i in 0..<count {
      for j in 0..<count { to[j * toStride + i] = from[i * fromStride + j] }
    }
  }
  @inline(__always) static func prefetch(_ p: UnsafePointer<Scalar>) {
    #if TEKTITE_AVX2 || TEKTITE_AVX512
      tektite_prefetch(p)
    #endif
  }
  @inline(__always) static func sums(
    _ from: UnsafePointer<Scalar>, _ stride: Int, to: UnsafeMutablePointer<Scalar>
  ) {
    for i in 0..<count { to[i] = load(from + i * stride).sum }
  }
}

/// A count known when a kernel is compiled. Kernels that take it as a type are specialised for it, while those that take a number may
/// be merged again into one with a variable.
protocol StaticCount {
  static var count: Int { get }
}
/// A count known only when the kernel runs.
enum Several: StaticCount { @inline(__always) static var count: Int { 0 } }
enum One: StaticCount { @inline(__always) static var count: Int { 1 } }
enum Two: StaticCount { @inline(__always) static var count: Int { 2 } }
enum Three: StaticCount { @inline(__always) static var count: Int { 3 } }
enum Four: StaticCount { @inline(__always) static var count: Int { 4 } }
enum Five: StaticCount { @inline(__always) static var count: Int { 5 } }
enum Six: StaticCount { @inline(__always) static var count: Int { 6 } }
enum Seven: StaticCount { @inline(__always) static var count: Int { 7 } }
enum Nine: StaticCount { @inline(__always) static var count: Int { 9 } }

/// Four doubles.
struct Doubles4: PairLanes {
  typealias Scalar = Double
  var v: SIMD4<Double>
  @inline(__always) init(_ v: SIMD4<Double>) { self.v = v }
  @inline(__always) static var count: Int { 4 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func load(_ p: UnsafePointer<Double>) -> Self {
    Self(UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Double>.self))
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD4<Double>.self)
  }
  @inline(__always) static func constant(_ value: Double) -> Self { Self(SIMD4(repeating: value)) }
  @inline(__always) static var indices: Self { Self(SIMD4(0, 1, 2, 3)) }
  @inline(__always) var sum: Double {
    (v.x + v.z) + (v.y + v.w)
  }
  @inline(__always) static func + (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fadd_Vec4xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func - (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fsub_Vec4xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func * (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fmul_Vec4xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func / (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fdiv_Vec4xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec4xFPIEEE64(
      a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func truncated(_ x: Double) -> Int32 { Int32(x) }
  @inline(__always) static func scalar(_ i: Int32) -> Double { Double(i) }
  @inline(__always) static func either(_ double: Double, _ float: Float) -> Double { double }
  #if TEKTITE_AVX2 || TEKTITE_AVX512
    @inline(__always) var settled: Self { Self(tektite_settled_pd(v)) }
    @inline(__always) static func transpose(
      _ from: UnsafePointer<Double>, _ fromStride: Int, to: UnsafeMutablePointer<Double>, _ toStride: Int
    ) { tektite_transpose_pd(from, fromStride, to, toStride) }
    @inline(__always) static func sums(_ from: UnsafePointer<Double>, _ stride: Int, to: UnsafeMutablePointer<Double>) {
      tektite_sums_pd(from, stride, to)
    }
  #endif
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec4xFPIEEE64(a.v._storage._value)
    return r
  }
  @inline(__always) static func magnitude(_ a: Self) -> Self {
    let mask = SIMD4<Int64>(repeating: .max)
    return Self(unsafeBitCast(unsafeBitCast(a.v, to: SIMD4<Int64>.self) & mask, to: SIMD4<Double>.self))
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD4<Int64>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD4<Int64>.self) & mask, to: SIMD4<Double>.self))
  }
}

/// Eight doubles.
struct Doubles8: PairLanes {
  typealias Scalar = Double
  var v: SIMD8<Double>
  @inline(__always) init(_ v: SIMD8<Double>) { self.v = v }
  @inline(__always) static var count: Int { 8 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func load(_ p: UnsafePointer<Double>) -> Self {
    Self(UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Double>.self))
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD8<Double>.self)
  }
  @inline(__always) static func constant(_ value: Double) -> Self { Self(SIMD8(repeating: value)) }
  @inline(__always) static var indices: Self { Self(SIMD8(0, 1, 2, 3, 4, 5, 6, 7)) }
  @inline(__always) var sum: Double {
    let a = v.lowHalf + v.highHalf
    return (a.x + a.z) + (a.y + a.w)
  }
  @inline(__always) static func + (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fadd_Vec8xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func - (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fsub_Vec8xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func * (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fmul_Vec8xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func / (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fdiv_Vec8xFPIEEE64(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec8xFPIEEE64(
      a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func truncated(_ x: Double) -> Int32 { Int32(x) }
  @inline(__always) static func scalar(_ i: Int32) -> Double { Double(i) }
  @inline(__always) static func either(_ double: Double, _ float: Float) -> Double { double }
  #if TEKTITE_AVX512
    @inline(__always) var settled: Self { Self(tektite_settled_wide_pd(v)) }
    // Newton's steps double the 14 bits of the estimate. The divider would be busy for sixteen cycles.
    @inline(__always) static func reciprocal(_ a: Self) -> Self {
      let one = constant(1)
      let minus = constant(-1) * a
      let zeroth = Self(_mm512_rcp14_pd(a.v))
      let first = fma(zeroth, fma(minus, zeroth, one), zeroth)
      return fma(first, fma(minus, first, one), first)
    }
    @inline(__always) static func transpose(
      _ from: UnsafePointer<Double>, _ fromStride: Int, to: UnsafeMutablePointer<Double>, _ toStride: Int
    ) {
      for i in stride(from: 0, to: count, by: 4) {
        for j in stride(from: 0, to: count, by: 4) {
          tektite_transpose_pd(from + i * fromStride + j, fromStride, to + j * toStride + i, toStride)
        }
      }
    }
    @inline(__always) static func sums(_ from: UnsafePointer<Double>, _ stride: Int, to: UnsafeMutablePointer<Double>) {
      tektite_sums_wide_pd(from, stride, to)
    }
  #endif
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec8xFPIEEE64(a.v._storage._value)
    return r
  }
  @inline(__always) static func magnitude(_ a: Self) -> Self {
    let mask = SIMD8<Int64>(repeating: .max)
    return Self(unsafeBitCast(unsafeBitCast(a.v, to: SIMD8<Int64>.self) & mask, to: SIMD8<Double>.self))
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD8<Int64>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD8<Int64>.self) & mask, to: SIMD8<Double>.self))
  }
}

/// Four floats.
struct Floats4: PairLanes {
  typealias Scalar = Float
  var v: SIMD4<Float>
  @inline(__always) init(_ v: SIMD4<Float>) { self.v = v }
  @inline(__always) static var count: Int { 4 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func load(_ p: UnsafePointer<Float>) -> Self {
    Self(UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Float>.self))
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD4<Float>.self)
  }
  @inline(__always) static func constant(_ value: Float) -> Self { Self(SIMD4(repeating: value)) }
  @inline(__always) static var indices: Self { Self(SIMD4(0, 1, 2, 3)) }
  @inline(__always) var sum: Float {
    (v.x + v.z) + (v.y + v.w)
  }
  @inline(__always) static func + (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fadd_Vec4xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func - (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fsub_Vec4xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func * (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fmul_Vec4xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func / (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fdiv_Vec4xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec4xFPIEEE32(
      a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func truncated(_ x: Float) -> Int32 { Int32(x) }
  @inline(__always) static func scalar(_ i: Int32) -> Float { Float(i) }
  @inline(__always) static func either(_ double: Double, _ float: Float) -> Float { float }
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec4xFPIEEE32(a.v._storage._value)
    return r
  }
  @inline(__always) static func magnitude(_ a: Self) -> Self {
    let mask = SIMD4<Int32>(repeating: .max)
    return Self(unsafeBitCast(unsafeBitCast(a.v, to: SIMD4<Int32>.self) & mask, to: SIMD4<Float>.self))
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD4<Int32>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD4<Int32>.self) & mask, to: SIMD4<Float>.self))
  }
}

/// Eight floats.
struct Floats8: PairLanes {
  typealias Scalar = Float
  var v: SIMD8<Float>
  @inline(__always) init(_ v: SIMD8<Float>) { self.v = v }
  @inline(__always) static var count: Int { 8 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func load(_ p: UnsafePointer<Float>) -> Self {
    Self(UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self))
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD8<Float>.self)
  }
  @inline(__always) static func constant(_ value: Float) -> Self { Self(SIMD8(repeating: value)) }
  @inline(__always) static var indices: Self { Self(SIMD8(0, 1, 2, 3, 4, 5, 6, 7)) }
  @inline(__always) var sum: Float {
    let a = v.lowHalf + v.highHalf
    return (a.x + a.z) + (a.y + a.w)
  }
  @inline(__always) static func + (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fadd_Vec8xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func - (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fsub_Vec8xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func * (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fmul_Vec8xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func / (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fdiv_Vec8xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec8xFPIEEE32(
      a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func truncated(_ x: Float) -> Int32 { Int32(x) }
  @inline(__always) static func scalar(_ i: Int32) -> Float { Float(i) }
  @inline(__always) static func either(_ double: Double, _ float: Float) -> Float { float }
  #if TEKTITE_AVX2 || TEKTITE_AVX512
    @inline(__always) var settled: Self { Self(tektite_settled_ps(v)) }
    @inline(__always) static func transpose(
      _ from: UnsafePointer<Float>, _ fromStride: Int, to: UnsafeMutablePointer<Float>, _ toStride: Int
    ) { tektite_transpose_ps(from, fromStride, to, toStride) }
    @inline(__always) static func sums(_ from: UnsafePointer<Float>, _ stride: Int, to: UnsafeMutablePointer<Float>) {
      tektite_sums_ps(from, stride, to)
    }
  #endif
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec8xFPIEEE32(a.v._storage._value)
    return r
  }
  @inline(__always) static func magnitude(_ a: Self) -> Self {
    let mask = SIMD8<Int32>(repeating: .max)
    return Self(unsafeBitCast(unsafeBitCast(a.v, to: SIMD8<Int32>.self) & mask, to: SIMD8<Float>.self))
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD8<Int32>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD8<Int32>.self) & mask, to: SIMD8<Float>.self))
  }
}

/// Sixteen floats.
struct Floats16: PairLanes {
  typealias Scalar = Float
  var v: SIMD16<Float>
  @inline(__always) init(_ v: SIMD16<Float>) { self.v = v }
  @inline(__always) static var count: Int { 16 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func load(_ p: UnsafePointer<Float>) -> Self {
    Self(UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self))
  }
  @inline(__always) func store(_ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD16<Float>.self)
  }
  @inline(__always) static func constant(_ value: Float) -> Self { Self(SIMD16(repeating: value)) }
  @inline(__always) static var indices: Self { Self(SIMD16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)) }
  @inline(__always) var sum: Float {
    let a = v.lowHalf + v.highHalf
    let b = a.lowHalf + a.highHalf
    return (b.x + b.z) + (b.y + b.w)
  }
  @inline(__always) static func + (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fadd_Vec16xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func - (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fsub_Vec16xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func * (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fmul_Vec16xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func / (a: Self, b: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.fdiv_Vec16xFPIEEE32(a.v._storage._value, b.v._storage._value)
    return r
  }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec16xFPIEEE32(
      a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func truncated(_ x: Float) -> Int32 { Int32(x) }
  @inline(__always) static func scalar(_ i: Int32) -> Float { Float(i) }
  @inline(__always) static func either(_ double: Double, _ float: Float) -> Float { float }
  #if TEKTITE_AVX512
    @inline(__always) var settled: Self { Self(tektite_settled_wide_ps(v)) }
    @inline(__always) static func reciprocal(_ a: Self) -> Self {
      let zeroth = Self(_mm512_rcp14_ps(a.v))
      return fma(zeroth, fma(constant(-1) * a, zeroth, constant(1)), zeroth)
    }
    @inline(__always) static func transpose(
      _ from: UnsafePointer<Float>, _ fromStride: Int, to: UnsafeMutablePointer<Float>, _ toStride: Int
    ) {
      for i in stride(from: 0, to: count, by: 8) {
        for j in stride(from: 0, to: count, by: 8) {
          tektite_transpose_ps(from + i * fromStride + j, fromStride, to + j * toStride + i, toStride)
        }
      }
    }
    @inline(__always) static func sums(_ from: UnsafePointer<Float>, _ stride: Int, to: UnsafeMutablePointer<Float>) {
      tektite_sums_wide_ps(from, stride, to)
    }
  #endif
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec16xFPIEEE32(a.v._storage._value)
    return r
  }
  @inline(__always) static func magnitude(_ a: Self) -> Self {
    let mask = SIMD16<Int32>(repeating: .max)
    return Self(unsafeBitCast(unsafeBitCast(a.v, to: SIMD16<Int32>.self) & mask, to: SIMD16<Float>.self))
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD16<Int32>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD16<Int32>.self) & mask, to: SIMD16<Float>.self))
  }
}

// The registers of this level.
#if TEKTITE_AVX512
  typealias WideDoubles = Doubles8
  typealias WideFloats = Floats16
  typealias WideNumbers = SIMD16<Double>
  typealias WideWords = SIMD16<UInt64>
#elseif TEKTITE_AVX2
  typealias WideDoubles = Doubles4
  typealias WideFloats = Floats8
  typealias WideNumbers = SIMD8<Double>
  typealias WideWords = SIMD8<UInt64>
#else
  typealias WideDoubles = Doubles4
  typealias WideFloats = Floats4
  typealias WideNumbers = SIMD8<Double>
  typealias WideWords = SIMD8<UInt64>
#endif

/// The width of clusters that this level's pair kernels work on.
public func clusterWidth(isDouble: Bool) -> Int { isDouble ? WideDoubles.count : WideFloats.count }
