import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#endif

/// A fixed team of threads that run one piece of work together: the caller and `count − 1` helpers. Helpers spin briefly
/// for the next piece, then park. Work is cut in chunks that depend on the problem only. A thread begins with its own share, the same
/// part of the chunks in every pass, so that what it wrote in one pass is still in its cache in the next; when it is through, it
/// helps the others. So nothing that a chunk computes may depend on the thread.
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
    let sleepers = Atomic<Int>(0)
    let stop = Atomic<Bool>(false)
    var chunks = 0
    var body: UnsafeRawPointer? = nil
    var mutex = pthread_mutex_t()
    var wake = pthread_cond_t()
    let spins: Int
    let count: Int
    /// For each thread, the next chunk of its share; a cache line apart.
    let next: UnsafeMutablePointer<Atomic<Int>>
    init(spins: Int, count: Int) {
      self.spins = spins
      self.count = count
      next = .allocate(capacity: count * Shared.stride)
      for k in 0..<count * Shared.stride { (next + k).initialize(to: Atomic(0)) }
    }
    deinit { next.deallocate() }
    static let stride = 16
    func next(_ thread: Int) -> UnsafeMutablePointer<Atomic<Int>> { next + thread * Shared.stride }
    /// First chunk of a thread's share.
    func first(_ thread: Int) -> Int { thread * chunks / count }
  }

  private struct Helper {
    let state: UnsafeMutablePointer<Shared>
    let number: Int
  }

  /// Starts a team. `threads` must be at least 1; a team of one starts no thread at all.
  public init(threads: Int) {
    precondition(threads >= 1, "a team of \(threads) threads")
    count = threads
    state = .allocate(capacity: 1)
    // About a tenth of a millisecond of spinning covers the gaps between the parallel passes of a step; none when cores are short.
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    state.initialize(to: Shared(spins: threads <= cores ? 300_000 : 0, count: threads))
    pthread_mutex_init(&state.pointee.mutex, nil)
    pthread_cond_init(&state.pointee.wake, nil)
    for number in 1..<max(threads, 1) where threads > 1 {
      let helper = UnsafeMutablePointer<Helper>.allocate(capacity: 1)
      helper.initialize(to: Helper(state: state, number: number))
      var handle = pthread_t(bitPattern: 0)
      let code = withUnsafeMutablePointer(to: &handle) { slot in
        slot.withMemoryRebound(to: Optional<pthread_t>.self, capacity: 1) { _ in
          pthread_create(
            slot, nil,
            { argument in
              let helper = argument!.assumingMemoryBound(to: Helper.self)
              let (state, number) = (helper.pointee.state, helper.pointee.number)
              helper.deallocate()
              ThreadTeam.work(state, number)
              return nil
            }, helper)
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
  public func forEachChunk(_ chunks: Int, _ body: (Int) -> Void) { forEachChunk(chunks) { chunk, _ in body(chunk) } }

  /// The same with the number of the thread, for scratch memory. Nothing that lasts may depend on it.
  public func forEachChunk(_ chunks: Int, _ body: (_ chunk: Int, _ thread: Int) -> Void) {
    if count == 1 || chunks <= 1 {
      for chunk in 0..<chunks { body(chunk, 0) }
      return
    }
    withoutActuallyEscaping(body) { escaping in
      var copy = escaping
      withUnsafePointer(to: &copy) { pointer in
        state.pointee.chunks = chunks
        state.pointee.body = UnsafeRawPointer(pointer)
        for thread in 0..<count {
          state.pointee.next(thread).pointee.store(state.pointee.first(thread), ordering: .relaxed)
        }
        state.pointee.running.store(count - 1, ordering: .relaxed)
        state.pointee.epoch.add(1, ordering: .sequentiallyConsistent)
        if state.pointee.sleepers.load(ordering: .sequentiallyConsistent) > 0 {
          pthread_mutex_lock(&state.pointee.mutex)
          pthread_cond_broadcast(&state.pointee.wake)
          pthread_mutex_unlock(&state.pointee.mutex)
        }
        Self.drain(state, 0)
        var spins = 0
        while state.pointee.running.load(ordering: .acquiring) != 0 {
          spins += 1
          if spins > 20_000 { sched_yield() }
        }
        state.pointee.body = nil
      }
    }
  }

  private static func drain(_ state: UnsafeMutablePointer<Shared>, _ thread: Int) {
    guard let raw = state.pointee.body else { return }
    let body = raw.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee
    let count = state.pointee.count
    for turn in 0..<count {
      let share = (thread + turn) % count
      let end = state.pointee.first(share + 1)
      while true {
        let chunk = state.pointee.next(share).pointee.add(1, ordering: .relaxed).oldValue
        if chunk >= end { break }
        body(chunk, thread)
      }
    }
  }

  private static func work(_ state: UnsafeMutablePointer<Shared>, _ thread: Int) {
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
      drain(state, thread)
      state.pointee.running.subtract(1, ordering: .releasing)
    }
  }
}
