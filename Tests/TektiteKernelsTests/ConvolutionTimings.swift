import TektiteKernels
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Times of convolutions as models have them, for each edge, beside the vector operations that they cannot do without.
@Suite("Timings of convolutions of models", .serialized, .enabled(if: getenv("TEKTITE_TIMINGS") != nil))
struct ConvolutionTimings {
  /// Paths between blocks of one width, as degrees of sender, harmonic and message.
  struct Group {
    let channels: Int, paths: [(Int, Int, Int)]

    /// Whether a path hands its tensor to the kernel: the choice of the executor.
    static func takesTerms(_ path: (Int, Int, Int)) -> Bool { path.0 > 0 && path.1 <= path.2 }

    /// Additions, products and both in one, for an edge and channel: R, then what is left.
    var operations: (forward: Int, adjoint: Int) {
      paths.reduce((0, 0)) { sum, path in
        let (n1, n2, n3) = (2 * path.0 + 1, 2 * path.1 + 1, 2 * path.2 + 1)
        let forward: Int
        let adjoint: Int
        if Self.takesTerms(path) {
          forward = n2 == 1 ? n1 : n1 + n1 * n2
          adjoint = 2 * n1 * n2 + 1 + (n2 == 1 ? 2 : 3 * min(n1, n2))
        } else {
          forward = n3 == 1 ? n1 + 1 : n1 + n1 * n3
          adjoint = n1 > 1 && n3 == 1 ? 3 * n1 + 3 : n1 * (2 * n3 + 4)
        }
        return (sum.0 + 4 + forward, sum.1 + 8 + adjoint)
      }
    }
  }

  static let models: [(String, [Group])] = [
    (
      "SevenNet-0, inner layer",
      [
        Group(channels: 128, paths: [(0, 0, 0), (0, 1, 1), (0, 2, 2)]),
        Group(channels: 64, paths: [(1, 0, 1), (1, 1, 0), (1, 1, 1), (1, 1, 2), (1, 2, 1), (1, 2, 2)]),
        Group(channels: 32, paths: [(2, 0, 2), (2, 1, 1), (2, 1, 2), (2, 2, 0), (2, 2, 1), (2, 2, 2)]),
      ]
    ),
    (
      "degree 3 beside it",
      [
        Group(channels: 64, paths: [(1, 2, 3), (1, 3, 2), (1, 3, 3)]),
        Group(channels: 32, paths: [(2, 1, 3), (2, 2, 3), (2, 3, 1), (2, 3, 2), (2, 3, 3)]),
        Group(
          channels: 32,
          paths: [
            (3, 0, 3), (3, 1, 2), (3, 1, 3), (3, 2, 1), (3, 2, 2), (3, 2, 3), (3, 3, 0), (3, 3, 1), (3, 3, 2),
            (3, 3, 3),
          ]),
      ]
    ),
    (
      "MACE medium, second layer",
      [
        Group(
          channels: 128,
          paths: [
            (0, 0, 0), (0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 0, 1), (1, 1, 0), (1, 1, 2), (1, 2, 1), (1, 2, 3),
            (1, 3, 2),
          ])
      ]
    ),
    ("MACE small, second layer", [Group(channels: 96, paths: [(0, 0, 0), (0, 1, 1), (0, 2, 2), (0, 3, 3)])]),
  ]

  @Test("nanoseconds of an edge", arguments: NetworkKernelTimings.cases)
  func edges(_ c: KernelCase) {
    for (name, groups) in Self.models {
      for count in [28, 40] {
        // Nanoseconds, and the floor at two operations of 256 bits in a cycle of 3.1 GHz.
        var times = (forward: 0.0, adjoint: 0.0)
        var floors = times
        for group in groups {
          let t = ConvolutionTile(
            c, channels: group.channels, shapes: group.paths.map { (2 * $0.0 + 1, 2 * $0.2 + 1) },
            harmonics: group.paths.map { Group.takesTerms($0) ? 2 * $0.1 + 1 : 0 },
            counts: Array(repeating: count, count: 8), seed: 3, senderCount: 100, intervals: 197,
            allMatrices: true)
          let vectors = Double(t.padded * (c.isDouble ? 8 : 4)) / 32
          floors.forward += 0.16 * vectors * Double(group.operations.forward)
          floors.adjoint += 0.16 * vectors * Double(group.operations.adjoint)
          t.withPass { pass in
            times.forward += NetworkKernelTimings.best(10) { c.kernels.convolve(pass) } * 1e9 / Double(8 * count)
            times.adjoint += NetworkKernelTimings.best(10) { c.kernels.convolveAdjoint(pass) } * 1e9 / Double(8 * count)
          }
        }
        func rounded(_ x: Double) -> Int { Int(x + 0.5) }
        print(
          "\(c) | \(name), \(count) edges | forward \(rounded(times.forward)) ns of \(rounded(floors.forward))"
            + " | adjoint \(rounded(times.adjoint)) ns of \(rounded(floors.adjoint))")
      }
    }
  }
}
