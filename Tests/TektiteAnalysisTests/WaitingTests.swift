import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import TektiteTrajectories
import Testing

@testable import TektiteAnalysis

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Two-time functions")
struct WaitingTests {
  private static let topology = Topology(
    table: [Species("A"), Species("B")], species: [0, 0, 0, 0, 0, 1, 1, 1], masses: [Double](repeating: 1, count: 8))

  /// Frames of atoms that walk ever more slowly, as those of a glass that ages.
  private static func frames(_ count: Int) -> [Frame] {
    var generator = SeededGenerator(seed: 3)
    var frame = Frame()
    frame.cell = .cubic(10)
    frame.positions = (0..<8).map { Vector3(Double($0), 0, 0) }
    return (0..<count).map { step in
      frame.step = step
      frame.time = 0.5 * Double(step)
      for i in frame.positions.indices {
        let length = 1 / Double(step + 1)
        frame.positions[i] += Vector3(
          .random(in: -length...length, using: &generator), .random(in: -length...length, using: &generator),
          .random(in: -length...length, using: &generator))
      }
      return frame
    }
  }

  private static let requests: [ObservableRequest] = {
    var scattering = ObservableRequest(.selfIntermediateScattering(waveNumbers: [3]), file: "fs.csv")
    scattering.sampling.waiting = [2, 7]
    scattering.sampling.perDecade = 4
    var displacement = ObservableRequest(.meanSquaredDisplacement, file: "msd.csv", species: ["B"])
    displacement.sampling = scattering.sampling
    var overlap = ObservableRequest(.overlap(distance: 0.2), file: "q.csv")
    overlap.sampling = scattering.sampling
    return [scattering, displacement, overlap]
  }()

  private static func sums(steps: Int) -> ObservableSums {
    ObservableSums(
      requests, topology: topology, cell: .cubic(10), plan: { $0.plan(steps: steps) },
      lags: { $0.sampling.lags(from: $1, steps: steps, includesZero: $0.includesZero) })
  }

  @Test("From each waiting time to each later moment, by the formula, and nothing else")
  func formula() throws {
    let frames = Self.frames(31)
    var sums = Self.sums(steps: 30)
    // Only steps that are asked for are handed over, as a running stage does.
    var step = -1
    var looked: [Int] = []
    while let next = sums.next(after: step), next <= 30 {
      sums.add(frames[next])
      looked.append(next)
      step = next
    }
    // Lags of 1, 2, 3, 6, 10, 18 from step 2, and of 1 to 18 from step 7.
    #expect(looked == [2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 17, 20, 25])
    let tables = sums.tables(timestep: 0.5, units: .lj, ensemble: "NVE")
    #expect(tables.map(\.file) == ["fs.csv", "msd.csv", "q.csv"])
    #expect(tables.allSatisfy { $0.abscissas == [0.5, 1, 1.5, 3, 5, 9] })
    #expect(tables[0].curves.map(\.column) == ["all_tw1", "A_tw1", "B_tw1", "all_tw3.5", "A_tw3.5", "B_tw3.5"])
    #expect(tables[1].curves.map(\.column) == ["B_tw1", "B_tw3.5"])
    for (index, wait) in [2, 7].enumerated() {
      for (row, lag) in [1, 2, 3, 6, 10, 18].enumerated() {
        let moved = (0..<8).map { (frames[wait + lag].positions[$0] - frames[wait].positions[$0]).length }
        let scattering = moved[..<5].reduce(0) { $0 + sin(3 * $1) / (3 * $1) } / 5
        let square = moved[5...].reduce(0) { $0 + $1 * $1 } / 3
        let overlap = Double(moved.count { $0 < 0.2 }) / 8
        #expect(abs(tables[0].curves[3 * index + 1].values[row] - scattering) < 1e-14)
        #expect(abs(tables[1].curves[index].values[row] - square) < 1e-14)
        #expect(abs(tables[2].curves[3 * index].values[row] - overlap) < 1e-14)
      }
    }
    #expect(tables[0].samples == [2, 2, 2, 2, 2, 2] && tables[0].fits == nil)
    // The later it begins, the slower.
    #expect(tables[1].curves[0].values[4] > tables[1].curves[1].values[4])
  }

  @Test("Sums that were saved in between go on alike", arguments: [1, 5, 7, 12, 25])
  func saved(at end: Int) throws {
    let frames = Self.frames(31)
    var whole = Self.sums(steps: 30)
    var first = Self.sums(steps: 30)
    for frame in frames { whole.add(frame) }
    for frame in frames[...end] { first.add(frame) }
    var writer = ByteWriter()
    first.save(to: &writer)
    var reader = ByteReader(writer.bytes, file: "x", section: "y")
    var second = Self.sums(steps: 30)
    try second.restore(from: &reader)
    try reader.expectEnd()
    for frame in frames[(end + 1)...] { second.add(frame) }
    let (a, b) = (
      whole.tables(timestep: 1, units: .lj, ensemble: ""), second.tables(timestep: 1, units: .lj, ensemble: "")
    )
    #expect(a.map(\.csv) == b.map(\.csv))
  }

  @Test("The same from a file, with all lags that its frames have; a waiting time that they lack is refused")
  func file() throws {
    let path = NSTemporaryDirectory() + "tektite-waiting-\(UUID().uuidString).extxyz"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let frames = Self.frames(31)
    let writer = try ExtendedXYZ.Writer(path: path, units: .lj)
    for frame in frames { try writer.append(Structure(topology: Self.topology, frame: frame)) }
    try writer.close()
    let report = try TrajectoryAnalysis([path], units: .lj, requests: Self.requests).run()
    var sums = Self.sums(steps: 30)
    for frame in frames { sums.add(frame) }
    let live = sums.tables(timestep: 0.5, units: .lj, ensemble: "")
    for (table, known) in zip(report.tables, live) {
      #expect(table.abscissas.count == 28)
      for (row, time) in known.abscissas.enumerated() {
        let place = try #require(table.abscissas.firstIndex(of: time))
        #expect(zip(table.curves, known.curves).allSatisfy { $0.values[place] == $1.values[row] })
      }
    }
    var request = Self.requests[0]
    request.sampling.waiting = [31]
    let error = #expect(throws: InputError.self) {
      try TrajectoryAnalysis([path], units: .lj, requests: [request]).run()
    }
    #expect(error?.message.contains("waiting time") ?? false)
  }
}
