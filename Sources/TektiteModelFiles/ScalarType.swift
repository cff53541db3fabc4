/// The type of a tensor's elements.
public enum ScalarType: String, Sendable, CaseIterable {
  case float64, float32, float16, bfloat16
  case int64, int32, int16, int8
  case uint64, uint32, uint16, uint8
  case bool

  /// The bytes of one element.
  public var size: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// Whether elements are floating-point numbers.
  public var isFloatingPoint: Bool {
    switch self {
    case .float64, .float32, .float16, .bfloat16: true
    default: false
    }
  }

  /// The type of a storage class of torch, by its name (`DoubleStorage`); `UntypedStorage` counts bytes.
  init?(storageClass name: String) {
    switch name {
    case "DoubleStorage": self = .float64
    case "FloatStorage": self = .float32
    case "HalfStorage": self = .float16
    case "BFloat16Storage": self = .bfloat16
    case "LongStorage": self = .int64
    case "IntStorage": self = .int32
    case "ShortStorage": self = .int16
    case "CharStorage": self = .int8
    case "ByteStorage", "UntypedStorage": self = .uint8
    case "BoolStorage": self = .bool
    default: return nil
    }
  }

  /// The type of a numpy code without its byte order (`f8`).
  init?(numpyCode code: some StringProtocol) {
    switch code {
    case "f8": self = .float64
    case "f4": self = .float32
    case "f2": self = .float16
    case "i8": self = .int64
    case "i4": self = .int32
    case "i2": self = .int16
    case "i1": self = .int8
    case "u8": self = .uint64
    case "u4": self = .uint32
    case "u2": self = .uint16
    case "u1": self = .uint8
    case "b1": self = .bool
    default: return nil
    }
  }

  /// The type of a name in a safetensors header (`F64`).
  init?(safeTensorsName name: String) {
    guard let type = Self.allCases.first(where: { $0.safeTensorsName == name }) else { return nil }
    self = type
  }

  /// The name in a safetensors header.
  var safeTensorsName: String {
    switch self {
    case .float64: "F64"
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .int64: "I64"
    case .int32: "I32"
    case .int16: "I16"
    case .int8: "I8"
    case .uint64: "U64"
    case .uint32: "U32"
    case .uint16: "U16"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  /// The value of an element from its bits. Whole numbers beyond 2⁵³ are rounded.
  func double(_ bits: UInt64) -> Double {
    switch self {
    case .float64: Double(bitPattern: bits)
    case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
    case .bfloat16: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))
    case .float16: Self.half(bits)
    case .uint64: Double(bits)
    default: Double(integer(bits))
    }
  }

  /// The value of an element that is a whole number or a truth value, from its bits; numbers of 64 bits without sign wrap.
  func integer(_ bits: UInt64) -> Int {
    switch self {
    case .int8: Int(Int8(truncatingIfNeeded: bits))
    case .int16: Int(Int16(truncatingIfNeeded: bits))
    case .int32: Int(Int32(truncatingIfNeeded: bits))
    case .bool: bits & 0xFF == 0 ? 0 : 1
    default: Int(truncatingIfNeeded: bits)
    }
  }

  /// IEEE 754 binary16, of which not every platform has a type: 1 sign, 5 exponent and 10 fraction bits.
  private static func half(_ bits: UInt64) -> Double {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Double(bits & 1023))
    let sign: Double = bits >> 15 & 1 == 1 ? -1 : 1
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1024 + fraction) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
    }
  }
}
