import Foundation
import Synchronization
import Tektite

/// The signal that asks a campaign to stop; handlers can use nothing but what is global.
private let stopSignal = Atomic<Int32>(0)

/// Runs of a campaign as processes of this machine, several at a time.
struct CampaignPool {
  /// What came of it.
  struct Outcome {
    var finished = 0
    /// A paragraph on each run that failed.
    var failures: [String] = []
    var signal: Int32?
  }

  private struct Running {
    let process: Process
    let run: Campaign.Run
    let began: ContinuousClock.Instant
  }

  private let campaign: Campaign
  private let folder: CampaignFolder
  private let jobs: Int
  private let threads: Int
  private let quiet: Bool

  init(_ campaign: Campaign, _ folder: CampaignFolder, jobs: Int, threads: Int, quiet: Bool) {
    self.campaign = campaign
    self.folder = folder
    self.jobs = jobs
    self.threads = threads
    self.quiet = quiet
  }

  /// Runs what is not done yet. After a signal the runs are told to stop, and waited for.
  mutating func run() -> Outcome {
    var outcome = Outcome()
    stopSignal.store(0, ordering: .relaxed)
    let handlers = [SIGINT, SIGTERM].map { number in
      (number, signal(number) { stopSignal.store($0, ordering: .relaxed) })
    }
    defer { for (number, handler) in handlers { signal(number, handler) } }
    // Whoever started the program may have blocked them, and a process inherits that: job runners and test runners do.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    let left = campaign.runs.filter { !folder.isFinished($0) }
    outcome.finished = campaign.runs.count - left.count
    if !quiet, outcome.finished > 0 { say("\(Wording.count(outcome.finished, "run")) done before") }
    var waiting = left[...]
    var running: [Running] = []
    var isStopping = false
    while !waiting.isEmpty || !running.isEmpty {
      let number = stopSignal.load(ordering: .relaxed)
      if number != 0, !isStopping {
        isStopping = true
        outcome.signal = number
        waiting = []
        // Those in the terminal's own group of processes have been told by it, and a second signal would end them without a checkpoint.
        for entry in running where number != SIGINT || getpgid(entry.process.processIdentifier) != getpgrp() {
          kill(entry.process.processIdentifier, number)
        }
      }
      while running.count < jobs, let next = waiting.popFirst() {
        do {
          running.append(try start(next))
        } catch {
          outcome.failures.append("\(next.name): error: cannot be started: \(error.localizedDescription)")
        }
      }
      for entry in running where !entry.process.isRunning { end(entry, isStopping, &outcome) }
      running.removeAll { !$0.process.isRunning }
      if !running.isEmpty { usleep(20_000) }
    }
    return outcome
  }

  private func start(_ run: Campaign.Run) throws -> Running {
    let process = Process()
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [
      "run", folder.place("decks/\(run.name).yaml"), "--output", folder.place(run.name), "--threads", "\(threads)",
      "--resume", "--quiet",
    ]
    let log = folder.place("logs/\(run.name).log")
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    if let handle = FileHandle(forWritingAtPath: log) { process.standardError = handle }
    try process.run()
    return Running(process: process, run: run, began: ContinuousClock().now)
  }

  private func end(_ entry: Running, _ isStopping: Bool, _ outcome: inout Outcome) {
    let (process, name) = (entry.process, entry.run.name)
    let isKilled = process.terminationReason == .uncaughtSignal
    if !isKilled, process.terminationStatus == 0 {
      outcome.finished += 1
      if !quiet {
        let seconds = (ContinuousClock().now - entry.began) / .seconds(1)
        say("\(outcome.finished) of \(campaign.runs.count): \(name) in \(Wording.duration(seconds))")
      }
      return
    }
    if isStopping { return }
    let text = (try? String(contentsOfFile: folder.place("logs/\(name).log"), encoding: .utf8)) ?? ""
    let reason = text.split(separator: "\n").first { $0.contains("error:") } ?? text.split(separator: "\n").last
    let code = isKilled ? "ended by signal \(process.terminationStatus)" : "exit code \(process.terminationStatus)"
    outcome.failures.append("\(name): failed, \(code)" + (reason.map { ": \($0)" } ?? ""))
    if !quiet { say(outcome.failures[outcome.failures.count - 1]) }
  }
}
