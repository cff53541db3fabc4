import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A fixed team of threads that run one piece of work together: the caller and `count − 1` helpers. Helpers spin briefly
/// for the next piece, then park. Work is cut in chunks that depend on the problem only; which thread takes which
/// chunk is decided as it comes, so nothing that a chunk computes may depend on the thread.
///
/// Only one thread may call `forEachChunk` at a time, and a body must not call it again.
public final class ThreadTeam: @unchecked Sendable {
  /// The number of threads, the caller included.
  public let count: Int
  private let state: UnsafeMutablePointer<Shared>
  private var threads: [pthread_t] = []

  struct Shared: ~Copyable {
    let epoch = Atomic<Int>(0)
    let running = Atomic<Int>(0)
    let next = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    let stop = Atomic<Bool>(false)
    var chunks = 0
    var body: UnsafeRawPointer? = nil
    var mutex = pthread_mutex_t()
    var wake = pthread_cond_t()
    let spins: Int
    init(spins: Int) { self.spins = spins }
  }

  /// Starts a team. `threads` must be at least 1; a team of one starts no thread at all.
  public init(threads: Int) {
    precondition(threads >= 1, "a team of \(threads) threads")
    count = threads
    state = .allocate(capacity: 1)
    // About 20 µs of spinning covers the gap between two parallel passes of a step; none when cores are short.
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    state.initialize(to: Shared(spins: threads <= cores ? 4000 : 0))
    pthread_mutex_init(&state.pointee.mutex, nil)
    pthread_cond_init(&state.pointee.wake, nil)
    for _ in 1..<max(threads, 1) where threads > 1 {
      var handle = pthread_t(bitPattern: 0)
      let code = withUnsafeMutablePointer(to: &handle) { slot in
        slot.withMemoryRebound(to: Optional<pthread_t>.self, capacity: 1) { _ in
          pthread_create(
            slot, nil,
            { argument in
              ThreadTeam.work(argument!.assumingMemoryBound(to: Shared.self))
              return nil
            }, state)
        }
      }
      precondition(code == 0, "the system refused to start a thread (error \(code))")
      self.threads.append(handle)
    }
  }

  deinit {
    state.pointee.stop.store(true, ordering: .sequentiallyConsistent)
    state.pointee.epoch.add(1, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(&state.pointee.mutex)
    pthread_cond_broadcast(&state.pointee.wake)
    pthread_mutex_unlock(&state.pointee.mutex)
    for thread in threads { pthread_join(thread, nil) }
    pthread_cond_destroy(&state.pointee.wake)
    pthread_mutex_destroy(&state.pointee.mutex)
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Calls `body` once for each chunk 0 ..< chunks, on all threads of the team, and returns when all are done.
  /// - Complexity: about half a microsecond of its own with the helpers awake.
  public func forEachChunk(_ chunks: Int, _ body: (Int) -> Void) {
    if count == 1 || chunks <= 1 {
      for chunk in 0..<chunks { body(chunk) }
      return
    }
    withoutActuallyEscaping(body) { escaping in
      var copy = escaping
      withUnsafePointer(to: &copy) { pointer in
        state.pointee.chunks = chunks
        state.pointee.body = UnsafeRawPointer(pointer)
        state.pointee.next.store(0, ordering: .relaxed)
        state.pointee.running.store(count - 1, ordering: .relaxed)
        state.pointee.epoch.add(1, ordering: .sequentiallyConsistent)
        if state.pointee.sleepers.load(ordering: .sequentiallyConsistent) > 0 {
          pthread_mutex_lock(&state.pointee.mutex)
          pthread_cond_broadcast(&state.pointee.wake)
          pthread_mutex_unlock(&state.pointee.mutex)
        }
        Self.drain(state)
        var spins = 0
        while state.pointee.running.load(ordering: .acquiring) != 0 {
          spins += 1
          if spins > 20_000 { sched_yield() }
        }
        state.pointee.body = nil
      }
    }
  }

  private static func drain(_ state: UnsafeMutablePointer<Shared>) {
    guard let raw = state.pointee.body else { return }
    let body = raw.assumingMemoryBound(to: ((Int) -> Void).self).pointee
    let chunks = state.pointee.chunks
    while true {
      let chunk = state.pointee.next.add(1, ordering: .relaxed).oldValue
      if chunk >= chunks { return }
      body(chunk)
    }
  }

  private static func work(_ state: UnsafeMutablePointer<Shared>) {
    var seen = 0
    while true {
      var spins = 0
      while state.pointee.epoch.load(ordering: .acquiring) == seen {
        spins += 1
        if spins > state.pointee.spins {
          pthread_mutex_lock(&state.pointee.mutex)
          state.pointee.sleepers.add(1, ordering: .sequentiallyConsistent)
          while state.pointee.epoch.load(ordering: .sequentiallyConsistent) == seen {
            pthread_cond_wait(&state.pointee.wake, &state.pointee.mutex)
          }
          state.pointee.sleepers.subtract(1, ordering: .sequentiallyConsistent)
          pthread_mutex_unlock(&state.pointee.mutex)
        }
      }
      seen += 1
      if state.pointee.stop.load(ordering: .acquiring) { return }
      drain(state)
      state.pointee.running.subtract(1, ordering: .releasing)
    }
  }
}
