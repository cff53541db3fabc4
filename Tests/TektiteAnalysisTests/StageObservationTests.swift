import Foundation
import TektiteCore
import TektiteDynamics
import TektiteTestSupport
import Testing

@testable import TektiteAnalysis

@Suite("Observation of a stage")
struct StageObservationTests {
  private static let atoms = 37

  private static func stage(steps: Int) -> ObservedStage {
    let species = (0..<atoms).map { Int32($0 % 3 == 0 ? 1 : 0) }
    return ObservedStage(
      name: "walk", units: .lj, topology: Topology(table: [Species("A"), Species("B")], species: species),
      cell: .cubic(6), timestep: 0.01, steps: steps, ensemble: "NVE")
  }

  /// A walk that everybody can take again: each atom's position is a sum of steps that depend on step and atom only.
  private static func frames(steps: Int) -> [Frame] {
    var generator = SeededGenerator(seed: 11)
    var frame = Frame()
    frame.cell = .cubic(6)
    frame.positions = (0..<atoms).map { _ in
      Vector3(
        Double.random(in: 0..<6, using: &generator), Double.random(in: 0..<6, using: &generator),
        Double.random(in: 0..<6, using: &generator))
    }
    frame.velocities = frame.positions
    return (0...steps).map { step in
      frame.step = step
      for i in frame.positions.indices {
        let move = Vector3(
          Double.random(in: -0.1...0.1, using: &generator), Double.random(in: -0.1...0.1, using: &generator),
          Double.random(in: -0.1...0.1, using: &generator))
        frame.velocities[i] = move
        frame.positions[i] += move
      }
      let (xy, xz, yz) = (frame.velocities[0].x, frame.velocities[1].x, frame.velocities[2].x)
      frame.stress = Matrix3(
        Vector3(frame.velocities[3].x, xy, xz), Vector3(xy, frame.velocities[4].x, yz),
        Vector3(xz, yz, frame.velocities[5].x))
      return frame
    }
  }

  private static func observation() -> StageObservation {
    var requests = [
      ObservableRequest(.meanSquaredDisplacement, file: "msd.csv"),
      ObservableRequest(.selfIntermediateScattering(waveNumbers: [3]), file: "fs.csv", species: ["B"]),
      ObservableRequest(.overlap(distance: 0.2), file: "q.csv"),
      ObservableRequest(.nonGaussianParameter, file: "a.csv"),
      ObservableRequest(.velocityAutocorrelation, file: "v.csv"),
      ObservableRequest(.radialDistribution(range: nil, bins: 20), file: "g.csv"),
      ObservableRequest(.structureFactor(largest: 5, resolution: nil, vectors: 10), file: "s.csv"),
      ObservableRequest(.bondOrder(degrees: [2, 3], neighbors: .radius(1.5), bins: 8), file: "o.csv"),
      ObservableRequest(.crystallinity(Crystallinity()), file: "c.csv"),
      ObservableRequest(.voronoi(radii: ["A": 0.5, "B": 0.3], signatures: 4, bins: 6), file: "z.csv"),
      ObservableRequest(.intermediateScattering(waveNumbers: [2, 3], width: nil, vectors: 5), file: "f.csv"),
      ObservableRequest(.selfVanHove(lags: [7, 90], range: nil, bins: 10), file: "gs.csv"),
      ObservableRequest(.distinctVanHove(lags: [7, 90], range: nil, bins: 10), file: "gd.csv"),
      ObservableRequest(
        .fourPointStructureFactor(lags: [14], distance: 0.3, largest: 3, vectors: 5), file: "s4.csv"),
      ObservableRequest(.stressAutocorrelation, file: "stress.csv"),
      ObservableRequest(.bondBreaking(NeighborCriterion(formed: 1.3), broken: 1.7), file: "b.csv"),
      ObservableRequest(.cageRelativeDisplacement(NeighborCriterion(formed: 1.3)), file: "cage.csv", species: ["A"]),
    ]
    for k in requests.indices {
      requests[k].sampling = .init(perDecade: 6, origins: 7)
      requests[k].every = 50
    }
    requests[1].sampling = .init(perDecade: 3, origins: 20, longest: 150)
    return StageObservation(requests, summary: "walk-observables.json")
  }

  /// Shows an observer the frames it asks for, from one step up to another.
  private func show(_ frames: [Frame], to observer: any Observer, after first: Int, upTo last: Int) {
    var step = first
    while let next = observer.next(after: step), next <= last {
      observer.observe(frames[next])
      step = next
    }
  }

  @Test("The mean squared displacement is that of the definition, over the origins of the plan")
  func definition() throws {
    let steps = 700
    let frames = Self.frames(steps: steps)
    let observer = try Self.observation().makeObserver(for: Self.stage(steps: steps))
    show(frames, to: observer, after: -1, upTo: steps)
    let text = try #require(observer.results().first { $0.file == "walk-observables.json" }?.text)
    let table = try #require(ObservableReport(json: text)?.tables.first)
    let plan = LagPlan(lags: LagPlan.logarithmic(perDecade: 6, longest: 350), origins: 7)
    #expect(table.abscissas.count == plan.lags.count)
    for (index, lag) in plan.lags.enumerated() {
      let spacing = try #require(plan.levels.first { $0.lags.contains(lag) }?.spacing)
      var sum = 0.0
      var count = 0
      for origin in stride(from: 0, through: steps - lag, by: spacing) {
        sum += zip(frames[origin].positions, frames[origin + lag].positions).reduce(0) {
          $0 + ($1.1 - $1.0).lengthSquared
        }
        count += 1
      }
      let expected = sum / Double(count * Self.atoms)
      #expect(abs(table.curves[0].values[index] - expected) < 1e-13 * expected)
      #expect(table.samples[index] == count)
    }
    // A random walk of steps of variance 0.01: ⟨Δr²⟩ = 0.01 lag, to a few of its own standard errors.
    for (index, lag) in plan.lags.enumerated() where table.curves[0].errors[index].isFinite {
      let off = table.curves[0].values[index] - 0.01 * Double(lag)
      #expect(abs(off) < 5 * table.curves[0].errors[index], "lag \(lag)")
    }
  }

  @Test("An observer that was saved and restored finds the same to the bit", arguments: [0, 13, 349, 700])
  func checkpoint(_ pause: Int) throws {
    let steps = 700
    let frames = Self.frames(steps: steps)
    let whole = try Self.observation().makeObserver(for: Self.stage(steps: steps))
    show(frames, to: whole, after: -1, upTo: steps)
    let first = try Self.observation().makeObserver(for: Self.stage(steps: steps))
    show(frames, to: first, after: -1, upTo: pause)
    var writer = ByteWriter()
    first.save(to: &writer)
    let second = try Self.observation().makeObserver(for: Self.stage(steps: steps))
    var reader = ByteReader(writer.bytes, file: "x", section: "observations")
    try second.restore(from: &reader)
    try reader.expectEnd()
    show(frames, to: second, after: pause, upTo: steps)
    for (a, b) in zip(whole.results(), second.results()) { #expect(a == b) }
    // And what a checkpoint says after the end is the same, too.
    var (one, two) = (ByteWriter(), ByteWriter())
    whole.save(to: &one)
    second.save(to: &two)
    #expect(one.bytes == two.bytes)
  }

  @Test("Damaged sums are an error, never a trap")
  func damage() throws {
    let frames = Self.frames(steps: 200)
    let observer = try Self.observation().makeObserver(for: Self.stage(steps: 200))
    show(frames, to: observer, after: -1, upTo: 200)
    var writer = ByteWriter()
    observer.save(to: &writer)
    var generator = SeededGenerator(seed: 2)
    var refused = 0
    for _ in 0..<300 {
      var bytes = writer.bytes
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      case 1: bytes[Int.random(in: bytes.indices, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      default:
        let at = Int.random(in: 0..<bytes.count / 8, using: &generator) * 8
        for k in 0..<8 { bytes[at + k] = UInt8.random(in: 0...255, using: &generator) }
      }
      let other = try Self.observation().makeObserver(for: Self.stage(steps: 200))
      var reader = ByteReader(bytes, file: "x", section: "observations")
      do throws(InputError) {
        try other.restore(from: &reader)
        // What was taken up can be used: a number more or less, but sound.
        other.observe(frames[200])
        _ = other.results()
      } catch { refused += 1 }
    }
    #expect(refused > 100)
  }

  @Test("Nothing is observed that is not there")
  func refusal() throws {
    let request = ObservableRequest(.meanSquaredDisplacement, file: "m.csv", species: ["Ax"])
    #expect(throws: InputError.self) {
      _ = try StageObservation([request], summary: "o.json").makeObserver(for: Self.stage(steps: 10))
    }
    var long = ObservableRequest(.meanSquaredDisplacement, file: "m.csv")
    long.sampling.longest = 11
    #expect(long.problem(in: Self.stage(steps: 10))?.contains("longest lag") == true)
    #expect(long.problem(in: Self.stage(steps: 11)) == nil)
  }
}
