import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A wish to stop a run at the next step, after a checkpoint. Safe to raise from any thread.
public final class Interruption: Sendable {
  private let signal = Atomic<Int32>(0)

  /// No wish yet.
  public init() {}

  /// Asks the run to stop.
  /// - Parameter signal: the number that `RunOutcome.interrupted` will carry.
  public func request(signal: Int32 = 2) { self.signal.store(max(signal, 1), ordering: .relaxed) }

  /// The signal that was asked for, or nil.
  public var pending: Int32? {
    let value = signal.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }
}

/// Catches SIGINT and SIGTERM while a run lasts. The first raises the interruption; the second ends the process at once.
enum SignalCatcher {
  // The handler may touch nothing but atomics.
  private static let received = Atomic<Int32>(0)

  /// Installs the handlers, after forgetting earlier signals. Returns what `restore` puts back.
  static func install() -> [(signal: Int32, action: sigaction)] {
    received.store(0, ordering: .sequentiallyConsistent)
    defer {
      // Whoever started the program may have blocked them, and a process inherits that: job runners and test runners do.
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGINT)
      sigaddset(&signals, SIGTERM)
      pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }
    return [SIGINT, SIGTERM].map { number in
      var action = sigaction()
      let handler: @convention(c) (Int32) -> Void = { signal in
        if SignalCatcher.received.exchange(signal, ordering: .sequentiallyConsistent) != 0 { _exit(128 + signal) }
      }
      #if canImport(Glibc)
        action.__sigaction_handler.sa_handler = handler
      #elseif canImport(Musl)
        action.__sa_handler.sa_handler = handler
      #else
        action.__sigaction_u.__sa_handler = handler
      #endif
      var previous = sigaction()
      sigaction(number, &action, &previous)
      return (number, previous)
    }
  }

  /// Puts back the handlers that were there before.
  static func restore(_ previous: [(signal: Int32, action: sigaction)]) {
    for (number, action) in previous {
      var action = action
      sigaction(number, &action, nil)
    }
  }

  /// The signal that came, or nil.
  static var pending: Int32? {
    let value = received.load(ordering: .relaxed)
    return value == 0 ? nil : value
  }
}
