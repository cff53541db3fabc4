import Testing

@testable import TektiteDynamics

@Suite("Triggers")
struct TriggerTests {
  /// All firing steps up to a limit, straight from the definition.
  static func bruteForce(_ trigger: Trigger, through last: Int) -> [Int] {
    var steps: Set<Int> = [0]
    switch trigger {
    case .every(let n):
      for step in 0...last where step % n == 0 { steps.insert(step) }
    case .at(let list): steps.formUnion(list.filter { $0 <= last })
    case .logarithmic(let perDecade, let block):
      let size = block ?? last + 1
      var start = 0
      while start <= last {
        steps.insert(start)
        var k = 0
        while true {
          let offset = Int(exp10(Double(k) / Double(perDecade)).rounded())
          if offset >= size || start + offset > last { break }
          steps.insert(start + offset)
          k += 1
        }
        start += size
      }
    }
    return steps.sorted()
  }

  /// 10^x without the function that the code under test uses.
  static func exp10(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    let y = x.truncatingRemainder(dividingBy: 1) * 2.302585092994046
    for n in 1..<40 {
      term *= y / Double(n)
      sum += term
    }
    for _ in 0..<Int(x) { sum *= 10 }
    return sum
  }

  static let triggers: [Trigger] = [
    .every(1), .every(7), .every(1000), .at([]), .at([1, 2, 50, 51, 4999, 7000]), .at([0, 3]),
    .logarithmic(perDecade: 1, block: nil), .logarithmic(perDecade: 10, block: nil),
    .logarithmic(perDecade: 37, block: nil), .logarithmic(perDecade: 10, block: 1),
    .logarithmic(perDecade: 10, block: 2),
    .logarithmic(perDecade: 10, block: 10), .logarithmic(perDecade: 10, block: 100),
    .logarithmic(perDecade: 20, block: 777), .logarithmic(perDecade: 3, block: 6000),
  ]

  @Test("Next, fires and count agree with the definition", arguments: triggers)
  func agreesWithDefinition(_ trigger: Trigger) {
    let expected = Self.bruteForce(trigger, through: 5000)
    var found: [Int] = []
    var step = -1
    while let next = trigger.next(after: step), next <= 5000 {
      #expect(next > step)
      found.append(next)
      step = next
    }
    #expect(found == expected)
    let firing = Set(expected)
    var count = 0
    for step in 0...5000 {
      #expect(trigger.fires(at: step) == firing.contains(step), "step \(step)")
      if firing.contains(step) { count += 1 }
      #expect(trigger.count(through: step) == count, "through \(step)")
      // From anywhere, not only from a firing step.
      if step < 4000 {
        #expect(trigger.next(after: step).map { $0 <= 5000 ? $0 : -1 } ?? -1 == expected.first { $0 > step } ?? -1)
      }
    }
  }

  @Test("The documented sequence of ten steps a decade")
  func documentedSequence() {
    let trigger = Trigger.logarithmic(perDecade: 10, block: nil)
    let steps = (0...100).filter { trigger.fires(at: $0) }
    #expect(steps == [0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 63, 79, 100])
  }

  @Test("Far steps neither overflow nor hang")
  func farSteps() {
    #expect(Trigger.every(.max).next(after: 1) == .max)
    #expect(Trigger.every(.max).next(after: .max) == nil)
    #expect(Trigger.every(3).next(after: .max) == nil)
    #expect(Trigger.logarithmic(perDecade: 10, block: nil).next(after: .max - 1) == nil)
    #expect(Trigger.logarithmic(perDecade: 10, block: nil).next(after: 1_000_000_000_000) == 1_258_925_411_794)
    #expect(Trigger.logarithmic(perDecade: 10, block: 1 << 62).next(after: .max - 1) == nil)
    #expect(Trigger.every(0).next(after: 5) == nil)
    #expect(Trigger.every(10).count(through: 1_000_000_000_000) == 100_000_000_001)
    #expect(Trigger.logarithmic(perDecade: 1, block: 1000).count(through: 999_999_999) == 4_000_000)
  }
}

@Suite("Schedules")
struct ScheduleTests {
  @Test("A ramp meets both ends and its middle")
  func ramp() {
    let ramp = Schedule.ramp(from: 2, to: 1)
    #expect(ramp.value(at: 0, of: 10) == 2)
    #expect(ramp.value(at: 5, of: 10) == 1.5)
    #expect(ramp.value(at: 10, of: 10) == 1)
    #expect(ramp.value(at: 99, of: 10) == 1)
  }

  @Test("A piecewise schedule is constant outside its points")
  func piecewise() {
    let schedule = Schedule.piecewise([.init(step: 10, value: 1), .init(step: 20, value: 3)])
    #expect(schedule.value(at: 0, of: 100) == 1)
    #expect(schedule.value(at: 15, of: 100) == 2)
    #expect(schedule.value(at: 20, of: 100) == 3)
    #expect(schedule.value(at: 100, of: 100) == 3)
  }
}
