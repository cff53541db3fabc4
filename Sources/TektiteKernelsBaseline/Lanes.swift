import Builtin

/// The vector that a pair kernel computes with: four atoms of a cluster side by side, against one neighbour or, in wider registers, against
/// `groups` neighbours at once. The arithmetic is spelled so that it maps to single instructions at every level.
protocol PairLanes {
  associatedtype Scalar: BinaryFloatingPoint & SIMDScalar
  /// The same arithmetic against one neighbour, for what is left over.
  associatedtype Narrow: PairLanes where Narrow.Scalar == Scalar
  /// Neighbours at once.
  static var groups: Int { get }
  static var zero: Self { get }
  /// Four values, repeated for each neighbour.
  static func spread(_ four: SIMD4<Scalar>) -> Self
  /// A coordinate of the neighbours whose offsets are at `entries`.
  static func neighbors(_ coordinate: UnsafePointer<Scalar>, _ entries: UnsafePointer<Int32>) -> Self
  /// Sum over the neighbours, lane by lane.
  func folded() -> SIMD4<Scalar>
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  /// a·b + c, one rounding where the processor has a fused instruction.
  static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self
  /// √a.
  static func root(_ a: Self) -> Self
  /// `value` where a < b, zero elsewhere, whatever `value` is there.
  static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self
  static func constant(_ value: Scalar) -> Self
}

extension SIMD4: PairLanes where Scalar == Double {
  typealias Narrow = SIMD4<Double>
  @inline(__always) static var groups: Int { 1 }
  @inline(__always) static func spread(_ four: SIMD4<Double>) -> SIMD4<Double> { four }
  @inline(__always) static func neighbors(_ p: UnsafePointer<Double>, _ entries: UnsafePointer<Int32>) -> SIMD4<Double> {
    SIMD4(repeating: p[Int(entries[0])])
  }
  @inline(__always) func folded() -> SIMD4<Double> { self }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r._storage._value = Builtin.int_fmuladd_Vec4xFPIEEE64(a._storage._value, b._storage._value, c._storage._value)
    return r
  }
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r._storage._value = Builtin.int_sqrt_Vec4xFPIEEE64(a._storage._value)
    return r
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a .< b, to: SIMD4<Int64>.self)
    return unsafeBitCast(unsafeBitCast(value, to: SIMD4<Int64>.self) & mask, to: Self.self)
  }
  @inline(__always) static func constant(_ value: Double) -> Self { Self(repeating: value) }
}

/// Eight doubles: two neighbours.
struct Doubles8: PairLanes {
  typealias Scalar = Double
  typealias Narrow = SIMD4<Double>
  var v: SIMD8<Double>
  @inline(__always) init(_ v: SIMD8<Double>) { self.v = v }
  @inline(__always) static var groups: Int { 2 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func spread(_ four: SIMD4<Double>) -> Self { Self(SIMD8(lowHalf: four, highHalf: four)) }
  @inline(__always) static func neighbors(_ p: UnsafePointer<Double>, _ entries: UnsafePointer<Int32>) -> Self {
    Self(SIMD8(lowHalf: SIMD4(repeating: p[Int(entries[0])]), highHalf: SIMD4(repeating: p[Int(entries[1])])))
  }
  @inline(__always) func folded() -> SIMD4<Double> { v.lowHalf + v.highHalf }
  @inline(__always) static func + (a: Self, b: Self) -> Self { Self(a.v + b.v) }
  @inline(__always) static func - (a: Self, b: Self) -> Self { Self(a.v - b.v) }
  @inline(__always) static func * (a: Self, b: Self) -> Self { Self(a.v * b.v) }
  @inline(__always) static func / (a: Self, b: Self) -> Self { Self(a.v / b.v) }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec8xFPIEEE64(a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec8xFPIEEE64(a.v._storage._value)
    return r
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD8<Int64>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD8<Int64>.self) & mask, to: SIMD8<Double>.self))
  }
  @inline(__always) static func constant(_ value: Double) -> Self { Self(SIMD8(repeating: value)) }
}

/// Four floats: one neighbour.
struct Floats4: PairLanes {
  typealias Scalar = Float
  typealias Narrow = Floats4
  var v: SIMD4<Float>
  @inline(__always) init(_ v: SIMD4<Float>) { self.v = v }
  @inline(__always) static var groups: Int { 1 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func spread(_ four: SIMD4<Float>) -> Self { Self(four) }
  @inline(__always) static func neighbors(_ p: UnsafePointer<Float>, _ entries: UnsafePointer<Int32>) -> Self {
    Self(SIMD4(repeating: p[Int(entries[0])]))
  }
  @inline(__always) func folded() -> SIMD4<Float> { v }
  @inline(__always) static func + (a: Self, b: Self) -> Self { Self(a.v + b.v) }
  @inline(__always) static func - (a: Self, b: Self) -> Self { Self(a.v - b.v) }
  @inline(__always) static func * (a: Self, b: Self) -> Self { Self(a.v * b.v) }
  @inline(__always) static func / (a: Self, b: Self) -> Self { Self(a.v / b.v) }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec4xFPIEEE32(a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec4xFPIEEE32(a.v._storage._value)
    return r
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD4<Int32>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD4<Int32>.self) & mask, to: SIMD4<Float>.self))
  }
  @inline(__always) static func constant(_ value: Float) -> Self { Self(SIMD4(repeating: value)) }
}

/// Eight floats: two neighbours.
struct Floats8: PairLanes {
  typealias Scalar = Float
  typealias Narrow = Floats4
  var v: SIMD8<Float>
  @inline(__always) init(_ v: SIMD8<Float>) { self.v = v }
  @inline(__always) static var groups: Int { 2 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func spread(_ four: SIMD4<Float>) -> Self { Self(SIMD8(lowHalf: four, highHalf: four)) }
  @inline(__always) static func neighbors(_ p: UnsafePointer<Float>, _ entries: UnsafePointer<Int32>) -> Self {
    Self(SIMD8(lowHalf: SIMD4(repeating: p[Int(entries[0])]), highHalf: SIMD4(repeating: p[Int(entries[1])])))
  }
  @inline(__always) func folded() -> SIMD4<Float> { v.lowHalf + v.highHalf }
  @inline(__always) static func + (a: Self, b: Self) -> Self { Self(a.v + b.v) }
  @inline(__always) static func - (a: Self, b: Self) -> Self { Self(a.v - b.v) }
  @inline(__always) static func * (a: Self, b: Self) -> Self { Self(a.v * b.v) }
  @inline(__always) static func / (a: Self, b: Self) -> Self { Self(a.v / b.v) }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec8xFPIEEE32(a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec8xFPIEEE32(a.v._storage._value)
    return r
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD8<Int32>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD8<Int32>.self) & mask, to: SIMD8<Float>.self))
  }
  @inline(__always) static func constant(_ value: Float) -> Self { Self(SIMD8(repeating: value)) }
}

/// Sixteen floats: four neighbours.
struct Floats16: PairLanes {
  typealias Scalar = Float
  typealias Narrow = Floats4
  var v: SIMD16<Float>
  @inline(__always) init(_ v: SIMD16<Float>) { self.v = v }
  @inline(__always) static var groups: Int { 4 }
  @inline(__always) static var zero: Self { Self(.zero) }
  @inline(__always) static func spread(_ four: SIMD4<Float>) -> Self {
    let eight = SIMD8(lowHalf: four, highHalf: four)
    return Self(SIMD16(lowHalf: eight, highHalf: eight))
  }
  @inline(__always) static func neighbors(_ p: UnsafePointer<Float>, _ entries: UnsafePointer<Int32>) -> Self {
    let low = SIMD8(lowHalf: SIMD4(repeating: p[Int(entries[0])]), highHalf: SIMD4(repeating: p[Int(entries[1])]))
    let high = SIMD8(lowHalf: SIMD4(repeating: p[Int(entries[2])]), highHalf: SIMD4(repeating: p[Int(entries[3])]))
    return Self(SIMD16(lowHalf: low, highHalf: high))
  }
  @inline(__always) func folded() -> SIMD4<Float> {
    let eight = v.lowHalf + v.highHalf
    return eight.lowHalf + eight.highHalf
  }
  @inline(__always) static func + (a: Self, b: Self) -> Self { Self(a.v + b.v) }
  @inline(__always) static func - (a: Self, b: Self) -> Self { Self(a.v - b.v) }
  @inline(__always) static func * (a: Self, b: Self) -> Self { Self(a.v * b.v) }
  @inline(__always) static func / (a: Self, b: Self) -> Self { Self(a.v / b.v) }
  @inline(__always) static func fma(_ a: Self, _ b: Self, _ c: Self) -> Self {
    var r = c
    r.v._storage._value = Builtin.int_fmuladd_Vec16xFPIEEE32(a.v._storage._value, b.v._storage._value, c.v._storage._value)
    return r
  }
  @inline(__always) static func root(_ a: Self) -> Self {
    var r = a
    r.v._storage._value = Builtin.int_sqrt_Vec16xFPIEEE32(a.v._storage._value)
    return r
  }
  @inline(__always) static func select(_ value: Self, where a: Self, lessThan b: Self) -> Self {
    let mask = unsafeBitCast(a.v .< b.v, to: SIMD16<Int32>.self)
    return Self(unsafeBitCast(unsafeBitCast(value.v, to: SIMD16<Int32>.self) & mask, to: SIMD16<Float>.self))
  }
  @inline(__always) static func constant(_ value: Float) -> Self { Self(SIMD16(repeating: value)) }
}

// The registers of this level.
#if TEKTITE_AVX512
  typealias WideDoubles = Doubles8
  typealias WideFloats = Floats16
#elseif TEKTITE_AVX2
  typealias WideDoubles = SIMD4<Double>
  typealias WideFloats = Floats8
#else
  typealias WideDoubles = SIMD4<Double>
  typealias WideFloats = Floats4
#endif
