import TektiteCore
import TektiteDynamics

/// How frequent the signatures of Voronoi cells are: for each signature that has occurred, the mean fraction of the atoms of each curve.
struct SignatureCounts: Hashable, Sendable {
  private(set) var means: [VoronoiCell.Signature: [BlockedMean]] = [:]
  private(set) var frames = 0
  private let curves: Int

  init(curves: Int) { self.curves = curves }

  /// Adds a frame: for each curve, the signatures of its atoms.
  mutating func add(_ signatures: [[VoronoiCell.Signature]]) {
    var counts: [VoronoiCell.Signature: [Int]] = [:]
    for (curve, atoms) in signatures.enumerated() {
      for signature in atoms { counts[signature, default: [Int](repeating: 0, count: curves)][curve] += 1 }
    }
    for signature in counts.keys where means[signature] == nil {
      // It was absent from all frames before.
      var absent = BlockedMean()
      for _ in 0..<frames { absent.add(0) }
      means[signature] = [BlockedMean](repeating: absent, count: curves)
    }
    for signature in means.keys {
      for curve in 0..<curves {
        let count = counts[signature]?[curve] ?? 0
        means[signature]?[curve].add(Double(count) / Double(max(1, signatures[curve].count)))
      }
    }
    frames += 1
  }

  /// The most frequent signatures of a curve, of equally frequent ones in order of their numbers.
  func mostFrequent(_ count: Int, of curve: Int) -> [VoronoiCell.Signature] {
    let all = means.map { (signature: $0.key, fraction: $0.value[curve].mean) }.filter { $0.fraction > 0 }
    let sorted = all.sorted { a, b in
      a.fraction != b.fraction ? a.fraction > b.fraction : a.signature < b.signature
    }
    return sorted.prefix(count).map(\.signature)
  }

  func save(to writer: inout ByteWriter) {
    writer.put(frames)
    writer.put(means.count)
    for (signature, means) in means.sorted(by: { $0.key < $1.key }) {
      for number in [signature.n3, signature.n4, signature.n5, signature.n6] { writer.put(number) }
      for mean in means { mean.save(to: &writer) }
    }
  }

  mutating func restore(from reader: inout ByteReader) throws(InputError) {
    frames = try reader.int()
    let count = try reader.int()
    guard frames >= 0, count >= 0, count <= reader.remaining / 32 else {
      throw reader.malformed("\(count) signatures of Voronoi cells")
    }
    means = [:]
    for _ in 0..<count {
      var signature = VoronoiCell.Signature()
      signature.n3 = try reader.int()
      signature.n4 = try reader.int()
      signature.n5 = try reader.int()
      signature.n6 = try reader.int()
      var own: [BlockedMean] = []
      for _ in 0..<curves { own.append(try BlockedMean(from: &reader)) }
      guard own.allSatisfy({ $0.count == frames }) else {
        throw reader.malformed("a signature of Voronoi cells from another number of frames")
      }
      means[signature] = own
    }
  }
}
