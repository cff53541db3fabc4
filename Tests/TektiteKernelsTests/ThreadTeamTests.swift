import Synchronization
import TektiteKernels
import Testing

@Suite("Thread team")
struct ThreadTeamTests {
  /// Counts visits of each chunk.
  final class Visits: Sendable {
    private let counts: Mutex<[Int]>
    init(_ chunks: Int) { counts = Mutex([Int](repeating: 0, count: chunks)) }
    func mark(_ chunk: Int) { counts.withLock { $0[chunk] += 1 } }
    var all: [Int] { counts.withLock { $0 } }
  }

  @Test("each chunk is visited once, whatever the numbers", arguments: 1...5)
  func everyChunkOnce(_ threads: Int) {
    let team = ThreadTeam(threads: threads)
    #expect(team.count == threads)
    for chunks in [0, 1, 2, 3, 7, 64, 1001] {
      let visits = Visits(chunks)
      team.forEachChunk(chunks) { visits.mark($0) }
      #expect(visits.all == [Int](repeating: 1, count: chunks))
    }
  }

  @Test("thousands of short pieces in a row lose none and run none twice", arguments: [2, 3, 4])
  func manyPieces(_ threads: Int) {
    let team = ThreadTeam(threads: threads)
    let total = Atomic<Int>(0)
    // More pieces than a wake-up race would need to show itself; now and then a pause, so that helpers park.
    for piece in 0..<20_000 {
      let chunks = 1 + piece % 9
      team.forEachChunk(chunks) { total.add($0 + 1, ordering: .relaxed) }
      if piece % 4000 == 0 { pause() }
    }
    let expected = (0..<20_000).reduce(0) { sum, piece in
      let chunks = 1 + piece % 9
      return sum + chunks * (chunks + 1) / 2
    }
    #expect(total.load(ordering: .sequentiallyConsistent) == expected)
  }

  private func pause() {
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(3)
    while clock.now < end {}
  }

  @Test("what helpers wrote is seen after the call")
  func memoryIsVisible() {
    let team = ThreadTeam(threads: 3)
    let slots = (0..<64).map { _ in Cellar() }
    for round in 1...2000 {
      team.forEachChunk(64) { slots[$0].value = round * ($0 + 1) }
      for k in slots.indices where slots[k].value != round * (k + 1) {
        Issue.record("chunk \(k) of round \(round) is not seen")
        return
      }
    }
  }

  /// A plain unsynchronised slot: only the team's own ordering protects it.
  final class Cellar: @unchecked Sendable {
    var value = 0
  }

  @Test("teams start and end many times over, and several may live at once")
  func lifetimes() {
    for round in 0..<60 {
      let a = ThreadTeam(threads: 1 + round % 4)
      let b = ThreadTeam(threads: 2)
      let total = Atomic<Int>(0)
      a.forEachChunk(10) { _ in total.add(1, ordering: .relaxed) }
      b.forEachChunk(10) { _ in total.add(1, ordering: .relaxed) }
      #expect(total.load(ordering: .relaxed) == 20)
    }
  }
}
