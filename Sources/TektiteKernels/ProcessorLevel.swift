import TektiteKernelsBaseline
import TektiteKernelsV3
import TektiteKernelsV4

#if canImport(Glibc)
  import Glibc
#endif

/// The instruction sets that kernels are compiled for. One is chosen when the program starts: the highest that the processor offers, or the one that
/// the environment variable `TEKTITE_LEVEL` names (`baseline`, `x86-64-v3`, `x86-64-v4`).
///
/// Results differ between levels in the last bits, since wider registers add in another order; at one level they do not depend on
/// the number of threads.
public enum ProcessorLevel: Int, Sendable, CaseIterable, Comparable {
  /// SSE2 on x86-64, NEON on arm64.
  case baseline
  /// AVX2 and FMA.
  case v3
  /// AVX-512.
  case v4

  /// Lower levels come first.
  public static func < (a: ProcessorLevel, b: ProcessorLevel) -> Bool { a.rawValue < b.rawValue }

  /// The name as in `TEKTITE_LEVEL`.
  public var name: String {
    switch self {
    case .baseline: "baseline"
    case .v3: "x86-64-v3"
    case .v4: "x86-64-v4"
    }
  }

  /// The level with a name, also in the short forms `v3` and `v4`.
  public init?(name: String) {
    guard let level = Self.allCases.first(where: { $0.name == name || "x86-64-\(name)" == $0.name }) else { return nil }
    self = level
  }

  /// The highest level that this processor and its operating system offer.
  public static let supported: ProcessorLevel = {
    #if arch(x86_64) && os(Linux)
      guard let file = fopen("/proc/cpuinfo", "r") else { return .baseline }
      defer { fclose(file) }
      var flags: Set<Substring> = []
      var line = [CChar](repeating: 0, count: 8192)
      while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix("flags") {
          flags = Set(text.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }))
          break
        }
      }
      guard flags.isSuperset(of: ["avx2", "fma", "bmi1", "bmi2", "f16c", "movbe", "abm"]) else { return .baseline }
      guard flags.isSuperset(of: ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]) else { return .v3 }
      return .v4
    #else
      return .baseline
    #endif
  }()

  /// What `TEKTITE_LEVEL` asks for: a level, nothing, or a name that means none or one that this processor lacks.
  public static func requested() -> Result<ProcessorLevel?, LevelError> {
    guard let value = getenv("TEKTITE_LEVEL") else { return .success(nil) }
    let name = String(cString: value)
    if name.isEmpty { return .success(nil) }
    guard let level = ProcessorLevel(name: name) else { return .failure(LevelError(name: name, isKnown: false)) }
    return level <= supported ? .success(level) : .failure(LevelError(name: name, isKnown: true))
  }

  /// The level in use. A request that cannot be met is ignored here; the command line refuses it first.
  public static let current: ProcessorLevel = (try? requested().get()) ?? supported
}

/// A processor level that cannot be had.
public struct LevelError: Error, CustomStringConvertible {
  let name: String
  let isKnown: Bool
  /// One sentence for the user.
  public var description: String {
    isKnown
      ? "TEKTITE_LEVEL=\(name): this processor offers \(ProcessorLevel.supported.name) at most"
      : "TEKTITE_LEVEL=\(name): expected \(ProcessorLevel.allCases.map(\.name).joined(separator: ", "))"
  }
}

/// Calls the kernel of the level in use.
enum LevelKernels {
  static func clusterWidth(_ level: ProcessorLevel, isDouble: Bool) -> Int {
    switch level {
    case .baseline: TektiteKernelsBaseline.clusterWidth(isDouble: isDouble)
    case .v3: TektiteKernelsV3.clusterWidth(isDouble: isDouble)
    case .v4: TektiteKernelsV4.clusterWidth(isDouble: isDouble)
    }
  }

  static func searchClusters(_ level: ProcessorLevel, _ search: borrowing ClusterSearch, _ chunk: inout ClusterChunk) {
    switch level {
    case .baseline: TektiteKernelsBaseline.searchClusters(search, &chunk)
    case .v3: TektiteKernelsV3.searchClusters(search, &chunk)
    case .v4: TektiteKernelsV4.searchClusters(search, &chunk)
    }
  }

  static func pruneClusters(_ level: ProcessorLevel, _ search: borrowing ClusterSearch, _ chunk: inout ClusterChunk) {
    switch level {
    case .baseline: TektiteKernelsBaseline.pruneClusters(search, &chunk)
    case .v3: TektiteKernelsV3.pruneClusters(search, &chunk)
    case .v4: TektiteKernelsV4.pruneClusters(search, &chunk)
    }
  }

  static func integrate(_ level: ProcessorLevel, _ pass: borrowing IntegrationPass, _ range: Range<Int>)
    -> IntegrationFindings
  {
    switch level {
    case .baseline: TektiteKernelsBaseline.integrate(pass, range)
    case .v3: TektiteKernelsV3.integrate(pass, range)
    case .v4: TektiteKernelsV4.integrate(pass, range)
    }
  }

  static func normals(
    _ level: ProcessorLevel, key: UInt64, counter: UInt64, _ atoms: UnsafePointer<Int32>, _ count: Int,
    _ out: UnsafeMutablePointer<Vector3>
  ) {
    switch level {
    case .baseline: TektiteKernelsBaseline.normals(key: key, step: counter, atoms: atoms, count: count, into: out)
    case .v3: TektiteKernelsV3.normals(key: key, step: counter, atoms: atoms, count: count, into: out)
    case .v4: TektiteKernelsV4.normals(key: key, step: counter, atoms: atoms, count: count, into: out)
    }
  }

  /// Rows of no more than a tile, so that choosing the level costs little beside the sum.
  static func displacements(
    _ level: ProcessorLevel, _ which: DisplacementSum, _ rows: borrowing DisplacementRows
  ) -> Double {
    switch (which, level) {
    case (.isotropic(let k), .baseline): TektiteKernelsBaseline.isotropicSum(rows, k)
    case (.isotropic(let k), .v3): TektiteKernelsV3.isotropicSum(rows, k)
    case (.isotropic(let k), .v4): TektiteKernelsV4.isotropicSum(rows, k)
    case (.square, .baseline): TektiteKernelsBaseline.momentSums(rows).x
    case (.square, .v3): TektiteKernelsV3.momentSums(rows).x
    case (.square, .v4): TektiteKernelsV4.momentSums(rows).x
    case (.fourth, .baseline): TektiteKernelsBaseline.momentSums(rows).y
    case (.fourth, .v3): TektiteKernelsV3.momentSums(rows).y
    case (.fourth, .v4): TektiteKernelsV4.momentSums(rows).y
    case (.within(let distance), .baseline): TektiteKernelsBaseline.countWithin(rows, distance * distance)
    case (.within(let distance), .v3): TektiteKernelsV3.countWithin(rows, distance * distance)
    case (.within(let distance), .v4): TektiteKernelsV4.countWithin(rows, distance * distance)
    }
  }

  static func pairForces(
    _ level: ProcessorLevel, _ kind: PairFormKind, isDouble: Bool, _ a: borrowing ClusterForces,
    _ chunk: borrowing ClusterChunk, _ index: Int
  ) {
    switch level {
    case .baseline: TektiteKernelsBaseline.pairForces(kind, isDouble: isDouble, a, chunk, index)
    case .v3: TektiteKernelsV3.pairForces(kind, isDouble: isDouble, a, chunk, index)
    case .v4: TektiteKernelsV4.pairForces(kind, isDouble: isDouble, a, chunk, index)
    }
  }

  static func packClusters(
    _ level: ProcessorLevel, isDouble: Bool, _ positions: UnsafePointer<Vector3>, _ count: Int, origin: Vector3,
    _ range: Range<Int>, _ out: UnsafeMutableRawPointer
  ) {
    switch level {
    case .baseline:
      TektiteKernelsBaseline.packClusters(isDouble: isDouble, positions, count, origin: origin, range, out)
    case .v3: TektiteKernelsV3.packClusters(isDouble: isDouble, positions, count, origin: origin, range, out)
    case .v4: TektiteKernelsV4.packClusters(isDouble: isDouble, positions, count, origin: origin, range, out)
    }
  }

  static func collectClusters(
    _ level: ProcessorLevel, isDouble: Bool, _ chunks: UnsafePointer<ClusterChunk>, _ chunkCount: Int,
    runs: Int, _ range: Range<Int>, _ count: Int, _ forces: UnsafeMutablePointer<Vector3>
  ) {
    switch level {
    case .baseline:
      TektiteKernelsBaseline.collectClusters(isDouble: isDouble, chunks, chunkCount, runs: runs, range, count, forces)
    case .v3: TektiteKernelsV3.collectClusters(isDouble: isDouble, chunks, chunkCount, runs: runs, range, count, forces)
    case .v4: TektiteKernelsV4.collectClusters(isDouble: isDouble, chunks, chunkCount, runs: runs, range, count, forces)
    }
  }
}
