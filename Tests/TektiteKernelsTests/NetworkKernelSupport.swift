import TektiteKernels

/// Numbers that are the same in every run.
struct SmallGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
  /// Uniform in −1 … 1.
  mutating func next() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(Int64(bitPattern: state) >> 11) / Double(1 << 52)
  }
  mutating func array(_ count: Int) -> [Double] { (0..<count).map { _ in next() } }
  mutating func index(below n: Int) -> Int { min(n - 1, Int((next() + 1) / 2 * Double(n))) }
}

/// What kernels see: scalars of either precision behind raw pointers, aligned to 64 bytes.
final class Scalars {
  let base: UnsafeMutableRawPointer
  let count: Int
  let isDouble: Bool

  init(_ count: Int, isDouble: Bool) {
    self.count = count
    self.isDouble = isDouble
    base = .allocate(byteCount: max(64, count * 8), alignment: 64)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: max(64, count * 8))
  }
  convenience init(_ values: [Double], isDouble: Bool) {
    self.init(values.count, isDouble: isDouble)
    for i in values.indices { self[i] = values[i] }
  }
  deinit { base.deallocate() }

  subscript(i: Int) -> Double {
    get {
      isDouble
        ? base.assumingMemoryBound(to: Double.self)[i] : Double(base.assumingMemoryBound(to: Float.self)[i])
    }
    set {
      if isDouble {
        base.assumingMemoryBound(to: Double.self)[i] = newValue
      } else {
        base.assumingMemoryBound(to: Float.self)[i] = Float(newValue)
      }
    }
  }
  var values: [Double] { (0..<count).map { self[$0] } }
}

/// A level and a precision to test.
struct KernelCase: CustomStringConvertible, Sendable {
  let level: ProcessorLevel
  let isDouble: Bool
  var kernels: NetworkKernels { NetworkKernels(isDouble: isDouble, level: level) }
  var lanes: Int { NetworkGrain.lanes(isDouble: isDouble) }
  /// Allowed error relative to the size of what is summed.
  var tolerance: Double { isDouble ? 1e-13 : 4e-6 }
  var description: String { "\(level.name) \(isDouble ? "double" : "float")" }

  /// Every level that the processor has, and that `TEKTITE_LEVEL` allows.
  static let all: [KernelCase] = ProcessorLevel.allCases.filter { $0 <= ProcessorLevel.current }
    .flatMap { [KernelCase(level: $0, isDouble: false), KernelCase(level: $0, isDouble: true)] }
}

/// The largest difference of two arrays over the largest number of the second.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  let size = b.reduce(1e-300) { max($0, abs($1)) }
  var worst = 0.0
  for (x, y) in zip(a, b) { worst = (x - y).isNaN ? .infinity : max(worst, abs(x - y) / size) }
  return worst
}
