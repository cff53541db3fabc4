import Testing

@testable import TektiteAnalysis

@Suite("Plans of lags")
struct LagPlanTests {
  @Test("Logarithmic lags are those of the trajectories' trigger")
  func logarithmic() {
    #expect(LagPlan.logarithmic(perDecade: 10, longest: 40) == [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40])
    #expect(LagPlan.logarithmic(perDecade: 4, unit: 50, longest: 560) == [50, 100, 150, 300, 500])
    #expect(LagPlan.logarithmic(perDecade: 3, longest: 0).isEmpty)
  }

  @Test("Lags that are long for the interval between origins use fewer origins")
  func levels() {
    let plan = LagPlan(lags: [0, 1, 5, 200, 201, 2000, 2001], origins: 10, kept: 20)
    #expect(plan.levels.map(\.spacing) == [10, 100, 1000])
    #expect(plan.levels.map(\.lags) == [[0, 1, 5, 200], [201, 2000], [2001]])
    #expect(plan.lastUse(of: 10) == 210 && plan.lastUse(of: 100) == 2100 && plan.lastUse(of: 1000) == 3001)
  }

  @Test("next(after:) visits exactly the steps of origins and pairs", arguments: [(1, 37), (10, 400), (7, 211)])
  func visits(_ origins: Int, _ longest: Int) {
    let plan = LagPlan(lags: LagPlan.logarithmic(perDecade: 5, longest: longest), origins: origins, kept: 10)
    var expected: Set<Int> = []
    let last = 1500
    for step in 0...last {
      if step % origins == 0 { expected.insert(step) }
      for level in plan.levels {
        for lag in level.lags where step >= lag && (step - lag) % level.spacing == 0 { expected.insert(step) }
      }
    }
    var visited: [Int] = []
    var step = -1
    while let next = plan.next(after: step), next <= last {
      visited.append(next)
      step = next
    }
    #expect(visited == expected.sorted())
  }

  @Test("Few origins are alive at once, however long the lags")
  func memory() {
    let plan = LagPlan(lags: LagPlan.logarithmic(perDecade: 10, longest: 1_000_000_000), origins: 100)
    // Alive at a late step: of each spacing at most 40 and one, and those of wider spacings are among those of narrower ones.
    let now = 1_234_567_800
    var alive = 0
    for level in plan.levels {
      let reach = level.lags.last ?? 0
      alive += reach / level.spacing + 1
      #expect(reach / level.spacing <= 40)
    }
    #expect(alive <= 41 * 7 && plan.levels.count == 7)
    #expect(plan.next(after: now).map { $0 - now } ?? 0 <= 100)
  }

  @Test("The blocks of a finished trajectory are found from its steps")
  func frames() {
    let even = LagPlan(frames: Array(stride(from: 0, through: 1150, by: 50)), perDecade: 10)
    #expect(even.levels.first?.spacing == 50)
    #expect(even.lags.prefix(4) == [0, 50, 100, 150])
    var steps: [Int] = []
    for block in 0..<5 { steps += [0, 1, 2, 3, 6, 10, 18, 32].map { $0 + 64 * block } }
    let blocks = LagPlan(frames: steps + [320], perDecade: 10)
    #expect(blocks.levels.first?.spacing == 64)
    #expect(Set([0, 1, 2, 3, 6, 10, 18, 32, 64, 128, 192, 256, 320]).isSubset(of: blocks.lags))
    // The run was stopped within its last block.
    #expect(LagPlan(frames: steps, perDecade: 10).levels.first?.spacing == 64)
    let single = LagPlan(frames: [0, 1, 10, 100, 1000], perDecade: 10)
    #expect(single.lags == [0, 1, 10, 100, 1000] && single.levels.first?.spacing == 1000)
    #expect(LagPlan(frames: [0], perDecade: 10).lags == [0])
  }
}
