import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import TektiteTrajectories
import Testing

@testable import TektiteAnalysis

/// Frames in batches, tile by tile and on several threads, against frames one by one.
@Suite("Correlations of finished trajectories by tiles")
struct TiledPairsTests {
  /// So many atoms that both species have several tiles, the last of them neither full nor a multiple of four.
  private static let atoms = 611

  private static let topology = Topology(
    table: [Species("A"), Species("B")], species: (0..<atoms).map { Int32($0 % 3 == 0 ? 1 : 0) })

  /// A random walk whose steps are unit numbers apart, or those of blocks.
  private static func frames(_ steps: [Int]) -> [Frame] {
    var generator = SeededGenerator(seed: 7)
    func vector(_ size: Double) -> Vector3 {
      Vector3(
        Double.random(in: -size...size, using: &generator), Double.random(in: -size...size, using: &generator),
        Double.random(in: -size...size, using: &generator))
    }
    var frame = Frame()
    frame.cell = .cubic(12)
    frame.positions = (0..<atoms).map { _ in vector(6) }
    return steps.map { step in
      frame.step = step
      for i in frame.positions.indices { frame.positions[i] += vector(0.1) }
      return frame
    }
  }

  private static let requests = [
    ObservableRequest(.meanSquaredDisplacement, file: "msd.csv"),
    ObservableRequest(.selfIntermediateScattering(waveNumbers: [7.25, 3]), file: "fs.csv"),
    ObservableRequest(.selfIntermediateScattering(waveNumbers: [5]), file: "b.csv", species: ["B"]),
    ObservableRequest(.overlap(distance: 0.3), file: "q.csv"),
    ObservableRequest(.nonGaussianParameter, file: "alpha2.csv"),
    // One that tiles know nothing of, beside the others.
    ObservableRequest(.selfVanHove(lags: [2, 8], range: 2, bins: 10), file: "gs.csv"),
  ]

  private static func sums(_ steps: [Int]) -> ObservableSums {
    let plan = LagPlan(frames: steps, perDecade: 10, includesZero: false, kept: 10)
    return ObservableSums(requests, topology: topology, cell: .cubic(12)) {
      $0.chosenLags.map { LagPlan(lags: $0, origins: plan.levels[0].spacing) } ?? plan
    }
  }

  private static let patterns: [[Int]] = [
    Array(0..<150), (0..<12).flatMap { block in [0, 1, 2, 4, 8].map { 16 * block + $0 } },
  ]

  private func tables(_ sums: ObservableSums) -> [ObservableTable] {
    sums.tables(timestep: 0.01, units: .lj, ensemble: "NVE")
  }

  @Test("Batches give what frames one by one do", arguments: patterns)
  func batches(_ steps: [Int]) {
    let frames = Self.frames(steps)
    var single = Self.sums(steps)
    for frame in frames { single.add(frame) }
    let expected = tables(single)
    var texts: Set<[String]> = []
    for (threads, size) in [(1, 1), (1, 64), (2, 64), (3, 7), (2, 150)] {
      let team = ThreadTeam(threads: threads)
      var sums = Self.sums(steps)
      sums.useTiles()
      // A run before, whose frames must be forgotten, but not its pairs: so it is too short for any.
      sums.add([frames[0]], team: team) { _ in true }
      sums.restart()
      for start in stride(from: 0, to: frames.count, by: size) {
        sums.add(Array(frames[start..<min(start + size, frames.count)]), team: team) { _ in true }
      }
      let found = tables(sums)
      texts.insert(found.map(\.csv))
      #expect(found.map(\.samples) == expected.map(\.samples))
      for (a, b) in zip(found, expected) {
        for (x, y) in zip(a.curves, b.curves) {
          // The same terms; those of F_s are added in the same order too, and moments in another.
          let isExact = a.kind == "self-intermediate-scattering" || a.kind == "overlap"
          for (u, v) in zip(x.values, y.values) where !(u.isNaN && v.isNaN) {
            #expect(isExact ? u == v : abs(u - v) < 1e-12 * max(1, abs(v)), "\(a.kind) \(x.label)")
          }
        }
      }
    }
    #expect(texts.count == 1, "neither threads nor batches change a bit")
  }

  @Test("Files are read by any number of threads with the same bits", arguments: ["even", "blocks"])
  func threads(_ run: String) throws {
    let reports = try [1, 2, 5].map { threads in
      var analysis = TrajectoryAnalysis(
        [Oracle.path("\(run).nc")], units: .lj,
        requests: [
          ObservableRequest(.selfIntermediateScattering(waveNumbers: [7.25]), file: "fs.csv"),
          ObservableRequest(.meanSquaredDisplacement, file: "msd.csv"),
          ObservableRequest(.radialDistribution(range: nil, bins: 30), file: "gr.csv"),
        ])
      analysis.threads = threads
      return try analysis.run().json
    }
    #expect(reports[0] == reports[1] && reports[0] == reports[2])
  }

  @Test("A frame that is not finite is named, whoever reads it")
  func damaged() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("walk.nc").path
    let frames = Self.frames(Array(0..<20))
    let writer = try AmberTrajectory.Writer(
      creating: path, header: .init(topology: Self.topology, units: .lj, cell: .cubic(12)))
    for frame in frames { try writer.append(frame) }
    try writer.close()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    // One of the numbers of the last frames becomes an infinity.
    let third = Float(frames[17].positions[5].y).bitPattern.bigEndian
    let place = try #require(bytes.range(of: withUnsafeBytes(of: third) { Data($0) }, options: .backwards)).lowerBound
    bytes.replaceSubrange(place..<place + 4, with: [0x7f, 0x80, 0, 0])
    try bytes.write(to: URL(fileURLWithPath: path))
    for threads in [1, 2] {
      var analysis = TrajectoryAnalysis(
        [path], units: .lj, requests: [ObservableRequest(.meanSquaredDisplacement, file: "msd.csv")])
      analysis.threads = threads
      do throws(InputError) {
        _ = try analysis.run()
        Issue.record("an infinite coordinate was accepted")
      } catch { #expect(error.message == "frame 17: a coordinate of atom 6 is not finite") }
    }
  }
}
