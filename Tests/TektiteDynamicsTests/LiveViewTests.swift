import Testing

@testable import TektiteDynamics

@Suite("The live view")
struct LiveViewTests {
  /// What a terminal shows after some text: lines, with the cursor moved and lines erased as the text asks.
  private struct Screen {
    var lines: [[Character]] = [[]]
    private var row = 0
    private var column = 0

    mutating func write(_ text: String) {
      var rest = Array(text)[...]
      while let character = rest.popFirst() {
        switch character {
        case "\n":
          row += 1
          column = 0
          if row == lines.count { lines.append([]) }
        case "\r": column = 0
        case "\u{1B}":
          _ = rest.popFirst()
          var number = ""
          while let digit = rest.first, digit.isNumber {
            number.append(digit)
            rest.removeFirst()
          }
          switch rest.popFirst() {
          case "A": row -= Int(number) ?? 1
          case "K": lines[row].removeSubrange(min(column, lines[row].count)...)
          case "J":
            lines[row].removeSubrange(min(column, lines[row].count)...)
            lines.removeSubrange((row + 1)...)
          default: Issue.record("an unknown sequence")
          }
        default:
          if column < lines[row].count { lines[row][column] = character } else { lines[row].append(character) }
          column += 1
        }
      }
    }
    var text: [String] { lines.map { String($0) } }
  }

  @Test("Lines are redrawn in place, and taken away without a trace")
  func redrawing() {
    var screen = Screen()
    screen.write("before\n")
    var view = LiveView()
    for step in 0..<200 {
      let temperature = 1 + 0.1 * Double(step % 7)
      let energy = -6.0 - 0.001 * Double(step)
      let values: [(name: String, value: Double)] = [("T", temperature), ("E/N", energy)]
      screen.write(view.drawing(head: "relax \(step)", values: values, curves: [], columns: 80))
    }
    #expect(screen.text.count == 4 && screen.text[0] == "before" && screen.text[1] == "relax 199")
    #expect(screen.text[2].hasPrefix("  T        1.3") && screen.text[3].hasPrefix("  E/N      -6.199"))
    #expect(screen.text.allSatisfy { $0.count < 80 })
    // The energy falls, so its bars do, from the highest to the lowest.
    let bars = screen.text[3].filter { "▁▂▃▄▅▆▇█".contains($0) }
    #expect(bars.first == "█" && bars.last == "▁" && bars == String(bars.sorted(by: >)), "\(bars)")
    #expect(bars.count > 20 && bars.count <= 60)
    // A curve that appears later makes the view taller; F_s is drawn from 0 to 1.
    screen.write(view.drawing(head: "relax", values: [("T", 1)], curves: [("F_s", [1, 0.5, 0])], columns: 80))
    #expect(screen.text.count == 4 && screen.text[3].hasSuffix("█▅▁"), "\(screen.text)")
    screen.write(view.closing())
    #expect(screen.text == ["before", ""])
    #expect(view.closing().isEmpty)
  }

  @Test("A narrow terminal gets no line that would wrap", arguments: [1, 10, 20, 40])
  func narrow(_ columns: Int) {
    var view = LiveView()
    var screen = Screen()
    for _ in 0..<100 {
      screen.write(
        view.drawing(
          head: "a stage with a long name", values: [("drift/N", .nan), ("T", 3)], curves: [("F_s", [0.3])],
          columns: columns))
    }
    #expect(screen.text.count == 4 && screen.text.allSatisfy { $0.count <= max(1, columns - 1) }, "\(screen.text)")
  }

  @Test("Only a terminal is drawn on; a pipe gets whole lines, and --quiet nothing")
  func modes() throws {
    func output(_ mode: ProgressReporter.Mode) throws -> String {
      final class Log { var text = "" }
      let log = Log()
      let store = MemoryStore()
      var options = RunOptions(directory: "memory", threads: 1)
      options.handlesSignals = false
      var simulation = try Simulation(
        plan: try Fixture.plan([.dynamics(Stages.langevin(200))]), options: options,
        store: store, progress: ProgressReporter(mode: mode, interval: .zero, columns: { 80 }) { log.text += $0 })
      _ = try simulation.run()
      return log.text
    }
    let terminal = try output(.terminal)
    #expect(terminal.contains("\u{1B}[") && terminal.contains("drift/N") && terminal.contains("▁"))
    var screen = Screen()
    screen.write(terminal)
    #expect(!screen.text.contains { $0.contains("▁") }, "the view is gone at the end")
    let plain = try output(.plain)
    #expect(!plain.contains("\u{1B}") && plain.contains("T ") && plain.hasSuffix("\n"))
    #expect(try output(.quiet).isEmpty)
  }

  @Test("Sparklines span their range, and stand in the middle where nothing changes")
  func sparklines() {
    #expect(LiveView.sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█")
    #expect(LiveView.sparkline([3, 3]) == "▅▅")
    #expect(LiveView.sparkline([]) == "")
    #expect(LiveView.sparkline([-1, 2], range: (0, 1)) == "▁█")
  }
}
