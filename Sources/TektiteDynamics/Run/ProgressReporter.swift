import Foundation

/// Tells how a run goes: one line that is updated in place on a terminal, a plain line now and then elsewhere, or nothing.
struct ProgressReporter {
  /// The ways to tell.
  enum Mode {
    /// Nothing at all.
    case quiet
    /// Whole lines, one a minute at most.
    case plain
    /// One line that is written over.
    case terminal
  }

  /// What is to be told about a running stage.
  struct Status {
    var step: Int
    var steps: Int
    /// `T 0.45  E -6.9`: values with their names.
    var values: [(name: String, value: Double)]
  }

  let mode: Mode
  /// The shortest time between two tellings.
  private let interval: Duration
  private let write: (String) -> Void
  private var stage = ""
  private var started = ContinuousClock().now
  private var firstStep = 0
  private var last = ContinuousClock().now
  private var isLineOpen = false

  /// A reporter on standard error.
  init(quiet: Bool) {
    self.init(mode: quiet ? .quiet : isatty(2) != 0 ? .terminal : .plain) { text in
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
  }

  /// A reporter that hands its text to a function.
  init(mode: Mode, interval: Duration? = nil, write: @escaping (String) -> Void) {
    self.mode = mode
    self.interval = interval ?? (mode == .terminal ? .milliseconds(200) : .seconds(60))
    self.write = write
  }

  /// A stage begins or goes on.
  mutating func begin(_ stage: String, from step: Int, of steps: Int) {
    self.stage = stage
    firstStep = step
    started = ContinuousClock().now
    last = started
    if mode == .plain {
      write("\(stage): " + (step > 0 ? "resumed at step \(step) of \(steps)\n" : "\(steps) steps\n"))
    }
  }

  /// Whether it is time to tell the state of the stage again.
  var isDue: Bool {
    guard mode != .quiet else { return false }
    return ContinuousClock().now - last >= interval
  }

  /// Tells the state of the stage.
  mutating func update(_ status: Status) {
    guard mode != .quiet else { return }
    last = ContinuousClock().now
    let line = Self.line(stage, status, firstStep: firstStep, elapsed: (last - started).seconds)
    if mode == .terminal {
      write("\r\(line)\u{1B}[K")
      isLineOpen = true
    } else {
      write(line + "\n")
    }
  }

  /// Writes a whole line, below what is there.
  mutating func note(_ text: String) {
    guard mode != .quiet else { return }
    close()
    write(text + "\n")
  }

  /// Ends the line that is being updated.
  mutating func close() {
    if isLineOpen { write("\r\u{1B}[K") }
    isLineOpen = false
  }

  /// `relax   42.0 %  1234 steps/s  0:12 left  T 0.45  E -6.9`
  static func line(_ stage: String, _ status: Status, firstStep: Int, elapsed: Double) -> String {
    let done = status.steps > 0 ? 100 * Double(status.step) / Double(status.steps) : 100
    let rate = elapsed > 0 ? Double(status.step - firstStep) / elapsed : 0
    var text = "\(stage)  \(Double(Int(done * 10)) / 10) %  \(brief(rate)) steps/s"
    if rate > 0 { text += "  \(span(Double(status.steps - status.step) / rate)) left" }
    for (name, value) in status.values { text += "  \(name) \(brief(value))" }
    return text
  }

  /// Seconds as `h:mm:ss` or `m:ss`.
  static func span(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "long" }
    let whole = Int(seconds.rounded())
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return whole >= 3600
      ? "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))" : "\(whole / 60):\(two(whole % 60))"
  }
}
