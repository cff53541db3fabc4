import Foundation
import Testing

@testable import TektiteIrreps

/// Numbers of other programs, made by make-fixtures.py, and the generator that draws the inputs on both sides.
enum Fixtures {
  struct Product: Decodable {
    let first, second, output: String
    let instructions: [[Word]]
    let weighted: [Bool]
    let coefficients, values, gradient1, gradient2, gradientW: [Double]
  }

  /// An element of a mixed list.
  enum Word: Decodable {
    case number(Int)
    case text(String)

    init(from decoder: Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let n = try? container.decode(Int.self) {
        self = .number(n)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    var int: Int { if case .number(let n) = self { n } else { -1 } }
    var string: String { if case .text(let s) = self { s } else { "" } }
  }

  struct Mixture: Decodable {
    let normalization: String
    let normalize: Bool
    let degree: Int
    let values, gradients: [Double]
  }

  struct Harmonics: Decodable {
    let vectors, values, high: [Double]
    let mixtures: [Mixture]
  }

  struct Turn: Decodable {
    let angles, matrix, mixed: [Double]
    let d, inverted: [[Double]]
  }

  struct LinearCase: Decodable {
    let input, output: String
    let coefficients, values, gradient, gradientW, gradientB: [Double]
  }

  struct GateCase: Decodable {
    let scalars, gates, gated, input, output: String
    let scalarFunctions, gateFunctions: [String]
    let values, gradient: [Double]
  }

  struct NormCase: Decodable {
    let irreps: String
    let values, gradient, gradientB: [Double]
  }

  struct Sum: Decodable {
    let text, simplified, sorted: String
    let p, inv, starts: [Int]
    let dim, copies: Int
  }

  struct E3NN: Decodable {
    let wigner: [[Double]]
    let products: [String: Product]
    let harmonics: Harmonics?
    let rotations: [Turn]?
    let linears: [LinearCase]?
    let gates: [GateCase]?
    let norms: [NormCase]?
    let moments: [String: [Double]]?
    let irreps: [Sum]?
  }

  struct Contraction: Decodable {
    let input, output: String
    let order, nonzero, paths: Int
    let values: [Double]
  }

  struct MACE: Decodable { let contractions: [Contraction] }

  private static func read<T: Decodable>(_ name: String, as type: T.Type) throws -> T {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
    return try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
  }

  private static let old = Result { try read("e3nn-0.4.4.json", as: E3NN.self) }
  private static let new = Result { try read("e3nn-0.6.0.json", as: E3NN.self) }

  /// What e3nn of a convention gives.
  static func e3nn(_ convention: SignConvention = .e3nn04) throws -> E3NN {
    try (convention == .e3nn04 ? old : new).get()
  }

  /// What mace-torch gives.
  static func mace() throws -> MACE { try read("mace-0.3.16.json", as: MACE.self) }

  /// Numbers in [−1, 1) by SplitMix64, as the maker draws them.
  static func draw(_ seed: UInt64, _ count: Int) -> [Double] {
    var generator = SplitMix(seed: seed)
    return (0..<count).map { _ in generator.number() }
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func number() -> Double { Double(next() >> 11) / 4_503_599_627_370_496 - 1 }
  mutating func rotation() -> Rotation {
    Rotation(w: number(), x: number(), y: number(), z: number()) ?? .identity
  }
}

/// The largest difference of two lists, infinite when their lengths differ or something is not a number.
func difference(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) {
    let d = abs($1.0 - $1.1)
    return d.isNaN ? .infinity : max($0, d)
  }
}

/// Central differences of a scalar function at a point.
func finiteDifferences(_ x: [Double], _ step: Double = 1e-5, _ f: ([Double]) throws -> Double) rethrows -> [Double] {
  try x.indices.map { i in
    var (up, down) = (x, x)
    up[i] += step
    down[i] -= step
    return (try f(up) - f(down)) / (up[i] - down[i])
  }
}

/// Σ a b.
func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
