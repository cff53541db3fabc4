import Foundation

/// Tells how a run goes: a few lines that are redrawn in place on a terminal, a plain line now and then elsewhere, or nothing.
struct ProgressReporter {
  /// The ways to tell.
  enum Mode {
    /// Nothing at all.
    case quiet
    /// Whole lines, one a minute at most.
    case plain
    /// Lines that are written over.
    case terminal
  }

  /// What is to be told about a running stage.
  struct Status {
    var step: Int
    var steps: Int
    /// `T 0.45  E -6.9`: values with their names.
    var values: [(name: String, value: Double)]
    /// Functions that are found on the way, `F_s` say, as they are now; a terminal draws them.
    var curves: [(name: String, values: [Double])] = []
  }

  let mode: Mode
  /// The shortest time between two tellings.
  private let interval: Duration
  private let write: (String) -> Void
  private var stage = ""
  private var started = ContinuousClock().now
  private var firstStep = 0
  private var last = ContinuousClock().now
  private var view = LiveView()
  private let columns: () -> Int

  /// A reporter on standard error.
  init(quiet: Bool) {
    self.init(mode: quiet ? .quiet : isatty(2) != 0 ? .terminal : .plain) { text in
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
  }

  /// A reporter that hands its text to a function.
  init(
    mode: Mode, interval: Duration? = nil, columns: @escaping () -> Int = Self.terminalColumns,
    write: @escaping (String) -> Void
  ) {
    self.mode = mode
    self.columns = columns
    self.interval = interval ?? (mode == .terminal ? .milliseconds(200) : .seconds(60))
    self.write = write
  }

  /// A stage begins or goes on.
  mutating func begin(_ stage: String, from step: Int, of steps: Int) {
    self.stage = stage
    view.begin()
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
    let elapsed = (last - started).seconds
    if mode == .terminal {
      let head = Self.line(
        stage, Status(step: status.step, steps: status.steps, values: []), firstStep: firstStep, elapsed: elapsed)
      write(view.drawing(head: head, values: status.values, curves: status.curves, columns: columns()))
    } else {
      write(Self.line(stage, status, firstStep: firstStep, elapsed: elapsed) + "\n")
    }
  }

  /// Writes a whole line, below what is there.
  mutating func note(_ text: String) {
    guard mode != .quiet else { return }
    close()
    write(text + "\n")
  }

  /// Takes away the lines that are being updated.
  mutating func close() {
    let text = view.closing()
    if !text.isEmpty { write(text) }
  }

  /// The width of the terminal on standard error; 80 where it is not known.
  static func terminalColumns() -> Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
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
